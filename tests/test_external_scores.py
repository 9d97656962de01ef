"""Credit scores, peers and size classes against their definition in plain loops, and against leaks."""

from __future__ import annotations

import dataclasses

import brute_force
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_ledgers import CUSTOMERS, START, day, frame, ledgers
from thoroughness import examples

from features.catalogue import COHORT, EXTERNAL, names
from features.invoice_state import invoice_features
from features.ledger import Ledger, known_before, make_ledger
from features.settlement import keep_books

RELAXED = settings(max_examples=examples(25), deadline=None)
FIGURES = names(COHORT) + names(EXTERNAL)


@st.composite
def scored_ledgers(draw) -> Ledger:
    """A random ledger whose debtors, and one unknown to it, have scores of two providers and size classes."""
    ledger = draw(ledgers(("EUR", "JPY")))
    one = st.tuples(
        st.sampled_from((*CUSTOMERS, "nobody")),
        st.sampled_from(["bureau", "agency"]),
        st.integers(0, 900),
        st.sampled_from([-3.0, 0.0, 9.9, 10.0, 55.0, 59.0]),
        st.sampled_from([0, 0, 7, 400]),
    )
    drawn = draw(st.lists(one, max_size=12, unique_by=lambda row: row[:3]))
    scores = [(who, provider, day(on), day(on + wait), score) for who, provider, on, score, wait in drawn]
    sizes = draw(st.lists(st.sampled_from(["small", "large", None]), min_size=12, max_size=12))
    customers = ledger.customers.assign(size=pd.Series(sizes[: len(ledger.customers)], dtype="str"))
    return dataclasses.replace(ledger, customers=customers, credit_scores=scores_table(scores))


def scores_table(scores: list[tuple]) -> pd.DataFrame:
    """The table `credit_scores` of (customer, provider, scored, known, score)."""
    table = frame(["customer_id", "provider", "scored_on", "known_on", "score"], scores)
    return make_ledger(credit_scores=table).credit_scores


def points_of(ledger: Ledger, days: list[int]) -> pd.DataFrame:
    """Every item at its first point, and on each of the days from then on."""
    pairs = [(row.invoice_id, row.known_on) for row in ledger.invoices.itertuples()]
    pairs += [(name, day(number)) for name, known in pairs for number in days if day(number) >= known]
    return frame(["invoice_id", "day_on"], pairs).rename(columns={"day_on": "day"})


def border_days(ledger: Ledger, picks: list[tuple[int, int]]) -> list[int]:
    """So many days after one of the scores or payments."""
    known = pd.concat([ledger.credit_scores["known_on"], ledger.payments["known_on"], pd.Series([day(0)])])
    facts = [(moment.date() - START).days for moment in known]
    return [facts[pick % len(facts)] + offset for pick, offset in picks]


PICKS = st.lists(st.tuples(st.integers(0, 99), st.sampled_from([0, 1, 8, 365, 366])), min_size=3, max_size=6)


@RELAXED
@given(ledger=scored_ledgers(), picks=PICKS)
def test_scores_and_cohorts_are_what_their_definition_says(ledger, picks):
    """Every figure of every (invoice, day) point, the first included, equals the one counted by loops."""
    points = points_of(ledger, border_days(ledger, picks))
    computed = invoice_features(keep_books(ledger), points)[FIGURES]
    portfolio = brute_force.Portfolio(ledger)
    expected = pd.DataFrame(
        [brute_force.invoice_features(portfolio, p.invoice_id, p.day.date(), 0) for p in points.itertuples()]
    )[FIGURES].astype(float)
    pd.testing.assert_frame_equal(computed, expected, check_exact=False, rtol=1e-9, atol=1e-7)


@RELAXED
@given(ledger=scored_ledgers(), last=st.integers(0, 1000), seed=st.integers(0, 99))
def test_later_scores_and_the_order_of_rows_change_nothing(ledger, last, seed):
    """The ledger known before D, its rows shuffled, says of D bit for bit what the whole ledger says."""
    known = known_before(ledger, day(last).date())
    shuffled = dataclasses.replace(
        known,
        **{
            name: getattr(known, name).sample(frac=1, random_state=seed).reset_index(drop=True)
            for name in ("invoices", "payments", "customers", "credit_scores")
        },
    )
    points = points_of(known, [last])
    points = points[points["day"] <= day(last)]
    pd.testing.assert_frame_equal(
        invoice_features(keep_books(ledger), points),
        invoice_features(keep_books(shuffled), points),
        check_exact=True,
    )


