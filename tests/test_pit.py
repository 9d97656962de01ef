import numpy as np
import pytest

from models.evaluation.pit import pit
from models.payment.payment_curve import payment_curve
from models.scorer import CLASSES, QUANTILES


def even_curve(rows: int, spread: int, start: int):
    """Curves on the due day, by which the payment falls evenly on `spread` days from `start` on."""
    days = {name: np.full(rows, start + share * spread - 1) for name, share in QUANTILES.items()}
    return payment_curve(days, np.zeros(rows, np.int64))


def test_payments_drawn_from_the_curve_are_flat():
    """Days drawn evenly from 0 to 99, of which those after 90 count as unpaid: within chance."""
    rng = np.random.default_rng(0)
    days = rng.integers(0, 100, 5000)
    result = pit(complete(5000), days, 90, np.arange(5000), seed=1)
    assert result["largest_deviation"] <= result["chance_p95"]
    assert len(result["histogram"]) == 10
    assert sum(result["histogram"]) == pytest.approx(1, abs=1e-5)


def complete(rows: int):
    """The even curve over 0 … 99 with its class borders, which say what is left after 90."""
    columns = {name: np.full(rows, share * 100 - 1) for name, share in QUANTILES.items()}
    columns |= {
        name: np.full(rows, share) for name, share in zip(CLASSES, (0.01, 0.3, 0.3, 0.3, 0.09), strict=True)
    }
    return payment_curve(columns, np.zeros(rows, np.int64))


def test_too_narrow_a_curve_piles_up_at_both_ends():
    """Paid over 90 days, predicted around the middle: the outer tenths hold far more than a tenth."""
    days = np.random.default_rng(0).integers(0, 90, 2000)
    result = pit(even_curve(2000, spread=20, start=40), days, 90, np.arange(2000), seed=1)
    assert result["histogram"][0] > 0.3
    assert result["histogram"][-1] > 0.3
    assert result["largest_deviation"] > 5 * result["chance_p95"]


def test_unpaid_rows_are_spread_over_what_the_curve_has_left():
    """All unpaid after 90 where the curve had 0.91 paid: all in the last tenth."""
    result = pit(complete(50), np.full(50, 91), 90, np.arange(50), seed=0)
    assert result["histogram"] == [0] * 9 + [1]


def test_landmarks_of_one_invoice_raise_what_chance_may_do():
    """A hundred invoices on four landmarks say less than four hundred invoices."""
    days = np.random.default_rng(0).integers(0, 90, 400)
    apart = pit(complete(400), days, 90, np.arange(400), seed=0)["chance_p95"]
    together = pit(complete(400), days, 90, np.repeat(np.arange(100), 4), seed=0)["chance_p95"]
    assert together == pytest.approx(2 * apart, rel=0.25)


def test_same_seed_same_histogram():
    """The draws are seeded: repeated they are the same, under another seed others."""
    days = np.random.default_rng(0).integers(0, 90, 300)
    first, again, other = (
        pit(even_curve(300, 73, 0), days, 90, np.arange(300), seed=seed)["histogram"] for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
