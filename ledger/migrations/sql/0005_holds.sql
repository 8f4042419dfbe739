-- How a call is paid: reserve an upper bound, settle the exact cost, release the rest.
--
-- Each function takes arrays, one element for each call, so that many calls share one round trip and one
-- commit. Each first locks the accounts of all its calls, in id order; the calls of one account are then
-- decided one after another. A key belongs to one account, so whoever has the account's lock has its keys,
-- its holds and its day totals too. Only after a merge do two accounts share a key: the one that it moved to,
-- and the one where calls of before are still open. Therefore the counters of keys are written in id order.
-- Nothing is raised for what a caller may ask: a refusal is a returned row and changes nothing.
--
-- The hold is the idempotency. It ends once, by settlement, release or expiry: whoever deletes the row counts
-- the call, and without a hold nothing has any effect.

-- Rows that every call rewrites leave room for their next version on the same page.
alter table ledger_account set (fillfactor = 50);
alter table ledger_keyallowance set (fillfactor = 50);
alter table ledger_daytotal set (fillfactor = 70);

-- What a call costs. Exact until the one rounding, up to a whole nano-USD: numeric multiplication never rounds.
create function ledger_call_cost(
    p_input_tokens bigint, p_cached_input_tokens bigint, p_cache_write_tokens bigint, p_output_tokens bigint,
    p_rate ledger_rate
) returns numeric
language sql immutable as $$
    select ceil(0.000001 * (
        p_rate.input_nano_usd_per_million * p_input_tokens::numeric
        + p_rate.cached_input_nano_usd_per_million * p_cached_input_tokens::numeric
        + p_rate.cache_write_nano_usd_per_million * p_cache_write_tokens::numeric
        + p_rate.output_nano_usd_per_million * p_output_tokens::numeric
    ))
$$;

-- What input costs at most, a million tokens: the model may write all of it into its cache.
create function ledger_dearest_input(p_rate ledger_rate) returns bigint
language sql immutable as $$
    select greatest(p_rate.input_nano_usd_per_million, p_rate.cache_write_nano_usd_per_million)
$$;

-- The most that a call within these bounds can cost.
create function ledger_most_cost(
    p_input_tokens bigint, p_output_tokens bigint, p_rate ledger_rate
) returns numeric
language sql immutable as $$
    select ceil(0.000001 * (
        ledger_dearest_input(p_rate) * p_input_tokens::numeric
        + p_rate.output_nano_usd_per_million * p_output_tokens::numeric
    ))
$$;

-- How many output tokens each choice may have, so that the whole call costs at most `p_credit`.
create function ledger_affordable_output(
    p_credit bigint, p_input_tokens bigint, p_choices bigint, p_rate ledger_rate
) returns numeric
language sql immutable as $$
    select case
        when ledger_most_cost(p_input_tokens, 0, p_rate) > p_credit then 0
        when p_rate.output_nano_usd_per_million = 0 then 'infinity'
        else div(
            p_credit * 1000000::numeric - ledger_dearest_input(p_rate) * p_input_tokens::numeric,
            p_rate.output_nano_usd_per_million * p_choices::numeric
        )
    end
$$;

-- Why a key may not call, or null. A deleted key and a wrong secret look like a key that never was.
create function ledger_key_fault(
    p_key accounts_apikey, p_secret_hashes bytea[], p_now timestamptz
) returns text
language sql immutable as $$
    select case
        when p_key.secret_hash = any (p_secret_hashes) and p_key.state <> 'revoked' then case
            when p_key.state = 'disabled' then 'key_disabled'
            when p_key.expires_at <= p_now then 'key_expired'
        end
        else 'unknown_key'
    end
$$;

-- Whether a key may call from this address. An unknown address is in no network.
create function ledger_is_within(p_client_address inet, p_networks cidr[]) returns boolean
language sql immutable as $$
    select p_networks is null or coalesce(p_client_address <<= any (p_networks), false)
$$;

