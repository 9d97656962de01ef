"""Who is on the worklist, why, in which order, and what waits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from worklist_support import DAY, POLICY, Row, call, contact, listed, on, over_limit, with_rules

from features.contracts.collection_tables import WORKLIST
from features.errors import ConfigurationError

OLD: Row = {"days_past_due": 40}
SMALL: Row = {"amount_minor": 10_000}
"""One hundred euros: a call costs more than it brings."""

BROKEN: Row = contact(
    20, promise_made_on=on("2024-05-14"), promised_for=on("2024-05-20"), promised_amount_minor=120_000
)
BACK: Row = {"invoice_id": "I1", "paid_on": on("2024-05-28"), "amount_minor": 5_000, "kind": "reversal"}
INSOLVENT: Row = {"customer_id": "X", "insolvent_on": on("2024-05-01")}


def only(found: pd.DataFrame) -> pd.Series:
    """The only line there is."""
    assert len(found) == 1
    return found.iloc[0]


def causes(found: pd.DataFrame) -> list[str]:
    """The causes, in the order of the list."""
    return found["cause"].tolist()


# expected value --------------------------------------------------------------------------------------


def test_a_call_that_is_worth_it_is_listed() -> None:
    """With the figures that say so, and what to do."""
    line = only(listed())
    assert line["cause"] == "expected_value"
    assert line["why"] == (
        "EUR 100,000.00 overdue, the oldest 10 days; 35% is expected within 7 days without a call; "
        "a call is worth EUR 27.04"
    )
    assert line["suggested_approach"] == "ask what stands in the way; agree a day for every item"
    assert (line["expected_value_minor"], line["language"], line["reached"]) == (2_704, "nl", True)


def test_the_columns_are_those_of_the_contract() -> None:
    """Also where nothing is listed."""
    for found in (listed(), listed(SMALL)):
        assert found.columns.tolist() == [column.inside for column in WORKLIST.columns]
    assert listed(SMALL).empty


def test_nothing_open_is_an_empty_list() -> None:
    """A ledger in which all is settled has nobody to call."""
    nothing = listed(empty=True)
    assert nothing.empty
    assert nothing.dtypes.equals(listed().dtypes)


def test_nobody_is_called_who_pays_anyway() -> None:
    """Not even where the strategy asks for a call."""
    anyway = {"days_past_due": 24}
    assert listed(anyway, within=6).empty
    assert listed(anyway, within=6, actions=[call()]).empty


def test_a_call_of_the_strategy_is_listed_though_it_costs_more_than_it_brings() -> None:
    """Somebody has to make it, as long as the debtor is not expected to pay anyway."""
    line = only(listed(SMALL, actions=[call()]))
    assert line["action_id"] == "call I1"
    assert line["why"].startswith("the strategy asks for a call; EUR 100.00 overdue")
    assert line["expected_value_minor"] < 0


def test_another_action_asks_for_no_call_today() -> None:
    """Later, not approved, blocked, withdrawn, another channel, no longer valid: only the last is due."""
    not_due: list[Row] = [
        {"send_on": on("2024-06-04")},
        {"status": "needs_approval"},
        {"status": "blocked"},
        {"change": "withdrawn"},
        {"channel": "email"},
        {"send_on": on("2024-05-20"), "valid_until": on("2024-06-02")},
        {"send_on": on("2024-06-01")},
    ]
    items = [{**SMALL, "invoice_id": f"I{n}", "customer_id": f"D{n}"} for n in range(len(not_due))]
    actions = [call(f"I{n}", **action) for n, action in enumerate(not_due)]
    assert only(listed(*items, actions=actions))["customer_id"] == "D6"


@pytest.mark.parametrize(
    ("send_on", "called"), [("2024-06-03", False), ("2024-06-09", False), ("2024-06-10", True)]
)
def test_no_superfluous_call_where_a_reminder_is_planned_soon(send_on: str, called: bool) -> None:
    """The next seven days belong to the planned contact, also of another account of the recipient."""
    action = call(channel="email", send_on=on(send_on), valid_until=on("2024-06-30"))
    assert listed(actions=[action]).empty is not called
    two = ({}, {"invoice_id": "I2", "company_code": "B"})
    assert len(listed(*two, actions=[action])) == (2 if called else 0)


@pytest.mark.parametrize(("days_ago", "called"), [(6, False), (7, True)])
def test_no_call_for_its_value_shortly_after_a_contact(days_ago: int, called: bool) -> None:
    """The gap of the policy is seven days; a contact that reached nobody does not count."""
    assert listed(contact_history=[contact(days_ago)]).empty is not called
    assert len(listed(contact_history=[contact(days_ago, status="not_reached")])) == 1


def test_the_most_contacts_count() -> None:
    """Four in thirty days are the most, of all debtors of one recipient."""
    customers = [
        {"customer_id": "X", "dunning_recipient_id": "H"},
        {"customer_id": "Y", "dunning_recipient_id": "H"},
    ]
    made = [contact(days, customer_id=who) for days, who in ((10, "X"), (18, "Y"), (22, "H"), (29, "X"))]
    assert listed(customers=customers, contact_history=made).empty
    assert len(listed(customers=customers, contact_history=[*made[:3], contact(30)])) == 1


# who must be left alone ------------------------------------------------------------------------------

ALWAYS_ON = {"contact_history": [BROKEN], "payments": [BACK]}


@pytest.mark.parametrize(
    "left_alone",
    [
        {"customers": [{"customer_id": "X", "do_not_contact": True}]},
        {"customers": [{"customer_id": "X", "legal_on": on("2024-05-01")}]},
        {"disputes": [{"invoice_id": "I1", "opened_on": on("2024-05-10")}]},
        {"decisions": [{"customer_id": "X", "hold": True, "by": "Ann", "decided_on": on("2024-05-10")}]},
        {"credits": [{"credit_minor": 10_000_000}]},
        {"credits": [{"in_transit_minor": 10_000_000}]},
        {"treated": {"strategy": "none"}},
    ],
)
def test_nobody_is_listed_who_must_not_be_contacted(left_alone: dict[str, Any]) -> None:
    """Whatever the cause: blocked, nothing owed net of credit, or a strategy without steps."""
    given: dict[str, Any] = {**ALWAYS_ON, **left_alone}
    assert listed(OLD, actions=[call()], **given).empty


def test_the_same_debtor_is_listed_when_free() -> None:
    """So it is the block that keeps it off the list."""
    assert causes(listed(OLD, **ALWAYS_ON)) == ["broken_promise"]


@pytest.mark.parametrize("days_past_due", [0, -3])
def test_nothing_past_due_is_no_reason(days_past_due: int) -> None:
    """Items not yet due put nobody on the list."""
    assert listed({"days_past_due": days_past_due}, actions=[call()]).empty


def test_dormant_residuals_are_no_reason() -> None:
    """They have no prediction and no reminder."""
    assert listed(OLD, actions=[call()], dormant=True).empty


@pytest.mark.parametrize(("amount", "on_it"), [(499, False), (500, True)])
def test_less_than_the_minimum_is_not_called_for(amount: int, on_it: bool) -> None:
    """The policy reminds from 5 euros; so it is with the list."""
    assert listed({**OLD, "amount_minor": amount}).empty is not on_it


# always on it ----------------------------------------------------------------------------------------


def test_a_broken_promise_says_which_one() -> None:
    """Its day and amount; the newest promise stands beside it."""
    line = only(listed(SMALL, contact_history=[BROKEN], treated={"instalments": 3}))
    assert line["cause"] == "broken_promise"
    assert line["why"] == "the promise for 2024-05-20 over EUR 1,200.00 was not kept"
    assert line["suggested_approach"] == (
        "ask why the promise was not kept; agree a new day and confirm it in writing; "
        "a payment plan of 3 parts may be offered"
    )
    assert line["promised_for"] == on("2024-05-20")
    assert line["last_contact_on"] == on("2024-05-14")


def test_a_broken_promise_about_an_item_is_of_its_account() -> None:
    """The debtor's account with another company is left alone."""
    items = ({**SMALL, "company_code": "A"}, {**SMALL, "invoice_id": "I2", "company_code": "B"})
    line = only(listed(*items, contact_history=[{**BROKEN, "invoice_id": "I2"}]))
    assert (line["cause"], line["company_code"]) == ("broken_promise", "B")


