"""The transfer desk, from the buyer's side: channels, orders that are paid by hand, and what was sent."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.services import attempts
from billing.errors import AmountTooSmall, ChannelClosed, ReferenceUnreadable, TransferSettled
from billing.models import (
    Mode,
    Order,
    OrderMail,
    OrderStep,
    Package,
    Provider,
    Transfer,
    TransferChannel,
    TransferScreenshot,
)
from billing.services import mails, orders, packages, rates, screenshots
from billing.services.orders import Buyer, Sale
from billing.services.packages import Offer

State = Transfer.State

# So long a buyer has to say what was sent.
PATIENCE = timedelta(days=7)
AT_ONCE = 500
ORDER, SUBMISSION = "transfer-order", "transfer-submission"
PER_MINUTE, PER_HOUR = 10, 60
SHORTEST_REFERENCE, LONGEST_REFERENCE = 4, 80
MEMO_SYMBOLS = 8
TITLE = (gettext_noop("Credit"), "额度")


@dataclass(frozen=True, slots=True)
class PricedOffer:
    """A package at its price in a channel's currency."""

    offer: Offer
    price_cents: int


def channels() -> list[TransferChannel]:
    """Return the channels that take transfers now; those without a published rate cannot price anything."""
    published = rates.currencies()
    return [channel for channel in TransferChannel.objects.open() if channel.currency in published]


def find_channel(slug: str) -> TransferChannel:
    """Return a channel that takes transfers now; raises ChannelClosed for any other."""
    channel = next((each for each in channels() if each.slug == slug), None)
    if channel is None:
        raise ChannelClosed
    return channel


def offers(channel: TransferChannel) -> list[PricedOffer]:
    """Return the packages at what they cost in the channel's currency, in the shop's order."""
    return [PricedOffer(offer, package_price(channel, offer.package)) for offer in packages.catalogue()]


def shown_rate(channel: TransferChannel) -> str:
    """Return how many units of the channel's currency count as one USD, without zeros at the end."""
    return f"{rates.get(channel.currency).normalize():f}"


def package_price(channel: TransferChannel, package: Package) -> int:
    """Return the list price of a package in the channel's currency, at the published rates, rounded up."""
    return rates.converted(package.list_price_cents, source=package.list_currency, target=channel.currency)


def of_package(channel: TransferChannel, package: Package, buyer: Buyer) -> Sale:
    """Return the sale of a package through ``channel``."""
    return Sale(
        title=package.name,
        title_zh=package.name_zh,
        provider=Provider.TRANSFER,
        price_cents=package_price(channel, package),
        currency=channel.currency,
        credit_nano_usd=package.credit_nano_usd,
        package=package,
        tokens=package.tokens,
        delivery=_delivery(buyer),
        units_per_usd=rates.get(channel.currency),
    )


def of_amount(channel: TransferChannel, amount_cents: int, buyer: Buyer) -> Sale:
    """Return the sale of credit for an amount; raises AmountTooSmall below the channel's smallest."""
    if amount_cents < channel.minimum_cents:
        whole, cents = divmod(channel.minimum_cents, 100)
        raise AmountTooSmall(f"{whole}.{cents:02} {channel.currency}")
    rate = rates.get(channel.currency)
    return Sale(
        title=TITLE[0],
        title_zh=TITLE[1],
        provider=Provider.TRANSFER,
        price_cents=amount_cents,
        currency=channel.currency,
        credit_nano_usd=rates.credit_for(amount_cents, rate),
        kind=Order.Kind.CREDIT,
        delivery=_delivery(buyer),
        units_per_usd=rate,
    )


def place_once(channel: TransferChannel, sale: Sale, buyer: Buyer, *, form: str, address: str) -> Order:
    """Write the order of one filled-in form, with its transfer; the same form is one order.

    Every form counts against ``address`` and raises TooManyAttempts when those are used up.
    """
    count(ORDER, address)
    reference = orders.reference_of(f"{channel.slug}:{form}", sale, buyer)
    return orders.once(reference, lambda: _place(channel, sale, buyer, reference))


