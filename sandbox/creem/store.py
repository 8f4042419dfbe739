"""The store: all that one local Creem has, and the questions that its parts ask of it."""

from pathlib import Path

from sandbox import faults
from sandbox.creem import products, wire
from sandbox.creem.entities import KINDS, Checkout, Customer, Order, Product, Subscription, Transaction
from sandbox.creem.errors import not_found
from sandbox.creem.settings import CreemSettings
from sandbox.creem.webhooks import Webhooks
from sandbox.records import Kind, Records
from sandbox.traffic import Traffic


class Store:
    """One merchant's store at Creem, continued from what its file remembers."""

    def __init__(self, settings: CreemSettings, path: Path) -> None:
        self.settings = settings
        self.records = Records(path, kinds=KINDS)
        self.traffic = Traffic()
        self.faults = faults.switch()
        self.webhooks = Webhooks(settings, self.records, self.traffic)
        self._customers = {each.email.lower(): each.id for each in self.records.all(Customer)}
        self.records.keep(*settings.products)

    @property
    def mode(self) -> str:
        """The environment in which everything of this store is."""
        return self.settings.mode

    def found(self, kind: type[Kind], record_id: object) -> Kind:
        """Return the record of this kind and id; raises ApiError when there is none."""
        record = self.records.find(kind, record_id)
        if record is None:
            raise not_found(kind.__name__)
        return record

    def customer_with(self, email: str) -> Customer | None:
        """Return whoever paid under this address before."""
        return self.records.find(Customer, self._customers.get(email.lower()))

    def know(self, customer: Customer) -> None:
        """Find this customer by e-mail from now on."""
        self._customers[customer.email.lower()] = customer.id

    def order_of(self, checkout: Checkout) -> Order | None:
        """Return the order that paying this checkout made."""
        return self.records.find(Order, checkout.order_id)

    def subscription_of(self, checkout: Checkout) -> Subscription | None:
        """Return the subscription that paying this checkout began."""
        order = self.order_of(checkout)
        return self.records.find(Subscription, order.subscription_id) if order is not None else None

    def subscriptions(self, *, customer_id: str | None = None) -> list[Subscription]:
        """Return the subscriptions, those of this customer if one is named, the newest first."""
        newest_first = self.records.all(Subscription)[::-1]
        return [each for each in newest_first if customer_id in (None, each.customer_id)]

    def described(self, subscription: Subscription, *, in_full: bool = True) -> wire.Entity:
        """Return a subscription as the API answers; beside other things, product and customer are ids."""
        product = self.records.get(Product, subscription.product_id)
        customer = self.records.get(Customer, subscription.customer_id)
        checkout = self.records.get(Checkout, subscription.checkout_id)
        paid = self.records.find(Transaction, subscription.last_transaction_id)
        last = self._last(paid, customer) if paid is not None else None
        return wire.subscription(
            subscription,
            product=wire.product(product, mode=self.mode) if in_full else product.id,
            customer=wire.customer(customer, mode=self.mode) if in_full else customer.id,
            last=last,
            mode=self.mode,
            metadata=checkout.metadata,
        )

    def _last(self, paid: Transaction, customer: Customer) -> wire.Entity:
        order = self.records.get(Order, paid.order_id)
        # Nobody is named as its customer there, as captured bodies show.
        return wire.transaction(paid, order, customer, mode=self.mode) | {"customer": None}

    def transactions(
        self, *, customer_id: str | None = None, order_id: str | None = None, product_id: str | None = None
    ) -> list[tuple[Transaction, Order]]:
        """Return the transactions that fit, newest first, each with its order."""
        every = [(each, self.records.get(Order, each.order_id)) for each in self.records.all(Transaction)]
        return [
            (transaction, order)
            for transaction, order in reversed(every)
            if customer_id in (None, order.customer_id)
            and order_id in (None, order.id)
            and product_id in (None, order.product_id)
        ]

    def configure(self, orders: object) -> list[Product]:
        """Put products up for sale under the ids that they name; raises ApiError."""
        configured = products.configured(orders)
        self.records.keep(*configured)
        return configured
