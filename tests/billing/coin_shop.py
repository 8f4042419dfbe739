"""A shop that takes coins at the sandbox's NowPayments: its buyers, and what it is told."""

import random
from typing import Any

from django.test import Client

from accounts.models import User
from billing import doorbell, tasks
from billing.models import Deposit, InboxEvent, Mode, Order, Package, PackagePrice, Provider
from billing.services import coins, deposits, orders
from billing.services.orders import Buyer
from tests.factories import billing as make
from tests.sandbox.running_nowpayments import RunningNowPayments

PATH = "/webhooks/nowpayments"
PRICE_CENTS = 2500
COIN = "usdttrc20"


class CoinShop:
    """Sells one package for coins."""

    def __init__(self, running: RunningNowPayments) -> None:
        self.running = running
        self._told: set[str] = {each["id"] for each in running.notifications()}

    def order(
        self,
        *,
        price_cents: int = PRICE_CENTS,
        user: User | None = None,
        delivery: str = "auto",
        reference: str | None = None,
    ) -> Order:
        """Place an order that is to be paid in coins."""
        package = Package.objects.filter(slug="standard").first() or make.package(delivery=delivery)
        price, _ = PackagePrice.objects.get_or_create(
            package=package, provider=Provider.NOWPAYMENTS, price_cents=price_cents
        )
        email = user.email if user else "guest@example.com"
        buyer = Buyer(email=email, language="en", user=user)
        return orders.place(orders.of_package(price), buyer, mode=Mode.TEST, reference=reference)

    def chosen(self, order: Order | None = None, *, coin: str = COIN) -> Deposit:
        """Return the address that a buyer was shown for this coin."""
        coins.refresh()
        return deposits.open_address(order or self.order(), coin_code=coin)

    def act(self, deposit: Deposit, act: str) -> None:
        """Have the buyer send coins, or time go by, until all has come to rest."""
        self.running.act({"payment_id": deposit.payment_id}, act)

    def send(self, deposit: Deposit, amount: str, **coin: str) -> None:
        self.running.deposit({"payment_id": deposit.payment_id}, amount, **coin)

    def told(self, *, shuffled: random.Random | None = None) -> list[int]:
        """Post what NowPayments tells and was not posted yet, and have it handled; return the statuses."""
        news = self._news()
        if shuffled:
            news = news * 2
            shuffled.shuffle(news)
        statuses = [tell(each["body"].encode(), each["signature"]) for each in news]
        self.work()
        return statuses

    def received(self) -> list[int]:
        """Post what NowPayments tells and was not posted yet; return the events that are to be handled."""
        for each in self._news():
            assert tell(each["body"].encode(), each["signature"]) == 200
        return list(InboxEvent.objects.filter(handled_at=None).values_list("pk", flat=True))

    def work(self) -> None:
        for event_pk in InboxEvent.objects.filter(handled_at=None).values_list("pk", flat=True):
            tasks.handle_event(event_pk)

    def _news(self) -> list[dict[str, Any]]:
        news = [each for each in self.running.notifications() if each["id"] not in self._told]
        self._told |= {each["id"] for each in news}
        return news

    def bought(self, act: str = "exact", **facts: Any) -> Order:
        """Return an order for which a buyer has acted so, and of which all was told."""
        order = self.order(**facts)
        self.act(self.chosen(order), act)
        self.told()
        return Order.objects.get(pk=order.pk)


def tell(body: bytes, signature: str) -> int:
    """Post a notification; return the status when the workers were told of it."""
    answer = Client().post(
        PATH, data=body, content_type="application/json", headers={"x-nowpayments-sig": signature}
    )
    doorbell.wait_until_sent()
    return answer.status_code
