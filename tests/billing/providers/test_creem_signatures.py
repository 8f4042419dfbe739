"""Only what Creem signed is believed to be Creem's."""

import hashlib
import hmac
from typing import Any

import pytest

from billing.providers.creem import signatures
from billing.providers.errors import InvalidSignature
from tests.billing.providers.conftest import hurried
from tests.billing.providers.recorded import fixture
from tests.sandbox.running_creem import webhook_signature

WEBHOOKS = fixture("vector.webhook-signature")
REDIRECTS = fixture("vector.redirect-signature")
Pairs = list[tuple[str, str]]


def query_of(vector: Any) -> Pairs:
    pairs = [(name, value) for name, value in vector["params_in_arrival_order"]]
    return [*pairs, ("signature", vector["signature"])]


@pytest.mark.parametrize("vector", WEBHOOKS)
def test_a_signed_webhook_is_genuine(vector: Any) -> None:
    provider = hurried("", webhook_secret=f" {vector['secret']}\n")

    event = provider.read_webhook(vector["raw_body"].encode(), {vector["header"]: vector["signature"]})

    assert event.id.startswith("evt_")


@pytest.mark.parametrize("both", ["whsec_next {old}", "{old} whsec_next"])
def test_while_one_secret_follows_another_both_are_believed(both: str) -> None:
    vector = WEBHOOKS[0]
    provider = hurried("", webhook_secret=both.format(old=vector["secret"]))
    body = vector["raw_body"].encode()
    by_the_next = hmac.new(b"whsec_next", body, hashlib.sha256).hexdigest()

    assert provider.read_webhook(body, {"creem-signature": vector["signature"]}).id.startswith("evt_")
    assert provider.read_webhook(body, {"creem-signature": by_the_next}).id.startswith("evt_")


@pytest.mark.parametrize("vector", WEBHOOKS)
@pytest.mark.parametrize("signature", ["", "0" * 64, "签名", "\udcff", "{}", "\x00"])
def test_a_forged_webhook_is_not(vector: Any, signature: str) -> None:
    provider = hurried("", webhook_secret=vector["secret"])

    with pytest.raises(InvalidSignature):
        provider.read_webhook(vector["raw_body"].encode(), {"creem-signature": signature})


@pytest.mark.parametrize("headers", [{}, {"x-signature": WEBHOOKS[0]["signature"]}])
def test_a_webhook_without_a_signature_is_not(headers: dict[str, str]) -> None:
    provider = hurried("", webhook_secret=WEBHOOKS[0]["secret"])

    with pytest.raises(InvalidSignature):
        provider.read_webhook(WEBHOOKS[0]["raw_body"].encode(), headers)


@pytest.mark.parametrize("secret", ["", "  "])
def test_under_an_empty_secret_nothing_is_genuine(secret: str) -> None:
    body = b"{}"
    signature = hmac.new(b"", body, hashlib.sha256).hexdigest()

    with pytest.raises(InvalidSignature):
        hurried("", webhook_secret=secret).read_webhook(body, {"creem-signature": signature})
    assert not signatures.webhook_is_genuine(body, signature=signature, secret="")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"id": 7}', b'{"id": "evt_\\u0000"}'])
def test_whatever_is_signed_is_accepted_and_known_by_its_bytes(body: bytes) -> None:
    signature = webhook_signature(body)

    events = [hurried("").read_webhook(body, {"creem-signature": signature}) for _ in range(2)]

    assert events[0] == events[1]
    assert events[0].id.startswith("sha256:")
    assert (events[0].kind, events[0].sent_at) == ("unreadable", None)


@pytest.mark.parametrize("vector", REDIRECTS)
def test_a_signed_redirect_is_genuine(vector: Any) -> None:
    provider = hurried("", api_key=vector["api_key"])

    assert provider.redirect_is_genuine(query_of(vector))


def test_a_redirect_whose_order_was_lost_on_the_way_is_genuine() -> None:
    query = query_of(REDIRECTS[0])

    assert signatures.redirect_is_genuine(sorted(query), api_key=REDIRECTS[0]["api_key"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("checkout_id", "ch_2"),
        ("order_id", ""),
        ("signature", ""),
        ("signature", "é"),
        ("product_id", "\udcff"),
    ],
)
def test_a_redirect_that_was_touched_is_not(name: str, value: str) -> None:
    query = [(each, value if each == name else old) for each, old in query_of(REDIRECTS[0])]

    assert not signatures.redirect_is_genuine(query, api_key=REDIRECTS[0]["api_key"])


@pytest.mark.parametrize("query", [[], [("signature", "")], [("checkout_id", "ch_1")]])
def test_a_redirect_without_a_signature_is_not(query: Pairs) -> None:
    assert not signatures.redirect_is_genuine(query, api_key="creem_test_x")


def test_a_redirect_signed_with_another_key_is_not() -> None:
    assert not signatures.redirect_is_genuine(query_of(REDIRECTS[0]), api_key="creem_test_other")
