"""Demo data: complete, and harmless to repeat."""

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import ApiKey, User
from billing.models import Package, PackagePrice, Plan, Provider
from gateway.models import Channel, ChannelModel
from ledger.models import Account
from ledger.money import UnitRates, usd
from ledger.services import pricing, proof
from portal import demo


@pytest.fixture
def _loaded(db: None) -> None:
    call_command("load_demo")


@pytest.mark.usefixtures("_loaded")
@pytest.mark.parametrize("login", demo.LOGINS)
def test_everybody_of_the_demo_can_sign_in(login: demo.Login) -> None:
    answer = Client().post("/login", {"login": login.email, "password": login.password})

    assert answer.headers["Location"] == reverse("dashboard")


@pytest.mark.usefixtures("_loaded")
def test_the_reference_model_costs_what_packages_are_counted_in() -> None:
    offered = {model.name: model for model in pricing.catalogue(timezone.now())}

    assert offered["deepseek-chat"].rates == UnitRates(usd("0.45"), usd("0.009"), usd("0.45"), usd("0.45"))
    assert [model.name for model in offered.values() if model.is_free] == ["glm-4-flash"]


@pytest.mark.usefixtures("_loaded")
def test_every_model_of_the_demo_is_served() -> None:
    assert ChannelModel.objects.count() == len(demo.MODELS)


@pytest.mark.usefixtures("_loaded")
def test_the_packages_are_those_of_the_opening_catalogue() -> None:
    prices = (
        PackagePrice.objects.filter(provider=Provider.CREEM).order_by("package").select_related("package")
    )
    offered = [
        (price.package.name_zh, price.package.list_price_cents, price.package.tokens, price.price_cents)
        for price in prices
    ]

    assert offered == [
        ("体验包", 2_200, 5_000_000, 275),
        ("入门包", 3_600, 9_000_000, 450),
        ("标准包", 6_500, 17_000_000, 813),
        ("专业包", 13_700, 38_000_000, 1_713),
    ]


@pytest.mark.usefixtures("_loaded")
def test_a_package_is_worth_its_tokens_of_the_reference_model() -> None:
    worth = {package.slug: package.credit_nano_usd for package in Package.objects.all()}

    assert worth == {
        "trial": usd("2.25"),
        "starter": usd("4.05"),
        "standard": usd("7.65"),
        "professional": usd("17.1"),
    }


@pytest.mark.usefixtures("_loaded")
def test_the_sandbox_sells_everything_of_the_demo_at_its_price(settings: Settings) -> None:
    sold = {(product["id"], product["price"], product["currency"]) for product in demo.products()}

    at_creem = PackagePrice.objects.filter(provider=Provider.CREEM)
    topup = (settings.CREEM_TOPUP_PRODUCT_ID, 100, "USD")
    packages = at_creem.values_list("product_id", "price_cents", "currency")
    once = Plan.objects.values_list("pass_product_id", "price_cents")
    monthly = Plan.objects.values_list("recurring_product_id", "price_cents")
    assert len(once) == 5
    assert sold == {topup, *packages, *((*plan, "USD") for plan in [*once, *monthly])}


@pytest.mark.usefixtures("_loaded")
def test_loading_again_changes_nothing() -> None:
    User.objects.filter(email=demo.BUYER.email).update(language="zh-hans")
    of_the_trial = PackagePrice.objects.filter(package__slug="trial", provider=Provider.CREEM)
    of_the_trial.update(price_cents=300)

    call_command("load_demo")

    assert User.objects.get(email=demo.BUYER.email).language == "zh-hans"
    assert of_the_trial.get().price_cents == 300
    assert (Package.objects.count(), PackagePrice.objects.count()) == (4, 8)
    assert Account.objects.get().balance_nano_usd == demo.WELCOME_CREDIT
    assert (User.objects.count(), ApiKey.objects.count(), Channel.objects.count()) == (2, 1, 2)
    assert proof.discrepancies() == []
