"""Groups of debtors who pay alike."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from features.errors import ModelError
from models.segments import stability
from models.segments.segmenter import BEHAVIOUR, CLOSINGS, EXPECTED, DebtorSegmenter, predecessor

COLUMNS = [*BEHAVIOUR, EXPECTED, CLOSINGS]


def behaviour(rows: dict[str, tuple[float, ...]]) -> pd.DataFrame:
    """Debtors with their shares a week early, late, and a week late, days late and closings."""
    return pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS).rename_axis("customer_id")


KINDS = {
    "good": (0.5, 0.05, 0.0, -4.0, 9.0),
    "slow": (0.0, 0.8, 0.1, 4.0, 9.0),
    "bad": (0.0, 1.0, 0.9, 35.0, 9.0),
}
NOISE = np.array([0.01, 0.01, 0.01, 0.1, 0.0])


@pytest.fixture
def debtors() -> pd.DataFrame:
    """Sixty debtors of three kinds: on time, some days late, a month late."""
    rng = np.random.default_rng(5)
    return behaviour(
        {
            f"{kind}{number:02d}": tuple(np.array(figures) + NOISE * rng.normal(0, 1, 5))
            for number in range(20)
            for kind, figures in KINDS.items()
        }
    )


def crowd() -> pd.DataFrame:
    """Twenty debtors of a fourth kind, between slow and bad."""
    return behaviour({f"mid{i:02d}": (0.0, 0.95 + i / 5000, 0.5, 16.0, 9.0) for i in range(20)})


def test_clusters_are_named_from_best_to_worst_payer(debtors: pd.DataFrame) -> None:
    """A holds those who pay on time, B those some days late, C those a month late."""
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


def test_a_debtor_counts_by_what_is_known_of_it(debtors: pd.DataFrame) -> None:
    """One with 81 closings counts three times as much as one with 9: the centre is drawn to it."""
    much = debtors.copy()
    much.loc["bad00", [BEHAVIOUR[2], CLOSINGS]] = 0.5, 81.0
    little = much.assign(settled_invoices=9.0)
    axis = [DebtorSegmenter(3, seed=1).fit(known).parameters_ for known in (little, much)]
    worst = [of["centroids"][2][2] * of["scale"][2] + of["center"][2] for of in axis]
    assert worst[1] < worst[0]
    assert worst[0] - worst[1] == pytest.approx(0.4 * 3 / 22 - 0.4 / 20, abs=0.001)


def test_ties_of_a_few_days_are_broken_by_what_is_at_risk(debtors: pd.DataFrame) -> None:
    """Less than a week apart, but most of what the first pays is late: it is named after the other."""
    close = debtors.assign(decayed_days_late=debtors[EXPECTED].where(debtors[EXPECTED] > 10, 0.0))
    close.loc[close.index.str.startswith("good"), EXPECTED] = 2.0
    parameters = DebtorSegmenter(3, seed=1).fit(close).parameters_
    assert parameters["expected_days_late"][:2] == pytest.approx([2.0, 0.0], abs=0.01)
    assert parameters["share_at_risk"][0] < parameters["share_at_risk"][1]


def test_debtors_without_history_do_not_shape_the_segments(debtors: pd.DataFrame) -> None:
    """A debtor who never settled an invoice changes nothing in the parameters."""
    stranger = behaviour({"new": (np.nan, np.nan, np.nan, np.nan, 0.0)})
    fitted = DebtorSegmenter(3).fit(pd.concat([debtors, stranger]))
    assert fitted.parameters_ == DebtorSegmenter(3).fit(debtors).parameters_


def test_fewer_kinds_of_debtors_than_clusters_gives_fewer_segments_and_says_so() -> None:
    """Two debtors who differ make two segments, not four."""
    fitted = DebtorSegmenter(4).fit(
        behaviour({"x": (0, 0, 0, 0, 1), "y": (0, 1, 0, 9, 1), "z": (0, 1, 0, 9, 1)})
    )
    assert fitted.parameters_["names"] == ["A", "B"]
    assert fitted.notes_ == ["2 segments instead of 4: only 2 debtors differ"]


def test_nobody_with_history_is_refused() -> None:
    """Without one settled invoice there is nothing to group by."""
    with pytest.raises(ModelError, match="no debtor has settled an invoice yet"):
        DebtorSegmenter().fit(behaviour({"x": (np.nan, np.nan, np.nan, np.nan, 0.0)}))


def test_missing_features_are_named(debtors: pd.DataFrame) -> None:
    """Rows without a feature are refused by its name."""
    with pytest.raises(ModelError, match="lack the features lasting_late_over_7_share"):
        DebtorSegmenter().fit(debtors.drop(columns=BEHAVIOUR[2]))


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
    cloud = np.random.default_rng(3).normal(0.5, 0.1, (150, 3))
    rows = {f"d{i:03d}": (*row, 5.0, 9.0) for i, row in enumerate(cloud)}
    fitted = DebtorSegmenter().fit(behaviour(rows))
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
    later = debtors + NOISE * np.random.default_rng(8).normal(0, 1, debtors.shape)
    new = continued(old, later)
    assert new.parameters_["renamed"] == {"A": "A", "B": "B", "C": "C"}
    assert new.parameters_["continues"] == "7"
    assert new.predict(later).equals(old.predict(debtors))
    assert new.notes_ == []


def test_a_segment_that_goes_on_follows_half_the_way(debtors: pd.DataFrame) -> None:
    """All bad payers from 90 % to 70 % a week late: the centre goes to 80 %; chosen anew, to 70 %."""
    old = DebtorSegmenter(3, seed=1).fit(debtors)
    later = debtors.copy()
    later.loc[later.index.str.startswith("bad"), BEHAVIOUR[2]] -= 0.2

    def worst(fitted: DebtorSegmenter) -> float:
        of = fitted.parameters_
        return float(of["centroids"][2][2] * of["scale"][2] + of["center"][2])

    assert worst(old) == pytest.approx(0.9, abs=0.01)
    assert worst(continued(old, later, clusters=3)) == pytest.approx(0.8, abs=0.01)
    anew = DebtorSegmenter(3, previous=predecessor(old.parameters_, "7"), keep_number=False).fit(later)
    assert worst(anew) == pytest.approx(0.7, abs=0.01)


def test_a_new_kind_of_debtor_is_a_new_segment_and_the_renaming_is_said(debtors: pd.DataFrame) -> None:
    """Between some days and a month late a crowd of two weeks appears: the old C is D now, and C is new."""
    old = DebtorSegmenter(3, seed=1).fit(debtors)
    new = continued(old, pd.concat([debtors, crowd()]), clusters=4)
    assert new.parameters_["renamed"] == {"A": "A", "B": "B", "C": "D"}
    assert new.notes_ == ["the old segment C is now D", "segment C is new"]


def test_a_stable_number_is_kept_although_more_would_be_stable(debtors: pd.DataFrame) -> None:
    """Segments that come and go with each retraining could not be treated; chosen anew, there are more."""
    old = DebtorSegmenter(3, seed=1).fit(debtors)
    now = pd.concat([debtors, crowd()])
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
