"""Cash of invoices not issued yet: the rule, by hand."""

import numpy as np
import pandas as pd
import pytest
from cash_support import MONDAY

from models.payment.future_cash import YEAR, days_to_pay_shares, future_cash

DAY = pd.Timestamp(MONDAY)


def invoices(*rows):
    """Rows (days ago issued, amount in minor units); their ids are i0, i1 …"""
    return pd.DataFrame(
        {
            "invoice_id": [f"i{number}" for number in range(len(rows))],
            "issued_on": [(DAY - pd.Timedelta(days=row[0])).to_datetime64() for row in rows],
            "amount_minor": [row[1] for row in rows],
            "currency": [row[2] if len(row) > 2 else "EUR" for row in rows],
            "kind": [row[3] if len(row) > 3 else None for row in rows],
        }
    ).astype({"issued_on": "datetime64[s]", "kind": "str"})


def closed(*rows):
    """Rows (invoice_id, days ago settled, how)."""
    return pd.DataFrame(
        {
            "invoice_id": pd.Series([row[0] for row in rows], dtype="str"),
            "settled_on": pd.Series([DAY - pd.Timedelta(days=row[1]) for row in rows], dtype="datetime64[s]"),
            "how": pd.Series([row[2] for row in rows], dtype="str"),
            "reopened_known_on": pd.Series([pd.NaT] * len(rows), dtype="datetime64[s]"),
        }
    )


def weekly(weeks, amount, took):
    """One invoice on each Monday before the day, each paid after so many days where that is over."""
    rows = invoices(*[(7 * week, amount) for week in range(1, weeks + 1)])
    paid = [(f"i{week - 1}", 7 * week - took, "paid") for week in range(1, weeks + 1) if 7 * week > took]
    return rows, closed(*paid)


def test_shares_weigh_money():
    """Two invoices of 300 and 100: three quarters of the money after 10 days, the rest after 20."""
    shares = days_to_pay_shares(
        invoices((100, 300), (100, 100)), closed(("i0", 90, "paid"), ("i1", 80, "paid")), MONDAY
    )
    assert (shares[10], shares[20]) == pytest.approx((0.75, 0.25))
    assert shares.sum() == pytest.approx(1)


def test_open_invoices_count_while_they_were_observed():
    """Of two, one is paid after 10 days, the other is 6 days old: nothing is known of it on day 10."""
    shares = days_to_pay_shares(invoices((100, 100), (6, 100)), closed(("i0", 90, "paid")), MONDAY)
    assert shares[10] == pytest.approx(1)


def test_what_was_credited_is_never_paid():
    """One of two invoices was credited: half of the money never comes, whenever that became known."""
    for day in (1, 99):
        shares = days_to_pay_shares(
            invoices((100, 100), (100, 100)), closed(("i0", 90, "paid"), ("i1", day, "credited")), MONDAY
        )
        assert (shares[10], shares.sum()) == pytest.approx((0.5, 0.5))


def test_invoices_older_than_a_year_say_nothing_of_how_one_pays():
    """The old one took 200 days, the recent one 10."""
    rows = invoices((YEAR + 100, 900), (100, 100))
    shares = days_to_pay_shares(rows, closed(("i0", 264, "paid"), ("i1", 90, "paid")), MONDAY)
    assert shares[10] == pytest.approx(1)


def test_the_coming_weeks_are_like_the_last():
    """100.00 a week paid after 14 days: from the fifteenth day on 20.00 each working day, and none before."""
    found = future_cash(*weekly(20, 100_00, 14), day=MONDAY).set_index("day")["amount_minor"]
    assert (found[:"2026-01-18"] == 0).all()
    np.testing.assert_allclose(found["2026-01-19":], 20_00)
    assert (found.index.weekday < 5).all()


def test_weekend_payments_come_on_monday():
    """Paid 16 days after issue: what is issued on a Thursday and a Friday comes on one Monday."""
    found = future_cash(*weekly(20, 100_00, 16), day=MONDAY).set_index("day")["amount_minor"]
    np.testing.assert_allclose(found["2026-01-26":"2026-01-30"], [40_00, 0, 20_00, 20_00, 20_00])


def test_a_young_ledger_has_fewer_weeks():
    """Four weeks of history with 100.00 each are 100.00 a week, not four thirteenths of it."""
    found = future_cash(*weekly(4, 100_00, 7), day=MONDAY)
    assert found["amount_minor"].max() == pytest.approx(20_00)


def test_the_season_of_last_year():
    """Two years of 100.00 a week, but twice that in the 26 weeks a year ago: it is expected again."""
    weeks = range(1, 110)
    rows = invoices(*[(7 * week, 200_00 if 26 <= week <= 51 else 100_00) for week in weeks])
    paid = closed(*[(f"i{week - 1}", 7 * week - 7, "paid") for week in weeks])
    found = future_cash(rows, paid, day=MONDAY).set_index("day")["amount_minor"]
    np.testing.assert_allclose(found["2026-02-16":"2026-05-15"], 40_00, rtol=0.05)


def test_each_currency_for_itself_and_no_credit_notes():
    """Dollars beside euros; a credit note and an old currency bring nothing."""
    rows = invoices((7, 100_00), (7, 700_00, "USD"), (7, -50_00, "EUR", "credit_note"), (200, 1_00, "SEK"))
    paid = closed(("i0", 2, "paid"), ("i1", 2, "paid"))
    found = future_cash(rows, paid, day=MONDAY).groupby("currency")["amount_minor"].max()
    assert list(found.index) == ["EUR", "USD"]
    assert found["USD"] == pytest.approx(7 * found["EUR"])


@pytest.mark.parametrize("rows", [(), ((400, 100_00),)])
def test_nothing_issued_lately_gives_no_rows(rows):
    """Without an invoice, or with an old one only, nothing is expected."""
    table = invoices(*rows)
    assert future_cash(table, closed(), day=MONDAY).empty
