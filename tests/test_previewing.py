"""A preview shows the text of the contact that the run plans; run and ledger are written out here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd
import pytest

from features.contracts import OUTPUT_TABLES
from features.errors import DebtscapeError
from pipelines.questions.previewing import preview
from pipelines.runs.publication import RunFacts, RunInputs, publish
from pipelines.showing.preview_console import show_preview

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 5, tzinfo=UTC)

LEDGER = {
    "invoices": """invoice_id,customer_id,issued_on,due_on,amount,currency,kind,purchase_order_no
F1,D1,2026-01-20,2026-02-20,1234.50,EUR,invoice,PO 7
F2,D2,2026-01-25,2026-02-25,200.00,EUR,invoice,
F3,D3,2026-01-20,2026-02-20,90.00,EUR,invoice,
F4,D4,2026-02-01,2026-03-10,50.00,EUR,invoice,
C1,D1,2026-02-10,2026-02-10,34.50,EUR,credit_note,
""",
    "customers": """customer_id,name,country,language,legal_kind,dunning_recipient_id,collector
D1,Bakker B.V.,NL,nl,business,,els
D2,Bakker Utrecht,NL,nl,business,D1,els
D3,Jan Jansen,NL,nl,consumer,,
D4,Kowalski,PL,pl,business,,
""",
    "contact_persons": """customer_id,recipient_id,role,name,email
D1,P1,accounts_payable,mevrouw De Wit,wit@example.com
""",
    "disputes": """invoice_id,opened_on,disputed_amount
F2,2026-02-26,50.00
""",
}
CONFIG = """ledger:
  invoices: {path: invoices.csv}
  customers: {path: customers.csv}
  contact_persons: {path: contact_persons.csv}
  disputes: {path: disputes.csv}
output: out
creditor_name: Zout & Zn
"""


def reminders() -> pd.DataFrame:
    """F1 and F2 are reminded in one contact, F3 and F4 are not."""
    return pd.DataFrame(
        {
            "invoice_id": ["F1", "F2", "F3", "F4"],
            "customer_id": ["D1", "D2", "D3", "D4"],
            "segment": "C",
            "strategy": ["standard", "standard", "friendly_only", "standard"],
            "step": ["second_reminder", "second_reminder", None, None],
            "send_on": [pd.Timestamp("2026-03-04"), pd.Timestamp("2026-03-04"), pd.NaT, pd.NaT],
            "timing": ["fixed", "fixed", None, None],
            "assumed": False,
            "reason": ["10 days past due", "5 days past due", "promised for 9 March", "not due yet"],
            "action_id": ["a1", "a1", None, None],
        }
    )


def actions(**changed: Any) -> pd.DataFrame:
    """The one contact of the run."""
    row = {
        "action_id": "a1",
        "change": "new",
        "status": "proposed",
        "blocked_by": None,
        "customer_id": "D1",
        "recipient_id": "P1",
        "collector": "els",
        "step": "second_reminder",
        "dunning_level_after": 2,
        "channel": "email",
        "tone": "firm",
        "language": "nl",
        "template": "second",
        "send_on": pd.Timestamp("2026-03-04"),
        "valid_until": pd.Timestamp("2026-03-09"),
        "currency": "EUR",
        "overdue_amount_minor": 138_450,
        "net_overdue_amount_minor": 135_000,
        "adverse": False,
        "reason": "two invoices",
    }
    return pd.DataFrame([{**row, **changed}])


Made = Callable[..., Path]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Write the ledger, the configuration and a run; returns the configuration."""

    def make(*, ledger: Mapping[str, str] | None = None, extra: str = "", **action: Any) -> Path:
        for name, rows in {**LEDGER, **(ledger or {})}.items():
            (tmp_path / f"{name}.csv").write_text(rows, encoding="utf-8")
        config = tmp_path / "debtscape.yaml"
        config.write_text(CONFIG + extra, encoding="utf-8")
        tables = {"reminders": reminders(), "actions": actions(**action)}
        with patch.dict(OUTPUT_TABLES, {name: OUTPUT_TABLES[name] for name in tables}, clear=True):
            publish(
                tables,
                inputs=RunInputs(as_of=DAY, ledger="ledger-1", configuration="configuration-1"),
                facts=RunFacts(),
                output=tmp_path / "out",
                now=NOW,
            )
        return config

    return make


