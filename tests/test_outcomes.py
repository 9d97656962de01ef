from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples

from features.errors import LedgerError
from features.ledger import make_ledger
from features.outcomes import LANDMARKS, landmarks, outcomes
from features.settlement import keep_books

D = pd.Timestamp


def books_of(invoices: list[dict], payments: list[dict] | None = None):
    """Books of items of 100.00, issued 1 January 2024 and due on the 31st unless said otherwise."""
    usual = {"customer_id": "c", "issued_on": "2024-01-01", "due_on": "2024-01-31", "amount_minor": 10000}
    ledger = {
        "invoices": pd.DataFrame([usual | {"currency": "EUR", "kind": "invoice"} | row for row in invoices])
    }
    if payments:
        ledger["payments"] = pd.DataFrame(
            [{"amount_minor": 10000, "kind": "payment"} | row for row in payments]
        )
    for table in ledger.values():
        for column in table.columns[table.columns.str.endswith("_on")]:
            table[column] = pd.to_datetime(table[column]).astype("datetime64[s]")
    return keep_books(make_ledger(**ledger))


def marks(books, **kwargs) -> dict[str, str]:
    """Landmark -> day of the only invoice."""
    table = landmarks(books, **({"issued_from": None, "before": date(2025, 1, 1)} | kwargs))
    return dict(zip(table["landmark"], table["day"].dt.strftime("%m-%d"), strict=True))


def outcome(books, day: str, until: str, **kwargs) -> pd.Series:
    """Outcome of the point (invoice "i", day)."""
    points = pd.DataFrame({"invoice_id": ["i"], "day": [D(day)]})
    return outcomes(books, points, until=date.fromisoformat(until), **kwargs).iloc[0]


def test_unpaid_invoice_passes_every_landmark():
    """An item nobody pays is met at issue, half-way, due and 7, 15, 30, 60 and 90 days after."""
    assert marks(books_of([{"invoice_id": "i"}])) == {
        "issue": "01-01", "half_way": "01-16", "due": "01-31", "due+7": "02-07",
        "due+15": "02-15", "due+30": "03-01", "due+60": "03-31", "due+90": "04-30",
    }  # fmt: skip


def test_every_second_point_moves_to_a_day_before_the_next_landmark():
    """Of 400 unpaid invoices about half of the points move, none beyond its gap, the same ones each time."""
    books = books_of([{"invoice_id": f"i{number}"} for number in range(400)])
    still, moved = (
        landmarks(books, issued_from=None, before=date(2025, 1, 1), between=seed)
        .set_index(["invoice_id", "landmark"])["day"]
        .unstack()
        for seed in (None, 7)
    )
    ahead = (moved - still).apply(lambda column: column.dt.days)
    assert (ahead > 0).mean().between(0.3, 0.6).all()
    gaps = {"issue": 15, "half_way": 15, "due": 7, "due+7": 8, "due+15": 15, "due+30": 30, "due+60": 30}
    assert all((ahead[name] < days).all() and (ahead[name] >= 0).all() for name, days in gaps.items())
    again = landmarks(books, issued_from=None, before=date(2025, 1, 1), between=7)
    assert again.equals(landmarks(books, issued_from=None, before=date(2025, 1, 1), between=7))
    assert not again.equals(landmarks(books, issued_from=None, before=date(2025, 1, 1), between=8))


def test_a_moved_point_is_one_only_while_the_item_is_open_as_known():
    """Paid on 5 February and known on the 8th: no point after the 8th, wherever it would have moved."""
    invoices = [{"invoice_id": f"i{number}"} for number in range(200)]
    payments = [
        {"invoice_id": row["invoice_id"], "paid_on": "2024-02-05", "known_on": "2024-02-08"}
        for row in invoices
    ]
    points = landmarks(books_of(invoices, payments), issued_from=None, before=date(2025, 1, 1), between=1)
    assert points["day"].max() == D("2024-02-08")


