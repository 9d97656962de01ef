"""The page has words for every code that a run can hold with the files that are shipped, in each language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from features.contracts import LEDGER_TABLES, OUTPUT_TABLES
from features.contracts.history_tables import EVENTS, HISTORY
from models.evaluation.gate import WORDS
from models.segments.rules import MANUAL, NO_MODEL
from pipelines.page import page_file
from pipelines.page.changes import AMOUNT_OF
from pipelines.page.lists import CAUSES, CLASSES, HELD, OTHER_CAUSE, TERMS
from pipelines.page.what_changes import LIFTED, UNTIL_A_DAY

STATIC = Path(page_file.__file__).with_name("static")
CONFIGS = Path(__file__).parents[1] / "configs"
LANGUAGES = ("en", "nl", "de", "fr")


def words(language: str) -> dict[str, Any]:
    """The words of a language, by key."""
    found: dict[str, Any] = json.loads((STATIC / f"words.{language}.json").read_text(encoding="utf-8"))
    return found


def shipped(name: str) -> Any:
    """What a configuration file that is shipped says."""
    return yaml.safe_load((CONFIGS / f"{name}.yaml").read_text(encoding="utf-8"))


def choices(table: str, column: str) -> set[str]:
    """The values that the contract allows."""
    return set(OUTPUT_TABLES[table][column].choices)


def codes() -> dict[str, set[str]]:
    """By kind, as the page's scripts call it, every code that a run can hold."""
    policy = shipped("policy")
    strategies = policy["strategies"]
    steps = [step for strategy in strategies.values() for step in strategy["steps"]]
    steps += [event["step"] for event in policy["events"]]
    rules = shipped("rules")["rules"]
    named = {rule["segment"] for rule in rules if "segment" in rule}
    return {
        "step": {step["name"] for step in steps} | {TERMS},
        "channel": {channel for step in steps for channel in step["channels"]},
        "status": choices("actions", "status") | choices("treatments", "status"),
        "cause": choices("worklist", "cause"),
        "block": {*CAUSES, OTHER_CAUSE, *HELD, *LIFTED, *UNTIL_A_DAY},
        "source": choices("predictions", "source"),
        "decider": choices("segments", "source"),
        "segment": {name for name in (named | set(policy["segments"])) - {"worst", "best"} if len(name) > 1},
        "rule": {rule["name"] for rule in rules} | {MANUAL, NO_MODEL},
        "risk": choices("segments", "risk"),
        "value_class": choices("segments", "value_class"),
        "legal_kind": set(LEDGER_TABLES["customers"]["legal_kind"].choices),
        "strategy": set(strategies),
        "timing": choices("reminders", "timing"),
        "tactic": {tactic["name"] for tactic in shipped("delay_tactics")["tactics"]},
        "event": set(EVENTS),
        "figure": set(HISTORY),
        "predictor": {*WORDS.values(), "the model"},
        "flag": set(AMOUNT_OF),
        "ageing": set(CLASSES),
    }


@pytest.mark.parametrize("kind", sorted(codes()))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_a_run_has_words(language: str, kind: str) -> None:
    """A code without them would be shown as it is called, in English."""
    wanted = codes()[kind]
    assert wanted
    assert wanted - words(language)["codes"][kind].keys() == set()
