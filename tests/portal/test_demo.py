"""Demo data: complete, and harmless to repeat."""

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiKey, User
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

    assert offered["deepseek-chat"].rates == UnitRates(usd("0.45"), usd("0.009"), usd("0.45"))
    assert [model.name for model in offered.values() if model.is_free] == ["glm-4-flash"]


@pytest.mark.usefixtures("_loaded")
def test_every_model_of_the_demo_is_served() -> None:
    assert ChannelModel.objects.count() == len(demo.MODELS)


@pytest.mark.usefixtures("_loaded")
def test_loading_again_changes_nothing() -> None:
    User.objects.filter(email=demo.BUYER.email).update(language="zh-hans")

    call_command("load_demo")

    assert User.objects.get(email=demo.BUYER.email).language == "zh-hans"
    assert Account.objects.get().balance_nano_usd == demo.WELCOME_CREDIT
    assert (User.objects.count(), ApiKey.objects.count(), Channel.objects.count()) == (2, 1, 1)
    assert proof.discrepancies() == []
