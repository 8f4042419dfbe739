"""A code leaves `live` once: to one customer, or with its batch, or when its time is over."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.services import keyed_hash
from ledger.models import Entry
from ledger.money import NanoUSD
from redemption.errors import CodeMistyped, CodeUnusable
from redemption.models import Batch, Code
from redemption.services import codes, liability, proof, wallets
from redemption.services.codes import Benefit
from tests.factories.accounts import CustomerFactory, StaffFactory
from tests.factories.redemption import codes_of, issued_batch, new_code
from tests.redemption import books
from tests.redemption.test_issuing import SOLD, USD
from tests.together import together


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "CLOSED_AT_ONCE", 2)


@pytest.mark.django_db
def test_claiming_spends_the_code_for_the_customer() -> None:
    batch = issued_batch(count=1, value_nano_usd=5 * USD, **SOLD)
    customer = CustomerFactory.create()

    benefit = codes.claim(codes_of(batch)[0].lower(), customer=customer)

    code = Code.objects.get()
    assert benefit == Benefit(code.pk, NanoUSD(5 * USD), batch.created_at, batch.price, "", None)
    assert (code.state, code.redeemed_by) == (Code.State.REDEEMED, customer)
    assert code.closed_at is not None


@pytest.mark.django_db
def test_a_code_that_nobody_paid_for_has_no_price() -> None:
    benefit = codes.claim(new_code(), customer=CustomerFactory.create())

    assert benefit.price is None


@pytest.mark.django_db
def test_a_code_is_found_under_every_pepper_that_is_left(settings: Settings) -> None:
    text = new_code()
    settings.KEY_PEPPERS = {99: b"n" * 32, **settings.KEY_PEPPERS}

    benefit = codes.claim(text, customer=CustomerFactory.create())

    assert benefit.value == USD


@pytest.mark.django_db
def test_text_that_is_no_code_costs_no_query() -> None:
    customer = CustomerFactory.create()

    with CaptureQueriesContext(connection) as queries, pytest.raises(CodeMistyped):
        codes.claim("0000-0000", customer=customer)

    assert len(queries) == 0


def unknown() -> str:
    text = new_code()
    Code.objects.update(code_hash=keyed_hash.digest(keyed_hash.CODE, "another").value)
    return text


def spent() -> str:
    text = new_code()
    codes.claim(text, customer=CustomerFactory.create())
    return text


def expired() -> str:
    text = new_code(expires_at=timezone.now() + timedelta(hours=1))
    Batch.objects.update(expires_at=timezone.now())
    return text


def of_a_batch_in(state: Batch.State) -> str:
    text = new_code()
    Batch.objects.update(state=state)
    return text


def voiding() -> str:
    return of_a_batch_in(Batch.State.VOIDING)


def voided() -> str:
    return of_a_batch_in(Batch.State.VOIDED)


@pytest.mark.django_db
@pytest.mark.parametrize("unusable", [unknown, spent, expired, voiding, voided])
def test_an_unusable_code_is_refused_by_one_query_whatever_the_reason(unusable: Callable[[], str]) -> None:
    text = unusable()
    customer = CustomerFactory.create()
    before = list(Code.objects.values_list("state", "redeemed_by"))

    with CaptureQueriesContext(connection) as queries, pytest.raises(CodeUnusable):
        codes.claim(text, customer=customer)

    assert len(queries) == 1
    assert list(Code.objects.values_list("state", "redeemed_by")) == before


@pytest.mark.django_db
def test_staff_find_a_code_by_its_whole_text_in_whatever_state() -> None:
    text = spent()

    assert codes.find(f" {text.lower()} ") == Code.objects.get()


@pytest.mark.django_db
def test_staff_find_nothing_by_a_code_that_never_was() -> None:
    assert codes.find(unknown()) is None


@pytest.mark.django_db
@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize(
    ("price", "origin"), [({}, "promotion"), (SOLD, "cash:manual")], ids=["given", "sold"]
)
def test_voiding_closes_what_is_live_and_gives_its_value_back(price: dict[str, object], origin: str) -> None:
    batch = issued_batch(count=4, **price)
    codes.claim(codes_of(batch)[0], customer=CustomerFactory.create())
    staff = StaffFactory.create()

    codes.void_batch(batch, voided_by=staff)
    codes.finish_voiding(batch.pk)

    batch.refresh_from_db()
    first, second, third, fourth = Code.objects.order_by("pk")
    assert [code.state for code in (first, second, third, fourth)] == [
        "redeemed",
        "voided",
        "voided",
        "voided",
    ]
    assert (batch.state, batch.voided_count, batch.voided_by) == (Batch.State.VOIDED, 3, staff)
    assert books.movements()[1:] == [
        (f"batch:{batch.pk}:voided:{second.pk}", "codes", origin, 2 * USD),
        (f"batch:{batch.pk}:voided:{fourth.pk}", "codes", origin, USD),
    ]
    assert set(Entry.objects.filter(kind="codes_voided").values_list("made_by", flat=True)) == {staff.pk}


@pytest.mark.django_db
def test_voiding_forgets_the_plaintext() -> None:
    batch = issued_batch()

    codes.void_batch(batch, voided_by=StaffFactory.create())
    codes.finish_voiding(batch.pk)

    assert list(batch.chunks.values_list("sealed_codes", flat=True)) == [None]
    assert proof.discrepancies() == []


@pytest.mark.django_db
def test_voiding_again_changes_nothing() -> None:
    batch = issued_batch()
    first, second = StaffFactory.create_batch(2)
    codes.void_batch(batch, voided_by=first)
    codes.finish_voiding(batch.pk)
    before = books.movements()

    codes.void_batch(batch, voided_by=second)
    codes.finish_voiding(batch.pk)

    batch.refresh_from_db()
    assert (batch.state, batch.voided_by) == (Batch.State.VOIDED, first)
    assert books.movements() == before


@pytest.mark.django_db
def test_closing_the_codes_of_a_batch_that_nobody_voided_does_nothing() -> None:
    batch = issued_batch()

    codes.finish_voiding(batch.pk)

    assert set(batch.codes.values_list("state", flat=True)) == {"live"}


@pytest.mark.django_db
@pytest.mark.usefixtures("few_at_once")
def test_voiding_that_was_interrupted_is_carried_on(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = issued_batch(count=4)
    codes.void_batch(batch, voided_by=StaffFactory.create())
    with monkeypatch.context() as crash:
        crash.setattr(liability, "give_back", failing_after(1, liability.give_back))
        with pytest.raises(DatabaseError):
            codes.finish_voiding(batch.pk)

    codes.finish_voiding(batch.pk)

    assert [amount for *_, amount in books.movements()] == [4 * USD, 2 * USD, 2 * USD]
    assert set(batch.codes.values_list("state", flat=True)) == {"voided"}
    assert proof.discrepancies() == []


@pytest.mark.django_db
@pytest.mark.usefixtures("few_at_once")
def test_codes_whose_time_is_over_expire_and_give_their_value_back() -> None:
    later = timezone.now() + timedelta(hours=1)
    eternal, lasting = issued_batch(), issued_batch(expires_at=later + timedelta(hours=1))
    given, sold = issued_batch(count=3, expires_at=later), issued_batch(count=1, expires_at=later, **SOLD)
    issued = len(books.movements())
    Batch.objects.filter(expires_at=later).update(expires_at=timezone.now())

    codes.expire_due()
    codes.expire_due()

    given.refresh_from_db()
    assert given.expired_at is not None
    assert set(given.codes.values_list("state", flat=True)) == {"expired"}
    assert set(Code.objects.filter(batch__in=[eternal, lasting]).values_list("state", flat=True)) == {"live"}
    first, _second, third = given.codes.order_by("pk").values_list("pk", flat=True)
    assert sorted(books.movements()[issued:]) == sorted(
        [
            (f"batch:{given.pk}:expired:{first}", "codes", "promotion", 2 * USD),
            (f"batch:{given.pk}:expired:{third}", "codes", "promotion", USD),
            (f"batch:{sold.pk}:expired:{sold.codes.get().pk}", "codes", "cash:manual", USD),
        ]
    )
    assert proof.discrepancies() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("few_at_once")
def test_voiding_expiry_and_redeeming_at_once_close_each_code_once() -> None:
    batch = issued_batch(count=40)
    texts, customers, staff = codes_of(batch), CustomerFactory.create_batch(40), StaffFactory.create()

    def act(number: int) -> None:
        match number:
            case 10 | 11:
                Batch.objects.update(expires_at=Now())
                codes.expire_due()
            case 20 | 21:
                codes.void_batch(batch, voided_by=staff)
                codes.finish_voiding(batch.pk)
            case _:
                wallets.redeem(typed_code=texts[number], customer=customers[number], address=str(number))

    together(40, act)

    assert not batch.codes.live().exists()
    assert books.held_for_codes() == 0
    assert proof.discrepancies() == []


@pytest.mark.django_db(transaction=True)
def test_voiding_waits_for_whoever_is_redeeming_and_leaves_them_their_code() -> None:
    batch = issued_batch(count=2)
    text, customer, staff = codes_of(batch)[0], CustomerFactory.create(), StaffFactory.create()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            codes.claim(text, customer=customer)
            voiding = pool.submit(void_in_a_thread, batch, staff)
            wait_until_somebody_waits_for_a_lock()
        voiding.result()

    assert list(batch.codes.order_by("pk").values_list("state", flat=True)) == ["redeemed", "voided"]


def void_in_a_thread(batch: Batch, staff: User) -> None:
    codes.void_batch(batch, voided_by=staff)
    codes.finish_voiding(batch.pk)
    connection.close()


def wait_until_somebody_waits_for_a_lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        while cursor.fetchone():
            cursor.execute("SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")


def failing_after(count: int, function: Callable[..., None]) -> Callable[..., None]:
    """Let ``function`` work ``count`` times, and then fail as when the database is lost."""
    left = iter(range(count))

    def call(*facts: object, **more: object) -> None:
        if next(left, None) is None:
            raise DatabaseError
        function(*facts, **more)

    return call
