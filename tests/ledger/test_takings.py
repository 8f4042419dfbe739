"""Credit that goes back: what is unspent leaves the wallet, what was spent is owed and paid by what comes."""

import uuid

import pytest
from django.db.models import Sum

from accounts.models import User
from ledger.errors import AccountFrozen
from ledger.models import Account, Debt, Entry, LanguageModel, Lot, Posting
from ledger.money import NanoUSD
from ledger.services import debts, entries, holds, merging, takings
from ledger.services.entries import Movement
from ledger.services.holds import Refused, ReleaseRequest
from tests.factories import ledger as make
from tests.factories.accounts import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("proven_books")]


@pytest.fixture
def account() -> Account:
    return make.AccountFactory.create()


def again(account: Account) -> Account:
    return Account.objects.get(pk=account.pk)


def give(account: Account, amount: int, name: str) -> str:
    make.give(account, amount, reference=name)
    return name


def spend(account: Account, amount: int) -> None:
    movement = Movement(entries.wallet(account), entries.REVENUE, NanoUSD(amount))
    entries.post(reference=f"spent:{uuid.uuid4()}", kind=Entry.Kind.CORRECTION, movements=[movement])


def take(name: str, amount: int, *, by: str = "refund:1") -> tuple[int, int]:
    taken = takings.take([name], NanoUSD(amount), reference=by)
    return taken.unspent, taken.spent


def held_by(place: str) -> int:
    total = Sum("amount_nano_usd", default=0)
    into = Posting.objects.filter(destination=place).aggregate(sum=total)["sum"]
    return int(into - Posting.objects.filter(source=place).aggregate(sum=total)["sum"])


def test_unspent_credit_leaves_the_wallet_for_the_refunds(account: Account) -> None:
    bought = give(account, 1_000, "order:1:credit")

    assert take(bought, 400) == (400, 0)

    assert again(account).wallet_balance_nano_usd == 600
    assert (held_by("refunds"), held_by("debts")) == (400, 0)
    assert takings.unspent([bought]) == 600


def test_credit_is_spent_first_in_first_out_so_the_older_lot_is_gone_first(account: Account) -> None:
    first, second = give(account, 1_000, "order:1:credit"), give(account, 1_000, "order:2:credit")
    spend(account, 700)

    assert (takings.unspent([first]), takings.unspent([second])) == (300, 1_000)


def test_what_was_spent_is_owed_and_freezes_the_account(account: Account, model: LanguageModel) -> None:
    bought = give(account, 1_000, "order:1:credit")
    spend(account, 700)

    assert take(bought, 1_000) == (300, 700)

    owing = again(account)
    assert (owing.wallet_balance_nano_usd, owing.debt_nano_usd, owing.is_frozen) == (0, 700, True)
    assert (held_by("refunds"), held_by("debts")) == (1_000, -700)
    [answer] = holds.reserve([make.call(make.spender(account), model)])
    assert isinstance(answer, Refused)
    assert answer.reason == "account_frozen"


def test_the_next_credit_pays_the_debt_first_and_lets_the_account_spend_again(account: Account) -> None:
    bought = give(account, 1_000, "order:1:credit")
    spend(account, 1_000)
    take(bought, 1_000)

    give(account, 600, "order:2:credit")
    assert (again(account).wallet_balance_nano_usd, again(account).debt_nano_usd) == (0, 400)
    give(account, 600, "order:3:credit")

    paid = again(account)
    assert (paid.wallet_balance_nano_usd, paid.debt_nano_usd, paid.is_frozen) == (200, 0, False)
    assert held_by("debts") == 0
    assert takings.unspent(["order:2:credit"]) == 0


def test_other_credit_in_the_wallet_pays_a_debt_at_once(account: Account) -> None:
    first = give(account, 1_000, "order:1:credit")
    spend(account, 1_000)
    give(account, 1_500, "order:2:credit")

    assert take(first, 1_000) == (0, 1_000)

    assert (again(account).wallet_balance_nano_usd, again(account).debt_nano_usd) == (500, 0)


