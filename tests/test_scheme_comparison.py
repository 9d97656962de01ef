"""Schemes beside the learned segments: counted, and judged by what came afterwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from random_ledgers import day
from tiny_portfolio import Invoice, ledger_of, monthly, on, reading_of, settings_with

from features.errors import ModelError
from features.ledger import Ledger
from models.segments.schemes import DEFAULT_SCHEMES, Scheme
from pipelines.reading import Reading
from pipelines.segment_page.scheme_comparison import (
    RATES,
    Comparison,
    compare_schemes,
    cross_table,
    late_rates,
)

CUTOFF, END = 200, 420
SETTINGS = settings_with(segments={"clusters": 2})
INVOICES = [*monthly("prompt", 0, 12), *monthly("punctual", -1, 12), *monthly("late", 25, 12),
            *monthly("later", 28, 12)]  # fmt: skip
BEST_FIRST = {"abc": ("A", "B", "C"), "speed": ("fast", "medium", "slow"), "learned": ("A", "B")}


def classes(**schemes: dict[str, str | None]) -> pd.DataFrame:
    """The class of each debtor per scheme."""
    rows = [(debtor, scheme, name) for scheme, named in schemes.items() for debtor, name in named.items()]
    return pd.DataFrame(rows, columns=["customer_id", "scheme", "class"]).astype("str")


def segments(**named: str | None) -> pd.DataFrame:
    """The segment of each debtor."""
    return pd.DataFrame({"customer_id": list(named), "segment": list(named.values())}).astype("str")


def outcomes(*rows: tuple[str, bool]) -> pd.DataFrame:
    """Debtor of each later invoice, and whether it was late."""
    return pd.DataFrame(list(rows), columns=["customer_id", "late"]).astype(
        {"customer_id": "str", "late": bool}
    )


def rows_of(table: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of each row."""
    return list(table[list(columns)].itertuples(index=False, name=None))


def test_debtors_are_counted_in_each_class_and_segment() -> None:
    """Two of class A are in segment A, one is in B; the classes stand from the best to the worst."""
    speed = {"a": "slow", "b": "fast", "c": "fast", "d": "medium", "e": "fast"}
    table = cross_table(
        classes(speed=speed, abc=dict.fromkeys("abcde", "A")),
        segments(a="B", b="A", c="A", d="NEW", e="B"),
        "speed",
        BEST_FIRST,
    )
    assert table.index.tolist() == ["fast", "medium", "slow"]
    assert table.columns.tolist() == ["A", "B", "NEW"]
    assert table.to_numpy().tolist() == [[2, 1, 0], [0, 0, 1], [0, 1, 0]]


def test_a_debtor_without_class_or_segment_is_counted_too() -> None:
    """An empty class, an empty segment, and one that only one of the tables knows."""
    table = cross_table(classes(abc={"a": None, "b": "A", "c": "A"}), segments(a="A", b=None, d="B"), "abc")
    assert table.loc["none"].to_dict() == {"A": 1, "B": 1, "none": 0}
    assert table.loc["A"].to_dict() == {"A": 0, "B": 0, "none": 2}


def test_late_rate_is_the_share_of_later_invoices_paid_late() -> None:
    """A: one of four invoices of two debtors, B: two of three; C was not invoiced again."""
    invoices = outcomes(("a", False), ("a", False), ("b", True), ("b", False),
                        ("c", True), ("c", False), ("d", True))  # fmt: skip
    named = {"a": "A", "b": "A", "c": "B", "d": "B", "e": "C"}
    table = late_rates(classes(abc=named), invoices, BEST_FIRST, seed=1)
    assert rows_of(table, "scheme", "class", "debtors", "invoices") == [
        ("abc", "A", 2, 4), ("abc", "B", 2, 3), ("abc", "C", 1, 0)
    ]  # fmt: skip
    assert table["late_rate"].round(4).tolist()[:2] == [0.25, 0.6667]
    assert table.loc[2, list(RATES)].isna().all()


