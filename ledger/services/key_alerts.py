"""Alerts of keys: raised when enough of a limit is spent, and told to the owner in one mail each."""

from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.db.models import QuerySet

from accounts.services import outbox
from accounts.services.outbox import Outbox
from ledger.models import KeyAlert


def raise_due(*, at: datetime) -> int:
    """Raise an alert for every limit that is spent to its owner's mark, once in its window; count them.

    One that has passed unseen, because the window ended before anybody looked, is not raised any more.
    """
    with connection.cursor() as cursor:
        cursor.execute(RAISE_SQL, {"now": at, "time_zone": settings.TIME_ZONE})
        return int(cursor.rowcount)


def send_due() -> None:
    """Mail the alerts that are due, as far as time and the mail server allow."""
    outbox.send_due(OF_KEYS)


def written(alert: KeyAlert) -> EmailMultiAlternatives:
    """Return the mail to the owner of the key, in their language."""
    owner = alert.api_key.customer.user
    assert owner is not None  # noqa: S101 - nothing is due to a guest, and nobody becomes one
    link = f"{settings.PUBLIC_URL}/tokens"
    return outbox.message(
        "ledger/email/key_alert",
        {"alert": alert, "key": alert.api_key, "link": link, "links": [link]},
        language=owner.language,
        recipient=owner.email,
        name=f"key-alert.{alert.pk}",
    )


def _due() -> "QuerySet[KeyAlert]":
    return KeyAlert.objects.to_send().select_related("api_key__customer__user")


OF_KEYS = Outbox(_due, written)

RAISE_SQL = """
    insert into ledger_keyalert (
        api_key_id, kind, since, limit_nano_usd, spent_nano_usd, created_at, send_at, attempts, last_error
    )
    select spender.api_key_id, spending.kind, spending.since, spending.most, spending.spent,
        %(now)s, case when owner.is_active then %(now)s end, 0, ''
    from (values ((%(now)s::timestamptz at time zone %(time_zone)s)::date)) as calendar (today)
    cross join ledger_keyallowance as spender
    join accounts_apikey as key on key.id = spender.api_key_id and key.state = 'active'
    join accounts_customer as customer on customer.id = key.customer_id
    left join accounts_user as owner on owner.id = customer.user_id
    cross join lateral (
        values
            ('total', (key.created_at at time zone %(time_zone)s)::date,
                spender.total_limit_nano_usd, spender.spent_nano_usd),
            ('monthly', date_trunc('month', calendar.today)::date, spender.monthly_limit_nano_usd,
                case spender.month when date_trunc('month', calendar.today)::date
                    then spender.month_spent_nano_usd end),
            ('daily', calendar.today, spender.daily_limit_nano_usd,
                case spender.day when calendar.today then spender.day_spent_nano_usd end)
    ) as spending (kind, since, most, spent)
    where spender.alert_percent is not null and spending.most > 0
        and spending.spent * 100::numeric >= spending.most * spender.alert_percent::numeric
        and not exists (
            select from ledger_keyalert as alert
            where alert.api_key_id = spender.api_key_id and alert.kind = spending.kind
                and alert.since = spending.since and alert.limit_nano_usd = spending.most
        )
    on conflict do nothing
"""
