"""What a person has to look at is opened once."""

import pytest

from billing.models import OrderStep, Review
from billing.services import reviews
from tests.factories import billing as make
from tests.together import together


@pytest.mark.django_db
def test_the_same_thing_told_again_is_one_review_and_one_step() -> None:
    order = make.order()

    for _ in range(3):
        reviews.open(Review.Reason.WRONG_AMOUNT, subject="creem tran_1", detail="900", order=order)

    assert Review.objects.get().order == order
    assert [step.detail for step in order.steps.filter(kind=OrderStep.Kind.TO_REVIEW)] == ["wrong_amount 900"]


@pytest.mark.django_db(transaction=True)
def test_the_same_thing_told_often_at_once_is_one_review() -> None:
    together(8, lambda _: reviews.open(Review.Reason.UNKNOWN_ORDER, subject="creem tran_1"))

    assert Review.objects.count() == 1


@pytest.mark.django_db
def test_another_reason_is_another_review() -> None:
    reviews.open(Review.Reason.WRONG_AMOUNT, subject="creem tran_1")
    reviews.open(Review.Reason.WRONG_MODE, subject="creem tran_1")

    assert Review.objects.open().count() == 2


@pytest.mark.django_db
def test_a_long_subject_is_cut_to_what_fits() -> None:
    reviews.open(Review.Reason.UNREADABLE, subject="s" * 500, detail="d" * 500)
    reviews.open(Review.Reason.UNREADABLE, subject="s" * 500, detail="d" * 500)

    assert Review.objects.count() == 1
