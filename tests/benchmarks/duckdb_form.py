"""The compared features in DuckDB: events in and out of each window, summed per debtor and day, run up.

Each event is written once as it enters and once as it leaves a window; sums of a (debtor, day) are taken
first, one pass runs them up, and an ASOF join finds the state before each point. The pass runs over all
debtors with a row in front of each that takes the one before back to 0: DuckDB streams such a window, four
times as fast as PARTITION BY.
"""

from __future__ import annotations

import pandas as pd

# name -> (source, value, day column, days until it leaves or None)
SUMS = {
    "n_issued": ("issued", "1", "day", None),
    "n_issued_365": ("issued", "1", "day", 365),
    "n_issued_90": ("issued", "1", "day", 90),
    "a_issued_365": ("issued", "amount", "day", 365),
    "a_issued_90": ("issued", "amount", "day", 90),
    "a_issued_730": ("issued", "amount", "day", 730),
    "n_closed": ("closed", "1", "day", None),
    "n_closed_365": ("closed", "1", "day", 365),
    "n_closed_90": ("closed", "1", "day", 90),
    "d": ("closed", "days_late", "day", None),
    "d_365": ("closed", "days_late", "day", 365),
    "d_90": ("closed", "days_late", "day", 90),
    "d2_365": ("closed", "days_late * days_late", "day", 365),
    "late": ("closed", "(days_late > 0)::BIGINT", "day", None),
    "late_365": ("closed", "(days_late > 0)::BIGINT", "day", 365),
    "late_90": ("closed", "(days_late > 0)::BIGINT", "day", 90),
    "late30_365": ("closed", "(days_late > 30)::BIGINT", "day", 365),
    "to_pay_365": ("closed", "to_pay", "day", 365),
    "a_365": ("closed", "amount", "day", 365),
    "ad_365": ("closed", "amount * days_late", "day", 365),
    "al_365": ("closed", "amount * (days_late > 0)::BIGINT", "day", 365),
    "open_n": ("changed", "count", "day", None),
    "open_a": ("changed", "amount", "day", None),
    "over_n": ("changed", "count", "overdue_day", None),
    "over_a": ("changed", "amount", "overdue_day", None),
    "over_due": ("changed", "amount * due", "overdue_day", None),
    "back_365": ("reversed", "1", "day", 365),
}

BEFORE_ALL = -1_000_000
"""A day before every event."""

FIGURES = {
    "invoices_issued": "n_issued",
    "invoices_issued_365d": "n_issued_365",
    "invoices_issued_90d": "n_issued_90",
    "issued_amount_365d": "a_issued_365 / 100.0",
    "issued_amount_90d": "a_issued_90 / 100.0",
    "mean_invoice_amount_365d": "a_issued_365 / 100.0 / nullif(n_issued_365, 0)",
    "issued_amount_trend": "a_issued_365 / nullif(a_issued_730 - a_issued_365, 0)",
    "days_since_last_invoice": "day - last_issued",
    "days_since_first_invoice": "day - first_issued",
    "settled_invoices": "n_closed",
    "settled_invoices_365d": "n_closed_365",
    "settled_invoices_90d": "n_closed_90",
    "mean_days_late": "d / nullif(n_closed, 0)",
    "mean_days_late_365d": "d_365 / nullif(n_closed_365, 0)",
    "mean_days_late_90d": "d_90 / nullif(n_closed_90, 0)",
    "std_days_late_365d": "CASE WHEN n_closed_365 > 0 THEN sqrt(greatest("
    "d2_365 / n_closed_365 - (d_365 / n_closed_365) ** 2, 0)) END",
    "weighted_days_late_365d": "ad_365 / nullif(a_365, 0)",
    "late_share": "late / nullif(n_closed, 0)",
    "late_share_365d": "late_365 / nullif(n_closed_365, 0)",
    "late_share_90d": "late_90 / nullif(n_closed_90, 0)",
    "late_amount_share_365d": "al_365 / nullif(a_365, 0)",
    "late_over_30_share_365d": "late30_365 / nullif(n_closed_365, 0)",
    "mean_days_to_pay_365d": "to_pay_365 / nullif(n_closed_365, 0)",
    "mean_days_late_last_5": "mean_5",
    "late_share_last_5": "late_5",
    "days_late_trend": "mean_5 - d_365 / nullif(n_closed_365, 0)",
    "last_days_late": "days_late",
    "worst_days_late": "worst",
    "on_time_streak": "coalesce(streak, 0)",
    "days_since_last_payment": "day - last_closed",
    "open_invoices": "open_n",
    "overdue_invoices": "over_n",
    "open_amount": "open_a / 100.0",
    "overdue_amount": "over_a / 100.0",
    "overdue_share": "over_a / nullif(open_a, 0)",
    "weighted_days_past_due": "(day * over_a - over_due) / nullif(over_a, 0)",
    "reversals_365d": "back_365",
}