def test_landmarks_end_with_the_payment_as_known():
    """Paid on 5 February, known on the 8th: still open as known on due + 7, no longer on due + 15."""
    payment = {"invoice_id": "i", "paid_on": "2024-02-05", "known_on": "2024-02-08"}
    assert list(marks(books_of([{"invoice_id": "i"}], [payment]))) == ["issue", "half_way", "due", "due+7"]


def test_payment_known_on_the_landmark_itself_is_not_yet_known():
    """A payment known on the due day leaves the item open on that day: known means strictly before."""
    payment = {"invoice_id": "i", "paid_on": "2024-01-31"}
    assert list(marks(books_of([{"invoice_id": "i"}], [payment]))) == ["issue", "half_way", "due"]


def test_item_known_late_starts_on_its_known_day():
    """Known five days after due: the first point is that day, half-way and due are past."""
    books = books_of([{"invoice_id": "i", "known_on": "2024-02-05"}])
    assert list(marks(books).items())[:2] == [("issue", "02-05"), ("due+7", "02-07")]


def test_landmarks_of_one_day_keep_the_first():
    """Due on the day of issue: issue, half-way and due are one day, called issue."""
    assert list(marks(books_of([{"invoice_id": "i", "due_on": "2024-01-01"}])))[:2] == ["issue", "due+7"]


def test_landmarks_stop_before_the_last_day_and_start_with_issued_from():
    """Landmarks on `before` are left out, and so are items issued before `issued_from`."""
    books = books_of([{"invoice_id": "i"}])
    assert list(marks(books, before=date(2024, 1, 31))) == ["issue", "half_way"]
    assert marks(books, issued_from=date(2024, 1, 2)) == {}


@pytest.mark.parametrize(
    "row",
    [
        {"payment_method": "direct_debit"},
        {"kind": "credit_note"},
        {"amount_minor": -10000},
        {"amount_minor": 50},
    ],
    ids=lambda row: "-".join(map(str, row.values())),
)
def test_no_points(row):
    """Direct debits, credit notes and items within the tolerance from the start are no points."""
    assert marks(books_of([{"invoice_id": "i"} | row])) == {}


def test_item_paid_before_its_first_day_is_no_point():
    """A pre-payment leaves nothing to predict."""
    assert marks(books_of([{"invoice_id": "i"}], [{"invoice_id": "i", "paid_on": "2023-12-20"}])) == {}


def test_bounced_payment_makes_a_gap():
    """Paid 20 January, taken back 3 February: no landmark on the due day, again one on due + 7."""
    books = books_of(
        [{"invoice_id": "i"}],
        [
            {"invoice_id": "i", "paid_on": "2024-01-20"},
            {"invoice_id": "i", "paid_on": "2024-02-03", "kind": "reversal"},
        ],
    )
    assert list(marks(books))[:4] == ["issue", "half_way", "due+7", "due+15"]


def test_paid_invoice_is_an_event():
    """Due 31 January, paid 5 February: five days late, seen from any earlier day."""
    books = books_of([{"invoice_id": "i"}], [{"invoice_id": "i", "paid_on": "2024-02-05"}])
    seen = outcome(books, "2024-01-16", "2024-12-31")
    assert (seen["event"], seen["days_late"], seen["days_past_due"]) == (True, 5.0, -15)
    assert seen["ended"] == "paid"


def test_payment_not_known_before_until_does_not_count():
    """Paid on 5 February but known on the 8th: on the 8th it is still open, seven days late on the 7th."""
    payment = {"invoice_id": "i", "paid_on": "2024-02-05", "known_on": "2024-02-08"}
    books = books_of([{"invoice_id": "i"}], [payment])
    seen = outcome(books, "2024-01-01", "2024-02-08")
    assert (seen["event"], seen["days_late"], seen["ended"]) == (False, 7.0, "open")
    assert outcome(books, "2024-01-01", "2024-02-09")["days_late"] == 5.0


