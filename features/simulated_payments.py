"""Simulated invoices and what closes them: payments, credits, bounces, disputes, write-offs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.simulated_debtors import FATES, PAYERS, TERMS, of_type

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FORGOTTEN, FORGOTTEN_DAYS = 0.02, 20.0
"""Share of invoices that lie about somewhere at any debtor, and the mean days that takes."""


def issue_invoices(
    rng: np.random.Generator, debtor: pd.DataFrame, count: int, first: int, last: int
) -> pd.DataFrame:
    """Return one row per invoice, in order of issue: debtor (its position), issued, due, cents."""
    buys = debtor["buys"].to_numpy()
    weight = buys / buys.sum() if buys.sum() > 0 else np.full(len(buys), 1 / len(buys))
    owner = np.repeat(np.arange(len(debtor)), 1 + rng.multinomial(count - len(debtor), weight))
    busy = np.concatenate([[0.0], np.cumsum(_busyness(np.arange(first, last + 1)))])
    begin = busy[debtor["start"].to_numpy() - first][owner]
    finish = busy[debtor["stop"].to_numpy() - first + 1][owner]
    when = rng.random(count) ** (1 / (1 + debtor["trend"].to_numpy()[owner]))
    issued = first + np.searchsorted(busy, begin + when * (finish - begin), side="right") - 1
    issued = np.minimum(issued, debtor["stop"].to_numpy()[owner])
    order = np.lexsort((owner, issued))
    owner, issued = owner[order], issued[order]
    term = np.where(rng.random(count) < 0.05, rng.choice(TERMS, count), debtor["term"].to_numpy()[owner])
    spread = 0.7 * rng.standard_normal(count)
    euros = np.exp(debtor["log_euros"].to_numpy()[owner] + spread)
    cents = np.maximum(np.rint(euros * 100), 500).astype(np.int64)
    return pd.DataFrame(
        {"debtor": owner, "issued": issued, "due": issued + term, "cents": cents, "size": spread}
    )


def _busyness(day: Ints) -> Floats:
    """Return how much is invoiced on each day: little at weekends, much at month end and in autumn."""
    dates = day.astype("datetime64[D]")
    month = dates.astype("datetime64[M]")
    season = 1 + 0.2 * np.sin(2 * np.pi * ((month.astype(np.int64) % 12) - 6) / 12)
    closing = ((month + 1).astype("datetime64[D]") - dates).astype(np.int64) <= 3
    weekend = (day + 3) % 7 >= 5
    return np.asarray(season * np.where(closing, 2.5, 1.0) * np.where(weekend, 0.04, 1.0))


def pay_days(rng: np.random.Generator, debtor: pd.DataFrame, item: pd.DataFrame, first: int) -> Ints:
    """Return the day each invoice would be paid when nothing goes wrong."""
    owner, issued, due = (item[name].to_numpy() for name in ("debtor", "issued", "due"))
    kind = debtor["kind"].to_numpy()
    month = (issued - first) // 30
    moods = _moods(rng, len(debtor), int(month.max()) + 1)
    moods *= of_type(kind, "between_months")[:, None]
    drift = of_type(kind, "drift_per_year")
    noise = (rng.gumbel(size=len(item)) - np.euler_gamma) * np.sqrt(6) / np.pi  # mean 0, sd 1, skewed to late
    holidays = np.isin(due.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12, (7, 11))
    late = debtor["level"].to_numpy()[owner] + moods[owner, month]
    late += drift[owner] * (issued - debtor["start"].to_numpy()[owner]) / 365
    late += of_type(kind, "between_invoices")[owner] * noise
    late += 1.0 * item["size"].to_numpy() + 2.0 * holidays
    late += np.where(rng.random(len(item)) < FORGOTTEN, rng.exponential(FORGOTTEN_DAYS, len(item)), 0.0)
    pay = np.maximum(due + np.rint(late).astype(np.int64), issued + 1)
    return on_pay_run(debtor, owner, np.where(debtor["debit"].to_numpy()[owner], due, pay))


def _moods(rng: np.random.Generator, debtors: int, months: int) -> Floats:
    """Return debtor x month: a wandering level with sd 1 and a memory of about half a year."""
    memory = 0.85
    mood = np.empty((debtors, months))
    mood[:, 0] = rng.standard_normal(debtors)
    for month in range(1, months):
        step = rng.standard_normal(debtors) * np.sqrt(1 - memory**2)
        mood[:, month] = memory * mood[:, month - 1] + step
    return mood


def on_pay_run(debtor: pd.DataFrame, owner: Ints, day: Ints) -> Ints:
    """Move each day to the debtor's next pay-run: its weekday, the end of the month, or a working day."""
    month_end = (
        (day.astype("datetime64[D]").astype("datetime64[M]") + 1).astype("datetime64[D]").astype(np.int64)
    )
    weekly = day + (debtor["payday"].to_numpy()[owner] - (day + 3)) % 7
    run = np.where(debtor["weekly"].to_numpy()[owner], weekly, day)
    return working_day(np.where(debtor["month_end"].to_numpy()[owner], month_end - 1, run))


