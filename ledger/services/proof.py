"""Proof of the books: every number that is kept, counted again from the rows that it stands for.

Each check is one query that finds nothing while the books are right. It reads the tables themselves and uses
none of the code that wrote them.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.db import connection, transaction

from ledger.services import period_checks

# More of one kind say nothing new.
SHOWN_OF_A_KIND = 100


class Discrepancy(NamedTuple):
    """What does not add up, where, and by how much."""

    kind: str
    subject: str
    detail: str


class Check(NamedTuple):
    """A query for the subject and the detail of everything that is wrong in one way."""

    kind: str
    query: str


_CHECKS = [
    Check(
        "pool_differs_from_its_journal",
        """
        with used as (
            select account_id, sum(main_nano_usd) as main, sum(backup_nano_usd) as backup,
                sum(wallet_nano_usd) as wallet
            from ledger_usage group by account_id
        ),
        journal (account_id, pool, amount) as (
            select destination_account_id, destination, amount_nano_usd from ledger_posting
            union all select source_account_id, source, -amount_nano_usd from ledger_posting
            union all select account_id, 'main', -main from used
            union all select account_id, 'backup', -backup from used
            union all select account_id, 'wallet', -wallet from used
        ),
        proven as (
            select account_id, pool, sum(amount) as balance from journal
            where account_id is not null group by account_id, pool
        ),
        kept as (
            select id as account_id, pool, balance from ledger_account, lateral (
                values ('main', main_balance_nano_usd), ('backup', backup_balance_nano_usd),
                    ('wallet', wallet_balance_nano_usd)
            ) as pools (pool, balance)
        )
        select format('%s of account %s', pool, account_id),
            format('keeps %s nano-USD, its journal says %s', kept.balance, coalesce(proven.balance, 0))
        from kept full join proven using (account_id, pool)
        where kept.balance is distinct from coalesce(proven.balance, 0)
        """,
    ),
    Check(
        "held_differs_from_open_holds",
        """
        select format('account %s', account.id),
            format('keeps %s + %s + %s nano-USD in %s holds, open are %s + %s + %s in %s',
                account.main_held_nano_usd, account.backup_held_nano_usd, account.wallet_held_nano_usd,
                account.open_holds, coalesce(open.main, 0), coalesce(open.backup, 0),
                coalesce(open.wallet, 0), coalesce(open.holds, 0))
        from ledger_account as account left join (
            select account_id, count(*) as holds, sum(main_nano_usd) as main,
                sum(backup_nano_usd) as backup, sum(wallet_nano_usd) as wallet
            from ledger_hold group by account_id
        ) as open on open.account_id = account.id
        where (account.main_held_nano_usd, account.backup_held_nano_usd, account.wallet_held_nano_usd,
                account.open_holds)
            <> (coalesce(open.main, 0), coalesce(open.backup, 0), coalesce(open.wallet, 0),
                coalesce(open.holds, 0))
        """,
    ),
    Check(
        "key_differs_from_its_calls",
        """
        with calls (api_key_id, spent, held, day) as (
            select api_key_id, main_nano_usd + backup_nano_usd + wallet_nano_usd, 0, day from ledger_usage
            union all
            select api_key_id, 0, main_nano_usd + backup_nano_usd + wallet_nano_usd, day from ledger_hold
        ),
        proven as (
            select kept.api_key_id, count(calls.*) as requests, coalesce(sum(spent), 0) as spent,
                coalesce(sum(held), 0) as held,
                coalesce(sum(spent) filter (where calls.day = kept.day), 0) as of_its_day,
                coalesce(sum(spent) filter (where date_trunc('month', calls.day) = kept.month), 0)
                    as of_its_month
            from ledger_keyallowance as kept left join calls using (api_key_id)
            group by kept.api_key_id
        )
        select format('key %s', api_key_id),
            format('keeps %s calls, %s nano-USD spent (%s on %s, %s in the month of %s) and %s held;'
                ' its calls are %s, %s (%s, %s) and %s',
                kept.requests, spent_nano_usd, day_spent_nano_usd, day, month_spent_nano_usd, month,
                held_nano_usd, proven.requests, spent, of_its_day, of_its_month, held)
        from ledger_keyallowance as kept join proven using (api_key_id)
        where (kept.requests, spent_nano_usd, held_nano_usd, day_spent_nano_usd, month_spent_nano_usd)
            <> (proven.requests, spent, held, of_its_day, of_its_month)
        """,
    ),
    Check(
        "day_total_differs_from_its_calls",
        """
        with proven as (
            select account_id, day, model_id, count(*) as requests, sum(input_tokens) as input_tokens,
                sum(cached_input_tokens) as cached_input_tokens,
                sum(cache_write_tokens) as cache_write_tokens,
                sum(output_tokens) as output_tokens, sum(reasoning_tokens) as reasoning_tokens,
                sum(main_nano_usd + backup_nano_usd + wallet_nano_usd) as cost_nano_usd
            from ledger_usage group by account_id, day, model_id
        ),
        kept as (
            select account_id, day, model_id, requests, input_tokens, cached_input_tokens,
                cache_write_tokens, output_tokens, reasoning_tokens, cost_nano_usd
            from ledger_daytotal
        )
        select format('account %s, model %s, %s', account_id, model_id, day),
            format('keeps %s, its calls are %s', to_json(kept), to_json(proven))
        from kept full join proven using (account_id, day, model_id)
        where (kept.requests, kept.input_tokens, kept.cached_input_tokens, kept.cache_write_tokens,
                kept.output_tokens, kept.reasoning_tokens, kept.cost_nano_usd)
            is distinct from (proven.requests, proven.input_tokens, proven.cached_input_tokens,
                proven.cache_write_tokens, proven.output_tokens, proven.reasoning_tokens,
                proven.cost_nano_usd)
        """,
    ),
    Check(
        "lots_differ_from_wallet_credit",
        """
        with credits as (
            select entry_id, destination_account_id as account_id, sum(amount_nano_usd) as amount
            from ledger_posting where destination = 'wallet' group by 1, 2
        ),
        kept as (
            select entry_id, account_id, sum(amount_nano_usd) as amount from ledger_lot group by 1, 2
        )
        select format('entry %s, account %s', entry_id, account_id),
            format('%s nano-USD came into the wallet, lots of %s are kept',
                coalesce(credits.amount, 0), coalesce(kept.amount, 0))
        from credits full join kept using (entry_id, account_id)
        where credits.amount is distinct from kept.amount
        """,
    ),
    Check(
        "call_differs_from_its_price",
        """
        select format('call %s', call.request_id),
            format('charged %s and left %s nano-USD, its tokens cost %s', charged, uncharged_nano_usd, cost)
        from ledger_usage as call left join ledger_rate as rate on rate.id = call.rate_id,
            lateral (select main_nano_usd + backup_nano_usd + wallet_nano_usd as charged) as charges,
            lateral (
                select case when call.is_free then 0 else ceil(0.000001 * (
                    input_tokens * rate.input_nano_usd_per_million::numeric
                    + cached_input_tokens * rate.cached_input_nano_usd_per_million::numeric
                    + cache_write_tokens * rate.cache_write_nano_usd_per_million::numeric
                    + output_tokens * rate.output_nano_usd_per_million::numeric
                )) end as cost
            ) as price
        where charged + uncharged_nano_usd is distinct from cost or rate.model_id <> call.model_id
        """,
    ),
    Check(
        "call_ended_twice",
        """
        select format('call %s', request_id), format('%s lines and holds', count(*))
        from (select request_id from ledger_usage union all select id from ledger_hold) as calls
        group by request_id having count(*) > 1
        """,
    ),
    Check(
        "call_of_nobody",
        """
        select format('call %s', call.request_id),
            format('account %s, key %s, model %s', call.account_id, call.api_key_id, call.model_id)
        from (
            select request_id, account_id, api_key_id, model_id, rate_id from ledger_usage
            union all select id, account_id, api_key_id, model_id, rate_id from ledger_hold
        ) as call
        -- A key moves on with the account that it spends, and its calls of before stay where they were.
        left join ledger_account as account on account.id = call.account_id
        left join ledger_keyallowance as spender on spender.api_key_id = call.api_key_id
            and spender.account_id in (account.id, account.merged_into_id)
        left join ledger_rate as rate on rate.id = call.rate_id and rate.model_id = call.model_id
        where spender.api_key_id is null or rate.id is null
        """,
    ),
    Check(
        "key_of_another_customer",
        """
        select format('key %s', key.id),
            format('belongs to customer %s, and spends the account of customer %s',
                key.customer_id, account.customer_id)
        from ledger_keyallowance as spender
        join accounts_apikey as key on key.id = spender.api_key_id
        join ledger_account as account on account.id = spender.account_id
        where key.customer_id <> account.customer_id
        """,
    ),
    Check(
        "merged_account_lives_on",
        """
        select format('account %s', account.id),
            format('was merged into %s, and still has %s nano-USD, %s open calls and %s keys; emptied at %s',
                account.merged_into_id, credit, account.open_holds, keys, account.emptied_at)
        from ledger_account as account
        join ledger_account as into_it on into_it.id = account.merged_into_id,
            lateral (
                select main_balance_nano_usd + backup_balance_nano_usd + wallet_balance_nano_usd as credit
                from ledger_account where id = account.id
            ) as balance,
            lateral (
                select count(*) as keys from ledger_keyallowance where account_id = account.id
            ) as spenders
        where keys > 0 or into_it.merged_into_id is not null
            or (account.emptied_at is not null and (credit > 0 or account.open_holds > 0))
        """,
    ),
    Check(
        "lot_moved_beyond_itself",
        """
        select format('lot %s', lot.id),
            format('of %s nano-USD, paid with %s %s; moved are %s for %s',
                lot.amount_nano_usd, lot.paid_amount, lot.paid_currency, parts.amount, parts.paid)
        from ledger_lot as lot
        join (
            select moved_from_id, sum(amount_nano_usd) as amount, sum(paid_amount) as paid,
                array_agg(distinct (paid_currency, paid_units_per_usd, acquired_at)::text) as facts
            from ledger_lot where moved_from_id is not null group by moved_from_id
        ) as parts on parts.moved_from_id = lot.id
        where parts.amount > lot.amount_nano_usd
            or parts.paid > lot.paid_amount
            or (parts.amount = lot.amount_nano_usd and parts.paid <> lot.paid_amount)
            or parts.facts <> array[(lot.paid_currency, lot.paid_units_per_usd, lot.acquired_at)::text]
        """,
    ),
    Check(
        "debt_differs_from_its_payments",
        """
        select format('debt %s', debt.id),
            format('of %s nano-USD, %s of it open; paid are %s; taken from the debts were %s',
                amount_nano_usd, open_nano_usd, paid, incurred)
        from ledger_debt as debt,
            lateral (
                select coalesce(sum(amount_nano_usd), 0) as paid
                from ledger_debtpayment where debt_id = debt.id
            ) as payments,
            lateral (
                select coalesce(sum(amount_nano_usd), 0) as incurred
                from ledger_posting where entry_id = debt.entry_id and source = 'debts'
            ) as postings
        where open_nano_usd <> amount_nano_usd - paid or amount_nano_usd <> incurred
        """,
    ),
    Check(
        "account_differs_from_its_debts",
        """
        select format('account %s', account.id),
            format('owes %s nano-USD, its debts are %s', debt_nano_usd, owed)
        from ledger_account as account,
            lateral (
                select coalesce(sum(open_nano_usd), 0) as owed from ledger_debt where account_id = account.id
            ) as debts
        where debt_nano_usd <> owed
        """,
    ),
    Check(
        "debts_place_differs_from_debts",
        """
        with moved as (
            select entry_id, sum(amount_nano_usd) filter (where source = 'debts') as incurred,
                sum(amount_nano_usd) filter (where destination = 'debts') as settled
            from ledger_posting where 'debts' in (source, destination) group by entry_id
        ),
        kept as (
            select entry_id, sum(incurred) as incurred, sum(settled) as settled from (
                select entry_id, amount_nano_usd as incurred, null as settled from ledger_debt
                union all select entry_id, null, amount_nano_usd from ledger_debtpayment
            ) as rows group by entry_id
        )
        select format('entry %s', entry_id),
            format('made debts of %s and paid %s nano-USD, kept are %s and %s',
                moved.incurred, moved.settled, kept.incurred, kept.settled)
        from moved full join kept using (entry_id)
        where moved.incurred is distinct from kept.incurred or moved.settled is distinct from kept.settled
        """,
    ),
    Check(
        "taking_differs_from_the_wallet",
        """
        with moved as (
            select entry_id, source_account_id as account_id, sum(amount_nano_usd) as amount
            from ledger_posting where source = 'wallet' and destination = 'refunds' group by 1, 2
        ),
        kept as (
            select taking.entry_id, lot.account_id, sum(taking.amount_nano_usd) as amount
            from ledger_lottaking as taking join ledger_lot as lot on lot.id = taking.lot_id group by 1, 2
        )
        select format('entry %s, account %s', entry_id, account_id),
            format('%s nano-USD left the wallet, %s of lots',
                coalesce(moved.amount, 0), coalesce(kept.amount, 0))
        from moved full join kept using (entry_id, account_id)
        where moved.amount is distinct from kept.amount
        """,
    ),
    Check(
        "lot_taken_beyond_itself",
        """
        select format('lot %s', lot.id),
            format('of %s nano-USD; taken back are %s, moved %s', lot.amount_nano_usd, taken, moved)
        from ledger_lot as lot
        join (
            select lot_id, sum(amount_nano_usd) as taken from ledger_lottaking group by lot_id
        ) as takings on takings.lot_id = lot.id,
            lateral (
                select coalesce(sum(amount_nano_usd), 0) as moved from ledger_lot where moved_from_id = lot.id
            ) as parts
        where taken + moved > lot.amount_nano_usd
        """,
    ),
    Check(
        "entry_without_postings",
        """
        select entry.reference, 'moved nothing'
        from ledger_entry as entry
        where not exists (select from ledger_posting as posting where posting.entry_id = entry.id)
        """,
    ),
    Check(
        "books_do_not_sum_to_zero",
        """
        with places (amount) as (
            select main_balance_nano_usd + backup_balance_nano_usd + wallet_balance_nano_usd
            from ledger_account
            union all select amount_nano_usd from ledger_posting where destination_account_id is null
            union all select -amount_nano_usd from ledger_posting where source_account_id is null
            union all select main_nano_usd + backup_nano_usd + wallet_nano_usd from ledger_usage
        )
        select 'all places', format('together they hold %s nano-USD', sum(amount))
        from places having sum(amount) <> 0
        """,
    ),
    Check(
        "journal_is_not_guarded",
        """
        with guarded (name) as (
            select 'ledger_' || name from unnest(array[
                'entry', 'posting', 'lot', 'rate', 'usage', 'lottaking', 'debtpayment'
            ]) as name
            union all select inhrelid::regclass::text from pg_inherits
            where inhparent = 'ledger_usage'::regclass
        )
        select name, 'has no append-only trigger that is enabled'
        from guarded where not exists (
            select from pg_trigger as guard
            where guard.tgrelid = name::regclass and guard.tgname like '%_is_append_only'
                and guard.tgenabled = 'O'
        )
        """,
    ),
]


@contextmanager
def snapshot() -> Iterator[None]:
    """Show every query inside one and the same moment of the books, for as long as the proof takes."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        cursor.execute("set local statement_timeout = 0")
        yield


def discrepancies() -> list[Discrepancy]:
    """Return whatever does not add up, as the caller's transaction sees the books; see `snapshot`."""
    return found_by([*_CHECKS, *(Check(kind, query) for kind, query in period_checks.QUERIES.items())])


def found_by(checks: Iterable[Check]) -> list[Discrepancy]:
    """Return what ``checks`` find, those of other rooms too, as the caller's transaction sees the tables."""
    return [discrepancy for check in checks for discrepancy in _found_by(check)]


def _found_by(check: Check) -> list[Discrepancy]:
    with connection.cursor() as cursor:
        cursor.execute(check.query)
        rows = cursor.fetchmany(SHOWN_OF_A_KIND)
    return [Discrepancy(check.kind, subject, detail) for subject, detail in rows]
