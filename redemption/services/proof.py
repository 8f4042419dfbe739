"""Proof that codes and books agree: reads the tables themselves, trusts none of the code that wrote them."""

from ledger.services import proof as ledger_proof
from ledger.services.proof import Check, Discrepancy

_CHECKS = [
    Check(
        "codes_place_differs",
        """
        SELECT 'codes', format('the books hold %s nano-USD, live codes are worth %s', held, owed)
          FROM (SELECT coalesce(sum(CASE destination WHEN 'codes' THEN amount_nano_usd
                                                     ELSE -amount_nano_usd END), 0) AS held
                  FROM ledger_posting WHERE 'codes' IN (source, destination)) AS books,
               (SELECT coalesce(sum(value_nano_usd), 0) AS owed
                  FROM redemption_code WHERE state = 'live') AS codes
         WHERE held <> owed
        """,
    ),
    Check(
        "redeemed_code_without_grant",
        """
        SELECT 'code ' || code.id, format('redeemed by customer %s for %s nano-USD, but not granted',
                                          code.redeemed_by_id, code.value_nano_usd)
          FROM redemption_code AS code
         WHERE code.state = 'redeemed' AND code.value_nano_usd > 0 AND NOT EXISTS (
               SELECT FROM ledger_entry AS entry
                 JOIN ledger_posting AS posting ON posting.entry_id = entry.id
                 JOIN ledger_account AS account ON account.id = posting.destination_account_id
                 JOIN ledger_lot AS lot ON lot.entry_id = entry.id AND lot.account_id = account.id
                WHERE entry.reference = 'redemption:' || code.id
                  AND posting.source = 'codes' AND posting.destination = 'wallet'
                  AND account.customer_id = code.redeemed_by_id
                  AND posting.amount_nano_usd = code.value_nano_usd
                  AND lot.amount_nano_usd = code.value_nano_usd)
        """,
    ),
    Check(
        "grant_without_redeemed_code",
        """
        SELECT entry.reference, 'granted, but no such code was redeemed'
          FROM ledger_entry AS entry
         WHERE entry.kind = 'code_redeemed' AND NOT EXISTS (
               SELECT FROM redemption_code AS code
                WHERE code.state = 'redeemed' AND entry.reference = 'redemption:' || code.id)
        """,
    ),
    Check(
        "chunk_without_entry",
        """
        SELECT format('chunk %s of batch %s', chunk.number, chunk.batch_id),
               format('%s codes issued, but not posted', chunk.size)
          FROM redemption_chunk AS chunk
          JOIN redemption_batch AS batch ON batch.id = chunk.batch_id
         WHERE batch.plan_slug = '' AND NOT EXISTS (
               SELECT FROM ledger_entry AS entry
                 JOIN ledger_posting AS posting ON posting.entry_id = entry.id
                WHERE entry.reference = format('batch:%s:chunk:%s', chunk.batch_id, chunk.number)
                  AND posting.destination = 'codes'
                  AND (batch.sold_through = '' OR posting.source = 'cash:' || batch.sold_through)
                  AND posting.amount_nano_usd = chunk.size * batch.value_nano_usd)
        """,
    ),
    Check(
        "batch_miscounted",
        """
        SELECT format('batch %s', coalesce(batch.id, codes.batch_id)),
               format('%s issued and %s voided; %s in chunks; %s codes, %s voided, %s live',
                      batch.issued_count, batch.voided_count, coalesce(chunks.size, 0),
                      coalesce(codes.total, 0), coalesce(codes.voided, 0), coalesce(codes.live, 0))
          FROM redemption_batch AS batch
          LEFT JOIN (SELECT batch_id, sum(size) AS size FROM redemption_chunk GROUP BY batch_id) AS chunks
               ON chunks.batch_id = batch.id
          FULL JOIN (SELECT batch_id, count(*) AS total,
                            count(*) FILTER (WHERE state = 'voided') AS voided,
                            count(*) FILTER (WHERE state = 'live') AS live,
                            sum(value_nano_usd) AS worth
                       FROM redemption_code GROUP BY batch_id) AS codes
               ON codes.batch_id = batch.id
         WHERE batch.id IS NULL
            OR batch.issued_count <> coalesce(chunks.size, 0)
            OR batch.issued_count <> coalesce(codes.total, 0)
            OR batch.voided_count <> coalesce(codes.voided, 0)
            OR batch.issued_count::numeric * batch.value_nano_usd <> coalesce(codes.worth, 0)
            OR ((batch.state = 'voided' OR batch.expired_at IS NOT NULL) AND codes.live > 0)
        """,
    ),
    Check(
        "plaintext_lost_or_kept",
        """
        SELECT format('chunk %s of batch %s', chunk.number, chunk.batch_id),
               format('the batch is %s, and the sealed codes are %s', batch.state,
                      CASE WHEN chunk.sealed_codes IS NULL THEN 'gone' ELSE 'still there' END)
          FROM redemption_chunk AS chunk
          JOIN redemption_batch AS batch ON batch.id = chunk.batch_id
         WHERE batch.state <> 'voiding'
           AND (chunk.sealed_codes IS NULL) <> (batch.state IN ('downloaded', 'sold', 'voided'))
        """,
    ),
]


def discrepancies() -> list[Discrepancy]:
    """Return whatever does not agree, seen from the snapshot of the caller's transaction."""
    return ledger_proof.found_by(_CHECKS)
