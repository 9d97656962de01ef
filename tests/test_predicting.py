"""Who predicts an open invoice, the model or the rule, and that each prediction says why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tiny_portfolio import Invoice, ledger_of, monthly, on, reading_of, settings_with

from features.contracts.output import PREDICTIONS
from features.open_items import open_items
from models.scorer import CLASSES, PREDICTION, QUANTILES
from pipelines import predicting
from pipelines.predicting import predict_items, side_by_side
from pipelines.reading import Reading

DAY = 201
SEGMENTS = {"prompt": "A", "late": "B", "debit": "A", "newcomer": "NEW"}
INVOICES: list[Invoice] = [
    *monthly("prompt", 0),
    *monthly("late", 20),
    *monthly("debit", 0),
    ("prompt_open", "prompt", 190, None),
    ("late_open", "late", 185, None),
    ("late_overdue", "late", 150, None),
    ("debit_open", "debit", 190, None),
    ("newcomer_open", "newcomer", 195, None),
]


@dataclass(frozen=True)
class Model:
    """Says the same of every invoice, and that the debtor's late share moves it."""

    parameters: dict[str, Any] = field(default_factory=lambda: {"reference": {"late_share": 0.4}})

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """One in eight late."""
        said = dict.fromkeys(PREDICTION, 0.0) | dict(zip(CLASSES, (0.875, 0.125, 0, 0, 0), strict=True))
        said |= {"p_late": 0.125} | dict(zip(QUANTILES, (1.0, 2.0, 3.0), strict=True))
        return pd.DataFrame(said, index=rows.index)

    def log_odds(self, rows: pd.DataFrame) -> np.ndarray:
        """Rise by one per late share."""
        return rows["late_share"].fillna(0).to_numpy()


def predicted(
    model: Any, invoices: list[Invoice] = INVOICES, number: int = DAY, workers: int = 1
) -> pd.DataFrame:
    """The table `predictions` of the day, by invoice."""
    reading: Reading = reading_of(ledger_of(invoices), number, settings_with(workers=workers))
    items = open_items(reading.books, on(number), dormant_after_days=365)
    segments = pd.DataFrame({"customer_id": list(SEGMENTS), "segment": list(SEGMENTS.values())})
    table = predict_items(reading, reading.books, items, segments, model, "7")
    assert list(table.columns) == [column.inside for column in PREDICTIONS.columns]
    return table.set_index("invoice_id")


def test_the_model_predicts_all_but_direct_debits() -> None:
    """Their day is our own choice; what the rule says has no version."""
    table = predicted(Model())
    by_rule = table.index == "debit_open"
    assert (table.loc[~by_rule, "source"] == "model").all()
    assert (table.loc[~by_rule, "model_version"] == "7").all()
    assert (table.loc[~by_rule, "p_late"] == 0.125).all()
    assert table.loc["debit_open", "source"] == "rule"
    assert pd.isna(table.loc["debit_open", "model_version"])


def test_dates_count_from_the_day() -> None:
    """One, two and three days after day 201."""
    row = predicted(Model()).loc["prompt_open"]
    days = [row[f"paid_on_{quantile}"].date() for quantile in ("p10", "p50", "p90")]
    assert days == [on(DAY + 1), on(DAY + 2), on(DAY + 3)]


def test_a_segment_left_to_the_rule_is_predicted_by_the_rule() -> None:
    """As if there were no model, and every other segment as if there were no rule."""
    by_model, by_rule = predicted(Model()), predicted(None)
    mixed = predicted(Model(Model().parameters | {"rule_segments": ["B"]}))
    left = mixed["source"] == "rule"
    assert set(mixed.index[left]) == {"late_open", "late_overdue", "debit_open"}
    pd.testing.assert_frame_equal(mixed[left], by_rule[left])
    pd.testing.assert_frame_equal(mixed[~left], by_model[~left])


def test_without_a_model_the_rule_speaks_and_tells_debtors_apart() -> None:
    """Who was always 20 days late is likelier late than who never was."""
    table = predicted(None)
    assert (table["source"] == "rule").all()
    assert table["model_version"].isna().all()
    assert table.loc["late_open", "p_late"] > 0.6 > 0.4 > table.loc["prompt_open", "p_late"]
    assert table.loc["late_overdue", "p_late"] == 1


@pytest.mark.parametrize("model", [Model(), None], ids=["model", "rule"])
def test_every_prediction_says_why(model: Model | None) -> None:
    """Also that of a debtor whom nothing is known of, and of one whom nothing sets apart."""
    said = predicted(model)["reasons"]
    assert (said.str.len() > 0).all()
    assert said["late_overdue"].startswith("21 days past due")


def test_a_usual_row_says_when_it_is_due() -> None:
    """A model that nothing moves has no reasons; the row still says what is true."""

    class Unmoved(Model):
        def log_odds(self, rows: pd.DataFrame) -> np.ndarray:
            return np.zeros(len(rows))

    said = predicted(Unmoved())["reasons"]
    assert said["prompt_open"] == "due in 19 days, 6 settled invoices so far"
    assert said["newcomer_open"] == "due in 24 days, no settled invoice yet"


class ByShare(Model):
    """Says what depends on the row alone."""

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Half the late share."""
        return super().predict(rows).assign(p_late=rows["late_share"].fillna(0.5) / 2)


def test_parts_side_by_side_say_what_one_part_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two parts of two invoices, or all at once: the same table, each row in its place."""
    whole = predicted(ByShare())
    assert whole["p_late"].nunique() > 2
    monkeypatch.setattr(predicting, "_FEWEST_SIDE_BY_SIDE", 1)
    pd.testing.assert_frame_equal(predicted(ByShare(), workers=2), whole, check_exact=True)


def _as_they_are(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    return rows, rows["number"].astype("str")


@pytest.mark.parametrize(
    ("fewest", "workers", "parts"),
    [(1, 3, [[0], [1], [2, 3]]), (2, 3, [[0, 1], [2, 3]]), (1, 1, [[0, 1, 2, 3]]), (5, 3, [[0, 1, 2, 3]])],
)
def test_rows_are_parted_among_workers_in_their_order(
    fewest: int, workers: int, parts: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four rows: a part for each worker, but none of less than the fewest that are worth it."""
    monkeypatch.setattr(predicting, "_FEWEST_SIDE_BY_SIDE", fewest)
    answers = side_by_side(_as_they_are, pd.DataFrame({"number": range(4)}), workers)
    assert [said["number"].tolist() for said, _ in answers] == parts


def test_where_all_that_is_open_is_dormant_nothing_is_predicted() -> None:
    """An unpaid rest without movement for a year stays outside; the table is empty, with its columns."""
    for model in (Model(), None):
        assert predicted(model, [*monthly("prompt", 0), ("old", "late", 0, None)], 700).empty
