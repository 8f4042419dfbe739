"""Credit taken back for a refund: from wherever it is by now, and given back if the refund fails.

The caller holds the order's row. A claim, a delivery and another refund wait for it; a redeemer holds the
code's.
"""

from django.utils import timezone

from accounts.models import ApiKey
from accounts.services import api_keys
from billing.models import Order, Refund
from billing.services import foreign_keys, order_secrets, plan_takings, sale_prices, subscriptions
from ledger.models import Account, Entry
from ledger.money import NanoUSD
from ledger.services import accounts, credits, entries, takings  # noqa: A004 - the word of the house
from redemption.models import Code
from redemption.services import sold_codes


def take(order: Order, refund: Refund) -> None:
    """Take the credit of ``refund`` back, and stop what the whole refund of an order stops.

    That of an order that is not delivered waits for the delivery. A code that nobody has redeemed is replaced
    by one that is worth the rest, if there is a rest. What a console's key has spent only the console knows:
    such a key is deleted when all goes back, and left alone when a part does.
    """
    if order.delivered_at is None:
        return
    subscriptions.lock(order.customer_id)  # before the account, as everybody else does
    if not refund.credit_nano_usd or order.foreign_key_id or order.result == Order.Result.MANUAL:
        refund.withheld_nano_usd = refund.credit_nano_usd
    elif order.code is None or not _take_from_code(order, refund):
        _take_from_wallets(order, refund)
    is_whole = _is_whole(order)
    if order.result == Order.Result.PLAN:
        plan_takings.take(order, refund, is_whole=is_whole)
    if is_whole:
        _stop_key(order, refund)
        subscriptions.stop(order)
    if refund.kind == Refund.Kind.DISPUTE:
        _freeze(order, refund)
    refund.taken_at = timezone.now()
    refund.save()


def take_waiting(order: Order) -> None:
    """Take back what was to be refunded of ``order`` before it was delivered."""
    for refund in Refund.objects.standing().filter(order=order, taken_at=None):
        take(order, refund)


def give_back(order: Order, refund: Refund) -> None:
    """Give back exactly what `take` took for ``refund``, and let go on what it stopped."""
    if order.result == Order.Result.PLAN:
        plan_takings.give_back(order, refund)
    elif refund.taken_nano_usd or refund.debt_nano_usd:
        taking = Entry.objects.get(reference=refund.entry_name("taken"))
        takings.give_back(
            taking, references(order), reference=refund.entry_name("given_back"), note=order.reference
        )
    if refund.code_nano_usd:
        _give_code_back(order, refund)
    if refund.stopped_key and order.api_key is not None and order.api_key.state == ApiKey.State.DISABLED:
        api_keys.enable(order.api_key)
    account = account_of(order)
    if refund.froze_account and account is not None:
        accounts.unfreeze(account)


def references(order: Order) -> list[str]:
    """Return the entries that brought the credit of ``order`` into wallets."""
    first = f"redemption:{order.code_id}" if order.code_id else f"order:{order.pk}:credit"
    failed = Refund.objects.filter(order=order, state=Refund.State.FAILED)
    return [first, *(refund.entry_name("given_back") for refund in failed)]


def account_of(order: Order) -> Account | None:
    """Return the account that has the credit of ``order``; None while nobody has."""
    code = order.code
    customer_id = code.redeemed_by_id if code is not None else order.customer_id
    return Account.objects.filter(customer=customer_id).first() if customer_id else None


def _take_from_code(order: Order, refund: Refund) -> bool:
    """Take the credit out of a code that nobody has redeemed; tell whether there was one."""
    assert order.code is not None  # noqa: S101 - the caller asked
    value = sold_codes.withdraw(order.code)
    if value is None:
        order.code.refresh_from_db()
        if order.code.state != Code.State.REDEEMED:
            refund.withheld_nano_usd = refund.credit_nano_usd
        return order.code.state != Code.State.REDEEMED
    refund.code_nano_usd = refund.credit_nano_usd
    _replace_code(order, NanoUSD(value - refund.credit_nano_usd))
    return True


def _replace_code(order: Order, value: NanoUSD) -> None:
    """Give ``order`` a new code worth ``value``; without any it keeps the void one, and shows none."""
    order.sealed_secret = None
    if value:
        order.code, text = sold_codes.issue(
            value, sale_prices.share(order, value), provider=order.provider, name=order.reference
        )
        order.sealed_secret = order_secrets.seal(order, text)
    order.save(update_fields=["code", "sealed_secret"])


def _give_code_back(order: Order, refund: Refund) -> None:
    assert order.code is not None  # noqa: S101 - refund.code_nano_usd was taken out of one
    left = sold_codes.withdraw(order.code)
    order.code.refresh_from_db()
    account = account_of(order)
    if order.code.state != Code.State.REDEEMED or account is None:
        _replace_code(order, NanoUSD((left or 0) + refund.code_nano_usd))
        return
    credits.grant(
        account,
        NanoUSD(refund.code_nano_usd),
        source=entries.cash(order.provider),
        reference=refund.entry_name("given_back"),
        kind=Entry.Kind.CREDIT_GIVEN_BACK,
        price=sale_prices.share(order, NanoUSD(refund.code_nano_usd)),
        note=order.reference,
    )


def _take_from_wallets(order: Order, refund: Refund) -> None:
    taken = takings.take(
        references(order),
        NanoUSD(refund.credit_nano_usd),
        reference=refund.entry_name("taken"),
        note=order.reference,
        made_by=refund.made_by,
    )
    refund.taken_nano_usd, refund.debt_nano_usd = taken.unspent, taken.spent


def _stop_key(order: Order, refund: Refund) -> None:
    """Stop the key of a guest. One that was claimed spends its owner's account, which has other credit."""
    if order.foreign_key_id:
        foreign_keys.stop(order)
        return
    key = order.api_key
    if key is None or order.customer.user_id is not None or key.state != ApiKey.State.ACTIVE:
        return
    api_keys.disable(key)
    refund.stopped_key = True


def _freeze(order: Order, refund: Refund) -> None:
    """Freeze the account of a buyer whose bank took the money back, until a person has looked at it.

    One that owes something spends nothing anyhow, until that is paid.
    """
    account = account_of(order)
    if account is not None and not account.is_frozen:
        accounts.freeze(account)
        refund.froze_account = True


def _is_whole(order: Order) -> bool:
    payment = order.payment
    payment.refresh_from_db()
    return payment.refunded_cents == payment.whole_cents
