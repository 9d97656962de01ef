"""Whose first friendly reminder waits, since when, for how long, and when it stops doing so."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu
from thoroughness import examples

from features.contracts import OUTPUT_TABLES
from features.ledger import Ledger, make_ledger
from models.reminding.habits import payment_habits
from models.reminding.shifts import shifts
from models.reminding.sliding import _chance_of_later, since_begun, sliding_warnings

START = date(2024, 1, 1)
GUARDS = {"min_settled": 6, "max_shift_days": 7, "max_spread_days": 5, "expires_after_days": 180}

Story = list[tuple[str, int, int]]
"""Payments: debtor, day number of the due day, days late."""


def day(number: int) -> date:
    """The number-th day."""
    return START + timedelta(number)


def books_of(story: Story) -> tuple[pd.DataFrame, Ledger]:
    """Closings and ledger of these payments; each is known on its day."""
    due = [pd.Timestamp(day(number)) for _, number, _ in story]
    settled = [at + timedelta(days=late) for at, (*_, late) in zip(due, story, strict=True)]
    names = {"invoice_id": [f"I{n}" for n in range(len(story))], "customer_id": [who for who, *_ in story]}
    invoices = pd.DataFrame({**names, "issued_on": due, "due_on": due, "amount_minor": 100})
    closings = pd.DataFrame({**names, "settled_on": settled, "known_on": settled, "how": "paid"})
    days = dict.fromkeys(["settled_on", "known_on", "reopened_known_on"], "datetime64[s]")
    closings = closings.assign(reopened_known_on=None).astype(
        {**days, "invoice_id": "str", "customer_id": "str"}
    )
    return closings, make_ledger(invoices=invoices)


def shifts_on(number: int, story: Story, previous: pd.DataFrame | None = None, **guards: int) -> pd.DataFrame:
    """The shifts of a run on the number-th day, knowing what was known before it."""
    closings, ledger = books_of(story)
    limits = {**GUARDS, **guards}
    habits = payment_habits(closings, ledger, day(number))
    return shifts(habits, previous, closings, ledger, limits, day=day(number))


def paying(debtor: str, late: int, *, first: int = 0, count: int = 8, every: int = 10) -> Story:
    """Payments that vary by a day to either side, due every `every` days from the first."""
    return [(debtor, first + every * n, late + n % 3 - 1) for n in range(count)]


# ---- a shift's life ----


def test_a_shift_begins_with_the_habit() -> None:
    """Eight payments of 2, 3, 4 days late: shifted by 3 from the run day on, for 180 days."""
    row = shifts_on(100, paying("X", 3)).iloc[0]
    assert row.to_dict() == {
        "customer_id": "X",
        "shift_days": 3,
        "baseline_days_late": 3.0,
        "activated_on": pd.Timestamp(day(100)),
        "expires_on": pd.Timestamp(day(280)),
        "settled_since": 0,
        "days_late_since": pytest.approx(np.nan, nan_ok=True),
        "sliding": False,
    }


def test_the_table_is_that_of_the_contract() -> None:
    """Column by column, also when nobody has a shift."""
    names = [column.inside for column in OUTPUT_TABLES["reminder_shifts"].columns]
    full, empty = shifts_on(100, paying("X", 3)), shifts_on(100, [])
    assert list(full) == list(empty) == names
    assert len(empty) == 0
    assert full.dtypes.astype(str).to_dict() == empty.dtypes.astype(str).to_dict()


@pytest.mark.parametrize(
    ("story", "shift"),
    [
        (paying("X", 7), [7]),
        (paying("X", 8), []),
        (paying("X", 40), []),
        (paying("X", 0), []),
        (paying("X", -5), []),
        (paying("X", 3, count=5), []),
        (paying("X", 3, count=6), [3]),
        ([("X", 10 * n, 12 * (n % 2)) for n in range(8)], []),
    ],
)
def test_guards(story: Story, shift: list[int]) -> None:
    """A clear habit of 1 to 7 days: who is 40 days late, erratic, or little known has no row."""
    assert shifts_on(100, story)["shift_days"].tolist() == shift


def test_who_is_late_once_reminded_has_no_shift() -> None:
    """Six payments 3 days late, seven 40 days late after a reminder: the worst do not earn a wait."""
    closings, ledger = books_of(paying("X", 3, count=6) + [("X", 5 + n, 40) for n in range(7)])
    invoices = ledger.invoices.assign(dunning_level=[0] * 6 + [1] * 7)
    habits = payment_habits(closings, make_ledger(invoices=invoices), day(100))
    assert habits["median_days_late"].tolist() == [3.0]
    table = shifts(habits, None, closings, make_ledger(invoices=invoices), GUARDS, day=day(100))
    assert table.empty


def test_a_shift_stands_until_it_expires_whatever_the_habit_does() -> None:
    """The debtor now pays 5 days late: 3 days still, until day 280, when 5 are measured."""
    before = paying("X", 3)
    first = shifts_on(100, before)
    story = before + paying("X", 5, first=101, count=3)
    later = shifts_on(200, story, first)
    assert (later["shift_days"].item(), later["activated_on"].item()) == (3, pd.Timestamp(day(100)))
    assert (later["settled_since"].item(), later["days_late_since"].item()) == (3, 5.0)
    story += paying("X", 5, first=150, count=24, every=5)
    assert shifts_on(279, story, later)["shift_days"].item() == 3
    anew = shifts_on(280, story, later)
    assert (anew["shift_days"].item(), anew["activated_on"].item()) == (5, pd.Timestamp(day(280)))
    assert (anew["baseline_days_late"].item(), anew["settled_since"].item()) == (5.0, 0)


def test_an_expired_habit_that_is_gone_leaves_no_row() -> None:
    """Nothing paid in the last 365 days."""
    first = shifts_on(100, paying("X", 3))
    assert shifts_on(500, paying("X", 3), first).empty


def test_tighter_guards_end_a_shift_and_unknown_debtors_have_none() -> None:
    """A shift of 3 with at most 2 allowed; a debtor whose invoices the ledger no longer has."""
    first = shifts_on(100, paying("X", 3))
    assert shifts_on(110, paying("X", 3), first, max_shift_days=2).empty
    assert shifts_on(110, paying("Y", 3), first)["customer_id"].tolist() == ["Y"]


# ---- sliding ----


def test_payment_that_slides_ends_the_shift_from_the_next_run_until_it_expires() -> None:
    """Three days late before, six since: seen on day 170, no shift on day 171, and none until day 280."""
    first = shifts_on(100, paying("X", 3))
    story = paying("X", 3) + paying("X", 6, first=101, count=7, every=8)
    seen = shifts_on(170, story, first)
    assert (seen["sliding"].item(), seen["shift_days"].item()) == (True, 3)
    after = shifts_on(171, story, seen)
    assert (after["sliding"].item(), after["shift_days"].item()) == (True, 0)
    back = story + paying("X", 3, first=180, count=8)
    assert shifts_on(279, back, after)[["sliding", "shift_days"]].iloc[0].tolist() == [True, 0]
    assert shifts_on(280, back, after)["activated_on"].item() == pd.Timestamp(day(280))


@pytest.mark.parametrize(("since", "count"), [(3, 7), (4, 7), (2, 7), (6, 4)])
def test_payment_that_stays_or_is_little_known_is_no_alarm(since: int, count: int) -> None:
    """As before, a day later (less than half of the shift of 3), earlier; four payments are too few."""
    first = shifts_on(100, paying("X", 3))
    story = paying("X", 3) + paying("X", since, first=101, count=count, every=8)
    found = shifts_on(170, story, first)
    assert (found["sliding"].item(), found["settled_since"].item()) == (False, count)


def test_two_late_payments_among_many_are_no_alarm() -> None:
    """Once forgotten is not a habit that slides."""
    first = shifts_on(100, paying("X", 3))
    story = paying("X", 3) + paying("X", 3, first=101, count=7, every=8) + [("X", 102, 30), ("X", 105, 25)]
    assert not shifts_on(170, story, first)["sliding"].item()


groups = st.lists(
    st.tuples(st.lists(st.integers(0, 6), min_size=5, max_size=9), st.lists(st.integers(0, 6), min_size=5)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=examples(60), deadline=None)
@given(groups)
def test_the_rank_test_is_that_of_mann_and_whitney(samples: list[tuple[list[int], list[int]]]) -> None:
    """SciPy's, one-sided with continuity correction, for each debtor."""
    late = np.array([x for before, since in samples for x in (*before, *since)], dtype=np.int64)
    group = np.repeat(np.arange(len(samples)), [len(b) + len(s) for b, s in samples])
    is_since = np.array([flag for b, s in samples for flag in [False] * len(b) + [True] * len(s)])
    mixed = np.random.default_rng(0).permutation(len(late))
    found = _chance_of_later(late[mixed], group[mixed], is_since[mixed], len(samples))
    for chance, (before, since) in zip(found, samples, strict=True):
        if len({*before, *since}) > 1:
            expected = mannwhitneyu(since, before, alternative="greater", method="asymptotic").pvalue
            assert chance == pytest.approx(expected, abs=1e-12)
        else:
            assert chance == 1


