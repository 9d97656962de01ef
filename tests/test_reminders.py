"""When each open invoice is next reminded."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from treatment_support import (
    DAY,
    POLICY,
    credit_of,
    habits_of,
    ledger_of,
    on,
    open_items,
    planned,
    segments_of,
)

from features.contracts import OUTPUT_TABLES
from features.errors import ModelError
from features.ledger import make_ledger
from models.habits import payment_habits
from models.net_overdue import net_overdue
from models.working_days import calendar_notes, next_working_day, working_days_after


def one(item: dict[str, object] | None = None, **options: object) -> pd.Series:
    """The reminder of invoice I1: debtor X of segment B, 100.00 EUR, due Wednesday 29 May."""
    return planned(open_items(item or {}), **options).iloc[0]  # type: ignore[arg-type]


def contacts(*rows: dict[str, object]) -> pd.DataFrame:
    """Reminders sent to debtor X."""
    return pd.DataFrame([{"customer_id": "X", "status": "sent", "kind": "reminder", **row} for row in rows])


# ---- the day ----


def test_the_base_day_of_the_segment() -> None:
    """Due on Friday 31 May, segment B after 5 days: Wednesday 5 June."""
    row = one({"due_on": on("2024-05-31")})
    assert (row["step"], row["send_on"]) == ("friendly_reminder", on("2024-06-05"))
    assert row["reason"] == "5 days after due for segment B"


def test_a_habit_of_paying_three_days_late_moves_the_friendly_reminder_three_days() -> None:
    """5 June + 3 is a Saturday, so Monday 10 June; the reason says all of it."""
    row = one({"due_on": on("2024-05-31")}, habits=habits_of())
    assert row["send_on"] == on("2024-06-10")
    assert row["reason"] == (
        "5 days after due for segment B, 3 days later: pays 3 days late as a habit; next working day"
    )


@pytest.mark.parametrize(
    ("figures", "shift"),
    [
        ({"median_days_late": 1.0}, 1),
        ({"median_days_late": 7.0}, 7),
        ({"median_days_late": 8.0}, 0),
        ({"median_days_late": 40.0}, 0),
        ({"median_days_late": 0.0}, 0),
        ({"median_days_late": -4.0}, 0),
        ({"settled_invoices_365d": 5}, 0),
        ({"settled_invoices_365d": 6}, 3),
        ({"spread_days_late": 5.0}, 3),
        ({"spread_days_late": 5.1}, 0),
    ],
)
def test_guards_of_the_shift(figures: dict[str, float], shift: int) -> None:
    """Clear habits of 1 to 7 days only: the worst payers do not get the longest wait."""
    # due 1 July: + 5 is Saturday 6 July at the earliest, so look at the reason and the unmoved day
    row = one({"due_on": on("2024-07-01")}, habits=habits_of(**figures))
    wanted = pd.Series([on("2024-07-06") + pd.Timedelta(days=shift)])
    nowhere = pd.Series([None], dtype="str")
    assert row["send_on"] == next_working_day(wanted, nowhere, nowhere)[0]
    assert ("habit" in row["reason"]) is (shift > 0)


def test_later_steps_are_never_shifted() -> None:
    """A debtor with a habit gets the second reminder on its own day."""
    row = one({"due_on": on("2024-05-31"), "dunning_level": 1}, habits=habits_of())
    assert (row["step"], row["send_on"]) == ("second_reminder", on("2024-06-17"))  # the 15th is a Saturday
    assert row["reason"] == "15 days after due for segment B; next working day"


def test_a_day_that_has_passed_becomes_today() -> None:
    """The day to send is never in the past."""
    row = one({"due_on": on("2024-05-20")})
    assert row["send_on"] == on("2024-06-03")
    assert row["reason"] == "5 days after due for segment B; that day has passed"


def test_public_holidays_of_country_and_region() -> None:
    """Thursday 30 May 2024 is Corpus Christi in Bavaria, a working day in Berlin."""
    for region, expected in (("BY", "2024-05-31"), ("BE", "2024-05-30")):
        items = open_items({"due_on": on("2024-05-25")})
        customer = pd.DataFrame([{"customer_id": "X", "country": "DE", "region": region}])
        row = planned(items, ledger_of(items, customers=customer), day=date(2024, 5, 30)).iloc[0]
        assert row["send_on"] == on(expected)


def test_the_calendar_of_the_dunning_recipient_counts() -> None:
    """King's Day is a holiday for the head office in the Netherlands that reads the reminder."""
    items = open_items({"due_on": on("2023-04-22")})
    customers = pd.DataFrame(
        [
            {"customer_id": "X", "country": "DE", "dunning_recipient_id": "HQ"},
            {"customer_id": "HQ", "country": "NL"},
        ]
    )
    row = planned(items, ledger_of(items, customers=customers), day=date(2023, 4, 27)).iloc[0]
    assert row["send_on"] == on("2023-04-28")


