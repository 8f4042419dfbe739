drop function ledger_expire_remainder(uuid, bigint, bigint, bigint, timestamptz);
