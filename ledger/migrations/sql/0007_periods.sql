-- What a call has set aside of a period that is over stays in the pools until the call ends. What it leaves then
-- belongs to nobody any more.

-- Lets what a call has left of an ended period's pools expire, in the transaction that ended its hold, which has
-- the account locked.
create function ledger_expire_remainder(
    p_request_id uuid, p_account bigint, p_main bigint, p_backup bigint, p_now timestamptz
) returns void
language sql as $$
    with entry as (
        insert into ledger_entry (reference, kind, note, made_by_id, created_at)
        values (format('hold:%s:remainder', p_request_id), 'remainder_expired', '', null, p_now)
        returning id
    ),
    postings as (
        insert into ledger_posting
            (entry_id, source, source_account_id, destination, destination_account_id, amount_nano_usd)
        select entry.id, rest.pool, p_account, 'expired', null, rest.amount
        from entry, (values ('main', p_main), ('backup', p_backup)) as rest (pool, amount)
        where rest.amount > 0
    )
    update ledger_account set
        main_balance_nano_usd = main_balance_nano_usd - p_main,
        backup_balance_nano_usd = backup_balance_nano_usd - p_backup
    where id = p_account
$$;