def test_the_message_is_about_the_whole_contact(made: Made) -> None:
    """Both invoices stand in it: 1,234.50 and, of 200.00 with 50.00 disputed, 150.00."""
    shown = preview(made(), "F2", today=DAY)
    assert (shown["step"], shown["channel"], shown["status"]) == ("second_reminder", "email", "proposed")
    assert (shown["to"], shown["language"], shown["send_on"]) == ("Bakker B.V.", "nl", "2026-03-04")
    assert shown["invoices"] == ["F1", "F2"]
    assert shown["amount_due"] == "€\xa01.384,50"
    assert shown["template"].endswith("messages/nl/second.txt")
    assert shown["notes"] == []
    assert shown["message"]["subject"] == "Herinnering: de betaling van €\xa01.384,50 is over tijd"
    body = shown["message"]["body"]
    assert body.startswith("Geachte mevrouw De Wit,\n")
    assert (
        "- Factuur F1 van 20 januari 2026, order PO 7: €\xa01.234,50, te betalen uiterlijk 20 februari 2026, "
        "12 dagen over de vervaldatum\n"
        "- Factuur F2 van 25 januari 2026, voor Bakker Utrecht: €\xa0150,00 (van €\xa0200,00), te betalen "
        "uiterlijk 25 februari 2026, 7 dagen over de vervaldatum\n"
    ) in body
    assert "nog niet verrekend: €\xa034,50" in body
    assert body.endswith("Met vriendelijke groet,\n\nels\nZout & Zn\n")
    json.dumps(shown)


def test_without_a_step_there_is_only_the_reason(made: Made) -> None:
    """An invoice that is not reminded shows why, and no text."""
    shown = preview(made(), "F3", today=DAY)
    assert (shown["step"], shown["message"], shown["reason"]) == (None, None, "promised for 9 March")


def test_a_step_can_be_asked_for_where_none_is_planned(made: Made) -> None:
    """The step's text about the invoice alone, on the day of the run; it says that it is not planned."""
    shown = preview(made(), "F3", today=DAY, step="friendly_reminder")
    assert (shown["status"], shown["send_on"], shown["invoices"]) == ("not planned", "2026-03-02", ["F3"])
    assert shown["message"]["subject"] == "Betalingsherinnering: €\xa090,00"


def test_another_step_than_the_planned_one(made: Made) -> None:
    """The final notice about the planned invoices names a last day 14 days after the planned day."""
    shown = preview(made(), "F1", today=DAY, step="final_notice")
    assert (shown["status"], shown["channel"], shown["action_id"]) == (
        "not planned",
        "registered_letter",
        None,
    )
    assert "uiterlijk 18 maart 2026" in shown["message"]["subject"]
    assert "incassobureau" not in shown["message"]["body"]


def test_a_last_day_is_a_working_day_of_the_debtor(made: Made) -> None:
    """14 days after 23 March is Easter Monday in the Netherlands: the day after it."""
    on = pd.Timestamp("2026-03-23")
    config = made(send_on=on, valid_until=on, step="final_notice", template="final_notice")
    assert "uiterlijk 7 april 2026" in preview(config, "F1", today=DAY)["message"]["subject"]


def test_the_planned_step_asked_for_is_the_plan(made: Made) -> None:
    """Naming the step that is planned changes nothing."""
    config = made()
    planned = preview(config, "F1", today=DAY)
    assert preview(config, "F1", today=DAY, step="second_reminder") == planned


def test_another_language(made: Made) -> None:
    """The same contact as a German would read it, written as where the debtor is if that can be."""
    shown = preview(made(), "F1", today=DAY, language="de")
    assert (shown["language"], shown["notes"]) == ("de", [])
    assert shown["message"]["subject"] == "Erinnerung: 1.384,50\xa0€ überfällig"


