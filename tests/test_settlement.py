"""What is open and what closed it: one small ledger per trap."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest

from features.ledger import Ledger, make_ledger
from features.open_items import closings, open_credit, open_items
from features.payment_history import debtor_features
from features.settlement import Tolerance, keep_books

START = date(2024, 1, 1)


def day(number: int | None) -> pd.Timestamp:
    """The number-th day of 2024; NaT for none."""
    return pd.NaT if number is None else pd.Timestamp(START + timedelta(number))


def table(rows: list[dict], days: tuple[str, ...]) -> pd.DataFrame:
    """Rows as a table, day numbers as days."""
    frame = pd.DataFrame(rows)
    for name in days:
        if name in frame:
            column = [day(None if pd.isna(number) else int(number)) for number in frame[name]]
            frame[name] = pd.Series(column, dtype="datetime64[s]")
    return frame


def ledger(*payments: dict, **changes: object) -> Ledger:
    """One invoice "a" of 100.00 issued on day 0 and due on day 30, and its payments."""
    invoice = {"invoice_id": "a", "customer_id": "anna", "issued_on": 0, "due_on": 30, "amount_minor": 10_000}
    invoices = table(
        [invoice | {"currency": "EUR"} | changes],
        ("issued_on", "due_on", "known_on", "original_due_on", "last_dunned_on"),
    )
    rows = [{"invoice_id": "a", "kind": "payment"} | payment for payment in payments]
    return make_ledger(invoices=invoices, payments=table(rows, ("paid_on", "known_on")))


def pay(paid_on: int, amount: int, **more: object) -> dict:
    """A movement of the invoice, amount in cents."""
    return {"paid_on": paid_on, "amount_minor": amount} | more


def number(moment: pd.Timestamp) -> int | None:
    """Day of 2024 as a number."""
    return None if pd.isna(moment) else (moment.date() - START).days


@pytest.mark.parametrize(
    ("payments", "settled_on", "known_on", "how"),
    [
        pytest.param([pay(40, 10_000)], 40, 40, "paid", id="paid in full"),
        pytest.param([pay(20, 5_000), pay(45, 5_000)], 45, 45, "paid", id="in two parts"),
        pytest.param([pay(40, 10_000, known_on=50)], 40, 50, "paid", id="known later than it happened"),
        pytest.param(
            [pay(40, 5_000, known_on=60), pay(50, 5_000, known_on=50)],
            50,
            60,
            "paid",
            id="known in other order",
        ),
        pytest.param([pay(10, 9_800), pay(10, 200, kind="discount")], 10, 10, "paid", id="discount taken"),
        pytest.param([pay(35, 9_900)], 35, 35, "paid", id="within 1 %"),
        pytest.param([pay(35, 9_000), pay(36, 1_000, kind="withholding")], 36, 36, "paid", id="tax withheld"),
        pytest.param([pay(35, 9_850), pay(35, 150, kind="bank_charge")], 35, 35, "paid", id="bank charge"),
        pytest.param([pay(35, 4_000), pay(60, 6_000, kind="credit")], 60, 60, "credited", id="credited rest"),
        pytest.param([pay(90, 10_000, kind="write_off")], 90, 90, "written_off", id="written off"),
        pytest.param([pay(35, 15_000)], 35, 35, "paid", id="overpaid"),
        pytest.param(
            [pay(35, 10_000, known_on=60), pay(50, 5_000, known_on=60)],
            35,
            60,
            "paid",
            id="paid twice, known at once",
        ),
        pytest.param([pay(-5, 10_000)], -5, 0, "paid", id="paid before issue"),
        pytest.param(
            [pay(3, 10_000, known_on=9), pay(5, 10_000, kind="reversal", known_on=9), pay(40, 10_000)],
            40,
            40,
            "paid",
            id="bounced before anyone knew",
        ),
    ],
)
def test_closings(payments, settled_on, known_on, how):
    """Each way to close an invoice gives one closing with its two days and its cause."""
    closing = closings(keep_books(ledger(*payments)))
    assert [number(x) for x in closing["settled_on"]] == [settled_on]
    assert [number(x) for x in closing["known_on"]] == [known_on]
    assert closing["how"].tolist() == [how]
    assert open_items(keep_books(ledger(*payments)), date(2025, 1, 1)).empty


@pytest.mark.parametrize(
    ("payments", "open_amount"),
    [
        pytest.param([], 10_000, id="nothing paid"),
        pytest.param([pay(10, 9_800)], 200, id="98 % without the discount row"),
        pytest.param([pay(10, 9_899)], 101, id="a cent over 1 %"),
        pytest.param(
            [pay(10, 9_000), pay(11, 1_000, kind="deduction")], 1_000, id="a deduction is a dispute"
        ),
        pytest.param([pay(10, 10_000, in_transit=True)], 10_000, id="money in transit is not money yet"),
        pytest.param([pay(10, 10_000), pay(15, 10_000, kind="reversal")], 10_000, id="bounced"),
        pytest.param([pay(10, 12_000), pay(15, 12_000, kind="reversal")], 10_000, id="overpaid and bounced"),
    ],
)
def test_what_stays_open(payments, open_amount):
    """What does not close an invoice leaves its rest open."""
    items = open_items(keep_books(ledger(*payments)), date(2024, 3, 1))
    assert items["open_amount_minor"].tolist() == [open_amount]
    assert items["days_past_due"].tolist() == [30]


def test_a_reversal_reopens_and_the_closing_stays_known():
    """Paid on day 20, bounced on day 25, paid again on day 70: two closings, the first reopened on day 25."""
    books = keep_books(ledger(pay(20, 10_000), pay(25, 10_000, kind="reversal"), pay(70, 10_000)))
    closing = closings(books)
    assert [number(x) for x in closing["settled_on"]] == [20, 70]
    assert [number(x) for x in closing["reopened_known_on"]] == [25, None]
    amounts = [len(open_items(books, START + timedelta(d))) for d in (20, 21, 25, 26, 70, 71)]
    assert amounts == [1, 0, 0, 1, 1, 0]


def test_matured_once_by_payment_or_when_seen_31_days_past_due():
    """Due on day 30 and open: matured as of day 61, and a payment known on day 80 adds no second one."""
    books = keep_books(ledger(pay(35, 10_000, known_on=80)))
    points = pd.DataFrame({"customer_id": "anna", "day": [day(60), day(61), day(80), day(81)]})
    figures = debtor_features(books, points.astype({"day": "datetime64[s]"}))
    assert figures["matured_invoices"].tolist() == [0, 1, 1, 1]
    assert figures["settled_invoices"].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize(("credited_on", "matured"), [(60, 0), (61, 1)])
def test_a_credited_item_matures_only_when_it_was_seen_31_days_past_due(credited_on, matured):
    """Due on day 30: credited on day 60 it was never seen 31 days past due, on day 61 it was."""
    books = keep_books(ledger(pay(credited_on, 10_000, kind="credit")))
    point = pd.DataFrame({"customer_id": ["anna"], "day": pd.Series([day(200)], dtype="datetime64[s]")})
    assert debtor_features(books, point)["matured_invoices"].item() == matured


def test_an_extension_does_not_erase_lateness():
    """Due on day 30, extended to day 60, paid on day 50: 20 days late, 10 days before the due day."""
    books = keep_books(ledger(pay(50, 10_000), due_on=60, original_due_on=30))
    point = pd.DataFrame({"customer_id": ["anna"], "day": pd.Series([day(90)], dtype="datetime64[s]")})
    assert debtor_features(books, point)["last_days_late"].item() == 20
    assert open_items(books, START + timedelta(50))["days_past_due"].tolist() == [-10]


@pytest.mark.parametrize(
    ("changes", "closed"), [({"kind": "retention"}, 1), ({"payment_method": "direct_debit"}, 0)]
)
def test_whose_day_of_payment_it_is(changes, closed):
    """Retention is paid like an invoice by its own due day; a direct debit is our choice of day."""
    books = keep_books(ledger(pay(40, 10_000), **changes))
    point = pd.DataFrame({"customer_id": ["anna"], "day": pd.Series([day(90)], dtype="datetime64[s]")})
    figures = debtor_features(books, point).iloc[0]
    assert (figures["settled_invoices"], figures["matured_invoices"]) == (closed, closed)
    assert len(open_items(books, START + timedelta(20))) == 1


@pytest.mark.parametrize("changes", [{"kind": "credit_note"}, {"amount_minor": -10_000}])
def test_credit_notes_are_credit_and_no_open_items(changes):
    """A credit note by kind or by sign is credit of its magnitude until it is used."""
    books = keep_books(ledger(pay(20, 4_000), **changes))
    assert open_items(books, date(2024, 3, 1)).empty
    assert closings(books).empty
    assert open_credit(books, START + timedelta(20))["credit_minor"].tolist() == [10_000]
    assert open_credit(books, START + timedelta(21))["credit_minor"].tolist() == [6_000]


def test_unapplied_cash_and_money_in_transit_are_credit():
    """Money without an item and announced money are reported beside the open items."""
    loose = {"invoice_id": None, "customer_id": "anna", "currency": "EUR"}
    books = keep_books(ledger(pay(5, 700) | loose, pay(6, 300, in_transit=True), company_code="NL01"))
    credit = open_credit(books, date(2024, 3, 1)).set_index("company_code")
    assert credit.loc["NL01", "in_transit_minor"] == 300
    assert credit["unapplied_minor"].sum() == 700
    assert open_credit(books, START + timedelta(5)).empty


@pytest.mark.parametrize(
    ("tolerance", "paid", "still_open"),
    [
        (Tolerance(), 9_900, 0),
        (Tolerance(share=0.0, amount=0.0), 9_999, 1),
        (Tolerance(share=0.05, amount=0.0), 9_500, 0),
        (Tolerance(share=0.0, amount=3.0), 9_700, 0),
        (Tolerance(share=0.0, amount=3.0), 9_699, 1),
    ],
)
def test_tolerance_is_the_larger_of_share_and_amount(tolerance, paid, still_open):
    """The border itself is settled, one cent more is open."""
    assert len(open_items(keep_books(ledger(pay(10, paid)), tolerance), date(2024, 3, 1))) == still_open


def test_tolerance_knows_the_currency():
    """1.00 is 100 cents but 1 yen: a rest of 3 yen of 200 is open."""
    yen = ledger(pay(10, 197), amount_minor=200, currency="JPY")
    assert open_items(keep_books(yen), date(2024, 3, 1))["open_amount_minor"].tolist() == [3]


@pytest.mark.parametrize(
    ("payments", "day_number", "dormant"),
    [([], 395, False), ([], 396, True), ([pay(100, 5_000)], 465, False), ([pay(100, 5_000)], 466, True),
     ([pay(5, 5_000)], 395, False), ([pay(5, 5_000)], 396, True)],
)  # fmt: skip
def test_dormant_after_a_year_without_movement(payments, day_number, dormant):
    """A rest is dormant more than 365 days after the later of its last movement and its due day."""
    items = open_items(keep_books(ledger(*payments)), START + timedelta(day_number))
    assert items["dormant"].tolist() == [dormant]


def test_a_dunning_level_is_hidden_until_its_day():
    """The reminder of day 40 is not known on day 40."""
    books = keep_books(ledger(dunning_level=2, last_dunned_on=40))
    assert open_items(books, START + timedelta(40))["dunning_level"].isna().all()
    assert open_items(books, START + timedelta(41))["dunning_level"].tolist() == [2]


def test_money_is_conserved():
    """Open amount = amount - reductions + reversals, for amounts near 10**12 major units to the cent."""
    huge = 10**14
    books = keep_books(
        ledger(pay(5, huge - 7), pay(8, huge - 9, kind="reversal"), amount_minor=huge), Tolerance(0.0, 0.0)
    )
    assert open_items(books, date(2024, 3, 1))["open_amount_minor"].tolist() == [huge - 2]
