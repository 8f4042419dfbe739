"""What holds for every page of ours, in both languages."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client

from accounts.models import ApiKey
from billing.models import SubscriptionPeriod
from ledger.models import Account, LanguageModel, UsageRecord
from ledger.money import NanoUSD
from ledger.services import holds, spending_keys
from ledger.services.key_limits import KeyLimits
from tests.billing.renewing import begun
from tests.factories import billing as shop
from tests.factories.ledger import call, give, report, spender
from tests.portal.conftest import DOLLAR
from tests.portal.reading import english_left

PAGES = [
    "/",
    "/models",
    "/guide",
    "/dashboard",
    "/wallet",
    "/tokens",
    "/pricing",
    "/plans",
    "/dashboard/plans",
    "/wallet/topup",
    "/orders/lookup",
    "/transfers",
    "/agent",
]
# Of an open channel, a plan, its period, the key that was made last, and of the last call that ended.
OWN_PAGES = [
    "/transfers/alipay",
    "/plans/starter",
    "/dashboard/plans/{period}",
    "/tokens/{key}/edit",
    "/tokens/{key}/rotate",
    "/tokens/{key}/delete",
    "/receipts/{call}",
]
LANGUAGES = ["en", "zh-hans"]
OURS = [
    path
    for path in (settings.BASE_DIR / "templates").rglob("*.html")
    if "email" not in path.parts and "redemption" not in path.parts
]


@pytest.fixture
def busy(member: Client, account: Account, chat: LanguageModel, free_model: LanguageModel) -> Client:
    """Return the browser of somebody with credit, keys, calls, an order, and a call that runs now."""
    shop.order(shop.package(purpose_zh="日常工作"), user=account.customer.user)
    shop.channel()
    shop.vendor()
    begun(user=account.customer.user)
    give(account, DOLLAR)
    limits = KeyLimits(NanoUSD(DOLLAR), NanoUSD(DOLLAR), NanoUSD(0), 60, (chat.pk,), ("10.0.0.0/8",), 80)
    by = spender(account)
    ended, running = call(by, chat), call(by, chat)
    holds.reserve([ended, running])
    holds.settle([report(ended, is_estimated=True)])
    spending_keys.create(account.customer, name="笔记本", limits=limits)
    return member


def page_of(client: Client, path: str, language: str) -> str:
    key, call = ApiKey.objects.order_by("pk").last(), UsageRecord.objects.order_by("at").last()
    period = SubscriptionPeriod.objects.last()
    address = path.format(key=key and key.pk, call=call and call.pk, period=period and period.pk)
    answer = client.get(address, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("path", PAGES + OWN_PAGES)
def test_a_chinese_page_speaks_chinese_alone(busy: Client, account: Account, path: str) -> None:
    assert account.customer.user is not None
    last_key = ApiKey.objects.order_by("pk").last()
    assert last_key is not None
    names = [account.customer.user.email, last_key.shown, "DeepSeek", "sk-", "deepseek-chat"]

    assert english_left(page_of(busy, path, "zh-hans"), *names) - {"test"} == set()


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_an_empty_chinese_page_speaks_chinese_alone(member: Client, account: Account, path: str) -> None:
    assert account.customer.user is not None

    assert english_left(page_of(member, path, "zh-hans"), account.customer.user.email) == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PAGES + OWN_PAGES)
def test_a_page_brings_no_script_and_no_style_of_its_own(busy: Client, path: str, language: str) -> None:
    page = page_of(busy, path, language)

    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r'<style|\sstyle="|\son\w+="', page) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PAGES + OWN_PAGES)
def test_a_page_can_be_heard_and_steered_by_keyboard(busy: Client, path: str, language: str) -> None:
    page = page_of(busy, path, language)

    assert f'<html lang="{language}">' in page
    assert '<a class="skip" href="#main">' in page
    assert page.count("<h1") == 1
    assert page.count('aria-current="page"') == int(path != "/")
    assert ids_without_label(page) == []
    assert doubled(re.findall(r'\sid="([^"]+)"', page)) == []


@pytest.mark.parametrize("path", PAGES + OWN_PAGES)
def test_every_htmx_act_works_without_htmx(busy: Client, path: str) -> None:
    page = page_of(busy, path, "en")

    for tag in re.findall(r"<[^>]+\shx-get=[^>]+>", page):
        assert " href=" in tag
    for tag in re.findall(r"<[^>]+\shx-post=[^>]+>", page):
        assert " action=" in tag or " formaction=" in tag


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_a_template_asks_for_no_inline_style_or_script(path: Path) -> None:
    text = path.read_text()

    assert re.findall(r'<style|\sstyle="|\son\w+="|<script(?![^>]*\bsrc=)', text) == []


def test_every_file_that_a_stylesheet_names_is_there() -> None:
    folder = settings.BASE_DIR / "static" / "css"
    named = [(folder / url).resolve() for css in folder.glob("*.css") for url in urls_of(css.read_text())]

    assert len(named) >= 3
    assert [path for path in named if not path.is_file()] == []


@pytest.mark.parametrize(
    "path", sorted(re.findall(r"static '([^']+)'", "".join(p.read_text() for p in OURS)))
)
def test_every_static_file_that_a_template_names_is_there(path: str) -> None:
    assert finders.find(path)


def test_both_themes_set_the_same_colours() -> None:
    css = settings.BASE_DIR / "static" / "css"
    light, dark = (
        dict(re.findall(r"(--[\w-]+): (oklch[^;]+)", (css / name).read_text()))
        for name in ("tokens.css", "dark.css")
    )

    assert light.keys() == dark.keys()


def urls_of(css: str) -> list[str]:
    return re.findall(r'url\("([^"]+)"\)', css)


def ids_without_label(page: str) -> list[str]:
    fields = re.findall(r'<(?:input|select|textarea)(?![^>]*type="hidden")[^>]*\sid="([^"]+)"', page)
    return [field for field in fields if f'for="{field}"' not in page]


def doubled(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