def test_since_and_before_are_told_by_the_due_day() -> None:
    """Due on day 50, when the shift began, is before, on day 51 since; 365 days earlier is neither."""
    closings, ledger = books_of([("X", 50 - 365, 9), ("X", 50, 1), ("X", 51, 4), ("Y", 51, 8)])
    late = pd.DataFrame({"customer_id": closings["customer_id"], "due_on": ledger.invoices["due_on"]})
    late["days_late"] = [9, 1, 4, 8]
    begun = pd.DataFrame({"customer_id": ["X"], "shift_days": [1], "activated_on": [pd.Timestamp(day(50))]})
    found = since_begun(late, begun)
    assert found[["settled_since", "days_late_since"]].iloc[0].tolist() == [1, 4.0]


# ---- the warning ----


def table(*rows: tuple[int, float, float, int, bool]) -> pd.DataFrame:
    """Shifts: shift, median before, median since, payments since, sliding."""
    names = ["shift_days", "baseline_days_late", "days_late_since", "settled_since", "sliding"]
    return pd.DataFrame(list(rows), columns=names).astype({"sliding": bool})


STAYED, ALONG, SLID = (3, 3.0, 3.0, 9, False), (3, 3.0, 5.0, 9, False), (3, 3.0, 6.0, 9, True)


