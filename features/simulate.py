"""A portfolio of debtors with known truth, as the files of a creditor would show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import ConfigurationError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

INVOICES_PER_DEBTOR_AND_MONTH = 10 / 9
NEVER = 1 << 40
"""A day number beyond every calendar."""


class Payer(NamedTuple):
    """How one type of debtor pays; days are relative to the due day, chances are per invoice."""

    payer_type: str
    share: float
    mean_days_late: float
    between_debtors: float
    between_invoices: float
    between_months: float
    drift_per_year: float
    partial: float
    bounced: float
    disputed: float
    credited: float
    written_off: float
    prepaid: float
    score: float


PAYERS = (
    #      type              share  mean  sd of   debtor  invoice  month  drift  part  bounce disput credit w-off   prepaid score
    Payer("prompt_early", 0.14, -9.0, 3.0, 5.0, 2.0, 0.0, 0.005, 0.001, 0.010, 0.010, 0.0002, 0.020, 82),
    Payer("on_time", 0.35, -3.0, 2.5, 4.5, 3.0, 0.0, 0.010, 0.002, 0.015, 0.010, 0.0005, 0.004, 74),
    Payer("few_days_late", 0.15, 3.0, 1.0, 2.0, 1.0, 0.0, 0.010, 0.002, 0.015, 0.010, 0.0005, 0.001, 66),
    Payer("month_end", 0.09, -8.0, 3.0, 3.0, 2.0, 0.0, 0.010, 0.002, 0.015, 0.010, 0.0005, 0.001, 66),
    Payer("drifting", 0.08, -5.0, 4.0, 6.0, 4.0, 9.0, 0.030, 0.005, 0.025, 0.010, 0.0030, 0.001, 52),
    Payer("erratic", 0.10, 3.0, 6.0, 16.0, 7.0, 0.0, 0.040, 0.006, 0.030, 0.015, 0.0040, 0.002, 52),
    Payer("very_late", 0.04, 34.0, 12.0, 18.0, 8.0, 0.0, 0.060, 0.006, 0.050, 0.015, 0.0100, 0.000, 38),
    Payer("cash_strapped", 0.05, 12.0, 7.0, 12.0, 12.0, 4.0, 0.150, 0.030, 0.040, 0.015, 0.0200, 0.000, 30),
)
"""The types overlap on purpose: their shares and spreads are set so that about four in ten invoices
are paid late and a debtor's own late rate tells late from on time with an AUC near 0.8."""

FATES = ("partial", "bounced", "disputed", "credited", "written_off", "prepaid")

COUNTRIES: dict[str, tuple[float, float, tuple[str, ...], str]] = {
    "NL": (0.42, 0.0, ("NH", "ZH", "NB", "UT", "GE"), "nl"),
    "DE": (0.24, -1.0, ("NW", "BY", "BW", "HE", "BE"), "de"),
    "BE": (0.14, 1.5, ("VLG", "WAL", "BRU"), "nl"),
    "FR": (0.12, 2.0, ("IDF", "ARA", "OCC"), "fr"),
    "AT": (0.04, -0.5, ("9", "5", "6"), "de"),
    "IE": (0.04, 1.0, ("D", "CO"), "en"),
}
"""Share of debtors, days later than elsewhere, regions, language."""

SECTORS: dict[str, tuple[float, float]] = {
    "wholesale": (0.20, 0.0),
    "manufacturing": (0.18, -0.5),
    "business services": (0.18, 0.0),
    "retail": (0.14, 1.0),
    "construction": (0.12, 3.0),
    "transport": (0.08, 1.5),
    "healthcare": (0.06, -1.0),
    "public": (0.04, 1.0),
}
"""Share of debtors, days later than elsewhere."""

TERMS = (14, 30, 45, 60)
SYLLABLES = (
    "ba bel cor dal den far gal hol kel lam lor mar mel nor pal ral sel tam tor vel ven wil zan zor".split()
)
TRADES = ("Trading", "Works", "Supply", "Group", "Systems", "Partners")


