"""The address that providers call: it answers 200 for what is stored, and for nothing else."""

import socket
from collections.abc import Iterator
from io import BytesIO

import orjson
import pytest
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from billing.models import InboxEvent, Order, Payment, Review
from billing.services import inbox, wiring
from billing.views.webhooks import BODY_LIMIT_BYTES, webhook
from portal.celery import app
from tests.billing import creem_said
from tests.billing.providers.recorded import fixture, names
from tests.factories import billing as make

HANDLE = "billing.tasks.handle_event"
Nudges = list[tuple[str, int]]


@pytest.mark.django_db(transaction=True)
def test_a_webhook_is_stored_and_nudged_once(nudges: Nudges) -> None:
    with CaptureQueriesContext(connection) as queries:
        status = creem_said.tell(creem_said.completed("ord_1"))

    assert status == 200
    assert nudges == [(HANDLE, InboxEvent.objects.get().pk)]
    statements = [query["sql"].split()[0] for query in queries]
    assert [each for each in statements if each not in {"BEGIN", "COMMIT"}] == ["INSERT"]


@pytest.mark.django_db
def test_the_answer_is_tiny_and_sets_nothing(nudges: Nudges) -> None:
    body = creem_said.completed("ord_1")

    answer = Client(enforce_csrf_checks=True).post(
        creem_said.PATH, body, "application/json", headers={"creem-signature": creem_said.signature_of(body)}
    )

    assert (answer.status_code, answer.content, answer.cookies) == (200, b"ok", {})


@pytest.mark.django_db
@pytest.mark.parametrize("signature", ["", "0" * 64, "ü", creem_said.COMPLETED["id"]])
@pytest.mark.parametrize("body", [b"", b"{}", creem_said.completed("ord_1")], ids=["empty", "bare", "whole"])
def test_what_is_not_signed_is_refused(nudges: Nudges, body: bytes, signature: str) -> None:
    assert creem_said.tell(body, signature=signature) == 401
    assert (InboxEvent.objects.count(), nudges) == (0, [])


@pytest.mark.django_db
def test_a_changed_byte_breaks_the_signature(nudges: Nudges) -> None:
    body = creem_said.completed("ord_1")

    assert creem_said.tell(body + b" ", signature=creem_said.signature_of(body)) == 401


@pytest.mark.django_db
def test_an_empty_body_that_is_signed_is_kept(nudges: Nudges) -> None:
    assert creem_said.tell(b"") == 200
    assert InboxEvent.objects.get().kind == "unreadable"


@pytest.mark.django_db
@pytest.mark.parametrize("size", [BODY_LIMIT_BYTES + 1, 5 * 2**20])
def test_a_body_that_is_too_large_is_refused_unread(nudges: Nudges, size: int) -> None:
    assert creem_said.tell(b" " * size) == 413
    assert InboxEvent.objects.count() == 0


@pytest.mark.django_db
def test_the_largest_body_is_taken(nudges: Nudges) -> None:
    body = creem_said.completed("ord_1")

    assert creem_said.tell(body + b" " * (BODY_LIMIT_BYTES - len(body))) == 200