def test_a_debtor_whose_language_has_no_texts(made: Made) -> None:
    """It is written to in the policy's language, and the preview says so."""
    shown = preview(made(), "F4", today=DAY, step="due_soon")
    assert shown["language"] == "en"
    assert shown["notes"] == ["there are no messages in pl: written in en, the policy's language"]


def test_a_call_shows_the_script(made: Made) -> None:
    """A call shows what to say, not a letter."""
    shown = preview(made(channel="call", step="call", template="call_script"), "F1", today=DAY)
    assert shown["template"].endswith("nl/call_script.call.txt")
    assert "u spreekt met els van Zout & Zn" in shown["message"]["body"]


def test_what_blocks_the_action_is_said(made: Made) -> None:
    """An action that waits is shown with its status."""
    shown = preview(
        made(status="waiting_for_bank", blocked_by="bank data known until 26 February"), "F1", today=DAY
    )
    assert (shown["status"], shown["blocked_by"]) == ("waiting_for_bank", "bank data known until 26 February")


def test_an_invoice_that_must_not_be_reminded_is_noted(made: Made) -> None:
    """A step asked for a wholly disputed invoice shows its text and says that it must not go out."""
    disputes = "invoice_id,opened_on,disputed_amount\nF3,2026-02-26,\n"
    shown = preview(made(ledger={"disputes": disputes}), "F3", today=DAY, step="friendly_reminder")
    assert shown["notes"] == ["must not be reminded now: F3"]


def test_a_promise_is_named_by_its_day(made: Made) -> None:
    """The newest promised day before the message stands in the script; a later one is no broken promise."""
    contacts = (
        "customer_id,contacted_on,invoice_id,promised_for\n"
        "D1,2026-02-21,F1,2026-02-24\nD1,2026-02-25,F1,2026-02-27\nD1,2026-02-28,,2026-03-20\n"
    )
    extra = "default_country: NL\n"
    config = made(ledger={"contact_history": contacts}, extra=extra)
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("output:", "  contact_history: {path: contact_history.csv}\noutput:"))
    shown = preview(config, "F1", today=DAY, step="call_promise")
    assert "Toegezegd voor: 27 februari 2026" in shown["message"]["body"]


def test_a_strategy_with_an_agency_says_so_in_its_final_notice(made: Made, tmp_path: Path) -> None:
    """Where the strategy itself goes on to an agency the final notice announces it."""
    shipped = (Path(__file__).resolve().parent.parent / "configs" / "policy.yaml").read_text(encoding="utf-8")
    agency = (
        "      - {name: hand_over, level: 5, days_after_due: 70, tone: formal, channels: [agency],"
        " template: agency}\n"
    )
    at = shipped.index("  strict:\n")
    (tmp_path / "own.yaml").write_text(shipped[:at].rstrip() + "\n" + agency + "\n" + shipped[at:])
    shown = preview(made(extra="policy: own.yaml\n"), "F1", today=DAY, step="final_notice")
    assert "incassobureau over te dragen" in shown["message"]["body"]


def test_a_statutory_notice_names_dutch_costs(made: Made, tmp_path: Path) -> None:
    """90.00 owed by a consumer in the Netherlands: 40.00 of costs, the least there is."""
    shipped = (Path(__file__).resolve().parent.parent / "configs" / "policy.yaml").read_text(encoding="utf-8")
    notice = (
        "      - {name: notice, level: 3, days_after_due: 40, tone: formal, channels: [letter], "
        "template: statutory_notice, statutory_notice: true}\n"
    )
    at = shipped.index("# A step in place of")
    (tmp_path / "own.yaml").write_text(shipped[:at].rstrip() + "\n" + notice + "\n" + shipped[at:])
    config = made(extra="policy: own.yaml\n")
    assert (
        "incassokosten van €\xa040,00" in preview(config, "F3", today=DAY, step="notice")["message"]["body"]
    )
    abroad = LEDGER["customers"].replace("Jan Jansen,NL", "Jan Jansen,BE")
    config = made(ledger={"customers": abroad}, extra="policy: own.yaml\n")
    assert "incassokosten" not in preview(config, "F3", today=DAY, step="notice")["message"]["body"]


