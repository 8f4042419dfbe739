"""A small shop, somebody who buys there, and a browser that belongs to them."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import translation

from accounts.models import Customer
from ledger.models import Account, LanguageModel
from ledger.money import UnitRates
from ledger.services import accounts
from tests.factories.accounts import CustomerFactory
from tests.factories.ledger import priced

DOLLAR = 1_000_000_000
CHAT_RATES = UnitRates(input=450_000_000, cached_input=9_000_000, cache_write=450_000_000, output=450_000_000)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Begin in English: a request in Chinese leaves its language behind."""
    with translation.override("en"):
        yield


@pytest.fixture
def chat(db: None) -> LanguageModel:
    """Offer a model that costs what the demo's reference model costs."""
    model = priced(CHAT_RATES, name="deepseek-chat", vendor="DeepSeek", context_limit_tokens=131_072)
    model.aliases.create(name="deepseek-v3")
    return model


@pytest.fixture
def free_model(db: None) -> LanguageModel:
    """Offer a model that costs nothing."""
    return priced(UnitRates(0, 0, 0, 0), name="glm-4-flash", is_free=True)


@pytest.fixture
def customer(db: None) -> Customer:
    """Return somebody who registered a moment ago."""
    return CustomerFactory.create()


@pytest.fixture
def account(customer: Customer) -> Account:
    """Return the customer's account, still empty."""
    return accounts.open_for(customer)


@pytest.fixture
def member(customer: Customer) -> Client:
    """Return the browser in which the customer is signed in."""
    client = Client()
    assert customer.user is not None
    client.force_login(customer.user)
    return client
