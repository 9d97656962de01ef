"""What changed since the previous run, debtor by debtor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from models.reminding.net_overdue import ACCOUNT
from models.segments.movement import HELD_BY
from models.segments.rules import NO_MODEL
from models.segments.schemes import LEARNED
from pipelines.page.whole import Tables

LARGE = 0.1
"""The largest tenth of the overdue accounts of a currency are its large ones."""

AMOUNT_OF = {
    "worsened": "open_minor",
    "new_large_overdue": "overdue_minor",
    "broken_promise": "overdue_minor",
    "over_limit": "open_minor",
}
"""The flags of the list `debtors`, and which amount is shown beside each."""


def change_flags(rows: pd.DataFrame, tables: Tables, before: Tables | None) -> dict[str, pd.Series]:
    """Return the flags of AMOUNT_OF for the rows of the list `debtors`; NA where it cannot be told.

    worsened: moved to a worse letter since the previous run; it cannot be told where another model or scheme
    of segments placed debtors then, as that may be what moved them. new_large_overdue: overdue by at least
    `large_from` today and by less in the previous run. broken_promise: a promise became known to be broken
    since then. over_limit: above its credit limit now and not then.
    """
    flags: dict[str, pd.Series | None] = dict.fromkeys(AMOUNT_OF)
    if before is not None:
        flags["worsened"] = _worsened(rows, tables, before["segments"])
        flags["new_large_overdue"] = _newly_large(rows, before["debtors"])
        flags["broken_promise"] = _newly_broken(rows, tables, before)
        flags["over_limit"] = _newly_over(rows, tables["risks"], before["risks"])
    unknown = pd.Series(pd.NA, rows.index, dtype="boolean")
    return {name: unknown if flag is None else flag.astype("boolean") for name, flag in flags.items()}


def large_from(overdue_minor: pd.Series) -> int | None:
    """Return the least amount of the largest tenth of what is overdue; None where nothing is.

    At least one account is large: of fewer than 20 overdue ones the largest.
    """
    overdue = np.sort(overdue_minor[overdue_minor > 0].to_numpy(dtype=np.int64))
    return int(overdue[-max(int(len(overdue) * LARGE), 1)]) if len(overdue) else None


def changed(debtors: pd.DataFrame, currency: str) -> dict[str, Any]:
    """Return debtors and amount of each flag in one currency of the list `debtors`.

    None where it cannot be told of anybody. large_from_minor: see `large_from`.
    """
    rows = debtors[debtors["currency"] == currency]
    told = [flag for flag in AMOUNT_OF if debtors[flag].notna().any()]
    found: dict[str, Any] = {
        _name(flag): _figure(rows, flag, amount) if flag in told else None
        for flag, amount in AMOUNT_OF.items()
    }
    return found | {"large_from_minor": large_from(rows["overdue_minor"])}


def _name(flag: str) -> str:
    return "broken_promises" if flag == "broken_promise" else flag


def _figure(rows: pd.DataFrame, flag: str, amount: str) -> dict[str, int]:
    hit = rows[rows[flag].fillna(False).to_numpy(dtype=bool)]
    return {"count": int(hit["customer_id"].nunique()), "amount_minor": int(hit[amount].sum())}


def _worsened(rows: pd.DataFrame, tables: Tables, segments_before: pd.DataFrame) -> pd.Series | None:
    reviews, customer = tables["account_reviews"], rows["customer_id"]
    by, by_before = (_placed_by(segments) for segments in (tables["segments"], segments_before))
    if set(by.dropna()) - {NO_MODEL} != set(by_before.dropna()) - {NO_MODEL}:
        return None
    worse = customer.isin(reviews.loc[reviews["direction"] == "worse", "customer_id"]).astype("boolean")
    now, then = customer.map(by), customer.map(by_before)
    return worse.mask((now != then) & now.notna() & then.notna())


def _placed_by(segments: pd.DataFrame) -> pd.Series:
    """Return by debtor which model or scheme placed it; missing where a rule or a person did."""
    scheme = segments["scheme"].fillna(LEARNED).astype("str")
    version = segments["model_version"].astype("str").fillna("")
    placed = (scheme + " " + version).where(segments["source"].isin(HELD_BY))
    return placed.mask(segments["rule"] == NO_MODEL, NO_MODEL).set_axis(segments["customer_id"])


def _newly_large(rows: pd.DataFrame, accounts_before: pd.DataFrame) -> pd.Series:
    then = accounts_before.set_index(ACCOUNT)["overdue_amount_minor"]
    was = then.reindex(pd.MultiIndex.from_frame(rows[ACCOUNT])).fillna(0).to_numpy()
    border = rows["currency"].map(rows.groupby("currency")["overdue_minor"].agg(large_from).astype("float64"))
    return (rows["overdue_minor"] >= border) & (was < border)


def _newly_broken(rows: pd.DataFrame, tables: Tables, before: Tables) -> pd.Series | None:
    if before["payment_events"].empty:
        return None
    now, then = (_broken(part["payment_events"]) for part in (tables, before))
    new = now.index.difference(then.index)
    return rows["customer_id"].isin(new.get_level_values("customer_id"))


def _broken(events: pd.DataFrame) -> pd.DataFrame:
    broken = events[events["event"] == "promise_broken"]
    return broken.fillna({"invoice_id": ""}).set_index(["customer_id", "invoice_id", "happened_on"])


def _newly_over(rows: pd.DataFrame, risks: pd.DataFrame, risks_before: pd.DataFrame) -> pd.Series | None:
    if risks["over_credit_limit"].isna().all():
        return None
    over, was = (_over(part) for part in (risks, risks_before))
    return rows["customer_id"].isin(over.difference(was))


def _over(risks: pd.DataFrame) -> pd.Index:
    over = risks["over_credit_limit"].fillna(False).astype(bool)
    found: pd.Index = pd.Index(risks["customer_id"][over])
    return found
