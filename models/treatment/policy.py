"""The collection policy: what it may say. `policy_file` reads it, `policy_checks` refuses contradictions.

A strategy is an order of steps; a line says which debtors are treated by which strategy, and on which terms;
an event puts a step of its own in place of the strategy's next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal, TypeVar

from pydantic import BeforeValidator, Field

from models.strict_yaml import Strict

ANY = "any"

V = TypeVar("V")

FRIENDLY = "friendly"

Channel = Literal["email", "letter", "call", "registered_letter", "agency"]
Tone = Literal["friendly", "firm", "formal"]
Timing = Literal["fixed", "shifted", "optimal"]
LegalKind = Literal["business", "public", "consumer", "unknown"]
Risk = Literal["low", "average", "high"]
ValueClass = Literal["top", "middle", "tail"]
When = Literal["overdue", "slipped_once", "broken_promise", "returned_debit"]
Need = Literal["delivered_notice", "undisputed"]

BUSINESS, PUBLIC, CONSUMER, UNKNOWN = "business", "public", "consumer", "unknown"
"""What the law sees in a debtor; `unknown` is treated as a consumer would be."""

AGENCY = "agency"
HARSH = frozenset({"registered_letter", AGENCY})
"""Channels that harm the debtor unless the step says otherwise."""


def _several(value: object) -> object:
    """One value stands for a list of it, so that a file may say `segment: A`."""
    if isinstance(value, bool):
        raise ValueError("YAML reads a bare NO, ON or OFF as true or false: put it in quotes, such as 'NO'")
    return [value] if isinstance(value, str) else value


Days = Annotated[int, Field(ge=-365, le=3650)]
Count = Annotated[int, Field(ge=0, le=3650)]
Share = Annotated[float, Field(ge=0, le=1)]
Cost = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1)]
Several = Annotated[tuple[V, ...], BeforeValidator(_several), Field(min_length=1, strict=False)]
Amounts = Mapping[Name, Annotated[Decimal, Field(ge=0, strict=False)]]
"""Money in major units per currency; `any` is for every currency without a line of its own."""


class Step(Strict):
    """One contact of a strategy, or of an event.

    level: the dunning level once it is done, 0 for a courtesy that raises none. channels: the first that the
    debtor can be reached by. adverse: it harms the debtor, so a person must approve it; where it is not said,
    a registered letter and an agency do. statutory_notice: the notice that a country pack asks for.
    """

    name: Name
    level: Annotated[int, Field(ge=0, le=99)]
    days_after_due: Days | None = None
    working_days_after_due: Annotated[int, Field(ge=1, le=365)] | None = None
    tone: Tone
    channels: Annotated[tuple[Channel, ...], Field(min_length=1, strict=False)]
    template: Name
    by: Literal["collector", "account_manager"] = "collector"
    adverse: bool | None = None
    minimum_amount: Amounts = Field({})
    statutory_notice: bool = False

    @property
    def days(self) -> int:
        """Days after due, calendar or working days."""
        return int(self.working_days_after_due or self.days_after_due or 0)

    @property
    def harms(self) -> bool:
        """Whether a person must approve the step."""
        return bool(HARSH & set(self.channels)) if self.adverse is None else self.adverse

    @property
    def gentle(self) -> bool:
        """Whether it may be taken towards a consumer: a friendly word that harms nobody."""
        return self.tone == FRIENDLY and not self.harms and not HARSH & set(self.channels)


class Strategy(Strict):
    """Steps in order, mildest first; none at all needs a reason."""

    steps: Annotated[tuple[Step, ...], Field(strict=False)]
    because: Name | None = None


class Selector(Strict):
    """Which debtors: for each of these the values that fit, one or a list in the file, or `any`."""

    segment: Several[Name] = (ANY,)
    risk: Several[Literal["any", Risk]] = ("any",)
    value_class: Several[Literal["any", ValueClass]] = ("any",)
    legal_kind: Several[Literal["any", LegalKind]] = ("any",)
    country: Several[Name] = (ANY,)


class Terms(Strict):
    """What is offered to the debtor or asked of it. None and False: as it is today."""

    payment_term_days: Annotated[int, Field(ge=0, le=365)] | None = None
    shorter_than_usual: bool = False
    discount_percent: Annotated[float, Field(gt=0, lt=100)] | None = None
    discount_days: Annotated[int, Field(ge=1, le=365)] | None = None
    late_fee: Amounts | None = None
    statutory_interest: bool = False
    credit: Literal["unchanged", "limit", "hold_until_paid", "refuse"] = "unchanged"
    credit_limit: Amounts | None = None
    instalments: Annotated[int, Field(ge=2, le=60)] | None = None
    delivery: Literal["on_account", "prepayment"] | None = None


class Line(Selector):
    """One line of the policy: the first that fits a debtor decides."""

    strategy: Name
    timing: Timing | None = None
    terms: Terms = Terms()


class Event(Strict):
    """A step of its own in place of the strategy's next one, for the debtors that `debtors` selects.

    when: what must have happened to the item; `slipped_once` is the debtor's first late invoice in 365
    days. needs: what else must be true.
    """

    name: Name
    when: When
    debtors: Selector = Selector()
    needs: Annotated[tuple[Need, ...], Field(strict=False)] = ()
    step: Step


class Shift(Strict):
    """When a habit of paying late moves the first friendly reminder (see `reminder_shift`).

    expires_after_days: a habit is measured anew after so long; until then its baseline stands still.
    """

    min_settled: Annotated[int, Field(ge=1)]
    max_shift_days: Annotated[int, Field(ge=0)]
    max_spread_days: Annotated[int, Field(ge=0)]
    expires_after_days: Annotated[int, Field(ge=1)]


class Optimal(Strict):
    """What `optimal` timing weighs; costs in the home currency. See `optimal_days`.

    responds_share: debtors who pay within response_days because of a reminder, of those who would not have;
    assumed, until an experiment measured it.
    """

    contact_cost: Mapping[Channel, Cost]
    carrying_cost_per_year: Share
    annoyance_cost: Cost
    responds_share: Share
    response_days: Count
    earliest_days_after_due: Days
    latest_days_after_due: Days


class Contact(Strict):
    """Limits per dunning recipient, whatever the strategy.

    At most `most_contacts` in any `within_days`, at least `days_between` between two. Items whose step falls
    within `bundle_days` after a contact join it. fallback: the channel to take where there is no address.
    """

    days_between: Annotated[int, Field(ge=1, le=365)]
    most_contacts: Annotated[int, Field(ge=1)]
    within_days: Annotated[int, Field(ge=1, le=365)]
    bundle_days: Count
    valid_days: Count
    fallback: Mapping[Channel, Channel]


class WorklistRules(Strict):
    """Who is called first. capacity_per_day: of a collector without one of its own; None: no limit.

    contact_cost: what a call costs in the home currency. silent_days: more than overdue_days past due without
    a contact for so long is always on the list.
    """

    capacity_per_day: Annotated[int, Field(ge=1)] | None = None
    contact_cost: Cost
    responds_share: Share
    response_days: Count
    overdue_days: Count
    silent_days: Count


class Experiment(Strict):
    """A randomised reminder day for `share` of the paying groups; `arms`: days later (negative: earlier)."""

    name: Name
    share: Annotated[float, Field(gt=0, le=1)]
    arms: Annotated[Mapping[Name, Annotated[int, Field(ge=-60, le=60)]], Field(min_length=1)]


class Policy(Strict):
    """The whole policy. Money is in major units of each currency."""

    segments: Annotated[tuple[Name, ...], Field(min_length=1, strict=False)]
    strategies: Annotated[Mapping[Name, Strategy], Field(min_length=1)]
    lines: Annotated[tuple[Line, ...], Field(min_length=1, strict=False)]
    events: Annotated[tuple[Event, ...], Field(strict=False)] = ()
    timing: Timing
    shift: Shift
    optimal: Optimal
    contact: Contact
    worklist: WorklistRules
    experiment: Experiment | None = None
    minimum_amount: Amounts
    language: Annotated[str, Field(pattern="^[a-z]{2}$")]
    dispute_holds_debtor: bool = False
