"""What happens without anybody asking: each task by name, and how many seconds lie between two runs.

Every one of them may run twice or not at all without harm: it takes up what is left to do.
"""

from typing import Any

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

EVERY = {
    "billing.tasks.sweep_inbox": 15,
    "billing.tasks.ask_open_orders": 30,
    "billing.tasks.sweep_deliveries": 15,
    "billing.tasks.sweep_foreign_keys": MINUTE,
    "billing.tasks.sweep_refunds": 30,
    "billing.tasks.sweep_subscriptions": 30,
    "billing.tasks.tend_coins": 5 * MINUTE,
    "billing.tasks.tend_plans": MINUTE,
    "billing.tasks.reconcile": HOUR,
    "billing.tasks.forget_spent_codes": HOUR,
    "billing.tasks.sweep_mails": 15,
    "billing.tasks.lapse_transfers": 5 * MINUTE,
    "billing.tasks.prove_the_orders": HOUR,
    "redemption.tasks.sweep_batches": 15,
    "redemption.tasks.expire_codes": 5 * MINUTE,
    "ledger.tasks.expire_holds": 15,
    "ledger.tasks.empty_merged_accounts": 15,
    "ledger.tasks.pay_debts": 15,
    "ledger.tasks.send_key_alerts": MINUTE,
    "ledger.tasks.prove_the_books": HOUR,
    "ledger.tasks.prepare_journal_partitions": DAY,
    "accounts.tasks.forget_old_attempts": HOUR,
}


def beat_schedule() -> dict[str, dict[str, Any]]:
    """Return the table in Celery's words. A run that found no worker is dropped when the next is due."""
    return {
        task: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
        for task, seconds in EVERY.items()
    }