-- Sets aside the most that each call can cost, or says why not. The request ids of one batch are distinct.
--
-- `p_secret_hashes` has a row for each call: its secret, hashed under every pepper. Output is asked for and
-- granted for each of `p_choices`. Asking again under the id of an open hold of the same key answers with that
-- hold; an id whose call has ended, or which another key uses, is refused. The reason `key_moved` is no
-- refusal: a merge was first, nothing is decided, and the call is to be asked again.
--
-- A limit of money counts what is spent and what open calls have set aside. Its own reason is named only when
-- the spending alone leaves too little; else the reason is `busy`. What no waiting mends is named first.
create function ledger_reserve(
    p_request_ids uuid[], p_key_ids text[], p_secret_hashes bytea[], p_model_ids bigint[],
    p_input_bounds_tokens bigint[], p_asked_outputs_tokens bigint[], p_choices bigint[],
    p_lifetimes_seconds bigint[], p_client_addresses inet[],
    p_time_zone text, p_now timestamptz
) returns table (
    request_id uuid, reason text, retry_after_seconds integer,
    account_id bigint, output_limit_tokens bigint, held_nano_usd bigint,
    rate_limit integer, rate_remaining integer, rate_reset_seconds integer
)
language plpgsql
-- One plan, by indexes: right at every size of the tables, whatever the statistics say today.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off
set jit = off
as $$
#variable_conflict use_column
declare
    smallest_useful_output constant bigint := 256;
    today constant date := p_now at time zone p_time_zone;
    this_month constant date := date_trunc('month', today::timestamp);
    call record;
    account ledger_account;  -- of this call, as the earlier calls of the batch leave it
    spender ledger_keyallowance;  -- its key, likewise
    main_free bigint;
    backup_free bigint;
    wallet_free bigint;
    least_cost bigint;  -- of the shortest answer that is of any use
    pace interval;
    arrival_at timestamptz;
    hold ledger_hold;
    holds ledger_hold[] := '{}';
    newly_used bigint[] := '{}';
    locked bigint[];
