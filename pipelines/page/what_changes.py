"""What would change a debtor's segment, what blocks it, and its next step: sentences for the card.

Each follows from the run's own tables and is left out where they do not say enough. Rules have names and
words that their owners choose, so of most rules only this is said: what holds once they end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from features.contracts.money import minor_digits
from models.promises import PROMISE_WORKING_DAYS
from models.reminding.blocks import DIRECT_DEBIT_DAYS
from models.segments.rules import MANUAL, NO_MODEL
from pipelines.page.rows import Row

_MATURED = re.compile(r"^(\d+) of (\d+) matured invoices\b")
_HESITATES = re.compile(r"it moves when (\d+)% nearer, or (\d+) days")
_UNTIL = re.compile(r"\buntil (\d{4}-\d{2}-\d{2})\b")
_BLOCKED = "blocked by "

LIFTED = {
    "insolvent": "while it is insolvent, nothing is sent",
    "legal": "while the case is in court, nothing is sent",
    "do_not_contact": "until the ledger allows contact again, nothing is sent",
    "intercompany": "between own companies nothing is sent",
    "dispute": "ends when the dispute is closed",
    "deduction": "ends when the rest is paid, credited or written off",
    "assigned": "ends when it is no longer collected outside",
    "payment_plan": "ends with the payment plan, or when an instalment is not paid",
    "promise": f"ends {PROMISE_WORKING_DAYS} working days after the promised day",
    "direct_debit": f"ends {DIRECT_DEBIT_DAYS} days after the due day",
}
"""What ends a block, by its code."""

UNTIL_A_DAY = ("hold", "dunning_block")
"""Blocks whose words may name their last day."""

_BLOCK = re.compile(rf"(?:^|; )({'|'.join([*LIFTED, *UNTIL_A_DAY])}): ")


def what_would_change(
    segment: Row,
    profile: Row,
    treatment: Row,
    balances: list[Row],
    invoices: list[Row],
    actions: list[Row],
    segments: dict[str, Row],
) -> list[str]:
    """Return English sentences: the segment's first, then of blocks, of the next step and of the terms.

    All but the last are rows of the card; `segments` are the rows of `segment_profiles` by segment.
    """
    return [
        *_of_segment(segment, profile, segments),
        *_of_blocks(balances, invoices),
        *_of_next_step(actions),
        *_of_terms(treatment),
    ]


def _of_segment(segment: Row, profile: Row, segments: dict[str, Row]) -> Iterator[str]:
    own, reason, model = segment["segment"], segment["reason"], segment["model_segment"]
    if segment["source"] == "new" and (found := _MATURED.match(reason)):
        yield _when_judged(*map(int, found.groups()))
    elif segment["rule"] == MANUAL:
        yield _when_decided_again(own, reason)
    elif segment["rule"] == NO_MODEL:
        yield "Once a model of segments speaks of it, that decides."
    elif segment["rule"] is not None:
        then = f": by its payments it is nearest to {model}" if model is not None else ""
        yield f"It is in {own} as long as the rule {segment['rule']} holds{then}."
    elif segment["source"] == "kept" and (found := _HESITATES.search(reason)):
        yield _when_it_moves(segment, *map(int, found.groups()))
    else:
        yield from _towards(own, profile, segments)


def _when_judged(matured: int, needed: int) -> str:
    left = needed - matured
    invoices = "1 more invoice is" if left == 1 else f"{left} more invoices are"
    return f"After {invoices} paid, or more than 30 days past due, it is judged by its own payments."


def _when_decided_again(segment: str, reason: str) -> str:
    if until := _UNTIL.search(reason):
        return f"The decision for {segment} holds until {until[1]}; then rules and payments decide again."
    return f"The decision for {segment} holds until another one is made."


def _when_it_moves(segment: Row, percent: int, days: int) -> str:
    own, model, since = segment["segment"], segment["model_segment"], segment["across_since"]
    if since is None:
        return f"It moves to {model} when it is {percent} % nearer to it than to {own}."
    moves = date.fromisoformat(since) + timedelta(days=days)
    return (
        f"It moves from {own} to {model} in the first run from {moves} on if it is still nearer to {model}; "
        f"earlier when it is {percent} % nearer."
    )


def _towards(own: str, profile: Row, segments: dict[str, Row]) -> Iterator[str]:
    """How the neighbours in the order of the letters pay, beside how the debtor does."""
    days, share = profile.get("mean_days_late_365d"), profile.get("late_share_365d")
    letters = sorted(name for name in segments if len(name) == 1)
    if days is None or share is None or own not in letters:
        return
    place = letters.index(own)
    for step, way in ((-1, "better"), (1, "worse")):
        if not 0 <= place + step < len(letters):
            continue
        name = letters[place + step]
        mean, late = segments[name]["mean_days_late"], segments[name]["late_share"]
        if mean is not None and late is not None:
            yield (
                f"The next {way} segment, {name}, pays {_days(mean)} on average and {late:.0%} of its "
                f"invoices late; this debtor {_days(days)} and {share:.0%} (last 365 days)."
            )


def _days(days: float) -> str:
    tenths = round(abs(days), 1)
    return "on the due day" if tenths == 0 else f"{tenths:g} days {'early' if days < 0 else 'late'}"


def _of_blocks(balances: list[Row], invoices: list[Row]) -> Iterator[str]:
    own = dict.fromkeys(row["blocked_by"] for row in balances if row["blocked_by"] is not None)
    for said in own:
        for code, words in _blocks(said):
            yield f"Blocked ({_named(code, words)}): {_lifted(code, words)}."
    own_codes = {code for said in own for code, _ in _blocks(said)}
    held: dict[str, list[str]] = {}
    for row in invoices:
        if row["step"] is None and row["why"].startswith(_BLOCKED):
            for code, words in _blocks(row["why"].removeprefix(_BLOCKED)):
                held.setdefault(code, []).append(words)
    for code, texts in held.items():
        if code not in own_codes:
            items = "1 invoice is" if len(texts) == 1 else f"{len(texts)} invoices are"
            same = texts[0] if len(set(texts)) == 1 else ""
            yield f"{items} not reminded ({_named(code, same)}): {_lifted(code, same)}."


def _blocks(said: str) -> list[tuple[str, str]]:
    """Code and words of each block in a text of several."""
    found = list(_BLOCK.finditer(said))
    if not found:
        return [(said, "")]
    ends = [match.start() for match in found[1:]] + [len(said)]
    return [(match[1], said[match.end() : end]) for match, end in zip(found, ends, strict=True)]


def _named(code: str, words: str) -> str:
    name = code.replace("_", " ") if code in (*LIFTED, *UNTIL_A_DAY) else code
    return f"{name}: {words}" if words else name


def _lifted(code: str, words: str) -> str:
    if code in UNTIL_A_DAY:
        until = _UNTIL.search(words)
        return f"ends after {until[1]}" if until else "ends when it is lifted"
    return LIFTED.get(code, "ends when its reason does")


def _of_next_step(actions: list[Row]) -> Iterator[str]:
    meant = [row for row in actions if row["status"] in ("proposed", "needs_approval")]
    if not meant:
        return
    action = meant[0]
    step = f"The next step, {action['step'].replace('_', ' ')} on {action['send_on']},"
    if action["status"] == "needs_approval":
        yield f"{step} waits for a person's approval."
    # credit that stands against the account pays for its items too
    due = min(action["overdue_minor"], action["net_overdue_minor"])
    paid = f"{_money(due, action['currency'])} of it is paid" if due > 0 else "its invoices are paid"
    yield (
        f"{step} falls away when {paid}; a promise to pay puts it off until {PROMISE_WORKING_DAYS} working "
        "days after its day, a dispute holds what it is about."
    )


def _money(minor: int, currency: str) -> str:
    digits = minor_digits(currency)
    return f"{currency} {minor / 10**digits:,.{digits}f}"


def _of_terms(treatment: Row) -> Iterator[str]:
    if treatment.get("status") == "needs_approval":
        yield f"The terms ({treatment['terms']}) wait for a person's approval."
