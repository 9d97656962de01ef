"""The contacts to make, and what changed since the previous run."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from treatment_support import DAY, POLICY, credit_of, ledger_of, on, open_items, planned

from features.contracts import OUTPUT_TABLES
from features.errors import ModelError
from features.ledger import Ledger
from models.actions import plan_actions


def actions(
    *rows: dict[str, object],
    previous: pd.DataFrame | None = None,
    ledger: Ledger | None = None,
    bank: date | None = None,
    day: date = DAY,
    **tables: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reminders with their action, and the actions, for these open items of segment B."""
    items = open_items(*rows)
    ledger = ledger or ledger_of(items, **tables)
    reminders = planned(items, ledger, day=day)
    return plan_actions(
        items, reminders, credit_of(), ledger, POLICY, previous, day=day, bank_known_until=bank
    )


FIRST = {"invoice_id": "I1", "due_on": on("2024-05-20")}
SECOND = {"invoice_id": "I2", "due_on": on("2024-05-21"), "amount_minor": 2_500}
LATER = {"invoice_id": "I3", "due_on": on("2024-07-01")}


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
    assert today["valid_until"] == on("2024-06-08")
    assert today["reason"] == (
        "2 invoices, the one furthest along: 5 days after due for segment B; that day has passed"
    )


def test_net_overdue_is_that_of_the_day_to_send() -> None:
    """In July all three invoices of the debtor are overdue: 225.00."""
    _, table = actions(FIRST, SECOND, LATER)
    assert table["net_overdue_amount_minor"].tolist() == [12_500, 22_500]


@pytest.mark.parametrize("difference", [{"customer_id": "Y"}, {"currency": "USD"}, {"company_code": "2"}])
def test_other_debtors_currencies_and_companies_are_other_contacts(difference: dict[str, object]) -> None:
    """Nothing is added up across them."""
    _, table = actions(FIRST, {**SECOND, **difference})
    assert sorted(table["overdue_amount_minor"]) == [2_500, 10_000]


def test_a_bundle_speaks_at_its_highest_step() -> None:
    """One invoice after its first reminder takes the other along to the second one."""
    _, table = actions(FIRST, {**SECOND, "dunning_level": 1, "due_on": on("2024-05-01")})
    assert table["step"].tolist() == ["second_reminder"]
    assert table["dunning_level_after"].tolist() == [2]


def test_an_adverse_step_needs_approval_and_takes_no_other_invoice_along() -> None:
    """The final notice is about its own invoice only."""
    _, table = actions(FIRST, {**SECOND, "dunning_level": 3, "due_on": on("2024-04-01")})
    by_step = table.set_index("step")
    assert by_step["status"].to_dict() == {"friendly_reminder": "proposed", "final_notice": "needs_approval"}
    assert by_step["adverse"].to_dict() == {"friendly_reminder": False, "final_notice": True}
    assert by_step["overdue_amount_minor"].to_dict() == {"friendly_reminder": 10_000, "final_notice": 2_500}


def test_items_without_a_reminder_are_in_no_action() -> None:
    """A blocked invoice has no action_id and adds nothing."""
    reminders, table = actions(FIRST, {**SECOND, "assigned_to": "agency"})
    assert reminders["action_id"].isna().tolist() == [False, True]
    assert table["overdue_amount_minor"].tolist() == [10_000]


def test_reminders_and_actions_point_at_each_other() -> None:
    """Every action has reminders, every reminder with a step has an action of the same day."""
    reminders, table = actions(FIRST, SECOND, LATER, {"invoice_id": "I4", "dormant": True})
    sent = reminders.dropna(subset="step")
    assert set(sent["action_id"]) == set(table["action_id"])
    assert (sent["action_id"].map(table.set_index("action_id")["send_on"]) == sent["send_on"]).all()


def test_repeated_run_changes_nothing() -> None:
    """The same facts on the same day: every action unchanged."""
    _, before = actions(FIRST, LATER)
    _, after = actions(FIRST, LATER, previous=before)
    assert after["change"].tolist() == ["unchanged", "unchanged"]
    assert after["action_id"].tolist() == before["action_id"].tolist()


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
    _, after = actions(FIRST, previous=before, day=date(2024, 6, 4), contact_history=history)
    assert after[["step", "change"]].to_numpy().tolist() == [["second_reminder", "new"]]


@pytest.mark.parametrize(
    ("bank", "status"),
    [(date(2024, 5, 30), "waiting_for_bank"), (date(2024, 5, 31), "proposed"), (None, "proposed")],
)
def test_a_stale_bank_file_holds_everything(bank: date | None, status: str) -> None:
    """The last working day before Monday 3 June is Friday 31 May."""
    row = actions(FIRST, bank=bank)[1].iloc[0]
    assert row["status"] == status
    assert (status == "proposed") == pd.isna(row["blocked_by"])


def test_who_gets_it_in_which_language() -> None:
    """Accounts payable before others, never somebody who must be left alone; the person's own language."""
    persons = pd.DataFrame(
        {
            "customer_id": "X",
            "recipient_id": ["P0", "P1", "P2", "P3"],
            "role": ["accounts_payable", "director", "accounts_payable", "accounts_payable"],
            "do_not_contact": [True, False, False, False],
            "language": ["fr", "fr", "nl", "fr"],
        }
    )
    customers = pd.DataFrame([{"customer_id": "X", "language": "de", "collector": "Eva"}])
    row = actions(FIRST, customers=customers, contact_persons=persons)[1].iloc[0]
    assert row[["recipient_id", "language", "collector"]].tolist() == ["P2", "nl", "Eva"]
    row = actions(FIRST, customers=customers)[1].iloc[0]
    assert pd.isna(row["recipient_id"])
    assert row["language"] == "de"


def test_the_dunning_recipients_person_gets_it() -> None:
    """The branch's reminders go to head office, in the language there, by the branch's collector."""
    persons = pd.DataFrame([{"customer_id": "HQ", "recipient_id": "P9"}])
    customers = pd.DataFrame(
        [
            {"customer_id": "X", "language": "de", "collector": "Eva", "dunning_recipient_id": "HQ"},
            {"customer_id": "HQ", "language": "fr", "collector": "Max"},
        ]
    )
    row = actions(FIRST, customers=customers, contact_persons=persons)[1].iloc[0]
    assert row[["recipient_id", "language", "collector"]].tolist() == ["P9", "fr", "Eva"]


def test_columns_are_those_of_the_contract_even_without_actions() -> None:
    """Every column, in order, with its type, from an empty plan too."""
    names = [column.inside for column in OUTPUT_TABLES["actions"].columns]
    _, none = actions({**FIRST, "dormant": True})
    _, some = actions(FIRST)
    assert list(none) == list(some) == names
    assert none.empty
    assert none.dtypes.to_dict() == some.dtypes.to_dict()


def test_reminders_of_other_items_are_refused() -> None:
    """Both tables must be about the same rows."""
    items = open_items(FIRST, SECOND)
    reminders = planned(items).iloc[::-1]
    with pytest.raises(ModelError, match="not the same rows"):
        plan_actions(items, reminders, credit_of(), ledger_of(items), POLICY, None, day=DAY)