begin
    select coalesce(array_agg(taken.id), '{}') into locked
    from (
        select account.id from ledger_account as account
        where account.id in (
            select spender.account_id
            from accounts_apikey as key join ledger_keyallowance as spender on spender.api_key_id = key.id
            where key.key_id = any (p_key_ids)
        )
        order by account.id for no key update
    ) as taken;

    for call in
        select
            asked.request_id,
            asked.choices,
            asked.lifetime_seconds,
            asked.client_address,
            asked.input_bound,
            least(asked.output, model.output_limit_tokens) as wanted_output,
            account,
            spender,
            allowance.open_calls,
            key.id as api_key_id,
            key.last_used_at,
            case when account.id is null then 'unknown_key'
                else ledger_key_fault(key, p_secret_hashes[asked.number:asked.number], p_now)
            end as key_fault,
            model.is_free,
            price.rate,
            -- Looked up one by one. As a join or an `exists`, a plan made while the tables were empty would
            -- read all of them for every batch.
            (select hold from ledger_hold as hold where hold.id = asked.request_id) as standing,
            (
                select used.request_id from ledger_usage as used
                where used.request_id = asked.request_id
                    -- Chooses the partitions. Two halves, because an index could serve one range: of an
                    -- account's or a key's lines, the wrong one.
                    and (used.at between p_now - interval '1 day' and p_now
                        or used.at between p_now and p_now + interval '1 day')
                limit 1
            ) is not null as has_ended
        from unnest(
            p_request_ids, p_key_ids, p_model_ids,
            p_input_bounds_tokens, p_asked_outputs_tokens, p_choices, p_lifetimes_seconds, p_client_addresses
        ) with ordinality as asked (
            request_id, key_id, model_id, input_bound, output, choices, lifetime_seconds, client_address, number
        )
        left join accounts_apikey as key on key.key_id = asked.key_id
        left join ledger_keyallowance as spender on spender.api_key_id = key.id
        left join ledger_account as account on account.id = spender.account_id
        left join ledger_accountallowance as allowance on allowance.account_id = account.id
        left join ledger_languagemodel as model on model.id = asked.model_id and model.is_offered
        left join lateral (
            select rate from ledger_rate as rate
            where rate.model_id = model.id and rate.effective_from <= p_now
            order by rate.effective_from desc limit 1
        ) as price on true
        order by account.id, key.id, asked.number
    loop
        request_id := call.request_id;
        account_id := (call.account).id;
        reason := null;
        retry_after_seconds := null;
        rate_limit := null;
        rate_remaining := null;
        rate_reset_seconds := null;

        -- The key moved to another account while we waited for the first one's lock, or is that new. To wait
        -- for a second lock now, out of order, could be to wait in a circle.
        if account_id is not null and account_id <> all (locked) then
            reason := 'key_moved';
            output_limit_tokens := null;
            held_nano_usd := null;
            return next;
            continue;
        end if;

        if call.api_key_id is distinct from spender.api_key_id then
            spender := call.spender;
            -- When midnight has passed for a call that waited for the lock, it counts in the new day.
            if spender.day is distinct from today and spender.day is distinct from today + 1 then
                spender.day := today;
                spender.day_spent_nano_usd := 0;
                if spender.month is distinct from this_month then
                    spender.month := this_month;
                    spender.month_spent_nano_usd := 0;
                end if;
            end if;
        end if;
        -- GCRA. Each request takes one place of a minute's, and time frees the places one after another; at
        -- `arrival_at` all are free.
        if spender.requests_per_minute is not null and call.key_fault is null then
            pace := interval '1 minute' / spender.requests_per_minute;
            arrival_at := greatest(spender.rate_arrival_at, p_now);
            rate_limit := spender.requests_per_minute;
            rate_remaining := greatest(
                rate_limit - ceil(extract(epoch from arrival_at - p_now) / extract(epoch from pace)), 0
            );
            rate_reset_seconds := ceil(extract(epoch from arrival_at - p_now));
        end if;

        -- Asked again, after a connection broke: the hold stands as it is.
        if (call.standing).api_key_id = call.api_key_id then
            account_id := (call.standing).account_id;
            output_limit_tokens := (call.standing).output_bound_tokens / call.choices;
            held_nano_usd := (call.standing).main_nano_usd
                + (call.standing).backup_nano_usd + (call.standing).wallet_nano_usd;
            return next;
            continue;
        end if;

        if account_id is distinct from account.id then
            account := call.account;
        end if;
        main_free := account.main_balance_nano_usd - account.main_held_nano_usd;
        backup_free := account.backup_balance_nano_usd - account.backup_held_nano_usd;
        wallet_free := account.wallet_balance_nano_usd - account.wallet_held_nano_usd;

        output_limit_tokens := least(
            call.wanted_output,
            case when not call.is_free then ledger_affordable_output(
                greatest(0, least(
                    main_free + backup_free + wallet_free,
                    spender.total_limit_nano_usd - spender.spent_nano_usd - spender.held_nano_usd,
                    spender.monthly_limit_nano_usd - spender.month_spent_nano_usd - spender.held_nano_usd,
                    spender.daily_limit_nano_usd - spender.day_spent_nano_usd - spender.held_nano_usd
                )),
                call.input_bound, call.choices, call.rate
            ) end
        );
        reason := case
            when call.key_fault is not null then call.key_fault
            when call.standing is distinct from null or call.has_ended then 'request_reused'
            when account.frozen_at is not null or account.debt_nano_usd > 0 then 'account_frozen'
            when not ledger_is_within(call.client_address, spender.allowed_networks) then 'key_network'
            when call.rate is not distinct from null then 'model_unknown'
            when (call.rate).model_id <> all (spender.allowed_models) then 'key_model'
            when account.open_holds >= call.open_calls then 'too_many_open_calls'
            when arrival_at > p_now + (spender.requests_per_minute - 1) * pace then 'key_rate_limit'
            when call.is_free then null
            when account.main_balance_nano_usd + account.backup_balance_nano_usd
                + account.wallet_balance_nano_usd = 0 then 'paid_model'
        end;
        if reason is null and not call.is_free
            and output_limit_tokens < least(call.wanted_output, smallest_useful_output)
        then
            least_cost := ledger_most_cost(
                call.input_bound, call.choices * least(call.wanted_output, smallest_useful_output), call.rate
            );
            reason := case
                when spender.total_limit_nano_usd - spender.spent_nano_usd < least_cost then 'key_total_limit'
                when account.main_balance_nano_usd + account.backup_balance_nano_usd
                    + account.wallet_balance_nano_usd < least_cost then 'insufficient_credit'
                when spender.monthly_limit_nano_usd - spender.month_spent_nano_usd < least_cost
                    then 'key_monthly_limit'
                when spender.daily_limit_nano_usd - spender.day_spent_nano_usd < least_cost
                    then 'key_daily_limit'
                else 'busy'
            end;
        end if;
        if reason is not null then
            retry_after_seconds := ceil(case reason
                when 'too_many_open_calls' then 2
                when 'busy' then 2
                when 'key_rate_limit'
                    then extract(epoch from arrival_at - p_now - (spender.requests_per_minute - 1) * pace)
                when 'key_daily_limit'
                    then extract(epoch from (spender.day + 1)::timestamp at time zone p_time_zone - p_now)
                when 'key_monthly_limit' then extract(
                    epoch from (spender.month + interval '1 month') at time zone p_time_zone - p_now
                )
            end);
            output_limit_tokens := null;
            held_nano_usd := null;
            return next;
            continue;
        end if;

        hold.output_bound_tokens := call.choices * output_limit_tokens;
        held_nano_usd := case when call.is_free then 0
            else ledger_most_cost(call.input_bound, hold.output_bound_tokens, call.rate) end;
        hold.main_nano_usd := least(held_nano_usd, main_free);
        hold.backup_nano_usd := least(held_nano_usd - hold.main_nano_usd, backup_free);
        hold.wallet_nano_usd := held_nano_usd - hold.main_nano_usd - hold.backup_nano_usd;
        hold.id := request_id;
        hold.account_id := account_id;
        hold.api_key_id := call.api_key_id;
        hold.model_id := (call.rate).model_id;
        hold.rate_id := (call.rate).id;
        hold.is_free := call.is_free;
        hold.input_bound_tokens := call.input_bound;
        hold.period_started_at := account.period_started_at;
        hold.day := spender.day;
        hold.week := date_trunc('week', spender.day::timestamp);
        hold.month := spender.month;
        hold.created_at := p_now;
        hold.deadline_at := p_now + make_interval(secs => call.lifetime_seconds);
        holds := holds || hold;
        if call.last_used_at is null or call.last_used_at < p_now - interval '1 minute' then
            newly_used := newly_used || hold.api_key_id;
        end if;

        account.main_held_nano_usd := account.main_held_nano_usd + hold.main_nano_usd;
        account.backup_held_nano_usd := account.backup_held_nano_usd + hold.backup_nano_usd;
        account.wallet_held_nano_usd := account.wallet_held_nano_usd + hold.wallet_nano_usd;
        account.open_holds := account.open_holds + 1;
        spender.held_nano_usd := spender.held_nano_usd + held_nano_usd;
        if spender.requests_per_minute is not null then
            spender.rate_arrival_at := arrival_at + pace;
            rate_remaining := rate_remaining - 1;
            rate_reset_seconds := ceil(extract(epoch from spender.rate_arrival_at - p_now));
        end if;
        return next;
    end loop;

    insert into ledger_hold select * from unnest(holds);

    update ledger_account as account set
        main_held_nano_usd = account.main_held_nano_usd + placed.main,
        backup_held_nano_usd = account.backup_held_nano_usd + placed.backup,
        wallet_held_nano_usd = account.wallet_held_nano_usd + placed.wallet,
        open_holds = account.open_holds + placed.calls
    from (
        select account_id, count(*) as calls,
            sum(main_nano_usd) as main, sum(backup_nano_usd) as backup, sum(wallet_nano_usd) as wallet
        from unnest(holds) group by account_id
    ) as placed
    where account.id = placed.account_id;

    update ledger_keyallowance as spender set
        requests = spender.requests + placed.calls,
        held_nano_usd = spender.held_nano_usd + placed.held,
        day = placed.day,
        day_spent_nano_usd = case spender.day when placed.day then spender.day_spent_nano_usd else 0 end,
        month = placed.month,
        month_spent_nano_usd = case spender.month when placed.month then spender.month_spent_nano_usd else 0 end,
        rate_arrival_at = greatest(spender.rate_arrival_at, p_now)
            + placed.calls * (interval '1 minute' / spender.requests_per_minute)
    from (
        select api_key_id, count(*) as calls, max(day) as day, max(month) as month,
            sum(main_nano_usd + backup_nano_usd + wallet_nano_usd) as held
        from unnest(holds) group by api_key_id order by api_key_id
    ) as placed
    where spender.api_key_id = placed.api_key_id;

    -- To the minute: a busy key's row is not rewritten by every call.
    if newly_used <> '{}' then
        update accounts_apikey set last_used_at = p_now where id = any (newly_used);
    end if;
