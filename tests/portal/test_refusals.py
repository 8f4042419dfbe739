"""Every refusal has its words, and every failure a page in our look."""

import inspect
from types import ModuleType

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import path
from django.utils import translation

from accounts import errors as accounts_errors
from accounts.errors import AccountsError, SealBroken, TooManyAttempts
from billing import errors as billing_errors
from billing.errors import BillingError
from ledger import errors as ledger_errors
from ledger.errors import (
    LedgerError,
    LimitRefused,
    NotANetwork,
    PeriodWithoutCredit,
    RatesImpossible,
    ReferenceReused,
    SourceUnknown,
    SourceWithoutPrice,
)
from portal import refusals, urls
from portal.refusals import RefusalMiddleware
from redemption import errors as redemption_errors
from redemption.errors import BatchNotReady, CodeUnusable, RedemptionError
from tests.portal.reading import words

# These are kinds of refusals, or faults of ours, which become a logged 500.
FAULTS = {
    AccountsError, BillingError, LedgerError, LimitRefused, PeriodWithoutCredit, RedemptionError, SealBroken,
    ReferenceReused,
}  # fmt: skip
# `manage.py import_rates` tells these itself: they happen on no page.
ON_NO_PAGE = {SourceUnknown, SourceWithoutPrice, RatesImpossible}


def errors_of(module: ModuleType) -> list[type[Exception]]:
    found = (error for _, error in inspect.getmembers(module, inspect.isclass))
    return [error for error in found if issubclass(error, Exception) and error not in FAULTS | ON_NO_PAGE]


@pytest.mark.parametrize("module", [accounts_errors, billing_errors, ledger_errors, redemption_errors])
def test_every_refusal_of_a_room_has_its_words(module: ModuleType) -> None:
    assert [error.__name__ for error in errors_of(module) if error not in refusals.WORDINGS] == []


def test_a_refusal_is_a_page_with_its_code() -> None:
    answer = RefusalMiddleware(unreached).process_exception(a_request(), BatchNotReady())

    assert answer is not None
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "The codes are still being issued." in words(page)
    assert "batch_not_ready" in page
    assert "<html" in page


def test_a_refusal_names_what_was_typed() -> None:
    assert refusals.worded(NotANetwork("my home")).sentence.startswith("“my home” is no network.")


def test_htmx_gets_a_notice_and_where_it_belongs() -> None:
    answer = RefusalMiddleware(unreached).process_exception(a_request(htmx=True), CodeUnusable())

    assert answer is not None
    assert answer.headers["HX-Retarget"] == "#notices"
    assert answer.content.decode().strip().startswith("<p")


def test_a_refusal_that_passes_says_when() -> None:
    answer = RefusalMiddleware(unreached).process_exception(a_request(), TooManyAttempts(61))

    assert answer is not None
    assert answer.headers["Retry-After"] == "61"
    assert "Try again in 2 minutes." in answer.content.decode()


@pytest.mark.parametrize("fault", [SealBroken(), ReferenceReused(), ValueError()])
def test_a_fault_is_left_to_become_a_500(fault: Exception) -> None:
    assert RefusalMiddleware(unreached).process_exception(a_request(), fault) is None


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_missing_page_has_our_look_and_a_code(language: str) -> None:
    answer = Client().get("/no-such-page", headers={"Accept-Language": language})

    page = answer.content.decode()
    assert answer.status_code == 404
    assert "404 not_found" in page
    assert f'<html lang="{language}">' in page


@pytest.mark.django_db
def test_a_page_out_of_date_has_our_look_and_a_code() -> None:
    answer = Client(enforce_csrf_checks=True).post("/login", {"login": "ada@example.com"})

    assert answer.status_code == 403
    assert "403 csrf" in answer.content.decode()


def fail(request: HttpRequest) -> HttpResponse:
    raise SealBroken


urlpatterns = [*urls.urlpatterns, path("fails", fail)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "Something went wrong on our side"), ("zh-hans", "我们这边出错了")],
)
@override_settings(ROOT_URLCONF=__name__)
def test_a_failure_has_our_look_and_a_code(member: Client, language: str, sentence: str) -> None:
    client = Client(raise_request_exception=False)
    client.cookies = member.cookies

    answer = client.get("/fails", headers={"Accept-Language": language})

    page = answer.content.decode()
    assert answer.status_code == 500
    assert sentence in page
    assert "500 server_error" in page


@pytest.mark.django_db
def test_who_may_not_enter_reads_why(member: Client) -> None:
    answer = member.get("/admin/")

    assert answer.status_code in {302, 403}
    assert "403 not_allowed" in member.get("/admin/", follow=True).content.decode()


@pytest.mark.django_db
@override_settings(ALLOWED_HOSTS=["testserver"])
def test_a_request_that_cannot_be_understood_has_our_look_and_a_code() -> None:
    answer = Client(raise_request_exception=False).get("/", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert "400 bad_request" in answer.content.decode()


def test_refusals_speak_chinese() -> None:
    with translation.override("zh-hans"):
        assert refusals.worded(TooManyAttempts(30)).sentence == "尝试次数过多，请在 1 分钟后重试。"


def a_request(*, htmx: bool = False) -> HttpRequest:
    request = RequestFactory().get("/wallet", headers={"HX-Request": "true"} if htmx else {})
    request.user = AnonymousUser()
    return request


def unreached(request: HttpRequest) -> HttpResponse:
    raise AssertionError
