"""A customer account's line items, invoices and money alike, as the ledger's invoices and payments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.books import KINDS, arrow_ids, day_column, day_numbers, positions
from features.clearing import BACK, CREDIT, ITEM, MONEY, Lines, allocate
from features.contracts.line_items import LINE_ITEMS
from features.errors import LedgerError
from features.parsing_amounts import MILLION
from features.snapshots import NO_HISTORY
from features.timeline import NEVER, Flags, Ints
from features.typed import UNREADABLE, Reading, typed

NEEDED = ("document", "customer_id", "document_date", "posting_date")


@dataclass(frozen=True)
class Sorting:
    """Which lines are on the credit side, and which are money; see `shape_file.LineItems`."""

    credit: frozenset[str]
    money: Mapping[str, frozenset[str]]
    no_money: Mapping[str, frozenset[str]]
    discount_up_to: float


def ledger_tables(
    raw: pd.DataFrame, reading: Reading, sorting: Sorting
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Return invoices and payments with the contract's column names, and what should be said about them.

    raw: the lines as read, with the names of LINE_ITEMS. Lines without a document number are totals of the
    list and are left out, and so is what is in a special general ledger. A line that cannot be read is a row
    of invoices with the column `unreadable` saying why. Without any clearing there is no history: payments
    then are what the open lines themselves say.
    """
    notes: list[str] = []
    totals = raw["document"].isna() | (raw["document"].astype("str").str.strip() == "")
    if UNREADABLE in raw:
        totals &= raw[UNREADABLE].isna()
    if totals.any():
        notes.append(f"{int(totals.sum())} lines without a document number are left out: totals of the list")
        raw = raw[~totals]
    if raw.empty:
        raise LedgerError(f"{reading.place}: no line has a document number")
    lines, reasons = typed(LINE_ITEMS, raw, reading)
    if "debit_credit" in raw:
        on_credit = lines["debit_credit"].isin(sorting.credit)
        lines["amount"] = lines["amount"].abs().where(~on_credit, -lines["amount"].abs())
    bad = lines[~reasons.accepted].assign(**{UNREADABLE: reasons.texts[~reasons.accepted]})
    good = _counted_once(
        lines[reasons.accepted & (lines["amount"] != 0).fillna(False).to_numpy(dtype=bool)], notes
    )
    money = _is_money(good, sorting, notes)
    made, named = _as_lines(good, money)
    _say_what_is_missing(good, money, made, reading, notes)
    return {
        "invoices": pd.concat([_invoices(good, made, named), _unread(bad)], ignore_index=True),
        "payments": _payments(good, made, named, sorting.discount_up_to),
    }, notes