def test_a_second_broken_promise_is_told() -> None:
    """It changes what to ask for."""
    earlier = contact(60, promise_made_on=on("2024-04-04"), promised_for=on("2024-04-15"))
    line = only(listed({**SMALL, "days_past_due": 90}, contact_history=[earlier, BROKEN]))
    assert "2 promises were not kept in the last year" in line["suggested_approach"]


@pytest.mark.parametrize(("days_ago", "on_it"), [(10, False), (16, True)])
def test_a_broken_promise_is_done_once_somebody_spoke_since(days_ago: int, on_it: bool) -> None:
    """It was known to be broken on 22 May, two working days after the promised day."""
    found = listed(SMALL, contact_history=[BROKEN, contact(days_ago, promised_for=None)])
    assert found.empty is not on_it


def test_a_returned_debit_is_listed() -> None:
    """Until somebody spoke since, and for thirty days."""
    line = only(listed(SMALL, payments=[BACK]))
    assert line["cause"] == "returned_debit"
    assert line["why"] == "a payment of EUR 50.00 was taken back on 2024-05-28"
    assert listed(SMALL, payments=[BACK], contact_history=[contact(6)]).empty
    assert listed(SMALL, payments=[{**BACK, "paid_on": on("2024-05-03")}]).empty
    assert not listed(SMALL, payments=[{**BACK, "paid_on": on("2024-05-04")}]).empty