def test_payment_before_the_point_known_after_it_counts_on_the_points_day():
    """Paid on 5 February, known on the 10th: from the point of 7 February it takes no more days."""
    payment = {"invoice_id": "i", "paid_on": "2024-02-05", "known_on": "2024-02-10"}
    seen = outcome(books_of([{"invoice_id": "i"}], [payment]), "2024-02-07", "2024-12-31")
    assert (seen["event"], seen["days_late"]) == (True, 7.0)


@pytest.mark.parametrize(("kind", "ended"), [("credit", "credited"), ("write_off", "written_off")])
def test_credit_and_write_off_are_censored_that_day(kind, ended):
    """Closed without money on 10 February: neither late nor on time, followed for ten days after due."""
    books = books_of([{"invoice_id": "i"}], [{"invoice_id": "i", "paid_on": "2024-02-10", "kind": kind}])
    seen = outcome(books, "2024-01-01", "2024-12-31")
    assert (seen["event"], seen["days_late"], seen["ended"]) == (False, 10.0, ended)
    assert seen["late_measurable"]
    assert not seen["classes_measurable"]


def test_credit_before_due_never_becomes_measurable():
    """A credit note before the due day leaves the question of lateness open for ever."""
    books = books_of([{"invoice_id": "i"}], [{"invoice_id": "i", "paid_on": "2024-01-10", "kind": "credit"}])
    assert not outcome(books, "2024-01-01", "2024-12-31")["late_measurable"]


def test_bounced_payment_does_not_count_and_the_next_does():
    """Paid 20 January, bounced on the 25th, paid again on 9 February: nine days late."""
    movements = [
        {"invoice_id": "i", "paid_on": "2024-01-20"},
        {"invoice_id": "i", "paid_on": "2024-01-25", "kind": "reversal"},
        {"invoice_id": "i", "paid_on": "2024-02-09"},
    ]
    books = books_of([{"invoice_id": "i"}], movements)
    assert outcome(books, "2024-01-01", "2024-12-31")["days_late"] == 9.0
    before_the_bounce = outcome(books, "2024-01-01", "2024-01-25")
    assert (before_the_bounce["event"], before_the_bounce["days_late"]) == (True, -11.0)
    in_between = outcome(books, "2024-01-01", "2024-02-09")
    assert (in_between["event"], in_between["days_late"]) == (False, 8.0)


def test_dormant_rest_is_followed_to_its_last_quiet_day():
    """Nothing moves for 365 days after due: outside from day 366 on, also when it is paid much later."""
    books = books_of([{"invoice_id": "i"}], [{"invoice_id": "i", "paid_on": "2026-06-01"}])
    seen = outcome(books, "2024-01-01", "2027-01-01")
    assert (seen["event"], seen["ended"], seen["days_late"]) == (False, "dormant", 365.0)


def test_a_part_payment_keeps_an_item_awake():
    """A part paid 300 days after due starts the quiet anew, so the rest paid 400 days after counts."""
    parts = [
        {"invoice_id": "i", "paid_on": "2024-11-26", "amount_minor": 4000},
        {"invoice_id": "i", "paid_on": "2025-03-06", "amount_minor": 6000},
    ]
    seen = outcome(books_of([{"invoice_id": "i"}], parts), "2024-01-01", "2027-01-01")
    assert (seen["event"], seen["days_late"]) == (True, 400.0)


def test_extension_does_not_erase_lateness():
    """Due on 31 January, later extended to 28 February, paid on 10 February: ten days late."""
    books = books_of(
        [{"invoice_id": "i", "due_on": "2024-02-28", "original_due_on": "2024-01-31"}],
        [{"invoice_id": "i", "paid_on": "2024-02-10"}],
    )
    assert outcome(books, "2024-01-01", "2024-12-31")["days_late"] == 10.0
    assert "due" in marks(books)


