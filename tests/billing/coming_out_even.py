"""Whether a sale comes out even: what was granted is what was paid and did not go back."""

from django.db.models import Q, Sum

from billing.models import Order, Refund
from billing.services import proof, taking_back
from ledger.models import Account, Entry, UsageRecord
from ledger.services import proof as ledger_proof
from redemption.models import Code
from redemption.services import proof as redemption_proof
from tests.billing.shoppers import again


def assert_comes_out_even(order: Order, *, topped_up: int = 0, spent: int = 0) -> None:
    """Assert it of a delivered order, whose account got ``topped_up`` elsewhere and ``spent`` some."""
    order = again(order)
    standing = Refund.objects.standing().filter(order=order)
    gone = sum(refund.amount_cents for refund in standing)
    assert gone == order.payment.refunded_cents <= order.payment.whole_cents
    for refund in standing:
        assert_was_taken_once(refund)
    kept = order.credit_nano_usd - sum(refund.credit_nano_usd for refund in standing)
    assert kept == order.credit_nano_usd * (order.payment.whole_cents - gone) // order.payment.whole_cents
    assert _has(order) == kept + topped_up - spent - _charged(order)
    assert_no_pool_is_negative()
    assert_books_verify()


def assert_was_taken_once(refund: Refund) -> None:
    """Assert that the credit of ``refund`` was taken from somewhere, or is owed, and only once."""
    parts = [refund.taken_nano_usd, refund.debt_nano_usd, refund.code_nano_usd, refund.withheld_nano_usd]
    assert sum(parts) == refund.credit_nano_usd
    assert refund.taken_at is not None
    entries = Entry.objects.filter(reference=f"refund:{refund.pk}:taken")
    assert entries.count() == int(refund.taken_nano_usd + refund.debt_nano_usd > 0)


def assert_no_pool_is_negative() -> None:
    for account in Account.objects.all():
        assert 0 <= account.wallet_held_nano_usd <= account.wallet_balance_nano_usd
        assert account.debt_nano_usd >= 0


def assert_books_verify() -> None:
    with ledger_proof.snapshot():
        found = [*ledger_proof.discrepancies(), *proof.discrepancies(), *redemption_proof.discrepancies()]
    assert found == []


def _has(order: Order) -> int:
    """Return what the order's credit is worth to whoever has it, less what that account owes."""
    account = taking_back.account_of(order)
    wallet = account.wallet_balance_nano_usd - account.debt_nano_usd if account is not None else 0
    code = order.code.value_nano_usd if order.code and order.code.state == Code.State.LIVE else 0
    return wallet + code


def _charged(order: Order) -> int:
    """Return what calls have cost the account that has the order's credit."""
    account = taking_back.account_of(order)
    calls = UsageRecord.objects.filter(Q(account=account) | Q(account__merged_into=account))
    return int(calls.aggregate(sum=Sum("wallet_nano_usd", default=0))["sum"]) if account is not None else 0
