"""Which table of the contract a file is, and which of its columns are which."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import pandas as pd

from features.column_names import CLEARING, LEAKY, NAMES, normal
from features.contracts import LEDGER_TABLES, Column
from features.errors import LedgerError
from features.parsing_amounts import decimal_evidence, parse_millionths
from features.parsing_days import date_evidence, parse_days
from features.parsing_text import as_text, parse_choices, parse_flags
from features.typed import ONE_OF

_READABLE = 0.9
"""Share of the filled cells that must be readable before a name is believed."""


@dataclass(frozen=True)
class Guess:
    """What one file seems to be.

    columns: contract name to the file's column. dates, decimal: what has to be stated, or None.
    unused: columns left out; leaky: those of them that tell how it ended. unsure: in words.
    """

    path: Path
    table: str
    columns: dict[str, str]
    dates: str | None = None
    decimal: str | None = None
    unused: tuple[str, ...] = ()
    leaky: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    currency: str | None = None


def guess_file(path: Path, frame: pd.DataFrame) -> Guess:
    """Return what a file with these columns seems to be; LedgerError when it is like no table."""
    if frame.empty:
        raise LedgerError(f"{path.name}: the file has no rows to look at")
    frame = frame.rename(columns=str)
    candidates = {name: _columns_of(name, frame) for name in LEDGER_TABLES}
    _fill_by_content(frame, *candidates["invoices"])
    table = _table_of(path, candidates)
    columns, unsure = candidates[table]
    dates, dates_unsure = _order_of(table, frame, columns)
    decimal, decimal_unsure = _decimal_of(table, frame, columns)
    unsure += dates_unsure + decimal_unsure + _doubts(table, frame, columns, dates)
    unused = tuple(str(name) for name in frame.columns if name not in columns.values())
    currency = None
    if table == "invoices" and "currency" in columns:
        counts = as_text(frame[columns["currency"]]).str.upper().value_counts()
        currency = str(counts.index[0]) if len(counts) else None
    return Guess(
        path=path,
        table=table,
        columns=columns,
        dates=dates,
        decimal=decimal,
        unused=unused,
        leaky=tuple(name for name in unused if normal(name) in LEAKY),
        unsure=tuple(unsure),
        currency=currency,
    )


def _columns_of(table: str, frame: pd.DataFrame) -> tuple[dict[str, str], list[str]]:
    """Return the columns whose name and content fit a table, and where several did."""
    found: dict[str, str] = {}
    unsure: list[str] = []
    for column in LEDGER_TABLES[table].columns:
        known = [normal(column.name), *NAMES.get(table, {}).get(column.name, "").split()]
        ranked = sorted(
            (known.index(normal(own)), at, own)
            for at, own in enumerate(frame.columns)
            if normal(own) in known and own not in found.values()
        )
        fitting = [own for _, _, own in ranked if _fits(column, frame[own])]
        if fitting:
            found[column.name] = fitting[0]
        if len(fitting) > 1 and column.required:
            unsure.append(f"{column.name} could also be {', '.join(fitting[1:])}; {fitting[0]} was taken")
    return found, unsure


def _fill_by_content(frame: pd.DataFrame, found: dict[str, str], unsure: list[str]) -> None:
    """Find the days and the amount of invoices whose columns have names that say nothing.

    Two days are issue and due when the second hardly ever comes before the first; of several pairs the
    one with the fewest distances is taken: terms are few, delays are many.
    """
    if "customer_id" not in found or "invoice_id" not in found:
        return
    free = [name for name in frame.columns if name not in found.values() and normal(name) not in LEAKY]
    if not {"issued_on", "due_on", "payment_terms_days"} & set(found):
        days = [name for name in free if _share_of_days(frame[name]) >= _READABLE]
        order = "month_first" if date_evidence(frame[name] for name in days).month_first else "day_first"
        read = {name: parse_days(frame[name], order)[0] for name in days}
        distances = {
            (start, end): int((read[end] - read[start]).dt.days.nunique())
            for start, end in permutations(days, 2)
            if (read[end] >= read[start]).mean() >= 0.99 and (read[end] > read[start]).any()
        }
        if distances:
            start, end = min(distances, key=lambda pair: distances[pair])
            found |= {"issued_on": start, "due_on": end}
            unsure.append(f"{start} and {end} are taken as day of issue and due day by content only")
    if "amount" not in found:
        texts = {name: as_text(frame[name]) for name in free if name not in found.values()}
        decimals = {
            name: text.str.contains(r"\d[.,]\d{1,2}$", na=False).mean() for name, text in texts.items()
        }
        money = [name for name, share in decimals.items() if share > 0.5]
        if money:
            found["amount"] = money[0]
            unsure.append(f"{money[0]} is taken as the amount by content only")


def _fits(column: Column, values: pd.Series) -> bool:
    """Tell whether the content is of the column's kind."""
    filled = int(as_text(values).notna().sum())
    if filled == 0:
        return False
    if column.choices:
        unreadable = parse_choices(values, column.choices)[1]
    elif column.kind == "day":
        return bool(_share_of_days(values) >= _READABLE)
    elif column.kind in ("money", "count", "days", "share", "number"):
        unreadable = min(
            (parse_millionths(values, mark)[1] for mark in ".,"), key=lambda mask: int(mask.sum())
        )
    elif column.kind == "flag":
        unreadable = parse_flags(values)[1]
    else:
        return True
    return bool(1 - unreadable.sum() / filled >= _READABLE)


