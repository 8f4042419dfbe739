"""The invoices that a provider keeps for a buyer."""

from billing.errors import InvoicesUnavailable
from billing.models import Order, Payment, Provider
from billing.providers.errors import ProviderError
from billing.services import wiring


def page_url(order: Order) -> str:
    """Return the page with all invoices of whoever paid ``order``; raises InvoicesUnavailable.

    Whoever has the address is let in for a while, so it is neither kept nor logged.
    """
    payment = Payment.objects.filter(order=order, provider=Provider.CREEM).exclude(customer_id="").first()
    if payment is None:
        raise InvoicesUnavailable
    try:
        return wiring.creem().customer_portal(payment.customer_id)
    except ProviderError as failure:
        raise InvoicesUnavailable from failure
