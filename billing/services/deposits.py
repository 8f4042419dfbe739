"""Addresses to send coins to: opened for an order in the coin that its buyer chose."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from fractions import Fraction

from django.db import transaction
from django.utils import timezone
from django.utils.safestring import SafeString

from billing.errors import AlreadyPaid, CheckoutUnavailable, CoinTooSmall, NotForSale
from billing.models import Coin, Deposit, Order, OrderStep, Provider
from billing.models.coins import WORTH_PLACES
from billing.providers.errors import AmountTooSmall, ProviderError
from billing.providers.facts import CoinState
from billing.providers.nowpayments.answers import Payment
from billing.services import asking, orders, paid_orders, qr_codes, wiring

Use = Deposit.Use

# Amounts of coins are asked for in so many places, where nothing is known of their own.
_USUAL_PLACES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinStanding:
    """How the payment of an order in coins stands: the address that is open, and the coins that came."""

    current: Deposit | None
    coin: Coin | None
    held: list[Deposit]
    worth: Decimal
    # What the order brings if its buyer takes the coins that came for it.
    credit_nano_usd: int

    @property
    def rest_to_send(self) -> Decimal | None:
        """Return how much more of its coin the open address needs; None when nothing is known of that."""
        if self.current is None or self.current.to_send is None:
            return None
        came = sum((each.arrived for each in self.held if each.coin == self.current.coin), Decimal(0))
        return max(self.current.to_send - came - self._covered_by_others(self.current), Decimal(0))

    def _covered_by_others(self, current: Deposit) -> Decimal:
        """Return how much of the open address's coin need not be sent, as other coins came in its place."""
        others = worth_of([each for each in self.held if each.coin != current.coin])
        places = self.coin.places if self.coin and self.coin.places is not None else _USUAL_PLACES
        whole = (current.to_send or Decimal(0)) * others * 100 / current.order.price_cents
        return whole.quantize(Decimal(1).scaleb(-places), rounding=ROUND_DOWN)

    @property
    def worth_cents(self) -> int:
        """Return what the coins that came are worth, in whole hundredths."""
        return int(self.worth * 100)

    @property
    def fingerprint(self) -> str:
        """Return a word that is another as soon as anything has moved."""
        current = self.current
        return (
            f"{current.pk}-{current.state}-{current.arrived:f}-{self.worth}" if current else f"{self.worth}"
        )

    @property
    def is_open(self) -> bool:
        """Tell whether there is an address to send coins to; one whose time ran out is not shown any more."""
        if self.current is None or self.current.use not in {Use.WAITED_FOR, Use.HELD}:
            return False
        return bool(self.current.address)

    @property
    def is_seen(self) -> bool:
        """Tell whether coins are on their way to the open address."""
        return self.current is not None and self.current.state == CoinState.UNDER_WAY

    @property
    def qr(self) -> SafeString:
        """Return a picture of the open address, for a wallet to read."""
        return qr_codes.svg(self.current.address if self.current else "")


def open_address(order: Order, *, coin_code: str) -> Deposit:
    """Return the address where ``order`` is paid in that coin; it is PENDING from then on.

    The provider is asked only when no address in that coin is open yet. Raises CoinTooSmall when the price
    is below what is taken in it, and CheckoutUnavailable when no usable answer comes: it may be tried again.
    An order that is paid needs none: AlreadyPaid.
    """
    if order.provider != Provider.NOWPAYMENTS or not Coin.objects.filter(code=coin_code).exists():
        raise NotForSale
    if order.is_paid:
        raise AlreadyPaid
    known = _open_in(order, coin_code)
    if known is not None:
        return _make_current(order, known)
    try:
        payment = wiring.nowpayments().create_payment(asking.request(order), coin=coin_code)
    except AmountTooSmall as refusal:
        raise CoinTooSmall from refusal
    except ProviderError as failure:
        raise CheckoutUnavailable from failure
    return _record(order, payment)


