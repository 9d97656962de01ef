"""When each open invoice is next reminded, and why on that day, or why not at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.money import minor_digits
from features.errors import ModelError
from models.blocks import blocked_items
from models.facts import Facts, customers_on, dunning_recipients, places
from models.net_overdue import net_overdue
from models.policy import ANY, Policy
from models.scorer import reminder_shift
from models.working_days import next_working_day

Ints = npt.NDArray[np.int64]


def plan_reminders(
    items: pd.DataFrame,
    segments: pd.DataFrame,
    habits: pd.DataFrame,
    timing: Mapping[str, Any],
    credit: pd.DataFrame,
    blocks: pd.DataFrame,
    facts: Facts,
    policy: Policy,
    *,
    day: date,
    default_country: str | None = None,
) -> pd.DataFrame:
    """Return one row per open item, in the order of `items`: step and day, or a reason for none.

    Columns invoice_id, customer_id, segment, step, send_on, reason. `items`: open items on `day`;
    `habits`: see `payment_habits`; `timing`: parameters of `reminder_shift`; `credit`: open credit
    notes, unapplied cash and money in transit per account; `blocks`: see `find_blocks`.

    The day is due day + the step's days for the segment, for the first step moved by the debtor's
    habit; not before `day`, not sooner than `days_between_reminders` after the last reminder, and
    a working day where the reader of the reminder is. ModelError when a debtor has no segment.
    """
    items = items.reset_index(drop=True)
    segment = items["customer_id"].map(segments.set_index("customer_id")["segment"])
    if segment.isna().any():
        who = items.loc[segment.isna(), "customer_id"].iloc[0]
        raise ModelError(f"debtor {who} has open items but no segment; give every debtor one first")
    done, last_reminder = _already_done(items, facts.contact_history, policy)
    level = np.minimum(done, len(policy.steps) - 1)
    base = _base_days(policy, segment, level)
    shift = _shifts(items["customer_id"], habits, timing) * (done == 0)
    wanted = items["due_on"] + pd.to_timedelta(base + shift, unit="D")
    spaced = (last_reminder + pd.Timedelta(days=policy.days_between_reminders)).fillna(wanted)
    earliest = wanted.where(wanted >= spaced, spaced)
    possible = earliest.where(earliest >= pd.Timestamp(day), pd.Timestamp(day))
    debtors = customers_on(facts.customers, day)
    reader = items["customer_id"].map(dunning_recipients(debtors)).astype("str").fillna(items["customer_id"])
    send_on = next_working_day(possible, *places(reader, debtors, default_country))

    why = _why_this_day(
        segment, base, shift, earliest > wanted, possible > earliest, send_on > possible, policy
    )
    why_none = _why_none(items, segment, done, send_on, credit, blocked_items(items, blocks), policy)
    none = why_none != ""
    steps = np.array([step.name for step in policy.steps], dtype=object)[level]
    return pd.DataFrame(
        {
            "invoice_id": items["invoice_id"],
            "customer_id": items["customer_id"],
            "segment": segment.astype("str"),
            "step": pd.Series(steps, dtype="str").where(~none),
            "send_on": send_on.where(~none),
            "reason": why_none.where(none, why).astype("str"),
        }
    )


def _already_done(items: pd.DataFrame, contacts: pd.DataFrame, policy: Policy) -> tuple[Ints, pd.Series]:
    """Steps done for each item and the day of the last reminder (NaT when none).

    Done is the larger of the ledger's dunning level and the days on which a reminder about the
    item was sent or answered; one that names no item is about all the debtor's items then due.
    """
    kinds = {"reminder", *(step.name for step in policy.steps)}
    made = contacts[contacts["status"].isin(["sent", "reached"]) & contacts["kind"].isin(kinds)]
    named = made["invoice_id"].notna() & (made["invoice_id"] != "")
    about = items[["customer_id", "invoice_id", "due_on"]]
    general = made.loc[~named, ["customer_id", "contacted_on"]].merge(about, on="customer_id")
    general = general[general["contacted_on"] > general["due_on"]]
    columns = ["invoice_id", "contacted_on"]
    found = pd.concat([made.loc[named, columns], general[columns]])
    days = found.drop_duplicates().groupby("invoice_id")["contacted_on"]
    counted = days.size().reindex(items["invoice_id"], fill_value=0).to_numpy(dtype=np.int64)
    contacted = pd.Series(days.max().reindex(items["invoice_id"]).to_numpy(), items.index, "datetime64[s]")
    level = items["dunning_level"].fillna(0).to_numpy(dtype=np.int64)
    dunned = items["last_dunned_on"]
    last = contacted.where(~(dunned > contacted) & contacted.notna(), dunned)
    return np.maximum(level, counted), last


def _base_days(policy: Policy, segment: pd.Series, level: Ints) -> Ints:
    code, names = pd.factorize(segment)
    table = np.array([[step.days_for(name) for step in policy.steps] for name in names], dtype=np.int64)
    days: Ints = table.reshape(len(names), len(policy.steps))[code, level]
    return days


def _shifts(customer_id: pd.Series, habits: pd.DataFrame, timing: Mapping[str, Any]) -> Ints:
    shift = customer_id.map(reminder_shift(timing, habits))
    return shift.fillna(0).to_numpy(dtype=np.int64)


def _why_this_day(
    segment: pd.Series,
    base: Ints,
    shift: Ints,
    spaced: pd.Series,
    passed: pd.Series,
    moved: pd.Series,
    policy: Policy,
) -> pd.Series:
    """Words for each row; there are few different ones, so each is written once."""
    cases = pd.DataFrame({"segment": segment, "base": base, "shift": shift})
    cases = cases.assign(spaced=spaced, passed=passed, moved=moved)
    number = cases.groupby(list(cases), sort=False).ngroup().to_numpy()
    _, first = np.unique(number, return_index=True)
    words = np.empty(len(first), dtype=object)
    for case, row in enumerate(first.tolist()):
        text = f"{_days(base[row])} after due for segment {segment.iloc[row]}"
        if shift[row]:
            text += f", {_days(shift[row])} later: pays {_days(shift[row])} late as a habit"
        if spaced.iloc[row]:
            text += f"; not within {_days(policy.days_between_reminders)} of the last reminder"
        if passed.iloc[row]:
            text += "; that day has passed"
        if moved.iloc[row]:
            text += "; next working day"
        words[case] = text
    return pd.Series(words[number], index=segment.index, dtype="str")


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"


def _why_none(
    items: pd.DataFrame,
    segment: pd.Series,
    done: Ints,
    send_on: pd.Series,
    credit: pd.DataFrame,
    blocked_by: pd.Series,
    policy: Policy,
) -> pd.Series:
    """Why an item gets no reminder, empty text where it gets one; the first reason that holds."""
    why = pd.Series("", index=items.index, dtype="object")

    def say(where: pd.Series | npt.NDArray[np.bool_], words: Any) -> None:
        free = np.asarray(where, dtype=bool) & (why == "").to_numpy()
        why[free] = words[free] if isinstance(words, pd.Series) else words

    say(items["dormant"], "dormant residual: no movement for a long time")
    for name, reason in policy.no_reminders.items():
        say(segment == name, f"no reminders for segment {name}: {reason}")
    say(blocked_by != "", "blocked by " + blocked_by)
    last = policy.steps[-1].name
    say(done >= len(policy.steps), f"last step done ({last}): hand over to a person")
    digits, minimum = _minimum(items["currency"], policy)
    small = items["open_amount_minor"].to_numpy() < minimum
    say(small, _small_words(items, small, digits, minimum))
    net = pd.Series(net_overdue(items, credit, send_on), index=items.index)
    covered = (net <= 0).to_numpy()
    say(covered, _covered_words(items, net, covered, digits))
    return why.astype("str")


def _minimum(currency: pd.Series, policy: Policy) -> tuple[Ints, Ints]:
    """Decimals of each item's currency, and the smallest amount worth a reminder in minor units."""
    code, names = pd.factorize(currency)
    digits = np.array([minor_digits(name) for name in names], dtype=np.int64)
    least = [policy.minimum_amount.get(name, policy.minimum_amount[ANY]) for name in names]
    minor = [int(amount.scaleb(digit)) for amount, digit in zip(least, digits.tolist(), strict=True)]
    return np.asarray(digits[code]), np.array(minor, dtype=np.int64)[code]


def _small_words(items: pd.DataFrame, where: npt.NDArray[np.bool_], digits: Ints, minimum: Ints) -> pd.Series:
    chosen = items[where]
    rows = zip(chosen["open_amount_minor"], chosen["currency"], digits[where], minimum[where], strict=True)
    words = [
        f"open {_money(amount, digit)} {currency} is under the minimum of {_money(least, digit)}"
        for amount, currency, digit, least in rows
    ]
    return pd.Series(words, index=chosen.index, dtype="object").reindex(items.index)


def _covered_words(
    items: pd.DataFrame, net: pd.Series, where: npt.NDArray[np.bool_], digits: Ints
) -> pd.Series:
    chosen = items[where]
    words = [
        f"credit covers what is overdue: net {_money(amount, digit)} {currency} on the day to send"
        for amount, currency, digit in zip(net[where], chosen["currency"], digits[where], strict=True)
    ]
    return pd.Series(words, index=chosen.index, dtype="object").reindex(items.index)


def _money(minor: int, digits: int) -> str:
    return f"{minor / 10**digits:.{digits}f}"
