"""Lists of open items, one a night: what vanished between two of them was paid in between.

Rules
- The day of a list is in its file's name. One list alone, or lists without a day, has no history.
- An item is known from the first list that has it; one of the very first list from its own issue on.
- An item that is not in the next list was closed, and one whose amount fell was paid in part: a payment on
  the day of that list. Whether by money or by a credit the lists do not say; the true day lies between the
  two lists. An item that comes back was reversed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.contracts import LEDGER_TABLES
from features.errors import LedgerError
from features.parsing_amounts import MILLION
from features.typed import UNREADABLE, Reading, typed

NO_HISTORY = "no predictor: an open-items list has no history; collect snapshots nightly"


def day_of_file(name: str) -> pd.Timestamp | None:
    """Return the day in a file's name, written 2026-01-31 or 20260131; None without one."""
    found = re.search(r"(?<!\d)(20\d{2})-?(\d{2})-?(\d{2})(?!\d)", name)
    day = pd.to_datetime("".join(found.groups()), format="%Y%m%d", errors="coerce") if found else pd.NaT
    return None if pd.isna(day) else day


def from_snapshots(
    lists: Sequence[tuple[pd.Timestamp | None, pd.DataFrame]], reading: Reading
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Return invoices and payments of lists of open items (rows of invoices), and what to say about them.

    Raises LedgerError for several lists of which one has no day, or two the same.
    """
    if len(lists) == 1:
        return {"invoices": lists[0][1]}, [NO_HISTORY]
    days = sorted(day for day, _ in lists if day is not None)
    if len(days) < len(lists) or len(set(days)) < len(days):
        raise LedgerError(
            f"{reading.place}: {len(lists)} lists of open items, but not each has a day of its own in its "
            "name, such as open-items-2026-01-31.csv"
        )
    rows = pd.concat([frame.assign(listed_on=day) for day, frame in lists], ignore_index=True)
    invoices, reasons = typed(LEDGER_TABLES["invoices"], rows.drop(columns="listed_on"), reading)
    invoices["listed_on"] = rows["listed_on"]
    good = invoices[reasons.accepted].sort_values(["invoice_id", "listed_on"], ignore_index=True)
    good = good[~good.duplicated(["invoice_id", "listed_on"])].reset_index(drop=True)
    bad = rows[~reasons.accepted].drop(columns="listed_on")
    bad = bad.assign(**{UNREADABLE: reasons.texts[~reasons.accepted]})
    first = good[~good.duplicated("invoice_id")].copy()
    first["known_on"] = first["listed_on"].where(first["listed_on"] > days[0])
    first["amount"] = first["amount"].astype("float64") / MILLION
    made = {
        "invoices": pd.concat(
            [first.drop(columns="listed_on").dropna(axis=1, how="all"), bad], ignore_index=True
        ),
        "payments": _movements(good, np.array(days, dtype="datetime64[s]")),
    }
    return made, [
        f"{len(lists)} lists of open items from {days[0].date()} to {days[-1].date()}: what vanished counts "
        "as paid on the day of the next list"
    ]


def _movements(rows: pd.DataFrame, days: np.ndarray[tuple[int], np.dtype[np.datetime64]]) -> pd.DataFrame:
    """Return what closed, lowered or reopened the items: rows sorted by item and list."""
    item = rows["invoice_id"].to_numpy(dtype=object)
    amount = rows["amount"].abs().to_numpy(dtype=np.int64)
    at = np.searchsorted(days, rows["listed_on"].to_numpy(dtype="datetime64[s]"))
    more = np.append(item[1:] == item[:-1], False)
    following = np.append(at[1:], -1)
    gone = (at < len(days) - 1) & (~more | (following > at + 1))
    fell = more & ~gone
    after = np.append(amount[1:], 0)
    back = gone & more
    parts = [
        (gone, np.minimum(at + 1, len(days) - 1), amount),
        (fell, following, amount - after),
        (back, following, -after),
    ]
    found = [
        pd.DataFrame(
            {
                "invoice_id": rows["invoice_id"][which & (change != 0)],
                "paid_on": days[day[which & (change != 0)]],
                "amount": change[which & (change != 0)] / MILLION,
            }
        )
        for which, day, change in parts
    ]
    return pd.concat(found, ignore_index=True).sort_values(["paid_on", "invoice_id"], ignore_index=True)
