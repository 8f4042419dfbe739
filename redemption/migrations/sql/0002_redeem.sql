-- Claiming and redeeming, each in one round trip. A refusal is an answer, not an error: nothing has changed then.

-- Room in each page for what redeeming changes, so that it need not touch another page or an index.
alter table redemption_code set (fillfactor = 90);

-- Spends a code for a customer, and answers with its benefit; no row when no live code has one of the hashes.
-- One statement finds, checks and spends: of two who type one code together, the second waits for the first
-- one's row and then finds it spent. Every reason for a refusal takes this same path and time. Codes of plans
-- are claimed where `p_of_plan`, all others where not.
create function redemption_claim(p_hashes bytea[], p_customer bigint, p_of_plan boolean)
returns table (
    code_id bigint, amount_nano_usd bigint, issued_at timestamptz,
    paid_amount numeric, paid_currency varchar, paid_units_per_usd numeric,
    plan_slug varchar, plan_days smallint
)
language plpgsql as $$
begin
    return query
    update redemption_code as code
    set state = 'redeemed', redeemed_by_id = p_customer, closed_at = clock_timestamp()
    from redemption_batch as batch
    where code.code_hash = any (p_hashes)
        and code.state = 'live'
        and batch.id = code.batch_id
        and (batch.expires_at is null or batch.expires_at > clock_timestamp())
        and batch.state not in ('voiding', 'voided')
        and (batch.plan_days is not null) = p_of_plan
    returning
        code.id, code.value_nano_usd, batch.created_at,
        batch.paid_amount, batch.paid_currency, batch.paid_units_per_usd,
        batch.plan_slug, batch.plan_days;
end
$$;

-- Claims a code and grants its value to the customer's wallet. Answers with one row, whose `outcome` is
--   redeemed     the wallet has the amount, and the account now holds the balance;
--   unusable     there is no such code, or it is not live, or is of a plan: nothing changed;
--   no_account   the customer has no account yet to grant anything to: nothing changed.
create function redemption_redeem(p_hashes bytea[], p_customer bigint)
returns table (outcome text, amount_nano_usd bigint, balance_nano_usd bigint)
language plpgsql
-- One plan, by indexes: everything below here finds rows by key. Left to itself, PostgreSQL would plan queries
-- with arrays anew each time, which takes as long as all the rest, or keep a plan made for empty tables.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    account bigint;
    claimed record;
begin
    select id into account from ledger_account where customer_id = p_customer;
    if account is null then
        outcome := 'no_account';
        return next;
        return;
    end if;

    select * into claimed from redemption_claim(p_hashes, p_customer, false);
    if claimed.code_id is null then
        outcome := 'unusable';
        return next;
        return;
    end if;

    if 'posted' <> (
        select granted.outcome
        from ledger_grant(
            'redemption:' || claimed.code_id, 'code_redeemed', '', null,
            'codes', null, account, claimed.amount_nano_usd,
            claimed.paid_amount, claimed.paid_currency, claimed.paid_units_per_usd, claimed.issued_at,
            clock_timestamp()
        ) as granted
    ) then
        raise exception 'code % is live, but was granted before', claimed.code_id
            using errcode = 'integrity_constraint_violation';
    end if;

    return query
    select 'redeemed', claimed.amount_nano_usd,
        main_balance_nano_usd + backup_balance_nano_usd + wallet_balance_nano_usd
    from ledger_account where id = account;
end
$$;