@pytest.mark.django_db
@pytest.mark.parametrize(("size", "status"), [(BODY_LIMIT_BYTES, 200), (BODY_LIMIT_BYTES + 1, 413)])
def test_a_body_that_does_not_tell_its_size_is_measured(nudges: Nudges, size: int, status: int) -> None:
    body = b" " * size
    headers = [(b"creem-signature", creem_said.signature_of(body).encode())]
    scope = {"type": "http", "method": "POST", "path": creem_said.PATH, "headers": headers}

    answer = webhook(ASGIRequest(scope, BytesIO(body)), "creem")

    assert answer.status_code == status


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "put", "delete", "head", "options"])
def test_only_posts_are_taken(method: str) -> None:
    assert getattr(Client(), method)(creem_said.PATH).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_without_a_database_the_provider_is_told_to_come_again(
    nudges: Nudges, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as away:
        away.setitem(connection.settings_dict, "HOST", "/nowhere")
        connection.close()
        status = creem_said.tell(creem_said.completed("ord_1"))

    assert (status, nudges) == (503, [])
    assert "tran_paid_1" not in caplog.text
    assert creem_said.tell(creem_said.completed("ord_1")) == 200


@pytest.fixture
def broker_away(monkeypatch: pytest.MonkeyPatch) -> None:
    connect_to(1, monkeypatch)


@pytest.fixture
def broker_silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Offer a broker that takes connections and says nothing; wait a twentieth of the usual time."""
    usual = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    hurried = {**usual, "socket_timeout": usual["socket_timeout"] / 20}
    monkeypatch.setitem(app.conf, "broker_transport_options", hurried)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connect_to(silent.getsockname()[1], monkeypatch)
        yield


def connect_to(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.conf, "broker_url", f"redis://127.0.0.1:{port}/0")
    monkeypatch.setattr(app, "_pool", None)
    monkeypatch.setattr(app.amqp, "_producer_pool", None)


@pytest.mark.django_db
@pytest.mark.parametrize("broker", ["broker_away", "broker_silent"])
def test_a_broker_that_is_away_or_hangs_loses_nothing(
    broker: str, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    request.getfixturevalue(broker)

    assert creem_said.tell(creem_said.completed("ord_1")) == 200

    assert InboxEvent.objects.waiting().count() == 1
    assert "waits for the sweep" in caplog.text


def come_to(name: str) -> tuple[str, list[str]]:
    """Return the outcome of a recorded webhook, and the reviews that it opens, when nobody ordered it."""
    if "checkout.completed" in name:
        return "", []  # it waits for the order that it names
    if "refund." in name or "dispute." in name:
        return "", []  # it waits for the payment that it takes back
    if name == "webhook.subscription.paid.docs":
        return "", []  # it waits for Creem, which is asked how much was paid
    return "kept", []


@pytest.mark.django_db
@pytest.mark.parametrize("name", names("webhook."))
def test_every_recorded_webhook_is_stored_handled_and_shown(name: str, nudges: Nudges) -> None:
    make.order()
    body = orjson.dumps(fixture(name))

    assert creem_said.tell(body) == 200
    inbox.handle(InboxEvent.objects.get().pk)

    told = InboxEvent.objects.get()
    assert told.kind == fixture(name)["eventType"]
    reasons = list(Review.objects.values_list("reason", flat=True))
    assert (told.outcome, reasons) == come_to(name)
    assert Payment.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    [
        "webhook.checkout.completed.onetime.captured",
        "webhook.checkout.completed.onetime-exclusive-tax.constructed",
    ],
)
def test_a_recorded_purchase_pays_the_order_that_it_names(name: str, nudges: Nudges) -> None:
    said = fixture(name)["object"]
    order = make.order(make.package(product_id=said["order"]["product"]))
    Order.objects.update(
        reference=said["request_id"][:32],
        price_cents=said["order"]["amount"],
        currency=said["order"]["currency"],
    )
    creem_said.with_page(Order.objects.get(), tag="1")
    Order.objects.update(checkout_id=said["id"])
    creem_said.tell(orjson.dumps(fixture(name)))

    assert inbox.handle(InboxEvent.objects.get().pk) == order.pk

    payment = Payment.objects.get()
    assert (payment.transaction_id, payment.paid_cents) == (
        said["order"]["transaction"],
        said["order"]["amount_paid"],
    )


def test_a_shop_without_a_secret_believes_nobody(settings: Settings) -> None:
    settings.CREEM_WEBHOOK_SECRET = ""
    wiring.creem.cache_clear()

    status = creem_said.tell(b"{}", signature=creem_said.signature_of(b"{}"))

    wiring.creem.cache_clear()
    assert status == 401