def test_reminders_keep_their_distance() -> None:
    """Dunned on 31 May: not before 7 June, although the second reminder's day has passed."""
    row = one({"due_on": on("2024-05-10"), "dunning_level": 1, "last_dunned_on": on("2024-05-31")})
    assert (row["step"], row["send_on"]) == ("second_reminder", on("2024-06-07"))
    assert row["reason"] == "15 days after due for segment B; not within 7 days of the last reminder"


# ---- the step ----


@pytest.mark.parametrize(
    ("level", "sent", "step"),
    [
        (None, [], "friendly_reminder"),
        (1, [], "second_reminder"),
        (None, [{"invoice_id": "I1", "contacted_on": on("2024-05-31")}], "second_reminder"),
        (2, [{"invoice_id": "I1", "contacted_on": on("2024-05-31")}], "call"),
        (None, [{"invoice_id": "I2", "contacted_on": on("2024-05-31")}], "friendly_reminder"),
        (None, [{"contacted_on": on("2024-05-31")}], "second_reminder"),
        (None, [{"contacted_on": on("2024-05-29")}], "friendly_reminder"),
        (
            None,
            [{"invoice_id": "I1", "contacted_on": on("2024-05-31"), "status": "bounced"}],
            "friendly_reminder",
        ),
        (
            None,
            [{"invoice_id": "I1", "contacted_on": on("2024-05-31"), "kind": "visit"}],
            "friendly_reminder",
        ),
        (None, [{"invoice_id": "I1", "contacted_on": on("2024-05-31"), "kind": "call"}], "second_reminder"),
        (None, [{"invoice_id": "I1", "contacted_on": on("2024-05-31")}] * 2, "second_reminder"),
        (None, [{"invoice_id": "I1", "contacted_on": on(f"2024-05-{d}")} for d in (30, 31)], "call"),
    ],
    ids=[
        "nothing done",
        "level of the ledger",
        "one reminder sent",
        "the larger of both",
        "another invoice's reminder",
        "a reminder about everything due",
        "a reminder of before it was due",
        "a bounced one is none",
        "a visit is no reminder",
        "a step of the policy is one",
        "two on one day are one",
        "two days are two",
    ],
)
def test_the_next_step_follows_what_was_done(
    level: int | None, sent: list[dict[str, object]], step: str
) -> None:
    """Done is the larger of the dunning level and the reminders delivered."""
    items = open_items({"dunning_level": level})
    history = {"contact_history": contacts(*sent)} if sent else {}
    assert planned(items, ledger_of(items, **history)).iloc[0]["step"] == step


# ---- none ----


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"dormant": True}, "dormant residual: no movement for a long time"),
        ({"assigned_to": "agency"}, "blocked by assigned: collected outside by agency"),
        ({"dunning_level": 4}, "last step done (final_notice): hand over to a person"),
        ({"dunning_level": 9}, "last step done (final_notice): hand over to a person"),
        ({"open_amount_minor": 499}, "open 4.99 EUR is under the minimum of 5.00"),
        ({"open_amount_minor": 499, "currency": "JPY"}, "open 499 JPY is under the minimum of 500"),
    ],
)
def test_why_there_is_none(item: dict[str, object], reason: str) -> None:
    """Step and day are empty, the reason is not."""
    row = one(item)
    assert pd.isna(row["step"])
    assert pd.isna(row["send_on"])
    assert row["reason"] == reason


@pytest.mark.parametrize("item", [{"open_amount_minor": 500}, {"open_amount_minor": 500, "currency": "JPY"}])
def test_the_minimum_itself_is_enough(item: dict[str, object]) -> None:
    """5.00 EUR and 500 JPY are reminded."""
    assert one(item)["step"] == "friendly_reminder"


def test_insolvent_debtors_get_none() -> None:
    """The policy's own words say why."""
    reason = one(segment="INSOLVENT")["reason"]
    assert reason == "no reminders for segment INSOLVENT: file the claim with the administrator instead"


@pytest.mark.parametrize(
    ("credit", "reminded"),
    [
        ({"credit_minor": 9_999}, True),
        ({"credit_minor": 10_000}, False),
        ({"unapplied_minor": 10_000}, False),
        ({"in_transit_minor": 10_000}, False),
        ({"credit_minor": 4_000, "unapplied_minor": 3_000, "in_transit_minor": 3_000}, False),
        ({"credit_minor": 10_000, "currency": "USD"}, True),
        ({"credit_minor": 10_000, "company_code": "other"}, True),
        ({"credit_minor": 10_000, "customer_id": "Y"}, True),
    ],
)
def test_who_owes_nothing_net_is_not_contacted(credit: dict[str, object], reminded: bool) -> None:
    """Credit notes, unapplied cash and money in transit stand against 100.00 overdue of the same account."""
    row = one(credit=credit_of(**credit))
    assert pd.notna(row["step"]) is reminded
    assert reminded or row["reason"] == "credit covers what is overdue: net 0.00 EUR on the day to send"


