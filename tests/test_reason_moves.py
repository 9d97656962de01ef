"""What a group of figures contributes, and that removing it moves the prediction as was said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples
from threadpoolctl import threadpool_limits

from features.catalogue import CATALOGUE
from features.errors import ModelError
from features.invoice_state import invoice_features
from features.open_items import open_items
from features.simulate import simulate, write_portfolio
from models.payment.explain import (
    AGE,
    GROUPS,
    LogOdds,
    contributions,
    group_of,
    logit,
    predicted_log_odds,
    usual_row,
    without,
)
from models.payment.payment_time import PaymentTime
from models.payment.rule import ShrunkenRule
from models.scorer import CLASSES
from pipelines.learning.folds import training_rows
from pipelines.reading import read

Floats = npt.NDArray[np.float64]

COLUMNS = [
    "invoices_issued", "late_share", "late_share_last_5", "disputed_now", "overdue_amount",
    "invoice_amount", "terms_late_share_365d", "days_past_due",
]  # fmt: skip
OF_EACH_GROUP = dict(zip(GROUPS, COLUMNS, strict=False))


def table(*rows: dict[str, float]) -> pd.DataFrame:
    """Rows of COLUMNS; what is not given is 0."""
    return pd.DataFrame(rows, columns=COLUMNS, dtype=float).fillna(0.0)


NOTHING = dict.fromkeys(COLUMNS, 0.0)


def removed(rows: pd.DataFrame, reference: dict[str, float]) -> pd.DataFrame:
    """The rows with every group removed."""
    for group in GROUPS:
        rows = without(rows, group, reference)
    return rows


# ---- groups ----


def test_every_figure_is_one_cause_but_age():
    """Each feature of the catalogue stands in one group, no group is empty, and age in none."""
    of = {name: group_of(feature) for name, feature in CATALOGUE.items()}
    assert {name for name, group in of.items() if group is None} == AGE
    assert {group for group in of.values() if group} == set(GROUPS)


def test_example_columns_are_one_of_each_group():
    """The tables below have one figure of each group, in the order of GROUPS."""
    assert {group_of(CATALOGUE[name]) or "": name for name in COLUMNS[:-1]} == OF_EACH_GROUP


def test_removing_a_group_touches_nothing_else():
    """Without what is overdue the other figures are as before; what is usually empty becomes empty."""
    row = table({"overdue_amount": 5, "late_share": 0.4, "days_past_due": 3})
    pd.testing.assert_frame_equal(
        without(row, "open_items", {"overdue_amount": 2}),
        table({"overdue_amount": 2, "late_share": 0.4, "days_past_due": 3}),
    )
    assert without(row, "open_items", {})["overdue_amount"].isna().all()


# ---- what is contributed ----


def test_a_sum_gives_each_its_term():
    """Of 2 * late share + overdue / 100, with 0.5 and 100 usual, a row with 1 and 400 owes 1 and 3."""

    def log_odds(rows: pd.DataFrame) -> Floats:
        return (2 * rows["late_share"] + rows["overdue_amount"] / 100).to_numpy()

    row = table({"late_share": 1, "overdue_amount": 400})
    owed = contributions(row, log_odds, NOTHING | {"late_share": 0.5, "overdue_amount": 100})
    assert owed.iloc[0].to_dict() == pytest.approx(dict.fromkeys(GROUPS, 0) | {"history": 1, "open_items": 3})


def test_a_product_is_shared_evenly():
    """Of 2 * 3, where one factor alone would be worth nothing, each owes half."""

    def log_odds(rows: pd.DataFrame) -> Floats:
        return (rows["invoices_issued"] * rows["terms_late_share_365d"]).to_numpy()

    row = table({"invoices_issued": 2, "terms_late_share_365d": 3})
    owed = contributions(row, log_odds, NOTHING)
    assert owed.iloc[0].to_dict() == pytest.approx(dict.fromkeys(GROUPS, 0) | {"volume": 3, "peers": 3})


def test_age_is_never_a_cause():
    """A model that looks at the row's age alone gives nothing to say."""
    rows = table({"days_past_due": 40}, {"days_past_due": -9, "late_share": 1})
    owed = contributions(rows, lambda some: some["days_past_due"].to_numpy() / 10, NOTHING)
    assert (owed == 0).all(axis=None)


