"""Batches in the admin: what staff may do, what they see, and that codes leave once."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import pytest
from asgiref.sync import async_to_sync
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.asgi import get_asgi_application
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import User
from redemption.models import Batch
from redemption.services import code_text, codes, downloads, issuing
from redemption.services.code_files import TXT
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.redemption import BatchFactory, codes_of, issued_batch

ADD = "admin:redemption_batch_add"
PAGE = "admin:redemption_batch_change"
PROGRESS = "admin:redemption_batch_progress"
DOWNLOAD = "admin:redemption_batch_download"
VOID = "admin:redemption_batch_void"
FORM = "application/x-www-form-urlencoded"
ORDER = {"name": "spring", "count": "3", "value_nano_usd": "0.45"}

pytestmark = pytest.mark.django_db


def staff_who_may(*acts: str) -> User:
    user = StaffFactory.create()
    user.user_permissions.set(Permission.objects.filter(codename__in=[f"{act}_batch" for act in acts]))
    return user


@pytest.fixture
def staff() -> User:
    return staff_who_may("view", "add", "download", "void")


@pytest.fixture
def browser(staff: User, client: Client) -> Client:
    client.force_login(staff)
    return client


def test_an_order_is_kept_and_sent_to_the_worker_when_it_is_committed(
    browser: Client,
    staff: User,
    sent: list[tuple[str, object]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = browser.post(reverse(ADD), ORDER)

    batch = Batch.objects.get()
    assert (batch.name, batch.count, batch.value_nano_usd) == ("spring", 3, 450_000_000)
    assert (batch.state, batch.issued_by, batch.price) == (Batch.State.ISSUING, staff, None)
    assert answer["Location"] == reverse(PAGE, args=[batch.pk])
    assert sent == [("redemption.tasks.issue_batch", batch.pk)]


def test_an_order_may_say_what_a_buyer_paid(browser: Client, sent: list[tuple[str, object]]) -> None:
    paid = {"paid_amount": "8.5", "paid_currency": " usdt ", "paid_units_per_usd": "1"}

    browser.post(reverse(ADD), ORDER | paid)

    assert Batch.objects.get().price == (Decimal("8.5"), "USDT", Decimal(1))


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"value_nano_usd": "0.0000000001"}, "no more than 9 decimal places"),
        ({"value_nano_usd": "0"}, "greater than or equal to 1E-9"),
        ({"value_nano_usd": "much"}, "Enter a number"),
        ({"value_nano_usd": ""}, "This field is required"),
        ({"count": "0"}, "greater than or equal to 1"),
        ({"count": "1000001"}, "less than or equal to 1000000"),
        ({"count": "1000000", "value_nano_usd": "1001"}, "more than the books can keep"),
        ({"paid_amount": "8"}, "amount, currency and rate"),
        ({"expires_at_0": "2020-01-01", "expires_at_1": "00:00"}, "This moment has passed"),
    ],
)
def test_an_order_that_makes_no_sense_is_told_so_at_its_field(
    browser: Client, wrong: dict[str, str], complaint: str
) -> None:
    answer = browser.post(reverse(ADD), ORDER | wrong)

    assert complaint in answer.text
    assert not Batch.objects.exists()


def test_a_batch_under_way_shows_how_far_it_is_and_renews_itself(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuing, "CHUNK_SIZE", 1_000)
    batch = BatchFactory.create(count=3_000)
    issuing.issue_next_chunk(batch.pk)

    page = browser.get(reverse(PAGE, args=[batch.pk])).text

    assert "1,000 of 3,000 codes are issued." in page
    assert '<progress id="how-far" value="1000" max="3000">' in page
    assert f'hx-get="{reverse(PROGRESS, args=[batch.pk])}"' in page
    assert "Stop and void" in page
    assert ">Refresh</a>" in page
    assert "Download the codes" not in page


def test_what_renews_itself_is_only_the_part_that_changes(browser: Client) -> None:
    batch = BatchFactory.create()

    part = browser.get(reverse(PROGRESS, args=[batch.pk])).text

    assert part.strip().startswith("<section")
    assert "0 of 3 codes are issued." in part


def test_a_ready_batch_offers_its_download_and_stops_asking(browser: Client) -> None:
    batch = issued_batch()

    part = browser.get(reverse(PROGRESS, args=[batch.pk])).text

    assert reverse(DOWNLOAD, args=[batch.pk]) in part
    assert reverse(VOID, args=[batch.pk]) in part
    assert "hx-get" not in part


def test_a_downloaded_batch_says_who_has_the_codes(browser: Client, staff: User) -> None:
    batch = issued_batch()
    list(downloads.start(batch, TXT, by=staff))

    page = browser.get(reverse(PAGE, args=[batch.pk])).text

    assert f"All 3 codes were downloaded by {staff.email}" in page
    assert reverse(DOWNLOAD, args=[batch.pk]) not in page


def test_a_batch_that_is_being_voided_shows_how_far_it_is(browser: Client, staff: User) -> None:
    batch = issued_batch()
    codes.void_batch(batch, voided_by=staff)

    part = browser.get(reverse(PROGRESS, args=[batch.pk])).text

    assert "0 of 3 are closed in the books." in part
    assert "hx-get" in part
    assert reverse(VOID, args=[batch.pk]) not in part


def test_a_void_batch_says_who_voided_it(browser: Client, staff: User) -> None:
    batch = issued_batch()
    codes.void_batch(batch, voided_by=staff)
    codes.finish_voiding(batch.pk)

    page = browser.get(reverse(PAGE, args=[batch.pk])).text

    assert f"3 codes were voided by {staff.email}" in page
    assert "hx-get" not in page


def test_the_page_of_a_batch_tells_its_terms_and_counts_its_codes_by_state(browser: Client) -> None:
    sold = {"paid_amount": Decimal("3.60"), "paid_currency": "CNY", "paid_units_per_usd": Decimal(8)}
    batch = issued_batch(count=2_000, value_nano_usd=450_000_000, **sold)

    page = browser.get(reverse(PAGE, args=[batch.pk])).text

    assert "$0.45" in page
    assert "$900.00" in page
    assert "3.6 CNY (8 CNY = 1 USD)" in page
    assert f'<a href="/admin/redemption/code/?batch={batch.pk}&amp;state=live">2,000 live</a>' in page
    assert "None" not in page
    assert 'name="_save"' not in page


def test_the_list_takes_the_same_few_queries_for_any_number_of_batches(
    browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    BatchFactory.create_batch(20)

    with django_assert_max_num_queries(9):
        page = browser.get(reverse("admin:redemption_batch_changelist")).text

    assert "0 / 3" in page


def test_asking_for_the_download_hands_nothing_over(browser: Client) -> None:
    batch = issued_batch()

    page = browser.get(reverse(DOWNLOAD, args=[batch.pk]) + "?format=csv").text

    assert "can be downloaded once" in page
    assert code_text.grouped(codes_of(batch)[0]) not in page
    assert Batch.objects.get().download_lease_until is None


@pytest.mark.parametrize(
    ("form", "content_type", "first_line"),
    [
        ("csv", "text/csv; charset=utf-8", "code,value_usd,expires,batch"),
        ("txt", "text/plain; charset=utf-8", None),
    ],
)
def test_the_codes_come_as_a_file_that_nobody_stores(
    browser: Client, staff: User, form: str, content_type: str, first_line: str | None
) -> None:
    batch = issued_batch()
    expected = code_text.grouped(codes_of(batch)[0])

    answer = browser.post(reverse(DOWNLOAD, args=[batch.pk]), {"format": form})

    lines = b"".join(parts_of(answer)).decode().splitlines()
    assert answer["Content-Type"] == content_type
    assert answer["Content-Disposition"] == f'attachment; filename="codes-{batch.pk}.{form}"'
    assert "no-store" in answer["Cache-Control"]
    assert lines[0] == (first_line or expected)
    assert sum(expected in line for line in lines) == 1
    batch.refresh_from_db()
    assert (batch.state, batch.downloaded_by) == (Batch.State.DOWNLOADED, staff)
    assert LogEntry.objects.filter(user=staff, object_id=str(batch.pk)).exists()


def test_a_second_download_is_refused_on_a_page_that_says_why(browser: Client) -> None:
    batch = issued_batch()
    address = reverse(DOWNLOAD, args=[batch.pk])
    list(parts_of(browser.post(address, {"format": "txt"})))

    answer = browser.post(address, {"format": "txt"})

    assert answer.status_code == 410
    assert "they can be downloaded only once" in answer.text
    assert "cannot be downloaded" in browser.get(address).text


@pytest.mark.django_db(transaction=True)
def test_an_async_server_streams_the_codes_all_the_same(browser: Client) -> None:
    batch = issued_batch()
    expected = [code_text.grouped(code) for code in codes_of(batch)]

    content = download_from_an_async_server(browser, batch, patience=10)

    assert content.decode().splitlines() == expected
    assert Batch.objects.get().state == Batch.State.DOWNLOADED


@pytest.mark.django_db(transaction=True)
def test_a_reader_who_hangs_up_leaves_the_codes_for_another_time(browser: Client) -> None:
    batch = issued_batch()

    content = download_from_an_async_server(browser, batch, patience=2)

    batch.refresh_from_db()
    assert len(content.splitlines()) == 3
    assert (batch.state, batch.download_lease_until) == (Batch.State.READY, None)
    assert len(codes_of(batch)) == 3


def test_voiding_asks_first(browser: Client) -> None:
    batch = issued_batch()

    page = browser.get(reverse(VOID, args=[batch.pk])).text

    assert "This cannot be undone." in page
    assert Batch.objects.get().state == Batch.State.READY


def test_voiding_takes_effect_at_once_and_sends_the_rest_to_the_worker(
    browser: Client,
    staff: User,
    sent: list[tuple[str, object]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    batch = issued_batch()

    with django_capture_on_commit_callbacks(execute=True):
        answer = browser.post(reverse(VOID, args=[batch.pk]))

    batch.refresh_from_db()
    assert (batch.state, batch.voided_by) == (Batch.State.VOIDING, staff)
    assert answer["Location"] == reverse(PAGE, args=[batch.pk])
    assert sent == [("redemption.tasks.void_codes", batch.pk)]
    assert LogEntry.objects.filter(user=staff, object_id=str(batch.pk)).exists()


@pytest.mark.parametrize("act", [PROGRESS, DOWNLOAD, VOID])
@pytest.mark.parametrize("who", [UserFactory, None], ids=["customer", "stranger"])
def test_who_is_not_staff_is_sent_to_log_in(client: Client, act: str, who: type[UserFactory] | None) -> None:
    batch = issued_batch()
    log_in(client, who)

    answer = client.post(reverse(act, args=[batch.pk]), {"format": "txt"})

    assert answer.status_code == 302
    assert "/login" in answer["Location"]
    assert Batch.objects.get().state == Batch.State.READY


@pytest.mark.parametrize(
    ("method", "act", "others"),
    [
        ("GET", PROGRESS, ["add", "download", "void"]),
        ("POST", DOWNLOAD, ["view", "add", "void"]),
        ("POST", VOID, ["view", "add", "download"]),
    ],
)
def test_each_act_asks_for_its_own_permission(
    client: Client, method: str, act: str, others: list[str]
) -> None:
    batch = issued_batch()
    client.force_login(staff_who_may(*others))

    answer = client.generic(method, reverse(act, args=[batch.pk]), "format=txt", content_type=FORM)

    assert answer.status_code == 403
    assert Batch.objects.get().state == Batch.State.READY


def test_staff_who_may_only_look_see_no_buttons(client: Client) -> None:
    batch = issued_batch()
    client.force_login(staff_who_may("view"))

    page = client.get(reverse(PAGE, args=[batch.pk])).text

    assert reverse(DOWNLOAD, args=[batch.pk]) not in page
    assert reverse(VOID, args=[batch.pk]) not in page
    assert client.get(reverse(ADD)).status_code == 403


@pytest.mark.parametrize("act", [PROGRESS, DOWNLOAD, VOID])
def test_a_batch_that_does_not_exist_is_not_found(browser: Client, act: str) -> None:
    assert browser.get(reverse(act, args=[4711])).status_code == 404


def test_progress_is_only_looked_at(browser: Client) -> None:
    assert browser.post(reverse(PROGRESS, args=[BatchFactory.create().pk])).status_code == 405


@async_to_sync
async def download_from_an_async_server(browser: Client, batch: Batch, *, patience: int) -> bytes:
    """Download as Granian lets a browser do it, which hangs up after so many messages."""
    token = "t" * 32
    cookies = f"sessionid={browser.cookies['sessionid'].value}; csrftoken={token}"
    scope = {
        "type": "http", "method": "POST", "path": reverse(DOWNLOAD, args=[batch.pk]), "query_string": b"",
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"cookie", cookies.encode()),
            (b"x-csrftoken", token.encode()),
            (b"content-type", b"application/x-www-form-urlencoded"),
        ],
    }  # fmt: skip
    messages: list[Any] = []
    hung_up = asyncio.Event()
    request: Iterator[dict[str, Any]] = iter([{"type": "http.request", "body": b"format=txt"}])

    async def receive() -> dict[str, Any]:
        for message in request:
            return message
        await hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(message: Mapping[str, Any]) -> None:
        messages.append(message)
        if len(messages) > patience:
            hung_up.set()
            await asyncio.Event().wait()

    await get_asgi_application()(scope, receive, send)
    return b"".join(message.get("body", b"") for message in messages)


def parts_of(answer: object) -> Iterator[bytes]:
    return iter(cast("StreamingHttpResponse", answer))


def log_in(client: Client, who: Callable[[], User] | type[UserFactory] | None) -> None:
    if who is not None:
        client.force_login(cast("User", who()))


@pytest.mark.parametrize("view", ["admin:redemption_batch_changelist", PAGE])
def test_expiry_is_shown_in_the_time_of_the_site(browser: Client, settings: Settings, view: str) -> None:
    settings.TIME_ZONE = "Asia/Shanghai"
    batch = BatchFactory.create(expires_at=datetime(2040, 5, 6, 20, 0, tzinfo=UTC))

    page = browser.get(reverse(view, args=[batch.pk] if view == PAGE else [])).text

    assert "May 7, 2040, 4 a.m." in page