def test_net_overdue_counts_what_is_due_before_the_day_to_send() -> None:
    """120.00 of credit covers the first invoice of 100.00, not both once the second is overdue."""
    rows = planned(
        open_items({"due_on": on("2024-05-20")}, {"invoice_id": "I2", "due_on": on("2024-06-20")}),
        credit=credit_of(credit_minor=12_000),
    )
    assert rows["step"].notna().tolist() == [False, True]


def test_credit_without_a_company_code_counts_against_each_account() -> None:
    """Unapplied cash may be meant for any of the debtor's accounts; 40.00 of it leaves 60.00 in both."""
    items = open_items({"company_code": "1"}, {"invoice_id": "I2", "company_code": "2"})
    assert net_overdue(
        items, credit_of(unapplied_minor=4_000), items["due_on"] + pd.Timedelta(days=1)
    ).tolist() == [
        6_000,
        6_000,
    ]


# ---- the table ----


def test_every_open_item_has_exactly_one_row_with_a_step_or_a_reason() -> None:
    """In the order of the items, with the columns of the contract but the action."""
    items = open_items(
        {}, {"invoice_id": "I2", "dormant": True}, {"invoice_id": "I0", "due_on": on("2024-12-24")}
    )
    rows = planned(items)
    assert rows["invoice_id"].tolist() == ["I1", "I2", "I0"]
    assert list(rows) == [name for name in OUTPUT_TABLES["reminders"].names if name != "action_id"]
    assert rows["reason"].notna().all()
    assert (rows["step"].isna() == rows["send_on"].isna()).all()


def test_no_items_no_rows() -> None:
    """An empty table in, an empty one out."""
    items = open_items({})
    ledger = ledger_of(items)
    assert planned(items.iloc[:0], ledger).empty


def test_an_item_of_a_debtor_without_a_segment_is_refused() -> None:
    """The message names the debtor."""
    from models.reminders import plan_reminders

    items = open_items({"customer_id": "Z"})
    with pytest.raises(ModelError, match="debtor Z has open items but no segment"):
        plan_reminders(
            items,
            segments_of(open_items({})),
            habits_of(),
            POLICY.shift.model_dump(),
            credit_of(),
            pd.DataFrame(columns=["customer_id", "invoice_id", "block", "words"], dtype="str"),
            ledger_of(items),
            POLICY,
            day=DAY,
        )


def test_send_days_are_working_days_and_never_in_the_past() -> None:
    """Every due day of a year and a half, every step, in six places at once."""
    countries = ["DE", "NL", "SA", "US", "XX", None]
    cases = list(itertools.product(pd.date_range("2024-01-01", "2025-06-01", unit="s"), range(4), range(6)))
    items = open_items(
        *(
            {"invoice_id": f"I{number}", "customer_id": f"X{place}", "due_on": due, "dunning_level": level}
            for number, (due, level, place) in enumerate(cases)
        )
    )
    customers = pd.DataFrame({"customer_id": [f"X{place}" for place in range(6)], "country": countries})
    send_on = planned(items, ledger_of(items, customers=customers))["send_on"]
    places = (pd.Series([countries[place] for *_, place in cases], dtype="str"), pd.Series("", items.index))
    assert (send_on >= on(str(DAY))).all()
    assert next_working_day(send_on, *places).equals(send_on)


# ---- habits ----


def habit(*closings: tuple[str, int], **invoice: object) -> pd.DataFrame:
    """Habits of debtor X: each closing known that day and so many days late."""
    ids = [f"I{number}" for number in range(len(closings))]
    settled = [on(day) for day, _ in closings]
    due = [day - pd.Timedelta(days=late) for day, (_, late) in zip(settled, closings, strict=True)]
    shared = {"customer_id": "X", "amount_minor": 100, **invoice}
    invoices = pd.DataFrame({"invoice_id": ids, "due_on": due, "issued_on": due}).assign(**shared)
    frame = pd.DataFrame({"invoice_id": ids, "settled_on": settled, "known_on": settled, "how": "paid"})
    frame = frame.assign(customer_id="X", reopened_known_on=pd.NaT)
    return payment_habits(frame, make_ledger(invoices=invoices).invoices, DAY)


