"""`manage.py ledger_verify`: one line for everything that does not add up."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from billing.models import Order
from ledger.models import Account
from redemption.models import Code
from tests.factories import ledger as make
from tests.factories.billing import order
from tests.factories.redemption import new_code

pytestmark = pytest.mark.django_db(transaction=True)


def test_books_that_add_up_say_so() -> None:
    make.funded(100)
    new_code()
    out = StringIO()

    call_command("ledger_verify", stdout=out)

    assert out.getvalue() == "The books add up.\n"


def test_whatever_does_not_add_up_is_a_line_and_a_failure() -> None:
    account = make.funded(100)
    new_code()
    Account.objects.filter(pk=account.pk).update(wallet_balance_nano_usd=99)
    Code.objects.update(value_nano_usd=1)
    Order.objects.filter(pk=order().pk).update(deliver_at=timezone.now())
    out = StringIO()

    with pytest.raises(CommandError) as failure:
        call_command("ledger_verify", stdout=out)

    assert failure.value.returncode == 1
    assert f"pool_differs_from_its_journal: wallet of account {account.pk}: keeps 99" in out.getvalue()
    assert "codes_place_differs: codes: " in out.getvalue()
    assert "paid_order_that_waits_for_nothing: order " in out.getvalue()
