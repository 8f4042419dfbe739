"""The doctor: whether Creem sells what the shop offers."""

from io import StringIO

import orjson
import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from billing.services import price_check, wiring
from tests.billing.providers.recorded import Answer, RecordedServer, fixture
from tests.factories import billing as make


@pytest.fixture(autouse=True)
def _no_top_ups(settings: Settings) -> None:
    settings.CREEM_TOPUP_PRODUCT_ID = ""


@pytest.mark.usefixtures("creem", "db")
def test_the_doctor_finds_nothing_where_creem_sells_what_we_offer() -> None:
    make.package()

    assert doctor() == "Every package is sold at Creem for its price.\n"


@pytest.mark.usefixtures("creem", "db")
@pytest.mark.parametrize(
    ("sold_as", "price_cents", "faults"),
    [
        ("prod_gone", 1_000, ["Creem has no such product in test mode."]),
        ("prod_standard", 1_100, ["Creem charges 1000 hundredths for it, not 1100."]),
        ("prod_taxed", 1_000, ["Creem sells it in EUR."]),
        ("prod_monthly", 500, ["it is a subscription at Creem, and is paid once here."]),
    ],
)
def test_the_doctor_names_what_does_not_fit(sold_as: str, price_cents: int, faults: list[str]) -> None:
    make.package(product_id=sold_as, price_cents=price_cents)

    assert [each.split(": ")[1] for each in price_check.faults_at_creem()] == faults


@pytest.mark.usefixtures("creem", "db")
@pytest.mark.parametrize(
    ("once", "monthly", "faults"),
    [
        ("prod_standard", "", []),
        ("prod_standard", "prod_standard", ["it is paid once at Creem, and is to renew here."]),
        ("", "prod_monthly", ["Creem charges 500 hundredths for it, not 1000."]),
    ],
)
def test_the_doctor_looks_at_both_products_of_a_plan(once: str, monthly: str, faults: list[str]) -> None:
    make.plan(pass_product_id=once, recurring_product_id=monthly)

    assert [each.split(": ")[1] for each in price_check.faults_at_creem()] == faults


@pytest.mark.usefixtures("creem", "db")
def test_the_doctor_fails_so_that_a_script_can_tell() -> None:
    make.package(price_cents=1_100)
    said = StringIO()

    with pytest.raises(CommandError, match="Faults: 1"):
        call_command("doctor", stdout=said)

    assert said.getvalue().startswith("standard, USD 11.00, product prod_standard: Creem charges")


@pytest.mark.usefixtures("creem", "db")
def test_the_doctor_looks_at_what_is_offered_only() -> None:
    make.package(product_id="prod_gone", is_offered=False)

    assert price_check.faults_at_creem() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answered", "fault"),
    [
        ({"mode": "prod"}, "it is no product of test mode."),
        ({"mode": "test", "status": "archived"}, "it is not active at Creem."),
    ],
)
def test_the_doctor_notices_what_the_sandbox_never_answers(
    settings: Settings, answered: dict[str, str], fault: str
) -> None:
    product = fixture("api.products.get.response") | {"price": 1_000, "currency": "USD"} | answered
    make.package()

    with RecordedServer(lambda _request: Answer(200, orjson.dumps(product))) as server:
        settings.CREEM_BASE_URL = server.url
        wiring.creem.cache_clear()
        faults = price_check.faults_at_creem()
    wiring.creem.cache_clear()

    assert faults[-1].endswith(f": {fault}")


@pytest.mark.usefixtures("creem", "db")
def test_the_doctor_says_when_creem_refuses_the_key(settings: Settings) -> None:
    settings.CREEM_API_KEY = "creem_test_another"
    make.package()

    with pytest.raises(CommandError, match="Creem cannot be asked") as told:
        doctor()

    assert "creem_test_another" not in str(told.value)


def doctor() -> str:
    said = StringIO()
    call_command("doctor", stdout=said)
    return said.getvalue()
