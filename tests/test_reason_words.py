"""Reasons in words: the strongest contributions, said with the figures of their own group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples

from features.catalogue import CATALOGUE, INVOICE_COLUMNS, names
from features.errors import ModelError
from models.payment.explain import GROUPS, group_of
from models.payment.reason_words import LEAST_LOG_ODDS, WORDS, reasons


def row(**figures: float) -> pd.DataFrame:
    """One row of features of a debtor with a history; what is not given is unknown."""
    known = {"settled_invoices": 12, "days_past_due": -10, **figures}
    return pd.DataFrame([known]).reindex(columns=names(INVOICE_COLUMNS)).astype(float)


def owed(**log_odds: float) -> pd.DataFrame:
    """One row of contributions; what is not given is 0."""
    return pd.DataFrame([log_odds]).reindex(columns=list(GROUPS)).fillna(0.0)


HISTORY = {"settled_invoices_365d": 10, "late_share_365d": 0.8, "mean_days_late_365d": 7.24}
LATELY = {"late_share_last_5": 0.8, "mean_days_late_last_5": 3, "days_since_last_payment": 4}
THURSDAYS = {
    "pay_weekday_share_365d": 0.7, "month_end_share_365d": 0.1, "paid_on_monday_365d": 1,
    "paid_on_tuesday_365d": 1, "paid_on_wednesday_365d": 0, "paid_on_thursday_365d": 7,
    "paid_on_friday_365d": 1,
}  # fmt: skip
OVERDUE = {"open_invoices": 3, "overdue_invoices": 2, "overdue_amount": 8450, "weighted_days_past_due": 12}
INVOICE = {"invoice_amount": 1200, "payment_terms_days": 30, "due_weekday": 4, "open_share": 1}
VOLUME = {
    "invoices_issued": 30, "invoices_issued_365d": 12, "issued_amount_365d": 14200,
    "days_since_first_invoice": 400,
}  # fmt: skip


@pytest.mark.parametrize(
    ("group", "figures", "words"),
    [
        ("history", HISTORY, "8 of 10 paid late in 365 days, 7.2 days after due on average"),
        (
            "history",
            HISTORY | {"late_share_365d": 0, "mean_days_late_365d": -3},
            "none of 10 paid late in 365 days, 3.0 days before due on average",
        ),
        (
            "history",
            HISTORY | {"mean_days_late_365d": 0.04, "disputes_opened_365d": 1, "reversals_365d": 2},
            "8 of 10 paid late in 365 days, on the due day on average, 1 dispute, 2 payments taken back",
        ),
        (
            "history",
            {"settled_invoices_365d": 0, "late_share": 0.25},
            "3 of 12 paid late, none settled in 365 days",
        ),
        ("history", {"settled_invoices": 0}, "no settled invoice yet"),
        ("history", {"settled_invoices": np.nan}, "no settled invoice yet"),
        (
            "history",
            {"settled_invoices": 1, "mean_days_late": 4},
            "only 1 settled invoice so far, 4.0 days after due",
        ),
        (
            "history",
            {"settled_invoices": 2, "mean_days_late": -1},
            "only 2 settled invoices so far, 1.0 days before due on average",
        ),
        ("lately", LATELY, "4 of the last 5 paid late, 3.0 days after due on average"),
        (
            "lately",
            LATELY | {"late_share_last_5": 0, "mean_days_late_last_5": 0, "days_since_last_payment": 45},
            "none of the last 5 paid late, on the due day on average, none settled for 45 days",
        ),
        (
            "lately",
            LATELY | THURSDAYS | {"days_late_at_next_run": 4},
            "4 of the last 5 paid late, 3.0 days after due on average, pays on Thursdays, usual pay day "
            "4 days after due",
        ),
        (
            "lately",
            LATELY | THURSDAYS | {"month_end_share_365d": 0.5, "days_late_at_next_run": -1},
            "4 of the last 5 paid late, 3.0 days after due on average, pays at month end, usual pay day "
            "1 day before due",
        ),
        (
            "lately",
            LATELY | THURSDAYS | {"pay_weekday_share_365d": 0.49, "month_end_share_365d": 0.49},
            "4 of the last 5 paid late, 3.0 days after due on average",
        ),
        ("open_items", OVERDUE, "8,450.00 already overdue, 12 days on average"),
        ("open_items", {"open_invoices": 3, "overdue_invoices": 0}, "nothing overdue of 3 open invoices"),
        ("open_items", {"open_invoices": 0, "overdue_invoices": 0}, "no other open invoice"),
        ("dispute", {"disputed_now": 1}, "disputed"),
        ("dispute", {"disputed_now": 0}, "not disputed"),
        ("invoice", INVOICE, "invoice of 1,200.00 at 30 days, due on a Friday"),
        (
            "invoice",
            INVOICE | {"amount_to_mean_ratio": 3.24, "open_share": 0.4},
            "invoice of 1,200.00 (3.2 times the usual) at 30 days, due on a Friday, 40% of it open",
        ),
        (
            "invoice",
            INVOICE | {"amount_to_mean_ratio": 1.9, "due_weekday": 0},
            "invoice of 1,200.00 at 30 days, due on a Monday",
        ),
        (
            "peers",
            {"terms_late_share_365d": 0.384, "portfolio_late_share_90d": 0.4},
            "paid late: 38% on the same terms, 40% of all invoices",
        ),
        (
            "peers",
            {
                "credit_score": 43, "peer_late_share_365d": 0.5, "terms_late_share_365d": 0.4,
                "sector_late_share_365d": 0.3, "portfolio_late_share_90d": 0.2,
            },
            "credit score 43, paid late: 50% with a like score, 40% on the same terms, 30% in the sector",
        ),
        ("peers", {}, "nothing known of similar invoices"),
        ("volume", VOLUME, "12 invoices worth 14,200.00 in 365 days, customer for 400 days"),
        ("volume", VOLUME | {"invoices_issued_365d": 0}, "no invoice in 365 days, customer for 400 days"),
        ("volume", {"invoices_issued": 0}, "first invoice"),
    ],
)  # fmt: skip
def test_each_group_is_said_with_its_figures(group: str, figures: dict[str, float], words: str):
    """The same figures are stated whichever way the model took them, and the way is said."""
    assert reasons(row(**figures), owed(**{group: 0.3})).iloc[0] == f"{words} (raises)"
    assert reasons(row(**figures), owed(**{group: -0.3})).iloc[0] == f"{words} (lowers)"


def test_words_take_figures_of_their_own_group():
    """Nothing is said of a group but figures that belong to it."""
    assert set(WORDS) == set(GROUPS)
    for group, (_, used) in WORDS.items():
        assert {group_of(CATALOGUE[name]) for name in used} == {group}


def test_three_strongest_come_first():
    """Size decides, whichever way it goes; the fourth is left out."""
    figures = HISTORY | OVERDUE | INVOICE | {"disputed_now": 1}
    said = reasons(row(**figures), owed(history=-0.4, open_items=0.9, invoice=0.1, dispute=0.6)).iloc[0]
    assert said == (
        "8,450.00 already overdue, 12 days on average (raises); disputed (raises); "
        "8 of 10 paid late in 365 days, 7.2 days after due on average (lowers)"
    )


@pytest.mark.parametrize(
    ("log_odds", "words"),
    [(0.04, "due in 10 days, 12 settled invoices so far"), (LEAST_LOG_ODDS, "disputed (raises)")],
)
def test_what_hardly_moves_is_not_said(log_odds: float, words: str):
    """Less than 0.05 log-odds is no reason."""
    assert reasons(row(disputed_now=1), owed(dispute=log_odds)).iloc[0] == words


@pytest.mark.parametrize(
    ("past", "settled", "words"),
    [
        (-1, 1, "due in 1 day, 1 settled invoice so far"),
        (0, 0, "due today, no settled invoice yet"),
        (-30, np.nan, "due in 30 days, no settled invoice yet"),
        (3, 12, "3 days past due"),
    ],
)
def test_a_row_that_nothing_moves_still_says_something(past: float, settled: float, words: str):
    """When it is due and how many invoices were settled, or how long it is past due."""
    assert reasons(row(days_past_due=past, settled_invoices=settled), owed()).iloc[0] == words


@pytest.mark.parametrize(
    ("past", "words"),
    [(12, "12 days past due; disputed (raises)"), (1, "1 day past due; disputed (raises)"),
     (0, "disputed (raises)")],
)  # fmt: skip
def test_overdue_comes_before_the_reasons(past: float, words: str):
    """An invoice past its due day says so first, without a direction."""
    assert reasons(row(days_past_due=past, disputed_now=1), owed(dispute=1)).iloc[0] == words


def test_last_five_that_are_all_there_is_are_said_once():
    """Up to five settled invoices are one fact, weighed by both groups; from the sixth on they are two."""
    five = row(**HISTORY | LATELY | {"settled_invoices": 5, "settled_invoices_365d": 5})
    weights = owed(history=0.3, lately=-0.5)
    once = "4 of 5 paid late in 365 days, 7.2 days after due on average (lowers)"
    assert reasons(five, weights).iloc[0] == once
    six = reasons(five.assign(settled_invoices=6.0), weights).iloc[0]
    assert six.startswith("4 of the last 5 paid late")
    assert six.endswith("on average (raises)")


def test_amounts_carry_their_currency_where_it_is_given():
    """Each row has its own; a row without one has the plain amount."""
    rows = pd.concat([row(**OVERDUE)] * 2, ignore_index=True)
    weights = pd.concat([owed(open_items=1)] * 2, ignore_index=True)
    first, second = reasons(rows, weights, pd.Series(["EUR", None]))
    assert first == "EUR 8,450.00 already overdue, 12 days on average (raises)"
    assert second == "8,450.00 already overdue, 12 days on average (raises)"


def test_rows_keep_their_index_and_do_not_mix():
    """Each row has its own words under its own index, and no row gives no words."""
    rows = pd.concat([row(disputed_now=1), row(), row(**OVERDUE)]).set_axis(["a", "b", "c"])
    weights = pd.concat([owed(dispute=1), owed(), owed(open_items=-1)]).set_axis(["a", "b", "c"])
    said = reasons(rows, weights)
    assert said.to_dict() == {
        "a": "disputed (raises)", "b": "due in 10 days, 12 settled invoices so far",
        "c": "8,450.00 already overdue, 12 days on average (lowers)",
    }  # fmt: skip
    assert len(reasons(rows.head(0), weights.head(0))) == 0


@settings(max_examples=examples(50), deadline=None)
@given(
    st.lists(st.sampled_from([np.nan, 0.0, 1.0, 2.5, 6.0, -3.0]), min_size=11, max_size=11),
    st.sampled_from([np.nan, 0.0, 1.0, 4.0, 9.0]),
)
@pytest.mark.parametrize("group", GROUPS)
def test_unknown_figures_never_stop_a_run(group: str, values: list[float], settled: float):
    """Whatever is unknown, something is said and never "nan"."""
    figures = dict(zip(WORDS[group][1], values, strict=False)) | {"settled_invoices": settled}
    (said,) = reasons(row(**figures), owed(**{group: 1.0}))
    assert said.endswith("(raises)")
    assert "nan" not in said


def test_missing_feature_is_named():
    """Rows without a feature that is spoken of are refused."""
    with pytest.raises(ModelError, match="overdue_amount"):
        reasons(row().drop(columns="overdue_amount"), owed())


def test_contributions_of_other_rows_are_refused():
    """Words and weights must be about the same rows."""
    with pytest.raises(ModelError, match="other rows"):
        reasons(row(), owed().set_axis(["another"]))
