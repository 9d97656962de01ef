"""Why a debtor moved: the figures that carried it over the border, or what rule began or ended."""

from __future__ import annotations

import pandas as pd
import pytest

from features.catalogue import RULE_NAMES
from models.segments.movement_reasons import figure_name, figure_text, moved_because

MODEL = {
    "features": ["decayed_days_late", "decayed_late_share"],
    "fill": [0, 0],
    "center": [0, 0],
    "scale": [10, 0.1],
    "centroids": [[0, 0], [2, 4], [6, 9]],
    "names": ["A", "B", "C"],
}
"""A is on time, B 20 days and 40 %, C 60 days and 90 %."""


def figures(days: float, share: float, **others: float) -> dict[str, float]:
    """Figures of a debtor."""
    return {"decayed_days_late": days, "decayed_late_share": share, **others}


def why(
    now: dict[str, float],
    before: dict[str, float],
    *,
    previous: str = "A",
    segment: str = "B",
    rule: str | None = None,
    rule_before: str | None = None,
    said: str | None = "clearly across the border, 60% nearer",
    model: dict[str, object] | None = MODEL,
) -> str:
    """Why debtor X moved."""
    index = pd.Index(["X"], name="customer_id")
    row = {
        "previous_segment": previous,
        "segment": segment,
        "rule": rule,
        "reason": "3 of 3 matured invoices",
    }
    found = moved_because(
        pd.DataFrame([row], index),
        pd.DataFrame([now], index),
        pd.DataFrame([before], index),
        parameters=model,
        rule_figures={"new": ("matured_invoices",)},
        previous_rule=pd.Series([rule_before], index, dtype="str"),
        words=pd.Series([said], index, dtype="str"),
    )
    return str(found["X"])


def test_the_figures_that_changed_towards_the_new_segment_are_named() -> None:
    """Both grew; the share by three of its units, the days by half of one."""
    text = why(figures(15, 0.4), figures(10, 0.1))
    assert text == (
        "decayed_late_share 10 % → 40 %; decayed_days_late 10.0 days → 15.0 days; "
        "clearly across the border, 60% nearer"
    )


def test_a_figure_that_did_not_change_is_not_named() -> None:
    """Only the days grew."""
    assert why(figures(20, 0.4), figures(4, 0.4)).startswith(
        "decayed_days_late 4.0 days → 20.0 days; clearly"
    )


def test_without_any_change_the_figure_that_speaks_most_is_named() -> None:
    """It was across before, and is confirmed now: its share stands for it."""
    text = why(figures(12, 0.4), figures(12, 0.4), said="across the border since 2024-05-01")
    assert text == "decayed_late_share is 40 %; across the border since 2024-05-01"


def test_a_rule_that_begins_names_its_figure_and_its_reason() -> None:
    """The third invoice matured is what the rule asks about."""
    text = why(
        figures(0, 0, matured_invoices=3.0), figures(0, 0, matured_invoices=2.0), rule="new", segment="NEW"
    )
    assert text == "invoices matured (matured_invoices) 2 → 3; rule new: 3 of 3 matured invoices"


def test_a_rule_that_ends_names_its_figure() -> None:
    """Graduation: from NEW to a segment of the model."""
    text = why(
        figures(0, 0, matured_invoices=3.0),
        figures(0, 0, matured_invoices=2.0),
        previous="NEW",
        rule_before="new",
        said=None,
    )
    assert text == "invoices matured (matured_invoices) 2 → 3; rule new no longer holds"


def test_a_decision_has_no_figures() -> None:
    """A person decided; the reason is theirs."""
    assert why(figures(0, 0), figures(0, 0), rule="manual") == "rule manual: 3 of 3 matured invoices"


def test_without_a_model_the_usual_figures_are_compared() -> None:
    """Thresholds on days late: those are named where they changed."""
    now, before = figures(0, 0, mean_days_late_365d=9.0), figures(0, 0, mean_days_late_365d=6.5)
    text = why(now, before, model=None, said="across the border since 2024-05-01")
    assert text == "mean_days_late_365d 6.5 days → 9.0 days; across the border since 2024-05-01"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lasting_late_share", "paid late (lasting_late_share)"),
        ("lasting_late_over_7_share", "paid over 7 days late (lasting_late_over_7_share)"),
        ("lasting_early_over_7_share", "paid over 7 days early (lasting_early_over_7_share)"),
        ("months_since_last_invoice", "months since the last invoice (months_since_last_invoice)"),
        ("decayed_days_late", "decayed_days_late"),
    ],
)
def test_a_figure_has_words_and_keeps_its_name(name: str, words: str) -> None:
    """Sales reads the words; whoever writes rules finds the name, once."""
    assert figure_name(name) == words
    assert name in RULE_NAMES


def test_words_stand_where_a_figure_changed_and_where_it_only_stands() -> None:
    """The share that segments go by, from 10 % to 40 %, and at 40 % all along."""
    model = {**MODEL, "features": ["decayed_days_late", "lasting_late_share"]}
    now, before = ({"decayed_days_late": 12.0, "lasting_late_share": share} for share in (0.4, 0.1))
    changed = why(now, before, model=model, said=None)
    assert changed == "paid late (lasting_late_share) 10 % → 40 %"
    assert why(now, now, model=model, said=None) == "paid late (lasting_late_share) is 40 %"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("late_share_365d", 0.314, "31 %"),
        ("mean_days_late", 4.25, "4.2 days"),
        ("mean_days_late", -4.25, "−4.2 days"),
        ("mean_days_late", -0.04, "0.0 days"),
        ("open_amount", -1234.5, "−1,234"),
        ("matured_invoices", -0.0, "0"),
        ("open_amount", 1234.5, "1,234"),
        ("settled_invoices", 12.0, "12"),
        ("issued_amount_trend", 0.87, "0.9"),
        ("sector", "retail", "retail"),
        ("insolvent_on", pd.Timestamp("2024-05-01"), "2024-05-01"),
        ("mean_days_late", float("nan"), "nothing"),
    ],
)
def test_figures_are_written_by_their_unit(name: str, value: object, text: str) -> None:
    """As a credit controller writes them."""
    assert figure_text(name, value) == text
