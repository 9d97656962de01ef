"""The compared features in Polars: the same event unions, running sums and as-of joins."""

from __future__ import annotations

import pandas as pd
import polars as pl
from duckdb_form import BEFORE_ALL, SUMS

VALUES = {
    "1": pl.lit(1, dtype=pl.Int64),
    "amount": pl.col("amount"),
    "count": pl.col("count"),
    "to_pay": pl.col("to_pay"),
    "days_late": pl.col("days_late"),
    "days_late * days_late": pl.col("days_late") ** 2,
    "(days_late > 0)::BIGINT": (pl.col("days_late") > 0).cast(pl.Int64),
    "(days_late > 30)::BIGINT": (pl.col("days_late") > 30).cast(pl.Int64),
    "amount * days_late": pl.col("amount") * pl.col("days_late"),
    "amount * (days_late > 0)::BIGINT": pl.col("amount") * (pl.col("days_late") > 0),
    "amount * due": pl.col("amount") * pl.col("due"),
}


def _events(frames: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    branches: dict[tuple[str, str, int], list[pl.Expr]] = {}
    for name, (source, value, day, days) in SUMS.items():
        expression = VALUES[value].cast(pl.Int64)
        branches.setdefault((source, day, 0), []).append(expression.alias(name))
        if days:
            branches.setdefault((source, day, days), []).append((-expression).alias(name))
    parts = [
        frames[source]
        .select("c", (pl.col(day) + shift).alias("day"), *columns)
        .group_by("c", "day")
        .agg(pl.exclude("c", "day").sum())
        for (source, day, shift), columns in branches.items()
    ]
    return pl.concat(parts, how="diagonal")


def features(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the compared features of the points, in the order of the points."""
    frames = {name: pl.from_pandas(table).lazy() for name, table in tables.items()}
    daily = _events(frames).group_by("c", "day").agg(pl.exclude("c", "day").sum())
    resets = (
        daily.group_by("c")
        .agg(-pl.exclude("c", "day").sum())
        .sort("c")
        .with_columns(pl.col("c").shift(-1), day=pl.lit(BEFORE_ALL, dtype=pl.Int64))
        .drop_nulls("c")
    )
    running = (
        pl.concat([daily, resets.select(daily.collect_schema().names())])
        .sort("c", "day")
        .with_columns(pl.col(list(SUMS)).cum_sum())
    )
    late = (pl.col("days_late") > 0).cast(pl.Int64)
    number = pl.int_range(1, pl.len() + 1).over("c")
    last = (
        frames["closed"]
        .sort("c", "day", "settled", "item")
        .with_columns(nr=number, d=pl.col("days_late").cum_sum().over("c"), n_late=late.cum_sum().over("c"))
        .with_columns(
            n5=pl.min_horizontal("nr", 5),
            d5=pl.col("d") - pl.col("d").shift(5).over("c").fill_null(0),
            late5=pl.col("n_late") - pl.col("n_late").shift(5).over("c").fill_null(0),
            worst=pl.col("days_late").cum_max().over("c"),
            last_late=pl.when(late == 1).then(pl.col("nr")).otherwise(0).cum_max().over("c"),
        )
        .select(
            "c",
            "day",
            "days_late",
            "worst",
            last_closed=pl.col("day"),
            mean_5=pl.col("d5") / pl.col("n5"),
            late_5=pl.col("late5") / pl.col("n5"),
            streak=pl.col("nr") - pl.col("last_late"),
        )
        .unique(["c", "day"], keep="last", maintain_order=True)
    )
    spans = (
        frames["issued"]
        .select("c", "day")
        .unique()
        .sort("c", "day")
        .with_columns(last_issued=pl.col("day"), first_issued=pl.col("day").first().over("c"))
    )
    joined = frames["points"].sort("c", "day")
    for right in (running, last, spans):
        joined = joined.join_asof(
            right, on="day", by="c", strategy="backward", allow_exact_matches=False, check_sortedness=False
        )
    zero = joined.with_columns(pl.col(list(SUMS)).fill_null(0))

    def over(numerator: pl.Expr, denominator: str | pl.Expr) -> pl.Expr:
        below = pl.col(denominator) if isinstance(denominator, str) else denominator
        return pl.when(below != 0).then(numerator / below)

    c = pl.col
    mean_365 = over(c("d_365"), "n_closed_365")
    variance = over(c("d2_365"), "n_closed_365") - mean_365**2
    figures = {
        "invoices_issued": c("n_issued"),
        "invoices_issued_365d": c("n_issued_365"),
        "invoices_issued_90d": c("n_issued_90"),
        "issued_amount_365d": c("a_issued_365") / 100,
        "issued_amount_90d": c("a_issued_90") / 100,
        "mean_invoice_amount_365d": over(c("a_issued_365") / 100, "n_issued_365"),
        "issued_amount_trend": over(c("a_issued_365"), c("a_issued_730") - c("a_issued_365")),
        "days_since_last_invoice": c("day") - c("last_issued"),
        "days_since_first_invoice": c("day") - c("first_issued"),
        "settled_invoices": c("n_closed"),
        "settled_invoices_365d": c("n_closed_365"),
        "settled_invoices_90d": c("n_closed_90"),
        "mean_days_late": over(c("d"), "n_closed"),
        "mean_days_late_365d": mean_365,
        "mean_days_late_90d": over(c("d_90"), "n_closed_90"),
        "std_days_late_365d": variance.clip(lower_bound=0).sqrt(),
        "weighted_days_late_365d": over(c("ad_365"), "a_365"),
        "late_share": over(c("late"), "n_closed"),
        "late_share_365d": over(c("late_365"), "n_closed_365"),
        "late_share_90d": over(c("late_90"), "n_closed_90"),
        "late_amount_share_365d": over(c("al_365"), "a_365"),
        "late_over_30_share_365d": over(c("late30_365"), "n_closed_365"),
        "mean_days_to_pay_365d": over(c("to_pay_365"), "n_closed_365"),
        "mean_days_late_last_5": c("mean_5"),
        "late_share_last_5": c("late_5"),
        "days_late_trend": c("mean_5") - mean_365,
        "last_days_late": c("days_late"),
        "worst_days_late": c("worst"),
        "on_time_streak": c("streak").fill_null(0),
        "days_since_last_payment": c("day") - c("last_closed"),
        "open_invoices": c("open_n"),
        "overdue_invoices": c("over_n"),
        "open_amount": c("open_a") / 100,
        "overdue_amount": c("over_a") / 100,
        "overdue_share": over(c("over_a"), "open_a"),
        "weighted_days_past_due": over(c("day") * c("over_a") - c("over_due"), "over_a"),
        "reversals_365d": c("back_365"),
    }
    return (
        zero.select("point", **{name: figure.cast(pl.Float64) for name, figure in figures.items()})
        .sort("point")
        .drop("point")
        .collect()
        .to_pandas()
    )
