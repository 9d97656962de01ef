"""When each open invoice is next reminded, how, and why then."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from treatment_support import (
    DAY,
    POLICY,
    arms_of,
    credit_of,
    debtors_of,
    ledger_of,
    on,
    open_items,
    planned,
    shifts_of,
    state_of,
    treatments_of,
)

from features.contracts import OUTPUT_TABLES
from features.errors import ModelError
from models.reminding.channels import CHANNELS


def one(item: dict[str, object] | None = None, *steps: str, **options: object) -> pd.Series:
    """The reminder of invoice I1: debtor X, 100.00 EUR, due Wednesday 29 May, by default the first step."""
    return planned(open_items(item or {}), *steps, **options).rows.iloc[0]  # type: ignore[arg-type]


def sent(*rows: dict[str, object]) -> pd.DataFrame:
    """Contacts with debtor X."""
    plain = {"customer_id": "X", "contacted_on": on("2024-05-31"), "status": "sent", "kind": "reminder"}
    return pd.DataFrame([{**plain, **row} for row in rows])


# ---- the day ----


def test_the_steps_own_day() -> None:
    """Due on Friday 31 May, five days after it: Wednesday 5 June."""
    row = one({"due_on": on("2024-05-31")})
    assert (row["step"], row["send_on"], row["timing"]) == ("friendly_reminder", on("2024-06-05"), "fixed")
    assert row["reason"] == "5 days after due"


def test_a_day_that_has_passed_becomes_today() -> None:
    """The day to send is never in the past."""
    row = one({"due_on": on("2024-05-20")})
    assert row["send_on"] == on("2024-06-03")
    assert row["reason"] == "5 days after due; that day has passed"


def test_a_weekend_becomes_the_next_working_day() -> None:
    """Five days after Monday 3 June is a Saturday."""
    row = one({"due_on": on("2024-06-03")})
    assert row["send_on"] == on("2024-06-10")
    assert row["reason"] == "5 days after due; next working day"


def test_public_holidays_of_country_and_region() -> None:
    """Thursday 30 May 2024 is Corpus Christi in Bavaria, a working day in Berlin."""
    for region, expected in (("BY", "2024-05-31"), ("BE", "2024-05-30")):
        items = open_items({"due_on": on("2024-05-25")})
        row = planned(items, debtors=debtors_of(items, region=region), day=date(2024, 5, 30)).rows.iloc[0]
        assert row["send_on"] == on(expected)


def test_the_calendar_of_the_dunning_recipient_counts() -> None:
    """King's Day is a holiday for the head office in the Netherlands that reads the reminder."""
    items = open_items({"due_on": on("2023-04-22")})
    customers = pd.DataFrame([{"customer_id": "X", "dunning_recipient_id": "HQ"}])
    debtors = debtors_of(items)
    head_office = debtors.set_axis(["HQ"]).assign(country="NL")
    options = {"debtors": pd.concat([debtors, head_office]), "day": date(2023, 4, 27)}
    row = planned(items, ledger=ledger_of(items, customers=customers), **options).rows.iloc[0]
    assert row["send_on"] == on("2023-04-28")


@pytest.mark.parametrize(("step", "expected"), [("friendly_reminder", "2023-04-27"), ("call", "2023-04-28")])
def test_calls_need_a_working_day_of_the_creditor_too(step: str, expected: str) -> None:
    """On King's Day a Dutch creditor's e-mail may go out, but nobody is there to call."""
    items = open_items({"due_on": on("2023-03-01")})
    row = planned(items, step, day=date(2023, 4, 27), creditor_country="NL").rows.iloc[0]
    assert row["send_on"] == on(expected)


@pytest.mark.parametrize(
    ("region", "expected"), [("BY", "2023-01-09"), ("BE", "2023-01-06"), (None, "2023-01-06")]
)
def test_the_creditors_own_region_has_holidays_of_its_own(region: str | None, expected: str) -> None:
    """Friday 6 January is a holiday in Bavaria, not in Berlin."""
    items = open_items({"due_on": on("2022-11-01")})
    where = {"creditor_country": "DE", "creditor_region": region}
    row = planned(items, "call", day=date(2023, 1, 6), **where).rows.iloc[0]
    assert row["send_on"] == on(expected)


