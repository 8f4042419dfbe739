"""A person buys as one customer."""

import pytest

from accounts.models import Customer
from accounts.services import customers
from tests.factories.accounts import UserFactory
from tests.together import together


@pytest.mark.django_db
def test_a_person_is_the_same_customer_every_time() -> None:
    user = UserFactory.create()

    assert customers.of_user(user) == customers.of_user(user)
    assert customers.of_user(user) != customers.of_user(UserFactory.create())


@pytest.mark.django_db(transaction=True)
def test_of_many_first_needs_one_makes_the_customer() -> None:
    user = UserFactory.create()

    found = together(16, lambda _: customers.of_user(user))

    assert found == [Customer.objects.get()] * 16
