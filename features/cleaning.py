"""Which rows of a ledger are accepted, as what, and why the others are rejected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts import LEDGER_TABLES, Table
from features.errors import LedgerError
from features.ledger import FACT_DAY, LATER, Ledger, make_ledger
from features.parsing import MILLION, Mask, as_text
from features.sources import Source, read_raw
from features.typed import Reading, Reasons, typed

MUST_HAVE_ROWS = ("invoices", "payments", "customers")
"""An empty file of these is a failed export, not an empty world: without it everybody would be reminded."""


@dataclass(frozen=True)
class Cleaned:
    """A ledger that was read.

    rejected: one row per rejected row: table, row (the first data row is 1), key (as read), reason.
    A reason is the rule in words, and after ": " the value that broke it.
    rows_in: rows read per table; always accepted + rejected (payments made from `paid_on` are extra).
    warnings: what was accepted but should be looked at.
    """

    ledger: Ledger
    rejected: pd.DataFrame
    rows_in: dict[str, int]
    warnings: tuple[str, ...]


@dataclass
class _Judging:
    """What the rules of one table need of the others, and where they leave their warnings."""

    today: pd.Timestamp
    home_currency: str
    warnings: list[str]
    invoices: pd.DataFrame
    invoice_index: pd.Index
    refused_invoices: pd.Index


def read_ledger(sources: Mapping[str, Source], base: Path, *, today: date, home_currency: str) -> Cleaned:
    """Read and clean the tables named in `sources`; relative paths start at `base`. See `clean`."""
    unknown = sorted(set(sources) - set(LEDGER_TABLES))
    if unknown:
        raise LedgerError(f"no such table: {unknown[0]}; tables: {', '.join(LEDGER_TABLES)}")
    raw = {name: read_raw(table, sources[name], base) for name, table in LEDGER_TABLES.items() if name in sources}
    readings = {name: _reading(sources[name]) for name in raw}
    return clean(raw, today=today, home_currency=home_currency, readings=readings)


def _reading(source: Source) -> Reading:
    own = {name: column if isinstance(column, str) else "|".join(column) for name, column in source.columns.items()}
    return Reading(source.path, source.dates, source.decimal, own)


def clean(
    raw: Mapping[str, pd.DataFrame],
    *,
    today: date,
    home_currency: str,
    readings: Mapping[str, Reading] | None = None,
) -> Cleaned:
    """Return the accepted rows of tables with contract column names, and the rejected ones with reasons.

    `today`: facts dated later are rejected. `home_currency`: that of rows without one, and of money
    about a debtor. `readings` says per table how cells are written. What is accepted depends only on
    a row itself and on rows known earlier, so that a ledger cut at a day reads like the whole one
    as of that day. Raises LedgerError for what makes a table unusable as a whole.
    """
    if "invoices" not in raw:
        raise LedgerError("the ledger has no invoices; name their file under ledger.invoices")
    _refuse_double_payments(raw)
    empty = pd.DataFrame(columns=["invoice_id", "customer_id", "currency", "kind"], dtype="str")
    judging = _Judging(pd.Timestamp(today), home_currency, [], empty, pd.Index([]), pd.Index([]))
    accepted: dict[str, pd.DataFrame] = {}
    rejected: list[pd.DataFrame] = []
    for name, table in LEDGER_TABLES.items():
        if name not in raw:
            continue
        reading = (readings or {}).get(name, Reading(name))
        if raw[name].empty:
            _say_empty(table, reading, judging)
            continue
        frame, reasons = typed(table, raw[name], reading)
        _date(table, frame, reasons, judging)
        frame = _RULES.get(name, _home_money)(table, frame, reasons, judging)
        _reject_duplicates(table, frame, reasons)
        rejected.append(_rejected(table, raw[name], reasons))
        _refuse_all_rejected(table, reading, reasons)
        accepted[name] = frame[reasons.accepted].reset_index(drop=True)
        if name == "invoices":
            refused = pd.Index(frame.loc[~reasons.accepted, "invoice_id"].dropna().unique())
            invoices = accepted[name]
            judging = replace(
                judging, invoices=invoices, invoice_index=pd.Index(invoices["invoice_id"]), refused_invoices=refused
            )
    if "paid_on" in raw["invoices"]:
        accepted["payments"] = _paid_in_full(accepted["invoices"], judging)
    accepted["invoices"] = accepted["invoices"].drop(columns=["paid_on", "paid_known_on"])
    _warn_of_strangers(accepted, judging)
    columns = ["table", "row", "key", "reason"]
    return Cleaned(
        ledger=make_ledger(**accepted),
        rejected=pd.concat(rejected, ignore_index=True)[columns],
        rows_in={name: len(frame) for name, frame in raw.items()},
        warnings=tuple(judging.warnings),
    )


# the whole table -------------------------------------------------------------------------------------


def _refuse_double_payments(raw: Mapping[str, pd.DataFrame]) -> None:
    if "payments" in raw and "paid_on" in raw["invoices"] and as_text(raw["invoices"]["paid_on"]).notna().any():
        raise LedgerError(
            "invoices have paid_on and there is a table of payments, so money would count twice; "
            "leave paid_on out of ledger.invoices.columns"
        )


def _say_empty(table: Table, reading: Reading, judging: _Judging) -> None:
    if table.name in MUST_HAVE_ROWS:
        raise LedgerError(f"{reading.place}: the table {table.name} has no rows; export it again or leave it out")
    judging.warnings.append(f"{reading.place}: the table {table.name} has no rows")


def _refuse_all_rejected(table: Table, reading: Reading, reasons: Reasons) -> None:
    """Refuse invoices of which none is left, and a table of some size that is wrong from end to end."""
    if reasons.accepted.any() or (table.name != "invoices" and len(reasons.texts) < 20):
        return
    rules = pd.Series(reasons.texts).str.partition(": ")[0].value_counts()
    raise LedgerError(
        f"{reading.place}: every row of {table.name} is rejected; {rules.iloc[0]} of {len(reasons.texts)} because "
        f"{reasons.texts[0] if len(rules) == 1 else rules.index[0]}"
    )


def _rejected(table: Table, raw: pd.DataFrame, reasons: Reasons) -> pd.DataFrame:
    rows = np.flatnonzero(~reasons.accepted)
    names = table.key or tuple(name for name in ("invoice_id", "customer_id") if name in table.names)[:1]
    parts = [as_text(raw[name].iloc[rows]) for name in names if name in raw]
    key = parts[0].str.cat(parts[1:], sep="|", na_rep="") if parts else pd.Series(None, index=rows, dtype="str")
    return pd.DataFrame(
        {
            "table": pd.Series(table.name, index=range(len(rows)), dtype="str"),
            "row": rows + 1,
            "key": key.array,
            "reason": pd.Series(reasons.texts[rows], dtype="str"),
        }
    )


# every table -----------------------------------------------------------------------------------------


def _date(table: Table, frame: pd.DataFrame, reasons: Reasons, judging: _Judging) -> None:
    """Reject what lies in the future, set `known_on`, and hide later days that have not come yet."""
    name = table.name
    if name not in FACT_DAY:
        return
    happened = frame[FACT_DAY[name]]
    known = frame["known_on"] if "known_on" in frame else happened
    reasons.reject(happened > judging.today, f"{FACT_DAY[name]} is after {judging.today.date()}")
    reasons.reject(known > judging.today, f"known_on is after {judging.today.date()}")
    if name != "customers":
        frame["known_on"] = known.where(known > happened, happened)
    for day_column, others in LATER.get(name, {}).items():
        future = frame[day_column] > judging.today
        if future.any():
            judging.warnings.append(
                f"{name}: {day_column} is after {judging.today.date()} in {int(future.sum())} rows; not known yet"
            )
            for column in (day_column, *(other.removesuffix("_minor") for other in others)):
                frame[column] = frame[column].mask(future)


def _reject_duplicates(table: Table, frame: pd.DataFrame, reasons: Reasons) -> None:
    """Keep of rows with the same key the one known first, of those the first in the file."""
    key = list(table.key)
    if not key or not frame[key].duplicated().any():
        return
    usable = frame[reasons.accepted]
    if "known_on" in usable:
        usable = usable.sort_values("known_on", kind="stable")
    again = np.zeros(len(frame), dtype=bool)
    again[usable.index[usable[key].duplicated()]] = True
    reasons.reject(again, f"{' and '.join(key)} not unique: another row was known first")


def _minor(
    table: Table, frame: pd.DataFrame, reasons: Reasons, currency: pd.Series, amounts: bool = False
) -> pd.DataFrame:
    """Return the table with money in minor units of each row's currency; `amounts` may not be zero."""
    from babel.numbers import get_currency_precision, list_currencies

    codes, names = pd.factorize(currency)
    known = list_currencies()
    unit = np.array([10 ** get_currency_precision(name) for name in names] + [100], dtype=np.int64)[codes]
    strange = np.array([name not in known for name in names] + [False])[codes]
    if strange.any():
        reasons.reject(strange, np.array([f"currency is not an ISO 4217 code: {each!r}" for each in currency]))
    for column in table.columns:
        if column.kind != "money":
            continue
        micros = frame.pop(column.name)
        step = MILLION // unit
        whole = micros.fillna(0).to_numpy(dtype=np.int64)
        broken = whole % step != 0
        if broken.any():
            texts = [f"{column.name} has more decimals than {each}" for each in currency]
            reasons.reject(broken, np.array(texts, dtype=object))
        if amounts and column.required:
            reasons.reject(whole == 0, f"{column.name} is zero")
        frame[column.inside] = pd.Series(whole // step, index=frame.index, dtype="Int64").mask(micros.isna() | broken)
        if column.required:
            frame[column.inside] = frame[column.inside].fillna(0).astype("int64")
    return frame


def _home_money(table: Table, frame: pd.DataFrame, reasons: Reasons, judging: _Judging) -> pd.DataFrame:
    return _minor(table, frame, reasons, _all(judging.home_currency, frame))


def _all(text: str, frame: pd.DataFrame) -> pd.Series:
    return pd.Series(text, index=frame.index, dtype="str")


# one table -------------------------------------------------------------------------------------------


def _invoices(table: Table, frame: pd.DataFrame, reasons: Reasons, judging: _Judging) -> pd.DataFrame:
    frame["currency"] = frame["currency"].str.upper().fillna(judging.home_currency)
    frame = _minor(table, frame, reasons, frame["currency"], amounts=True)
    terms = frame["payment_terms_days"]
    impossible = ((terms < 0) | (terms > 3650)).fillna(False)
    reasons.reject(impossible, "payment_terms_days is not between 0 and 3650")
    by_terms = frame["issued_on"] + pd.to_timedelta(terms.mask(impossible).astype("float64"), unit="D").astype(
        "timedelta64[s]"
    )
    frame["due_on"] = frame["due_on"].fillna(by_terms)
    reasons.reject(frame["due_on"].isna(), "due_on is empty, and so is payment_terms_days")
    reasons.reject(frame["due_on"] < frame["issued_on"], "due_on is before issued_on")
    reasons.reject(frame["original_due_on"] < frame["issued_on"], "original_due_on is before issued_on")
    amount = frame["amount_minor"]
    note = (frame["kind"] == "credit_note") | (amount < 0)
    frame["kind"] = frame["kind"].fillna("invoice").mask(note, "credit_note")
    frame["amount_minor"] = amount.abs().where(~note, -amount.abs())
    return frame


def _payments(table: Table, frame: pd.DataFrame, reasons: Reasons, judging: _Judging) -> pd.DataFrame:
    item = _find_items(frame, reasons, judging)
    reasons.reject(frame["invoice_id"].isna() & frame["customer_id"].isna(), "neither invoice_id nor customer_id")
    own = _of_item(judging.invoices["currency"], item)
    written = frame["currency"].str.upper()
    reasons.reject(written.notna() & own.notna() & (written != own), "currency is not that of the invoice")
    frame["currency"] = written.fillna(own).fillna(judging.home_currency)
    frame = _minor(table, frame, reasons, frame["currency"], amounts=True)
    frame["customer_id"] = frame["customer_id"].fillna(_of_item(judging.invoices["customer_id"], item))
    frame["in_transit"] = frame["in_transit"].fillna(False)
    # Money back on an invoice is a reversal; on a credit note either sign uses up the credit.
    on_note = _of_item(judging.invoices["kind"], item) == "credit_note"
    taken_back = (frame["amount_minor"] < 0) & ~on_note
    frame["kind"] = frame["kind"].fillna("payment").mask(taken_back, "reversal")
    frame["amount_minor"] = frame["amount_minor"].abs()
    same = frame[reasons.accepted].duplicated(["invoice_id", "customer_id", "paid_on", "amount_minor", "kind"])
    if same.any():
        judging.warnings.append(
            f"payments: {int(same.sum())} rows repeat another (same item, day, amount and kind); all of them count"
        )
    return frame


def _disputes(table: Table, frame: pd.DataFrame, reasons: Reasons, judging: _Judging) -> pd.DataFrame:
    item = _find_items(frame, reasons, judging)
    reasons.reject(frame["closed_on"] < frame["opened_on"], "closed_on is before opened_on")
    currency = _of_item(judging.invoices["currency"], item).fillna(judging.home_currency)
    return _minor(table, frame, reasons, currency)


def _payment_plans(table: Table, frame: pd.DataFrame, reasons: Reasons, judging: _Judging) -> pd.DataFrame:
    item = judging.invoice_index.get_indexer(frame["invoice_id"])
    currency = _of_item(judging.invoices["currency"], item).fillna(judging.home_currency)
    return _minor(table, frame, reasons, currency, amounts=True)


def _contact_history(table: Table, frame: pd.DataFrame, reasons: Reasons, judging: _Judging) -> pd.DataFrame:
    made = frame["promised_for"].notna() & frame["promise_made_on"].isna()
    frame["promise_made_on"] = frame["promise_made_on"].mask(made, frame["contacted_on"])
    return _home_money(table, frame, reasons, judging)


def _rates(table: Table, frame: pd.DataFrame, reasons: Reasons, judging: _Judging) -> pd.DataFrame:
    frame["currency"] = frame["currency"].str.upper()
    reasons.reject(frame["rate"] <= 0, "rate is not positive")
    return _minor(table, frame, reasons, frame["currency"])


_RULES: dict[str, Callable[[Table, pd.DataFrame, Reasons, _Judging], pd.DataFrame]] = {
    "invoices": _invoices,
    "payments": _payments,
    "disputes": _disputes,
    "payment_plans": _payment_plans,
    "contact_history": _contact_history,
    "rates": _rates,
}


def _find_items(frame: pd.DataFrame, reasons: Reasons, judging: _Judging) -> npt.NDArray[np.int64]:
    """Return the position of each row's invoice, -1 without one; unknown ones are rejected."""
    item = judging.invoice_index.get_indexer(frame["invoice_id"]).astype("int64")
    stray = (item < 0) & frame["invoice_id"].notna().to_numpy()
    if stray.any():
        reasons.reject(stray & frame["invoice_id"].isin(judging.refused_invoices).to_numpy(), "its invoice was rejected")
        reasons.reject(stray, "invoice_id is not among the invoices")
    return item


def _of_item(column: pd.Series, item: npt.NDArray[np.int64]) -> pd.Series:
    found: Mask = item >= 0
    if not len(column):
        return pd.Series(None, index=range(len(item)), dtype="str")
    return pd.Series(column.take(np.maximum(item, 0)).array, index=range(len(item)), dtype="str").where(found)


def _paid_in_full(invoices: pd.DataFrame, judging: _Judging) -> pd.DataFrame:
    """Return a payment of the whole amount for each invoice with `paid_on`, dated when it was known."""
    paid = invoices[invoices["paid_on"].notna()]
    known = paid["paid_known_on"].where(paid["paid_known_on"] > paid["paid_on"], paid["paid_on"])
    future = known > judging.today
    if future.any():
        judging.warnings.append(
            f"invoices: paid_on is after {judging.today.date()} in {int(future.sum())} rows; counted as not paid yet"
        )
    payments = paid[["invoice_id", "customer_id", "paid_on", "currency"]].assign(
        amount_minor=paid["amount_minor"].abs(), kind="payment", in_transit=False, known_on=known
    )
    return payments[~future]


def _warn_of_strangers(accepted: Mapping[str, pd.DataFrame], judging: _Judging) -> None:
    """Warn of debtors that are not in `customers`: their invoices count all the same."""
    if "customers" not in accepted:
        return
    debtors = pd.Index(accepted["invoices"]["customer_id"].unique())
    strangers = debtors[~debtors.isin(accepted["customers"]["customer_id"])]
    if len(strangers):
        judging.warnings.append(
            f"customers: {len(strangers)} of {len(debtors)} debtors with invoices are not there, "
            f"e.g. {', '.join(sorted(strangers)[:3])}; they are accepted without master data"
        )
