"""What to expect of a debtor with little or no history, from debtors like it."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples

from features.cleaning import clean
from features.ledger import Ledger, known_before
from features.payment_history import debtor_features
from features.settlement import Tolerance, keep_books
from features.simulate import simulate
from models.facts import customers_on
from models.segments.provisional import GROUP_CLOSINGS, provisional
from models.segments.risk import newest_scores

Frame = pd.DataFrame
SHARES = ["expected_late_share", "expected_late_share_p10", "expected_late_share_p90"]


def person(late: int, closings: int, matured: int | None = None, **traits: Any) -> dict[str, Any]:
    """A debtor with so many closings, all lately, and its master data."""
    share = late / closings if closings else np.nan
    return {
        "settled_invoices": closings, "settled_invoices_365d": closings, "late_share": share,
        "late_share_365d": share, "matured_invoices": closings if matured is None else matured, **traits,
    }  # fmt: skip


def expected(people: dict[str, dict[str, Any]], names: str = "AB", **segments: str) -> Frame:
    """What is expected of these people; their segments are by name."""
    figures = pd.DataFrame.from_dict(people, orient="index").rename_axis("customer_id")
    master = figures.reindex(columns=["sector", "size", "country", "type"]).astype("str")
    score = figures.reindex(columns=["external_score"])["external_score"].astype("float64")
    numbers = figures.drop(columns=[*master, "external_score"], errors="ignore").astype("float64")
    learned = pd.Series(segments, dtype="str")
    return provisional(numbers, master, score, learned, list(names), new_until_matured=3)


def crowd(count: int, late: int, closings: int, prefix: str, **traits: Any) -> dict[str, dict[str, Any]]:
    """Debtors that are all the same."""
    return {f"{prefix}{number:03d}": person(late, closings, **traits) for number in range(count)}


MIXED = {**crowd(20, 1, 10, "g", sector="retail"), **crowd(20, 7, 10, "h", sector="building")}
LEARNED = {name: "A" if name.startswith("g") else "B" for name in MIXED}


def test_a_debtor_is_expected_to_do_what_its_sector_does() -> None:
    """One in ten late in retail, seven in ten in building: a prospect is between all and its own."""
    table = expected({**MIXED, "r": person(0, 0, sector="retail"), "b": person(0, 0, sector="building")})
    retail, building = table.loc["r", "expected_late_share"], table.loc["b", "expected_late_share"]
    assert 0.1 < retail < 0.25
    assert 0.55 < building < 0.7


def test_a_group_is_shrunken_by_so_many_closings_towards_all() -> None:
    """Counted by hand for 5 debtors of 1 closing each, 4 late: all (4+1)/(5+2), retail as many again + 20."""
    people = {f"e{n}": person(int(n > 0), 1, matured=3, sector="retail") for n in range(5)}
    table = expected({**people, "new": person(0, 0, sector="retail")})
    everybody = 5 / 7
    assert table.loc["new", "expected_late_share"] == pytest.approx((4 + GROUP_CLOSINGS * everybody) / 25)


def test_traits_add_up_on_the_log_odds_scale_and_are_not_counted_twice() -> None:
    """Where all of retail are small and nobody else is, being small says nothing that retail has not said."""
    people = {name: {**one, "size": one["sector"]} for name, one in MIXED.items()}
    once = expected({**MIXED, "new": person(0, 0, sector="retail")})
    twice = expected({**people, "new": person(0, 0, sector="retail", size="retail")})
    first, second = once.loc["new", "expected_late_share"], twice.loc["new", "expected_late_share"]
    assert 0.1 < second < first
    other = expected({**people, "new": person(0, 0, sector="retail", size="building")})
    assert other.loc["new", "expected_late_share"] > first


def test_own_closings_count_with_weight_one() -> None:
    """Each of them moves the share, and narrows what it may be."""
    people = {
        **MIXED,
        "x0": person(0, 0, sector="retail"),
        "x1": person(1, 1, sector="retail"),
        "x2": person(2, 2, sector="retail"),
        "y2": person(0, 2, sector="retail"),
    }
    share = expected(people)["expected_late_share"]
    assert share["y2"] < share["x0"] < share["x1"] < share["x2"]
    own = share["x0"]
    strength = (1 - share["x1"]) / (
        share["x1"] - own
    )  # (m s + 1) / (s + 1) is the share after one late closing
    assert share["x2"] == pytest.approx((own * strength + 2) / (strength + 2))
    assert share["y2"] == pytest.approx(own * strength / (strength + 2))


def test_the_provisional_segment_is_the_nearest_one_and_only_for_new_debtors() -> None:
    """A new retailer is like A, a new builder like B; whoever has three matured invoices needs none."""
    people = {**MIXED, "r": person(0, 2, sector="retail"), "b": person(0, 0, sector="building")}
    table = expected(people, **LEARNED)
    assert table["provisional_segment"].dropna().to_dict() == {"r": "A", "b": "B"}
    assert table["words"].notna().sum() == 2
    assert table[SHARES].notna().all(axis=None)


def test_segments_that_no_established_debtor_is_in_are_not_given() -> None:
    """Names without debtors, segments of rules, and no segments at all."""
    people = {**MIXED, "new": person(0, 0, sector="building")}
    assert expected(people, "ABC", **LEARNED).loc["new", "provisional_segment"] == "B"
    rules = {name: "DORMANT" if segment == "B" else segment for name, segment in LEARNED.items()}
    assert expected(people, "AB", **rules).loc["new", "provisional_segment"] == "A"
    assert pd.isna(expected(people).loc["new", "provisional_segment"])
    assert pd.isna(expected(people, "").loc["new", "provisional_segment"])


def test_of_equally_near_segments_the_worse_is_given() -> None:
    """Two segments of debtors that do the same."""
    twins = {name: "A" if number % 2 else "B" for number, name in enumerate(crowd(20, 3, 10, "g"))}
    table = expected({**crowd(20, 3, 10, "g"), "new": person(0, 0)}, **twins)
    assert table.loc["new", "provisional_segment"] == "B"


def test_the_words_say_whom_it_is_like_and_the_figures() -> None:
    """Only groups in which somebody has a history, its own closings, the share and its interval."""
    traits = {"sector": "retail", "size": "small", "country": "NL", "external_score": 65.0}
    people = {
        **crowd(20, 1, 10, "g", **traits),
        **crowd(20, 7, 10, "h", sector="building", size="small", external_score=100.0),
        "n1": person(1, 2, **traits),
        "n2": person(0, 0, sector="fishing", external_score=99.0),
        "n3": person(0, 0),
    }
    table = expected(people)

    def figures(name: str) -> str:
        share, low, high = (f"{100 * each:.0f} %" for each in table.loc[name, SHARES])
        return f"{share} late, {low} to {high}"

    assert table.loc["n1", "words"] == (
        "like 20 in retail, 40 of size small, 20 in NL, 20 with an external score of 60 to 70, "
        f"and 1 of its 2 closings were late: {figures('n1')}"
    )
    assert table.loc["n2", "words"] == f"like 20 with an external score of 90 to 100: {figures('n2')}"
    assert table.loc["n3", "words"] == f"like all 40 debtors with a history: {figures('n3')}"
    assert table["words"].notna().sum() == 3


def test_where_nobody_has_a_history_anything_is_possible() -> None:
    """Half, from nearly never to nearly always, and no segment; no debtor at all is no mistake."""
    table = expected({"new": person(0, 0, sector="retail")}, A="A")
    assert table.loc["new", "expected_late_share"] == 0.5
    assert table.loc["new", "expected_late_share_p10"] < 0.01
    assert table.loc["new", "expected_late_share_p90"] > 0.99
    assert table.loc["new", "words"].startswith("like nobody so far: 50 % late, 0 % to ")
    assert pd.isna(table.loc["new", "provisional_segment"])
    nobody = pd.DataFrame(columns=[*person(0, 0), "sector", "size", "country", "type"], dtype="float64")
    nothing = pd.Series(dtype="float64")
    assert provisional(nobody, nobody, nothing, nothing, ["A"], new_until_matured=3).empty


@pytest.mark.parametrize("trait", [{}, {"sector": "fishing"}])
def test_missing_master_data_falls_back_and_is_less_certain(trait: dict[str, str]) -> None:
    """Without a sector, or in one that nobody else is in: the share of all, and maybe that of any sector."""
    table = expected({**MIXED, "known": person(0, 0, sector="retail"), "unknown": person(0, 0, **trait)})
    share, low, high = table.loc["unknown", SHARES]
    assert share == pytest.approx(0.4, abs=0.01)
    assert low < 0.1
    assert high > 0.7
    _, of_known, to_known = table.loc["known", SHARES]
    assert to_known - of_known < 0.3


@pytest.mark.parametrize("kind", ["one_time", "intercompany"])
def test_nobody_is_like_an_account_of_many(kind: str) -> None:
    """A one-time or intercompany account has a history, but not that of a debtor."""
    people = {**MIXED, "new": person(0, 0, sector="retail")}
    account = person(90, 90, sector="retail", type=kind)
    apart = expected({**people, "many": account}).drop(index="many")
    pd.testing.assert_frame_equal(apart, expected(people))
    counted = expected({**people, "many": {**account, "type": "normal"}})
    assert counted.loc["new", "expected_late_share"] > apart.loc["new", "expected_late_share"]


def test_a_debtor_with_very_many_closings_does_not_speak_for_its_whole_sector() -> None:
    """A thousand closings of one debtor, all late, move retail less than ten debtors with four each."""
    one = expected(
        {**MIXED, "big": person(1000, 1000, sector="retail"), "new": person(0, 0, sector="retail")}
    )
    ten = expected({**MIXED, **crowd(10, 4, 4, "k", sector="retail"), "new": person(0, 0, sector="retail")})
    assert one.loc["new", "expected_late_share"] < ten.loc["new", "expected_late_share"]


people_drawn = st.lists(
    st.tuples(
        st.integers(0, 8), st.integers(0, 8), st.sampled_from(["x", "y", None]),
        st.sampled_from(["s", None]), st.one_of(st.none(), st.floats(0, 100)),
    ),
    max_size=25,
)  # fmt: skip


@settings(max_examples=examples(25), deadline=None)
@given(people_drawn, st.randoms())
def test_shares_lie_in_their_intervals_and_rows_may_come_in_any_order(
    drawn: list[tuple[int, int, str | None, str | None, float | None]], random: Any
) -> None:
    """0 < p10 < p90 < 1 and a share between 0 and 1, for whatever portfolio; shuffled rows say the same."""
    people = {
        f"c{number:02d}": person(
            min(late, of), of, sector=sector, size=size, external_score=np.nan if score is None else score
        )
        for number, (late, of, sector, size, score) in enumerate(drawn)
    }
    people["last"] = person(0, 0)
    segments = {name: random.choice("AB") for name in people}
    table = expected(people, **segments)
    share, low, high = (table[name] for name in SHARES)
    assert ((low >= 0) & (low < high) & (high <= 1) & (share > 0) & (share < 1)).all()
    shuffled = expected(dict(random.sample([*people.items()], len(people))), **segments)
    pd.testing.assert_frame_equal(table, shuffled)


# does the interval hold what it says? ----------------------------------------------------------------


def test_the_interval_holds_eight_in_ten_of_the_true_shares() -> None:
    """Debtors whose true shares are drawn around those of sectors: 70 to 90 % of the new ones' lie in it."""
    rng = np.random.default_rng(5)
    count = 3000
    sector = rng.integers(0, 6, count)
    level = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.8])[sector]
    true = rng.beta(2 * level, 2 * (1 - level))
    closings = np.where(rng.random(count) < 0.3, rng.integers(0, 3, count), rng.integers(3, 40, count))
    late = rng.binomial(closings, true)
    people = {
        f"c{number:04d}": person(int(late[number]), int(closings[number]), sector=f"s{sector[number]}")
        for number in range(count)
    }
    table = expected(people)
    new = closings < 3
    held = (true > table[SHARES[1]]) & (true < table[SHARES[2]])
    for own in range(3):
        assert 0.72 < held[closings == own].mean() < 0.88
    print(f"held {held[new].mean():.3f} of {new.sum()} true shares")
    assert np.corrcoef(true[new], table.loc[new, SHARES[0]])[0, 1] > 0.6


