-- What the books say once is never unsaid: a mistake is corrected by another entry.

create function ledger_refuse_change() returns trigger
language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name
        using errcode = 'integrity_constraint_violation', hint = 'Correct a mistake by another entry.';
end
$$;

create trigger entry_is_append_only before update or delete on ledger_entry
    for each row execute function ledger_refuse_change();

create trigger posting_is_append_only before update or delete on ledger_posting
    for each row execute function ledger_refuse_change();

create trigger lot_is_append_only before update or delete on ledger_lot
    for each row execute function ledger_refuse_change();

create trigger rate_is_append_only before update or delete on ledger_rate
    for each row execute function ledger_refuse_change();
