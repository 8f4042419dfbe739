"""The addresses of the shop, at the root of the site."""

from django.urls import path

from billing.models import Provider
from billing.views import agents, checkout, coins, lookup, order, plans, pricing, topup, transfers, webhooks

urlpatterns = [
    path("wallet/topup", topup.topup, name="topup"),
    path("pricing", pricing.pricing, name="pricing"),
    path("plans", plans.plans, name="plans"),
    path("plans/<slug:slug>", plans.plan, name="plan"),
    path("checkout/<slug:slug>", checkout.checkout, name="checkout"),
    path("agent", agents.agent, name="agent"),
    path("transfers", transfers.channels, name="transfers"),
    path("transfers/<slug:slug>", transfers.channel, name="transfer"),
    path("transfers/<slug:slug>/qr", transfers.qr, name="transfer_qr"),
    path("orders/lookup", lookup.lookup, name="order_lookup"),
    path("orders/lookup/mail", lookup.mail_link, name="order_lookup_mail"),
    path("orders/<slug:reference>", order.order, name="order"),
    path("orders/<slug:reference>/open", lookup.open_mailed, name="order_open"),
    path("orders/<slug:reference>/pay", checkout.pay, name="order_pay"),
    path("orders/<slug:reference>/ask", order.ask, name="order_ask"),
    path("orders/<slug:reference>/coin", coins.choose, name="order_coin"),
    path("orders/<slug:reference>/another-coin", coins.choose_another, name="order_another_coin"),
    path("orders/<slug:reference>/accept-coins", coins.accept, name="order_accept_coins"),
    path("orders/<slug:reference>/ask-back", coins.ask_back, name="order_ask_back"),
    path("orders/<slug:reference>/invoices", order.to_invoices, name="order_invoices"),
    path("orders/<slug:reference>/test", order.try_key, name="order_test"),
    path("orders/<slug:reference>/save", order.save, name="order_save"),
    path("orders/<slug:reference>/roll", order.roll, name="order_roll"),
    path("orders/<slug:reference>/claim", order.claim, name="order_claim"),
    path("orders/<slug:reference>/proof", agents.proof, name="order_proof"),
    path("orders/<slug:reference>/transfer", transfers.submit, name="order_transfer"),
    path("orders/<slug:reference>/screenshots/<int:pk>", transfers.screenshot, name="order_screenshot"),
    path("webhooks/creem", webhooks.webhook, {"provider_name": Provider.CREEM}, name="webhook_creem"),
    path(
        "webhooks/nowpayments",
        webhooks.webhook,
        {"provider_name": Provider.NOWPAYMENTS},
        name="webhook_nowpayments",
    ),
]