def test_reminders_keep_their_distance_from_dunning_that_the_ledger_tells_of() -> None:
    """Another invoice of the debtor, since paid, was dunned on 31 May: not before 7 June."""
    items = open_items({"due_on": on("2024-05-10")})
    paid = open_items({"invoice_id": "I9", "dunning_level": 1, "last_dunned_on": on("2024-05-31")})
    row = planned(items, ledger=ledger_of(pd.concat([items, paid]))).rows.iloc[0]
    assert row["send_on"] == on("2024-06-07")
    assert row["reason"] == "5 days after due; that day has passed; not within 7 days of the last contact"


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ({}, "2024-06-07"),
        ({"status": "not_reached"}, "2024-06-07"),
        ({"status": None}, "2024-06-07"),
        ({"status": "bounced"}, "2024-06-03"),
        ({"status": "suppressed"}, "2024-06-03"),
        ({"customer_id": "Z"}, "2024-06-03"),
        ({"customer_id": "BRANCH"}, "2024-06-07"),
        ({"contacted_on": on("2024-06-03")}, "2024-06-03"),
        ({"known_on": on("2024-06-03")}, "2024-06-03"),
    ],
)
def test_what_counts_as_a_contact(contact: dict[str, object], expected: str) -> None:
    """Made or tried, with the recipient or a debtor whose reminders it gets, before the day."""
    items = open_items({"due_on": on("2024-05-10")})
    customers = pd.DataFrame([{"customer_id": "BRANCH", "dunning_recipient_id": "X"}])
    ledger = ledger_of(items, customers=customers, contact_history=sent(contact))
    assert planned(items, ledger=ledger).rows["send_on"].tolist() == [on(expected)]


def test_contacts_that_are_only_assumed_keep_the_distance_too() -> None:
    """Without a history the first step is taken as done on 30 May; the next one waits until 6 June."""
    items = open_items({"due_on": on("2024-05-10")})
    state = state_of(items, assumed=True, last_contact_on=on("2024-05-30"))
    row = planned(items, "second_reminder", state=state).rows.iloc[0]
    assert row["assumed"]
    assert row["send_on"] == on("2024-06-06")


def test_the_cap_puts_off_and_says_so() -> None:
    """Four contacts in thirty days, the first on 6 May: room again on 5 June."""
    items = open_items({"due_on": on("2024-05-10")})
    days = ("2024-05-06", "2024-05-13", "2024-05-20", "2024-05-27")
    history = sent(*({"contacted_on": on(day)} for day in days))
    row = planned(items, ledger=ledger_of(items, contact_history=history)).rows.iloc[0]
    assert row["send_on"] == on("2024-06-05")
    assert row["reason"] == "5 days after due; that day has passed; at most 4 contacts in 30 days"


def test_an_item_joins_the_contact_of_another() -> None:
    """Wanted two days later, past due already: together today."""
    rows = planned(open_items({"due_on": on("2024-05-20")}, {"invoice_id": "I2", "due_on": on("2024-05-31")}))
    assert rows.rows["send_on"].tolist() == [on("2024-06-03")] * 2
    assert rows.rows["reason"][1] == "5 days after due; together with others on that day"


# ---- timing ----


def test_a_habit_moves_the_first_friendly_reminder() -> None:
    """5 June + 3 is a Saturday, so Monday 10 June; the reason says all of it."""
    row = one({"due_on": on("2024-05-31")}, timing="shifted", shifts=shifts_of(3))
    assert (row["send_on"], row["timing"]) == (on("2024-06-10"), "shifted")
    assert row["reason"] == "5 days after due, 3 days later: pays 3 days late as a habit; next working day"


@pytest.mark.parametrize(
    ("step", "options", "expected"),
    [
        ("second_reminder", {}, "2024-06-21"),
        ("friendly_reminder", {"timing": "fixed"}, "2024-06-05"),
        ("friendly_reminder", {"shifts": shifts_of(3, sliding=True)}, "2024-06-05"),
        ("friendly_reminder", {"shifts": shifts_of(0)}, "2024-06-05"),
    ],
    ids=["a later step counts from due", "fixed timing", "payment slides along", "no habit"],
)
def test_when_a_habit_moves_nothing(step: str, options: dict[str, object], expected: str) -> None:
    """Then the day is the policy's own."""
    row = one({"due_on": on("2024-05-31")}, step, **{"timing": "shifted", "shifts": shifts_of(3), **options})
    assert (row["send_on"], row["timing"]) == (on(expected), "fixed")