end
$$;

-- Ends the holds that are still there, each with a line in the journal, and counts what they cost. One
-- statement: no moment sees a call without its hold and without its line, or with both.
create function ledger_close_holds(
    p_request_ids uuid[], p_outcomes text[],
    p_input_tokens bigint[], p_cached_input_tokens bigint[], p_cache_write_tokens bigint[],
    p_output_tokens bigint[], p_reasoning_tokens bigint[],
    p_estimated boolean[], p_upstream_ids text[],
    p_now timestamptz
) returns table (request_id uuid, cost_nano_usd bigint, uncharged_nano_usd bigint)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off
set jit = off
as $$
#variable_conflict use_column
begin
    perform from ledger_account as account
    where account.id in (select hold.account_id from ledger_hold as hold where hold.id = any (p_request_ids))
    order by account.id for no key update;

    return query
    with ended as (
        delete from ledger_hold as hold
        using unnest(
            p_request_ids, p_outcomes, p_input_tokens, p_cached_input_tokens, p_cache_write_tokens,
            p_output_tokens, p_reasoning_tokens, p_estimated, p_upstream_ids
        ) as report (
            request_id, outcome, input_tokens, cached_input_tokens, cache_write_tokens,
            output_tokens, reasoning_tokens, is_estimated, upstream_id
        )
        where hold.id = any (p_request_ids) and hold.id = report.request_id
        returning hold.*, report.*
    ),
    priced as (
        select ended.*,
            case when ended.is_free then 0 else ledger_call_cost(
                ended.input_tokens, ended.cached_input_tokens, ended.cache_write_tokens,
                ended.output_tokens, rate
            ) end as cost
        from ended join ledger_rate as rate on rate.id = ended.rate_id
    ),
    -- The pools pay in their order, each what it has set aside and no more: the rest is the shop's loss.
    paid as (
        select priced.*,
            least(cost, main_nano_usd)::bigint as from_main,
            least(greatest(cost - main_nano_usd, 0), backup_nano_usd)::bigint as from_backup,
            least(greatest(cost - main_nano_usd - backup_nano_usd, 0), wallet_nano_usd)::bigint as from_wallet
        from priced
    ),
    journal as (
        insert into ledger_usage (
            request_id, at, reserved_at, day, account_id, api_key_id, model_id, rate_id,
            input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
            main_nano_usd, backup_nano_usd, wallet_nano_usd, uncharged_nano_usd,
            is_free, is_estimated, outcome, upstream_id
        )
        select
            id, p_now, created_at, day, account_id, api_key_id, model_id, rate_id,
            input_tokens, cached_input_tokens, cache_write_tokens, output_tokens,
            least(reasoning_tokens, output_tokens),
            from_main, from_backup, from_wallet, cost - from_main - from_backup - from_wallet,
            is_free, is_estimated, outcome, upstream_id
        from paid
        returning request_id, main_nano_usd, backup_nano_usd, wallet_nano_usd, uncharged_nano_usd
    ),
    account_rows as (
        update ledger_account as account set
            main_balance_nano_usd = account.main_balance_nano_usd - total.from_main,
            main_held_nano_usd = account.main_held_nano_usd - total.main,
            backup_balance_nano_usd = account.backup_balance_nano_usd - total.from_backup,
            backup_held_nano_usd = account.backup_held_nano_usd - total.backup,
            wallet_balance_nano_usd = account.wallet_balance_nano_usd - total.from_wallet,
            wallet_held_nano_usd = account.wallet_held_nano_usd - total.wallet,
            open_holds = account.open_holds - total.calls
        from (
            select account_id, count(*) as calls,
                sum(main_nano_usd) as main, sum(from_main) as from_main,
                sum(backup_nano_usd) as backup, sum(from_backup) as from_backup,
                sum(wallet_nano_usd) as wallet, sum(from_wallet) as from_wallet
            from paid group by account_id
        ) as total
        where account.id = total.account_id
    ),
    key_counters as (
        update ledger_keyallowance as spender set
            spent_nano_usd = spender.spent_nano_usd + total.spent,
            held_nano_usd = spender.held_nano_usd - total.held,
            day_spent_nano_usd = spender.day_spent_nano_usd
                + case spender.day when total.day then total.day_spent else 0 end,
            month_spent_nano_usd = spender.month_spent_nano_usd
                + case spender.month when total.month then total.month_spent else 0 end
        from (
            -- A window that has begun since counts nothing of them: only the last of theirs can be the key's.
            select api_key_id,
                sum(spent) as spent,
                sum(main_nano_usd + backup_nano_usd + wallet_nano_usd) as held,
                last_day as day, sum(spent) filter (where day = last_day) as day_spent,
                last_month as month, sum(spent) filter (where month = last_month) as month_spent
            from (
                select paid.*, from_main + from_backup + from_wallet as spent,
                    max(day) over of_the_key as last_day, max(month) over of_the_key as last_month
                from paid window of_the_key as (partition by api_key_id)
            ) as calls
            group by api_key_id, last_day, last_month order by api_key_id
        ) as total
        where spender.api_key_id = total.api_key_id
    ),
    day_totals as (
        insert into ledger_daytotal as total (
            account_id, day, model_id,
            requests, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
            cost_nano_usd
        )
        select
            account_id, day, model_id,
            count(*), sum(input_tokens), sum(cached_input_tokens), sum(cache_write_tokens),
            sum(output_tokens), sum(least(reasoning_tokens, output_tokens)),
            sum(from_main + from_backup + from_wallet)
        from paid group by account_id, day, model_id
        on conflict (account_id, day, model_id) do update set
            requests = total.requests + excluded.requests,
            input_tokens = total.input_tokens + excluded.input_tokens,
            cached_input_tokens = total.cached_input_tokens + excluded.cached_input_tokens,
            cache_write_tokens = total.cache_write_tokens + excluded.cache_write_tokens,
            output_tokens = total.output_tokens + excluded.output_tokens,
            reasoning_tokens = total.reasoning_tokens + excluded.reasoning_tokens,
            cost_nano_usd = total.cost_nano_usd + excluded.cost_nano_usd
    )
    select
        journal.request_id,
        journal.main_nano_usd + journal.backup_nano_usd + journal.wallet_nano_usd,
        journal.uncharged_nano_usd
    from journal;