def test_the_claim_of_an_insolvent_debtor_is_filed_once() -> None:
    """Nobody is contacted for it, so no block, credit or missing due day stops it."""
    item = {**SMALL, "days_past_due": -5}
    line = only(listed(item, customers=[{**INSOLVENT, "do_not_contact": True}]))
    assert line["cause"] == "insolvency"
    assert line["why"] == "insolvent since 2024-05-01; no claim for EUR 100.00 is filed"
    assert line["suggested_approach"] == "file the claim with the administrator; do not contact the debtor"
    filed = contact(5, kind="claim_filed", status="sent")
    assert listed(item, customers=[INSOLVENT], contact_history=[filed]).empty


def test_a_claim_filed_is_no_contact() -> None:
    """It neither counts as the last contact nor keeps anybody from being called."""
    assert only(listed(contact_history=[contact(1, kind="claim_filed")]))["last_contact_on"] is pd.NaT


def test_exposure_above_a_limit_is_listed_once_per_debtor() -> None:
    """Under its largest account, with what is above and what is not insured, until it was reviewed."""
    items = (
        {**SMALL, "company_code": "A"},
        {**SMALL, "invoice_id": "I2", "company_code": "B", "amount_minor": 20_000},
    )
    line = only(listed(*items, risks=[over_limit(uninsured_amount_minor=2_500)]))
    assert (line["cause"], line["company_code"]) == ("over_limit", "B")
    assert line["why"] == (
        "exposure of EUR 100,000.00, above the credit limit of EUR 1,000.00, EUR 25.00 of it not insured"
    )
    assert line["suggested_approach"] == (
        "raise the limit, insure the rest or hold new orders; do not contact the debtor"
    )
    assert pd.isna(line["action_id"])
    reviewed = contact(29, kind="limit_reviewed")
    assert listed(*items, risks=[over_limit()], contact_history=[reviewed]).empty
    assert listed(*items, risks=[over_limit(over_credit_limit=False)]).empty


def test_long_overdue_and_silent_is_listed() -> None:
    """More than 30 days past due, and for 21 days without a contact."""
    cases = [(31, None, True), (30, None, False), (31, 21, True), (31, 20, False), (200, 20, False)]
    items = [
        {**SMALL, "invoice_id": f"I{n}", "customer_id": f"D{n}", "days_past_due": age}
        for n, (age, *_) in enumerate(cases)
    ]
    made = [contact(ago, customer_id=f"D{n}") for n, (_, ago, _) in enumerate(cases) if ago is not None]
    found = listed(*items, contact_history=made)
    assert sorted(found["customer_id"]) == [f"D{n}" for n, (*_, on_it) in enumerate(cases) if on_it]
    assert set(found["cause"]) == {"silence"}


def test_silence_says_since_when() -> None:
    """A reminder that only the ledger's item tells is a contact too."""
    assert only(listed({**SMALL, **OLD}))["why"] == "40 days past due, no contact is known"
    dunned = {**SMALL, **OLD, "dunning_level": 1, "last_dunned_on": on("2024-05-06")}
    assert only(listed(dunned))["why"] == "40 days past due, no contact since 2024-05-06"
    assert listed({**dunned, "last_dunned_on": on("2024-05-20")}).empty


