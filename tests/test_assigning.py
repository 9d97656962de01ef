"""Which segment each debtor is in, run after run: who moves and why, what rules and schemes change."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import cache

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_ledgers import START, day
from segment_story import (
    KINDS,
    OF_EACH,
    assigned,
    background,
    previous,
    reading_on,
    rules_of,
    runs,
    segments,
    segments_of,
    slips,
)
from thoroughness import examples
from tiny_portfolio import Invoice, ledger_of, on, settings_with

from features.ledger import Ledger, known_before, make_ledger
from pipelines.assigning import Segmenting, alarm, figures_on, names_of

SLIP = ledger_of([*background(26), *slips("story", [0] * 8 + [40] * 9 + [0] * 10)])
"""The debtor `story` pays eight invoices on its due day, nine 40 days late, and the rest by due again."""


@cache
def model() -> Segmenting:
    """The segments of the background, learned once: A by due, B four days late, C forty."""
    return segments_of(ledger_of(background(9)), 330)


def number_of(text: str) -> int:
    """The number of a day written as 2024-05-01."""
    return (date.fromisoformat(text) - START).days


def because(row: pd.Series) -> str:
    """Why a debtor moved, with the figures' names alone; what they are called for people is left out."""
    return re.sub(r"(^|; )[^;()]*\((\w+)\)", r"\1\2", row["moved_because"])


# ---- the story of a debtor who slips and recovers ----

STORY = """
2023-10-01  A  model
2023-11-01  A  model
2023-12-01  A  model
2024-01-01  A  model
2024-02-01  A  model
2024-03-01  A  model
2024-04-01  A  model
2024-05-01  A  kept    since 2024-05-01
2024-06-01  C  model   moved
2024-07-01  C  model
2024-08-01  C  model
2024-09-01  C  model
2024-10-01  C  kept    since 2024-10-01
2024-11-01  A  model   moved
2024-12-01  A  model
"""
"""A run on the first of each month. Invoices 0 to 7 were paid by 2023-08-29, each on its due day; 8 to 16
from 2023-11-07 to 2024-07-04, each 40 days late; from 2024-06-24 on the others, by due again."""


@pytest.fixture(scope="module")
def story() -> dict[str, pd.Series]:
    """The row of the debtor `story` in each run, by its day."""
    days = [line.split()[0] for line in STORY.strip().splitlines()]
    tables = runs(SLIP, segments_of(SLIP, number_of(days[0])), map(number_of, days))
    return dict(zip(days, (table.loc["story"] for table in tables.values()), strict=True))


def told(day: str, row: pd.Series) -> str:
    """A line of STORY."""
    beside = "moved" if row["moved"] else ""
    if row["source"] == "kept":
        beside = f"since {row['across_since']:%Y-%m-%d}"
    return f"{day}  {row['segment']}  {row['source']:5}   {beside}".rstrip()


def test_who_recovers_moves_back(story: dict[str, pd.Series]) -> None:
    """A, then C after months of paying forty days late, then A after months of paying by due again."""
    assert [told(day, row) for day, row in story.items()] == STORY.strip().splitlines()


def test_each_move_of_the_story_names_the_figures(story: dict[str, pd.Series]) -> None:
    """With what they were in the run before and what they are; nothing is said where nobody moves."""
    assert {day: because(row) for day, row in story.items() if row["moved"]} == {
        "2024-06-01": "lasting_late_share 55 % → 59 %; lasting_late_over_7_share 55 % → 59 %; "
        "clearly across the border, 31% nearer",
        "2024-11-01": "lasting_late_share 48 % → 44 %; lasting_late_over_7_share 48 % → 44 %; "
        "across the border since 2024-10-01",
    }
    assert all(pd.isna(row["moved_because"]) for row in story.values() if not row["moved"])
    kept = "kept in A: nearer to C by 17% since 2024-05-01; it moves when 25% nearer, or 30 days"
    assert story["2024-05-01"]["reason"] == kept


