"""Proof that plans, their payments and the books agree, read from the tables as `proof` does."""

from ledger.services.proof import Check

CHECKS = [
    Check(
        "plan_without_its_period",
        """
        SELECT 'order ' || sale.reference,
               format('delivered as %s, its entry is %s', sale.result, coalesce(entry.reference, 'missing'))
          FROM billing_order AS sale
          LEFT JOIN billing_subscriptionperiod AS period ON period.order_id = sale.id
          LEFT JOIN ledger_entry AS entry
            ON entry.reference = format('period:%s', period.id) AND entry.kind = 'period_begun'
         WHERE (sale.result = 'plan') <> (period.id IS NOT NULL)
            OR (period.begun_at IS NOT NULL) <> (entry.id IS NOT NULL)
        """,
    ),
    Check(
        "period_that_nobody_paid",
        """
        SELECT entry.reference, 'fills pools, but no such period was paid for'
          FROM ledger_entry AS entry
         WHERE entry.kind = 'period_begun' AND entry.reference LIKE 'period:%' AND NOT EXISTS (
               SELECT FROM billing_subscriptionperiod AS period
                 LEFT JOIN billing_payment AS payment ON payment.order_id = period.order_id
                 LEFT JOIN redemption_code AS code
                   ON code.id = period.code_id AND code.state = 'redeemed'
                WHERE entry.reference = format('period:%s', period.id)
                  AND (payment.id IS NOT NULL OR code.id IS NOT NULL
                       -- A trial is all bonus.
                       OR period.main_nano_usd = period.bonus_nano_usd))
        """,
    ),
    Check(
        "period_that_was_paid_and_lost",
        """
        SELECT 'period ' || period.id, 'never began, and its plan has ended; its money was not credited'
          FROM billing_subscriptionperiod AS period
          JOIN billing_subscription AS plan ON plan.id = period.subscription_id
         WHERE plan.ended_at IS NOT NULL AND period.begun_at IS NULL AND period.withdrawn_at IS NULL
        """,
    ),
    Check(
        "code_of_a_plan_without_its_period",
        """
        SELECT 'code ' || code.id, format('is %s, its period is %s', code.state, period.id)
          FROM redemption_batch AS batch
          JOIN redemption_code AS code ON code.batch_id = batch.id
          LEFT JOIN billing_subscriptionperiod AS period ON period.code_id = code.id
          LEFT JOIN billing_subscription AS plan
            ON plan.id = period.subscription_id AND plan.customer_id = code.redeemed_by_id
         WHERE batch.plan_slug <> '' AND (code.state = 'redeemed') <> (plan.id IS NOT NULL)
        """,
    ),
    Check(
        "switch_differs_from_the_books",
        """
        SELECT 'order ' || sale.reference, format('credited %s nano-USD, the books say %s',
                                                  switch.credited_nano_usd, credited)
          FROM billing_planswitch AS switch
          JOIN billing_order AS sale ON sale.id = switch.order_id,
               LATERAL (SELECT coalesce(sum(posting.amount_nano_usd), 0) AS credited
                          FROM ledger_posting AS posting
                          JOIN ledger_entry AS entry ON entry.id = posting.entry_id
                         WHERE entry.reference = format('order:%s:switch', sale.id)
                           AND posting.destination = 'wallet') AS sums
         WHERE coalesce(switch.credited_nano_usd, 0) <> credited
        """,
    ),
    Check(
        "plan_brought_more_than_it_cost",
        """
        SELECT 'order ' || sale.reference,
               format('cost %s cents, %s of %s went back, and %s nano-USD of it are credit',
                      payment.amount_cents, payment.refunded_cents, paid.whole, granted - taken)
          FROM billing_subscriptionperiod AS period
          JOIN billing_order AS sale ON sale.id = period.order_id
          JOIN billing_payment AS payment ON payment.order_id = sale.id,
               LATERAL (SELECT CASE WHEN payment.paid_cents > 0 THEN payment.paid_cents
                                    ELSE payment.amount_cents END AS whole) AS paid,
               LATERAL (SELECT coalesce(sum(posting.amount_nano_usd), 0) AS granted
                          FROM ledger_posting AS posting
                          JOIN ledger_entry AS entry ON entry.id = posting.entry_id
                         WHERE posting.destination = 'wallet' AND entry.reference IN (
                               SELECT format('order:%s:surplus', sale.id)
                               UNION ALL SELECT format('period:%s:left', period.id)
                               UNION ALL SELECT format('order:%s:switch', order_id)
                                           FROM billing_planswitch WHERE period_id = period.id
                               UNION ALL SELECT format('refund:%s:unused', id)
                                           FROM billing_refund WHERE order_id = sale.id)) AS grants,
               LATERAL (SELECT coalesce(sum(posting.amount_nano_usd), 0) AS taken
                          FROM ledger_posting AS posting
                          JOIN ledger_entry AS entry ON entry.id = posting.entry_id
                         WHERE posting.destination = 'refunds' AND entry.reference IN (
                               SELECT format('refund:%s:taken', id) FROM billing_refund
                                WHERE order_id = sale.id AND state <> 'failed')) AS takings,
               -- The shares of several refunds are cut to whole nano-USD.
               LATERAL (SELECT count(*) AS cuts FROM billing_refund WHERE order_id = sale.id) AS refunds
         WHERE (granted - taken - cuts) * paid.whole
               > payment.amount_cents::numeric * 10000000 * (paid.whole - payment.refunded_cents)
        """,
    ),
]