def ledger_of(scores: list[tuple], sizes: dict[str, str] | None = None) -> Ledger:
    """Anna pays 10 days late on day 40, bert 20 days late on day 50; cora's invoice "c" is open."""
    tables = {
        "invoices": frame(
            ["invoice_id", "customer_id", "issued_on", "due_on", "amount_minor", "currency"],
            [(who[0], who, day(0), day(30), 10_000, "EUR") for who in CUSTOMERS],
        ),
        "payments": frame(
            ["invoice_id", "paid_on", "amount_minor"], [("a", day(40), 10_000), ("b", day(50), 10_000)]
        ),
        "customers": pd.DataFrame((sizes or {}).items(), columns=["customer_id", "size"]),
    }
    return dataclasses.replace(make_ledger(**tables), credit_scores=scores_table(scores))


def figures(ledger: Ledger, number: int, **options: object) -> pd.Series:
    """The figures of cora's invoice on a day."""
    point = frame(["invoice_id", "day_on"], [("c", day(number))]).rename(columns={"day_on": "day"})
    return invoice_features(keep_books(ledger), point, **options).iloc[0]


def test_a_score_counts_from_the_day_after_it_became_known():
    """Given on day 10 and told on day 20: empty on day 20, and on day 21 it is 11 days old."""
    ledger = ledger_of([("cora", "bureau", day(10), day(20), 55.0)])
    assert figures(ledger, 20)[names(EXTERNAL)].isna().all()
    assert figures(ledger, 21)[names(EXTERNAL)].tolist() == [55, 11]


def test_the_score_last_given_is_the_newest_also_when_an_older_one_arrives_after_it():
    """Given on day 10 and told at once, and one of day 5 told on day 20: that of day 10 stays."""
    ledger = ledger_of(
        [("cora", "bureau", day(10), day(10), 55.0), ("cora", "agency", day(5), day(20), 70.0)]
    )
    assert [figures(ledger, number)["credit_score"] for number in (11, 21)] == [55, 55]


def test_of_two_scores_of_one_day_the_first_provider_by_name_counts():
    """Bureau and agency scored on the same day: agency's stands, in whatever order they became known."""
    for told in (day(10), day(12)):
        ledger = ledger_of(
            [("cora", "bureau", day(10), told, 1.0), ("cora", "agency", day(10), day(11), 2.0)]
        )
        assert figures(ledger, 15)["credit_score"] == 2


@pytest.mark.parametrize(
    ("anna", "bert", "mean"),
    [
        (("bureau", 59), ("bureau", 50), 15.0),
        (("bureau", 59), ("bureau", 60), 10.0),
        (("agency", 55), ("bureau", 55), 20.0),
        (("agency", 55), ("agency", 55), np.nan),
    ],
)
def test_peers_have_a_score_of_the_same_provider_in_the_same_ten(anna, bert, mean):
    """Cora has 55 from the bureau: 50 to 59 from the bureau are her peers, 60 and the agency's 55 are not."""
    scores = {"anna": anna, "bert": bert, "cora": ("bureau", 55)}
    ledger = ledger_of(
        [(who, provider, day(1), day(1), float(score)) for who, (provider, score) in scores.items()]
    )
    np.testing.assert_equal(figures(ledger, 60)["peer_mean_days_late_365d"], mean)


def test_a_closing_belongs_to_the_band_its_debtor_was_in_when_it_became_known():
    """Anna falls from 55 to 20 on day 41, the day after her payment: for a debtor with 55 she is a peer."""
    scores = [("anna", "bureau", day(1), day(1), 55.0), ("anna", "bureau", day(41), day(41), 20.0)]
    ledger = ledger_of([*scores, ("cora", "bureau", day(1), day(1), 55.0)])
    row = figures(ledger, 60)
    assert (row["peer_mean_days_late_365d"], row["peer_late_share_365d"]) == (10, 1)


def test_size_makes_a_cohort_only_when_declared_static():
    """Bert and cora are small, anna is large; without `static` size says nothing."""
    ledger = ledger_of([], {"anna": "large", "bert": "small", "cora": "small"})
    assert figures(ledger, 60)["size_mean_days_late_365d"] == 20
    assert np.isnan(figures(ledger, 60, static=("sector",))["size_mean_days_late_365d"])
