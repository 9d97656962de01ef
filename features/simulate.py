"""A portfolio of debtors with known truth, as the files of a creditor would show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import ConfigurationError
from features.simulated_debtors import NEVER, PAYERS, make_debtors, of_type
from features.simulated_line_items import IN_LINE_ITEMS, SAP, as_line_items, renamed
from features.simulated_payments import (
    close_invoices,
    issue_invoices,
    last_movement_days,
    pay_days,
    stop_at_insolvency,
    working_day,
)
from features.simulated_reminders import (
    first_reminders,
    historic_reminders,
    recorded_reminders,
    reminded_pay_days,
    response,
    responses_of,
)

Ints = npt.NDArray[np.int64]

INVOICES_PER_DEBTOR_AND_MONTH = 10 / 9


@dataclass(frozen=True)
class Portfolio:
    """A simulated ledger and, kept apart from it, what it was made from.

    tables: contract-named tables with days as `datetime64[s]` and money as decimals.
    truth: grain debtor; customer_id, payer_type, mean_days_late (the debtor's level at the start),
        drift_days_per_year, pay_run (none, weekly, month_end), starts_on, stops_on; where reminders act, also
        responds_share and response_days of the debtor's type.
    debtor, item: what the tables were made from, in day numbers, grain debtor and invoice. `pay_on` of an
        item is the day it is paid when nobody reminds and nothing goes wrong; where reminders act, also
        responds, response_days and reminded_on (NEVER for none): see `reminded_pay_days`.
    """

    tables: dict[str, pd.DataFrame]
    truth: pd.DataFrame
    debtor: pd.DataFrame
    item: pd.DataFrame


def simulate(
    *,
    debtors: int,
    months: int,
    seed: int,
    end: date,
    invoices: int | None = None,
    reminders: Literal["recorded", "effective"] = "recorded",
) -> Portfolio:
    """Return a portfolio of the `months` months before the day `end`; the same seed, the same bytes.

    invoices: how many are issued, at least one per debtor; by default 40 per debtor in 36 months.
    Credit notes come on top of them. Only what was known before `end` is in it, so `end` is the day
    to run as of.
    reminders: `recorded` ones are in the contact history and make nobody pay sooner; `effective` ones do
    (see `features.simulated_reminders`), and late payers get more of them.
    """
    if debtors < 1 or months < 1:
        raise ConfigurationError(f"{debtors} debtors in {months} months: both must be at least 1")
    count = (
        max(debtors, round(debtors * months * INVOICES_PER_DEBTOR_AND_MONTH))
        if invoices is None
        else invoices
    )
    if count < debtors:
        raise ConfigurationError(f"{count} invoices for {debtors} debtors: each debtor has at least one")
    first = _number((pd.Timestamp(end) - pd.DateOffset(months=months)).date())
    last = _number(end) - 1
    people, issuing, paying, telling, reminding, responding = np.random.default_rng(seed).spawn(6)
    debtor = make_debtors(people, debtors, first, last)
    item = issue_invoices(issuing, debtor, count, first, last)
    item["pay_on"] = pay_days(paying, debtor, item, first)
    if reminders == "effective":
        contacts = historic_reminders(reminding, debtor, item)
        item = item.join(response(responding, debtor, item))
        item["reminded_on"] = first_reminders(contacts, len(item))
        paid = item.assign(pay_on=reminded_pay_days(debtor, item, item, item["reminded_on"].to_numpy()))
    else:
        contacts, paid = recorded_reminders(item), item
    movements, disputes, credit_notes = close_invoices(paying, debtor, paid)
    movements = stop_at_insolvency(paying, debtor, item, movements)
    settled_on = last_movement_days(item, movements)
    tables = {
        "invoices": _invoice_table(debtor, item, credit_notes, last),
        "payments": _payment_table(telling, item, credit_notes, movements, last),
        "customers": _customer_table(debtor, last),
        "disputes": _dispute_table(item, disputes, last),
        "credit_scores": _score_table(telling, debtor, first, last),
        "contact_history": _contact_table(telling, debtor, item, contacts, settled_on, last),
    }
    return Portfolio(tables, _truth(debtor, acting=reminders == "effective"), debtor, item)


def write_portfolio(portfolio: Portfolio, folder: Path, shape: str | None = None) -> Path:
    """Write the tables as CSV, the truth in a folder of its own, and a configuration; return its path.

    shape: sap_fbl5n writes invoices and payments as one list of line items, `fbl5n.csv`, as SAP exports it.
    """
    if shape not in (None, SAP):
        raise ConfigurationError(f"a portfolio cannot be written as {shape}; it can as {SAP}")
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    tables = dict(portfolio.tables)
    if shape:
        line_items, ids = as_line_items(tables)
        line_items.to_csv(
            folder / "fbl5n.csv", sep=";", index=False, encoding="cp1252", lineterminator="\r\n"
        )
        tables = {name: renamed(table, ids) for name, table in tables.items() if name not in IN_LINE_ITEMS}
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    portfolio.truth.to_csv(folder / "truth" / "truth.csv", index=False)
    if "responds" in portfolio.item:
        _invoice_truth(portfolio).to_csv(folder / "truth" / "invoices.csv", index=False)
    lines = [
        "# A simulated portfolio. What it was made from is in truth/, which no command reads.",
        "ledger:",
    ]
    for name in IN_LINE_ITEMS if shape else ():
        lines += [f"  {name}:", "    path: fbl5n.csv", f"    shape: {shape}"]
    for name, table in tables.items():
        columns = ", ".join(f"{column}: {column}" for column in table)
        lines += [f"  {name}:", f"    path: {name}.csv", f"    columns: {{{columns}}}", "    dates: iso"]
    lines += [
        "credit_scores:",
        "  bureau: {better: high, lowest: 0, highest: 100, high_risk: 40, low_risk: 70}",
    ]
    lines += ["home_currency: EUR", "timezone: Europe/Amsterdam", "output: out/", ""]
    configuration = folder / "debtscape.yaml"
    configuration.write_text("\n".join(lines), encoding="utf-8")
    return configuration


def _number(day: date) -> int:
    return int(np.datetime64(day, "D").astype(np.int64))


def _days(numbers: Ints) -> npt.NDArray[np.datetime64]:
    days = numbers.astype("datetime64[D]").astype("datetime64[s]")
    days[numbers >= NEVER] = np.datetime64("NaT")
    return days


def _invoice_ids(items: Ints) -> list[str]:
    return [f"INV{number:07d}" for number in (items + 1).tolist()]


def _invoice_table(debtor: pd.DataFrame, item: pd.DataFrame, notes: pd.DataFrame, last: int) -> pd.DataFrame:
    owner = item["debtor"].to_numpy()
    ids = debtor["customer_id"].to_numpy()
    invoices = pd.DataFrame(
        {
            "invoice_id": _invoice_ids(np.arange(len(item))),
            "customer_id": ids[owner],
            "issued_on": _days(item["issued"].to_numpy()),
            "due_on": _days(item["due"].to_numpy()),
            "amount": item["cents"].to_numpy() / 100,
            "kind": "invoice",
            "payment_method": np.where(debtor["debit"].to_numpy()[owner], "direct_debit", "transfer"),
        }
    )
    notes = notes[notes["issued"] <= last]
    credited = notes["item"].to_numpy()
    credit_notes = pd.DataFrame(
        {
            "invoice_id": _note_ids(credited),
            "customer_id": ids[owner[credited]],
            "issued_on": _days(notes["issued"].to_numpy()),
            "due_on": _days(notes["issued"].to_numpy()),
            "amount": notes["cents"].to_numpy() / 100,
            "kind": "credit_note",
            "payment_method": "transfer",
        }
    )
    both = pd.concat([invoices, credit_notes], ignore_index=True)
    return both.sort_values(["issued_on", "invoice_id"], ignore_index=True)


def _note_ids(items: Ints) -> list[str]:
    return [f"CRN{number:07d}" for number in (items + 1).tolist()]


def _payment_table(
    rng: np.random.Generator, item: pd.DataFrame, notes: pd.DataFrame, movements: pd.DataFrame, last: int
) -> pd.DataFrame:
    """Return the allocations known by `last`; the bank tells some of them one to three days later."""
    day = movements["day"].to_numpy()
    from_bank = movements["kind"].isin(["payment", "discount", "reversal"]).to_numpy()
    lag = np.where(rng.random(len(item)) < 0.3, rng.integers(1, 4, len(item)), 0)
    lag = lag[movements["item"].to_numpy()]
    payments = pd.DataFrame(
        {
            "invoice_id": _invoice_ids(movements["item"].to_numpy()),
            "paid_on": _days(day),
            "amount": movements["cents"].to_numpy() / 100,
            "kind": movements["kind"].to_numpy(),
            "known_on": _days(day + np.where(from_bank, lag, 0)),
        }
    )
    used = pd.DataFrame(
        {
            "invoice_id": _note_ids(notes["item"].to_numpy()),
            "paid_on": _days(notes["day"].to_numpy()),
            "amount": notes["cents"].to_numpy() / 100,
            "kind": "credit",
            "known_on": _days(notes["day"].to_numpy()),
        }
    )
    both = pd.concat([payments, used], ignore_index=True)
    known: pd.DataFrame = both[both["known_on"] <= _days(np.array([last]))[0]]
    return known.sort_values(["known_on", "invoice_id", "paid_on", "kind"], ignore_index=True, kind="stable")


def _customer_table(debtor: pd.DataFrame, last: int) -> pd.DataFrame:
    size = np.searchsorted(np.quantile(debtor["buys"], [0.4, 0.8, 0.97]), debtor["buys"].to_numpy())
    big = debtor["buys"].rank(ascending=False) <= max(1, len(debtor) // 200)
    public = debtor["sector"] == "public"
    failed = debtor["insolvent_on"].to_numpy()
    return pd.DataFrame(
        {
            **{
                name: debtor[name]
                for name in ("customer_id", "name", "country", "region", "language", "sector")
            },
            "size": np.array(["micro", "small", "medium", "large"])[size],
            "legal_kind": np.where(public, "public", "business"),
            "since": _days(debtor["since"].to_numpy()),
            "credit_limit": np.exp(debtor["log_euros"] + 2.5).round(-2),
            "channel": debtor["channel"],
            "collector": debtor["collector"],
            "key_account": big,
            "insolvent_on": _days(np.where(failed <= last, failed, NEVER)),
            "do_not_contact": debtor["do_not_contact"],
        }
    )


def _dispute_table(item: pd.DataFrame, disputes: pd.DataFrame, last: int) -> pd.DataFrame:
    known = disputes[disputes["opened"] <= last].sort_values(["opened", "item"], ignore_index=True)
    closed = known["closed"].to_numpy() <= last
    outcome = np.where(known["upheld"], "upheld", "rejected")
    return pd.DataFrame(
        {
            "dispute_id": [f"D{number + 1:07d}" for number in known["item"].tolist()],
            "invoice_id": _invoice_ids(known["item"].to_numpy()),
            "opened_on": _days(known["opened"].to_numpy()),
            "closed_on": _days(np.where(closed, known["closed"], NEVER)),
            "reason": np.array(["price", "quantity", "quality", "not received"])[
                known["item"].to_numpy() % 4
            ],
            "outcome": pd.Series(outcome).where(closed, None),
        }
    )


def _score_table(rng: np.random.Generator, debtor: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """Return a yearly score per debtor on a scale of 0 to 100, higher is better, known a week later."""
    base = of_type(debtor["kind"].to_numpy(), "score")
    scored = debtor["start"].to_numpy()[:, None] + 365 * np.arange((last - first) // 365 + 1)
    score = np.clip(np.rint(base[:, None] + 12 * rng.standard_normal(scored.shape)), 1, 99)
    known = (scored + 7 <= last) & (scored <= debtor["stop"].to_numpy()[:, None])
    who, _ = np.nonzero(known)
    return pd.DataFrame(
        {
            "customer_id": debtor["customer_id"].to_numpy()[who],
            "provider": "bureau",
            "scored_on": _days(scored[known]),
            "score": score[known],
            "known_on": _days(scored[known] + 7),
        }
    )


def _contact_table(
    rng: np.random.Generator,
    debtor: pd.DataFrame,
    item: pd.DataFrame,
    reminders: pd.DataFrame,
    settled_on: Ints,
    last: int,
) -> pd.DataFrame:
    """Return the planned reminders that came before the invoice was settled; some calls bring a promise."""
    rows = []
    for _, planned in reminders.groupby("number", sort=True):
        which, day = planned["item"].to_numpy(), planned["day"].to_numpy()
        channel, kind = planned["channel"].iloc[0], planned["kind"].iloc[0]
        made = (settled_on[which] >= day) & (day <= last)
        sent, day = which[made], day[made]
        promised = (rng.random(len(sent)) < 0.4) & (kind == "call")
        rows.append(
            pd.DataFrame(
                {
                    "customer_id": debtor["customer_id"].to_numpy()[item["debtor"].to_numpy()[sent]],
                    "invoice_id": _invoice_ids(sent),
                    "contacted_on": _days(day),
                    "channel": channel,
                    "kind": kind,
                    "status": "sent" if kind == "reminder" else "reached",
                    "promised_for": _days(np.where(promised, working_day(day + 7), NEVER)),
                    "promised_amount": np.where(promised, item["cents"].to_numpy()[sent] / 100, np.nan),
                }
            )
        )
    return pd.concat(rows, ignore_index=True).sort_values(["contacted_on", "invoice_id"], ignore_index=True)


def _truth(debtor: pd.DataFrame, *, acting: bool) -> pd.DataFrame:
    payer = [PAYERS[kind] for kind in debtor["kind"]]
    run = np.where(debtor["month_end"], "month_end", np.where(debtor["weekly"], "weekly", "none"))
    share, days = responses_of(debtor["kind"].to_numpy())
    truth = pd.DataFrame(
        {
            "customer_id": debtor["customer_id"],
            "payer_type": [one.payer_type for one in payer],
            "mean_days_late": debtor["level"].round(2),
            "drift_days_per_year": [one.drift_per_year for one in payer],
            "pay_run": run,
            "starts_on": _days(debtor["start"].to_numpy()),
            "stops_on": _days(debtor["stop"].to_numpy()),
        }
    )
    return truth.assign(responds_share=share, response_days=days) if acting else truth


def _invoice_truth(portfolio: Portfolio) -> pd.DataFrame:
    """Return per invoice what a reminder would do to it, and the first one that was planned."""
    item = portfolio.item
    return pd.DataFrame(
        {
            "invoice_id": _invoice_ids(np.arange(len(item))),
            "customer_id": portfolio.debtor["customer_id"].to_numpy()[item["debtor"]],
            "paid_on_unreminded": _days(item["pay_on"].to_numpy()),
            "responds": item["responds"],
            "response_days": item["response_days"],
            "first_planned_reminder_on": _days(item["reminded_on"].to_numpy()),
        }
    )