def test_what_open_calls_have_set_aside_is_not_taken_and_pays_when_it_is_released(
    account: Account, model: LanguageModel
) -> None:
    bought = give(account, 10_000_000_000, "order:1:credit")
    request = make.call(make.spender(account), model)
    holds.reserve([request])
    held = again(account).wallet_held_nano_usd
    assert held > 0

    unspent, spent = take(bought, 10_000_000_000)
    assert (unspent, spent) == (10_000_000_000 - held, held)
    assert again(account).debt_nano_usd == held
    holds.release([ReleaseRequest(request.request_id)])
    debts.pay_all()

    assert (again(account).wallet_balance_nano_usd, again(account).debt_nano_usd) == (0, 0)


def test_credit_that_a_claim_moved_is_found_where_it_is(account: Account) -> None:
    guests = make.AccountFactory.create()
    bought = give(guests, 1_000, "order:1:credit")
    spend(guests, 200)
    merging.merge(guests, account)
    assert again(account).wallet_balance_nano_usd == 800

    assert take(bought, 1_000) == (800, 200)

    assert (again(account).wallet_balance_nano_usd, again(account).debt_nano_usd) == (0, 200)


def test_an_account_that_owes_something_is_not_merged_away(account: Account) -> None:
    guests = make.AccountFactory.create()
    bought = give(guests, 1_000, "order:1:credit")
    spend(guests, 1_000)
    take(bought, 1_000)

    with pytest.raises(AccountFrozen):
        merging.merge(guests, account)


def test_credit_that_a_claim_brings_along_pays_the_debt(account: Account) -> None:
    bought = give(account, 1_000, "order:1:credit")
    spend(account, 1_000)
    take(bought, 1_000)
    guests = make.AccountFactory.create()
    give(guests, 1_500, "order:2:credit")

    merging.merge(guests, account)

    assert (again(account).wallet_balance_nano_usd, again(account).debt_nano_usd) == (500, 0)


def test_taking_is_done_once_for_a_reference(account: Account) -> None:
    bought = give(account, 1_000, "order:1:credit")

    assert take(bought, 400) == take(bought, 400) == (400, 0)

    assert again(account).wallet_balance_nano_usd == 600


@pytest.mark.parametrize("spent", [0, 400, 1_000])
@pytest.mark.parametrize("paid", [0, 100, 2_000])
def test_a_taking_is_undone_exactly_debt_and_all(account: Account, spent: int, paid: int) -> None:
    bought = give(account, 1_000, "order:1:credit")
    if spent:
        spend(account, spent)
    taken = takings.take([bought], NanoUSD(1_000), reference="refund:1")
    if paid:
        give(account, paid, "order:2:credit")

    for _ in range(2):
        takings.give_back(taken.entry, [bought], reference="refund:1:given_back")

    after = again(account)
    assert (after.wallet_balance_nano_usd, after.debt_nano_usd) == (1_000 - spent + paid, 0)
    assert (held_by("refunds"), held_by("debts")) == (0, 0)


def test_what_was_given_back_can_be_taken_again(account: Account) -> None:
    bought = give(account, 1_000, "order:1:credit")
    taken = takings.take([bought], NanoUSD(1_000), reference="refund:1")
    takings.give_back(taken.entry, [bought], reference="refund:1:given_back")

    again_taken = takings.take([bought, "refund:1:given_back"], NanoUSD(1_000), reference="refund:2")

    assert (again_taken.unspent, again_taken.spent) == (1_000, 0)
    assert Lot.objects.count() == 2


def test_a_debt_can_be_forgiven_with_who_and_why(account: Account) -> None:
    person: User = UserFactory.create()
    bought = give(account, 1_000, "order:1:credit")
    spend(account, 1_000)
    take(bought, 1_000)

    assert debts.forgive(account, made_by=person, note="Good will.") == 1_000
    assert debts.forgive(account, made_by=person, note="Good will.") == 0

    assert not again(account).is_frozen
    entry = Debt.objects.get().payments.get().entry
    assert (entry.made_by, entry.note) == (person, "Good will.")


def test_the_database_never_lets_a_debt_fall_below_zero(account: Account) -> None:
    assert debts.pay(account) == 0
    assert again(account).debt_nano_usd == 0
