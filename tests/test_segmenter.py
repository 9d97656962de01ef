"""Groups of debtors who pay alike."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from features.errors import ModelError
from models.segmenter import BEHAVIOUR, DebtorSegmenter


def behaviour(rows: dict[str, tuple[float, float, float, float]]) -> pd.DataFrame:
    """Debtors with the features of BEHAVIOUR, in its order."""
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(BEHAVIOUR)).rename_axis("customer_id")


@pytest.fixture
def debtors() -> pd.DataFrame:
    """Sixty debtors of three kinds: on time, a week late, a month late."""
    rng = np.random.default_rng(5)
    kinds = [(0.0, 0.05, 0.0, 1.0), (8.0, 0.8, 0.02, 3.0), (35.0, 1.0, 0.7, 9.0)]
    return behaviour(
        {
            f"{['good', 'slow', 'bad'][kind]}{number:02d}": tuple(kinds[kind] + rng.normal(0, 0.01, 4))
            for number in range(20)
            for kind in range(3)
        }
    )


def test_clusters_are_named_from_best_to_worst_payer(debtors: pd.DataFrame) -> None:
    """A holds those who pay on time, B those a week late, C those a month late."""
    segments = DebtorSegmenter(3, seed=1).fit(debtors).predict(debtors)
    kinds = segments.groupby(segments.index.str[:3]).unique().str.join("")
    assert kinds.to_dict() == {"goo": "A", "slo": "B", "bad": "C"}


def test_parameters_are_plain_json_and_survive_it(debtors: pd.DataFrame) -> None:
    """What is frozen with the model can be written to a file and read back unchanged."""
    parameters = DebtorSegmenter(3, seed=1).fit(debtors).parameters_
    assert json.loads(json.dumps(parameters)) == parameters
    assert parameters["names"] == ["A", "B", "C"]


def test_order_of_rows_does_not_matter(debtors: pd.DataFrame) -> None:
    """Permuted debtors give the same parameters to the last bit."""
    permuted = debtors.sample(frac=1, random_state=3)
    assert (
        DebtorSegmenter(4, seed=2).fit(permuted).parameters_
        == DebtorSegmenter(4, seed=2).fit(debtors).parameters_
    )


def test_a_missing_figure_is_filled_with_the_median_of_those_who_have_it(debtors: pd.DataFrame) -> None:
    """The fill of the spread is the median over the debtors that have one."""
    debtors["std_days_late_365d"] = np.nan
    debtors.iloc[:3, debtors.columns.get_loc("std_days_late_365d")] = [0.2, 0.4, 0.9]
    parameters = DebtorSegmenter(2).fit(debtors).parameters_
    assert parameters["fill"][BEHAVIOUR.index("std_days_late_365d")] == 0.4


def test_one_extreme_debtor_does_not_become_a_segment_of_its_own(debtors: pd.DataFrame) -> None:
    """Clipping keeps a debtor 5,000 days late with the other bad payers."""
    debtors.loc["bad00", "decayed_days_late"] = 5000.0
    segments = DebtorSegmenter(3, seed=1).fit(debtors).predict(debtors)
    assert segments["bad00"] == segments["bad01"] == "C"


def test_debtors_without_history_do_not_shape_the_segments(debtors: pd.DataFrame) -> None:
    """A debtor who never settled an invoice changes nothing in the parameters."""
    stranger = behaviour({"new": (np.nan, np.nan, np.nan, np.nan)})
    fitted = DebtorSegmenter(3).fit(pd.concat([debtors, stranger]))
    assert fitted.parameters_ == DebtorSegmenter(3).fit(debtors).parameters_


def test_fewer_kinds_of_debtors_than_clusters_gives_fewer_segments_and_says_so() -> None:
    """Two debtors who differ make two segments, not four."""
    fitted = DebtorSegmenter(4).fit(behaviour({"x": (0, 0, 0, 0), "y": (9, 1, 0, 0), "z": (9, 1, 0, 0)}))
    assert fitted.parameters_["names"] == ["A", "B"]
    assert fitted.notes_ == ["2 segments instead of 4: only 2 debtors differ"]


def test_nobody_with_history_is_refused() -> None:
    """Without one settled invoice there is nothing to group by."""
    with pytest.raises(ModelError, match="no debtor has settled an invoice yet"):
        DebtorSegmenter().fit(behaviour({"x": (np.nan, np.nan, np.nan, np.nan)}))


def test_missing_features_are_named(debtors: pd.DataFrame) -> None:
    """Rows without a feature are refused by its name."""
    with pytest.raises(ModelError, match="lack the features std_days_late_365d"):
        DebtorSegmenter().fit(debtors.drop(columns="std_days_late_365d"))


def test_more_segments_than_letters_are_refused(debtors: pd.DataFrame) -> None:
    """Names end at Z."""
    with pytest.raises(ModelError, match="cannot name 30 segments"):
        DebtorSegmenter(30).fit(debtors)