def test_habits_are_count_median_and_spread() -> None:
    """Of 0, 2, 4, 6, 8 days late: median 4, 10th percentile 0.8, 90th 7.2."""
    row = habit(*[("2024-05-01", late) for late in (8, 0, 4, 2, 6)]).loc["X"]
    assert row.tolist() == pytest.approx([5, 4.0, 6.4])


def test_habits_count_365_days_before_the_day() -> None:
    """3 June 2023 is 366 days before 3 June 2024; 4 June 2023 counts, the run day does not."""
    assert habit(("2023-06-03", 9), ("2023-06-04", 3), ("2024-06-02", 3), ("2024-06-03", 9)).loc[
        "X"
    ].tolist() == [
        2,
        3.0,
        0.0,
    ]


def test_direct_debits_are_no_habit_and_extensions_do_not_hide_one() -> None:
    """The creditor chooses the day of a direct debit; days late count from the first due day."""
    assert habit(("2024-05-01", 3), payment_method="direct_debit").empty
    extended = habit(("2024-05-01", 0), original_due_on=on("2024-04-21")).loc["X"]
    assert extended["median_days_late"] == 10


def test_a_payment_taken_back_is_no_habit() -> None:
    """Nor is an item closed by a credit note."""
    invoices = make_ledger(
        invoices=pd.DataFrame(
            {
                "invoice_id": ["I1", "I2"],
                "customer_id": "X",
                "issued_on": on("2024-01-01"),
                "due_on": on("2024-02-01"),
                "amount_minor": 100,
            }
        )
    ).invoices
    closings = pd.DataFrame(
        {
            "invoice_id": ["I1", "I2"],
            "customer_id": "X",
            "settled_on": on("2024-02-10"),
            "known_on": on("2024-02-10"),
            "how": ["paid", "credited"],
            "reopened_known_on": [on("2024-03-01"), pd.NaT],
        }
    )
    assert payment_habits(closings, invoices, DAY).empty
    assert len(payment_habits(closings, invoices, date(2024, 2, 20))) == 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-20, 60)), min_size=1, max_size=20))
def test_habits_equal_numpys_quantiles(rows: list[tuple[int, int]]) -> None:
    """The same figures as one quantile call per debtor."""
    debtor = [f"C{number}" for number, _ in rows]
    ids = [f"I{number}" for number in range(len(rows))]
    settled = on("2024-05-01")
    due = [settled - timedelta(days=late) for _, late in rows]
    invoices = pd.DataFrame(
        {"invoice_id": ids, "customer_id": debtor, "issued_on": due, "due_on": due, "amount_minor": 1}
    )
    closings = pd.DataFrame(
        {"invoice_id": ids, "customer_id": debtor, "settled_on": settled, "known_on": settled}
    )
    closings = closings.assign(how="paid", reopened_known_on=pd.NaT)
    found = payment_habits(closings, make_ledger(invoices=invoices).invoices, DAY)
    for name in set(debtor):
        late = [days for who, (_, days) in zip(debtor, rows, strict=True) if who == name]
        p10, p50, p90 = np.quantile(late, [0.1, 0.5, 0.9])
        assert found.loc[name].tolist() == pytest.approx([len(late), p50, p90 - p10])


# ---- working days ----


def test_working_days_of_several_places_at_once() -> None:
    """Friday 3 January 2025 is a working day in Germany, the weekend in Saudi Arabia; unknown = Mon-Fri."""
    friday = pd.Series([on("2025-01-03")] * 3)
    country = pd.Series(["DE", "SA", "XX"])
    region = pd.Series([None] * 3, dtype="str")
    assert next_working_day(friday, country, region).tolist() == [
        on("2025-01-03"),
        on("2025-01-05"),
        on("2025-01-03"),
    ]


def test_lower_case_and_full_region_codes_are_understood() -> None:
    """de with DE-BY is Bavaria, beside rows written DE."""
    epiphany = pd.Series([on("2025-01-06")] * 2)
    found = next_working_day(epiphany, pd.Series(["de", "DE"]), pd.Series(["DE-BY", "BE"]))
    assert found.tolist() == [on("2025-01-07"), on("2025-01-06")]


def test_working_days_across_new_year() -> None:
    """31 December 2024 + 1 working day in Germany skips New Year's Day; an empty day stays empty."""
    days = pd.Series([on("2024-12-31"), pd.NaT])
    found = working_days_after(days, 1, pd.Series(["DE", "DE"]), pd.Series([None, None], dtype="str"))
    assert found[0] == on("2025-01-02")
    assert pd.isna(found[1])


def test_calendars_that_are_missing_are_told() -> None:
    """One sentence per country without a calendar."""
    assert calendar_notes(pd.Series(["XX", "XX", "DE", None])) == [
        "no holiday calendar for debtors without a country (1 debtor): Monday to Friday are working days",
        "no holiday calendar for country XX (2 debtors): Monday to Friday are working days",
    ]
