-- The usage journal: one row for each call that ended, both its posting (pools to revenue) and its statement
-- line. Written by `ledger_close_holds` alone. The keys point at other tables without foreign keys, because
-- every call of the shop would take a share lock on the same few rows; the proof of the books looks instead.

create table ledger_usage (
    request_id uuid not null,
    at timestamptz not null,
    reserved_at timestamptz not null,
    day date not null,
    period_id bigint,
    account_id bigint not null,
    api_key_id bigint not null,
    model_id bigint not null,
    rate_id bigint not null,
    input_tokens bigint not null,
    cached_input_tokens bigint not null,
    cache_write_tokens bigint not null,
    output_tokens bigint not null,
    reasoning_tokens bigint not null,
    main_nano_usd bigint not null,
    backup_nano_usd bigint not null,
    wallet_nano_usd bigint not null,
    uncharged_nano_usd bigint not null,
    is_free boolean not null,
    is_estimated boolean not null,
    outcome varchar(16) not null,
    upstream_id varchar(80) not null,
    late_at timestamptz,
    primary key (request_id, at),
    constraint call_outcome_is_known check (
        outcome in ('complete', 'client_gone', 'upstream_failed', 'expired')
    ),
    constraint call_uses_nothing_negative check (
        input_tokens >= 0 and cached_input_tokens >= 0 and cache_write_tokens >= 0
        and output_tokens >= 0 and reasoning_tokens >= 0
    ),
    constraint reasoning_is_part_of_the_output check (reasoning_tokens <= output_tokens),
    constraint call_costs_nothing_negative check (
        main_nano_usd >= 0 and backup_nano_usd >= 0 and wallet_nano_usd >= 0 and uncharged_nano_usd >= 0
    ),
    constraint free_call_costs_nothing check (
        not is_free or main_nano_usd + backup_nano_usd + wallet_nano_usd + uncharged_nano_usd = 0
    ),
    constraint expired_call_costs_nothing check (
        outcome <> 'expired' or main_nano_usd + backup_nano_usd + wallet_nano_usd + uncharged_nano_usd = 0
    ),
    constraint only_expired_calls_are_settled_too_late check (late_at is null or outcome = 'expired')
) partition by range (at);

create index usage_of_an_account on ledger_usage (account_id, at desc);
create index usage_of_a_key on ledger_usage (api_key_id, at desc);

-- Takes the rows of a month that nobody prepared, so that a forgotten task never stops a call.
create table ledger_usage_default partition of ledger_usage default;

create function ledger_refuse_usage_change() returns trigger
language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.late_at is null then
        old.late_at := new.late_at;
        if old is not distinct from new then
            return new;
        end if;
    end if;
    raise exception 'the usage journal is append-only' using errcode = 'integrity_constraint_violation';
end
$$;

create trigger usage_is_append_only before update or delete on ledger_usage
    for each row execute function ledger_refuse_usage_change();

-- Makes the partitions of this month and of the next `p_months_ahead`, and names those that are new. Attaching
-- lets calls go on, unlike creating a partition in place. A month that already has rows in the default
-- partition stays there: nothing is ever moved.
create function ledger_prepare_usage_partitions(p_months_ahead integer, p_now timestamptz) returns setof text
language plpgsql as $$
declare
    this_month constant timestamp := date_trunc('month', p_now at time zone 'UTC');
    starts_at timestamptz;
    ends_at timestamptz;
    name text;
begin
    lock table ledger_usage in share update exclusive mode;  -- one task at a time
    for ahead in 0 .. p_months_ahead loop
        starts_at := (this_month + make_interval(months => ahead)) at time zone 'UTC';
        ends_at := (this_month + make_interval(months => ahead + 1)) at time zone 'UTC';
        name := to_char(starts_at at time zone 'UTC', '"ledger_usage_"YYYY_MM');
        continue when to_regclass(name) is not null
            or exists (select from ledger_usage_default where at >= starts_at and at < ends_at);
        execute format('create table %I (like ledger_usage including all)', name);
        execute format(
            'alter table ledger_usage attach partition %I for values from (%L) to (%L)', name, starts_at, ends_at
        );
        return next name;
    end loop;
end
$$;

select ledger_prepare_usage_partitions(3, now());
