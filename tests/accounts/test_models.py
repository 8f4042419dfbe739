"""What the tables of the accounts room refuse, and what their rows say."""

import pytest
from django.db import IntegrityError

from accounts.models import ApiKey, User
from tests.factories.accounts import CustomerFactory, UserFactory


@pytest.mark.django_db
def test_an_address_is_kept_in_lower_case() -> None:
    user = User.objects.create_user("Ada@Example.COM", "a quiet river at night")

    assert user.email == str(user) == "ada@example.com"
    assert user.check_password("a quiet river at night")


@pytest.mark.django_db
def test_the_database_refuses_an_address_in_capitals() -> None:
    with pytest.raises(IntegrityError, match="email_is_in_lower_case"):
        User(email="Ada@example.com").save()


@pytest.mark.django_db
def test_one_address_is_one_user() -> None:
    UserFactory.create(email="ada@example.com")

    with pytest.raises(IntegrityError):
        User.objects.create_user("ADA@example.com")


@pytest.mark.django_db
def test_a_user_without_a_password_cannot_log_in_by_one() -> None:
    assert not User.objects.create_user("ada@example.com").has_usable_password()


@pytest.mark.django_db
def test_an_administrator_may_do_everything() -> None:
    administrator = User.objects.create_superuser("ada@example.com", "a quiet river at night")

    administrator.refresh_from_db()
    assert administrator.is_staff
    assert administrator.is_superuser


@pytest.mark.django_db
def test_a_key_is_in_a_known_state() -> None:
    with pytest.raises(IntegrityError, match="key_state_is_known"):
        ApiKey.objects.create(
            customer=CustomerFactory.create(),
            name="x",
            key_id="x" * 12,
            secret_hash=b"",
            pepper_version=1,
            state="?",
        )


@pytest.mark.django_db
def test_a_customer_is_named_by_number_so_that_lists_ask_no_more() -> None:
    customer = CustomerFactory.create()

    assert str(customer) == f"customer {customer.pk}"
