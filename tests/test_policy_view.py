"""What `debtscape policy` tells: whom each line treats, how, and with how much money."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from models.treatment.policy import Line, Policy, Terms
from models.treatment.policy_file import read_policy
from pipelines.questions.policy_view import policy_on, show_policy
from pipelines.showing import policy_console

SHIPPED = read_policy(Path(__file__).resolve().parent.parent / "configs" / "policy.yaml")


def people(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """Debtors with segment and legal kind, of high risk, in the tail, in the Netherlands."""
    table = pd.DataFrame(rows, columns=["customer_id", "segment", "legal_kind"]).set_index("customer_id")
    return table.assign(risk="high", value_class="tail", country="NL")


def owing(*rows: tuple[str, str, int, int]) -> pd.DataFrame:
    """Open items: debtor, currency, open amount in minor units, days past due."""
    columns = ["customer_id", "currency", "open_amount_minor", "days_past_due"]
    return pd.DataFrame(rows, columns=columns).astype(
        {"open_amount_minor": "int64", "days_past_due": "int64"}
    )


def told(policy: Policy, debtors: pd.DataFrame, items: pd.DataFrame) -> dict[str, Any]:
    """What the view tells, which JSON must be able to carry."""
    found = policy_on(policy, debtors, items, home_currency="EUR")
    assert json.loads(json.dumps(found)) == found
    return found


DEBTORS = people(
    ("a", "A", "business"), ("b", "E", "business"), ("c", "D", "public"), ("i", "INSOLVENT", "public")
)
ITEMS = owing(("b", "EUR", 10_000, 3), ("b", "EUR", 2_550, 0), ("b", "JPY", 700, 1), ("a", "EUR", 100, -4))


def test_each_line_counts_the_debtors_that_it_decides_and_their_money() -> None:
    """The insolvent public body counts for line 1 only; E owes 125.50 EUR, 100.00 of it overdue, and yen."""
    lines = told(SHIPPED, DEBTORS, ITEMS)["lines"]
    assert [line["debtors"] for line in lines] == [1, 1, 0, 1, 1, 0]
    assert lines[4]["money"] == [
        {"currency": "EUR", "open_amount": 125.5, "overdue_amount": 100.0},
        {"currency": "JPY", "open_amount": 700.0, "overdue_amount": 700.0},
    ]
    assert lines[3]["money"] == [{"currency": "EUR", "open_amount": 1.0, "overdue_amount": 0.0}]
    assert lines[0]["money"] == []


def test_a_line_says_whom_it_selects_and_what_it_does() -> None:
    """In words and steps, with the terms and whether a person must approve them."""
    none, *_, strict, standard = told(SHIPPED, DEBTORS, ITEMS)["lines"]
    assert (none["who"], none["steps"]) == ("segment INSOLVENT, EXCLUDED", [])
    assert none["because"].startswith("not reminded")
    assert (strict["line"], strict["who"]) == (5, "segment E, F, G; risk high")
    assert (strict["strategy"], strict["timing"]) == ("strict", "fixed")
    assert (strict["terms"], strict["terms_adverse"]) == ("credit held until paid", True)
    assert strict["steps"][0] == {
        "step": "due_soon",
        "level": 0,
        "day": "5 days before due",
        "tone": "friendly",
        "channels": ["email"],
        "template": "before_due",
        "by": "collector",
        "adverse": False,
        "minimum_amount": {"any": 2500.0},
    }
    assert strict["steps"][1]["day"] == "1 day after due"
    assert [step["adverse"] for step in strict["steps"]] == [False, False, False, True]
    assert (standard["who"], standard["terms"], standard["timing"]) == ("everybody", "", "shifted")


def test_interest_is_that_of_each_debtors_country() -> None:
    """The rate differs per debtor, so the line names none."""
    line = Line(strategy="standard", terms=Terms(statutory_interest=True, instalments=2))
    policy = SHIPPED.model_copy(update={"lines": (line,)})
    words = "payment plan in 2 parts; statutory interest of the debtor's country"
    assert told(policy, DEBTORS, ITEMS)["lines"][0]["terms"] == words


def test_an_event_counts_the_debtors_that_it_may_hit() -> None:
    """The agency may get b only; a returned debit may hit all but the insolvent one."""
    events = {event["event"]: event for event in told(SHIPPED, DEBTORS, ITEMS)["events"]}
    assert {name: event["debtors"] for name, event in events.items()} == {
        "broken_promise": 2,
        "broken_promise_of_others": 3,
        "returned_debit": 3,
        "assume_a_mistake": 0,
        "slipped_once": 1,
        "small_and_unwilling": 1,
    }
    agency = events["small_and_unwilling"]
    assert agency["needs"] == ["delivered_notice", "undisputed"]
    assert (agency["step"]["day"], agency["step"]["adverse"]) == ("14 working days after due", True)
    assert agency["who"] == "segment E, F, G; risk high; value class tail; legal kind business"
    assert events["returned_debit"]["step"]["day"] == "at once"


def test_a_line_without_debtors_and_segments_that_nobody_named_are_warned_about() -> None:
    """No consumer today, and C and NEW come to the default; D is named, so b is no surprise there."""
    debtors = people(("a", "C", "business"), ("b", "C", "business"), ("n", "NEW", "business"))
    warnings = told(SHIPPED, debtors, ITEMS.iloc[:0])["warnings"]
    assert warnings[-1] == "no line names these segments, the default treats their debtors: C (2), NEW (1)"
    assert "line 3 (legal kind consumer, unknown) treats no debtor today" in warnings
    assert len(warnings) == 6


def test_a_ledger_without_legal_kinds_is_told_what_follows() -> None:
    """All are treated as consumers, which is rarely meant; half of them unknown is not said."""
    unknown = people(("a", "A", "unknown"), ("b", "B", "unknown"), ("c", "B", "business"))
    assert any(
        "67% of the debtors are of unknown legal kind" in words
        for words in told(SHIPPED, unknown, ITEMS)["warnings"]
    )
    known = people(("a", "A", "unknown"), ("b", "B", "business"))
    assert not any("unknown legal kind" in words for words in told(SHIPPED, known, ITEMS)["warnings"])


def test_a_policy_of_one_line_and_no_debtors_are_told_too() -> None:
    """Nobody is treated, which is a warning and no error."""
    policy = SHIPPED.model_copy(update={"lines": (Line(strategy="standard"),)})
    found = told(policy, DEBTORS.iloc[:0], ITEMS.iloc[:0])
    assert (found["debtors"], found["lines"][0]["money"]) == (0, [])
    assert found["warnings"] == ["line 1 (everybody) treats no debtor today"]
    assert told(policy, DEBTORS, ITEMS)["warnings"] == []


def test_the_policy_of_a_configuration_is_shown_on_its_own_ledger(tmp_path: Path) -> None:
    """Three new debtors: a public body, one of unknown kind, a business; nothing is written."""
    files = {
        "invoices": "invoice_id,customer_id,issued_on,due_on,amount\n"
        "1,town,2024-04-01,2024-05-01,70.00\n"
        "2,shop,2024-05-01,2024-06-20,20.00\n"
        "3,who,2024-05-01,2024-05-31,5.00\n",
        "customers": "customer_id,legal_kind\ntown,public\nshop,business\nwho,\n",
    }
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    config = tmp_path / "debtscape.yaml"
    tables = "".join(f"  {name}: {{path: {name}.csv}}\n" for name in files)
    config.write_text(f"ledger:\n{tables}", encoding="utf-8")
    before = set(tmp_path.iterdir())
    result = show_policy(config, as_of=date(2024, 6, 3), today=date(2024, 6, 3))
    assert set(tmp_path.iterdir()) == before
    assert (result["as_of"], Path(result["file"]).name, result["debtors"]) == ("2024-06-03", "policy.yaml", 3)
    assert [line["debtors"] for line in result["lines"]] == [0, 1, 1, 0, 0, 1]
    public, unknown, *_, default = result["lines"][1:]
    assert public["money"] == [{"currency": "EUR", "open_amount": 70.0, "overdue_amount": 70.0}]
    assert unknown["money"] == [{"currency": "EUR", "open_amount": 5.0, "overdue_amount": 5.0}]
    assert default["money"] == [{"currency": "EUR", "open_amount": 20.0, "overdue_amount": 0.0}]
    assert any("no champion of debtor-segments" in words for words in result["warnings"])


def test_the_terminal_shows_every_line_strategy_event_and_warning(capsys: pytest.CaptureFixture[str]) -> None:
    """Markup in a file's name does not break it."""
    result = told(SHIPPED, DEBTORS, ITEMS)
    policy_console.show_policy({"as_of": "2024-06-03", "file": "[bold]policy.yaml", **result})
    shown = capsys.readouterr().out
    assert "[bold]policy.yaml" in shown
    assert "125.50 EUR" in shown
    assert "line 5 also proposes: credit held until paid (a person must approve)" in " ".join(shown.split())
    for name in (*SHIPPED.strategies, "small_and_unwilling", "warning"):
        assert name in shown
