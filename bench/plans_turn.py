"""How fast the periods of plans follow each other, beside bare transactions that write the same rows.

    python -m bench.plans_turn [subscriptions] [turned]

Every subscription has a period that runs and another that is paid and due: all months that begin on one day.
Ours is what the task `tend_plans` does, in one process: find who is due, and turn each in a transaction of
its own. The bare transaction writes the entry, its postings, the account, the allowance and the period, and
asks nothing. Both take turns on the same server, so that they meet the same moods of the machine.
"""

import sys
import time

import psycopg
from django.db import connection
from django.utils import timezone

from accounts.models import User
from bench import ledger_shop, stand
from billing.models import Mode, Order, Plan
from billing.services import orders, plans, subscriptions
from billing.services.orders import Buyer
from ledger.models import Entry
from ledger.money import usd

SUBSCRIPTIONS = 100_000
SLICE = 1_000
LEAST_SHARE = 7  # percent

OWN = {"id", "customer_id", "reference", "number_hash"}
ORDERS = """
    insert into billing_order (customer_id, reference, number_hash, {columns})
    select (number + 1) / 2, format('ord_bench%%s', number), sha256(number::text::bytea), {columns}
    from billing_order as model cross join generate_series(1, 2 * %(last)s) as number
    where model.reference = %(model)s
"""
# Two orders each, of which the second has paid the period that is due.
PLANS = [
    """insert into billing_subscription
        (id, customer_id, plan_id, renewal, state, provider_subscription_id, provider_customer_id, began_at,
        anchor_at, ends_at, closes_at, "end", wish, wish_attempts, wish_error)
     select number, number, %(plan)s, '', 'active', '', '', now() - interval '30 days',
        now() - interval '30 days', now() + interval '30 days', now() + interval '30 days', '', '', 0, ''
     from generate_series(1, %(last)s) as number""",
    """insert into billing_subscriptionperiod
        (subscription_id, order_id, number, starts_at, ends_at, begun_at, price_cents, main_nano_usd,
        bonus_nano_usd, backup_nano_usd)
     select (number + 1) / 2, sale.id, 1 + (number - 1) %% 2,
        now() - interval '30 days' * (number %% 2), now() + interval '30 days' * (1 - number %% 2),
        case when number %% 2 = 1 then now() - interval '30 days' end, 1000, 12000000000, 2000000000,
        30000000000
     from generate_series(1, 2 * %(last)s) as number
     join billing_order as sale on sale.reference = format('ord_bench%%s', number)""",
    """insert into ledger_entry (reference, kind, note, created_at)
     select 'period:' || id, 'period_begun', '', now() - interval '30 days'
     from billing_subscriptionperiod where number = 1""",
    """update ledger_account as account set period_id = entry.id,
        main_balance_nano_usd = 12000000000, backup_balance_nano_usd = 30000000000
     from billing_subscriptionperiod as period
     join ledger_entry as entry on entry.reference = 'period:' || period.id
     where period.number = 1 and period.subscription_id = account.id""",
    """update ledger_accountallowance set period_number = 1,
        period_starts_at = now() - interval '30 days', period_ends_at = now() + interval '30 days'
     where account_id <= %(last)s""",
]
BARE = [
    """insert into ledger_entry (reference, kind, note, created_at)
     values (%(name)s, 'period_begun', '', now()) returning id""",
    """insert into ledger_posting
        (entry_id, source, source_account_id, destination, destination_account_id, amount_nano_usd)
     select currval('ledger_entry_id_seq'), source, source_account, destination, account, amount
     from (values
        ('main', %(account)s, 'expired', null::bigint, 1), ('backup', %(account)s, 'expired', null, 1),
        ('plans', null, 'main', %(account)s, 1), ('promotion', null, 'main', %(account)s, 1),
        ('plans', null, 'backup', %(account)s, 1)
     ) as move (source, source_account, destination, account, amount)""",
    "update ledger_account set budget_spent_nano_usd = budget_spent_nano_usd + 1 where id = %(account)s",
    "update ledger_accountallowance set period_number = period_number + 1 where account_id = %(account)s",
    """update billing_subscriptionperiod set begun_at = now()
     where subscription_id = %(account)s and number = 1""",
]


def main(subscribed: int, most: int) -> bool:
    """Print the table; tell whether ours is fast enough."""
    with stand.database() as url:
        subscribe(url, subscribed)
        ours, bare, turned = measured(url, most)
    print(f"{turned:,} periods turned of {subscribed:,} subscriptions, in one process")
    return stand.verdict(
        "turned", turned / ours, "bare transactions", turned / bare, unit="/s", least_percent=LEAST_SHARE
    )


def subscribe(url: str, subscribed: int) -> None:
    """Let so many customers have a plan whose next period is paid and due."""
    ledger_shop.open_accounts(url, 1, subscribed)
    with connection.cursor() as cursor:
        cursor.execute("select setval('accounts_customer_id_seq', %s)", [subscribed + 1])
    plan, model = sold()
    columns = ", ".join(str(field.column) for field in Order._meta.concrete_fields if field.column not in OWN)
    facts = {"last": subscribed, "plan": plan.pk, "model": model.reference}
    with psycopg.connect(url, autocommit=True, options="-c statement_timeout=0") as server:
        server.execute(ORDERS.format(columns=columns).encode(), facts)
        for statement in PLANS:
            server.execute(statement.encode(), facts)
        server.execute("vacuum analyze")


def sold() -> tuple[Plan, Order]:
    """Return a plan, and an order of it that all others are copied from."""
    plan = Plan.objects.create(
        slug="bench", name="Bench", name_zh="Bench", price_cents=1000, base_nano_usd=usd("10")
    )
    user = User.objects.create_user("bench@example.com")
    buyer = Buyer(email=user.email, language="en", user=user)
    return plan, orders.place(plans.sale(plan, "nowpayments", renews=False), buyer, mode=Mode.TEST)


def measured(url: str, most: int) -> tuple[float, float, int]:
    """Return the seconds of our turns and of as many bare transactions, and how many there were."""
    ours = bare = 0.0
    turned, began_at = 0, timezone.now()
    with psycopg.connect(url) as server:
        while turned < most and (customers := subscriptions.due()[:SLICE]):
            began = time.perf_counter()
            for customer in customers:
                subscriptions.tend(customer)
            ours += time.perf_counter() - began
            began = time.perf_counter()
            for account in customers:
                write(server, account)
            bare += time.perf_counter() - began
            turned += len(customers)
    assert Entry.objects.filter(created_at__gte=began_at, reference__startswith="period:").count() == turned
    return ours, bare, turned


def write(server: psycopg.Connection, account: int) -> None:
    """Write the rows of a turn in one transaction, and ask nothing."""
    with server.transaction():
        for statement in BARE:
            server.execute(statement, {"account": account, "name": f"bare:{account}"})


if __name__ == "__main__":
    sizes = [int(size) for size in sys.argv[1:3]] or [SUBSCRIPTIONS]
    sys.exit(not main(sizes[0], sizes[-1]))