def _share_of_days(values: pd.Series) -> float:
    """Return the readable share of the cells that are not empty, in the better order; 0 without any day."""
    filled = int(as_text(values).notna().sum())
    read = (parse_days(values, order) for order in ("day_first", "month_first"))
    return max((1 - float(bad.sum()) / filled if days.notna().any() else 0.0) for days, bad in read)


def _table_of(path: Path, candidates: dict[str, tuple[dict[str, str], list[str]]]) -> str:
    """Return the table whose needs are met, the one with the most columns found; a name decides ties."""
    complete = {}
    for name, (columns, _) in candidates.items():
        needs = LEDGER_TABLES[name].required
        either = ONE_OF.get(name, ())
        if all(need in columns for need in needs) and (not either or any(each in columns for each in either)):
            complete[name] = (name in path.stem.lower(), len(columns))
    if (
        "invoices" in complete
        and "due_on" in candidates["invoices"][0]
        and "payments" not in path.stem.lower()
    ):
        return "invoices"
    if not complete:
        closest = max(candidates, key=lambda name: len(candidates[name][0]))
        missing = [need for need in LEDGER_TABLES[closest].required if need not in candidates[closest][0]]
        raise LedgerError(
            f"{path.name}: looks most like {closest}, but no column was recognised as {', '.join(missing)}; "
            f"write the mapping by hand under ledger.{closest}.columns"
        )
    return max(complete, key=lambda name: complete[name])


# what is written how ---------------------------------------------------------------------------------


def _order_of(table: str, frame: pd.DataFrame, columns: dict[str, str]) -> tuple[str | None, list[str]]:
    """Return which order of day and month to state, and doubts about it."""
    days = {
        c.name: frame[columns[c.name]]
        for c in LEDGER_TABLES[table].columns
        if c.kind == "day" and c.name in columns
    }
    evidence = date_evidence(days.values())
    if evidence.day_first and evidence.month_first:
        share = {order: _share_in_order(days, order) for order in ("day_first", "month_first")}
        best = max(share, key=lambda order: share[order])
        return best, [
            f"dates are written both ways (e.g. {evidence.day_first[0]} and {evidence.month_first[0]}); "
            f"{best} was taken and the others are rejected"
        ]
    if evidence.day_first or evidence.month_first:
        return ("day_first" if evidence.day_first else "month_first"), []
    if not evidence.either:
        return None, []
    share = {order: _share_in_order(days, order) for order in ("day_first", "month_first")}
    best = max(share, key=lambda order: share[order])
    why = (
        f"{best} was taken because then {share[best]:.0%} of the due days follow the issue"
        if abs(share["day_first"] - share["month_first"]) > 0.02
        else f"{best} is a guess"
    )
    return best, [f"dates such as {', '.join(evidence.either)} can be read in two ways: {why}"]


def _share_in_order(days: dict[str, pd.Series], order: str) -> float:
    """Return the share of rows whose issue, due and payment day come in that order and are readable."""
    read = {name: parse_days(values, order)[0] for name, values in days.items()}
    start, end = read.get("issued_on"), read.get("due_on", read.get("paid_on"))
    if start is None or end is None:
        return float(pd.DataFrame(read).notna().all(axis=1).mean())
    return float(((end >= start) & ((end - start).dt.days <= 180)).mean())


def _decimal_of(table: str, frame: pd.DataFrame, columns: dict[str, str]) -> tuple[str | None, list[str]]:
    money = [
        frame[columns[c.name]]
        for c in LEDGER_TABLES[table].columns
        if c.kind == "money" and c.name in columns
    ]
    evidence = decimal_evidence(money)
    if evidence.point and evidence.comma:
        return ".", [
            f"amounts have decimal points and commas (e.g. {evidence.point[0]} and {evidence.comma[0]}); "
            "the point was taken and the others are rejected"
        ]
    if evidence.either and not evidence.point and not evidence.comma:
        mark = "," if "." in evidence.either[0] else "."
        return mark, [f"amounts such as {evidence.either[0]} can be read in two ways: taken as thousands"]
    return None, []


def _doubts(table: str, frame: pd.DataFrame, columns: dict[str, str], dates: str | None) -> list[str]:
    """Return what the content says against the mapping."""
    doubts: list[str] = []
    if table == "invoices":
        numbers = as_text(frame[columns["invoice_id"]])
        again = int(numbers.duplicated().sum())
        if again:
            doubts.append(
                f"{columns['invoice_id']} repeats in {again} rows and only the first counts; if it is unique "
                "only together with others (company, year, line), give a list of columns as invoice_id"
            )
        if "due_on" in columns:
            issued, due = (parse_days(frame[columns[name]], dates)[0] for name in ("issued_on", "due_on"))
            early = float((due < issued).mean())
            if early > 0.01:
                doubts.append(f"{early:.0%} of the rows are due before they are issued and will be rejected")
        if "paid_on" in columns and normal(columns["paid_on"]) in CLEARING:
            doubts.append(
                f"{columns['paid_on']} is the day of clearing, not of payment: days late come out too long"
            )
        if normal(columns["customer_id"]).endswith("name") or normal(columns["customer_id"]) in (
            "contact",
            "vendor",
        ):
            doubts.append(f"{columns['customer_id']} looks like a name: two debtors of one name would be one")
    leaky = [name for name in frame.columns if name not in columns.values() and normal(name) in LEAKY]
    if leaky:
        doubts.append(
            f"{', '.join(leaky)} left out: not known when an invoice is issued (a leak as a feature)"
        )
    return doubts
