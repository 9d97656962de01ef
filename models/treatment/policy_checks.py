"""What a policy must not say: names that nothing has, steps out of order, terms that contradict themselves.

What it must not do to whom is checked in `policy_law`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from features.errors import ConfigurationError
from features.spelling import question, way_out
from models.treatment.experiment import shares
from models.treatment.policy import (
    AGENCY,
    ANY,
    HARSH,
    Contact,
    Event,
    Experiment,
    Line,
    Policy,
    Step,
    Strategy,
    Terms,
)
from models.treatment.policy_tables import SELECTED_BY, values_of

AFTER_DUE = ("overdue", "slipped_once")
"""Events that count days from the due day; the others ask for a contact on the day they are known."""


def check_policy(policy: Policy) -> None:
    """Raise ConfigurationError for the first thing that is wrong: the place, what it is, and the way out."""
    for name, strategy in policy.strategies.items():
        _check_strategy(f"strategies {name}", strategy)
    for number, line in enumerate(policy.lines, start=1):
        _check_line(f"lines {number}", line, policy)
    _check_default(policy.lines)
    used = {line.strategy for line in policy.lines}
    for name in policy.strategies:
        if name not in used:
            raise ConfigurationError(f"strategies {name}: no line uses it; give it a line or take it out")
    _names_once("events", [event.name for event in policy.events])
    for event in policy.events:
        _check_event(f"events {event.name}", event, policy)
    for place, amounts in _money(policy):
        _check_amounts(place, amounts)
    _check_optimal(policy)
    _check_fallback(policy.contact)
    if policy.experiment:
        _check_experiment(policy.experiment)


def steps_of(policy: Policy) -> Iterator[tuple[str, Step]]:
    """Return every step with the words for its place in the file."""
    for name, strategy in policy.strategies.items():
        for step in strategy.steps:
            yield f"strategies {name} {step.name}", step
    for event in policy.events:
        yield f"events {event.name} {event.step.name}", event.step


# strategies ------------------------------------------------------------------------------------------


def _check_strategy(place: str, strategy: Strategy) -> None:
    steps = strategy.steps
    if not steps and not strategy.because:
        raise ConfigurationError(f"{place}: no steps; say `because:` why nobody is reminded")
    _names_once(place, [step.name for step in steps])
    for step in steps:
        _check_step(f"{place} {step.name}", step)
        if step.level == 0 and step.days >= 0:
            raise ConfigurationError(
                f"{place} {step.name}: level 0 is a courtesy before due; give it a level, or negative days"
            )
        if step.level > 0 and step.days < 1:
            raise ConfigurationError(
                f"{place} {step.name}: {step.days_after_due} days after due is not overdue; "
                "give it level 0, or at least 1 day"
            )
    if len({step.working_days_after_due is None for step in steps if step.level}) > 1:
        raise ConfigurationError(
            f"{place}: some steps count days and some working days after due; use one of the two"
        )
    for before, step in pairwise(steps):
        if step.days <= before.days:
            raise ConfigurationError(
                f"{place}: steps are out of order: {step.name} is {step.days} days after due,"
                f" {before.name} before it {before.days} days"
            )
        if step.level <= before.level and (step.level or before.level):
            raise ConfigurationError(
                f"{place}: steps are out of order: {step.name} has level {step.level},"
                f" {before.name} before it {before.level}"
            )
    if steps and AGENCY in steps[0].channels:
        raise ConfigurationError(f"{place} {steps[0].name}: an agency needs a reminder before it; add a step")


def _check_step(place: str, step: Step) -> None:
    if (step.days_after_due is None) == (step.working_days_after_due is None):
        raise ConfigurationError(f"{place}: say one of `days_after_due` and `working_days_after_due`")
    if AGENCY in step.channels and not step.harms:
        raise ConfigurationError(
            f"{place}: an agency harms the debtor, a person must approve it; take `adverse: false` out"
        )
    if step.statutory_notice and AGENCY in step.channels:
        raise ConfigurationError(f"{place}: a statutory notice comes from the creditor, not from an agency")


# lines -----------------------------------------------------------------------------------------------


def _check_line(place: str, line: Line, policy: Policy) -> None:
    if line.strategy not in policy.strategies:
        raise ConfigurationError(
            f"{place}: no strategy `{line.strategy}`{way_out(line.strategy, policy.strategies)}"
        )
    _check_names(place, line.segment, line.country, policy)
    _check_terms(f"{place} terms", line.terms)


def _check_names(place: str, segments: Sequence[str], countries: Sequence[str], policy: Policy) -> None:
    """Refuse segments and countries that nothing has."""
    from babel import Locale

    for segment in values_of(segments) or ():
        if segment not in policy.segments:
            raise ConfigurationError(f"{place}: no segment `{segment}`{way_out(segment, policy.segments)}")
    known = [code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha()]
    for country in values_of(countries) or ():
        if country not in known:
            raise ConfigurationError(
                f"{place}: no country `{country}`{question(country, known)}; write two letters, such as NL"
            )


def _check_default(lines: tuple[Line, ...]) -> None:
    """The last line, and no other, fits all."""
    for number, line in enumerate(lines, start=1):
        named = [column for column in SELECTED_BY if values_of(getattr(line, column))]
        if not named and number < len(lines):
            raise ConfigurationError(
                f"lines {number}: it fits every debtor, so the lines after it never decide; put it last"
            )
        if named and number == len(lines):
            raise ConfigurationError(
                f"lines: the default line is missing: the last one is for {', '.join(named)} only; "
                "add one for all, such as `- {strategy: standard}`"
            )


def _check_terms(place: str, terms: Terms) -> None:
    if (terms.discount_percent is None) != (terms.discount_days is None):
        raise ConfigurationError(f"{place}: a discount needs both `discount_percent` and `discount_days`")
    if terms.shorter_than_usual and terms.payment_term_days is None:
        raise ConfigurationError(f"{place}: shorter_than_usual is of a term: add `payment_term_days`")
    if terms.payment_term_days is not None and (terms.discount_days or 0) > terms.payment_term_days:
        raise ConfigurationError(
            f"{place}: discount_days {terms.discount_days} are more than the payment term of "
            f"{terms.payment_term_days} days; give fewer"
        )
    if terms.credit == "limit" and terms.credit_limit is None:
        raise ConfigurationError(f"{place}: `credit: limit` needs a `credit_limit`, such as {{any: 5000}}")
    if terms.credit_limit is not None and terms.credit != "limit":
        raise ConfigurationError(f"{place}: `credit_limit` needs `credit: limit`, got {terms.credit}")


# events ----------------------------------------------------------------------------------------------


def _check_event(place: str, event: Event, policy: Policy) -> None:
    step = event.step
    _check_step(f"{place} step", step)
    _check_names(place, event.debtors.segment, event.debtors.country, policy)
    if event.when in AFTER_DUE and step.days < 1:
        raise ConfigurationError(f"{place} step: {event.when} counts days after due; give it at least 1")
    if event.when not in AFTER_DUE and step.days_after_due != 0:
        raise ConfigurationError(
            f"{place} step: {event.when} asks for a contact at once; say `days_after_due: 0`"
        )
    if AGENCY in step.channels and set(event.needs) != {"delivered_notice", "undisputed"}:
        raise ConfigurationError(f"{place}: an agency needs `needs: [delivered_notice, undisputed]`")


# the rest --------------------------------------------------------------------------------------------


def _money(policy: Policy) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Every table of amounts per currency that says something, with its place."""
    yield "minimum_amount", policy.minimum_amount
    for place, step in steps_of(policy):
        if step.minimum_amount:
            yield f"{place} minimum_amount", step.minimum_amount
    for number, line in enumerate(policy.lines, start=1):
        for name in ("late_fee", "credit_limit"):
            amounts = getattr(line.terms, name)
            if amounts is not None:
                yield f"lines {number} terms {name}", amounts