end
$$;

-- Charges what calls really cost, never more than their holds, and frees the rest.
--
-- Settling again answers with the first settlement. When the hold has expired, its line in the journal is
-- marked late; then, and when the hold was released, the call costs nothing.
create function ledger_settle(
    p_request_ids uuid[], p_outcomes text[],
    p_input_tokens bigint[], p_cached_input_tokens bigint[], p_cache_write_tokens bigint[],
    p_output_tokens bigint[], p_reasoning_tokens bigint[],
    p_estimated boolean[], p_upstream_ids text[],
    p_now timestamptz
) returns table (request_id uuid, cost_nano_usd bigint, uncharged_nano_usd bigint, was_late boolean)
language plpgsql as $$
#variable_conflict use_column
declare
    settled uuid[] := '{}';
begin
    was_late := false;
    for request_id, cost_nano_usd, uncharged_nano_usd in
        select * from ledger_close_holds(
            p_request_ids, p_outcomes, p_input_tokens, p_cached_input_tokens, p_cache_write_tokens,
            p_output_tokens, p_reasoning_tokens, p_estimated, p_upstream_ids, p_now
        )
    loop
        settled := settled || request_id;
        return next;
    end loop;

    if settled @> p_request_ids then
        return;
    end if;

    update ledger_usage as line set late_at = p_now
    where line.request_id = any (p_request_ids) and line.request_id <> all (settled)
        and line.outcome = 'expired' and line.late_at is null;

    return query
    select
        report.request_id,
        coalesce(line.main_nano_usd + line.backup_nano_usd + line.wallet_nano_usd, 0),
        coalesce(line.uncharged_nano_usd, 0),
        coalesce(line.outcome = 'expired', true)
    from unnest(p_request_ids) as report (request_id)
    left join ledger_usage as line on line.request_id = report.request_id
    where report.request_id <> all (settled);