def prediction(**columns: object) -> pd.DataFrame:
    """Half of the invoices like I1 are paid by 7 June, most by the end of June."""
    days = {"paid_on_p10": on("2024-06-04"), "paid_on_p50": on("2024-06-07"), "paid_on_p90": on("2024-06-28")}
    shares = {"p_on_time": 0.1, "p_1_30": 0.7, "p_31_60": 0.1, "p_61_90": 0.05, "p_over_90": 0.05}
    return pd.DataFrame([{"invoice_id": "I1", "days_past_due": 3, **shares, **days, **columns}])


def test_optimal_timing_waits_for_those_who_pay_by_themselves() -> None:
    """The more a reminder annoys, the later; always between the policy's days."""
    item = {"due_on": on("2024-05-31"), "amount_minor": 100_000}
    sent_on = []
    for annoyance in (0.0, 5.0):
        optimal = POLICY.optimal.model_copy(update={"annoyance_cost": annoyance})
        policy = POLICY.model_copy(update={"optimal": optimal})
        row = one(item, timing="optimal", predictions=prediction(), policy=policy)
        assert row["timing"] == "optimal"
        assert "after due" in row["reason"]
        sent_on.append(row["send_on"])
    assert on("2024-06-03") <= sent_on[0] < sent_on[1] <= on("2024-07-01")


@pytest.mark.parametrize(
    ("item", "predictions", "words"),
    [
        ({"currency": "USD"}, prediction(), "costs are weighed in the home currency only"),
        ({}, prediction(invoice_id="I2"), "no prediction to weigh costs by"),
    ],
)
def test_where_optimal_timing_cannot_weigh_the_day_stays(
    item: dict[str, object], predictions: pd.DataFrame, words: str
) -> None:
    """The row says why."""
    row = one({"due_on": on("2024-05-31"), **item}, timing="optimal", predictions=predictions)
    assert (row["send_on"], row["timing"]) == (on("2024-06-05"), "fixed")
    assert row["reason"] == f"5 days after due, {words}"


def test_a_reminder_that_is_not_worth_its_cost_waits_as_long_as_it_may() -> None:
    """1.00 EUR a year later is not worth an e-mail: the last day, 30 days after due, a Sunday."""
    row = one({"due_on": on("2024-05-31"), "amount_minor": 100}, timing="optimal", predictions=prediction())
    assert row["send_on"] == on("2024-07-01")
    assert row["reason"] == (
        "5 days after due, no day is worth its cost, so the last one, 30 days after due; next working day"
    )


@pytest.mark.parametrize(
    ("days", "expected", "timing"),
    [(2, "2024-06-07", "experiment"), (-2, "2024-06-03", "experiment"), (-9, "2024-06-03", "experiment"),
     (0, "2024-06-05", "fixed")],
)  # fmt: skip
def test_an_experiment_draws_the_day(days: int, expected: str, timing: str) -> None:
    """So many days later or earlier, but never before the item is past due nor in the past."""
    items = open_items({"due_on": on("2024-05-31")})
    arms = arms_of(items, days, "spring/some", 0.1)
    row = planned(items, arms=arms).rows.iloc[0]
    assert (row["send_on"], row["timing"]) == (on(expected), timing)
    assert ("drawn by an experiment" in row["reason"]) is (days != 0)


def test_an_experiment_never_reminds_before_the_item_is_past_due() -> None:
    """Due on Wednesday 12 June: the arm of 20 days earlier gets Thursday 13 June."""
    items = open_items({"due_on": on("2024-06-12")})
    row = planned(items, arms=arms_of(items, -20, "spring/early", 0.1)).rows.iloc[0]
    assert row["send_on"] == on("2024-06-13")


def test_an_experiment_moves_the_first_friendly_step_only() -> None:
    """A call keeps its day."""
    items = open_items({"due_on": on("2024-05-10")})
    rows = [planned(items, "call", arms=arms_of(items, days, "s/a", 0.1)).rows for days in (0, 4)]
    assert rows[0].equals(rows[1])


def test_an_event_is_its_own_timing() -> None:
    """A broken promise is called about today, before the reminder of another account."""
    items = open_items(
        {"company_code": "1"}, {"invoice_id": "I2", "company_code": "2", "due_on": on("2024-05-01")}
    )
    rows = planned(items, "call_promise", "friendly_reminder", base=("2024-06-03", "2024-05-06")).rows
    assert rows["timing"].tolist() == ["event", "fixed"]
    assert rows["send_on"].tolist() == [on("2024-06-03"), on("2024-06-10")]