@pytest.mark.parametrize("paid", [True, False])
def test_measurable_whichever_way_it_went(paid):
    """Due 31 January: late is measurable from 1 February on, also for an invoice paid in January."""
    books = books_of([{"invoice_id": "i"}], [{"invoice_id": "i", "paid_on": "2024-01-10"}] if paid else None)
    assert not outcome(books, "2024-01-01", "2024-01-31")["late_measurable"]
    assert outcome(books, "2024-01-01", "2024-02-01")["late_measurable"]
    assert not outcome(books, "2024-01-01", "2024-02-05", late_after_days=5)["late_measurable"]
    assert outcome(books, "2024-01-01", "2024-02-06", late_after_days=5)["late_measurable"]
    assert not outcome(books, "2024-01-01", "2024-04-30")["classes_measurable"]
    assert outcome(books, "2024-01-01", "2024-05-01")["classes_measurable"]


def test_points_keep_their_order_and_index():
    """The answer has a row per point, in the points' own order."""
    books = books_of([{"invoice_id": "a"}, {"invoice_id": "b", "due_on": "2024-02-10"}])
    points = pd.DataFrame({"invoice_id": ["b", "a", "b"], "day": [D("2024-01-01")] * 3}, index=[7, 3, 5])
    seen = outcomes(books, points, until=date(2024, 3, 1))
    assert list(seen.index) == [7, 3, 5]
    assert list(seen["days_past_due"]) == [-40, -30, -40]


def test_unknown_invoice_is_refused():
    """A point about an invoice that is not in the ledger names it."""
    points = pd.DataFrame({"invoice_id": ["x"], "day": [D("2024-01-01")]})
    with pytest.raises(LedgerError, match="invoice x"):
        outcomes(books_of([{"invoice_id": "i"}]), points, until=date(2024, 3, 1))


def test_empty_ledger_has_no_points():
    """No items, no landmarks, and no outcomes of no points."""
    books = keep_books(make_ledger())
    none = landmarks(books, issued_from=None, before=date(2024, 1, 1))
    assert len(none) == 0
    assert len(outcomes(books, none, until=date(2024, 1, 1))) == 0


@st.composite
def ledgers(draw):
    """A few items, each with up to four payments or reversals."""
    start, invoices, movements = date(2024, 1, 1), [], []
    for number in range(draw(st.integers(1, 4))):
        issued = draw(st.integers(0, 20))
        due, known = issued + draw(st.integers(0, 30)), issued + draw(st.integers(0, 40))
        days = {"issued_on": issued, "due_on": due, "known_on": known}
        dated = {name: str(start + timedelta(days=value)) for name, value in days.items()}
        invoices.append({"invoice_id": f"i{number}", "customer_id": f"c{number % 2}"} | dated)
        for _ in range(draw(st.integers(0, 4))):
            happened = draw(st.integers(0, 150))
            movements.append(
                {
                    "invoice_id": f"i{number}",
                    "paid_on": str(start + timedelta(days=happened)),
                    "known_on": str(start + timedelta(days=happened + draw(st.integers(0, 5)))),
                    "kind": draw(st.sampled_from(["payment", "payment", "credit", "reversal"])),
                }
            )
    return invoices, movements


@given(ledgers(), st.integers(30, 200))
@settings(max_examples=examples(60), deadline=None)
def test_what_becomes_known_later_changes_nothing(ledger, cut):
    """Landmarks and outcomes as of a day are those of the ledger that ends there."""
    invoices, movements = ledger
    until = date(2024, 1, 1) + timedelta(days=cut)
    invoices = [row for row in invoices if row["known_on"] < str(until)]
    if not invoices:
        return
    names = {row["invoice_id"] for row in invoices}
    movements = [row for row in movements if row["invoice_id"] in names]
    whole = books_of(invoices, movements)
    cut_off = books_of(invoices, [row for row in movements if row["known_on"] < str(until)])
    points = landmarks(whole, issued_from=None, before=until)
    pd.testing.assert_frame_equal(points, landmarks(cut_off, issued_from=None, before=until))
    seen = outcomes(whole, points, until=until)
    pd.testing.assert_frame_equal(seen, outcomes(cut_off, points, until=until))
    assert (seen["days_late"] >= seen["days_past_due"]).all()
    assert points["landmark"].isin(LANDMARKS).all()
    assert (seen["decided_until"] < pd.Timestamp(until)).all()
    assert np.isfinite(seen["days_late"]).all()