def figures_on(ledger: Ledger, day: date) -> Frame:
    """The features of all debtors on a day."""
    known = known_before(ledger, day)
    ids = sorted({*known.customers["customer_id"], *known.invoices["customer_id"]})
    points = pd.DataFrame({"customer_id": ids, "day": pd.Timestamp(day)})
    return debtor_features(keep_books(known, Tolerance()), points).set_axis(pd.Index(ids, name="customer_id"))


@pytest.mark.slow
def test_the_interval_holds_what_simulated_debtors_did_later() -> None:
    """Shares of at least 30 later closings of debtors who were new at the cutoff; 70 to 90 % lie in it."""
    cutoff, end = date(2023, 7, 1), date(2025, 1, 1)
    held: list[bool] = []
    for seed in (1, 2, 3):
        tables = simulate(debtors=900, months=36, seed=seed, end=end, invoices=90_000).tables
        ledger = clean(tables, today=end, home_currency="EUR").ledger
        before, after = figures_on(ledger, cutoff), figures_on(ledger, end)
        known = known_before(ledger, cutoff)
        newest = newest_scores(known.credit_scores, pd.Series(before.index, dtype="str"), cutoff)
        score = newest["score"].set_axis(before.index[newest["debtor"]])
        nothing = pd.Series(dtype="str")
        table = provisional(
            before, customers_on(known.customers, cutoff), score, nothing, [], new_until_matured=3
        )
        after = after.reindex(before.index)
        late, closings = (
            (now - then.fillna(0))
            for now, then in (
                (
                    after["late_share"] * after["settled_invoices"],
                    before["late_share"] * before["settled_invoices"],
                ),
                (after["settled_invoices"], before["settled_invoices"]),
            )
        )
        judged = (before["matured_invoices"] < 3) & (closings >= 30)
        share = (late / closings)[judged]
        low, high = (table.loc[judged, name] for name in SHARES[1:])
        held += [*((share > low - 1e-9) & (share < high + 1e-9))]
    print(f"held {np.mean(held):.3f} of {len(held)} later shares")
    assert len(held) > 100
    assert 0.70 < np.mean(held) < 0.90
