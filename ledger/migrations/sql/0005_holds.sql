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

-- Whether a plan's pools pay for models that are not free. From the end of the period on they do not, also when
-- nobody has turned or ended it yet.
create function ledger_plan_pays(p_allowance ledger_accountallowance, p_now timestamptz) returns boolean
language sql immutable as $$
    select p_allowance.all_models and coalesce(p_allowance.period_ends_at > p_now, true)
$$;

-- Whether the wallet pays: its owner may keep it out of the plan's business for as long as there is a plan.
create function ledger_wallet_pays(p_account ledger_account, p_allowance ledger_accountallowance) returns boolean
language sql immutable as $$
    select p_account.period_id is null or p_allowance.wallet_while_planned
$$;

-- Whether the wallet opens every model, and lifts the limits of requests.
create function ledger_wallet_is_open(
    p_account ledger_account, p_allowance ledger_accountallowance, p_threshold bigint
) returns boolean
language sql immutable as $$
    select p_account.wallet_balance_nano_usd > p_threshold and ledger_wallet_pays(p_account, p_allowance)
$$;

-- Sets aside the most that each call can cost, or says why not. The request ids of one batch are distinct.
--
-- `p_secret_hashes` has a row for each call: its secret, hashed under every pepper. Output is asked for and
-- granted for each of `p_choices`. Asking again under the id of an open hold of the same key answers with that
-- hold; an id whose call has ended, or which another key uses, is refused. The reason `key_moved` is no
-- refusal: a merge was first, nothing is decided, and the call is to be asked again.
--
-- A limit of money counts what is spent and what open calls have set aside. Its own reason is named only when
-- the spending alone leaves too little; else the reason is `busy`. What no waiting mends is named first, then
-- what takes longest.
--
-- The plan's pools pay before the wallet, the main one first: within its caps of the day and the week, and both
-- within the budget of the period. A call that they do not pay whole passes to the next pool.
create function ledger_reserve(
    p_request_ids uuid[], p_key_ids text[], p_secret_hashes bytea[], p_model_ids bigint[],
    p_input_bounds_tokens bigint[], p_asked_outputs_tokens bigint[], p_choices bigint[],
    p_lifetimes_seconds bigint[], p_client_addresses inet[],
    p_wallet_threshold bigint, p_time_zone text, p_now timestamptz
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
    call record;
    account ledger_account;  -- of this call, as the earlier calls of the batch leave it
    allowance ledger_accountallowance;
    wallet_is_open boolean;
    counted_day date;
    spender ledger_keyallowance;  -- its key, likewise
    plan_pays boolean;
    main_pool bigint;  -- what may pay this call, held or not
    backup_pool bigint;
    wallet_pool bigint;
    main_free bigint;
    backup_free bigint;
    wallet_free bigint;
    day_left bigint;  -- of the caps and of the budget, after settled spending
    week_left bigint;
    budget_left bigint;
    least_cost bigint;  -- of the shortest answer that is of any use
    pace interval;
    arrival_at timestamptz;
    account_pace interval;
    account_arrival_at timestamptz;  -- null when no rate holds for the account
    hold ledger_hold;
    holds ledger_hold[] := '{}';
    was_charged boolean := false;
    charged ledger_account[] := '{}';
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
            allowance,
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
            if was_charged then
                charged := charged || account;
                was_charged := false;
            end if;
            account := call.account;
            allowance := call.allowance;
            wallet_is_open := ledger_wallet_is_open(account, allowance, p_wallet_threshold);
            account_pace := case
                when not wallet_is_open then interval '1 minute' / allowance.requests_per_minute
            end;
        end if;

        -- When midnight has passed for a call that waited for the lock, it counts in the new day.
        counted_day := case when today + 1 in (account.day, spender.day) then today + 1 else today end;
        if account.day is distinct from counted_day then
            account.day := counted_day;
            account.day_spent_nano_usd := 0;
            account.day_requests := 0;
            if account.week is distinct from date_trunc('week', counted_day::timestamp)::date then
                account.week := date_trunc('week', counted_day::timestamp);
                account.week_spent_nano_usd := 0;
            end if;
        end if;
        if spender.day is distinct from counted_day then
            spender.day := counted_day;
            spender.day_spent_nano_usd := 0;
            if spender.month is distinct from date_trunc('month', counted_day::timestamp)::date then
                spender.month := date_trunc('month', counted_day::timestamp);
                spender.month_spent_nano_usd := 0;
            end if;
        end if;
        account_arrival_at := case
            when account_pace is not null then greatest(account.rate_arrival_at, p_now)
        end;

        plan_pays := ledger_plan_pays(allowance, p_now);
        main_pool := case when plan_pays then account.main_balance_nano_usd else 0 end;
        backup_pool := case when plan_pays then account.backup_balance_nano_usd else 0 end;
        wallet_pool := case
            when ledger_wallet_pays(account, allowance) then account.wallet_balance_nano_usd else 0
        end;
        -- No cap and no budget is null, which `least` passes over.
        day_left := allowance.daily_cap_nano_usd - account.day_spent_nano_usd;
        week_left := allowance.weekly_cap_nano_usd - account.week_spent_nano_usd;
        budget_left := allowance.budget_nano_usd - account.budget_spent_nano_usd;
        -- What open calls have set aside counts in every window, also when they are of an earlier one.
        main_free := greatest(0, least(
            least(main_pool, day_left, week_left) - account.main_held_nano_usd,
            budget_left - account.main_held_nano_usd - account.backup_held_nano_usd
        ));
        backup_free := greatest(0, least(
            backup_pool - account.backup_held_nano_usd,
            budget_left - account.main_held_nano_usd - account.backup_held_nano_usd - main_free
        ));
        wallet_free := greatest(0, wallet_pool - account.wallet_held_nano_usd);

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
            when not (call.is_free or plan_pays or wallet_is_open) then 'paid_model'
            when account.open_holds >= allowance.open_calls then 'too_many_open_calls'
            when arrival_at > p_now + (spender.requests_per_minute - 1) * pace then 'key_rate_limit'
            when account_arrival_at > p_now + (allowance.requests_per_minute - 1) * account_pace
                then 'rate_limit'
            when wallet_is_open then null
            when account.day_requests - account.open_holds >= allowance.requests_per_day then 'daily_requests'
            when account.day_requests >= allowance.requests_per_day then 'busy'
        end;
        if reason is null and not call.is_free
            and output_limit_tokens < least(call.wanted_output, smallest_useful_output)
        then
            least_cost := ledger_most_cost(
                call.input_bound, call.choices * least(call.wanted_output, smallest_useful_output), call.rate
            );
            reason := case
                when spender.total_limit_nano_usd - spender.spent_nano_usd < least_cost then 'key_total_limit'
                when main_pool + backup_pool + wallet_pool < least_cost then 'insufficient_credit'
                when spender.monthly_limit_nano_usd - spender.month_spent_nano_usd < least_cost
                    then 'key_monthly_limit'
                when least(main_pool + backup_pool, budget_left) + wallet_pool < least_cost
                    then 'monthly_budget'
                when least(least(main_pool, week_left) + backup_pool, budget_left) + wallet_pool < least_cost
                    then 'weekly_cap'
                when spender.daily_limit_nano_usd - spender.day_spent_nano_usd < least_cost
                    then 'key_daily_limit'
                when least(least(main_pool, week_left, day_left) + backup_pool, budget_left) + wallet_pool
                    < least_cost then 'daily_cap'
                else 'busy'
            end;
        end if;
        if reason is not null then
            retry_after_seconds := ceil(case
                when reason in ('too_many_open_calls', 'busy') then 2
                when reason = 'key_rate_limit'
                    then extract(epoch from arrival_at - p_now - (spender.requests_per_minute - 1) * pace)
                when reason = 'rate_limit' then extract(
                    epoch from account_arrival_at - p_now - (allowance.requests_per_minute - 1) * account_pace
                )
                when reason in ('key_daily_limit', 'daily_cap', 'daily_requests')
                    then extract(epoch from (counted_day + 1)::timestamp at time zone p_time_zone - p_now)
                when reason = 'weekly_cap'
                    then extract(epoch from (account.week + 7)::timestamp at time zone p_time_zone - p_now)
                when reason = 'key_monthly_limit' then extract(
                    epoch from (spender.month + interval '1 month') at time zone p_time_zone - p_now
                )
                -- The next period is late: it may come at any moment, and with the end at the latest.
                when reason = 'monthly_budget' and allowance.period_refills_at <= p_now then 60
                when reason = 'monthly_budget' then extract(
                    epoch from coalesce(allowance.period_refills_at, allowance.period_ends_at) - p_now
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
        hold.period_id := account.period_id;
        hold.day := counted_day;
        hold.week := account.week;
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
        account.day_requests := account.day_requests + 1;
        account.rate_arrival_at := coalesce(account_arrival_at + account_pace, account.rate_arrival_at);
        was_charged := true;
        spender.held_nano_usd := spender.held_nano_usd + held_nano_usd;
        if spender.requests_per_minute is not null then
            spender.rate_arrival_at := arrival_at + pace;
            rate_remaining := rate_remaining - 1;
            rate_reset_seconds := ceil(extract(epoch from spender.rate_arrival_at - p_now));
        end if;
        return next;
    end loop;
    if was_charged then
        charged := charged || account;
    end if;

    insert into ledger_hold select * from unnest(holds);

    -- As the last of its calls left it: nobody else writes a row that we have locked.
    update ledger_account as kept set
        main_held_nano_usd = account.main_held_nano_usd,
        backup_held_nano_usd = account.backup_held_nano_usd,
        wallet_held_nano_usd = account.wallet_held_nano_usd,
        open_holds = account.open_holds,
        day = account.day,
        day_spent_nano_usd = account.day_spent_nano_usd,
        day_requests = account.day_requests,
        week = account.week,
        week_spent_nano_usd = account.week_spent_nano_usd,
        rate_arrival_at = account.rate_arrival_at
    from unnest(charged) as account
    where kept.id = account.id;

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
declare
    account_id bigint;
    main_rest bigint;
    backup_rest bigint;
begin
    perform from ledger_account as account
    where account.id in (select hold.account_id from ledger_hold as hold where hold.id = any (p_request_ids))
    order by account.id for no key update;

    for request_id, cost_nano_usd, uncharged_nano_usd, account_id, main_rest, backup_rest in
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
            least(greatest(cost - main_nano_usd - backup_nano_usd, 0), wallet_nano_usd)::bigint as from_wallet,
            -- A call counts in the windows in which it was reserved, if they are still the account's.
            priced.period_id = account.period_id as in_period,
            priced.period_id = account.period_id and priced.day = account.day as in_day,
            priced.period_id = account.period_id and priced.week = account.week as in_week,
            priced.period_id is distinct from account.period_id as is_of_an_ended_period
        from priced join ledger_account as account on account.id = priced.account_id
    ),
    journal as (
        insert into ledger_usage (
            request_id, at, reserved_at, day, period_id, account_id, api_key_id, model_id, rate_id,
            input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
            main_nano_usd, backup_nano_usd, wallet_nano_usd, uncharged_nano_usd,
            is_free, is_estimated, outcome, upstream_id
        )
        select
            id, p_now, created_at, day, period_id, account_id, api_key_id, model_id, rate_id,
            input_tokens, cached_input_tokens, cache_write_tokens, output_tokens,
            least(reasoning_tokens, output_tokens),
            from_main, from_backup, from_wallet, cost - from_main - from_backup - from_wallet,
            is_free, is_estimated, outcome, upstream_id
        from paid
    ),
    account_rows as (
        update ledger_account as account set
            main_balance_nano_usd = account.main_balance_nano_usd - total.from_main,
            main_held_nano_usd = account.main_held_nano_usd - total.main,
            backup_balance_nano_usd = account.backup_balance_nano_usd - total.from_backup,
            backup_held_nano_usd = account.backup_held_nano_usd - total.backup,
            wallet_balance_nano_usd = account.wallet_balance_nano_usd - total.from_wallet,
            wallet_held_nano_usd = account.wallet_held_nano_usd - total.wallet,
            open_holds = account.open_holds - total.calls,
            day_spent_nano_usd = account.day_spent_nano_usd + coalesce(total.day_spent, 0),
            week_spent_nano_usd = account.week_spent_nano_usd + coalesce(total.week_spent, 0),
            budget_spent_nano_usd = account.budget_spent_nano_usd + coalesce(total.budget_spent, 0)
        from (
            select account_id, count(*) as calls,
                sum(main_nano_usd) as main, sum(from_main) as from_main,
                sum(backup_nano_usd) as backup, sum(from_backup) as from_backup,
                sum(wallet_nano_usd) as wallet, sum(from_wallet) as from_wallet,
                sum(from_main) filter (where in_day) as day_spent,
                sum(from_main) filter (where in_week) as week_spent,
                sum(from_main + from_backup) filter (where in_period) as budget_spent
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
    select id, from_main + from_backup + from_wallet, cost - from_main - from_backup - from_wallet,
        account_id,
        case when is_of_an_ended_period then main_nano_usd - from_main else 0 end,
        case when is_of_an_ended_period then backup_nano_usd - from_backup else 0 end
    from paid
    loop
        if main_rest + backup_rest > 0 then
            perform ledger_expire_remainder(request_id, account_id, main_rest, backup_rest, p_now);
        end if;
        return next;
    end loop;
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
create function ledger_release(p_request_ids uuid[], p_now timestamptz)
returns table (request_id uuid, was_open boolean)
language plpgsql as $$
#variable_conflict use_column
declare
    account_id bigint;
    main_rest bigint;
    backup_rest bigint;
begin
    perform from ledger_account as account
    where account.id in (select hold.account_id from ledger_hold as hold where hold.id = any (p_request_ids))
    order by account.id for no key update;

    for request_id, was_open, account_id, main_rest, backup_rest in
    with deleted as (
        delete from ledger_hold as hold where hold.id = any (p_request_ids) returning *
    ),
    ended as (
        select deleted.*,
            deleted.day = account.day as in_day,
            deleted.period_id is distinct from account.period_id as is_of_an_ended_period
        from deleted join ledger_account as account on account.id = deleted.account_id
    ),
    account_rows as (
        update ledger_account as account set
            main_held_nano_usd = account.main_held_nano_usd - total.main,
            backup_held_nano_usd = account.backup_held_nano_usd - total.backup,
            wallet_held_nano_usd = account.wallet_held_nano_usd - total.wallet,
            open_holds = account.open_holds - total.calls,
            day_requests = account.day_requests - total.of_the_day
        from (
            select account_id, count(*) as calls, count(*) filter (where in_day) as of_the_day,
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
    select asked.request_id, ended.id is not null, ended.account_id,
        case when ended.is_of_an_ended_period then ended.main_nano_usd else 0 end,
        case when ended.is_of_an_ended_period then ended.backup_nano_usd else 0 end
    from unnest(p_request_ids) as asked (request_id) left join ended on ended.id = asked.request_id
    loop
        if main_rest + backup_rest > 0 then
            perform ledger_expire_remainder(request_id, account_id, main_rest, backup_rest, p_now);
        end if;
        return next;
    end loop;
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
    p_key_id text, p_secret_hashes bytea[], p_client_address inet,
    p_wallet_threshold bigint, p_now timestamptz
) returns table (reason text, account_id bigint, may_use_paid boolean, allowed_models bigint[])
language sql stable as $$
    select
        standing.reason,
        case when standing.reason is null then account.id end,
        standing.reason is null and (
            ledger_plan_pays(allowance, p_now) or ledger_wallet_is_open(account, allowance, p_wallet_threshold)
        ),
        case when standing.reason is null then spender.allowed_models end
    from (values (p_key_id)) as asked (key_id)
    left join accounts_apikey as key on key.key_id = asked.key_id
    left join ledger_keyallowance as spender on spender.api_key_id = key.id
    left join ledger_account as account on account.id = spender.account_id
    left join ledger_accountallowance as allowance on allowance.account_id = account.id
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