def test_a_figure_that_went_the_other_way_is_no_reason_to_move() -> None:
    """Eight late invoices: across to C in May, in June a little less late and across for thirty days."""
    ledger = ledger_of([*background(26), *slips("story", [0] * 8 + [40] * 8 + [0] * 10)])
    days = [number_of(day) for day in ("2024-04-01", "2024-05-01", "2024-06-01")]
    row = runs(ledger, model(), days)[days[-1]].loc["story"]
    assert (row["segment"], because(row)) == (
        "C",
        "lasting_late_share is 54 %; across the border since 2024-05-01",
    )


# ---- the same day again, and a later day on which nothing is new ----

DORMANT = settings_with(segments={"clusters": 3, "dormant_after_months": 6})
LEFT_ALONE = ledger_of(
    [
        (f"{debtor}_{n}", debtor, issued, issued + 40 if n < paid else None)
        for paid in range(4)
        for still_open in range(4)
        for start in (100, 150, 230)
        for debtor in [f"{paid} paid {still_open} open {start}"]
        for n, issued in enumerate(range(start, start + 20 * (paid + still_open), 20))
    ]
)
"""45 debtors, each with up to three invoices paid ten days late and up to three that stay open."""


@pytest.mark.parametrize("days", [["2024-05-01"], ["2024-04-01", "2024-05-01"], ["2024-05-01", "2024-06-01"]])
def test_repeating_the_run_of_a_day_moves_nobody(days: list[str]) -> None:
    """With the same previous run, or none, the answer is the same; after a run of that very day too."""
    *earlier, last = map(number_of, days)
    before = previous(runs(SLIP, model(), earlier)[earlier[-1]], earlier[-1]) if earlier else None
    reading = reading_on(SLIP, last)
    first = segments(reading, model(), before)
    pd.testing.assert_frame_equal(segments(reading, model(), before), first)
    again = segments(reading, model(), previous(first, last))
    assert not again["moved"].any()
    assert again["segment"].equals(first["segment"])


@settings(max_examples=examples(8), deadline=None)
@given(st.integers(150, 450), st.integers(1, 250))
def test_time_alone_moves_only_whom_an_aged_figure_carries(number: int, later: int) -> None:
    """No invoice for six months, or the third invoice more than 30 days past due: the row names it."""
    known = known_before(LEFT_ALONE, on(number))
    first = segments(reading_on(known, number, DORMANT), model())
    reading = reading_on(known, number + later, DORMANT)
    now = segments(reading, model(), previous(first, number))
    then, today = (figures_on(reading, now.index, on(n)) for n in (number, number + later))
    for debtor, row in now.iterrows():
        (was_dormant, dormant), (was_mature, mature) = (
            [bool(figures.loc[debtor, name] >= least) for figures in (then, today)]
            for name, least in (("months_since_last_invoice", 6), ("matured_invoices", 3))
        )
        carried = None
        if dormant and not was_dormant:
            carried = "months_since_last_invoice"
        elif mature and not was_mature and not dormant:
            carried = "matured_invoices"
        assert bool(row["moved"]) == (carried is not None), row
        if carried:
            change = f"{then.loc[debtor, carried]:.0f} → {today.loc[debtor, carried]:.0f}"
            assert because(row).startswith(f"{carried} {change}; rule ")


def test_dormant_is_who_buys_nothing_any_more() -> None:
    """The crowd's last invoice is of day 240: six whole months later all of it, and nobody a day sooner."""
    ledger = ledger_of([*background(9), *slips("buys", [0] * 16)])
    eve, morning = number_of("2024-02-28"), number_of("2024-02-29")
    found = runs(ledger, model(), [330, eve, morning], DORMANT)
    assert not found[eve]["moved"].any()
    moved = found[morning][found[morning]["moved"]]
    assert set(moved.index) == set(found[morning].index) - {"buys"}
    assert set(moved.apply(because, axis=1)) == {
        "months_since_last_invoice 5 → 6; rule dormant: no invoice for 6 months, dormant from 6"
    }


def test_who_stays_across_the_border_moves_by_the_days() -> None:
    """Nothing is new after 2024-05-01: kept on that day and 29 days later, moved after 30."""
    start = number_of("2024-05-01")
    known = known_before(SLIP, on(start))
    found = runs(known, model(), [start - 30, start, start + 29, start + 30])
    assert [table.loc["story", "source"] for table in found.values()] == ["model", "kept", "kept", "model"]
    last = found[start + 30]
    assert list(last.index[last["moved"]]) == ["story"]
    assert because(last.loc["story"]) == "lasting_late_share is 55 %; across the border since 2024-05-01"