def test_one_large_debtor_does_not_decide_the_rate_of_debtors() -> None:
    """Eight late invoices of one, two of another on time: 0.8 of the invoices, half of the debtors."""
    invoices = outcomes(*[("large", True)] * 8, *[("small", False)] * 2)
    table = late_rates(classes(abc={"large": "A", "small": "A"}), invoices, seed=1)
    assert table.loc[0, ["late_rate", "late_rate_of_debtors"]].tolist() == [0.8, 0.5]
    assert table.loc[0, ["low_of_debtors", "high_of_debtors"]].tolist() == [0.0, 1.0]


def test_the_interval_holds_the_rate_and_reaches_as_far_as_the_debtors_differ() -> None:
    """Twenty debtors late half of the time: drawn apart between 0.2 and 0.8, around 0.5."""
    debtors = [f"d{number:02d}" for number in range(20)]
    apart = outcomes(*((debtor, number % 2 == 0) for number, debtor in enumerate(debtors) for _ in range(10)))
    alike = outcomes(*((debtor, turn % 2 == 0) for debtor in debtors for turn in range(10)))
    named = classes(abc=dict.fromkeys(debtors, "A"))
    one, other = (late_rates(named, invoices, seed=3).iloc[0] for invoices in (apart, alike))
    assert one["late_rate"] == other["late_rate"] == 0.5
    assert 0.2 < one["low"] < 0.4 < 0.6 < one["high"] < 0.8
    assert other["low"] == other["high"] == 0.5


def test_a_single_debtor_gives_no_interval() -> None:
    """Its own invoices say nothing about how debtors differ."""
    table = late_rates(classes(abc={"a": "A"}), outcomes(("a", True), ("a", False)), seed=1)
    assert table.loc[0, ["late_rate", "late_rate_of_debtors"]].tolist() == [0.5, 0.5]
    assert table.loc[0, ["low", "high", "low_of_debtors", "high_of_debtors"]].isna().all()


def test_invoices_of_debtors_in_no_class_are_not_lost() -> None:
    """One has an empty class, another was met later: both are counted under none, in every scheme."""
    named = {"a": "A", "b": None}
    invoices = outcomes(("a", False), ("b", True), ("young", False), ("young", True))
    table = late_rates(classes(abc=named, speed={"a": "fast", "b": "slow"}), invoices, BEST_FIRST, seed=1)
    assert rows_of(table, "scheme", "class", "debtors", "invoices") == [
        ("abc", "A", 1, 1), ("abc", "none", 2, 3),
        ("speed", "fast", 1, 1), ("speed", "slow", 1, 1), ("speed", "none", 1, 2),
    ]  # fmt: skip


@given(
    st.lists(st.tuples(st.sampled_from("abcdefg"), st.booleans()), min_size=1, max_size=25),
    st.lists(st.sampled_from(["A", "B", None]), min_size=6, max_size=6),
)
def test_every_invoice_and_debtor_is_counted_once_per_scheme(
    invoices: list[tuple[str, bool]], named: list[str | None]
) -> None:
    """The sizes add up, the rates weighted by invoices give the whole; the order of rows does not matter."""
    table = classes(abc=dict(zip("abcdef", named, strict=True)))
    found = late_rates(table, outcomes(*invoices), seed=2, resamples=20)
    assert found["invoices"].sum() == len(invoices)
    assert found["debtors"].sum() == len({*"abcdef", *(debtor for debtor, _ in invoices)})
    late = (found["late_rate"] * found["invoices"]).sum()
    assert late == pytest.approx(sum(was_late for _, was_late in invoices), abs=1e-4)
    turned = late_rates(table.iloc[::-1], outcomes(*invoices[::-1]), seed=2, resamples=20)
    pd.testing.assert_frame_equal(found, turned)


def test_without_a_decided_invoice_there_is_nothing_to_judge_by() -> None:
    """The refusal says what to do."""
    with pytest.raises(ModelError, match="is decided yet; take an earlier cutoff"):
        late_rates(classes(abc={"a": "A"}), outcomes(), seed=1)


