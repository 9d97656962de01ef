"""Which rows of a ledger are accepted, as what, and why the others are rejected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts import LEDGER_TABLES, Table
from features.errors import LedgerError
from features.ledger import Ledger, make_ledger
from features.parsing_text import as_text
from features.reported import in_place, joined, name_of, typed_reported
from features.row_rules import RULES, Judging, date_rows, home_money, reject_duplicates
from features.shapes import read_shaped
from features.sources import Source, read_raw
from features.typed import Reading, typed

MUST_HAVE_ROWS = ("invoices", "payments", "customers")
"""An empty file of these is a failed export, not an empty world: without it everybody would be reminded."""


_SIGNS = {"EUR": "€", "GBP": "£", "JPY": "¥", "CNY": "¥", "INR": "₹"}


@dataclass(frozen=True)
class Cleaned:
    """A ledger that was read.

    rejected: one row per rejected row: table, row (the first data row is 1), key (as read), reason, and
    known_on, the day it would have counted from (empty where that cannot be read).
    A reason is the rule in words, and after ": " the value that broke it.
    rows_in: rows read per table; always accepted + rejected (payments made from `paid_on` are extra).
    What tools reported is counted and rejected under "reported " and the table.
    warnings: what was accepted but should be looked at.
    """

    ledger: Ledger
    rejected: pd.DataFrame
    rows_in: dict[str, int]
    warnings: tuple[str, ...]


def read_ledger(
    sources: Mapping[str, Source],
    base: Path,
    *,
    today: date,
    home_currency: str,
    score_scales: Mapping[str, tuple[float, float]] | None = None,
    reported: Mapping[str, pd.DataFrame] | None = None,
) -> Cleaned:
    """Read and clean the tables named in `sources`; relative paths start at `base`. See `clean`.

    What the shape of a source says of its export comes first among the warnings.
    """
    unknown = sorted(set(sources) - set(LEDGER_TABLES))
    if unknown:
        raise LedgerError(f"no such table: {unknown[0]}; tables: {', '.join(LEDGER_TABLES)}")
    raw, readings, notes = read_shaped(sources, base)
    for name, table in LEDGER_TABLES.items():
        if name in sources and not sources[name].shape:
            raw[name] = read_raw(table, sources[name], base)
            readings[name] = _reading(sources[name])
    cleaned = clean(
        raw,
        today=today,
        home_currency=home_currency,
        readings=readings,
        score_scales=score_scales,
        reported=reported,
    )
    return replace(cleaned, warnings=(*notes, *cleaned.warnings))


def _reading(source: Source) -> Reading:
    own = {
        name: column if isinstance(column, str) else "|".join(column)
        for name, column in source.columns.items()
    }
    return Reading(source.path, source.dates, source.decimal, own)


def clean(
    raw: Mapping[str, pd.DataFrame],
    *,
    today: date,
    home_currency: str,
    readings: Mapping[str, Reading] | None = None,
    score_scales: Mapping[str, tuple[float, float]] | None = None,
    reported: Mapping[str, pd.DataFrame] | None = None,
) -> Cleaned:
    """Return the accepted rows of tables with contract column names, and the rejected ones with reasons.

    `today`: facts dated later are rejected. `home_currency`: that of rows without one, and of money
    about a debtor. `readings` says per table how cells are written, `score_scales` per provider of credit
    scores which one is its lowest and its highest. `reported`: rows of tools, see `features.reported`;
    they make no ledger unusable. What is accepted depends only on a row itself and on rows known earlier, so
    that a ledger cut at a day reads like the whole one as of that day. Raises LedgerError for what makes a
    table unusable as a whole.
    """
    if "invoices" not in raw:
        raise LedgerError("the ledger has no invoices; name their file under ledger.invoices")
    _refuse_double_payments(raw)
    empty = pd.DataFrame(columns=["invoice_id", "customer_id", "currency", "kind"], dtype="str")
    no_ids = pd.Index([])
    judging = Judging(pd.Timestamp(today), home_currency, [], empty, no_ids, no_ids, score_scales or {})
    accepted: dict[str, pd.DataFrame] = {}
    rejected: list[pd.DataFrame] = []
    reported = reported or {}
    for name, table in LEDGER_TABLES.items():
        reading = (readings or {}).get(name, Reading(name))
        own, told = raw.get(name, pd.DataFrame()), reported.get(name)
        if name in raw and own.empty:
            _say_empty(table, reading, judging)
        if own.empty and told is None:
            continue
        parts = [] if own.empty else [typed(table, own, reading)]
        frame, reasons = joined(parts if told is None else [*parts, typed_reported(table, told)])
        _warn_of_signs(name, own, judging)
        date_rows(table, frame, reasons, judging)
        frame = RULES.get(name, home_money)(table, frame, reasons, judging)
        reject_duplicates(table, frame, reasons)
        until = len(own)
        if until:
            rejected.append(_rejected(table, own, frame[:until], reasons.texts[:until]))
            _refuse_all_rejected(table, reading, reasons.texts[:until])
        if told is not None:
            others = _rejected(table, told, frame[until:], reasons.texts[until:])
            rejected.append(in_place(others, table, told))
        accepted[name] = frame[reasons.accepted].reset_index(drop=True)
        if name == "invoices":
            refused = pd.Index(frame.loc[~reasons.accepted, "invoice_id"].dropna().unique())
            invoices = accepted[name]
            judging = replace(
                judging,
                invoices=invoices,
                invoice_index=pd.Index(invoices["invoice_id"]),
                refused_invoices=refused,
            )
    if "paid_on" in raw["invoices"]:
        accepted["payments"] = _paid_in_full(accepted["invoices"], judging)
    accepted["invoices"] = accepted["invoices"].drop(columns=["paid_on", "paid_known_on"])
    ledger = make_ledger(**accepted)
    return Cleaned(
        ledger=ledger,
        rejected=pd.concat(rejected, ignore_index=True),
        rows_in={name: len(frame) for name, frame in raw.items()}
        | {name_of(name): len(frame) for name, frame in reported.items()},
        warnings=(*judging.warnings, *stranger_words(ledger)),
    )


# the whole table -------------------------------------------------------------------------------------


def _refuse_double_payments(raw: Mapping[str, pd.DataFrame]) -> None:
    if (
        "payments" in raw
        and "paid_on" in raw["invoices"]
        and as_text(raw["invoices"]["paid_on"]).notna().any()
    ):
        raise LedgerError(
            "invoices have paid_on and there is a table of payments, so money would count twice; "
            "leave paid_on out of ledger.invoices.columns"
        )


def _say_empty(table: Table, reading: Reading, judging: Judging) -> None:
    if table.name in MUST_HAVE_ROWS:
        raise LedgerError(
            f"{reading.place}: the table {table.name} has no rows; export it again or leave it out"
        )
    judging.warnings.append(f"{reading.place}: the table {table.name} has no rows")


def _refuse_all_rejected(table: Table, reading: Reading, texts: npt.NDArray[Any]) -> None:
    """Refuse invoices of which none is left, and a table of some size that is wrong from end to end."""
    if pd.isna(texts).any() or (table.name != "invoices" and len(texts) < 20):
        return
    rules = pd.Series(texts).str.partition(": ")[0].value_counts()
    raise LedgerError(
        f"{reading.place}: every row of {table.name} is rejected, {rules.iloc[0]} of {len(texts)} "
        f"because {texts[0] if len(rules) == 1 else rules.index[0]}"
    )


def _rejected(table: Table, raw: pd.DataFrame, frame: pd.DataFrame, texts: npt.NDArray[Any]) -> pd.DataFrame:
    rows = np.flatnonzero(~pd.isna(texts))
    names = [name for name in table.key or ("invoice_id", "customer_id") if name in raw]
    key, *others = (as_text(raw[name].iloc[rows]) for name in names[: len(table.key) or 1])
    for other in others:
        key = key.str.cat(other, sep="|", na_rep="")
    return pd.DataFrame(
        {
            "table": pd.Series(table.name, index=range(len(rows)), dtype="str"),
            "row": rows + 1,
            "key": key.array,
            "reason": pd.Series(texts[rows], dtype="str"),
            "known_on": frame["known_on"].iloc[rows].array if "known_on" in frame else pd.NaT,
        }
    ).astype({"known_on": "datetime64[s]"})


def _paid_in_full(invoices: pd.DataFrame, judging: Judging) -> pd.DataFrame:
    """Return a payment of the whole amount for each invoice with `paid_on`, dated when it was known."""
    paid = invoices[invoices["paid_on"].notna()]
    known = paid["paid_known_on"].where(paid["paid_known_on"] > paid["paid_on"], paid["paid_on"])
    future = known > judging.today
    if future.any():
        judging.warnings.append(
            f"invoices: paid_on is after {judging.today.date()} in {int(future.sum())} rows; "
            "they count as not paid yet"
        )
    payments = paid[["invoice_id", "customer_id", "paid_on", "currency"]].assign(
        amount_minor=paid["amount_minor"].abs(), kind="payment", in_transit=False, known_on=known
    )
    return payments[~future]


def _warn_of_signs(name: str, raw: pd.DataFrame, judging: Judging) -> None:
    """Warn of amounts written with another currency than the one they are read in."""
    if "amount" not in raw or "currency" in raw or pd.api.types.is_numeric_dtype(raw["amount"].dtype):
        return
    text = as_text(raw["amount"])
    signed = text[text.str.contains(r"[€$£¥₹A-Z]", na=False)]
    signs = signed.str.extract(r"([€$£¥₹]|[A-Z]{3})")[0].dropna().unique()
    home = {judging.home_currency, _SIGNS.get(judging.home_currency, "$")}
    other = sorted(set(signs) - home)
    if other:
        judging.warnings.append(
            f"{name}: amounts are written with {', '.join(other[:3])} but read as {judging.home_currency}; "
            "map a currency column or set home_currency"
        )


def stranger_words(ledger: Ledger) -> list[str]:
    """Return a warning when debtors are not in `customers`: their invoices count all the same."""
    if ledger.customers.empty:
        return []
    debtors = pd.Index(ledger.invoices["customer_id"].unique())
    strangers = debtors[~debtors.isin(ledger.customers["customer_id"])]
    if strangers.empty:
        return []
    return [
        f"customers: {len(strangers)} of {len(debtors)} debtors with invoices are not there, "
        f"e.g. {', '.join(sorted(strangers)[:3])}; they are accepted without master data"
    ]