# ---- the order of rows ----


def test_permuted_rows_of_the_ledger_give_the_same_segments() -> None:
    """Every table of the ledger shuffled: the same model and the same tables."""
    ledger = ledger_of(
        [*background(26), *slips("story", [0] * 8 + [40] * 9 + [0] * 9)],
        sector={"story": "steel", "prompt0_": "steel", "slow0_": "food", "asks": "food"},
    )
    shuffled = Ledger(**{name: table.sample(frac=1, random_state=5) for name, table in vars(ledger).items()})
    both = []
    for one in (ledger, shuffled):
        learned = segments_of(one, 480)
        both.append((learned, assigned(reading_on(one, 510), learned).tables))
    (learned, tables), (again, others) = both
    assert learned.parameters == again.parameters
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, others[name])


# ---- the alarm ----


@pytest.mark.parametrize(("movers", "share"), [(2, None), (3, "20.0%")])
def test_the_alarm_tells_when_more_than_the_share_moved(movers: int, share: str | None) -> None:
    """Two of 14 moved: 14.3 %, three of 15: 20 %; up to 15 % nothing is said."""
    changed = [row for n in range(movers) for row in slips(f"mover{n}", [0] * 8 + [40] * 9 + [0] * 9)]
    ledger = ledger_of([*background(26), *changed])
    start = number_of("2024-04-01")
    table = runs(ledger, model(), [start, start + 61])[start + 61]
    assert table["moved"].sum() == movers
    reading = reading_on(ledger, start + 61)
    said = " of the debtors moved between segments since the previous run, over 15%: "
    texts = [text.partition(said) for text in alarm(reading, table, names_of(reading, model()))]
    assert [before for before, found, _ in texts if found] == ([share] if share else [])
    assert bool(texts) == bool(share)


# ---- another scheme that treats ----


def test_a_scheme_of_thresholds_can_treat() -> None:
    """By mean days late of the year: 0 is A, 4 within a week A, 40 is C; nobody asks the learned centres."""
    abc = settings_with(segments={"scheme": "abc", "clusters": 3})
    ledger = ledger_of(background(12))
    reading = reading_on(ledger, 450, abc)
    table = segments(reading, model())
    assert set(table["scheme"]) == {"abc"}
    assert set(table["source"]) == {"model"}
    by_kind = table.groupby(table.index.str[:4])["segment"].unique().map(list).to_dict()
    assert by_kind == {"prom": ["A"], "slow": ["C"], "tard": ["A"]}
    assert table["model_segment"].equals(table["segment"])
    assert table.loc["slow0_", "reason"].startswith("by the scheme abc in C: 40.0 days late on average")
    assert table["model_version"].isna().all()
    assert names_of(reading, model()) == ["A", "B", "C"]


def test_a_change_of_scheme_is_no_border_to_be_kept_at() -> None:
    """B by its centre, A by the thresholds: it moves with the first run of the new scheme."""
    ledger = ledger_of(background(12))
    before = segments(reading_on(ledger, 420), model())
    abc = settings_with(segments={"scheme": "abc", "clusters": 3})
    now = segments(reading_on(ledger, 450, abc), model(), previous(before, 420))
    tardy = now[now.index.str.startswith("tardy")]
    assert set(tardy["segment"]) == {"A"}
    assert set(tardy["source"]) == {"model"}
    assert tardy["moved"].all()


# ---- rules ----


def test_a_rule_keeps_a_debtor_where_it_was() -> None:
    """The slip would have carried it to C; the rule holds it in A, and says so beside what the model says."""
    start = number_of("2024-04-01")
    before = segments(reading_on(SLIP, start), model())
    rules = rules_of({"name": "patience", "when": "overdue_invoices >= 0", "keep": True})
    reading = reading_on(SLIP, start + 61, rules=rules)
    row = segments(reading, model(), previous(before, start)).loc["story"]
    assert (row["segment"], row["model_segment"], row["source"]) == ("A", "C", "kept")
    assert (row["rule"], row["reason"], row["moved"]) == ("patience", "because", False)
    alone = segments(reading, model()).loc["story"]
    assert (alone["segment"], alone["source"]) == ("C", "model")


