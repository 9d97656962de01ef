import pandas as pd
import pytest

from features.catalogue import INVOICE_FEATURES, names
from features.errors import ModelError
from models.explain import reasons


def row(**figures: float) -> pd.DataFrame:
    """One row of features; what is not given is unknown."""
    return pd.DataFrame([figures]).reindex(columns=names(INVOICE_FEATURES)).astype(float)


KNOWN = {"settled_invoices": 12, "days_past_due": -10, "disputed_now": 0}


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        (KNOWN | {"late_share_last_5": 0.8}, "4 of the last 5 paid late"),
        (KNOWN | {"late_share_last_5": 0.0}, "none of the last 5 paid late"),
        (KNOWN | {"settled_invoices": 3, "late_share_last_5": 2 / 3}, "2 of the last 3 paid late"),
        (KNOWN | {"mean_days_late_365d": 12.34}, "12.3 days late on average in 365 days"),
        (KNOWN | {"mean_days_late_365d": -3.0}, "3.0 days early on average in 365 days"),
        (KNOWN | {"mean_days_late_365d": 0.02}, "paid on the due day on average in 365 days"),
        (KNOWN | {"overdue_amount": 1200}, "1,200.00 already overdue"),
        (KNOWN | {"overdue_amount": 0}, ""),
        (KNOWN | {"disputed_now": 1}, "disputed"),
        (KNOWN | {"days_past_due": 1}, "1 day past due"),
        (KNOWN | {"days_past_due": 0}, ""),
        ({"settled_invoices": 0}, "no settled invoice yet"),
        ({}, "no settled invoice yet"),
        ({"settled_invoices": 1}, "only 1 settled invoice so far"),
        ({"settled_invoices": 2, "late_share_last_5": 1.0}, "only 2 settled invoices so far"),
        (
            {"settled_invoices": 0, "terms_late_share_365d": 0.384, "portfolio_late_share_90d": 0.4},
            "no settled invoice yet; 38% on the same terms paid late; 40% of all invoices paid late",
        ),
    ],
)
def test_words(figures, words):
    """Each fact is said in these words, and nothing is said of what is not known."""
    assert reasons(row(**figures)).iloc[0] == words


def test_three_parts_strongest_first():
    """Past due, the last five and the mean leave no room for the overdue amount."""
    figures = KNOWN | {
        "days_past_due": 12, "late_share_last_5": 1.0, "mean_days_late_365d": 20, "overdue_amount": 99,
    }  # fmt: skip
    said = reasons(row(**figures)).iloc[0]
    assert said == "12 days past due; 5 of the last 5 paid late; 20.0 days late on average in 365 days"


def test_rows_keep_their_index_and_do_not_mix():
    """Each row has its own words under its own index."""
    table = pd.concat([row(**KNOWN, overdue_amount=5), row(), row(**KNOWN, late_share_last_5=1)])
    said = reasons(table.set_axis(["a", "b", "c"]))
    assert list(said.index) == ["a", "b", "c"]
    assert list(said) == ["5.00 already overdue", "no settled invoice yet", "5 of the last 5 paid late"]


def test_no_rows_no_words():
    """An empty table gives an empty column of text."""
    assert len(reasons(row().iloc[:0])) == 0


def test_missing_feature_is_named():
    """Rows without a feature that is spoken of are refused."""
    with pytest.raises(ModelError, match="overdue_amount"):
        reasons(row().drop(columns="overdue_amount"))
