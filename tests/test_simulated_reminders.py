"""In the simulator a reminder has a true effect, and whom it reaches depends on how late that debtor is."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.simulate import Portfolio, simulate, write_portfolio
from features.simulated_debtors import NEVER, PAYERS
from features.simulated_reminders import (
    RESPONSES,
    first_reminders,
    historic_reminders,
    reminded_pay_days,
    response,
)

END = date(2026, 7, 1)
MONDAY = int(np.datetime64("2026-06-01", "D").astype(np.int64))
ON_TIME = [payer.payer_type for payer in PAYERS].index("on_time")


def debtors(*rows: dict[str, object]) -> pd.DataFrame:
    """Debtors without a pay-run, unless the row says otherwise."""
    plain = {"kind": ON_TIME, "weekly": False, "month_end": False, "payday": 0, "debit": False}
    return pd.DataFrame([{**plain, "do_not_contact": False, "level": 0.0, **row} for row in rows])


def one_item(pay: int, due: int = 0) -> pd.DataFrame:
    """One invoice of the first debtor; days are counted from a Monday."""
    return pd.DataFrame({"debtor": [0], "due": [MONDAY + due], "pay_on": [MONDAY + pay]})


def paid(pay: int, reminded: int, days: int, *, due: int = 0, responds: bool = True, **debtor: object) -> int:
    """The day, from the Monday, on which one invoice is paid."""
    lots = pd.DataFrame({"responds": [responds], "response_days": [days]})
    on = np.array([NEVER if reminded == NEVER else MONDAY + reminded])
    return int(reminded_pay_days(debtors(debtor), one_item(pay, due), lots, on)[0]) - MONDAY


def test_who_responds_pays_so_many_days_after_the_reminder() -> None:
    """Due on Monday the 1st, reminded on day 7, three days to respond: paid on day 10, not on day 30."""
    assert paid(30, 7, 3) == 10


def test_who_does_not_respond_pays_as_ever() -> None:
    """The same reminder does nothing to who does not respond."""
    assert paid(30, 7, 3, responds=False) == 30


def test_a_reminder_never_makes_payment_later() -> None:
    """Who was about to pay on day 8 does not wait for the response days of a reminder on day 7."""
    assert paid(8, 7, 14) == 8


@pytest.mark.parametrize("reminded", [30, 31, NEVER])
def test_a_reminder_that_comes_too_late_or_never_changes_nothing(reminded: int) -> None:
    """On the day of payment, after it, or never: paid on day 30."""
    assert paid(30, reminded, 3) == 30


def test_nobody_pays_before_the_due_day_because_of_a_reminder() -> None:
    """A reminder 10 days before due and three days to respond: paid on the due day."""
    assert paid(50, 4, 3, due=14) == 14


def test_the_response_waits_for_the_pay_run() -> None:
    """Day 10 is a Thursday: who pays on Fridays pays on day 11, at the end of the month on day 29."""
    assert paid(60, 7, 3, weekly=True, payday=4) == 11
    assert paid(60, 7, 3, month_end=True) == 29


def test_the_response_falls_on_a_working_day() -> None:
    """Day 12 is a Saturday: paid on Monday, day 14."""
    assert paid(60, 7, 5) == 14


@given(
    pay=st.integers(0, 90),
    days=st.integers(1, 20),
    reminded=st.lists(st.integers(-20, 90), min_size=2, max_size=2),
    weekly=st.booleans(),
    responds=st.booleans(),
)
def test_an_earlier_reminder_never_brings_later_payment(
    pay: int, days: int, reminded: list[int], weekly: bool, responds: bool
) -> None:
    """With the same luck, payment is monotone in the day of the reminder and never after the natural day."""
    early, late = (
        paid(pay, day, days, responds=responds, weekly=weekly, payday=2) for day in sorted(reminded)
    )
    assert early <= late <= pay


def test_the_share_that_responds_is_that_of_the_type() -> None:
    """Of 20,000 invoices per type the share and the mean days are those stated; a direct debit never does."""
    people = debtors(*({"kind": kind} for kind in range(len(PAYERS))), {"debit": True})
    item = pd.DataFrame({"debtor": np.repeat(np.arange(len(people)), 20_000)})
    drawn = response(np.random.default_rng(1), people, item).groupby(item["debtor"]).mean()
    for kind, payer in enumerate(PAYERS):
        assert tuple(drawn.loc[kind]) == pytest.approx(RESPONSES[payer.payer_type], abs=0.06)
    assert drawn.loc[len(PAYERS), "responds"] == 0


def test_those_thought_late_are_reminded_more_and_earlier() -> None:
    """Of 100 debtors the latest quarter gets more first reminders than the best, and a week sooner."""
    people = debtors(*({"level": float(level)} for level in range(100)))
    item = pd.DataFrame({"debtor": np.repeat(np.arange(100), 50), "due": MONDAY})
    first = first_reminders(historic_reminders(np.random.default_rng(1), people, item), len(item)) - MONDAY
    best, worst = first[:1250], first[3750:]
    assert (worst < 365).mean() > (best < 365).mean() + 0.2
    assert best[best < 365].mean() - worst[worst < 365].mean() > 5


def test_nobody_is_reminded_of_a_direct_debit_or_against_his_wish() -> None:
    """A direct debit and a debtor not to be contacted have no planned reminder."""
    people = debtors({"debit": True, "level": 90.0}, {"do_not_contact": True, "level": 90.0})
    item = pd.DataFrame({"debtor": np.repeat([0, 1], 50), "due": MONDAY})
    assert historic_reminders(np.random.default_rng(1), people, item).empty


@pytest.fixture(scope="module")
def acting() -> Portfolio:
    """A portfolio in which reminders act."""
    return simulate(debtors=120, months=14, seed=3, end=END, reminders="effective")


def test_acting_reminders_change_the_past_only_by_their_effect(acting: Portfolio) -> None:
    """Invoices are the same as where reminders are recorded, and they are paid earlier on the whole."""
    plain = simulate(debtors=120, months=14, seed=3, end=END)
    assert (
        acting.tables["invoices"]
        .query("kind == 'invoice'")
        .equals(plain.tables["invoices"].query("kind == 'invoice'"))
    )
    paid_on = [
        p.tables["payments"].query("kind == 'payment'").groupby("invoice_id")["paid_on"].max()
        for p in (acting, plain)
    ]
    both = pd.concat(paid_on, axis=1, keys=["acting", "plain"]).dropna()
    moved = both["acting"] != both["plain"]
    assert 0 < moved.mean() < 0.2
    assert (both["acting"] <= both["plain"])[moved].mean() > 0.9


def test_the_contact_history_has_the_first_reminder_that_acted(acting: Portfolio) -> None:
    """Whoever paid sooner because of a reminder has it in the contact history, on the planned day."""
    item = acting.item
    sooner = np.flatnonzero(
        reminded_pay_days(acting.debtor, item, item, item["reminded_on"].to_numpy()) < item["pay_on"]
    )
    told = acting.tables["contact_history"].groupby("invoice_id")["contacted_on"].min()
    planned = pd.Series(
        item["reminded_on"].to_numpy()[sooner].astype("datetime64[D]").astype("datetime64[s]"),
        index=[f"INV{number + 1:07d}" for number in sooner],
    )
    in_ledger = planned[planned.index.isin(told.index)]
    assert (in_ledger == told[in_ledger.index]).all()
    assert len(in_ledger) > 0.6 * (planned < pd.Timestamp(END)).sum()


def test_counting_reminders_says_that_they_delay_payment(acting: Portfolio) -> None:
    """The slope of days late on the count of reminders is far above 0, though each only hastens payment."""
    item = acting.item
    late = reminded_pay_days(acting.debtor, item, item, item["reminded_on"].to_numpy()) - item["due"]
    count = acting.tables["contact_history"].groupby("invoice_id").size()
    told = count.reindex([f"INV{number + 1:07d}" for number in range(len(item))]).fillna(0)
    assert np.polyfit(told, late, 1)[0] > 5


def test_the_truth_of_acting_reminders_is_written_beside_the_ledger(
    acting: Portfolio, tmp_path: Path
) -> None:
    """truth/ has each invoice's potential outcome and each debtor's response; recorded ones have none."""
    write_portfolio(acting, tmp_path / "acting")
    invoices = pd.read_csv(tmp_path / "acting" / "truth" / "invoices.csv")
    assert len(invoices) == len(acting.item)
    assert {"paid_on_unreminded", "responds", "response_days"} <= set(invoices)
    assert {"responds_share", "response_days"} <= set(acting.truth)

    plain = simulate(debtors=20, months=6, seed=3, end=END)
    write_portfolio(plain, tmp_path / "plain")
    assert not (tmp_path / "plain" / "truth" / "invoices.csv").exists()
    assert "responds_share" not in plain.truth