end
$$;

-- Ends holds of calls that never reached a model, as if they had not been reserved. Without a hold, nothing.
create function ledger_release(p_request_ids uuid[]) returns table (request_id uuid, was_open boolean)
language plpgsql as $$
begin
    perform from ledger_account as account
    where account.id in (select hold.account_id from ledger_hold as hold where hold.id = any (p_request_ids))
    order by account.id for no key update;

    return query
    with ended as (
        delete from ledger_hold as hold where hold.id = any (p_request_ids) returning *
    ),
    account_rows as (
        update ledger_account as account set
            main_held_nano_usd = account.main_held_nano_usd - total.main,
            backup_held_nano_usd = account.backup_held_nano_usd - total.backup,
            wallet_held_nano_usd = account.wallet_held_nano_usd - total.wallet,
            open_holds = account.open_holds - total.calls
        from (
            select account_id, count(*) as calls,
                sum(main_nano_usd) as main, sum(backup_nano_usd) as backup, sum(wallet_nano_usd) as wallet
            from ended group by account_id
        ) as total
        where account.id = total.account_id
    ),
    key_counters as (
        update ledger_keyallowance as spender set
            requests = spender.requests - total.calls,
            held_nano_usd = spender.held_nano_usd - total.held
        from (
            select api_key_id, count(*) as calls,
                sum(main_nano_usd + backup_nano_usd + wallet_nano_usd) as held
            from ended group by api_key_id order by api_key_id
        ) as total
        where spender.api_key_id = total.api_key_id
    )
    select asked.request_id, ended.id is not null
    from unnest(p_request_ids) as asked (request_id) left join ended on ended.id = asked.request_id;
