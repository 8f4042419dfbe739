"""What is sent and what is signed of a notification: the two differ when the sandbox is told so."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NamedTuple, get_args

from sandbox.clock import iso
from sandbox.nowpayments.javascript import stringify, with_arrays_as_objects, with_sorted_keys
from sandbox.switch import Passing

Arrays = Literal["none", "kept", "as_objects"]

# JavaScript prints the first with an exponent, and Python both.
_TINY, _SMALL = Decimal("0.0000001"), Decimal("0.000083")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling(Passing):
    """How the next new notifications are written.

    Sorted is how all captured ones came; with `unsorted` the keys stand as in NowPayments' guide, and only
    the signature is over sorted ones. `arrays` names the children in a list, and is how the signature has
    it. With `iso_dates` and `without_updated_at` times are as in older notifications, with `tiny_fees`
    figures are as small as they get. `forged` is signed with another secret.
    """

    unsorted: bool = False
    arrays: Arrays = "none"
    iso_dates: bool = False
    without_updated_at: bool = False
    tiny_fees: bool = False
    forged: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be written."""
        Passing.__post_init__(self)  # a class with slots has no working super()
        if self.arrays not in get_args(Arrays):
            raise ValueError(f"arrays is one of: {', '.join(get_args(Arrays))}")


class Written(NamedTuple):
    """A body and its signature."""

    body: str
    signature: str


def written(fields: Mapping[str, Any], spelling: Spelling, *, secret: str, child_ids: list[str]) -> Written:
    """Return the notification that says ``fields``, as ``spelling`` has it."""
    said = dict(fields)
    if spelling.arrays != "none":
        said["payment_extra_ids"] = [int(child_id) for child_id in child_ids]
    if spelling.iso_dates:
        said["updated_at"] = iso(said["updated_at"])
    if spelling.without_updated_at:
        del said["updated_at"]
    if spelling.tiny_fees:
        said["fee"] = {**said["fee"], "depositFee": _TINY, "serviceFee": _SMALL}
    signed = with_arrays_as_objects(said) if spelling.arrays == "as_objects" else said
    text = stringify(said if spelling.unsorted else with_sorted_keys(said))
    return Written(text, sign(stringify(with_sorted_keys(signed)), secret=secret, is_forged=spelling.forged))


def sign(text: str, *, secret: str, is_forged: bool = False) -> str:
    """Return the signature of ``text``."""
    key = f"{secret} of somebody else" if is_forged else secret
    return hmac.new(key.encode(), text.encode(), "sha512").hexdigest()
