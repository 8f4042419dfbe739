"""The tables of the shop."""

from billing.models.agents import AgentJob, AgentVendor
from billing.models.coins import Coin, Deposit
from billing.models.inbox import InboxEvent
from billing.models.mails import OrderMail
from billing.models.orders import KeyIntent, Order, OrderBrowser, OrderStep
from billing.models.packages import Package, PackagePrice
from billing.models.payments import Payment, Review
from billing.models.plans import Plan
from billing.models.providers import Mode, Provider
from billing.models.rates import PublishedRate
from billing.models.reconciliation import Reconciliation
from billing.models.refunds import Refund
from billing.models.subscriptions import PlanSwitch, Subscription, SubscriptionPeriod
from billing.models.transfers import Transfer, TransferChannel, TransferDecision, TransferScreenshot
from billing.models.vouchers import PlanBatch

__all__ = [
    "AgentJob",
    "AgentVendor",
    "Coin",
    "Deposit",
    "InboxEvent",
    "KeyIntent",
    "Mode",
    "Order",
    "OrderBrowser",
    "OrderMail",
    "OrderStep",
    "Package",
    "PackagePrice",
    "Payment",
    "Plan",
    "PlanBatch",
    "PlanSwitch",
    "Provider",
    "PublishedRate",
    "Reconciliation",
    "Refund",
    "Review",
    "Subscription",
    "SubscriptionPeriod",
    "Transfer",
    "TransferChannel",
    "TransferDecision",
    "TransferScreenshot",
]