def submit(order: Order, *, reference: str, screenshot: BinaryIO | None, address: str) -> None:
    """Take what the buyer says of the money that was sent; the operator looks at it from then on.

    A text that cannot be a reference raises ReferenceUnreadable, a file that is no picture of ours
    ScreenshotRefused, and a transfer that waits for no such thing TransferSettled. Counts like a form.
    """
    count(SUBMISSION, address)
    key = reference_key(reference)
    if not SHORTEST_REFERENCE <= len(key) <= LONGEST_REFERENCE:
        raise ReferenceUnreadable
    picture = screenshots.encoded_anew(screenshot) if screenshot is not None else None
    _submit(order, reference.strip()[:120], key, picture)


def reference_key(typed: str) -> str:
    """Return a reference as it is compared: without case, width, spaces and dashes."""
    narrow = unicodedata.normalize("NFKC", typed).casefold()
    return "".join(symbol for symbol in narrow if symbol.isalnum())


def memo_of(reference: str) -> str:
    """Return what the buyer of an order quotes with the transfer: so much of the public reference."""
    return f"P{reference[-MEMO_SYMBOLS:].upper()}"


def deadline() -> datetime:
    """Return until when a buyer who is asked now may answer."""
    return timezone.now() + PATIENCE


def lapse_due() -> None:
    """Let lapse what nobody has submitted in time."""
    for transfer in Transfer.objects.to_lapse()[:AT_ONCE]:
        _lapse(transfer.order_id)


def locked(order_pk: int) -> tuple[Order, Transfer]:
    """Return an order and its transfer, under the lock of the order's row: whoever decides, decides alone."""
    order = Order.objects.select_for_update().get(pk=order_pk)
    return order, Transfer.objects.select_related("channel").get(order=order)


def count(purpose: str, address: str) -> None:
    """Count one form that came from ``address``; raises TooManyAttempts in a hurry."""
    attempts.spend_by_address(purpose, address, per_minute=PER_MINUTE, per_hour=PER_HOUR)


def begin(channel: TransferChannel, order: Order) -> Transfer:
    """Let ``order`` wait for a transfer through ``channel``, in the caller's transaction."""
    order.state = Order.State.PENDING
    order.save(update_fields=["state"])
    mails.owe(order, OrderMail.Kind.TRANSFER_DETAILS)
    return Transfer.objects.create(
        order=order,
        channel=channel,
        currency=channel.currency,
        memo=memo_of(order.reference),
        lapse_at=deadline(),
    )


@transaction.atomic(durable=True)
def _place(channel: TransferChannel, sale: Sale, buyer: Buyer, reference: str) -> Order:
    # Nobody can play with it: a person looks at an account.
    order = orders.write(sale, buyer, mode=Mode.LIVE, reference=reference)
    begin(channel, order)
    return order


@transaction.atomic(durable=True)
def _submit(order: Order, reference: str, key: str, picture: bytes | None) -> None:
    order, transfer = locked(order.pk)
    if not transfer.can_be_submitted:
        raise TransferSettled
    transfer.state, transfer.lapse_at = State.SUBMITTED, None
    transfer.submitted_at, transfer.message = timezone.now(), ""
    transfer.transaction_reference, transfer.reference_key = reference, key
    transfer.save()
    if picture is not None:
        TransferScreenshot.objects.create(transfer=transfer, image=picture)
    Order.objects.filter(pk=order.pk, state=Order.State.EXPIRED).update(state=Order.State.PENDING)
    orders.note(order, OrderStep.Kind.SUBMITTED, "with a screenshot" if picture else "")


@transaction.atomic(durable=True)
def _lapse(order_pk: int) -> None:
    order, transfer = locked(order_pk)
    if transfer.lapse_at is None or transfer.lapse_at > timezone.now():
        return
    transfer.state, transfer.lapse_at = State.LAPSED, None
    transfer.save(update_fields=["state", "lapse_at"])
    order.state = Order.State.EXPIRED
    order.save(update_fields=["state"])
    orders.note(order, OrderStep.Kind.LAPSED)


def _delivery(buyer: Buyer) -> Order.Delivery:
    """Return a guest's delivery, a code; who is signed in has a wallet to credit."""
    return Order.Delivery.CODE if buyer.user is None else Order.Delivery.AUTO
