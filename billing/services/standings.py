"""How an order stands, as its holder reads it: how far it got, what it brought, and what is shown of that."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey
from billing.models import AgentJob, Order, Provider, Refund, Review, Transfer, TransferScreenshot
from billing.providers.errors import ProviderError
from billing.services import coins, deposits, order_numbers, packages, showing
from billing.services.coins import OfferedCoin
from billing.services.deposits import CoinStanding
from redemption.models import Code

# A page that waits looks again soon at first, and ever more rarely: (younger than, seconds between looks).
PACES = ((timedelta(minutes=1), 2), (timedelta(minutes=10), 5), (timedelta(hours=1), 20))
SLOWEST_SECONDS = 60
# A person looks at a transfer: nobody waits for that by the second.
TRANSFER_SECONDS = 20


class Stage(StrEnum):
    """What the page of an order is about."""

    UNOPENED = "unopened"  # there is no payment page to go to
    COIN_CHOICE = "coin_choice"
    COINS = "coins"  # an address is open, and coins are waited for
    TOO_FEW_COINS = "too_few_coins"  # coins came, and their buyer decides what becomes of them
    WAITING = "waiting"
    EXPIRED = "expired"
    DELIVERING = "delivering"
    REVIEW = "review"  # a person has to look at it before anything is delivered
    KEY = "key"
    KEY_SAVED = "key_saved"  # the key is with its buyer, or in an account, and not shown any more
    CODE = "code"
    CODE_REDEEMED = "code_redeemed"
    CODE_GONE = "code_gone"  # voided, or expired
    WALLET = "wallet"
    PLAN = "plan"
    AGENT = "agent"  # it is paid, and done by hand
    TRANSFER = "transfer"  # money that the buyer sends by hand is on its way, or was not accepted
    REFUNDED = "refunded"  # all that was paid went back, or is about to


class StepLine(NamedTuple):
    """One of the three steps of every order."""

    label: Promise
    is_done: bool
    is_current: bool


_STAGE_OF_STATE = {
    Order.State.CREATED: Stage.UNOPENED,
    Order.State.FAILED: Stage.UNOPENED,
    Order.State.PENDING: Stage.WAITING,
    Order.State.EXPIRED: Stage.EXPIRED,
    Order.State.PAID: Stage.DELIVERING,
    Order.State.DELIVERING: Stage.DELIVERING,
    Order.State.REFUNDED: Stage.REFUNDED,
}
_STAGE_OF_CODE = {Code.State.LIVE: Stage.CODE, Code.State.REDEEMED: Stage.CODE_REDEEMED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Everything that the page of an order says about it."""

    order: Order
    stage: Stage
    number: str
    # The key or the code in full, while it may be shown.
    secret: str | None
    review: Review | None
    # What went back, or is about to.
    refunds: list[Refund]
    # Of an order that is to be paid in coins, until it is paid.
    coins: CoinStanding | None = None
    # What the buyer said of money that they send by hand; None for every other way to pay.
    transfer: Transfer | None = None
    # What staff do by hand for it, if that is what was sold.
    job: AgentJob | None = None

    @property
    def title(self) -> str:
        """Return what was sold, in the reader's language."""
        return packages.in_language(self.order.title, self.order.title_zh)

    @property
    def base_url(self) -> str:
        """Return the address that the key works at."""
        return base_url(self.order)

    @property
    def masked_email(self) -> str:
        """Return where the order's mails go, in a way that tells only its owner which address that is."""
        name, _at, host = self.order.email.partition("@")
        return f"{name[:1]}…{name[-1:] if len(name) > 2 else ''}@{host}"

    @property
    def can_be_claimed(self) -> bool:
        """Tell whether somebody who is signed in may take its key into their account."""
        return self.order.result == Order.Result.KEY and self.order.customer.user_id is None

    @property
    def can_be_rolled(self) -> bool:
        """Tell whether its key may be replaced here; one of ours in an account is replaced there."""
        if self.order.foreign_key_id:
            return True
        api_key = self.order.api_key
        is_unclaimed = self.order.customer.user_id is None
        return is_unclaimed and api_key is not None and api_key.state == ApiKey.State.ACTIVE

    @property
    def steps(self) -> list[StepLine]:
        """Return the three steps; the first that is not done is the current one."""
        done = [self.order.is_paid, self.order.delivered_at is not None, _is_in_use(self.order)]
        current = done.index(False) if False in done else len(done)
        labels = (_("Paid"), _("Delivered"), _("In use"))
        return [StepLine(label, done[place], place == current) for place, label in enumerate(labels)]

    @property
    def refresh_seconds(self) -> int | None:
        """Return after how many seconds the page should look again; None when nothing happens by itself."""
        if self.stage == Stage.AGENT:
            return TRANSFER_SECONDS if self.order.delivered_at is None else None
        if self.stage != Stage.TRANSFER:
            return refresh_seconds(self.order)
        # A page with a form that somebody fills in must not be drawn anew.
        is_checked = self.transfer is not None and self.transfer.state == Transfer.State.SUBMITTED
        return TRANSFER_SECONDS if is_checked else None

    @property
    def screenshot(self) -> TransferScreenshot | None:
        """Return the picture that was attached last, without its pixels."""
        if self.transfer is None:
            return None
        return self.transfer.screenshots.defer("image").first()

    @property
    def fingerprint(self) -> str:
        """Return a word that is another as soon as the page would look different."""
        review = self.review.pk if self.review else ""
        coins = self.coins.fingerprint if self.coins else ""
        transfer = self.transfer.state if self.transfer else ""
        job = self.job.state if self.job else ""
        back = "".join(f"{refund.pk}{refund.state}" for refund in self.refunds)
        return f"{self.stage}-{self.refresh_seconds or ''}-{review}-{coins}{transfer}{job}{back}"

    @property
    def offered_coins(self) -> list[OfferedCoin] | None:
        """Return the coins to choose from; None when the provider does not say which there are."""
        try:
            return coins.offered(self.order)
        except ProviderError:
            return None


