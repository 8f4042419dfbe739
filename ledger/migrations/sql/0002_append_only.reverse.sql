drop trigger rate_is_append_only on ledger_rate;
drop trigger lot_is_append_only on ledger_lot;
drop trigger posting_is_append_only on ledger_posting;
drop trigger entry_is_append_only on ledger_entry;
drop function ledger_refuse_change();
