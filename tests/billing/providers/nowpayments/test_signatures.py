"""Only what was signed with our secret is believed to be NowPayments', however it is printed."""

import hashlib
import hmac
from typing import Any

import pytest

from billing.providers.errors import InvalidSignature
from billing.providers.nowpayments import signatures
from tests.billing.providers.nowpayments.accounts import hurried
from tests.billing.providers.nowpayments.on_record import fixture, names, signed, wire
from tests.sandbox.receiver import Receiver
from tests.sandbox.running_nowpayments import IPN_SECRET, RunningNowPayments

VECTORS = fixture("vector.ipn-signature")
FORMS = ("sig_raw_body", "sig_canonical_arrays_kept", "sig_canonical_array_as_object")
SIGNED = [(vector, form) for vector in VECTORS for form in FORMS if vector[form]]
NESTED = [
    vector
    for vector in VECTORS
    if vector["WRONG_sig_top_level_replacer"] != vector["sig_canonical_arrays_kept"]
]
CAPTURED = wire("ipn.finished.payment-api.captured")


@pytest.mark.parametrize(("vector", "form"), SIGNED, ids=lambda each: str(each)[:30])
def test_a_signature_of_each_form_is_genuine(vector: Any, form: str) -> None:
    provider = hurried(ipn_secrets=(f" {vector['secret']}\n",))

    event = provider.read_webhook(vector["raw_body"].encode(), {"X-NowPayments-Sig": vector[form]})

    assert event.kind == f"payment.{fixture_status(vector)}"


@pytest.mark.parametrize("vector", NESTED, ids=lambda vector: str(vector["name"]))
def test_a_signature_that_leaves_out_what_is_nested_is_not(vector: Any) -> None:
    signature = vector["WRONG_sig_top_level_replacer"]

    assert not signatures.ipn_is_genuine(
        vector["raw_body"].encode(), signature=signature, secrets=[vector["secret"]]
    )


@pytest.mark.parametrize("name", names("ipn."))
def test_every_recorded_notification_is_genuine_in_its_bytes_alone(name: str) -> None:
    body = wire(name)

    assert hurried().read_webhook(body, signed(body, IPN_SECRET)).id
    with pytest.raises(InvalidSignature):
        hurried().read_webhook(body.replace(b"1", b"2"), signed(body, IPN_SECRET))


@pytest.mark.parametrize(
    "signature",
    ["", "0" * 128, "签" * 128, "\udcff" * 128, "{}", hashlib.sha512(CAPTURED).hexdigest(),
     hmac.new(IPN_SECRET.encode(), CAPTURED, "sha256").hexdigest(),
     signed(CAPTURED, IPN_SECRET)["x-nowpayments-sig"][:127],
     signed(CAPTURED, "another secret")["x-nowpayments-sig"]],
)  # fmt: skip
def test_a_forged_notification_is_refused(signature: str) -> None:
    with pytest.raises(InvalidSignature):
        hurried().read_webhook(CAPTURED, {"x-nowpayments-sig": signature})


@pytest.mark.parametrize(
    "headers", [{}, {"creem-signature": signed(CAPTURED, IPN_SECRET)["x-nowpayments-sig"]}]
)
def test_a_notification_without_a_signature_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(InvalidSignature):
        hurried().read_webhook(CAPTURED, headers)


@pytest.mark.parametrize("secrets", [(), ("",), (" \n",)])
def test_under_an_empty_secret_nothing_is_genuine(secrets: tuple[str, ...]) -> None:
    signature = signed(CAPTURED, "")["x-nowpayments-sig"]

    with pytest.raises(InvalidSignature):
        hurried(ipn_secrets=secrets).read_webhook(CAPTURED, {"x-nowpayments-sig": signature})
    assert not signatures.ipn_is_genuine(CAPTURED, signature=signature, secrets=[""])


@pytest.mark.parametrize("secret", ["old", "new"])
def test_one_secret_follows_another_without_a_gap(secret: str) -> None:
    provider = hurried(ipn_secrets=("new", "old"))

    assert provider.read_webhook(CAPTURED, signed(CAPTURED, secret)).id


def test_a_signature_may_be_in_capitals() -> None:
    signature = signed(CAPTURED, IPN_SECRET)["x-nowpayments-sig"].upper()

    assert hurried().read_webhook(CAPTURED, {"x-nowpayments-sig": signature}).id


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"a":' * 50_000,
        b'{"order_id": "\\ud800", "payment_id": 1}',
        b'{"payment_id": 1, "payment_id": 2}',
        b'\xef\xbb\xbf{"payment_id": 1}',
        b'{"payment_id": NaN}',
        b'{"payment_id": ' + b"9" * 100_000 + b"}",
        b"\xff\xfe",
        b"",
    ],
    ids=["deep list", "deep object", "half a letter", "twice", "mark", "NaN", "large", "no text", "nothing"],
)
def test_what_no_javascript_would_have_sent_is_refused_and_no_accident(body: bytes) -> None:
    with pytest.raises(InvalidSignature):
        hurried().read_webhook(body, {"x-nowpayments-sig": "0" * 128})


@pytest.mark.parametrize(
    "spelling",
    [
        {},
        {"unsorted": True},
        {"arrays": "kept"},
        {"arrays": "as_objects", "unsorted": True},
        {"tiny_fees": True},
        {"iso_dates": True},
        {"without_updated_at": True},
    ],
    ids=str,
)
def test_the_sandbox_signs_what_is_genuine_however_it_writes(
    nowpayments: RunningNowPayments, spelling: dict[str, Any]
) -> None:
    with Receiver() as receiver:
        nowpayments.spell(**spelling)
        nowpayments.act(nowpayments.paid(ipn_callback_url=receiver.url, order_description="积分 €"), "exact")

        events = [hurried().read_webhook(each.body, each.headers) for each in receiver.deliveries]

    assert len({event.id for event in events}) == len(events) == 9


def test_what_the_sandbox_forges_is_refused(nowpayments: RunningNowPayments) -> None:
    with Receiver() as receiver:
        nowpayments.spell(forged=True)
        nowpayments.payment(ipn_callback_url=receiver.url)
        nowpayments.notifications()
        [told] = receiver.deliveries

    with pytest.raises(InvalidSignature):
        hurried().read_webhook(told.body, told.headers)


def fixture_status(vector: Any) -> str:
    return "partially_paid" if "partially_paid" in vector["raw_body"] else "finished"
