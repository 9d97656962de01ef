"""One debtor in the latest run: which segment and why, how it paid, what is open, what comes next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from features.catalogue import CATALOGUE
from features.contracts.history_tables import HISTORY
from features.errors import DebtscapeError
from features.spelling import nearest
from pipelines.privacy.pseudonymous import id_in
from pipelines.reporting.summary import money, records
from pipelines.runs.published_runs import PublishedRun, has_table, latest_run, read_table
from pipelines.settings_file import load_settings


def explain_debtor(config: Path, customer: str) -> dict[str, Any]:
    """Return the card of one debtor, by its id or its pseudonym, JSON-ready.

    DebtscapeError when there is no run or no such debtor.
    """
    settings = load_settings(config)
    run = latest_run(settings.output_folder)
    if run is None:
        raise DebtscapeError(f"no run has been published yet. Publish one: debtscape run -c {config}")
    segments = read_table(run, "segments").set_index("customer_id")
    customer = id_in(customer, segments.index, settings)
    if customer not in segments.index:
        near = nearest(customer, segments.index, most=3)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        raise DebtscapeError(f"no debtor {customer!r} in run {run.run_id} as of {run.as_of}.{hint}")
    return {
        "customer_id": customer,
        "run_id": run.run_id,
        "as_of": run.as_of.isoformat(),
        "facts": _facts(run, records(segments.loc[[customer]])[0], customer),
        "history": _history(run, customer),
        "invoices": _invoices(run, customer),
    }


def _facts(run: PublishedRun, segment: dict[str, Any], customer: str) -> dict[str, Any]:
    debtors = read_table(run, "debtors")
    facts: dict[str, Any] = {
        "segment": f"{segment['segment']} ({segment['reason']})",
        "decided by": segment["source"]
        if pd.isna(segment["rule"])
        else f"{segment['source']}: {segment['rule']}",
        "the model alone says": _or(segment["model_segment"], "nothing: no history"),
        "previous segment": _or(segment["previous_segment"], "none"),
        "moved because": _or(segment["moved_because"], ""),
        "expected of debtors like it": _provisional(segment),
        "risk": _risk(run, customer, segment["risk"]),
        "delay tactics": _tactics(run, customer),
        "value class": _or(segment["value_class"], "unknown"),
        **_treatment(run, customer),
    }
    facts = {name: said for name, said in facts.items() if said}
    for row in records(debtors[debtors["customer_id"] == customer]):
        currency = row["currency"]
        facts[f"open ({currency})"] = money(row["open_amount_minor"], currency)
        facts[f"overdue ({currency})"] = money(row["overdue_amount_minor"], currency)
        facts["must not be contacted"] = _or(row["blocked_by"], "free to contact")
    return facts


def _provisional(segment: dict[str, Any]) -> str:
    """What is said of a debtor whose own history is too short to say it."""
    if pd.isna(segment["provisional_segment"]):
        return ""
    low, share, high = (segment[f"expected_late_share{end}"] for end in ("_p10", "", "_p90"))
    return f"segment {segment['provisional_segment']}, {share:.0%} late ({low:.0%} to {high:.0%})"


def _risk(run: PublishedRun, customer: str, risk: Any) -> str:
    table = read_table(run, "risks")
    why = [row["reason"] for row in records(table[table["customer_id"] == customer])]
    return _or(risk, "unknown") + "".join(f" ({reason})" for reason in why)


def _treatment(run: PublishedRun, customer: str) -> dict[str, str]:
    """How the policy treats the debtor, and why a person should call."""
    treatments, shifts = read_table(run, "treatments"), read_table(run, "reminder_shifts")
    worklist = read_table(run, "worklist")
    said = {}
    for row in records(treatments[treatments["customer_id"] == customer]):
        said["treated by"] = f"line {row['line']} of the policy: strategy {row['strategy']}"
        if not pd.isna(row["terms"]):
            said["terms"] = f"{row['terms']} ({row['status'].replace('_', ' ')})"
    for row in records(shifts[shifts["customer_id"] == customer]):
        ended = "; ended, payment slid along" if row["sliding"] else f" until {_day(row['expires_on'])}"
        said["first reminder"] = f"{row['shift_days']} days later since {_day(row['activated_on'])}{ended}"
    for row in records(worklist[worklist["customer_id"] == customer]):
        who = _or(row["collector"], "nobody has the capacity")
        said[f"to be called ({row['currency']})"] = f"{row['why']} ({who})"
    return said


def _tactics(run: PublishedRun, customer: str) -> str:
    rows = read_table(run, "delay_tactics")
    return ", ".join(
        f"{row['tactic'].replace('_', ' ')} {row['times']}×" + (", a habit" if row["chronic"] else "")
        for row in records(rows[rows["customer_id"] == customer])
    )


def _history(run: PublishedRun, customer: str) -> list[dict[str, Any]]:
    """The figures of its history; none in a run of an older contract."""
    if not has_table(run, "debtor_profiles"):
        return []
    profiles = read_table(run, "debtor_profiles")
    row = records(profiles[profiles["customer_id"] == customer])[0]
    return [
        {
            "feature": name,
            "value": _figure(row[name], CATALOGUE[name].unit),
            "meaning": CATALOGUE[name].definition,
        }
        for name in HISTORY
    ]


def _invoices(run: PublishedRun, customer: str) -> list[dict[str, Any]]:
    reminders = read_table(run, "reminders")
    reminders = reminders[reminders["customer_id"] == customer]
    predictions = read_table(run, "predictions").drop(columns="customer_id")
    rows = reminders.merge(predictions, on="invoice_id", how="left").sort_values(["due_on", "invoice_id"])
    return [_invoice(row) for row in records(rows)]


def _invoice(row: dict[str, Any]) -> dict[str, Any]:
    """One open item; a dormant one has no prediction and only its reminder's reason."""
    predicted = not pd.isna(row["due_on"])
    early, middle, late = (_day(row[f"paid_on_{quantile}"]) or "later" for quantile in ("p10", "p50", "p90"))
    return {
        "invoice": row["invoice_id"],
        "due_on": _day(row["due_on"]),
        "open": money(row["open_amount_minor"], row["currency"]) if predicted else "",
        "days_past_due": int(row["days_past_due"]) if predicted else "",
        "p_late": f"{row['p_late']:.0%}" if predicted else "",
        "source": row["source"] if predicted else "dormant",
        "paid_on": middle if predicted else "",
        "paid_between": f"{early} to {late}" if predicted else "",
        "next_step": "none"
        if pd.isna(row["send_on"])
        else f"{row['step'].replace('_', ' ')} on {_day(row['send_on'])}",
        "why": row["reason"],
        "reasons": row["reasons"] if predicted else "",
    }


def _figure(value: float, unit: str) -> str:
    if pd.isna(value):
        return "-"
    return f"{value:.0%}" if unit == "share" else f"{value:,.1f}" if value % 1 else f"{value:,.0f}"


def _day(day: Any) -> str:
    return "" if pd.isna(day) else f"{day:%Y-%m-%d}"


def _or(value: Any, instead: str) -> str:
    return instead if pd.isna(value) or value == "" else str(value)
