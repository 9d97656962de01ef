import numpy as np
import pandas as pd

from models.evaluation.strata import newest_matured
from models.evaluation.truth import Truth


def truth_of(past, days_late, decided) -> Truth:
    """Paid invoices of one debtor each, lateness from the first day after due."""
    rows = len(past)
    return Truth(
        customer=pd.Series([f"c{n}" for n in range(rows)]),
        invoice=np.arange(rows),
        past=np.array(past),
        days_late=np.array(days_late),
        event=np.ones(rows, bool),
        decided=np.array(decided),
        still_open=np.ones(rows, bool),
        late_after_days=0,
    )


def days(*numbers: int) -> pd.Series:
    """Days of January 2024."""
    return pd.Series(pd.Timestamp("2023-12-31") + pd.to_timedelta(list(numbers), unit="D"))


def test_newest_third_by_day():
    """Of six points on the days 1 to 6 the newest third are those of the 5th and 6th."""
    truth = truth_of([-9] * 6, [0] * 6, [50] * 6)
    assert newest_matured(days(6, 5, 4, 3, 2, 1), truth).tolist() == [True, True] + [False] * 4


def test_a_day_is_never_split():
    """All of one day are in or out together."""
    truth = truth_of([-9] * 6, [0] * 6, [50] * 6)
    assert newest_matured(days(1, 1, 1, 2, 2, 2), truth).tolist() == [False] * 3 + [True] * 3


def test_early_payments_of_undecided_days_do_not_count():
    """Days 7 to 9 are known only because they paid early: not among the newest, nor do they move the span."""
    truth = truth_of([-9] * 9, [0] * 6 + [-8] * 3, [50] * 6 + [-5] * 3)
    assert np.flatnonzero(newest_matured(days(*range(1, 10)), truth)).tolist() == [4, 5]


def test_points_past_the_limit_do_not_count():
    """A point after due says nothing of lateness."""
    truth = truth_of([-9, -9, -9, 7], [0, 0, 0, 20], [50] * 4)
    assert np.flatnonzero(newest_matured(days(1, 2, 3, 4), truth)).tolist() == [2]
