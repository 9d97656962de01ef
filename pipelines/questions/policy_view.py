"""What the collection policy does on a day: whom each line treats, how, and with how much money."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from features.contracts.money import minor_digits
from features.open_items import open_items
from models.treatment.policy import Event, Line, Policy, Selector, Step, Strategy
from models.treatment.policy_tables import SELECTED_BY, line_of, selected, values_of
from models.treatment.statutory import Rate
from models.treatment.terms import harms, in_words
from pipelines.questions.present_segments import debtors_to_treat, present_segments
from pipelines.reading import read

CALLED = {"value_class": "value class", "legal_kind": "legal kind"}

ITS_OWN_RATE = Rate(None, "")


def show_policy(config: Path, *, as_of: date | None, today: date) -> dict[str, Any]:
    """Return what each line treats on the day, JSON-ready; see `policy_on`. Publishes nothing."""
    reading = read(config, as_of=as_of, today=today)
    assigned, unusable = present_segments(reading)
    settings = reading.settings
    debtors = debtors_to_treat(reading, assigned)
    items = open_items(reading.books, reading.as_of, dormant_after_days=settings.dormant_after_days)
    found = policy_on(reading.policy, debtors, items, home_currency=settings.home_currency)
    return {
        "as_of": reading.as_of.isoformat(),
        "file": str(settings.policy_file),
        **found,
        "warnings": [*found["warnings"], *unusable],
    }


def policy_on(
    policy: Policy, debtors: pd.DataFrame, items: pd.DataFrame, *, home_currency: str
) -> dict[str, Any]:
    """Return debtors (how many), lines, events and warnings; money in major units per currency.

    `debtors`: see `who`. `items`: the open items on the day. A line counts the debtors that it decides, an
    event those that it may hit, were it to happen: a strategy without steps has no events.
    """
    line = pd.Series(line_of(policy, debtors), debtors.index)
    counts = line.value_counts()
    money = _money(items, items["customer_id"].map(line))
    lines = [
        {
            "line": number,
            "who": _who(each),
            **_how(each, policy, home_currency),
            "debtors": int(counts.get(number, 0)),
            "money": money.get(number, []),
        }
        for number, each in enumerate(policy.lines, start=1)
    ]
    steps = [len(policy.strategies[each.strategy].steps) for each in policy.lines]
    treated = debtors[line.map(dict(enumerate(steps, start=1))) > 0]
    events = [_event(event, int(selected(event.debtors, treated).sum())) for event in policy.events]
    return {
        "debtors": len(debtors),
        "lines": lines,
        "events": events,
        "warnings": _warnings(policy, debtors, line),
    }


def _who(selector: Selector) -> str:
    """Whom a line or an event selects, in words."""
    named = [
        f"{CALLED.get(column, column)} {', '.join(values)}"
        for column in SELECTED_BY
        if (values := values_of(getattr(selector, column)))
    ]
    return "; ".join(named) or "everybody"


def _how(line: Line, policy: Policy, currency: str) -> dict[str, Any]:
    strategy: Strategy = policy.strategies[line.strategy]
    words = in_words(line.terms, currency, ITS_OWN_RATE)
    interest = ["statutory interest of the debtor's country"] if line.terms.statutory_interest else []
    return {
        "strategy": line.strategy,
        "because": strategy.because,
        "timing": line.timing or policy.timing,
        "steps": [_step(step) for step in strategy.steps],
        "terms": "; ".join([*filter(None, [words]), *interest]),
        "terms_adverse": bool(harms(line.terms)),
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "step": step.name,
        "level": step.level,
        "day": _day(step),
        "tone": step.tone,
        "channels": list(step.channels),
        "template": step.template,
        "by": step.by,
        "adverse": step.harms,
        "minimum_amount": {currency: float(amount) for currency, amount in step.minimum_amount.items()},
    }


def _day(step: Step) -> str:
    if step.working_days_after_due is not None:
        return f"{step.working_days_after_due} working days after due"
    days = step.days_after_due or 0
    return f"{_days(-days)} before due" if days < 0 else f"{_days(days)} after due"


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"


def _event(event: Event, debtors: int) -> dict[str, Any]:
    step = _step(event.step)
    if event.step.days_after_due == 0:
        step["day"] = "at once"
    return {
        "event": event.name,
        "when": event.when,
        "who": _who(event.debtors),
        "needs": list(event.needs),
        "step": step,
        "debtors": debtors,
    }


def _money(items: pd.DataFrame, line: pd.Series) -> dict[int, list[dict[str, Any]]]:
    """Open and overdue amount per line and currency, those with the most open items first."""
    overdue = items["open_amount_minor"].where(items["days_past_due"] > 0, 0)
    sums = (
        items.assign(overdue_minor=overdue, line=line)
        .groupby(["line", "currency"])
        .agg(open=("open_amount_minor", "sum"), overdue=("overdue_minor", "sum"), items=("currency", "size"))
        .reset_index()
        .sort_values(["items", "currency"], ascending=[False, True])
    )
    money: dict[int, list[dict[str, Any]]] = {}
    for row in sums.to_dict(orient="records"):
        unit = 10 ** minor_digits(row["currency"])
        amounts = {"open_amount": row["open"] / unit, "overdue_amount": row["overdue"] / unit}
        money.setdefault(int(row["line"]), []).append({"currency": row["currency"], **amounts})
    return money


def _warnings(policy: Policy, debtors: pd.DataFrame, line: pd.Series) -> list[str]:
    warnings = [
        f"line {number} ({_who(each)}) treats no debtor today"
        for number, each in enumerate(policy.lines, start=1)
        if not (line == number).any()
    ]
    named = {segment for each in policy.lines for segment in values_of(each.segment) or ()}
    left = debtors["segment"][~debtors["segment"].isin(named) & (line == len(policy.lines))]
    if len(left) and named:
        counts = ", ".join(f"{segment} ({count:,})" for segment, count in left.value_counts().items())
        warnings.append(f"no line names these segments, the default treats their debtors: {counts}")
    kinds = debtors["legal_kind"].eq("unknown").mean() if len(debtors) else 0.0
    if kinds > 0.5:
        warnings.append(
            f"{kinds:.0%} of the debtors are of unknown legal kind and get friendly steps only: fill "
            "customers.legal_kind, or say `default_legal_kind: business` in the configuration"
        )
    return warnings
