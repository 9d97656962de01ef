"""The rules a row must keep, and what it becomes: one function per table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts import Table
from features.contracts.money import minor_units
from features.errors import LedgerError
from features.ledger import FACT_DAY, LATER
from features.parsing_amounts import MILLION
from features.parsing_text import Mask
from features.typed import Reasons


@dataclass
class Judging:
    """What the rules of one table need of the others, and where they leave their warnings."""

    today: pd.Timestamp
    home_currency: str
    warnings: list[str]
    invoices: pd.DataFrame
    invoice_index: pd.Index
    refused_invoices: pd.Index
    score_scales: Mapping[str, tuple[float, float]]
    """lowest and highest score of each provider whose scale is known"""


# every table -----------------------------------------------------------------------------------------


def date_rows(table: Table, frame: pd.DataFrame, reasons: Reasons, judging: Judging) -> None:
    """Reject what lies in the future, set `known_on`, and hide later days that have not come yet."""
    name = table.name
    if name not in FACT_DAY:
        return
    happened = frame[FACT_DAY[name]]
    known = frame.get("known_on", happened)
    reasons.reject(happened > judging.today, f"{FACT_DAY[name]} is after {judging.today.date()}")
    reasons.reject(known > judging.today, f"known_on is after {judging.today.date()}")
    if name != "customers":
        frame["known_on"] = known.where(known > happened, happened)
    for day_column, others in LATER.get(name, {}).items():
        future = frame[day_column] > judging.today
        if future.any():
            judging.warnings.append(
                f"{name}: {day_column} is after {judging.today.date()} in {int(future.sum())} rows; "
                "it counts as not known yet"
            )
            for column in (day_column, *(other.removesuffix("_minor") for other in others)):
                frame[column] = frame[column].mask(future)


def reject_duplicates(table: Table, frame: pd.DataFrame, reasons: Reasons) -> None:
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
    from babel.numbers import list_currencies

    codes, names = pd.factorize(currency)
    known = list_currencies()
    unit = np.array([*map(minor_units, names), 100], dtype=np.int64)[codes]
    strange = np.array([name not in known for name in names] + [False])[codes]
    if strange.any():
        texts = [f"currency is not an ISO 4217 code: {each!r}" for each in currency]
        reasons.reject(strange, np.array(texts))
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
        frame[column.inside] = pd.Series(whole // step, index=frame.index, dtype="Int64").mask(
            micros.isna() | broken
        )
        if column.required:
            frame[column.inside] = frame[column.inside].fillna(0).astype("int64")
    return frame


def home_money(table: Table, frame: pd.DataFrame, reasons: Reasons, judging: Judging) -> pd.DataFrame:
    """Return the table with its money in minor units of the home currency: the rule of most tables."""
    home = pd.Series(judging.home_currency, index=frame.index, dtype="str")
    return _minor(table, frame, reasons, home)


# one table -------------------------------------------------------------------------------------------


def _invoices(table: Table, frame: pd.DataFrame, reasons: Reasons, judging: Judging) -> pd.DataFrame:
    frame["currency"] = frame["currency"].str.upper().fillna(judging.home_currency)
    frame = _minor(table, frame, reasons, frame["currency"], amounts=True)
    terms = frame["payment_terms_days"]
    impossible = ((terms < 0) | (terms > 3650)).fillna(False)
    reasons.reject(impossible, "payment_terms_days is not between 0 and 3650")
    by_terms = frame["issued_on"] + pd.to_timedelta(
        terms.mask(impossible).astype("float64"), unit="D"
    ).astype("timedelta64[s]")
    amount = frame["amount_minor"]
    note = (frame["kind"] == "credit_note") | (amount < 0)
    due = frame["due_on"].fillna(by_terms)
    # A credit note is due to nobody: its due day is neither needed nor a reason to lose it.
    frame["due_on"] = due.mask(note & ~(due >= frame["issued_on"]), frame["issued_on"])
    reasons.reject(frame["due_on"].isna(), "due_on is empty, and so is payment_terms_days")
    reasons.reject(frame["due_on"] < frame["issued_on"], "due_on is before issued_on")
    reasons.reject(frame["original_due_on"] < frame["issued_on"], "original_due_on is before issued_on")
    frame["kind"] = frame["kind"].fillna("invoice").mask(note, "credit_note")
    frame["amount_minor"] = amount.abs().where(~note, -amount.abs())
    return frame


def _payments(table: Table, frame: pd.DataFrame, reasons: Reasons, judging: Judging) -> pd.DataFrame:
    item = _find_items(frame, reasons, judging)
    reasons.reject(
        frame["invoice_id"].isna() & frame["customer_id"].isna(), "neither invoice_id nor customer_id"
    )
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
    same = frame[reasons.accepted].duplicated(
        ["invoice_id", "customer_id", "paid_on", "amount_minor", "kind"]
    )
    if same.any():
        judging.warnings.append(
            f"payments: {int(same.sum())} rows repeat another (same item, day, amount and kind); "
            "all of them count"
        )
    return frame


def _disputes(table: Table, frame: pd.DataFrame, reasons: Reasons, judging: Judging) -> pd.DataFrame:
    item = _find_items(frame, reasons, judging)
    reasons.reject(frame["closed_on"] < frame["opened_on"], "closed_on is before opened_on")
    currency = _of_item(judging.invoices["currency"], item).fillna(judging.home_currency)
    return _minor(table, frame, reasons, currency)


def _payment_plans(table: Table, frame: pd.DataFrame, reasons: Reasons, judging: Judging) -> pd.DataFrame:
    item = judging.invoice_index.get_indexer(pd.Index(frame["invoice_id"]))
    currency = _of_item(judging.invoices["currency"], item).fillna(judging.home_currency)
    return _minor(table, frame, reasons, currency, amounts=True)


def _contact_history(table: Table, frame: pd.DataFrame, reasons: Reasons, judging: Judging) -> pd.DataFrame:
    made = frame["promised_for"].notna() & frame["promise_made_on"].isna()
    frame["promise_made_on"] = frame["promise_made_on"].mask(made, frame["contacted_on"])
    return home_money(table, frame, reasons, judging)


def _rates(table: Table, frame: pd.DataFrame, reasons: Reasons, judging: Judging) -> pd.DataFrame:
    frame["currency"] = frame["currency"].str.upper()
    reasons.reject(frame["rate"] <= 0, "rate is not positive")
    return _minor(table, frame, reasons, frame["currency"])


def _credit_scores(table: Table, frame: pd.DataFrame, reasons: Reasons, judging: Judging) -> pd.DataFrame:
    for provider, (lowest, highest) in judging.score_scales.items():
        given = frame.loc[reasons.accepted & (frame["provider"] == provider).to_numpy(dtype=bool), "score"]
        outside = given[~given.between(lowest, highest)]
        if len(outside) == len(given) > 1:
            raise LedgerError(
                f"credit_scores: each of the {len(given)} scores of {provider} is outside its scale "
                f"{lowest:g} to {highest:g}, e.g. {given.iloc[0]:g}; the scale looks wrong: "
                f"correct lowest and highest under credit_scores.{provider}"
            )
        words = f"score is outside {provider}'s scale {lowest:g} to {highest:g}: "
        texts = np.full(len(frame), "", dtype=object)
        texts[outside.index] = [f"{words}{score:g}" for score in outside]
        reasons.reject(frame.index.isin(outside.index), texts)
    return home_money(table, frame, reasons, judging)


def _decisions(table: Table, frame: pd.DataFrame, reasons: Reasons, judging: Judging) -> pd.DataFrame:
    """A decision decides something: a segment, a hold, or an action by its id and yes or no."""
    action, approved = frame["action_id"].notna(), frame["approved"].notna()
    reasons.reject(approved & ~action, "approved without action_id: of what")
    elsewhere = frame["segment"].notna() | frame["hold"].notna()
    reasons.reject(action & ~approved & ~elsewhere, "action_id without approved: write yes or no")
    reasons.reject(~action & ~elsewhere, "nothing is decided: no segment, hold or action_id")
    return home_money(table, frame, reasons, judging)


RULES: dict[str, Callable[[Table, pd.DataFrame, Reasons, Judging], pd.DataFrame]] = {
    "invoices": _invoices,
    "payments": _payments,
    "disputes": _disputes,
    "payment_plans": _payment_plans,
    "contact_history": _contact_history,
    "credit_scores": _credit_scores,
    "rates": _rates,
    "decisions": _decisions,
}


def _find_items(frame: pd.DataFrame, reasons: Reasons, judging: Judging) -> npt.NDArray[np.int64]:
    """Return the position of each row's invoice, -1 without one; unknown ones are rejected."""
    item = judging.invoice_index.get_indexer(pd.Index(frame["invoice_id"])).astype("int64")
    stray = (item < 0) & frame["invoice_id"].notna().to_numpy()
    if stray.any():
        reasons.reject(
            stray & frame["invoice_id"].isin(judging.refused_invoices).to_numpy(), "its invoice was rejected"
        )
        reasons.reject(stray, "invoice_id is not among the invoices")
    return item


def _of_item(column: pd.Series, item: npt.NDArray[np.int64]) -> pd.Series:
    found: Mask = item >= 0
    if not len(column):
        return pd.Series(None, index=range(len(item)), dtype="str")
    return pd.Series(column.take(np.maximum(item, 0)).array, index=range(len(item)), dtype="str").where(found)