def _events() -> str:
    """One SELECT per (source, day column, shift): the sums that enter or leave there."""
    branches: dict[tuple[str, str, int], dict[str, str]] = {}
    for name, (source, value, day, days) in SUMS.items():
        branches.setdefault((source, day, 0), {})[name] = value
        if days:
            branches.setdefault((source, day, days), {})[name] = f"-({value})"
    selects = []
    for (source, day, shift), values in branches.items():
        columns = ", ".join(f"sum({values.get(name, 'NULL')})::BIGINT AS {name}" for name in values)
        selects.append(f"SELECT c, {day} + {shift} AS day, {columns} FROM {source} GROUP BY ALL")
    return " UNION ALL BY NAME ".join(selects)


def features(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the compared features of the points, in the order of the points."""
    import duckdb

    with duckdb.connect() as db:
        for name, table in tables.items():
            db.register(name, table)
        total = ", ".join(f"sum({name})::BIGINT AS {name}" for name in SUMS)
        undo = ", ".join(f"-sum({name}) AS {name}" for name in SUMS)
        run = ", ".join(f"(sum({name}) OVER so_far)::BIGINT AS {name}" for name in SUMS)
        filled = ", ".join(f"coalesce({name}, 0) AS {name}" for name in SUMS)
        query = f"""
            WITH daily AS (SELECT c, day, {total} FROM ({_events()}) GROUP BY ALL),
            resets AS (SELECT lead(c) OVER (ORDER BY c) AS c, {BEFORE_ALL} AS day, {undo}
                FROM daily GROUP BY daily.c QUALIFY lead(c) OVER (ORDER BY c) IS NOT NULL),
            ordered AS (SELECT * FROM (FROM daily UNION ALL BY NAME FROM resets) ORDER BY c, day),
            running AS (SELECT c, day, {run} FROM ordered WINDOW so_far AS (ROWS UNBOUNDED PRECEDING)),
            spans AS (
                SELECT c, day, day AS last_issued, min(day) OVER (PARTITION BY c) AS first_issued
                FROM (SELECT DISTINCT c, day FROM issued)
            ),
            sequence AS (
                SELECT *, row_number() OVER w AS nr,
                    avg(days_late) OVER five AS mean_5, avg((days_late > 0)::BIGINT) OVER five AS late_5,
                    max(days_late) OVER w AS worst
                FROM closed
                WINDOW w AS (PARTITION BY c ORDER BY day, settled, item ROWS UNBOUNDED PRECEDING),
                    five AS (PARTITION BY c ORDER BY day, settled, item ROWS 4 PRECEDING)
            ),
            streaks AS (
                SELECT *, nr - coalesce(max(CASE WHEN days_late > 0 THEN nr END) OVER (
                    PARTITION BY c ORDER BY nr ROWS UNBOUNDED PRECEDING), 0) AS streak
                FROM sequence
            ),
            last AS (
                SELECT c, day, day AS last_closed, days_late, mean_5, late_5, worst, streak FROM streaks
                QUALIFY nr = max(nr) OVER (PARTITION BY c, day)
            ),
            a AS (SELECT p.c, p.day, p.point, r.* EXCLUDE (c, day)
                FROM points p ASOF LEFT JOIN running r ON p.c = r.c AND r.day < p.day),
            b AS (SELECT a.*, l.* EXCLUDE (c, day)
                FROM a ASOF LEFT JOIN last l ON a.c = l.c AND l.day < a.day),
            d AS (SELECT b.*, s.* EXCLUDE (c, day)
                FROM b ASOF LEFT JOIN spans s ON b.c = s.c AND s.day < b.day),
            filled AS (SELECT * REPLACE ({filled}) FROM d)
            SELECT {", ".join(f"({formula})::DOUBLE AS {name}" for name, formula in FIGURES.items())}
            FROM filled ORDER BY point
        """
        return db.sql(query).df()