def test_all_that_always_holds_is_said_and_the_first_cause_decides() -> None:
    """A broken promise goes before a returned debit, that before a limit, that before silence."""
    line = only(listed({**SMALL, **OLD}, payments=[BACK], risks=[over_limit()], contact_history=[BROKEN]))
    assert line["cause"] == "broken_promise"
    assert [part.split()[0] for part in line["why"].split("; ")] == ["the", "a", "exposure"]


# what to do ------------------------------------------------------------------------------------------


def test_a_debtor_above_its_limit_is_called_too_where_that_is_due() -> None:
    """One line for both; where the call must wait, the limit does not."""
    line = only(listed(SMALL, risks=[over_limit()], actions=[call()]))
    assert (line["cause"], line["action_id"]) == ("over_limit", "call I1")
    assert "; the strategy asks for a call; " in line["why"]
    assert line["suggested_approach"] == (
        "raise the limit, insure the rest or hold new orders; "
        "ask what stands in the way; agree a day for every item"
    )
    waits = only(
        listed(
            SMALL, risks=[over_limit()], actions=[call()], bank_words="bank data known until 2024-05-28 only"
        )
    )
    assert waits["reached"]
    assert pd.isna(waits["action_id"])
    assert waits["suggested_approach"].endswith("; do not contact the debtor")


@pytest.mark.parametrize(
    ("debtor", "words"),
    [
        ({"risk": "low"}, "assume a mistake: ask whether the invoice arrived and is in order"),
        ({"risk": "high"}, "ask what stands in the way; agree a day for every item"),
        ({"legal_kind": "public"}, "ask which order number or e-invoice reference is missing"),
        ({"legal_kind": "consumer"}, "ask kindly whether the invoice arrived and what stands in the way"),
        (
            {"risk": "low", "key_account": True},
            "assume a mistake: ask whether the invoice arrived and is in order; "
            "speak with the account manager first",
        ),
    ],
)
def test_the_approach_fits_the_debtor(debtor: Row, words: str) -> None:
    """A good payer made a mistake, a public body misses a number."""
    assert only(listed(debtor=debtor))["suggested_approach"] == words


def test_who_broke_a_promise_made_no_mistake() -> None:
    """A low risk does not excuse it, also once the promise is no longer why the debtor is called."""
    made = [BROKEN, contact(9, promised_for=None)]
    line = only(listed(debtor={"risk": "low"}, contact_history=made))
    assert line["cause"] == "expected_value"
    assert line["suggested_approach"].startswith("ask what stands in the way")
    assert "1 promise was not kept in the last year" in line["suggested_approach"]


def test_terms_that_nobody_approved_are_not_offered() -> None:
    """A plan may be offered when it is proposed or approved."""
    for status, offered in (("approved", True), ("needs_approval", False)):
        line = only(listed(treated={"status": status, "instalments": 3}))
        assert ("payment plan" in line["suggested_approach"]) is offered


def test_a_call_that_replaces_a_reminder_says_so() -> None:
    """A cause that is always on the list does not wait for the e-mail."""
    action = call(channel="registered_letter", send_on=on("2024-06-05"))
    line = only(listed(OLD, actions=[action]))
    assert (line["cause"], line["action_id"]) == ("silence", "call I1")
    assert line["suggested_approach"].endswith("; this replaces the registered letter planned for 2024-06-05")


def test_a_language_that_is_not_known_is_the_policys() -> None:
    """The same one that messages are written in."""
    assert only(listed(debtor={"language": None}))["language"] == POLICY.language


# money -----------------------------------------------------------------------------------------------


def test_the_value_is_told_in_the_currency_of_the_account() -> None:
    """Ranked at home, where a dollar is half a euro here."""
    rates = [{"currency": "USD", "day": on("2024-06-01"), "rate": 0.5}]
    items = ({"currency": "USD", "amount_minor": 20_000_000}, {"invoice_id": "I2", "customer_id": "Y"})
    found = listed(*items, rates=rates).set_index("customer_id")
    assert found.loc["X", "expected_value_minor"] == pytest.approx(
        2 * found.loc["Y", "expected_value_minor"], abs=1
    )


def test_without_an_exchange_rate_no_value_is_claimed() -> None:
    """Such an account is listed for another cause or a call of the strategy only, and says so."""
    dollars = {"currency": "USD"}
    assert listed(dollars).empty
    line = only(listed(dollars, actions=[call()]))
    assert line["why"].endswith("its value is unknown without an exchange rate")
    assert line["expected_value_minor"] == 0