def test_a_rule_excludes_a_debtor_and_lets_it_back() -> None:
    """Intercompany is not judged by how it pays; when the rule ends it is in the segment of its figures."""
    ledger = ledger_of(background(12), type={"slow0_": "intercompany"})
    rules = rules_of(
        {"name": "settled", "when": 'type == "intercompany"', "exclude": True, "valid_to": on(420)}
    )
    out = segments(reading_on(ledger, 420, rules=rules), model())
    row = out.loc["slow0_"]
    assert (row["segment"], row["model_segment"]) == ("EXCLUDED", "C")
    assert (row["source"], row["rule"]) == ("rule", "settled")
    assert (out["segment"] == "EXCLUDED").sum() == 1
    back = segments(reading_on(ledger, 421, rules=rules), model(), previous(out, 420)).loc["slow0_"]
    assert (back["segment"], back["source"], back["moved"]) == ("C", "model", True)
    assert "rule settled no longer holds" in back["moved_because"]


def test_a_decision_of_the_credit_manager_goes_first_and_ends_at_once() -> None:
    """In B by hand until a day; on the day after it is back in A without any hesitation."""
    decided = pd.DataFrame(
        {
            "customer_id": ["prompt0_"],
            "segment": ["B"],
            "reason": ["a hunch"],
            "by": ["Mia"],
            "decided_on": [day(400)],
            "until": [day(420)],
        }
    )
    ledger = replace(ledger_of(background(12)), decisions=make_ledger(decisions=decided).decisions)
    found = runs(ledger, model(), [400, 401, 420, 421])
    rows = [table.loc["prompt0_"] for table in found.values()]
    assert [(row["segment"], row["source"]) for row in rows] == [
        ("A", "model"),
        ("B", "rule"),
        ("B", "rule"),
        ("A", "model"),
    ]
    assert rows[1]["reason"].startswith("decided by Mia on ")
    assert [bool(row["moved"]) for row in rows] == [False, True, False, True]


# ---- new debtors and prospects ----


@pytest.mark.parametrize(("number", "risk"), [(390, "average"), (391, "high")])
def test_a_new_debtor_more_than_thirty_days_past_due_is_a_high_risk_at_once(number: int, risk: str) -> None:
    """Its only invoice was due on day 360: on day 390 it is 30 days past due, a day later more than that."""
    young: list[Invoice] = [("young", "young", 330, None)]
    ledger = ledger_of([*background(12), *young])
    row = segments(reading_on(ledger, number), model()).loc["young"]
    assert (row["segment"], row["source"], row["risk"]) == ("NEW", "new", risk)


def test_graduation_is_by_matured_invoices_and_visible_as_a_move() -> None:
    """Three invoices paid on days 60, 90 and 120 are known the day after: NEW until then, then A."""
    ledger = ledger_of([*background(9), *slips("young", [0] * 4)])
    found = runs(ledger, model(), [90, 91])
    assert [table.loc["young", "segment"] for table in found.values()] == ["NEW", "A"]
    assert because(found[91].loc["young"]) == "matured_invoices 2 → 3; rule new no longer holds"


def test_a_prospect_has_a_provisional_segment_of_its_peers() -> None:
    """It has no invoice: NEW, expected to pay like its sector, with the range of that expectation."""
    sector = {f"{kind}{n}_": kind for kind in KINDS for n in range(OF_EACH)}
    ledger = ledger_of(background(12), sector=sector | {"asks": "prompt", "begs": "slow"})
    table = segments(reading_on(ledger, 400), model())
    prospects = table.loc[["asks", "begs"]]
    assert set(prospects["segment"]) == {"NEW"}
    assert prospects.loc["asks", "provisional_segment"] == "A"
    assert prospects.loc["begs", "provisional_segment"] in ("B", "C")
    low, middle, high = (
        prospects[name]
        for name in ("expected_late_share_p10", "expected_late_share", "expected_late_share_p90")
    )
    assert ((low < middle) & (middle < high)).all()
    assert middle["asks"] < middle["begs"]
    assert table.loc[~table.index.isin(["asks", "begs"]), "provisional_segment"].isna().all()
