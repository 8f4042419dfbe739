"""Trying a delivered key: one real call, with its answer and its cost."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext

from accounts.services import attempts
from accounts.services.attempts import Limit
from billing.errors import NothingToShow
from billing.models import Order
from billing.providers import key_trial
from billing.providers.errors import ProviderError
from billing.services import reference_model, showing, standings, wiring
from ledger.models import UsageRecord

PURPOSE = "key-trial"
PER_MINUTE, MINUTE_SECONDS = 6, 60
# The journal is dated by the database's clock.
CLOCKS_DIFFER_BY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of one call: an answer with the line that it has in the usage journal, or a failure."""

    model: str
    question: str
    answer: str = ""
    line: UsageRecord | None = None
    failure: str = ""
    status: int | None = None


def run(order: Order) -> Trial:
    """Call a model with the key of ``order``, as its buyer would; the key pays for it.

    Raises NothingToShow when the order has no key that could be shown, and TooManyAttempts when it was tried
    too often in a minute. A call that fails is a result, too.
    """
    key = showing.secret_of(order)
    if order.result != Order.Result.KEY or key is None:
        raise NothingToShow
    attempts.spend(Limit(PURPOSE, f"order {order.pk}", PER_MINUTE, MINUTE_SECONDS))
    began_at = timezone.now()
    model, question = reference_model.for_samples(), gettext("Say hello in one short sentence.")
    try:
        said = key_trial.ask(
            standings.base_url(order),
            key,
            model=model,
            question=question,
            before_asking=wiring.leave_the_database,
        )
    except ProviderError as failed:
        words = " ".join(failed.messages)
        return Trial(model=model, question=question, failure=words or str(failed), status=failed.status)
    line = _line(order, said.id, began_at)
    return Trial(model=model, question=question, answer=said.text, line=line)


def _line(order: Order, answer_id: str, began_at: datetime) -> UsageRecord | None:
    """Return the call's line in the journal; a foreign key has none, its calls are not in our books."""
    if order.api_key_id is None:
        return None
    lines = UsageRecord.objects.filter(api_key_id=order.api_key_id, at__gte=began_at - CLOCKS_DIFFER_BY)
    return lines.filter(upstream_id=answer_id).order_by("-at").first()
