"""Admin lists: fast at any size, read-only unless said otherwise, and without secrets."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.admin import lists
from accounts.admin.lists import FastListAdmin
from accounts.models import ApiKey, Customer, User
from accounts.services import api_keys
from tests.factories.accounts import CustomerFactory, StaffFactory, SuperuserFactory, UserFactory

OURS = [User, Customer, ApiKey]
A_HANDFUL_OF_ROWS = {"auth.Group", "gateway.Channel"}


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(SuperuserFactory.create())
    return client


def test_every_list_that_can_grow_is_a_fast_one() -> None:
    slow = [model for model, page in admin.site._registry.items() if not isinstance(page, FastListAdmin)]

    assert {model._meta.label for model in slow} <= A_HANDFUL_OF_ROWS


@pytest.mark.django_db
@pytest.mark.parametrize("model", OURS)
def test_a_list_asks_as_much_for_many_rows_as_for_one(staff: Client, model: type[Any]) -> None:
    issue_keys(1)
    few = queries_of(staff, model)
    issue_keys(5)

    many = queries_of(staff, model)

    assert len(many) == len(few)


@pytest.mark.django_db
@pytest.mark.parametrize("model", OURS)
def test_a_list_never_counts_without_an_end(staff: Client, model: type[Any]) -> None:
    issue_keys(1)

    counts = [sql for sql in queries_of(staff, model) if "COUNT(" in sql]

    assert counts
    assert [sql for sql in counts if "LIMIT 10000" not in sql] == []


@pytest.mark.django_db
def test_a_list_that_is_longer_than_anybody_pages_says_so(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    UserFactory.create_batch(4)
    monkeypatch.setattr(lists, "FARTHEST_ROW", 3)

    page = staff.get(changelist(User)).content.decode()

    assert "The newest 3." in page


@pytest.mark.django_db
@pytest.mark.parametrize("wanted", ["email", "id"])
def test_a_person_is_found_by_a_whole_key(staff: Client, wanted: str) -> None:
    ada, _ = UserFactory.create(email="ada@example.com"), UserFactory.create(email="ada@example.com.au")

    assert found(staff, User, str(getattr(ada, wanted)).upper()) == [ada]


@pytest.mark.django_db
@pytest.mark.parametrize("part", ["ada", "@example.com", "%", "ada@example.co_", "9" * 40, "no such key"])
def test_nobody_is_found_by_a_part(staff: Client, part: str) -> None:
    UserFactory.create(email="ada@example.com")

    assert found(staff, User, part) == []


@pytest.mark.django_db
def test_an_empty_search_shows_everybody(staff: Client) -> None:
    assert found(staff, User, "  ") == list(User.objects.all())


@pytest.mark.django_db
def test_what_no_searched_column_can_hold_is_not_found(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin.site._registry[Customer], "search_fields", ["id"])
    CustomerFactory.create()

    assert found(staff, Customer, "no number") == []


@pytest.mark.django_db
def test_a_key_is_found_by_key_id_owner_or_address(staff: Client) -> None:
    api_key, _ = issue_keys(2)

    terms = [api_key.key_id, str(api_key.customer.pk), str(api_key.customer.user)]
    assert [found(staff, ApiKey, term) for term in terms] == [[api_key]] * 3


@pytest.mark.django_db
@pytest.mark.parametrize("model", OURS)
def test_nothing_is_added_or_deleted(staff: Client, model: type[Any]) -> None:
    row = one_of(model)

    assert staff.get(page_of(model, "add")).status_code == 403
    assert staff.post(page_of(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("model", OURS)
def test_no_page_shows_a_secret(staff: Client, model: type[Any]) -> None:
    row = one_of(model)

    pages = [staff.get(page_of(model, "change", row.pk)), staff.get(changelist(model))]

    shown = "".join(page.content.decode() for page in pages)
    assert [secret for secret in ("md5$", "secret_hash", "pepper_version") if secret in shown] == []


@pytest.mark.django_db
def test_staff_disable_and_enable_keys_and_leave_deleted_ones_alone(staff: Client) -> None:
    working, deleted = issue_keys(2)
    api_keys.revoke(deleted)

    act(staff, "disable", working, deleted)
    assert states() == {"disabled", "revoked"}

    act(staff, "enable", working, deleted)
    assert states() == {"active", "revoked"}


@pytest.mark.django_db
def test_who_may_only_look_stops_no_key() -> None:
    (api_key,) = issue_keys(1)

    act(support(ApiKey, "view"), "disable", api_key)

    assert states() == {"active"}


@pytest.mark.django_db
def test_support_closes_the_login_of_a_customer_but_makes_no_staff() -> None:
    customer = UserFactory.create()

    answer = support(User, "change").post(page_of(User, "change", customer.pk), {"is_staff": "on"})

    customer.refresh_from_db()
    assert answer.status_code == 302
    assert (customer.is_active, customer.is_staff) == (False, False)


@pytest.mark.django_db
def test_support_does_not_close_the_login_of_staff() -> None:
    administrator = SuperuserFactory.create()

    answer = support(User, "change").post(page_of(User, "change", administrator.pk), {})

    administrator.refresh_from_db()
    assert answer.status_code == 403
    assert administrator.is_active


@pytest.mark.django_db
def test_a_superuser_makes_staff(staff: Client) -> None:
    user = UserFactory.create()

    staff.post(page_of(User, "change", user.pk), {"is_active": "on", "is_staff": "on"})

    user.refresh_from_db()
    assert user.is_staff
    assert not user.is_superuser


def issue_keys(how_many: int) -> list[ApiKey]:
    customers = CustomerFactory.create_batch(how_many)
    return [api_keys.create(customer, name="laptop").api_key for customer in customers]


def one_of(model: type[Any]) -> Any:
    (api_key,) = issue_keys(1)
    return {User: api_key.customer.user, Customer: api_key.customer, ApiKey: api_key}[model]


def support(model: type[Any], may: str) -> Client:
    person, client = StaffFactory.create(), Client()
    person.user_permissions.add(Permission.objects.get(codename=f"{may}_{model._meta.model_name}"))
    client.force_login(person)
    return client


def queries_of(staff: Client, model: type[Any]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert staff.get(changelist(model)).status_code == 200
    return [query["sql"] for query in captured]


def found(staff: Client, model: type[Any], term: str) -> list[Any]:
    return list(staff.get(changelist(model), {"q": term}).context["cl"].queryset.order_by("pk"))


def act(staff: Client, action: str, *keys: ApiKey) -> None:
    staff.post(changelist(ApiKey), {"action": action, "_selected_action": [key.pk for key in keys]})


def states() -> set[str]:
    return set(ApiKey.objects.values_list("state", flat=True))


def changelist(model: type[Any]) -> str:
    return page_of(model, "changelist")


def page_of(model: type[Any], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_{page}", args=args)
