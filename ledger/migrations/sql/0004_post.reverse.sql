drop function ledger_grant(
    text, text, text, bigint, text, bigint, bigint, bigint, numeric, text, numeric, timestamptz, timestamptz
);
drop function ledger_post(text, text, text, bigint, text[], bigint[], text[], bigint[], bigint[], timestamptz);
drop function ledger_pool_changes(text[], bigint[], text[], bigint[], bigint[]);