end
$$;

-- Ends holds whose deadline has passed, at most `p_limit` of them, the oldest first, each with a line
-- `expired` that costs nothing; names them. Nobody knows what such a call did: an operator should look.
create function ledger_expire(p_limit integer, p_now timestamptz) returns table (request_id uuid)
language plpgsql as $$
begin
    return query
    select closed.request_id
    from (
        select
            array_agg(due.id) as ids,
            array_agg('expired'::text) as outcomes,
            array_agg(0::bigint) as zeros,
            array_agg(false) as falses,
            array_agg(''::text) as blanks
        from (
            select id from ledger_hold where deadline_at <= p_now order by deadline_at limit p_limit
        ) as due
    ) as batch
    cross join lateral ledger_close_holds(
        batch.ids, batch.outcomes, batch.zeros, batch.zeros, batch.zeros, batch.zeros, batch.zeros,
        batch.falses, batch.blanks, p_now
    ) as closed;
end
$$;

-- What a key may do now, without reserving anything: for lists of models and for pages. Of a key that may
-- not call, nothing is told but the reason.
create function ledger_key_standing(
    p_key_id text, p_secret_hashes bytea[], p_client_address inet, p_now timestamptz
) returns table (reason text, account_id bigint, may_use_paid boolean, allowed_models bigint[])
language sql stable as $$
    select
        standing.reason,
        case when standing.reason is null then account.id end,
        standing.reason is null and account.main_balance_nano_usd + account.backup_balance_nano_usd
            + account.wallet_balance_nano_usd > 0,
        case when standing.reason is null then spender.allowed_models end
    from (values (p_key_id)) as asked (key_id)
    left join accounts_apikey as key on key.key_id = asked.key_id
    left join ledger_keyallowance as spender on spender.api_key_id = key.id
    left join ledger_account as account on account.id = spender.account_id
    cross join lateral (
        select case
            when account.id is null then 'unknown_key'
            else coalesce(
                ledger_key_fault(key, p_secret_hashes, p_now),
                case
                    when account.frozen_at is not null or account.debt_nano_usd > 0 then 'account_frozen'
                    when not ledger_is_within(p_client_address, spender.allowed_networks) then 'key_network'
                end
            )
        end as reason
    ) as standing
$$;