def test_figures_as_usual_owe_nothing_and_cost_nothing():
    """A row is asked about at most twice per group, and only twice in all where nothing is unusual;
    the usual row of an age is asked about once."""
    asked: list[int] = []

    def log_odds(rows: pd.DataFrame) -> Floats:
        asked.append(len(rows))
        return rows.fillna(-1).sum(axis=1).to_numpy()

    usual = {name: 1.0 for name in COLUMNS if name != "late_share"}
    as_usual = table(dict.fromkeys(COLUMNS, 1.0)).assign(late_share=np.nan)
    assert (contributions(as_usual, log_odds, usual) == 0).all(axis=None)
    assert sum(asked) == 2
    asked.clear()
    contributions(table(dict.fromkeys(COLUMNS, 7.0)), log_odds, usual)
    assert sum(asked) == 2 * len(GROUPS)
    asked.clear()
    two_of_an_age = table(dict.fromkeys(COLUMNS, 7.0), dict.fromkeys(COLUMNS, 7.0) | {"late_share": 3})
    contributions(two_of_an_age, log_odds, usual)
    assert sum(asked) == 2 * (2 * len(GROUPS)) - 1


@settings(max_examples=examples(50), deadline=None)
@given(
    st.lists(
        st.lists(st.none() | st.floats(-3, 3), min_size=len(COLUMNS), max_size=len(COLUMNS)),
        min_size=1,
        max_size=5,
    ),
    st.integers(0, 1000),
)
def test_contributions_add_up(values: list[list[float | None]], seed: int):
    """Whatever the model, they sum to the row's log-odds minus those of the usual row of its age."""
    rows = pd.DataFrame(values, columns=COLUMNS, dtype=float)
    mix = np.random.default_rng(seed).normal(size=(len(COLUMNS), 3))
    reference = {"late_share": 0.5, "overdue_amount": 1.0, "invoice_amount": -1.0}

    def log_odds(some: pd.DataFrame) -> Floats:
        known = np.where(np.isnan(some), 0.3, some)
        return np.tanh(known @ mix[:, :1]).ravel() + (known @ mix[:, 1:]).prod(axis=1)

    owed = contributions(rows, log_odds, reference)
    expected = log_odds(rows) - log_odds(removed(rows, reference))
    assert owed.sum(axis=1).to_numpy() == pytest.approx(expected, abs=1e-9)


def test_rows_do_not_mix():
    """Each row has its own under its own index, in any order, and also when there are many."""
    random = np.random.default_rng(0)
    rows = pd.DataFrame(random.normal(size=(20_500, len(COLUMNS))), columns=COLUMNS)

    def log_odds(some: pd.DataFrame) -> Floats:
        return np.tanh(some.to_numpy()).prod(axis=1) + some["late_share"].to_numpy()

    owed = contributions(rows, log_odds, NOTHING)
    turned = contributions(rows[::-1], log_odds, NOTHING)
    pd.testing.assert_frame_equal(turned[::-1], owed)
    assert contributions(rows.head(0), log_odds, NOTHING).shape == (0, len(GROUPS))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_log_odds_must_be_finite(wrong: float):
    """A chance of exactly 0 or 1 that was not cut is refused: what would it be moved by?"""
    with pytest.raises(ModelError, match="finite"):
        contributions(table({}), lambda rows: np.full(len(rows), wrong), NOTHING)


def test_one_log_odds_per_row():
    """A model that answers with another number of figures is refused."""
    with pytest.raises(ModelError, match="one finite log-odds per row"):
        contributions(table({}, {}), lambda rows: np.zeros(1), NOTHING)


# ---- the usual row, and log-odds of a model that gives only its prediction ----


def test_usual_row_is_the_medians():
    """Medians of what is known; what is never known, and what is no feature, is left out."""
    rows = pd.DataFrame({"late_share": [0.1, 0.3, np.nan], "credit_notes": 1.0, "mean_days_late": np.nan})
    assert usual_row(rows) == {"late_share": 0.2}


def prediction(p_late: float, *classes: float, median: float = np.nan) -> pd.DataFrame:
    """One row of a prediction."""
    given = {"p_late": p_late, **dict(zip(CLASSES, classes, strict=True)), "days_until_p50": median}
    return pd.DataFrame([given])


