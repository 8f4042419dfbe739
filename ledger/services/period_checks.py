"""What the proof of the books asks about plans: by kind, a query that finds nothing while all is right."""

QUERIES = {
    # A period is named by the entry that filled its pools, and an account without one has no facts of any.
    "period_differs_from_its_entry": """
        select format('account %s', account.id),
            format('is in period %s (number %s until %s), an entry of kind %s that moves %s times for others',
                account.period_id, period_number, period_ends_at, entry.kind, for_others)
        from ledger_account as account
        join ledger_accountallowance as allowance on allowance.account_id = account.id
        left join ledger_entry as entry on entry.id = account.period_id,
            lateral (
                select count(*) as for_others from ledger_posting as posting
                where posting.entry_id = account.period_id
                    and coalesce(destination_account_id, source_account_id) <> account.id
            ) as strangers
        where (account.period_id is null) <> (period_number is null)
            or (account.period_id is not null and entry.kind is distinct from 'period_begun')
            or for_others > 0
        union all
        select format('call %s', call.id), format('is in period %s, which is none', call.period_id)
        from (
            select request_id as id, period_id from ledger_usage
            union all select id, period_id from ledger_hold
        ) as call
        left join ledger_entry as entry on entry.id = call.period_id
        where call.period_id is not null and entry.kind is distinct from 'period_begun'
    """,
    # A call counts in the windows in which it was reserved; one that another has followed counts nothing.
    "window_differs_from_its_calls": """
        with calls (account_id, period_id, day, main, backup) as (
            select account_id, period_id, day, main_nano_usd, backup_nano_usd from ledger_usage
            union all select account_id, period_id, day, 0, 0 from ledger_hold
        ),
        proven as (
            select account.id,
                count(calls.*) filter (where calls.day = account.day) as requests,
                coalesce(sum(main) filter (where in_period and calls.day = account.day), 0) as of_day,
                coalesce(sum(main) filter (
                    where in_period and date_trunc('week', calls.day) = account.week), 0) as of_week,
                coalesce(sum(main + backup) filter (where in_period), 0) as of_budget
            from ledger_account as account
            left join calls on calls.account_id = account.id
            cross join lateral (select calls.period_id = account.period_id as in_period) as own
            group by account.id
        )
        select format('account %s', id),
            format('keeps %s requests and %s of %s, %s of the week of %s, %s of the budget;'
                ' its calls are %s, %s, %s and %s',
                day_requests, day_spent_nano_usd, day, week_spent_nano_usd, week, budget_spent_nano_usd,
                requests, of_day, of_week, of_budget)
        from ledger_account as account join proven using (id)
        where (day_requests, day_spent_nano_usd, week_spent_nano_usd, budget_spent_nano_usd)
            <> (requests, of_day, of_week, of_budget)
    """,
    # What is spent in a window, and what is set aside in it, is together never more than its limit.
    "window_exceeds_its_limit": """
        with aside as (
            select account.id,
                coalesce(sum(main_nano_usd) filter (where hold.day = account.day), 0) as of_day,
                coalesce(sum(main_nano_usd) filter (where hold.week = account.week), 0) as of_week,
                coalesce(sum(main_nano_usd + backup_nano_usd), 0) as of_budget
            from ledger_account as account
            left join ledger_hold as hold
                on hold.account_id = account.id and hold.period_id = account.period_id
            where account.period_id is not null
            group by account.id
        )
        select format('account %s', account.id),
            format('spent and set aside %s of %s in the day, %s of %s in the week, %s of %s of the budget',
                day_spent_nano_usd + of_day, daily_cap_nano_usd, week_spent_nano_usd + of_week,
                weekly_cap_nano_usd, budget_spent_nano_usd + of_budget, budget_nano_usd)
        from ledger_account as account
        join ledger_accountallowance as allowance on allowance.account_id = account.id
        join aside on aside.id = account.id
        where day_spent_nano_usd + of_day > daily_cap_nano_usd
            or week_spent_nano_usd + of_week > weekly_cap_nano_usd
            or budget_spent_nano_usd + of_budget > budget_nano_usd
    """,
    # A pool of a plan keeps what came into it since its period began, less what calls of the period paid,
    # and what calls of before still hold: the rest of those is gone. Without a period the last is all that
    # it keeps, unless it had other business. The entries of an account are numbered as it was locked.
    "pool_keeps_what_expired": """
        with moves (account_id, pool, entry_id, amount) as (
            select destination_account_id, destination, entry_id, amount_nano_usd
            from ledger_posting where destination in ('main', 'backup')
            union all select source_account_id, source, entry_id, -amount_nano_usd
            from ledger_posting where source in ('main', 'backup')
        ),
        came as (
            select account.id as account_id, pool,
                coalesce(sum(amount) filter (where entry.id > account.period_id
                        and entry.kind <> 'remainder_expired'
                    or entry.id = account.period_id and amount > 0), 0) as given,
                bool_or(entry.kind not in ('period_begun', 'period_ended', 'remainder_expired')) as is_mixed
            from moves
            join ledger_account as account on account.id = moves.account_id
            join ledger_entry as entry on entry.id = moves.entry_id
            group by account.id, pool
        ),
        calls (account_id, period_id, pool, paid, held) as (
            select account_id, period_id, 'main', main_nano_usd, 0 from ledger_usage
            union all select account_id, period_id, 'backup', backup_nano_usd, 0 from ledger_usage
            union all select account_id, period_id, 'main', 0, main_nano_usd from ledger_hold
            union all select account_id, period_id, 'backup', 0, backup_nano_usd from ledger_hold
        ),
        used as (
            select account_id, pool,
                coalesce(sum(calls.paid) filter (where calls.period_id = account.period_id), 0) as paid,
                coalesce(sum(calls.held) filter (where account.period_id is null
                    or calls.period_id is distinct from account.period_id), 0) as held
            from calls join ledger_account as account on account.id = calls.account_id
            group by account_id, pool
        )
        select format('%s of account %s', pool, account_id),
            format('keeps %s nano-USD; given were %s and paid %s, and calls of before hold %s',
                balance, given, coalesce(paid, 0), coalesce(held, 0))
        from came left join used using (account_id, pool)
        join ledger_account as account on account.id = came.account_id,
            lateral (
                select case pool when 'main' then main_balance_nano_usd else backup_balance_nano_usd end
                    as balance
            ) as kept
        where (account.period_id is not null or not is_mixed)
            and balance <> given - coalesce(paid, 0) + coalesce(held, 0)
    """,
}