# who does it, and what waits -------------------------------------------------------------------------


def portfolio(count: int) -> list[Row]:
    """Debtors D00, D01, … with ever less money."""
    return [
        {"invoice_id": f"I{n:02}", "customer_id": f"D{n:02}", "amount_minor": 20_000_000 - n * 100_000}
        for n in range(count)
    ]


def test_the_list_is_cut_nowhere() -> None:
    """What the capacity of two people does not reach is listed with its amounts."""
    people = [{"collector": "Al", "capacity_per_day": 2}, {"collector": "Bo", "capacity_per_day": 1}]
    found = listed(*portfolio(6), collectors=people)
    assert sorted(found["customer_id"]) == [f"D{n:02}" for n in range(6)]
    assert found["open_amount_minor"].sum() == sum(row["amount_minor"] for row in portfolio(6))
    assert found.loc[found["reached"], "customer_id"].tolist() == ["D00", "D02", "D01"]
    assert found["collector"].tolist()[:3] == ["Al", "Al", "Bo"]
    left = found[~found["reached"]]
    assert left["collector"].isna().all()
    assert left["why"].str.endswith("; beyond what the collectors can do today").all()


def test_a_portfolio_is_ranked_for_its_collector() -> None:
    """Always-causes first, then by value; what is beyond the capacity keeps its place."""
    items = portfolio(4)
    items[3]["days_past_due"] = 40
    customers = [{"customer_id": row["customer_id"], "collector": "Al"} for row in items]
    found = listed(*items, customers=customers, policy=with_rules(capacity_per_day=2))
    assert found["customer_id"].tolist() == ["D03", "D00", "D01", "D02"]
    assert found["rank"].tolist() == [1, 2, 3, 4]
    assert found["reached"].tolist() == [True, True, False, False]
    assert found["why"].iloc[2].endswith("; beyond what Al can do today")


def test_a_capacity_without_collectors_is_refused() -> None:
    """Nobody would have it."""
    with pytest.raises(ConfigurationError, match="there are no collectors"):
        listed(policy=with_rules(capacity_per_day=2))


def test_the_account_manager_makes_the_call_that_is_his() -> None:
    """Other work of the debtor stays with its collector."""
    customers = [{"customer_id": "X", "collector": "Al"}]
    assert only(listed(customers=customers, actions=[call(collector="Max")]))["collector"] == "Max"
    assert only(listed(customers=customers))["collector"] == "Al"


def test_one_call_a_day_to_a_recipient() -> None:
    """Two accounts, one call: the other one waits and takes nobody's time."""
    items = ({}, {"invoice_id": "I2", "company_code": "B", "amount_minor": 20_000_000})
    found = listed(*items, collectors=[{"collector": "Al", "capacity_per_day": 1}])
    assert found["reached"].tolist() == [True, False]
    assert found["company_code"].iloc[0] == "B"
    assert (
        found["why"].iloc[1].endswith("the recipient is called today about another account: speak about both")
    )
    customers = [{"customer_id": who, "dunning_recipient_id": "H"} for who in ("X", "Y")]
    branches = listed({}, {"invoice_id": "I2", "customer_id": "Y"}, customers=customers)
    assert branches["reached"].tolist() == [True, False]


def test_an_always_cause_waits_for_the_gap() -> None:
    """A returned debit of a debtor who was written to the day before it came back is listed, not called."""
    back = {**BACK, "paid_on": on("2024-06-01")}
    line = only(listed(SMALL, payments=[back], contact_history=[contact(3, status="sent")]))
    assert (line["cause"], line["reached"]) == ("returned_debit", False)
    assert line["why"].endswith("; last contact on 2024-05-31, not again before 2024-06-07")


def test_nobody_is_called_on_old_bank_data() -> None:
    """The list is there, and waits; claims and limits do not need the bank."""
    items = ({}, {"invoice_id": "I2", "customer_id": "Y"})
    found = listed(
        *items,
        bank_words="bank data known until 2024-05-28 only",
        risks=[over_limit("Y")],
        actions=[call(status="waiting_for_bank")],
    ).set_index("customer_id")
    assert found["reached"].to_dict() == {"X": False, "Y": True}
    assert found.loc["X", "why"].endswith("; waits: bank data known until 2024-05-28 only")


# properties ------------------------------------------------------------------------------------------