@pytest.mark.parametrize(
    ("past", "late_after", "said", "chance"),
    [
        (-5, 0, prediction(0.4, 0.6, 0.2, 0.1, 0.05, 0.05), 0.4),  # late
        (0, 0, prediction(0.4, 0.6, 0.2, 0.1, 0.05, 0.05), 0.4),
        (5, 10, prediction(0.7, 0.0, 0.5, 0.3, 0.1, 0.1), 0.7),  # not late yet by this limit
        (5, 0, prediction(1.0, 0.0, 0.5, 0.3, 0.1, 0.1), 0.5),  # unpaid on day 30
        (30, 0, prediction(1.0, 0.0, 0.5, 0.3, 0.1, 0.1), 0.5),
        (31, 0, prediction(1.0, 0.0, 0.0, 0.6, 0.3, 0.1), 0.4),  # unpaid on day 60
        (95, 0, prediction(1.0, 0.0, 0.0, 0.0, 0.0, 1.0, median=30), 0.5),  # unpaid in 30 days
        (95, 0, prediction(1.0, 0.0, 0.0, 0.0, 0.0, 1.0, median=15), 0.25),
        (95, 0, prediction(1.0, 0.0, 0.0, 0.0, 0.0, 1.0), 0.5 ** (30 / 365)),
        (95, 0, prediction(1.0, 0.0, 0.0, 0.0, 0.0, 1.0, median=700), 0.5 ** (30 / 365)),
    ],
)
def test_log_odds_of_a_prediction(past: float, late_after: int, said: pd.DataFrame, chance: float):
    """They are those of being late or, once late, of not being paid by the next border."""
    log_odds = predicted_log_odds(lambda _: said, late_after)
    assert log_odds(pd.DataFrame({"days_past_due": [past]})) == pytest.approx([np.log(chance / (1 - chance))])


def test_log_odds_are_cut():
    """What is certain is 12 log-odds, not infinitely many."""
    assert logit(np.array([0.0, 0.5, 1.0])) == pytest.approx([-12, 0, 12])


# ---- the real models ----


@pytest.fixture(scope="module")
def learned(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]]:
    """Training rows and outcomes of a small portfolio, and its invoices that are open on the day."""
    day = date(2026, 1, 1)
    folder = tmp_path_factory.mktemp("portfolio")
    config = write_portfolio(simulate(debtors=150, months=24, seed=3, end=day), folder)
    reading = read(config, as_of=day, today=day)
    rows, outcome = training_rows(reading.ledger, day, reading.settings)
    items = open_items(reading.books, day, dormant_after_days=reading.settings.dormant_after_days)
    now = invoice_features(reading.books, items[["invoice_id"]].assign(day=pd.Timestamp(day)))
    with threadpool_limits(limits=1):
        yield rows, outcome, pd.concat([now, rows.sample(600, random_state=0)], ignore_index=True)


def log_odds_of_model(rows: pd.DataFrame, outcome: pd.DataFrame) -> tuple[LogOdds, dict[str, float]]:
    """What the fitted model says itself, and its own reference."""
    fitted = PaymentTime().fit(rows, outcome)
    return fitted.log_odds, fitted.parameters_["reference"]


def log_odds_of_rule(rows: pd.DataFrame, outcome: pd.DataFrame) -> tuple[LogOdds, dict[str, float]]:
    """What follows from the fitted rule's prediction, and the medians."""
    return predicted_log_odds(ShrunkenRule().fit(rows, outcome).predict, 0), usual_row(rows)


@pytest.mark.parametrize("fit", [pytest.param(log_odds_of_model, marks=pytest.mark.slow), log_odds_of_rule])
def test_removing_the_strongest_moves_the_prediction_as_said(
    learned: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    fit: Callable[[pd.DataFrame, pd.DataFrame], tuple[LogOdds, dict[str, float]]],
):
    """In at least 95 of 100 rows; and the contributions add up for what is used."""
    rows, outcome, asked = learned
    log_odds, reference = fit(rows, outcome)
    owed = contributions(asked, log_odds, reference)
    now = log_odds(asked)
    assert owed.sum(axis=1).to_numpy() == pytest.approx(now - log_odds(removed(asked, reference)))

    strongest = owed.abs().idxmax(axis=1)
    largest = owed.abs().max(axis=1).to_numpy()
    said = np.sign(owed.to_numpy()[np.arange(len(owed)), owed.columns.get_indexer(strongest)])
    told = largest >= 0.05
    assert told.mean() > 0.8
    assert (said == np.sign(_fall(asked, strongest, log_odds, reference)))[told].mean() >= 0.95


def _fall(rows: pd.DataFrame, group: pd.Series, log_odds: LogOdds, reference: dict[str, float]) -> Floats:
    """By how much the log-odds fall when each row loses its own group."""
    lacking = pd.concat([without(some, name, reference) for name, some in rows.groupby(group)])
    return log_odds(rows) - log_odds(lacking.loc[rows.index])
