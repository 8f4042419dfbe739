drop function ledger_prepare_usage_partitions(integer, timestamptz);
drop table ledger_usage;
drop function ledger_refuse_usage_change();
