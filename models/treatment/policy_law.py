"""What a policy must not do to public bodies, to consumers, and to debtors who may be consumers.

Found by walking every kind of debtor that the lines tell apart: the first line that fits decides, and what it
leads to must be allowed for that debtor.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from itertools import product, takewhile
from typing import get_args

import pandas as pd

from features.errors import ConfigurationError
from models.treatment.policy import (
    AGENCY,
    BUSINESS,
    CONSUMER,
    PUBLIC,
    UNKNOWN,
    LegalKind,
    Line,
    Policy,
    Risk,
    Step,
    Strategy,
    ValueClass,
)
from models.treatment.policy_tables import SELECTED_BY, line_of, values_of
from models.treatment.statutory import Statutory, notice_days
from models.treatment.terms import harms

CALLED = {
    PUBLIC: "public bodies",
    CONSUMER: "consumers",
    UNKNOWN: "debtors of whom it is unknown whether they are consumers",
}


def check_law(policy: Policy, statutory: Statutory) -> None:
    """Raise ConfigurationError for the first line or event that may do what it must not, with the way out.

    Public bodies: no step or terms that harm them, no agency, and friendly events only. Consumers and
    unknown: friendly steps only, and no terms that harm, unless the country's pack knows the notice that
    they must get first, and the strategy gives it in time. Also refused: a line that never decides.
    """
    walk = every_debtor(policy)
    walk["line"] = line_of(policy, walk)
    reached = set(walk["line"])
    for number in range(1, len(policy.lines) + 1):
        if number not in reached:
            raise ConfigurationError(
                f"lines {number}: it never decides: the lines before it fit all its debtors; move it up"
            )
    waits = notice_days(statutory)
    walk["wait_days"] = walk["country"].map(waits).fillna(0).astype("int64")
    kinds = walk[walk["legal_kind"] != BUSINESS].drop_duplicates(["line", "legal_kind", "wait_days"])
    for debtor in kinds.to_dict(orient="records"):
        line = policy.lines[debtor["line"] - 1]
        strategy = policy.strategies[line.strategy]
        kind = str(debtor["legal_kind"])
        if kind == PUBLIC:
            wrong = _wrong_for_public(line, strategy)
        else:
            wrong = _wrong_for_consumer(line, strategy, debtor["wait_days"], list(waits))
        if wrong:
            raise ConfigurationError(
                f"lines {debtor['line']} ({line.strategy}): it also fits {CALLED[kind]} ({_words(debtor)}), "
                f"and {wrong}"
            )
    _check_events(policy)


def every_debtor(policy: Policy) -> pd.DataFrame:
    """Return one row per combination of segment, risk, value class, legal kind and country.

    An empty country stands for all that no line names; an empty risk or value class for one not known.
    """
    countries = {country for line in policy.lines for country in values_of(line.country) or ()}
    values = (policy.segments, (*get_args(Risk), ""), (*get_args(ValueClass), ""), get_args(LegalKind))
    return pd.DataFrame(product(*values, ["", *sorted(countries)]), columns=list(SELECTED_BY))


def _wrong_for_public(line: Line, strategy: Strategy) -> str:
    """What the line may not do to a public body, and the way out; empty where all is well."""
    way_out = (
        "give public bodies a line of their own before it, such as {legal_kind: public, strategy: public}"
    )
    step = next((step for step in strategy.steps if step.harms or AGENCY in step.channels), None)
    if step:
        return f"its step {step.name} harms them; {way_out}"
    term = harms(line.terms)
    return f"its terms ({term}) harm them; {way_out}" if term else ""


def _wrong_for_consumer(line: Line, strategy: Strategy, wait_days: int, covered: list[str]) -> str:
    """The same for a consumer; `wait_days`: of the country's pack, 0 without one."""
    if line.terms.statutory_interest:
        return "the statutory interest is that of debts between businesses; add `legal_kind: business`"
    step = next((step for step in strategy.steps if not _allowed(step)), None)
    term = harms(line.terms)
    if step is None and not term:
        return ""
    what = f"its step {step.name} is not friendly" if step else f"its terms ({term}) harm them"
    if not wait_days:
        return (
            f"{what}; give them a friendly line before it, or name countries with a statutory notice "
            f"({', '.join(sorted(covered)) or 'none is known'})"
        )
    before = list(takewhile(lambda each: each is not step, strategy.steps))
    notice = next((each for each in before if each.statutory_notice), None)
    if notice is None:
        return f"{what} without the notice that the law asks for; add a step `statutory_notice: true` before"
    if step and step.days - notice.days < wait_days:
        return (
            f"{what}, fewer than {wait_days} days after the statutory notice {notice.name}; give it more days"
        )
    return ""


def _allowed(step: Step) -> bool:
    """The notice itself may be formal: the law asks for it."""
    return step.gentle or step.statutory_notice


def _check_events(policy: Policy) -> None:
    for event in policy.events:
        caught = [kind for kind in values_of(event.debtors.legal_kind) or CALLED if kind in CALLED]
        if caught and not event.step.gentle:
            raise ConfigurationError(
                f"events {event.name}: it may hit {CALLED[caught[0]]}, and its step {event.step.name} is not "
                "friendly; add `legal_kind: business` to its debtors, or make the step friendly"
            )


def _words(debtor: Mapping[Hashable, object]) -> str:
    named = {"segment": "segment", "risk": "risk", "value_class": "value", "country": "in"}
    return ", ".join(f"{name} {debtor[column]}" for column, name in named.items() if debtor[column])