def close_invoices(
    rng: np.random.Generator, debtor: pd.DataFrame, item: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return what closes the invoices, their disputes, and the credit notes among the movements.

    movements: item (its position), day, cents, kind. disputes: item, opened, closed, upheld.
    credit_notes: item, issued, day (of its allocation), cents.
    """
    owner, issued, due, cents, pay = (
        item[name].to_numpy() for name in ("debtor", "issued", "due", "cents", "pay_on")
    )
    chances = np.cumsum([[getattr(payer, fate) for fate in FATES] for payer in PAYERS], axis=1)
    fate = (rng.random(len(item))[:, None] >= chances[debtor["kind"].to_numpy()[owner]]).sum(axis=1)
    parts: list[pd.DataFrame] = []

    def move(which: Ints, day: Ints, amount: Ints, kind: str) -> None:
        parts.append(pd.DataFrame({"item": which, "day": day, "cents": amount, "kind": kind}))

    def with_fate(name: str) -> Ints:
        return np.flatnonzero(fate == FATES.index(name))

    def later(which: Ints, low: int, high: int) -> Ints:
        return rng.integers(low, high + 1, len(which))

    plain = np.flatnonzero(fate == len(FATES))
    discounted = debtor["discount"].to_numpy()[owner[plain]] & (pay[plain] - issued[plain] <= 14)
    rebate = np.where(discounted, cents[plain] * 2 // 100, 0)
    move(plain, pay[plain], cents[plain] - rebate, "payment")
    move(plain[discounted], pay[plain[discounted]], rebate[discounted], "discount")

    early = with_fate("prepaid")
    move(early, working_day(issued[early] - later(early, 3, 12)), cents[early], "payment")

    split = with_fate("partial")
    half = np.rint(cents[split] * rng.uniform(0.3, 0.7, len(split))).astype(np.int64)
    move(split, pay[split], half, "payment")
    move(
        split,
        on_pay_run(debtor, owner[split], pay[split] + later(split, 5, 45)),
        cents[split] - half,
        "payment",
    )

    bounced = with_fate("bounced")
    back = working_day(pay[bounced] + later(bounced, 2, 4))
    move(bounced, pay[bounced], cents[bounced], "payment")
    move(bounced, back, cents[bounced], "reversal")
    move(bounced, working_day(back + later(bounced, 4, 20)), cents[bounced], "payment")

    lost = with_fate("written_off")
    move(lost, working_day(due[lost] + later(lost, 120, 300)), cents[lost], "write_off")

    argued = with_fate("disputed")
    opened = working_day(np.maximum(due[argued] + later(argued, -6, 12), issued[argued] + 1))
    closed = working_day(opened + later(argued, 8, 60))
    upheld = rng.random(len(argued)) < 0.35
    disputes = pd.DataFrame({"item": argued, "opened": opened, "closed": closed, "upheld": upheld})

    wrong = with_fate("credited")
    noticed = working_day(issued[wrong] + later(wrong, 4, 35))
    notes = pd.DataFrame(
        {"item": np.concatenate([argued[upheld], wrong]), "issued": np.concatenate([closed[upheld], noticed])}
    )
    whole = np.concatenate([np.zeros(int(upheld.sum()), bool), rng.random(len(wrong)) < 0.4])
    credited = cents[notes["item"]]
    part = np.rint(credited * rng.uniform(0.1, 0.4, len(notes))).astype(np.int64)
    notes["cents"] = np.where(whole, credited, part)
    notes["day"] = working_day(notes["issued"].to_numpy() + later(notes["item"].to_numpy(), 0, 12))
    move(notes["item"].to_numpy(), notes["day"].to_numpy(), notes["cents"].to_numpy(), "credit")

    rest = cents.copy()
    rest[notes["item"]] -= notes["cents"].to_numpy()
    agreed = pay.copy()
    agreed[argued] = on_pay_run(debtor, owner[argued], closed + later(argued, 2, 14))
    agreed[wrong] = np.maximum(agreed[wrong], noticed)
    paid = np.concatenate([argued, wrong])
    paid = paid[rest[paid] > 0]
    move(paid, agreed[paid], rest[paid], "payment")
    return pd.concat(parts, ignore_index=True), disputes, notes


def stop_at_insolvency(
    rng: np.random.Generator, debtor: pd.DataFrame, item: pd.DataFrame, movements: pd.DataFrame
) -> pd.DataFrame:
    """Return the movements without those after an insolvency, whose rest is written off months later."""
    failed_on = debtor["insolvent_on"].to_numpy()[item["debtor"].to_numpy()]
    which = movements["item"].to_numpy()
    stopped = (movements["day"].to_numpy() > failed_on[which]) & (movements["kind"] != "credit").to_numpy()
    kept: pd.DataFrame = movements[~stopped]
    sign = np.where(kept["kind"] == "reversal", -1, 1)
    closed = np.zeros(len(item), np.int64)
    np.add.at(closed, kept["item"].to_numpy(), sign * kept["cents"].to_numpy())
    hit = np.unique(which[stopped])
    hit = hit[item["cents"].to_numpy()[hit] > closed[hit]]
    day = working_day(failed_on[hit] + rng.integers(60, 240, len(hit)))
    rest = item["cents"].to_numpy()[hit] - closed[hit]
    lost = pd.DataFrame({"item": hit, "day": day, "cents": rest, "kind": "write_off"})
    return pd.concat([kept, lost], ignore_index=True)


def last_movement_days(item: pd.DataFrame, movements: pd.DataFrame) -> Ints:
    """Return the day of the last movement of each invoice."""
    settled = np.full(len(item), np.iinfo(np.int64).min)
    np.maximum.at(settled, movements["item"].to_numpy(), movements["day"].to_numpy())
    return settled


def working_day(numbers: Ints) -> Ints:
    """Return each day or, at a weekend, the Monday after it."""
    weekday = (numbers + 3) % 7  # day 0, 1970-01-01, was a Thursday; Monday is 0
    return numbers + np.where(weekday >= 5, 7 - weekday, 0)
