"""The yardstick of the simulated portfolio says what the simulator does, and sees no more than allowed."""

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features import simulated_payments
from features.simulate import Portfolio, simulate
from features.simulated_debtors import PAYERS
from models.scorer import CLASS_BORDERS, CLASSES

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

import simulated_bayes
import simulated_history
import simulated_law
import simulated_oracle
import simulated_truth
from simulated_law import MONTH_END, NONE

pytestmark = pytest.mark.slow  # a yardstick of the figures, not of what a user runs

KINDS = [payer.payer_type for payer in PAYERS]
ISSUED, DUE, LATE = 20_000, 20_033, 3.0  # 2024-10-04, and Wednesday 2024-11-06
ASKED = {"debtors": 150, "months": 18, "seed": 7, "end": date(2026, 1, 1), "invoices": 4_000}


def copies(kind: str, run: int, count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One debtor of a type whose invoices are expected LATE days after due, and `count` of those."""
    place = KINDS.index(kind)
    debtor = pd.DataFrame(
        {
            "kind": [place],
            "level": [LATE],
            "start": [ISSUED],
            "weekly": [run in range(5)],
            "month_end": [run == MONTH_END],
            "payday": [max(run, 0)],
            "debit": [False],
            "discount": [False],
        }
    )
    item = pd.DataFrame(
        {"debtor": np.zeros(count, np.int64), "issued": ISSUED, "due": DUE, "cents": 100_000, "size": 0.0}
    )
    return debtor, item


def drawn(
    kind: str, run: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The debtor and its invoices with the days the simulator pays them, in a mood of 0."""
    monkeypatch.setattr(
        simulated_payments, "_moods", lambda rng, debtors, months: np.zeros((debtors, months))
    )
    debtor, item = copies(kind, run, count)
    item["pay_on"] = simulated_payments.pay_days(np.random.default_rng(1), debtor, item, ISSUED)
    return debtor, item


@pytest.mark.parametrize("run", [NONE, 0, 4])
@pytest.mark.parametrize("kind", ["on_time", "few_days_late", "very_late"])
def test_days_of_payment_follow_the_law(kind: str, run: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each day of payment is drawn as often as the law says, for each type and pay-run."""
    count = 40_000
    _, item = drawn(kind, run, count, monkeypatch)
    days = np.arange(ISSUED, DUE + 300)
    chance = simulated_law.paid_on(KINDS.index(kind), run, days, ISSUED, np.float64(DUE + LATE))
    assert (
        chi_square(np.bincount(item["pay_on"] - ISSUED, minlength=len(days))[: len(days)], chance * count) < 4
    )


def test_month_end_payers_follow_the_law(monkeypatch: pytest.MonkeyPatch) -> None:
    """They pay on last days of months, on the Monday after where that is a weekend."""
    count = 40_000
    _, item = drawn("month_end", MONTH_END, count, monkeypatch)
    days = np.arange(ISSUED, DUE + 300)
    chance = simulated_law.paid_on(KINDS.index("month_end"), MONTH_END, days, ISSUED, np.float64(DUE + LATE))
    assert (
        chi_square(np.bincount(item["pay_on"] - ISSUED, minlength=len(days))[: len(days)], chance * count) < 4
    )
    paid = pd.to_datetime(days[chance > 0], unit="D")
    assert ((paid + pd.offsets.MonthEnd(0) == paid) | (paid.day <= 2)).all()


def chi_square(seen: np.ndarray, expected: np.ndarray) -> float:
    """Standard deviations by which Pearson's sum exceeds its degrees of freedom; rare days together."""
    common = expected >= 10
    seen = np.r_[seen[common], seen[~common].sum()]
    expected = np.r_[expected[common], expected[~common].sum() + 0.5]
    freedom = len(seen) - 1
    return float((((seen - expected) ** 2 / expected).sum() - freedom) / np.sqrt(2 * freedom))


@pytest.mark.parametrize(
    ("kind", "run"),
    [("few_days_late", NONE), ("cash_strapped", 2), ("very_late", NONE), ("month_end", MONTH_END)],
)
def test_classes_follow_the_law_whatever_befalls_the_invoice(
    kind: str, run: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With parts, bounces, disputes, credits and write-offs the class shares agree within 0.3 points."""
    count = 60_000
    debtor, item = drawn(kind, run, count, monkeypatch)
    movements, _, _ = simulated_payments.close_invoices(np.random.default_rng(2), debtor, item)
    ended = movements[movements["kind"] != "reversal"].sort_values("day", kind="stable")
    ended = ended.drop_duplicates("item", keep="last").set_index("item")
    ended = ended[(ended["kind"] != "credit") & (ended["day"] >= ISSUED)]
    seen = np.bincount(np.searchsorted(CLASS_BORDERS, ended["day"] - DUE), minlength=5) / len(ended)
    mass = simulated_law.class_masses(KINDS.index(kind), run, ISSUED, DUE, np.array([DUE + LATE]), 0)[:, 0]
    share = mass / mass.sum()
    assert (np.abs(seen - share) < 0.003 + 3 * np.sqrt(share * (1 - share) / count)).all()


@pytest.mark.parametrize("run", [NONE, 0, 3, MONTH_END])
def test_an_invoice_ready_by_the_last_ready_day_is_paid_by_the_day(run: int) -> None:
    """The last ready day is the last one whose pay-run is not after the day, counted out for a year."""
    days = np.arange(20_000, 20_365)
    ready = np.arange(19_900, 20_365)
    debtor, _ = copies("on_time", run, 1)
    paid = simulated_payments.on_pay_run(debtor, np.zeros(len(ready), np.int64), ready)
    expected = [ready[paid <= day].max() for day in days]
    assert simulated_law.last_ready(days, run).tolist() == expected


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    """A small portfolio that has everything."""
    return simulate(**ASKED)


@pytest.fixture(scope="module")
def points(portfolio: Portfolio) -> pd.DataFrame:
    """Invoices of its second half, with the class that each ended in; in doubt none."""
    invoices = portfolio.tables["invoices"]
    wanted = (invoices["kind"] == "invoice") & (invoices["payment_method"] != "direct_debit")
    wanted &= invoices["issued_on"].between("2025-04-01", "2025-08-01")
    payments = portfolio.tables["payments"]
    last = payments[payments["kind"] != "reversal"].drop_duplicates("invoice_id", keep="last")
    found = invoices[wanted].merge(
        last[["invoice_id", "paid_on", "kind"]], on="invoice_id", suffixes=("", "_paid")
    )
    found = found[(found["kind_paid"] != "credit") & (found["paid_on"] >= found["issued_on"])]
    late = (found["paid_on"] - found["due_on"]).dt.days
    found = found.assign(actual=np.searchsorted(CLASS_BORDERS, late))
    return found.sample(350, random_state=0)


@pytest.fixture(scope="module")
def bayes(portfolio: Portfolio, points: pd.DataFrame) -> pd.DataFrame:
    """What Bayes' rule says about them."""
    return simulated_bayes.class_probabilities(portfolio, points, months=ASKED["months"], end=ASKED["end"])


def likelihood(probabilities: pd.DataFrame, points: pd.DataFrame) -> np.ndarray:
    """The logarithm of the probability of what happened."""
    return np.log(probabilities.to_numpy()[np.arange(len(points)), points["actual"]])


def test_the_oracle_beats_bayes_and_bayes_beats_the_class_shares(
    points: pd.DataFrame, bayes: pd.DataFrame
) -> None:
    """The more is known the better; even against the shares of the very invoices that are judged."""
    oracle = simulated_truth.oracle_probabilities(points, **ASKED)
    shares = np.bincount(points["actual"], minlength=5) / len(points)
    prior = pd.DataFrame([shares] * len(points), columns=list(CLASSES))
    means = [likelihood(table, points).mean() for table in (oracle, bayes, prior)]
    assert means[0] > means[1] > means[2] + 0.1


@pytest.mark.parametrize("who", ["bayes", "oracle"])
def test_they_are_as_unsure_as_they_say(points: pd.DataFrame, bayes: pd.DataFrame, who: str) -> None:
    """The mean log-likelihood is what their own probabilities promise, within three standard errors."""
    table = bayes if who == "bayes" else simulated_truth.oracle_probabilities(points, **ASKED)
    p = table.to_numpy()
    assert np.allclose(p.sum(axis=1), 1)
    promised = (p * np.log(p)).sum(axis=1)
    spread = np.sqrt(((p * np.log(p) ** 2).sum(axis=1) - promised**2).sum())
    assert abs((likelihood(table, points) - promised).sum()) < 3 * spread


def test_bayes_knows_nothing_of_the_day_or_later(portfolio: Portfolio, points: pd.DataFrame) -> None:
    """Without everything that became known on the day or later, the prediction is the same to the bit."""
    day = points["issued_on"].max()
    asked = points[points["issued_on"] == day]
    tables = dict(portfolio.tables)
    invoices = tables["invoices"]
    kept = (invoices["issued_on"] < day) | invoices["invoice_id"].isin(asked["invoice_id"])
    cut = {"payments": "known_on", "disputes": "opened_on", "credit_scores": "known_on"}
    tables = tables | {name: tables[name][tables[name][column] < day] for name, column in cut.items()}
    past = replace(portfolio, tables=tables | {"invoices": invoices[kept]})
    when = {"months": ASKED["months"], "end": ASKED["end"]}
    everything = simulated_bayes.class_probabilities(portfolio, asked, **when)
    assert everything.equals(simulated_bayes.class_probabilities(past, asked, **when))
    assert not everything.equals(
        simulated_bayes.class_probabilities(
            replace(past, tables=past.tables | {"payments": past.tables["payments"].iloc[:0]}), asked, **when
        )
    )


def test_the_size_of_an_invoice_is_judged_by_earlier_ones() -> None:
    """The first amount is shrunken towards all debtors', a later one is compared with those before it."""
    mean = simulated_history.LOG_EUROS_MEAN
    logs = np.array([mean + 1, mean + 1, mean + 1, mean - 2])
    size, sd = simulated_history.expected_size(np.array([0, 0, 0, 1]), np.array([5, 9, 9, 7]), logs)
    weight = 0.49 / simulated_history.LOG_EUROS_VARIANCE
    assert size == pytest.approx(
        [1 - 1 / (1 + weight), 1 - 2 / (2 + weight), 1 - 2 / (2 + weight), -2 + 2 / (1 + weight)]
    )
    assert sd[1] == sd[2] < sd[0] == sd[3] < 0.7


def test_the_share_of_the_gain_is_counted_from_prior_to_bayes() -> None:
    """A model half-way between the class prior and Bayes' rule has half of the gain, in each stratum."""
    rows = pd.DataFrame({"customer_id": list("aabb"), "settled_invoices": [0, 0, 12, 12]})
    table = simulated_oracle.gains(
        rows.assign(**{"class prior": -1.0, "half": -0.75, "bayes": -0.5}), resamples=20
    )
    assert table.loc[table["predictor"] == "half", "share"].tolist() == [0.5, 0.5, 0.5]
    assert table["stratum"].unique().tolist() == ["all", "0", "10+"]
    assert table.loc[table["stratum"] == "0", "points"].tolist() == [2, 2, 2]
