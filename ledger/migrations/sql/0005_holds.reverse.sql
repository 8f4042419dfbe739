drop function ledger_key_standing(text, bytea[], inet, bigint, timestamptz);
drop function ledger_expire(integer, timestamptz);
drop function ledger_release(uuid[], timestamptz);
drop function ledger_settle(
    uuid[], text[], bigint[], bigint[], bigint[], bigint[], bigint[], boolean[], text[], timestamptz
);
drop function ledger_close_holds(
    uuid[], text[], bigint[], bigint[], bigint[], bigint[], bigint[], boolean[], text[], timestamptz
);
drop function ledger_reserve(
    uuid[], text[], bytea[], bigint[], bigint[], bigint[], bigint[], bigint[], inet[], bigint, text,
    timestamptz
);
drop function ledger_wallet_is_open(ledger_account, ledger_accountallowance, bigint);
drop function ledger_wallet_pays(ledger_account, ledger_accountallowance);
drop function ledger_plan_pays(ledger_accountallowance, timestamptz);
drop function ledger_is_within(inet, cidr[]);
drop function ledger_key_fault(accounts_apikey, bytea[], timestamptz);
drop function ledger_affordable_output(bigint, bigint, bigint, ledger_rate);
drop function ledger_most_cost(bigint, bigint, ledger_rate);
drop function ledger_dearest_input(ledger_rate);
drop function ledger_call_cost(bigint, bigint, bigint, bigint, ledger_rate);
alter table ledger_daytotal reset (fillfactor);
alter table ledger_keyallowance reset (fillfactor);
alter table ledger_account reset (fillfactor);