def _counted_once(lines: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Return each line once; of one that is there open and cleared, the cleared one."""
    key = list(LINE_ITEMS.key)
    unnumbered = lines["line"].isna().all() and lines["year"].isna().all()
    if unnumbered or pc.count_distinct(arrow_ids(_joined(lines, key))).as_py() == len(lines):
        return lines.reset_index(drop=True)
    ordered = lines.sort_values("clearing_date", kind="stable", na_position="last")
    once = ordered[~ordered.duplicated(key)].sort_index()
    if len(once) < len(lines):
        notes.append(f"{len(lines) - len(once)} lines are there more than once and count once")
    return once.reset_index(drop=True)


def _is_money(lines: pd.DataFrame, sorting: Sorting, notes: list[str]) -> Flags:
    """Return which lines are money: by posting key where it is known, else by document type."""
    money = np.zeros(len(lines), dtype=bool)
    decided = np.zeros(len(lines), dtype=bool)
    for name in ("posting_key", "document_type"):
        yes = lines[name].isin(sorting.money.get(name, frozenset())).to_numpy(dtype=bool)
        no = lines[name].isin(sorting.no_money.get(name, frozenset())).to_numpy(dtype=bool)
        money |= yes & ~decided
        decided |= yes | no
    if not decided.all():
        kinds = lines.loc[~decided, "document_type"].fillna("none").value_counts()
        named = ", ".join(f"{kind} ({count})" for kind, count in kinds.head(5).items())
        notes.append(
            f"{int((~decided).sum())} lines are of document types that the shape does not know: {named}; "
            "they count as no money; name payments among them in a copy of the shape under line_items.money"
        )
    return money


def _as_lines(lines: pd.DataFrame, money: Flags) -> tuple[Lines, pd.Series]:
    """Return the lines as arrays, and the id of each: its key of the parts that the list has."""
    parts = [name for name in LINE_ITEMS.key if lines[name].notna().any()]
    ids = _joined(lines, parts)
    rank = _rank(ids)
    signed = lines["amount"].to_numpy(dtype=np.int64)
    special = lines["special_gl"].notna().to_numpy(dtype=bool)
    debit = signed > 0
    role = np.where(debit, np.where(money | special, BACK, ITEM), np.where(money, MONEY, CREDIT))
    entered = _or(day_numbers(lines["entry_date"]), day_numbers(lines["posting_date"]))
    cleared = lines["clearing_date"].notna().to_numpy(dtype=bool)
    group, count = _numbered(lines, ["company_code", "clearing_document", "clearing_date"], cleared)
    cleared_by_itself = cleared & (lines["document"] == lines["clearing_document"]).to_numpy(dtype=bool)
    clearing = day_numbers(lines["clearing_date"])
    known = np.where(cleared, clearing, NEVER)
    told = np.where(
        cleared_by_itself, entered, np.where(cleared, day_numbers(lines["clearing_entry_date"], 0), 0)
    )
    latest = np.zeros(count, dtype=np.int64)
    np.maximum.at(latest, group[cleared], np.maximum(clearing, told)[cleared])
    known[cleared] = latest[group[cleared]]
    made = Lines(
        role=role,
        special=special,
        amount=np.abs(signed),
        currency=pd.factorize(lines["currency"].fillna(""))[0].astype(np.int64),
        group=group,
        reference=_referenced(lines, rank),
        continued_by=_creator(lines, cleared),
        due=_or(day_numbers(_due_on(lines)), day_numbers(lines["document_date"])),
        rank=rank,
        posted=day_numbers(lines["posting_date"]),
        entered=np.maximum(entered, day_numbers(lines["posting_date"])),
        clearing=clearing,
        cleared_known=known,
        residual=np.zeros(len(lines), dtype=bool),
    )
    return made.with_residuals(), ids


def _joined(lines: pd.DataFrame, parts: list[str]) -> pd.Series:
    """Return the parts joined with "|", empty ones as nothing."""
    columns = [pc.fill_null(arrow_ids(lines[part]), "") for part in parts]
    joined = pc.binary_join_element_wise(*columns, pa.scalar("|", pa.large_string()))
    return pd.Series(joined.to_pandas().array, index=lines.index, dtype="str")


def _or(days: Ints, other: Ints) -> Ints:
    return np.where(days == NEVER, other, days)


def _numbered(lines: pd.DataFrame, key: list[str], rows: Flags) -> tuple[Ints, int]:
    """Return the number of each row's group, -1 outside `rows`, and how many groups there are."""
    number = np.full(len(lines), -1, dtype=np.int64)
    groups = arrow_ids(_joined(lines.loc[rows, key].astype("str"), key)).dictionary_encode()
    number[rows] = groups.indices.to_numpy().astype(np.int64)
    return number, len(groups.dictionary)


def _rank(ids: pd.Series) -> Ints:
    rank = np.empty(len(ids), dtype=np.int64)
    rank[pc.sort_indices(arrow_ids(ids)).to_numpy()] = np.arange(len(ids))
    return rank


def _referenced(lines: pd.DataFrame, rank: Ints) -> Ints:
    """Return the row that each line names as its invoice, -1 where it names none that is here.

    What the reference does not say, the year or the line, is not compared; of several the first by id.
    """
    named = lines["reference_document"].notna().to_numpy(dtype=bool)
    found = np.full(len(lines), -1, dtype=np.int64)
    if not named.any():
        return found
    pairs = [("year", "reference_year"), ("line", "reference_line")]
    parts = [(own, theirs) for own, theirs in pairs if lines.loc[named, theirs].notna().all()]
    own = _joined(lines, ["company_code", "document", *(name for name, _ in parts)])
    theirs = _joined(lines, ["company_code", "reference_document", *(name for _, name in parts)])
    order = np.argsort(rank)
    debits = order[(lines["amount"].to_numpy(dtype=np.int64) > 0)[order]]
    at = positions(theirs[named], own.iloc[debits])
    found[named] = np.where(at >= 0, debits[at], -1)
    found[found == np.arange(len(lines))] = -1
    return found


def _creator(lines: pd.DataFrame, cleared: Flags) -> Ints:
    """Return the clearing (a row cleared by it) that each line's own document is, -1 where it is none."""
    year = lines["posting_date"].dt.year.astype("str")
    own = _joined(lines.assign(year=year), ["company_code", "document", "year"])
    cleared_in = lines["clearing_date"].dt.year.astype("Int64").astype("str")
    by = _joined(lines.assign(year=cleared_in), ["company_code", "clearing_document", "year"])
    rows = np.flatnonzero(cleared)
    at = positions(own, by.iloc[rows])
    return np.where(at >= 0, rows[at] if len(rows) else -1, -1)


def _due_on(lines: pd.DataFrame) -> pd.Series:
    """Return the net due day; where the list has none, baseline and the last of its terms that is not 0."""
    zero = lines["terms_days_1"] * 0
    days = zero.fillna(0)
    for name in ("terms_days_1", "terms_days_2", "terms_days_3"):
        days = days.mask((lines[name] > 0).fillna(False), lines[name])
    net = lines["baseline_date"] + pd.to_timedelta(days.astype("float64"), unit="D").astype("timedelta64[s]")
    due: pd.Series = lines["due_on"].fillna(net)
    return due


def _say_what_is_missing(
    lines: pd.DataFrame, money: Flags, made: Lines, reading: Reading, notes: list[str]
) -> None:
    cleared = made.group >= 0
    if not cleared.any():
        notes.append(NO_HISTORY)
        return
    items = cleared & (made.role == ITEM)
    credited = np.zeros(made.groups, dtype=bool)
    credited[made.group[cleared & (made.role == CREDIT)]] = True
    if (items & ~credited[np.maximum(made.group, 0)]).any() and not money.any():
        raise LedgerError(
            f"{reading.place}: {int(items.sum())} items are cleared but no line is a payment; export all "
            "document types, or name your payments in a copy of the shape under line_items.money"
        )
    paid = np.zeros(made.groups, dtype=bool)
    paid[made.group[cleared & (made.role == MONEY)]] = True
    without = items & ~paid[np.maximum(made.group, 0)]
    if without.sum() * 5 > items.sum():
        notes.append(
            f"{int(without.sum())} of {int(items.sum())} cleared items were cleared without a payment: they "
            "count as credited or written off, neither on time nor late"
        )


def _invoices(lines: pd.DataFrame, made: Lines, ids: pd.Series) -> pd.DataFrame:
    rows = np.flatnonzero(((made.role == ITEM) | (made.role == CREDIT)) & ~made.special & ~made.residual)
    own = lines.iloc[rows]
    return pd.DataFrame(
        {
            "invoice_id": ids.iloc[rows],
            "customer_id": own["customer_id"],
            "issued_on": own["document_date"],
            "due_on": _due_on(own),
            "amount": own["amount"].astype("float64") / MILLION,
            "currency": own["currency"],
            "company_code": own["company_code"],
            "known_on": day_column(made.entered[rows]).set_axis(own.index),
            "dunning_level": own["dunning_level"],
            "last_dunned_on": own["last_dunned_on"],
        }
    )


def _unread(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the lines that cannot be read as rows of invoices, to be rejected there with their reason."""
    return pd.DataFrame({"invoice_id": lines["document"], UNREADABLE: lines.get(UNREADABLE)})


def _payments(lines: pd.DataFrame, made: Lines, ids: pd.Series, discount_up_to: float) -> pd.DataFrame:
    found = allocate(made, discount_up_to)
    to_item: npt.NDArray[np.bool_] = found.item >= 0
    who = np.where(to_item, found.item, found.line)
    return pd.DataFrame(
        {
            "invoice_id": ids.take(who).reset_index(drop=True).where(to_item),
            "customer_id": lines["customer_id"].take(who).reset_index(drop=True),
            "paid_on": day_column(found.happened.copy()),
            "amount": found.amount / MILLION,
            "currency": lines["currency"].take(who).reset_index(drop=True),
            "kind": np.array(KINDS, dtype=object)[found.kind],
            "known_on": day_column(found.known.copy()),
        }
    )
