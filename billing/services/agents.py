"""Agent top-ups, from the buyer's side: what they cost, and the order that is paid by transfer."""

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from django.db import transaction

from billing.errors import AmountOutOfRange, NotForSale
from billing.models import AgentJob, AgentVendor, Mode, Order, Provider, TransferChannel
from billing.services import orders, rates, transfers
from billing.services.orders import Buyer, Sale

CURRENCY = "CNY"
AGENT = "agent-order"
# Keys of the vendors begin with a short word and a dash, or are one long word; no address is either.
_SECRET = re.compile(
    r"^\s*(?:(?:sk|pk|rk|gsk|xai|api|key)[-_]\S{6,}|(?:Bearer\s+)?[A-Za-z0-9_\-.]{24,})\s*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a top-up costs, part by part, in hundredths of `CURRENCY`; the amount is in US cents."""

    amount_cents: int
    units_per_usd: Decimal
    base_cents: int
    fee_cents: int

    @property
    def total_cents(self) -> int:
        """Return what is to be paid."""
        return self.base_cents + self.fee_cents

    @property
    def rate(self) -> str:
        """Return the rate without zeros at the end."""
        return f"{self.units_per_usd.normalize():f}"


def vendors() -> list[AgentVendor]:
    """Return the vendors whose accounts are topped up now."""
    return list(AgentVendor.objects.offered())


def channels() -> list[TransferChannel]:
    """Return the channels through which a top-up is paid."""
    return [channel for channel in transfers.channels() if channel.currency == CURRENCY]


def find(slug: str) -> AgentVendor:
    """Return one of the offered vendors; raises NotForSale for any other."""
    vendor = AgentVendor.objects.offered().filter(slug=slug).first()
    if vendor is None:
        raise NotForSale
    return vendor


def quote(vendor: AgentVendor, amount_cents: int) -> Quote:
    """Return what it costs to add ``amount_cents`` at ``vendor``; each part is rounded up to a hundredth.

    Raises AmountOutOfRange outside of what is offered, and NoPublishedRate when nothing can be priced.
    """
    if not vendor.least_cents <= amount_cents <= vendor.most_cents:
        raise AmountOutOfRange(_written(vendor.least_cents), _written(vendor.most_cents))
    rate = rates.get(CURRENCY)
    fee = amount_cents * vendor.fee_percent / 100 + vendor.fee_cents
    return Quote(amount_cents, rate, _rounded_up(amount_cents * rate), _rounded_up(fee * rate))


def place_once(
    channel: TransferChannel, job: AgentJob, priced: Quote, buyer: Buyer, *, form: str, address: str
) -> Order:
    """Write the order of one filled-in form with its ``job`` and transfer; the same form is one order.

    Every form counts against ``address`` and raises TooManyAttempts when those are used up.
    """
    transfers.count(AGENT, address)
    sale = _sale(job.vendor, priced)
    reference = orders.reference_of(f"{channel.slug}:{job.account_email}:{form}", sale, buyer)
    return orders.once(reference, lambda: _place(channel, job, sale, buyer, reference))


def looks_like_a_secret(text: str) -> bool:
    """Tell whether ``text`` may be a key: it is neither stored nor shown again."""
    return _SECRET.match(text) is not None


@transaction.atomic(durable=True)
def _place(channel: TransferChannel, job: AgentJob, sale: Sale, buyer: Buyer, reference: str) -> Order:
    order = orders.write(sale, buyer, mode=Mode.LIVE, reference=reference)
    job.order = order
    job.save()
    transfers.begin(channel, order)
    return order


def _sale(vendor: AgentVendor, priced: Quote) -> Sale:
    amount = f"{_written(priced.amount_cents)} USD"
    return Sale(
        kind=Order.Kind.AGENT,
        title=f"{vendor.name} {amount}",
        title_zh=f"{vendor.name_zh} {amount}",
        provider=Provider.TRANSFER,
        price_cents=priced.total_cents,
        currency=CURRENCY,
        credit_nano_usd=0,
        delivery=Order.Delivery.MANUAL,
        units_per_usd=priced.units_per_usd,
    )


def _rounded_up(cents: Decimal) -> int:
    return int(cents.to_integral_value(ROUND_CEILING))


def _written(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"