# ---- none ----


def test_an_item_without_a_step_says_why() -> None:
    """Step, day and timing are empty."""
    row = one({}, None)  # type: ignore[arg-type]
    assert row[["step", "send_on", "timing"]].isna().all()
    assert (row["reason"], row["contact"]) == ("no step", -1)


def test_a_blocked_item_is_never_contacted_whatever_its_next_step() -> None:
    """Assigned outside: blocked, and the reason says by what."""
    row = one({"assigned_to": "agency"})
    assert pd.isna(row["step"])
    assert row["reason"] == "blocked by assigned: collected outside by agency"


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
    items = open_items({"due_on": on("2024-05-20")}, {"invoice_id": "I2", "due_on": on("2024-06-20")})
    rows = planned(items, credit=credit_of(credit_minor=12_000)).rows
    assert rows["step"].notna().tolist() == [False, True]


def test_a_step_before_the_due_day_looks_at_the_account_as_it_will_be() -> None:
    """Nothing is overdue yet; 100.00 will be, unless credit covers it."""
    item = {"due_on": on("2024-06-10")}
    assert one(item, "due_soon", strategy="standard")["send_on"] == on("2024-06-05")
    row = one(item, "due_soon", strategy="standard", credit=credit_of(credit_minor=10_000))
    assert row["reason"] == "credit covers what is overdue: net 0.00 EUR on the day to send"


def test_a_courtesy_that_comes_too_late_is_none() -> None:
    """Contacted on 31 May, so not before 7 June; the item is due on the 6th."""
    items = open_items({"due_on": on("2024-06-06")})
    ledger = ledger_of(items, contact_history=sent({}))
    row = planned(items, "due_soon", strategy="standard", ledger=ledger).rows.iloc[0]
    assert pd.isna(row["step"])
    assert (
        row["reason"] == "too late for due_soon: no contact is possible before 2024-06-07, after the due day"
    )


# ---- the table ----


def test_every_open_item_has_exactly_one_row_with_a_step_or_a_reason() -> None:
    """In the order of the items, beginning with the columns of the contract but the action."""
    items = open_items(
        {}, {"invoice_id": "I2", "dormant": True}, {"invoice_id": "I0", "due_on": on("2024-12-24")}
    )
    rows = planned(items, "friendly_reminder", None, "call").rows
    assert rows["invoice_id"].tolist() == ["I1", "I2", "I0"]
    names = [name for name in OUTPUT_TABLES["reminders"].names if name != "action_id"]
    assert list(rows)[: len(names)] == names
    assert (rows["reason"].str.len() > 0).all()
    assert (rows["step"].isna() == rows["send_on"].isna()).all()


def test_no_items_no_rows() -> None:
    """An empty table in, an empty one out."""
    items = open_items({})
    assert planned(items.iloc[:0], ledger=ledger_of(items)).rows.empty


def test_an_item_of_a_debtor_without_a_treatment_is_refused() -> None:
    """The message names the debtor."""
    from treatment_support import next_steps_of

    from models.reminding.reminders import plan_reminders

    items, other = open_items({"customer_id": "Z"}), open_items({})
    with pytest.raises(ModelError, match="debtor Z has open items but no treatment"):
        plan_reminders(
            items,
            next_steps_of(items, "call"),
            state_of(items),
            debtors_of(items),
            treatments_of(other),
            shifts_of(0),
            arms_of(items),
            prediction(),
            pd.DataFrame(columns=["customer_id", "invoice_id", "block", "words"], dtype="str"),
            credit_of(),
            ledger_of(items),
            POLICY,
            day=DAY,
            home_currency="EUR",
        )


def test_a_missing_address_falls_back_and_is_told() -> None:
    """The contact person of X has no telephone: the call about the broken promise becomes a letter."""
    items = open_items({})
    persons = pd.DataFrame([{"customer_id": "X", "recipient_id": "P1", "email": "p@x.example"}])
    plan = planned(items, "call_promise", ledger=ledger_of(items, contact_persons=persons))
    assert CHANNELS[plan.rows["channel"][0]] == "letter"
    assert plan.missing.to_numpy().tolist() == [["X", "call", "letter"]]
