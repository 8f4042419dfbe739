"""Proof that orders, payments and books agree, read from the tables: trusts no code that wrote them."""

from billing.services import plan_proof
from ledger.services import proof as ledger_proof
from ledger.services.proof import Check, Discrepancy

_CHECKS = [
    *plan_proof.CHECKS,
    Check(
        "paid_order_without_its_payment",
        """
        SELECT 'order ' || sale.reference, format('is %s, paid at %s', sale.state, sale.paid_at)
          FROM billing_order AS sale
          LEFT JOIN billing_payment AS payment ON payment.order_id = sale.id
         WHERE (sale.paid_at IS NULL) <> (payment.id IS NULL)
            OR (payment.id IS NOT NULL AND sale.state NOT IN ('paid', 'delivering', 'delivered', 'refunded'))
        """,
    ),
    Check(
        "paid_order_that_waits_for_nothing",
        """
        SELECT 'order ' || reference, format('is %s, and its next try is at %s', state, deliver_at)
          FROM billing_order
         WHERE (state IN ('paid', 'delivering') AND delivery <> 'manual') <> (deliver_at IS NOT NULL)
        """,
    ),
    Check(
        "order_by_hand_whose_job_says_otherwise",
        """
        SELECT 'order ' || sale.reference, format('is %s, and its job is %s', sale.state, job.state)
          FROM billing_order AS sale
          LEFT JOIN billing_agentjob AS job ON job.order_id = sale.id
         WHERE (sale.kind = 'agent') <> (job.id IS NOT NULL)
            OR (sale.state = 'delivered') <> (job.state = 'done')
            OR (sale.paid_at IS NULL) <> (job.state = 'unpaid')
        """,
    ),
    Check(
        "transfer_whose_payment_says_otherwise",
        """
        SELECT 'order ' || sale.reference, format('its transfer is %s, its payment %s', transfer.state,
                                                  coalesce(payment.transaction_id, 'missing'))
          FROM billing_order AS sale
          LEFT JOIN billing_transfer AS transfer ON transfer.order_id = sale.id
          LEFT JOIN billing_payment AS payment ON payment.order_id = sale.id
         WHERE (sale.provider = 'transfer') <> (transfer.id IS NOT NULL)
            OR (transfer.state = 'approved') <> (payment.id IS NOT NULL)
        """,
    ),
    Check(
        "delivered_order_without_its_credit",
        """
        SELECT 'order ' || sale.reference, format('delivered as %s, but not granted', sale.result)
          FROM billing_order AS sale
         WHERE sale.state = 'delivered' AND sale.result IN ('wallet', 'key') AND sale.foreign_key_id = ''
           AND NOT EXISTS (
               SELECT FROM ledger_entry AS entry
                 JOIN ledger_posting AS posting ON posting.entry_id = entry.id
                WHERE entry.reference = format('order:%s:credit', sale.id)
                  AND posting.source = 'cash:' || sale.provider AND posting.destination = 'wallet'
                  AND posting.amount_nano_usd = sale.credit_nano_usd)
        """,
    ),
    Check(
        "credit_without_its_order",
        """
        SELECT entry.reference, 'granted, but no such order was delivered so'
          FROM ledger_entry AS entry
         WHERE entry.kind = 'order_delivered' AND NOT EXISTS (
               SELECT FROM billing_order AS sale
                WHERE sale.id::text = split_part(entry.reference, ':', 2) AND sale.state = 'delivered'
                  AND sale.result IN ('wallet', 'key', 'plan') AND sale.foreign_key_id = '')
        """,
    ),
    Check(
        "coins_that_paid_no_order",
        """
        SELECT 'payment ' || deposit.payment_id, format('order %s has no payment', deposit.order_id)
          FROM billing_deposit AS deposit
         WHERE deposit.use = 'paid'
           AND NOT EXISTS (SELECT FROM billing_payment AS payment WHERE payment.order_id = deposit.order_id)
        """,
    ),
    Check(
        "coins_without_their_credit",
        """
        SELECT 'payment ' || deposit.payment_id, format('brought %s nano-USD, but not granted',
                                                        deposit.credit_nano_usd)
          FROM billing_deposit AS deposit
         WHERE deposit.use = 'credited' AND NOT EXISTS (
               SELECT FROM ledger_entry AS entry
                 JOIN ledger_posting AS posting ON posting.entry_id = entry.id
                WHERE entry.reference = format('deposit:%s:credit', deposit.payment_id)
                  AND posting.source = 'cash:nowpayments' AND posting.destination = 'wallet'
                  AND posting.amount_nano_usd = deposit.credit_nano_usd)
        """,
    ),
    Check(
        "credit_without_its_coins",
        """
        SELECT entry.reference, 'granted, but no such coins were credited'
          FROM ledger_entry AS entry
         WHERE entry.kind = 'coins_credited' AND NOT EXISTS (
               SELECT FROM billing_deposit AS deposit
                WHERE entry.reference = format('deposit:%s:credit', deposit.payment_id)
                  AND deposit.use = 'credited')
        """,
    ),
    Check(
        "credit_of_no_closed_review",
        """
        SELECT entry.reference, 'credited for a review that nobody has closed'
          FROM ledger_entry AS entry
         WHERE entry.reference LIKE 'review:%:credit' AND NOT EXISTS (
               SELECT FROM billing_review AS review
                WHERE review.id::text = split_part(entry.reference, ':', 2) AND review.closed_at IS NOT NULL)
        """,
    ),
    Check(
        "sold_code_without_its_order",
        """
        SELECT 'batch ' || batch.id, format('sold through %s for %s nano-USD; its order is %s',
                                            batch.sold_through, batch.value_nano_usd, sale.reference)
          FROM redemption_batch AS batch
          LEFT JOIN redemption_code AS code ON code.batch_id = batch.id
          LEFT JOIN billing_order AS sale ON sale.code_id = code.id
         WHERE batch.sold_through <> ''
           -- A refund replaces the code of its order by one that is worth less, and leaves a void one behind.
           AND NOT (code.state = 'voided' AND EXISTS (
               SELECT FROM billing_refund AS refund JOIN billing_order AS owner ON owner.id = refund.order_id
                WHERE owner.reference = batch.name AND refund.code_nano_usd > 0))
           AND (sale.id IS NULL OR sale.provider <> batch.sold_through
                OR sale.credit_nano_usd < batch.value_nano_usd
                OR sale.credit_nano_usd > batch.value_nano_usd + (
                   SELECT coalesce(sum(code_nano_usd), 0) FROM billing_refund WHERE order_id = sale.id))
        """,
    ),
    Check(
        "order_with_the_code_of_no_sale",
        """
        SELECT 'order ' || sale.reference, format('has code %s, which was not sold', sale.code_id)
          FROM billing_order AS sale
          JOIN redemption_code AS code ON code.id = sale.code_id
          JOIN redemption_batch AS batch ON batch.id = code.batch_id
         WHERE batch.sold_through = ''
        """,
    ),
    Check(
        "payment_differs_from_its_refunds",
        """
        SELECT 'payment ' || payment.transaction_id,
               format('says %s of %s went back, its refunds say %s',
                      payment.refunded_cents, payment.amount_cents, gone)
          FROM billing_payment AS payment,
               LATERAL (SELECT coalesce(sum(amount_cents), 0) AS gone
                          FROM billing_refund WHERE payment_id = payment.id AND state <> 'failed') AS sums
         WHERE payment.refunded_cents <> gone
            OR EXISTS (SELECT FROM billing_refund AS refund
                        WHERE refund.payment_id = payment.id
                          AND (refund.order_id <> payment.order_id OR refund.currency <> payment.currency))
        """,
    ),
    Check(
        "refund_differs_from_the_books",
        """
        SELECT 'refund ' || refund.id,
               format('took %s and %s nano-USD, the books say %s and %s, back came %s',
                                              taken_nano_usd, debt_nano_usd, taken, owed, back)
          FROM billing_refund AS refund,
               LATERAL (SELECT coalesce(sum(amount_nano_usd) FILTER (WHERE source = 'wallet'), 0) AS taken,
                               coalesce(sum(amount_nano_usd) FILTER (WHERE source = 'debts'), 0) AS owed
                          FROM ledger_posting AS posting
                          JOIN ledger_entry AS entry ON entry.id = posting.entry_id
                         WHERE entry.reference IN (format('refund:%s:taken', refund.id),
                                                   format('refund:%s:owed', refund.id))) AS takings,
               LATERAL (SELECT coalesce(sum(amount_nano_usd), 0) AS back
                          FROM ledger_posting AS posting
                          JOIN ledger_entry AS entry ON entry.id = posting.entry_id
                         WHERE entry.reference IN (format('refund:%s:given_back', refund.id),
                                                   format('refund:%s:not_owed', refund.id))
                           AND posting.source = 'refunds') AS givings
         WHERE (taken_nano_usd, debt_nano_usd) <> (taken, owed)
            OR back <> CASE state WHEN 'failed' THEN taken_nano_usd + debt_nano_usd ELSE 0 END
        """,
    ),
    Check(
        "taken_back_without_its_refund",
        """
        SELECT entry.reference, 'taken back, but no such refund was made'
          FROM ledger_entry AS entry
         WHERE entry.kind = 'credit_taken_back' AND NOT EXISTS (
               SELECT FROM billing_refund AS refund
                WHERE entry.reference IN (format('refund:%s:taken', refund.id),
                                          format('refund:%s:owed', refund.id)))
        """,
    ),
    Check(
        "refund_that_took_nothing_back",
        """
        SELECT 'refund ' || refund.id, format('of order %s, which is %s; taken back at %s',
                                              sale.reference, sale.state, refund.taken_at)
          FROM billing_refund AS refund JOIN billing_order AS sale ON sale.id = refund.order_id
         WHERE refund.state <> 'failed'
           AND (refund.taken_at IS NULL) <> (sale.state IN ('paid', 'delivering'))
        """,
    ),
    Check(
        "more_credit_gone_than_sold",
        """
        SELECT 'order ' || sale.reference, format('sold %s nano-USD, taken back are %s of %s of its money',
                                                  sale.credit_nano_usd, sum(refund.credit_nano_usd),
                                                  payment.refunded_cents)
          FROM billing_order AS sale
          JOIN billing_payment AS payment ON payment.order_id = sale.id
          JOIN billing_refund AS refund ON refund.order_id = sale.id AND refund.state <> 'failed'
         GROUP BY sale.id, payment.id
        HAVING sum(refund.credit_nano_usd) > CASE sale.result
                                             WHEN 'plan' THEN payment.amount_cents::bigint * 10000000
                                             ELSE sale.credit_nano_usd END
            OR (sale.result <> 'plan'
                AND payment.refunded_cents = CASE WHEN payment.paid_cents > 0 THEN payment.paid_cents
                                                  ELSE payment.amount_cents END
                AND sum(refund.credit_nano_usd) <> sale.credit_nano_usd)
        """,
    ),
    Check(
        "refunded_order_that_is_not",
        """
        SELECT 'order ' || sale.reference, 'is refunded before delivery, but money is left'
          FROM billing_order AS sale JOIN billing_payment AS payment ON payment.order_id = sale.id
         WHERE sale.state = 'refunded'
           AND payment.refunded_cents <> CASE WHEN payment.paid_cents > 0 THEN payment.paid_cents
                                              ELSE payment.amount_cents END
        """,
    ),
    Check(
        "key_of_another_customer",
        """
        SELECT 'order ' || sale.reference, format('belongs to customer %s, its key to customer %s',
                                                  sale.customer_id, key.customer_id)
          FROM billing_order AS sale JOIN accounts_apikey AS key ON key.id = sale.api_key_id
         WHERE key.customer_id <> sale.customer_id
        """,
    ),
]


def discrepancies() -> list[Discrepancy]:
    """Return whatever does not agree, seen from the snapshot of the caller's transaction."""
    return ledger_proof.found_by(_CHECKS)