def of(order: Order) -> Standing:
    """Return how ``order`` stands now."""
    in_coins = deposits.standing(order) if _waits_for_coins(order) else None
    transfer, job = _transfer(order), _job(order)
    _read_again(order)
    review = Review.objects.open().filter(order=order).order_by("pk").first()
    back = list(Refund.objects.standing().filter(order=order))
    is_all_back = bool(back) and order.payment.refunded_cents == order.payment.whole_cents
    secret = None if is_all_back else showing.secret_of(order)
    in_coins = in_coins if _waits_for_coins(order) else None
    is_told_by_job = job is not None and job.state == AgentJob.State.FAILED
    return Standing(
        order=order,
        stage=Stage.REFUNDED
        if is_all_back and not is_told_by_job
        else _stage(order, secret=secret, review=review, in_coins=in_coins),
        refunds=back,
        coins=in_coins,
        number=order_numbers.shown(order),
        secret=secret,
        review=review,
        transfer=transfer,
        job=job,
    )


def base_url(order: Order) -> str:
    """Return the address that programs reach the models at with the key of ``order``."""
    return order.foreign_base_url or settings.GATEWAY_BASE_URL


def refresh_seconds(order: Order) -> int | None:
    """Return the pace at which somebody who waits for ``order`` should look again; None if nobody waits."""
    if order.state not in {Order.State.PENDING, Order.State.PAID, Order.State.DELIVERING}:
        return None
    age = timezone.now() - (order.paid_at or order.created_at)
    return next((seconds for younger_than, seconds in PACES if age < younger_than), SLOWEST_SECONDS)


def _read_again(order: Order) -> None:
    """Read an order that was unpaid once more, after what a payment moves together with it.

    Else a page that is asked for just then shows an address as closed and the order as unpaid, and would
    never look again.
    """
    if not order.is_paid:
        order.refresh_from_db()


def _waits_for_coins(order: Order) -> bool:
    return order.provider == Provider.NOWPAYMENTS and not order.is_paid


def _stage(
    order: Order, *, secret: str | None, review: Review | None, in_coins: CoinStanding | None
) -> Stage:
    if order.provider == Provider.TRANSFER and not order.is_paid:
        return Stage.TRANSFER
    if order.kind == Order.Kind.AGENT and order.is_paid:
        return Stage.AGENT
    if in_coins is not None and in_coins.held:  # their buyer decides, whoever else looks at it
        return Stage.TOO_FEW_COINS
    if order.state != Order.State.DELIVERED:
        if review:
            return Stage.REVIEW
        return _stage_of_coins(in_coins) if in_coins else _STAGE_OF_STATE[Order.State(order.state)]
    return _delivered_stage(order, secret=secret)


def _delivered_stage(order: Order, *, secret: str | None) -> Stage:
    match order.result:
        case Order.Result.WALLET:
            return Stage.WALLET
        case Order.Result.PLAN:
            return Stage.PLAN
        case Order.Result.KEY:
            return Stage.KEY if secret else Stage.KEY_SAVED
        case _:
            assert order.code is not None  # noqa: S101 - order_delivered_as_a_code_has_one
            return _STAGE_OF_CODE.get(Code.State(order.code.state), Stage.CODE_GONE)


def _stage_of_coins(coins: CoinStanding) -> Stage:
    return Stage.COINS if coins.is_open else Stage.COIN_CHOICE


def _transfer(order: Order) -> Transfer | None:
    if order.provider != Provider.TRANSFER:
        return None
    return Transfer.objects.select_related("channel").filter(order=order).first()


def _job(order: Order) -> AgentJob | None:
    if order.kind != Order.Kind.AGENT:
        return None
    return AgentJob.objects.select_related("vendor").defer("proof").filter(order=order).first()


def _is_in_use(order: Order) -> bool:
    """Tell whether what was delivered is at work already."""
    match order.result:
        case Order.Result.KEY:
            was_called = order.api_key is not None and order.api_key.last_used_at is not None
            return was_called or order.saved_at is not None or order.claimed_at is not None
        case Order.Result.CODE:
            return order.code is not None and order.code.state == Code.State.REDEEMED
        case Order.Result.WALLET | Order.Result.MANUAL | Order.Result.PLAN:
            return True
        case _:
            return False