def any_portfolio(seed: int) -> dict[str, Any]:
    """Sixty debtors with one or two items, contacts, limits, collectors of few languages."""
    rng = np.random.default_rng(seed)
    debtors = [f"D{n:02}" for n in range(60)]
    items = [
        {
            "invoice_id": f"I{n:03}",
            "customer_id": str(rng.choice(debtors)),
            "amount_minor": int(rng.lognormal(14, 2)),
            "days_past_due": int(rng.integers(-20, 80)),
            "company_code": str(rng.choice(["A", "A", "B"])),
        }
        for n in range(90)
    ]
    customers = [
        {
            "customer_id": debtor,
            "collector": str(rng.choice(["Al", "Bo"])) if rng.random() < 0.4 else None,
            "do_not_contact": bool(rng.random() < 0.1),
            "insolvent_on": on("2024-05-01") if rng.random() < 0.1 else None,
            "dunning_recipient_id": str(rng.choice(debtors)) if rng.random() < 0.2 else None,
        }
        for debtor in debtors
    ]
    made = [
        contact(
            int(rng.integers(1, 60)),
            customer_id=str(rng.choice(debtors)),
            promised_for=on("2024-05-15") if rng.random() < 0.3 else None,
            status=str(rng.choice(["sent", "reached", "not_reached"])),
        )
        for _ in range(50)
    ]
    return {
        "items": items,
        "within": rng.integers(2, 90, len(items)).tolist(),
        "customers": customers,
        "contact_history": made,
        "credits": [
            {"customer_id": debtor, "company_code": "A", "unapplied_minor": 10**6} for debtor in debtors[:9]
        ],
        "risks": [over_limit(debtor) for debtor in debtors[::7]],
        "actions": [call(row["invoice_id"]) for row in items[::5]],
        "collectors": [
            {"collector": "Al", "languages": "nl", "capacity_per_day": 4},
            {"collector": "Bo", "languages": "nl, de", "capacity_per_day": 3},
            {"collector": "Cy", "languages": "de", "capacity_per_day": 9},
            {"collector": "Di", "capacity_per_day": 5, "absent": "2024-06-01/2024-06-09"},
        ],
    }


@pytest.mark.parametrize("seed", range(3))
def test_what_holds_for_every_list(seed: int) -> None:
    """Capacity, causes in order, nobody blocked or called twice, each account once, in any row order."""
    given = any_portfolio(seed)
    items = given.pop("items")
    found = listed(*items, **given)
    assert not found.duplicated(["customer_id", "company_code", "currency"]).any()
    load = found[found["reached"]].groupby("collector").size().to_dict()
    assert load.get("Al", 0) <= 4
    assert load.get("Bo", 0) <= 3
    assert not {"Cy", "Di"} & set(load)  # the debtors speak Dutch
    order = WORKLIST["cause"].choices
    for _, lines in found.groupby("collector", dropna=False):
        assert lines["rank"].tolist() == list(range(1, len(lines) + 1))
        places = [order.index(cause) for cause in lines["cause"]]
        assert places == sorted(places)
    called = found[~found["suggested_approach"].str.contains("do not contact")]
    assert len(called) > 3
    customers = {row["customer_id"]: row for row in given["customers"]}
    for who in called["customer_id"]:
        assert not customers[who]["do_not_contact"]
        assert customers[who]["insolvent_on"] is None
    recipients = [
        customers[who]["dunning_recipient_id"] or who for who in called.loc[called["reached"], "customer_id"]
    ]
    assert len(recipients) == len(set(recipients))
    valued = found[(found["cause"] == "expected_value") & found["action_id"].isna()]
    assert (valued["expected_value_minor"] > 0).all()
    shuffled = listed(*items, **given, shuffled=seed)
    pd.testing.assert_frame_equal(found, shuffled)


def test_what_becomes_known_on_the_day_changes_nothing() -> None:
    """Contacts, payments and rates of the run day are not known yet."""
    today = on(str(DAY))
    later = {
        "contact_history": [contact(0)],
        "payments": [{**BACK, "paid_on": today}],
        "rates": [{"currency": "USD", "day": today, "rate": 2.0}],
    }
    pd.testing.assert_frame_equal(listed({}, {"currency": "USD", "invoice_id": "I2"}, **later),
                                  listed({}, {"currency": "USD", "invoice_id": "I2"}))  # fmt: skip
