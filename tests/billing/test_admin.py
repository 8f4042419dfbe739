"""Pages of the shop: opened by rights, read and not edited, found by whole keys, and without secrets."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from billing.models import InboxEvent, Order, Package, Payment, Plan, Review
from billing.services import order_numbers
from tests.billing.staff import SEARCHES, SHOP, a_sale, staff_who_may
from tests.factories.accounts import SuperuserFactory
from tests.ledger.staff import list_of, page_of
from tests.plans import of_table, queries, scans, sorts

pytestmark = pytest.mark.django_db

READ_ONLY = [model for model in SHOP if model not in {Package, Plan}]


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(SuperuserFactory.create())
    return client


@pytest.fixture
def sale() -> Order:
    return a_sale()


@pytest.mark.parametrize("model", SHOP)
def test_whoever_may_look_sees_the_list_and_the_page(sale: Order, model: type[Any]) -> None:
    staff = staff_who_may(f"view_{model._meta.model_name}")

    assert staff.get(list_of(model)).status_code == 200
    assert staff.get(page_of(model, "change", model.objects.get().pk)).status_code == 200


@pytest.mark.parametrize("model", SHOP)
def test_who_may_not_look_is_refused(sale: Order, model: type[Any]) -> None:
    staff = staff_who_may("view_orderstep")

    assert staff.get(list_of(model)).status_code == 403
    assert staff.get(page_of(model, "change", model.objects.get().pk)).status_code == 403


@pytest.mark.parametrize("model", SHOP)
def test_nothing_is_deleted(admin: Client, sale: Order, model: type[Any]) -> None:
    row = model.objects.get()

    assert admin.post(page_of(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in admin.get(list_of(model)).text


@pytest.mark.parametrize("model", READ_ONLY)
def test_nothing_is_added_or_changed(admin: Client, sale: Order, model: type[Any]) -> None:
    assert admin.post(page_of(model, "add"), {}).status_code == 403
    assert admin.post(page_of(model, "change", model.objects.get().pk), {}).status_code == 403


@pytest.mark.parametrize("model", SHOP)
def test_no_page_shows_a_secret(admin: Client, sale: Order, model: type[Any]) -> None:
    pages = [admin.get(list_of(model)).text, admin.get(page_of(model, "change", model.objects.get().pk)).text]

    number = order_numbers.shown(sale)
    secrets = [number, number.replace("-", ""), bytes(sale.number_hash).hex(), "sealed", "number_hash"]
    assert [text for text in secrets if text in "".join(pages)] == []


@pytest.mark.parametrize("model", SHOP)
def test_what_a_provider_told_about_the_buyer_stands_where_it_is_worked_on_only(
    admin: Client, sale: Order, model: type[Any]
) -> None:
    Payment.objects.update(email="payer@example.com")

    assert "payer@example.com" not in admin.get(list_of(model)).text
    shown = "payer@example.com" in admin.get(page_of(model, "change", model.objects.get().pk)).text
    assert shown == (model in {InboxEvent, Payment, Review})


@pytest.mark.parametrize(("model", "known"), SEARCHES)
def test_a_search_finds_a_whole_key(
    admin: Client, sale: Order, model: type[Any], known: Callable[[Order], str]
) -> None:
    a_sale("another")

    assert len(found(admin, model, q=known(sale))) == 1 < model.objects.count()


@pytest.mark.parametrize("model", SHOP)
@pytest.mark.parametrize("part", ["%", "standar", "ord_", "tran_", "@example.com", "9" * 40])
def test_nothing_is_found_by_a_part(admin: Client, sale: Order, model: type[Any], part: str) -> None:
    assert found(admin, model, q=part) == []


@pytest.mark.parametrize("model", SHOP)
def test_a_list_asks_as_much_for_many_rows_as_for_one(admin: Client, sale: Order, model: type[Any]) -> None:
    few = queries(admin, list_of(model))
    a_sale("second")
    a_sale("third")

    assert len(queries(admin, list_of(model))) == len(few)


# Packages and plans are few, and stand in the shop's own order.
@pytest.mark.parametrize("model", READ_ONLY)
def test_a_list_is_read_in_the_order_of_an_index(admin: Client, sale: Order, model: type[Any]) -> None:
    asked = queries(admin, list_of(model))

    counts = [sql for sql in asked if "COUNT(" in sql]
    assert [sql for sql in counts if "LIMIT 10000" not in sql] == []
    [rows] = of_table(model, asked)
    assert not scans(model, rows)
    assert not sorts(rows)


@pytest.mark.parametrize(("model", "known"), SEARCHES)
def test_a_search_reads_only_what_its_key_names(
    admin: Client, sale: Order, model: type[Any], known: Callable[[Order], str]
) -> None:
    asked = of_table(model, queries(admin, list_of(model), q=known(sale)))

    assert asked
    assert [sql for sql in asked if scans(model, sql)] == []


@pytest.mark.parametrize("model", READ_ONLY)
def test_a_page_reads_only_what_belongs_to_its_row(admin: Client, sale: Order, model: type[Any]) -> None:
    asked = queries(admin, page_of(model, "change", model.objects.get().pk))

    about_rows = [(other, sql) for other in READ_ONLY for sql in of_table(other, asked)]
    assert about_rows
    assert [sql for other, sql in about_rows if scans(other, sql)] == []


def test_prices_are_summed_below_a_list_by_currency(admin: Client, sale: Order) -> None:
    a_sale("second")
    third = a_sale("third")
    Payment.objects.filter(order=third).update(currency="EUR")

    sums = dict(admin.get(list_of(Payment)).context["cl"].sums())

    assert ">EUR 10.00<" in sums["before tax"]
    assert ">USD 20.00<" in sums["before tax"]
    assert sums["tax"] == ""


def found(admin: Client, model: type[Any], **asked: str) -> list[Any]:
    return list(admin.get(list_of(model), asked).context["cl"].result_list)