def compared(
    ledger: Ledger, end: int = END, schemes: dict[str, Scheme] | None = None, cutoff: int = CUTOFF
) -> Comparison:
    """The schemes as of the cutoff, judged until the end."""
    return compare_schemes(
        reading_of(ledger, end, SETTINGS), on(cutoff), schemes or DEFAULT_SCHEMES, resamples=50
    )


def test_schemes_and_segments_are_judged_by_the_invoices_after_the_cutoff() -> None:
    """Five of each debtor's twelve were issued from day 200 on; 25 and 28 days late is C and B."""
    found = compared(ledger_of(INVOICES))
    shown = found.late_rates[found.late_rates["scheme"].isin(["abc", "learned"])]
    assert rows_of(shown, "scheme", "class", "debtors", "invoices", "late_rate") == [
        ("abc", "A", 2, 10, 0.0), ("abc", "C", 2, 10, 1.0),
        ("learned", "A", 2, 10, 0.0), ("learned", "B", 2, 10, 1.0),
    ]  # fmt: skip
    assert found.cross_tables["abc"].to_numpy().tolist() == [[2, 0], [0, 2]]
    assert set(found.cross_tables) == set(DEFAULT_SCHEMES)
    assert (found.cutoff, found.until, found.left_out) == (on(CUTOFF), on(END), 0)


def test_an_invoice_that_is_not_decided_yet_is_left_out_even_if_it_is_paid() -> None:
    """On day 350 those due on day 360 may still be late; punctual debtors' are paid, and count no more."""
    found = compared(ledger_of([*INVOICES, ("prepaid", "punctual", 330, 335)]), end=350)
    assert found.left_out == 5
    assert found.late_rates.groupby("scheme")["invoices"].sum().unique().tolist() == [16]


def test_an_invoice_that_was_past_due_when_it_became_known_is_left_out() -> None:
    """Issued on day 210, known on day 300: that it is late was known from the start."""
    ledger = ledger_of([*INVOICES, ("told", "prompt", 210, 350)])
    told = ledger.invoices["invoice_id"] == "told"
    known = ledger.invoices["known_on"].mask(told, day(300))
    found = compared(replace(ledger, invoices=ledger.invoices.assign(known_on=known)))
    assert found.left_out == 1
    assert found.late_rates.groupby("scheme")["invoices"].sum().unique().tolist() == [20]


def test_an_invoice_that_is_never_paid_is_late() -> None:
    """Open on the last day and long past due; another debtor's, closed by nothing either, is not yet due."""
    found = compared(ledger_of([*INVOICES, ("o1", "prompt", 220, None), ("o2", "prompt", 415, None)]))
    shown = found.late_rates.set_index(["scheme", "class"]).loc[("abc", "A")]
    assert (shown["invoices"], round(shown["late_rate"], 4), found.left_out) == (11, 0.0909, 1)


def test_what_comes_after_the_cutoff_changes_no_class() -> None:
    """Late payers become prompt and a new debtor appears: rates change, the tables of who is where do not."""
    reformed: list[Invoice] = [
        (id_, debtor, issued, min(paid, issued + 30) if paid and issued >= CUTOFF else paid)
        for id_, debtor, issued, paid in INVOICES
    ]
    before = compared(ledger_of(INVOICES))
    after = compared(ledger_of([*reformed, *((f"y{n}", "young", 210 + n, 250) for n in range(3))]))
    for scheme, table in before.cross_tables.items():
        pd.testing.assert_frame_equal(table, after.cross_tables[scheme])
    rates = after.late_rates.set_index(["scheme", "class"])
    assert rates.loc[("abc", "C"), "late_rate"] == 0.0
    assert rates.loc[("abc", "none"), "invoices"] == 3