@dataclass(frozen=True)
class Portfolio:
    """A simulated ledger and, kept apart from it, what it was made from.

    tables: contract-named tables with days as `datetime64[s]` and money as decimals.
    truth: grain debtor; customer_id, payer_type, mean_days_late (the debtor's level at the start),
        drift_days_per_year, pay_run (none, weekly, month_end), starts_on, stops_on.
    """

    tables: dict[str, pd.DataFrame]
    truth: pd.DataFrame


def simulate(*, debtors: int, months: int, seed: int, end: date, invoices: int | None = None) -> Portfolio:
    """Return a portfolio of `months` months whose last known day is `end`; the same seed, the same bytes.

    invoices: how many are issued, at least one per debtor; by default 40 per debtor in 36 months.
    Credit notes come on top of them. What was not known by the end of the day `end` is not in it.
    Reminders and calls are recorded but do not make anybody pay sooner.
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
    first = _number((pd.Timestamp(end) + pd.Timedelta(days=1) - pd.DateOffset(months=months)).date())
    last = _number(end)
    people, issuing, paying, telling = np.random.default_rng(seed).spawn(4)
    debtor = _debtors(people, debtors, first, last)
    item = _items(issuing, debtor, count, first, last)
    item["pay_on"] = _pay_days(paying, debtor, item, first)
    movements, disputes, credit_notes = _movements(paying, debtor, item)
    movements = _stop_at_insolvency(paying, debtor, item, movements)
    settled_on = _settled_on(item, movements)
    tables = {
        "invoices": _invoice_table(debtor, item, credit_notes, last),
        "payments": _payment_table(telling, item, credit_notes, movements, last),
        "customers": _customer_table(debtor, last),
        "disputes": _dispute_table(item, disputes, last),
        "credit_scores": _score_table(telling, debtor, first, last),
        "contact_history": _contact_table(telling, debtor, item, settled_on, last),
    }
    return Portfolio(tables, _truth(debtor))


def write_portfolio(portfolio: Portfolio, folder: Path) -> Path:
    """Write the tables as CSV, the truth in a folder of its own, and a configuration; return its path."""
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    for name, table in portfolio.tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    portfolio.truth.to_csv(folder / "truth" / "truth.csv", index=False)
    lines = [
        "# A simulated portfolio. What it was made from is in truth/, which no command reads.",
        "ledger:",
    ]
    for name, table in portfolio.tables.items():
        columns = ", ".join(f"{column}: {column}" for column in table)
        lines += [f"  {name}:", f"    path: {name}.csv", f"    columns: {{{columns}}}", "    dates: iso"]
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


def _working_day(numbers: Ints) -> Ints:
    weekday = (numbers + 3) % 7  # day 0, 1970-01-01, was a Thursday; Monday is 0
    return numbers + np.where(weekday >= 5, 7 - weekday, 0)


def _debtors(rng: np.random.Generator, count: int, first: int, last: int) -> pd.DataFrame:
    """Return one row per debtor: who they are, how much they buy, how they pay."""
    shares = np.cumsum([payer.share for payer in PAYERS])
    ranks = rng.permutation((np.arange(count) + 0.5) / count)
    kind = np.minimum(np.searchsorted(shares, ranks), len(PAYERS) - 1)
    names = np.array(list(COUNTRIES))
    country = rng.choice(names, count, p=[share for share, *_ in COUNTRIES.values()])
    sector = rng.choice(np.array(list(SECTORS)), count, p=[share for share, _ in SECTORS.values()])
    region, language, country_days = _of_country(rng, country)
    sector_days = np.array([SECTORS[name][1] for name in sector])

    span = last - first
    once = rng.random(count) < 0.15
    arrival, leaving = rng.random(count), rng.random(count)
    starts = np.where(
        arrival < 0.55,
        0.0,
        np.where(arrival < 0.88, rng.random(count) * 0.75, 0.75 + 0.24 * rng.random(count)),
    )
    stops = np.where(leaving < 0.12, starts + (1 - starts) * rng.uniform(0.15, 0.7, count), 1.0)
    start, stop = first + (starts * span).astype(np.int64), first + (stops * span).astype(np.int64)
    weak = np.array([payer.written_off for payer in PAYERS])[kind] >= 0.01
    insolvent = rng.random(count) < np.where(weak, 0.06, 0.003)
    stop = np.where(
        insolvent, start + ((stop - start) * rng.uniform(0.3, 0.98, count)).astype(np.int64), stop
    )

    level = np.array([payer.mean_days_late for payer in PAYERS])[kind]
    level = level + np.array([payer.between_debtors for payer in PAYERS])[kind] * rng.standard_normal(count)
    level = level + country_days + sector_days
    month_end = np.array([payer.payer_type == "month_end" for payer in PAYERS])[kind]
    debit = (np.array([payer.payer_type == "on_time" for payer in PAYERS])[kind]) & (rng.random(count) < 0.06)
    weekly = ~month_end & ~debit & (rng.random(count) < 0.55)
    buys = np.where(once, 0.0, rng.lognormal(0.0, 1.7, count) * (stop - start + 1))
    euros = rng.normal(6.6, 1.1, count) + 0.25 * np.log1p(buys / max(float(np.median(buys)), 1.0))
    longer = np.where(np.isin(country, ["FR", "BE"]), 0.25, 0.0)
    return pd.DataFrame(
        {
            "customer_id": [f"C{number:06d}" for number in range(1, count + 1)],
            "name": _names(rng, count),
            "kind": kind,
            "country": country,
            "region": region,
            "language": language,
            "sector": sector,
            "start": start,
            "stop": stop,
            "insolvent_on": np.where(insolvent, stop, NEVER),
            "since": np.where(starts > 0, start, first - rng.integers(0, 4000, count)),
            "buys": buys,
            "trend": rng.uniform(-0.35, 0.6, count),
            "log_euros": euros,
            "term": np.array(TERMS)[
                np.searchsorted([0.25, 0.75, 0.90], np.minimum(rng.random(count) + longer, 0.999))
            ],
            "level": level,
            "weekly": weekly,
            "month_end": month_end,
            "payday": rng.integers(0, 5, count),
            "debit": debit,
            "discount": (level < -4) & ~debit & (rng.random(count) < 0.3),
            "collector": rng.choice(np.array([f"collector-{n}" for n in range(1, 6)]), count),
            "channel": rng.choice(np.array(["email", "post", "phone"]), count, p=[0.8, 0.12, 0.08]),
            "do_not_contact": rng.random(count) < 0.005,
        }
    )


def _of_country(
    rng: np.random.Generator, country: npt.NDArray[np.str_]
) -> tuple[list[str], list[str], Floats]:
    dice = rng.random(len(country))
    region = [COUNTRIES[c][2][int(d * len(COUNTRIES[c][2]))] for c, d in zip(country, dice, strict=True)]
    language = ["fr" if r == "WAL" else COUNTRIES[c][3] for c, r in zip(country, region, strict=True)]
    return region, language, np.array([COUNTRIES[c][1] for c in country])


def _names(rng: np.random.Generator, count: int) -> list[str]:
    parts, trades = rng.choice(np.array(SYLLABLES), (count, 3)), rng.choice(np.array(TRADES), count)
    return [
        "".join(part).capitalize() + " " + trade
        for part, trade in zip(parts.tolist(), trades.tolist(), strict=True)
    ]


def _items(rng: np.random.Generator, debtor: pd.DataFrame, count: int, first: int, last: int) -> pd.DataFrame:
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


def _pay_days(rng: np.random.Generator, debtor: pd.DataFrame, item: pd.DataFrame, first: int) -> Ints:
    """Return the day each invoice would be paid when nothing goes wrong."""
    owner, issued, due = (item[name].to_numpy() for name in ("debtor", "issued", "due"))
    kind = debtor["kind"].to_numpy()
    month = (issued - first) // 30
    moods = _moods(rng, len(debtor), int(month.max()) + 1)
    moods *= np.array([payer.between_months for payer in PAYERS])[kind][:, None]
    drift = np.array([payer.drift_per_year for payer in PAYERS])[kind]
    noise = (rng.gumbel(size=len(item)) - np.euler_gamma) * np.sqrt(6) / np.pi  # mean 0, sd 1, skewed to late
    holidays = np.isin(due.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12, (7, 11))
    late = debtor["level"].to_numpy()[owner] + moods[owner, month]
    late += drift[owner] * (issued - debtor["start"].to_numpy()[owner]) / 365
    late += np.array([payer.between_invoices for payer in PAYERS])[kind][owner] * noise
    late += 1.0 * item["size"].to_numpy() + 2.0 * holidays
    pay = np.maximum(due + np.rint(late).astype(np.int64), issued + 1)
    return _on_pay_run(debtor, owner, np.where(debtor["debit"].to_numpy()[owner], due, pay))


def _moods(rng: np.random.Generator, debtors: int, months: int) -> Floats:
    """Return debtor x month: a wandering level with sd 1 and a memory of about half a year."""
    memory = 0.85
    mood = np.empty((debtors, months))
    mood[:, 0] = rng.standard_normal(debtors)
    for month in range(1, months):
        step = rng.standard_normal(debtors) * np.sqrt(1 - memory**2)
        mood[:, month] = memory * mood[:, month - 1] + step
    return mood


def _on_pay_run(debtor: pd.DataFrame, owner: Ints, day: Ints) -> Ints:
    """Move each day to the debtor's next pay-run: its weekday, the end of the month, or a working day."""
    month_end = (
        (day.astype("datetime64[D]").astype("datetime64[M]") + 1).astype("datetime64[D]").astype(np.int64)
    )
    weekly = day + (debtor["payday"].to_numpy()[owner] - (day + 3)) % 7
    run = np.where(debtor["weekly"].to_numpy()[owner], weekly, day)
    return _working_day(np.where(debtor["month_end"].to_numpy()[owner], month_end - 1, run))