@pytest.mark.parametrize(
    ("rows", "warned"),
    [
        ([], False),
        ([STAYED] * 20, False),
        ([SLID], False),  # one wrong alarm in thirty is expected
        ([SLID] * 2, True),  # 0.03 x 0.03 is beyond chance
        ([SLID] * 2 + [STAYED] * 98, False),
        ([SLID] * 9 + [STAYED] * 91, True),
        ([ALONG] * 6, False),  # 1 in 64
        ([ALONG] * 7, True),  # 1 in 128
        ([ALONG] * 10 + [STAYED] * 10, False),
        ([(3, 3.0, 6.0, 4, False)] * 20, False),  # too few payments each
        ([(0, 3.0, 6.0, 9, True)] * 2, True),  # ended in an earlier run
    ],
)
def test_the_portfolio_is_warned_beyond_chance(
    rows: list[tuple[int, float, float, int, bool]], warned: bool
) -> None:
    """By more sliding debtors than wrong alarms explain, or by most of them moving along."""
    assert bool(sliding_warnings(table(*rows))) is warned


def test_the_warning_says_how_many_and_the_way_out() -> None:
    """In one sentence."""
    assert sliding_warnings(table(*[SLID] * 3, *[ALONG] * 2, *[STAYED] * 2)) == [
        "payment slides along with the later reminder: of 7 debtors whose reminder is shifted, 5 pay later "
        "by at least half of the shift, 3 of them beyond doubt (their shift ends); if it goes on, set "
        "`timing: fixed` in the policy"
    ]


# ---- properties ----


def test_a_table_read_back_from_a_file_gives_the_same(tmp_path: Path) -> None:
    """Parquet knows no seconds: days come back as milliseconds."""
    first = shifts_on(100, paying("X", 3) + paying("Y", 5))
    first.to_parquet(tmp_path / "shifts.parquet")
    story = paying("X", 3) + paying("Y", 5) + paying("X", 6, first=101, count=7, every=8)
    again = pd.read_parquet(tmp_path / "shifts.parquet")
    pd.testing.assert_frame_equal(shifts_on(170, story, again), shifts_on(170, story, first))


stories = st.lists(
    st.tuples(st.sampled_from("XYZ"), st.integers(0, 200), st.integers(-3, 12)), min_size=1, max_size=60
)


@settings(max_examples=examples(6), deadline=None)
@given(stories, st.randoms(use_true_random=False))
def test_the_future_and_the_order_of_rows_change_nothing(story: Story, random: object) -> None:
    """Payments known on or after the day are not seen; permuted rows give the same table; repeats too."""
    known = [row for row in story if row[1] + row[2] < 150]
    mixed = list(story)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    first = shifts_on(100, story)
    for other in (mixed, known, story):
        pd.testing.assert_frame_equal(shifts_on(150, story, first), shifts_on(150, other, first))
        assert shifts_on(100, other).equals(first)