def test_who_signs_must_be_configured(made: Made) -> None:
    """Without a name of the creditor the preview says what is missing."""
    config = made()
    config.write_text(config.read_text(encoding="utf-8").replace("creditor_name: Zout & Zn\n", ""))
    assert preview(config, "F1", today=DAY)["notes"] == ["creditor_name is not configured: say who signs"]


def test_an_invoice_that_was_paid_since_is_left_out(made: Made) -> None:
    """What the ledger no longer has open is not asked for; where nothing is left there is no message."""
    gone = LEDGER["invoices"].replace("F2,D2,2026-01-25,2026-02-25,200.00,EUR,invoice,\n", "")
    config = made(ledger={"invoices": gone, "disputes": "invoice_id,opened_on\n"})
    shown = preview(config, "F1", today=DAY)
    assert (shown["invoices"], shown["notes"]) == (["F1"], ["no longer open in the ledger: F2; run again"])


def test_an_invoice_that_is_all_paid_has_no_message(made: Made) -> None:
    """Where nothing of the contact is open any more the refusal says to run again."""
    gone = LEDGER["invoices"].replace("F3,D3,2026-01-20,2026-02-20,90.00,EUR,invoice,\n", "")
    with pytest.raises(DebtscapeError, match="F3: no longer open in the ledger; run again"):
        preview(made(ledger={"invoices": gone}), "F3", today=DAY, step="friendly_reminder")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"invoice_id": "F11"}, r"invoice 'F11' is not open in run .* as of 2026-03-02\. Did you mean F1"),
        (
            {"invoice_id": "F1", "step": "final_notise"},
            r"no step 'final_notise'; did you mean `final_notice`\?",
        ),
        ({"invoice_id": "F1", "language": "it"}, r"no messages in language 'it'; there are: de, en, fr, nl"),
        ({"invoice_id": "F1", "as_of": date(2026, 3, 1)}, r"no run has been published as of 2026-03-01"),
    ],
)
def test_what_is_not_there_is_refused(asked: dict[str, Any], said: str, made: Made) -> None:
    """An unknown invoice, step, language or day is refused with the way out."""
    with pytest.raises(DebtscapeError, match=said):
        preview(made(), today=DAY, **asked)


def test_before_the_first_run_there_is_nothing_to_preview(made: Made, tmp_path: Path) -> None:
    """Without a run the refusal says how to make one."""
    config = made()
    (tmp_path / "out" / "latest.json").unlink()
    with pytest.raises(DebtscapeError, match=r"no run has been published yet. Publish one: debtscape run -c"):
        preview(config, "F1", today=DAY)
    assert preview(config, "F1", today=DAY, as_of=DAY)["step"] == "second_reminder"


def test_nothing_is_written(made: Made, tmp_path: Path) -> None:
    """A preview leaves every file as it was."""
    config = made()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    preview(config, "F1", today=DAY)
    preview(config, "F3", today=DAY, step="friendly_reminder")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_the_terminal_shows_text_as_it_is(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    """Square brackets of a name are no markup; the end says that nothing was sent."""
    customers = LEDGER["customers"].replace("Bakker B.V.", "[red]Bakker[/red]")
    show_preview(preview(made(ledger={"customers": customers}), "F1", today=DAY))
    said = capsys.readouterr().out
    assert "to: [red]Bakker[/red]" in said
    assert "Herinnering: de betaling van" in said
    assert said.rstrip().endswith("Nothing was sent.")


def test_the_terminal_says_why_there_is_none(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a step the reason is shown, and how to look at one nevertheless."""
    show_preview(preview(made(), "F3", today=DAY))
    said = capsys.readouterr().out
    assert "No message is planned: promised for 9 March" in said
    assert "--step" in said
