"""What became of orders, read from outside; and the sweeps, for stories that do not wait for their time."""

from collections.abc import Collection

from celery import Celery

from portal.embedded import addresses
from tests.cluster import Cluster
from tests.stories import books

_ORDERS = """
    SELECT orders.state, orders.result,
           (SELECT count(*) FROM billing_payment AS payment WHERE payment.order_id = orders.id),
           (SELECT count(*) FROM accounts_apikey AS key WHERE key.customer_id = orders.customer_id),
           (SELECT account.wallet_balance_nano_usd FROM ledger_account AS account
             WHERE account.customer_id = orders.customer_id) = orders.credit_nano_usd,
           (SELECT count(*) FROM billing_ordermail AS mail WHERE mail.order_id = orders.id
               AND mail.kind = 'delivered')
      FROM billing_order AS orders WHERE orders.reference = ANY(%s)
"""
_DELIVERED_ONCE = ("delivered", "key", 1, 1, True, 1)
_UNDELIVERED = "SELECT reference FROM billing_order WHERE state <> 'delivered' AND reference = ANY(%s)"


def wait_until_delivered(cluster: Cluster, references: Collection[str]) -> None:
    """Wait until every one of the orders is delivered."""
    named = list(references)
    books.wait_until(lambda: books.query(cluster, _UNDELIVERED, named) == [], f"all of {named} are delivered")


def assert_delivered_once(cluster: Cluster, references: Collection[str]) -> None:
    """Assert that each was paid once, brought one key with its whole credit, and was told by one mail."""
    assert books.query(cluster, _ORDERS, list(references)) == [_DELIVERED_ONCE] * len(references)


def let_all_be_asked_about(cluster: Cluster) -> None:
    """Let every order that waits be due to be asked about, in place of two minutes after it was opened."""
    books.change(cluster, "UPDATE billing_order SET ask_at = now() WHERE ask_at IS NOT NULL")


def ask_about_all(cluster: Cluster) -> None:
    """Let a sweep ask about every order that waits, now."""
    let_all_be_asked_about(cluster)
    broker = addresses.celery_url(addresses.redis_url(cluster.state_dir))
    with Celery(broker=broker, set_as_current=False) as celery:
        celery.send_task("billing.tasks.ask_open_orders", ignore_result=True)


def let_all_be_tried_again(cluster: Cluster) -> None:
    """Let whatever webhook could not be acted on be tried again, in place of up to an hour later."""
    books.change(cluster, "UPDATE billing_inboxevent SET handle_at = now() WHERE handled_at IS NULL")
