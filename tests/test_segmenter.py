"""Groups of debtors who pay alike."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from features.errors import ModelError
from models import stability
from models.segmenter import BEHAVIOUR, DebtorSegmenter, predecessor


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


@pytest.mark.parametrize("most", [2, 8])
def test_the_search_for_a_number_ends_between_3_and_7(debtors: pd.DataFrame, most: int) -> None:
    """Fewer than three segments treat everybody alike, more than seven nobody can tell apart."""
    with pytest.raises(ModelError, match=f"max_clusters is {most}; choose 3 to 7"):
        DebtorSegmenter(max_clusters=most).fit(debtors)


def test_the_number_of_segments_is_found_in_the_debtors(debtors: pd.DataFrame) -> None:
    """Three clear kinds: three come back in every resample, a fourth would split a kind by chance."""
    fitted = DebtorSegmenter(seed=1).fit(debtors)
    assert fitted.parameters_["names"] == ["A", "B", "C"]
    assert [(found.clusters, not found.objections) for found in fitted.evidence_] == [(3, True), (4, False)]
    assert fitted.notes_ == []


def test_a_number_without_stability_is_three_with_a_warning() -> None:
    """One cloud has no three parts: they are made because fewer would not be a treatment, and it is said."""
    cloud = np.random.default_rng(3).normal(0, 1, (150, 4)) * (9, 0.1, 0.05, 3) + (10, 0.5, 0.2, 8)
    fitted = DebtorSegmenter().fit(behaviour({f"d{i:03d}": tuple(row) for i, row in enumerate(cloud)}))
    assert fitted.parameters_["names"] == ["A", "B", "C"]
    assert fitted.notes_[0].startswith(
        "3 segments although they are not stable: a group comes back with Jaccard"
    )


def test_another_seed_finds_the_same_debtors_and_names(debtors: pd.DataFrame) -> None:
    """Names follow from payment, groups from the debtors: the lot decides neither."""
    one, other = (DebtorSegmenter(seed=seed).fit(debtors).predict(debtors) for seed in (1, 2))
    assert one.equals(other)


def continued(old: DebtorSegmenter, now: pd.DataFrame, **settings: int) -> DebtorSegmenter:
    """The segments of later debtors, which continue the old ones as version 7."""
    return DebtorSegmenter(previous=predecessor(old.parameters_, "7"), seed=9, **settings).fit(now)


def test_retraining_keeps_every_name_while_the_debtors_pay_as_before(debtors: pd.DataFrame) -> None:
    """A little noise later each centre is where it was."""
    old = DebtorSegmenter(seed=1).fit(debtors)
    later = debtors + np.random.default_rng(8).normal(0, 0.01, debtors.shape)
    new = continued(old, later)
    assert new.parameters_["renamed"] == {"A": "A", "B": "B", "C": "C"}
    assert new.parameters_["continues"] == "7"
    assert new.predict(later).equals(old.predict(debtors))
    assert new.notes_ == []


def test_a_new_kind_of_debtor_is_a_new_segment_and_the_renaming_is_said(debtors: pd.DataFrame) -> None:
    """Between a week and a month late a crowd of two weeks appears: the old C is D now, and C is new."""
    old = DebtorSegmenter(3, seed=1).fit(debtors)
    crowd = behaviour({f"mid{i:02d}": (16.0 + i / 500, 0.95, 0.3, 5.0) for i in range(20)})
    new = continued(old, pd.concat([debtors, crowd]), clusters=4)
    assert new.parameters_["renamed"] == {"A": "A", "B": "B", "C": "D"}
    assert new.notes_ == ["the old segment C is now D", "segment C is new"]


def test_a_stable_number_is_kept_although_more_would_be_stable(debtors: pd.DataFrame) -> None:
    """Segments that come and go with each retraining could not be treated; chosen anew, there are more."""
    old = DebtorSegmenter(3, seed=1).fit(debtors)
    crowd = behaviour({f"mid{i:02d}": (16.0 + i / 500, 0.95, 0.3, 5.0) for i in range(20)})
    now = pd.concat([debtors, crowd])
    kept = continued(old, now)
    assert len(kept.parameters_["names"]) == 3
    assert kept.notes_[0] == "3 segments as before; 4 would be stable too"
    anew = DebtorSegmenter(previous=predecessor(old.parameters_, "7"), keep_number=False).fit(now)
    assert len(anew.parameters_["names"]) == 4


def test_a_million_debtors_are_learned_from_in_small_lots(
    debtors: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From MINI_BATCH_FROM debtors on; the groups are the same where they are clear."""
    whole = DebtorSegmenter(3, seed=1).fit(debtors).predict(debtors)
    monkeypatch.setattr(stability, "MINI_BATCH_FROM", 50)
    assert DebtorSegmenter(3, seed=1).fit(debtors).predict(debtors).equals(whole)
