"""The contacts to make, and what changed since the previous run."""

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
)

from features.contracts import OUTPUT_TABLES
from features.errors import ModelError
from features.ledger import Ledger
from models.reminding.actions import plan_actions
from models.treatment.policy_tables import step_table

FIRST = {"invoice_id": "I1", "due_on": on("2024-05-20")}
SECOND = {"invoice_id": "I2", "due_on": on("2024-05-21"), "amount_minor": 2_500}
LATER = {"invoice_id": "I3", "due_on": on("2024-07-01")}


def actions(
    *rows: dict[str, object],
    steps: tuple[str | None, ...] = (),
    previous: pd.DataFrame | None = None,
    ledger: Ledger | None = None,
    day: date = DAY,
    waiting: str = "",
    arms: pd.DataFrame | None = None,
    debtors: pd.DataFrame | None = None,
    languages: tuple[str, ...] | None = None,
    credit: pd.DataFrame | None = None,
    **tables: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reminders with their action, and the actions, for these open items with these steps of gentle."""
    items = open_items(*rows)
    ledger = ledger or ledger_of(items, **tables)
    arms = arms_of(items) if arms is None else arms
    debtors = debtors_of(items) if debtors is None else debtors
    credit = credit_of() if credit is None else credit
    plan = planned(items, *steps, ledger=ledger, day=day, arms=arms, debtors=debtors, credit=credit)
    return plan_actions(
        items,
        plan,
        debtors,
        arms,
        credit,
        ledger,
        POLICY,
        previous,
        day=day,
        waiting_for_bank=waiting,
        message_languages=languages,
    )


def test_reminders_of_one_day_are_one_contact() -> None:
    """Two invoices are reminded today in one e-mail, the third one in July by itself."""
    reminders, table = actions(FIRST, SECOND, LATER)
    assert reminders["action_id"].tolist()[0] == reminders["action_id"].tolist()[1]
    assert table["send_on"].tolist() == [on("2024-06-03"), on("2024-07-08")]
    today = table.iloc[0]
    assert today["overdue_amount_minor"] == 12_500
    assert today["net_overdue_amount_minor"] == 12_500
    assert (today["step"], today["channel"], today["template"]) == ("friendly_reminder", "email", "friendly")
    assert (today["status"], today["change"], today["dunning_level_after"]) == ("proposed", "new", 1)
    assert today["tone"] == "friendly"
    assert today["valid_until"] == on("2024-06-08")
    assert today["reason"] == "2 invoices, the one furthest along: 5 days after due; that day has passed"


def test_net_overdue_is_that_of_the_day_to_send() -> None:
    """In July all three invoices of the debtor are overdue: 225.00."""
    _, table = actions(FIRST, SECOND, LATER)
    assert table["net_overdue_amount_minor"].tolist() == [12_500, 22_500]


def test_what_a_dispute_holds_is_not_asked_for() -> None:
    """40.00 of 100.00 is disputed: 60.00 is dunned, 100.00 is owed."""
    dispute = {"invoice_id": "I1", "opened_on": on("2024-05-25"), "disputed_amount_minor": 4_000}
    _, table = actions(FIRST, disputes=pd.DataFrame([dispute]).astype({"disputed_amount_minor": "Int64"}))
    assert table["overdue_amount_minor"].tolist() == [6_000]
    assert table["net_overdue_amount_minor"].tolist() == [10_000]


@pytest.mark.parametrize("difference", [{"currency": "USD"}, {"company_code": "2"}])
def test_other_currencies_and_companies_are_other_contacts_a_gap_apart(difference: dict[str, object]) -> None:
    """Nothing is added up across them, and the debtor has a week's rest between them."""
    _, table = actions(FIRST, {**SECOND, **difference})
    assert table["overdue_amount_minor"].tolist() == [10_000, 2_500]
    assert table["send_on"].tolist() == [on("2024-06-03"), on("2024-06-10")]


def test_other_debtors_are_other_contacts() -> None:
    """Both today."""
    _, table = actions(FIRST, {**SECOND, "customer_id": "Y"})
    assert sorted(table["overdue_amount_minor"]) == [2_500, 10_000]
    assert table["send_on"].tolist() == [on("2024-06-03")] * 2


def test_a_head_office_gets_one_contact_for_all_its_branches() -> None:
    """Fifty branches owe 100.00 each, one of them has credit for it: one e-mail about forty-nine."""
    branches = [f"B{number:02}" for number in range(50)]
    rows = [{**FIRST, "invoice_id": f"I{who}", "customer_id": who} for who in branches]
    customers = pd.DataFrame({"customer_id": branches, "dunning_recipient_id": "HQ"})
    credit = credit_of(customer_id="B07", credit_minor=10_000)
    reminders, table = actions(*rows, customers=customers, credit=credit)
    assert table[["customer_id", "overdue_amount_minor", "net_overdue_amount_minor"]].to_numpy().tolist() == [
        ["HQ", 490_000, 490_000]
    ]
    assert reminders.loc[reminders["step"].isna(), "customer_id"].tolist() == ["B07"]


def test_a_bundle_speaks_at_its_highest_step() -> None:
    """One invoice after its first reminder takes the other along to the second one."""
    _, table = actions(
        FIRST, {**SECOND, "due_on": on("2024-05-01")}, steps=("friendly_reminder", "second_reminder")
    )
    assert table["step"].tolist() == ["second_reminder"]
    assert table["dunning_level_after"].tolist() == [2]


def test_an_adverse_step_needs_approval_and_takes_no_other_invoice_along() -> None:
    """The final notice is about its own invoice only; the older item goes first."""
    _, table = actions(
        FIRST, {**SECOND, "due_on": on("2024-04-01")}, steps=("friendly_reminder", "final_notice")
    )
    by_step = table.set_index("step")
    assert by_step["status"].to_dict() == {"friendly_reminder": "proposed", "final_notice": "needs_approval"}
    assert by_step["adverse"].to_dict() == {"friendly_reminder": False, "final_notice": True}
    assert by_step["overdue_amount_minor"].to_dict() == {"friendly_reminder": 10_000, "final_notice": 2_500}


def test_adverse_steps_of_two_kinds_are_two_contacts() -> None:
    """An invoice for a final notice never goes to the agency with another."""
    _, table = actions(FIRST, {**SECOND, "due_on": on("2024-04-01")}, steps=("agency", "final_notice"))
    assert sorted(table["step"]) == ["agency", "final_notice"]
    assert table["status"].tolist() == ["needs_approval"] * 2


@pytest.mark.parametrize(
    ("approved", "status", "blocked_by"),
    [(True, "proposed", None), (False, "blocked", "refused by Ann")],
)
def test_a_persons_decision_is_kept_with_name_day_and_reason(
    approved: bool, status: str, blocked_by: str | None
) -> None:
    """Approved it is proposed, refused it is blocked."""
    item = {**FIRST, "due_on": on("2024-04-01")}
    _, before = actions(item, steps=("final_notice",), day=date(2024, 5, 31))
    decision = {
        "customer_id": "X", "action_id": before["action_id"][0], "approved": approved, "by": "Ann",
        "decided_on": on("2024-06-01"), "reason": "seen",
    }  # fmt: skip
    _, table = actions(item, steps=("final_notice",), previous=before, decisions=pd.DataFrame([decision]))
    row = table.iloc[0]
    assert row[["status", "change"]].tolist() == [status, "moved"]
    assert row[["approved_by", "approved_on", "approval_reason"]].tolist() == [
        "Ann",
        on("2024-06-01"),
        "seen",
    ]
    assert (None if pd.isna(row["blocked_by"]) else row["blocked_by"]) == blocked_by


def test_a_courtesy_asks_for_nothing_that_is_overdue() -> None:
    """Before the due day nothing of it is; its account owes nothing net yet."""
    items = open_items({**FIRST, "due_on": on("2024-06-07")})
    plan = planned(items, "due_soon", strategy="standard")
    parts = (debtors_of(items), arms_of(items), credit_of(), ledger_of(items), POLICY, None)
    _, table = plan_actions(items, plan, *parts, day=DAY)
    assert table[["step", "overdue_amount_minor", "dunning_level_after"]].to_numpy().tolist() == [
        ["due_soon", 0, 0]
    ]


def test_items_without_a_reminder_are_in_no_action() -> None:
    """A blocked invoice has no action_id and adds nothing."""
    reminders, table = actions(FIRST, {**SECOND, "assigned_to": "agency"})
    assert reminders["action_id"].isna().tolist() == [False, True]
    assert table["overdue_amount_minor"].tolist() == [10_000]


def test_reminders_and_actions_point_at_each_other() -> None:
    """Every action has reminders, every reminder with a step has an action of the same day."""
    rows = (FIRST, SECOND, LATER, {"invoice_id": "I4"})
    reminders, table = actions(*rows, steps=("friendly_reminder", "call", "call", None))
    sent = reminders.dropna(subset="step")
    assert set(sent["action_id"]) == set(table["action_id"])
    assert (sent["action_id"].map(table.set_index("action_id")["send_on"]) == sent["send_on"]).all()
    assert list(reminders) == OUTPUT_TABLES["reminders"].names


def test_repeated_run_changes_nothing() -> None:
    """The same facts on the same day: every action unchanged."""
    _, before = actions(FIRST, LATER)
    _, after = actions(FIRST, LATER, previous=before)
    assert after["change"].tolist() == ["unchanged", "unchanged"]
    assert after["action_id"].tolist() == before["action_id"].tolist()


def test_after_a_run_without_actions_all_are_new() -> None:
    """An empty table of the previous run is no reason to fail."""
    _, none = actions(FIRST, steps=(None,))
    assert actions(FIRST, previous=none)[1]["change"].tolist() == ["new"]
    assert actions(FIRST, steps=(None,), previous=none)[1].empty


def test_order_of_rows_does_not_matter() -> None:
    """The same action_id whichever invoice comes first."""
    assert actions(FIRST, SECOND)[1].equals(actions(SECOND, FIRST)[1])


def test_the_next_day_moves_what_was_not_sent() -> None:
    """Still the same contact, so the same action_id with another day."""
    _, before = actions(FIRST)
    _, after = actions(FIRST, previous=before, day=date(2024, 6, 4))
    assert after[["change", "send_on"]].iloc[0].tolist() == ["moved", on("2024-06-04")]
    assert after["action_id"].tolist() == before["action_id"].tolist()


def test_another_invoice_makes_it_another_contact() -> None:
    """The contact about one invoice is withdrawn, that about two is new: approvals never stretch."""
    _, before = actions(FIRST)
    _, after = actions(FIRST, SECOND, previous=before)
    old, new = before["action_id"][0], set(after["action_id"]) - set(before["action_id"])
    rows = after.set_index("action_id")
    assert rows.loc[old, ["change", "status"]].tolist() == ["withdrawn", "blocked"]
    assert rows.loc[list(new), "change"].tolist() == ["new"]


def test_paid_invoices_withdraw_their_contact_once() -> None:
    """The run after the next does not repeat it."""
    _, first = actions(FIRST, LATER)
    _, second = actions(LATER, previous=first)
    _, third = actions(LATER, previous=second)
    assert second["change"].tolist() == ["withdrawn", "unchanged"]
    assert second["blocked_by"].tolist()[0] == "withdrawn: no longer meant, not to be sent"
    assert third["change"].tolist() == ["unchanged"]


def test_what_was_carried_out_is_not_withdrawn() -> None:
    """The contact came back in the contact history: done, so it leaves the table."""
    _, before = actions(FIRST)
    contact = {"customer_id": "X", "contacted_on": on("2024-06-03"), "invoice_id": "I1", "kind": "reminder"}
    history = pd.DataFrame([{**contact, "status": "sent", "action_id": before["action_id"][0]}])
    _, after = actions(
        FIRST, steps=("second_reminder",), previous=before, day=date(2024, 6, 4), contact_history=history
    )
    assert after[["step", "change"]].to_numpy().tolist() == [["second_reminder", "new"]]


def test_a_stale_bank_file_holds_everything() -> None:
    """Also what needs approval: waiting, with the words given."""
    words = "bank data known until 2024-05-30 only"
    steps = ("friendly_reminder", "final_notice")
    _, table = actions(FIRST, {**SECOND, "customer_id": "Y"}, steps=steps, waiting=words)
    assert table["status"].tolist() == ["waiting_for_bank"] * 2
    assert table["blocked_by"].tolist() == [words] * 2


def test_who_gets_it_in_which_language() -> None:
    """Accounts payable before others, never somebody who must be left alone; the person's own language."""
    persons = pd.DataFrame(
        {
            "customer_id": "X",
            "recipient_id": ["P0", "P1", "P2", "P3"],
            "role": ["accounts_payable", "director", "accounts_payable", "accounts_payable"],
            "email": "p@x.example",
            "do_not_contact": [True, False, False, False],
            "language": ["fr", "fr", "nl", "fr"],
        }
    )
    customers = pd.DataFrame([{"customer_id": "X", "collector": "Eva"}])
    german = debtors_of(open_items(FIRST), language="de")
    row = actions(FIRST, customers=customers, contact_persons=persons, debtors=german)[1].iloc[0]
    assert row[["recipient_id", "language", "collector"]].tolist() == ["P2", "nl", "Eva"]
    row = actions(FIRST, customers=customers, debtors=german)[1].iloc[0]
    assert pd.isna(row["recipient_id"])
    assert row["language"] == "de"
    assert actions(FIRST, debtors=german, languages=("en", "nl"))[1]["language"].tolist() == ["en"]


@pytest.mark.parametrize(("manager", "expected"), [("Max", "Max"), (None, "Eva")])
def test_an_account_managers_step_is_the_account_managers(manager: str | None, expected: str) -> None:
    """The collector's where no account manager is known."""
    customers = pd.DataFrame([{"customer_id": "X", "collector": "Eva", "account_manager": manager}])
    _, table = actions(FIRST, steps=("account_manager_call",), customers=customers)
    assert table["collector"].tolist() == [expected]


def test_the_dunning_recipients_person_gets_it() -> None:
    """The branch's reminders go to head office, in the language there, by the branch's collector."""
    persons = pd.DataFrame([{"customer_id": "HQ", "recipient_id": "P9", "email": "hq@x.example"}])
    customers = pd.DataFrame(
        [
            {"customer_id": "X", "collector": "Eva", "dunning_recipient_id": "HQ"},
            {"customer_id": "HQ", "collector": "Max"},
        ]
    )
    branch = debtors_of(open_items(FIRST), language="de")
    debtors = pd.concat([branch, branch.set_axis(["HQ"]).assign(language="fr")])
    row = actions(FIRST, customers=customers, contact_persons=persons, debtors=debtors)[1].iloc[0]
    assert row[["customer_id", "recipient_id", "language", "collector"]].tolist() == ["HQ", "P9", "fr", "Eva"]


def test_the_arm_of_an_experiment_is_on_every_action_of_its_debtors() -> None:
    """With its probability; empty outside."""
    arms = arms_of(open_items(FIRST), 2, "spring/later", 0.1)
    _, inside = actions(FIRST, arms=arms)
    _, outside = actions(FIRST)
    assert inside[["arm", "propensity"]].to_numpy().tolist() == [["spring/later", 0.1]]
    assert outside[["arm", "propensity"]].isna().all(axis=None)


def test_columns_are_those_of_the_contract_even_without_actions() -> None:
    """Every column, in order, with its type, from an empty plan too."""
    names = [column.inside for column in OUTPUT_TABLES["actions"].columns]
    _, none = actions(FIRST, steps=(None,))
    _, some = actions(FIRST)
    assert list(none) == list(some) == names
    assert none.empty
    assert none.dtypes.to_dict() == some.dtypes.to_dict()


def test_reminders_of_other_items_are_refused() -> None:
    """Both tables must be about the same rows."""
    items = open_items(FIRST, SECOND)
    parts = (debtors_of(items), arms_of(items), credit_of(), ledger_of(items), POLICY, None)
    with pytest.raises(ModelError, match="not the same rows"):
        plan_actions(items.iloc[::-1], planned(items), *parts, day=DAY)


def test_every_step_of_the_policy_becomes_an_action() -> None:
    """Tone, template and level are those of the step."""
    steps = step_table(POLICY)
    for name in ("second_reminder", "call", "account_manager_call", "agency"):
        mine = steps[(steps["name"] == name) & steps["strategy"].isin(["gentle", "event"])].iloc[0]
        row = actions(FIRST, steps=(name,))[1].iloc[0]
        assert row[["step", "tone", "template"]].tolist() == mine[["name", "tone", "template"]].tolist()
        assert (row["dunning_level_after"], row["adverse"]) == (mine["level"], mine["adverse"])
