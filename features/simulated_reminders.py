"""What reminders do to payment in the simulator: the causal truth that estimates are judged against.

An invoice is paid on `pay_on` when nobody reminds. A reminder made before that day makes some debtors pay
some days after it, if that is earlier: who and how soon is drawn once per invoice, whatever is then done, so
that policies can be compared on the same invoices with the same luck. Only the first reminder of an invoice
acts; later ones are made and recorded and do nothing more.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.simulated_debtors import NEVER, PAYERS
from features.simulated_payments import on_pay_run, working_day

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

RESPONSES = {
    "prompt_early": (0.60, 2.0),
    "on_time": (0.60, 3.0),
    "few_days_late": (0.50, 3.0),
    "month_end": (0.40, 3.0),
    "drifting": (0.45, 5.0),
    "erratic": (0.65, 4.0),
    "very_late": (0.20, 8.0),
    "cash_strapped": (0.10, 10.0),
}
"""Per payer type the share of invoices that a reminder makes paid, and the mean days it takes: who merely
forgot responds, who has no money does not."""

RECORDED = ((1, 8, "email", "reminder"), (2, 30, "phone", "call"))
"""Number, days after due, channel and kind of the reminders that do not act."""

NUMBERED = ((1, "email", "reminder"), (2, "email", "reminder"), (3, "phone", "call"))


def responses_of(kind: Ints) -> tuple[Floats, Floats]:
    """Return the true share that responds and the mean days it takes, for types by their position."""
    table = np.array([RESPONSES[payer.payer_type] for payer in PAYERS])
    return table[kind, 0], table[kind, 1]


def response(rng: np.random.Generator, debtor: pd.DataFrame, item: pd.DataFrame) -> pd.DataFrame:
    """Return one row per invoice: responds (bool), response_days (1 at least).

    It is what the first reminder would do, drawn before anybody decides to make one. Direct debits never
    respond: the day is the creditor's.
    """
    owner = item["debtor"].to_numpy()
    share, days = responses_of(debtor["kind"].to_numpy())
    responds = rng.random(len(item)) < share[owner]
    took = 1 + rng.poisson(days[owner] - 1)
    return pd.DataFrame({"responds": responds & ~debtor["debit"].to_numpy()[owner], "response_days": took})


def reminded_pay_days(
    debtor: pd.DataFrame, item: pd.DataFrame, response: pd.DataFrame, reminded_on: Ints
) -> Ints:
    """Return the day each invoice is paid when it is first reminded on `reminded_on`, a day number.

    NEVER, or a day on or after `pay_on` of the item, is `pay_on`. Who responds pays `response_days` after
    the reminder and not before the due day, on the debtor's next pay-run or working day, if that is earlier.
    The days are those of nothing going wrong: disputes and the like come on top.
    """
    pay, due = item["pay_on"].to_numpy(), item["due"].to_numpy()
    acts = response["responds"].to_numpy() & (reminded_on < pay)
    moved = np.maximum(np.where(acts, reminded_on, due) + response["response_days"].to_numpy(), due)
    moved = on_pay_run(debtor, item["debtor"].to_numpy(), moved)
    return np.where(acts, np.minimum(pay, moved), pay)


def recorded_reminders(item: pd.DataFrame) -> pd.DataFrame:
    """Return the reminders that are recorded and do nothing: columns item, number, day, channel, kind."""
    due = item["due"].to_numpy()
    return _rows(
        [
            (np.arange(len(item)), number, working_day(due + days), channel, kind)
            for number, days, channel, kind in RECORDED
        ]
    )


def historic_reminders(rng: np.random.Generator, debtor: pd.DataFrame, item: pd.DataFrame) -> pd.DataFrame:
    """Return the reminders that a creditor plans who is harder on those it thinks late; see `_rows`.

    What it thinks of a debtor is the debtor's true level of lateness with some noise, by rank. The worst are
    nearly always reminded, from three days past due, every week; the best half of the time, from two weeks
    past due, every three. An invoice gets those of its reminders that come before it is settled, so that late
    payment brings more of them: who counts reminders finds that they delay payment.
    """
    owner, due = item["debtor"].to_numpy(), item["due"].to_numpy()
    thought = debtor["level"].to_numpy() + rng.normal(0.0, 6.0, len(debtor))
    bad = (np.argsort(np.argsort(thought)) / max(1, len(debtor) - 1))[owner]
    made = rng.random(len(item)) < 0.5 + 0.45 * bad
    made &= ~(debtor["debit"] | debtor["do_not_contact"]).to_numpy()[owner]
    first = due + np.rint(14 - 11 * bad).astype(np.int64) + rng.integers(0, 6, len(item))
    between = np.rint(21 - 14 * bad).astype(np.int64)
    reminded = np.flatnonzero(made)
    return _rows(
        [
            (reminded, number, working_day(first + (number - 1) * between)[reminded], channel, kind)
            for number, channel, kind in NUMBERED
        ]
    )


def first_reminders(reminders: pd.DataFrame, items: int) -> Ints:
    """Return the day of the first planned reminder of each of so many invoices, NEVER where there is none."""
    first = np.full(items, NEVER)
    np.minimum.at(first, reminders["item"].to_numpy(), reminders["day"].to_numpy())
    return first


def _rows(planned: list[tuple[Ints, int, Ints, str, str]]) -> pd.DataFrame:
    """Return item (its position), number (the first is 1), day, channel and kind of planned reminders."""
    names = ("item", "number", "day", "channel", "kind")
    return pd.concat(
        [pd.DataFrame(dict(zip(names, rows, strict=True))) for rows in planned], ignore_index=True
    )