def leave_address(order: Order) -> None:
    """Let the buyer choose another coin, until some have come. What comes to the old address still counts."""
    waiting = Order.objects.filter(pk=order.pk, state=Order.State.PENDING, provider=Provider.NOWPAYMENTS)
    waiting.exclude(deposits__use=Use.HELD).update(checkout_id="")


def standing(order: Order) -> CoinStanding:
    """Return how the payment of ``order`` in coins stands."""
    deposits = list(order.deposits.all())
    held = [each for each in deposits if each.use == Use.HELD]
    current = next((each for each in deposits if each.payment_id == order.checkout_id), None)
    coin = Coin.objects.filter(code=current.coin).first() if current else None
    worth = worth_of(held)
    credit = paid_orders.credit_of(order, share_of_price(worth, order))
    return CoinStanding(current=current, coin=coin, held=held, worth=worth, credit_nano_usd=credit)


def share_of_price(worth: Decimal, order: Order) -> Fraction:
    """Return which share of the price of ``order`` coins worth so much are, exactly.

    From the whole price on it counts in whole hundredths, as that is what is recorded as paid.
    """
    cents = int(worth * 100)
    return (Fraction(cents) if cents >= order.price_cents else Fraction(worth) * 100) / order.price_cents


def worth_of(deposits: list[Deposit]) -> Decimal:
    """Return what the coins of these are worth together, in the currency of their order."""
    return sum((each.worth or Decimal(0) for each in deposits), Decimal(0))


def worth_at_price(order: Order, *, arrived: Decimal, asked: Decimal) -> Decimal:
    """Return what ``arrived`` coins are of the price when ``asked`` were asked for it.

    Rounded up at the eighth place, so that parts that make the whole amount of coins make the whole price.
    """
    share = Decimal(order.price_cents).scaleb(-2) * arrived / asked
    return share.quantize(Decimal(1).scaleb(-WORTH_PLACES), rounding=ROUND_UP)


def _open_in(order: Order, coin_code: str) -> Deposit | None:
    addresses = order.deposits.open().filter(coin=coin_code, parent_payment_id="").exclude(address="")
    return addresses.exclude(valid_until__lt=timezone.now()).first()


@transaction.atomic(durable=True)
def _make_current(order: Order, deposit: Deposit) -> Deposit:
    _show(deposit, Order.objects.select_for_update().get(pk=order.pk))
    return deposit


@transaction.atomic(durable=True)
def _record(order: Order, payment: Payment) -> Deposit:
    """Keep the address, unless another click was quicker: of two, only one is ever shown."""
    order = Order.objects.select_for_update().get(pk=order.pk)
    known = _open_in(order, payment.coin or "")
    deposit = known or _kept(order, payment)
    _show(deposit, order)
    return deposit


def _show(deposit: Deposit, order: Order) -> None:
    """Let the page of ``order``, which the caller has locked, show this address, unless it is paid."""
    if order.is_paid:
        return
    order.checkout_id, order.state = deposit.payment_id, Order.State.PENDING
    order.ask_at = asking.next_time(order, timezone.now())
    order.save(update_fields=["checkout_id", "state", "ask_at"])
    orders.note(order, OrderStep.Kind.COIN_CHOSEN, f"{deposit.coin}, payment {deposit.payment_id}")


def _kept(order: Order, payment: Payment) -> Deposit:
    facts = {
        "order": order,
        "coin": payment.coin or "",
        "asked": payment.asked,
        "to_send": _to_send(payment),
        "address": payment.address or "",
        "memo": payment.memo or "",
        "valid_until": payment.valid_until,
    }
    # Its notification may have been quicker, and then tells more of its state.
    deposit, _is_new = Deposit.objects.update_or_create(
        payment_id=payment.id, defaults=facts, create_defaults={**facts, "state": CoinState.WAITING}
    )
    return deposit


def _to_send(payment: Payment) -> Decimal | None:
    coin = Coin.objects.filter(code=payment.coin).first()
    return payment.to_send(places=coin.places if coin else None)
