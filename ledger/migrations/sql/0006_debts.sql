-- What an account owes is paid from its wallet before anything else: by every credit that comes, in the statement
-- that brings it, and by what calls release.

-- Pays as much of the account's debts, the oldest first, as its wallet has free, and answers with how much.
create function ledger_pay_debts(p_account bigint, p_now timestamptz) returns bigint
language plpgsql as $$
declare
    account ledger_account;
    paying bigint;
    payment bigint;
    debt ledger_debt;
    part bigint;
    rest bigint;
begin
    select * into account from ledger_account where id = p_account for no key update;
    paying := least(
        account.debt_nano_usd, account.wallet_balance_nano_usd - account.wallet_held_nano_usd
    );
    if paying is null or paying <= 0 then
        return 0;
    end if;

    -- Under the account's lock they are counted one by one.
    insert into ledger_entry (reference, kind, note, made_by_id, created_at)
    select format('debts:%s:%s', p_account, count(distinct paid.entry_id) + 1), 'debt_paid', '', null, p_now
    from ledger_debt as known left join ledger_debtpayment as paid on paid.debt_id = known.id
    where known.account_id = p_account
    returning id into payment;

    insert into ledger_posting
        (entry_id, source, source_account_id, destination, destination_account_id, amount_nano_usd)
    values (payment, 'wallet', p_account, 'debts', null, paying);

    update ledger_account set
        wallet_balance_nano_usd = wallet_balance_nano_usd - paying,
        debt_nano_usd = debt_nano_usd - paying
    where id = p_account;

    rest := paying;
    for debt in
        select * from ledger_debt where account_id = p_account and open_nano_usd > 0 order by id
    loop
        part := least(rest, debt.open_nano_usd);
        exit when part = 0;
        update ledger_debt set open_nano_usd = open_nano_usd - part where id = debt.id;
        insert into ledger_debtpayment (debt_id, entry_id, amount_nano_usd) values (debt.id, payment, part);
        rest := rest - part;
    end loop;
    return paying;
end
$$;

create trigger lot_taking_is_append_only before update or delete on ledger_lottaking
    for each row execute function ledger_refuse_change();

create trigger debt_payment_is_append_only before update or delete on ledger_debtpayment
    for each row execute function ledger_refuse_change();
