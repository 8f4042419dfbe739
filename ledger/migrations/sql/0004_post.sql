-- Money moves by entries. `ledger_post` writes an entry, its postings and the pools they touch in one call, or
-- writes nothing. It answers with one row, whose `outcome` is
--   posted                 the entry is new and the money has moved;
--   repeated               the reference names this very movement already: nothing moved again;
--   reference_reused       the reference names another movement: nothing moved;
--   insufficient_balance   a pool has less free credit than the movement takes: nothing moved.
-- It raises only for what no caller can mean: a place that does not exist, an amount of nothing.

-- What some movements change in the pools of each account, all together.
create function ledger_pool_changes(
    p_sources text[], p_source_accounts bigint[],
    p_destinations text[], p_destination_accounts bigint[],
    p_amounts bigint[]
) returns table (account_id bigint, main numeric, backup numeric, wallet numeric)
language sql immutable as $$
    select
        ends.account_id,
        coalesce(sum(ends.amount) filter (where ends.place = 'main'), 0),
        coalesce(sum(ends.amount) filter (where ends.place = 'backup'), 0),
        coalesce(sum(ends.amount) filter (where ends.place = 'wallet'), 0)
    from (
        select place, account_id, amount
        from unnest(p_destinations, p_destination_accounts, p_amounts) as gains (place, account_id, amount)
        union all
        select place, account_id, -amount
        from unnest(p_sources, p_source_accounts, p_amounts) as losses (place, account_id, amount)
    ) as ends
    where ends.account_id is not null
    group by ends.account_id
$$;

create function ledger_post(
    p_reference text, p_kind text, p_note text, p_made_by bigint,
    p_sources text[], p_source_accounts bigint[],
    p_destinations text[], p_destination_accounts bigint[],
    p_amounts bigint[],
    p_now timestamptz
) returns table (outcome text, entry ledger_entry)
language plpgsql as $$
begin
    -- In id order, as everybody who locks several accounts: so nobody waits in a circle.
    perform from ledger_account as account
    where account.id = any (p_source_accounts || p_destination_accounts)
    order by account.id for no key update;

    select * into entry from ledger_entry as known where known.reference = p_reference;

    if entry.id is null then
        if exists (
            select from ledger_account as account
            join ledger_pool_changes(
                p_sources, p_source_accounts, p_destinations, p_destination_accounts, p_amounts
            ) as change on change.account_id = account.id
            where account.main_balance_nano_usd - account.main_held_nano_usd + change.main < 0
                or account.backup_balance_nano_usd - account.backup_held_nano_usd + change.backup < 0
                or account.wallet_balance_nano_usd - account.wallet_held_nano_usd + change.wallet < 0
        ) then
            return query select 'insufficient_balance', entry;
            return;
        end if;

        -- Of two that post one reference together, the second waits here for the first.
        insert into ledger_entry (reference, kind, note, made_by_id, created_at)
        values (p_reference, p_kind, p_note, p_made_by, p_now)
        on conflict (reference) do nothing
        returning * into entry;

        if entry.id is not null then
            insert into ledger_posting
                (entry_id, source, source_account_id, destination, destination_account_id, amount_nano_usd)
            select entry.id, source, source_account, destination, destination_account, amount
            from unnest(p_sources, p_source_accounts, p_destinations, p_destination_accounts, p_amounts)
                with ordinality
                as movement (source, source_account, destination, destination_account, amount, number)
            order by number;

            update ledger_account as account set
                main_balance_nano_usd = account.main_balance_nano_usd + change.main,
                backup_balance_nano_usd = account.backup_balance_nano_usd + change.backup,
                wallet_balance_nano_usd = account.wallet_balance_nano_usd + change.wallet
            from ledger_pool_changes(
                p_sources, p_source_accounts, p_destinations, p_destination_accounts, p_amounts
            ) as change
            where account.id = change.account_id;

            return query select 'posted', entry;
            return;
        end if;

        select * into entry from ledger_entry as known where known.reference = p_reference;
    end if;

    select case
        when entry.kind = p_kind
            and array_agg(source::text order by id) = p_sources
            and array_agg(source_account_id order by id) = p_source_accounts
            and array_agg(destination::text order by id) = p_destinations
            and array_agg(destination_account_id order by id) = p_destination_accounts
            and array_agg(amount_nano_usd order by id) = p_amounts
        then 'repeated' else 'reference_reused'
    end
    into outcome
    from ledger_posting where entry_id = entry.id;
    return next;
end
$$;

-- Posts credit into a wallet and keeps its lot beside it. The answer is that of `ledger_post`.
create function ledger_grant(
    p_reference text, p_kind text, p_note text, p_made_by bigint,
    p_source text, p_source_account bigint, p_account bigint, p_amount bigint,
    p_paid_amount numeric, p_paid_currency text, p_paid_units_per_usd numeric,
    p_acquired_at timestamptz,
    p_now timestamptz
) returns table (outcome text, entry ledger_entry)
language plpgsql as $$
declare
    answer record;
begin
    select * into answer from ledger_post(
        p_reference, p_kind, p_note, p_made_by,
        array[p_source], array[p_source_account], array['wallet'], array[p_account], array[p_amount],
        p_now
    );
    outcome := answer.outcome;
    entry := answer.entry;

    if outcome = 'posted' then
        insert into ledger_lot
            (account_id, entry_id, amount_nano_usd,
             paid_amount, paid_currency, paid_units_per_usd, acquired_at)
        values
            (p_account, entry.id, p_amount,
             p_paid_amount, p_paid_currency, p_paid_units_per_usd, p_acquired_at);

        -- The account is locked: what it owes is paid before anybody can spend the credit.
        perform ledger_pay_debts(id, p_now) from ledger_account where id = p_account and debt_nano_usd > 0;
    end if;
    return next;
end
$$;