def _check_amounts(place: str, amounts: Mapping[str, object]) -> None:
    from babel.numbers import list_currencies

    if ANY not in amounts:
        raise ConfigurationError(f"{place}: the line `any` is missing, it is for all that have no line")
    known = sorted(list_currencies())
    for currency in amounts:
        if currency != ANY and currency not in known:
            raise ConfigurationError(
                f"{place}: no currency `{currency}`{question(currency, known)}; write it like EUR"
            )


def _check_optimal(policy: Policy) -> None:
    optimal = policy.optimal
    if optimal.earliest_days_after_due > optimal.latest_days_after_due:
        raise ConfigurationError(
            f"optimal: earliest_days_after_due {optimal.earliest_days_after_due} is after "
            f"latest_days_after_due {optimal.latest_days_after_due}; swap them"
        )
    for place, step in steps_of(policy):
        for channel in step.channels:
            if channel not in optimal.contact_cost:
                raise ConfigurationError(
                    f"optimal contact_cost: no cost of `{channel}`, by which {place} goes"
                )


def _check_fallback(contact: Contact) -> None:
    for start, channel in contact.fallback.items():
        if channel in HARSH:
            raise ConfigurationError(
                f"contact fallback {start}: {channel} harms the debtor; fall back on a milder one"
            )
        passed = [start]
        while channel in contact.fallback and channel not in passed:
            passed.append(channel)
            channel = contact.fallback[channel]
        if channel in passed:
            raise ConfigurationError(
                f"contact fallback: {' to '.join([*passed, channel])} goes in a circle; take one of them out"
            )


def _check_experiment(experiment: Experiment) -> None:
    days = {experiment.arms.get(arm, 0) for arm, share in shares(experiment).items() if share > 0}
    if len(days) < 2:
        raise ConfigurationError(
            "experiment arms: all remind on the same day, so nothing is compared; give two that differ, "
            "such as {as_today: 0, later: 4}"
        )


def _names_once(place: str, names: list[str]) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            raise ConfigurationError(f"{place}: two are called `{name}`; give each a name of its own")