def _movements(
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
    move(early, _working_day(issued[early] - later(early, 3, 12)), cents[early], "payment")

    split = with_fate("partial")
    half = np.rint(cents[split] * rng.uniform(0.3, 0.7, len(split))).astype(np.int64)
    move(split, pay[split], half, "payment")
    move(
        split,
        _on_pay_run(debtor, owner[split], pay[split] + later(split, 5, 45)),
        cents[split] - half,
        "payment",
    )

    bounced = with_fate("bounced")
    back = _working_day(pay[bounced] + later(bounced, 2, 4))
    move(bounced, pay[bounced], cents[bounced], "payment")
    move(bounced, back, cents[bounced], "reversal")
    move(bounced, _working_day(back + later(bounced, 4, 20)), cents[bounced], "payment")

    lost = with_fate("written_off")
    move(lost, _working_day(due[lost] + later(lost, 120, 300)), cents[lost], "write_off")

    argued = with_fate("disputed")
    opened = _working_day(np.maximum(due[argued] + later(argued, -6, 12), issued[argued] + 1))
    closed = _working_day(opened + later(argued, 8, 60))
    upheld = rng.random(len(argued)) < 0.35
    disputes = pd.DataFrame({"item": argued, "opened": opened, "closed": closed, "upheld": upheld})

    wrong = with_fate("credited")
    noticed = _working_day(issued[wrong] + later(wrong, 4, 35))
    notes = pd.DataFrame(
        {"item": np.concatenate([argued[upheld], wrong]), "issued": np.concatenate([closed[upheld], noticed])}
    )
    whole = np.concatenate([np.zeros(int(upheld.sum()), bool), rng.random(len(wrong)) < 0.4])
    credited = cents[notes["item"]]
    part = np.rint(credited * rng.uniform(0.1, 0.4, len(notes))).astype(np.int64)
    notes["cents"] = np.where(whole, credited, part)
    notes["day"] = _working_day(notes["issued"].to_numpy() + later(notes["item"].to_numpy(), 0, 12))
    move(notes["item"].to_numpy(), notes["day"].to_numpy(), notes["cents"].to_numpy(), "credit")

    rest = cents.copy()
    rest[notes["item"]] -= notes["cents"].to_numpy()
    agreed = pay.copy()
    agreed[argued] = _on_pay_run(debtor, owner[argued], closed + later(argued, 2, 14))
    agreed[wrong] = np.maximum(agreed[wrong], noticed)
    paid = np.concatenate([argued, wrong])
    paid = paid[rest[paid] > 0]
    move(paid, agreed[paid], rest[paid], "payment")
    return pd.concat(parts, ignore_index=True), disputes, notes


def _stop_at_insolvency(
    rng: np.random.Generator, debtor: pd.DataFrame, item: pd.DataFrame, movements: pd.DataFrame
) -> pd.DataFrame:
    """Return the movements without those after an insolvency, whose rest is written off months later."""
    failed_on = debtor["insolvent_on"].to_numpy()[item["debtor"].to_numpy()]
    which = movements["item"].to_numpy()
    stopped = (movements["day"].to_numpy() > failed_on[which]) & (movements["kind"] != "credit").to_numpy()
    kept = movements[~stopped]
    sign = np.where(kept["kind"] == "reversal", -1, 1)
    closed = np.zeros(len(item), np.int64)
    np.add.at(closed, kept["item"].to_numpy(), sign * kept["cents"].to_numpy())
    hit = np.unique(which[stopped])
    hit = hit[item["cents"].to_numpy()[hit] > closed[hit]]
    day = _working_day(failed_on[hit] + rng.integers(60, 240, len(hit)))
    rest = item["cents"].to_numpy()[hit] - closed[hit]
    lost = pd.DataFrame({"item": hit, "day": day, "cents": rest, "kind": "write_off"})
    return pd.concat([kept, lost], ignore_index=True)


def _settled_on(item: pd.DataFrame, movements: pd.DataFrame) -> Ints:
    """Return the day of the last movement of each invoice."""
    settled = np.full(len(item), np.iinfo(np.int64).min)
    np.maximum.at(settled, movements["item"].to_numpy(), movements["day"].to_numpy())
    return settled


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
    """Return the allocations known by `last`; what comes from the bank may be known one to three days later."""
    day = movements["day"].to_numpy()
    from_bank = movements["kind"].isin(["payment", "discount", "reversal"]).to_numpy()
    lag = np.where(rng.random(len(item)) < 0.3, rng.integers(1, 4, len(item)), 0)[
        movements["item"].to_numpy()
    ]
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
    both = both[both["known_on"] <= _days(np.array([last]))[0]]
    return both.sort_values(["known_on", "invoice_id", "paid_on", "kind"], ignore_index=True, kind="stable")


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
    base = np.array([payer.score for payer in PAYERS])[debtor["kind"].to_numpy()]
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
    rng: np.random.Generator, debtor: pd.DataFrame, item: pd.DataFrame, settled_on: Ints, last: int
) -> pd.DataFrame:
    """Return an e-mail eight days past due and a call thirty days past due, some with a promise to pay."""
    rows = []
    for days, channel, kind in ((8, "email", "reminder"), (30, "phone", "call")):
        day = _working_day(item["due"].to_numpy() + days)
        sent = np.flatnonzero((settled_on >= day) & (day <= last))
        promised = (rng.random(len(sent)) < 0.4) & (kind == "call")
        rows.append(
            pd.DataFrame(
                {
                    "customer_id": debtor["customer_id"].to_numpy()[item["debtor"].to_numpy()[sent]],
                    "invoice_id": _invoice_ids(sent),
                    "contacted_on": _days(day[sent]),
                    "channel": channel,
                    "kind": kind,
                    "status": "sent" if kind == "reminder" else "reached",
                    "promised_for": _days(np.where(promised, _working_day(day[sent] + 7), NEVER)),
                    "promised_amount": np.where(promised, item["cents"].to_numpy()[sent] / 100, np.nan),
                }
            )
        )
    return pd.concat(rows, ignore_index=True).sort_values(["contacted_on", "invoice_id"], ignore_index=True)


def _truth(debtor: pd.DataFrame) -> pd.DataFrame:
    payer = [PAYERS[kind] for kind in debtor["kind"]]
    run = np.where(debtor["month_end"], "month_end", np.where(debtor["weekly"], "weekly", "none"))
    return pd.DataFrame(
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