def test_a_debtor_with_few_matured_invoices_is_new_and_one_that_never_paid_has_no_segment() -> None:
    """Two matured invoices by day 200, and seven of which none was paid."""
    debtors = [*INVOICES, *monthly("never", None, 12), ("n0", "novice", 100, 130), ("n1", "novice", 130, 160)]
    table = compared(ledger_of(debtors)).cross_tables["value"]
    assert table.columns.tolist() == ["A", "B", "NEW", "none"]
    assert table.sum().tolist() == [2, 2, 1, 1]


def by(fact: str, value: str) -> dict[str, Scheme]:
    """A matrix that tells those with that value of a fact."""
    line = dict.fromkeys(("top", "middle", "tail"), "x")
    content = {
        "value": {"kind": "pareto"},
        "it": {"kind": "matrix", "rows": {"by": fact, "values": [value, "other"]}, "columns": {"by": "value"},
               "cells": {value: dict.fromkeys(line, "yes"), "other": dict.fromkeys(line, "no")}},
    }  # fmt: skip
    return TypeAdapter(dict[str, Scheme]).validate_python(content)


@pytest.mark.parametrize(
    ("fact", "dates", "debtors"),
    [
        ("size", [None] * 4, 2),  # declared static: today's snapshot is that of any day
        ("legal_kind", [None] * 4, 0),  # today's snapshot: not known on the cutoff
        ("legal_kind", [day(5)] * 4, 2),
        ("legal_kind", [day(CUTOFF)] * 4, 0),
    ],
)
def test_a_fact_counts_only_if_it_was_known_before_the_cutoff(
    fact: str, dates: list[Any], debtors: int
) -> None:
    """Two of four debtors have the value in the customers table."""
    names = ["late", "later", "prompt", "punctual"]
    columns = {fact: ["one", "one", "two", "two"], "valid_from": np.array(dates, dtype="datetime64[s]")}
    customers = {name: pd.Series(values, names) for name, values in columns.items()}
    found = compared(ledger_of(INVOICES, **customers), schemes=by(fact, "one"))
    counts = found.cross_tables["it"].sum(axis=1)
    assert counts.get("yes", 0) == debtors
    assert counts.sum() == 4


def test_value_classes_can_be_an_axis_too() -> None:
    """The fact value_class, of the revenue before the cutoff."""
    found = compared(ledger_of(INVOICES), schemes=by("value_class", "tail"))
    assert found.cross_tables["it"].sum(axis=1).to_dict() == {"no": 4}


def test_a_cutoff_without_past_or_future_is_refused() -> None:
    """Before anybody paid there are no segments, at the end nothing to judge by."""
    ledger = ledger_of(INVOICES)
    with pytest.raises(ModelError, match="no debtor has 3 matured invoices yet"):
        compared(ledger, cutoff=20)
    with pytest.raises(ModelError, match="take an earlier cutoff"):
        compared(ledger, cutoff=END - 1)


@pytest.mark.parametrize("name", ["IBM", "SME"])
def test_on_the_public_ledgers_no_later_class_pays_clearly_better(
    public_ledgers: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Out of time A is late less often than the last, and no interval lies below that of a better class."""
    monkeypatch.syspath_prepend(Path(__file__).parent / "benchmarks")
    from public_ledgers import issue_day_at, read_public

    monkeypatch.setenv("DEBTSCAPE_LEDGERS", str(public_ledgers))
    reading: Reading = read_public(name)
    found = compare_schemes(reading, issue_day_at(reading, 0.7), DEFAULT_SCHEMES, resamples=100)
    for scheme in ("learned", "a_to_e", "abc"):
        rates = found.late_rates[found.late_rates["scheme"] == scheme].set_index("class")
        of_debtors = rates.loc[[label for label in "ABCDE" if label in rates.index], list(RATES[3:])]
        of_debtors.columns = ["rate", "low", "high"]
        assert len(of_debtors) >= 3
        assert of_debtors["rate"].iloc[0] < of_debtors["rate"].iloc[-1]
        assert not (of_debtors["high"] < of_debtors["low"].cummax()).any()
