"""The rules a credit manager edits: what is read, what is refused, and what a reason says."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from features.catalogue import RULE_NAMES
from features.errors import ConfigurationError
from models.segments.rule_reasons import read_reason
from models.segments.rules import Rule, Rules, fingerprint, parse_rules, read_rules
from models.treatment.policy_file import covers, read_policy

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
SHIPPED = CONFIGS / "rules.yaml"


def rule(**keys: object) -> dict[str, Any]:
    """The keys of one good rule, with some changed; None takes a key away."""
    good = {"name": "big", "when": "overdue_amount > 1000", "segment": "WATCH", "reason": "much overdue"}
    return {key: value for key, value in {**good, **keys}.items() if value is not None}


def one(**keys: object) -> Rule:
    """That rule, read."""
    return parse_rules({"rules": [rule(**keys)]}).rules[0]


def examples() -> str:
    """The examples of the shipped file, their comment signs removed."""
    lines = SHIPPED.read_text(encoding="utf-8").split("# Examples to take over")[1].splitlines()[2:]
    return "rules:\n" + "\n".join(line[1:] for line in lines)


def test_the_shipped_rules_are_asked_in_their_order() -> None:
    """Insolvent, dormant, the one-time account, new, never paid."""
    rules = read_rules(SHIPPED)
    assert [(each.name, each.effect) for each in rules.rules] == [
        ("insolvent", "INSOLVENT"),
        ("dormant", "DORMANT"),
        ("one_time", "NEW"),
        ("new", "NEW"),
        ("never_paid", "worst"),
    ]
    assert all(each.active(date(2026, 1, 1)) for each in rules.rules)


def test_the_shipped_policy_treats_every_segment_of_the_shipped_rules() -> None:
    """A rule that puts a debtor where no policy reaches would leave it untreated."""
    assert covers(read_policy(CONFIGS / "policy.yaml"), read_rules(SHIPPED).segments()) == []


def test_the_examples_of_the_shipped_file_can_be_taken_over() -> None:
    """Whoever removes the comment signs has rules that are read."""
    rules = parse_rules(yaml.safe_load(examples()))
    effects = {each.name: each.effect for each in rules.rules}
    assert effects["intercompany"] == "EXCLUDED"
    assert effects["harvest_season"] == "keep"
    assert effects["delay_tactics"] == "worst"


def test_segments_are_those_of_the_rules_not_of_the_scheme() -> None:
    """Worst, best and keep name no segment of their own; exclude does."""
    rules = parse_rules(
        {
            "rules": [
                rule(name="a", segment="WATCH"),
                rule(name="b", segment="worst"),
                rule(name="c", segment=None, keep=True),
                rule(name="d", segment=None, exclude=True),
                rule(name="e", segment="NEW"),
                rule(name="f", segment="NEW"),
            ]
        }
    )
    assert rules.segments() == ("EXCLUDED", "NEW", "WATCH")


def test_no_rules_at_all_are_rules_too() -> None:
    """An empty list leaves every debtor to the scheme."""
    assert parse_rules({"rules": []}).segments() == ()


def test_a_rule_knows_the_figures_it_speaks_of() -> None:
    """In the order of their mention, without constants."""
    assert one(when="matured_invoices < new_until_matured and insolvent").figures == (
        "matured_invoices",
        "insolvent",
    )


@pytest.mark.parametrize(
    ("day", "active"),
    [("2026-05-31", False), ("2026-06-01", True), ("2026-09-30", True), ("2026-10-01", False)],
)
def test_both_days_of_validity_belong_to_it(day: str, active: bool) -> None:
    """Valid from the first of June up to and including the last of September."""
    season = one(valid_from=date(2026, 6, 1), valid_to="2026-09-30")
    assert season.active(date.fromisoformat(day)) is active


def test_fingerprint_sees_content_and_order_not_comments() -> None:
    """The order of keys does not matter; that of rules, or a word of a reason, does."""
    a, b = rule(name="a"), rule(name="b")
    same = fingerprint(parse_rules({"rules": [a, b]}))
    assert fingerprint(parse_rules({"rules": [dict(reversed(a.items())), b]})) == same
    assert fingerprint(parse_rules({"rules": [b, a]})) != same
    assert fingerprint(parse_rules({"rules": [a, {**b, "reason": "other"}]})) != same


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"when": "overdue_amout > 1"}, r"rules.2 \(big\).when: column 1: .*did you mean `overdue_amount`\?"),
        ({"when": True}, r"rules.2 \(big\).when: .*valid string, got 'True'"),
        ({"when": None}, r"rules.2 \(big\): `when` is missing"),
        ({"when": "invoice_amount > 1"}, "no figure `invoice_amount`"),
        ({"reason": None}, r"rules.2 \(big\): `reason` is missing"),
        ({"reason": " "}, "reason: the reason is empty"),
        ({"reason": "x" * 501}, "reason: a reason has at most 500 characters, got 501"),
        ({"reason": "{overdue_amout} open"}, "no figure `overdue_amout` to put in braces; did you mean"),
        ({"reason": "{overdue_amount:.2f}"}, "no figure `overdue_amount:.2f` to put in braces"),
        ({"reason": "{overdue_amount.real}"}, "no figure `overdue_amount.real`"),
        ({"reason": "{}"}, "no figure `` to put in braces"),
        ({"reason": "{{overdue_amount}}"}, "a brace { without its partner"),
        ({"reason": "overdue_amount}"}, "a brace } without its partner"),
        ({"whn": "True"}, r"rules.2 \(big\): unknown key `whn`; did you mean `when`\?"),
        ({"when": None, "wen": "True"}, "unknown key `wen`; did you mean `when`"),
        ({"colour": "red"}, "unknown key `colour`"),
        ({"segment": None}, r"rules.2 \(big\): say one of `segment: NAME`, `keep: true`, `exclude: true`"),
        ({"keep": True}, "say one of"),
        ({"segment": None, "keep": True, "exclude": True}, "say one of"),
        ({"segment": None, "keep": False}, r"keep: Input should be True, got 'False'"),
        ({"segment": "watch"}, r"rules.2 \(big\).segment: .*pattern.*got 'watch'"),
        ({"segment": "Wörst"}, "segment: .*pattern"),
        ({"segment": 3}, "segment: .*valid string"),
        ({"name": "Big one"}, r"rules.2 \(Big one\).name: .*pattern"),
        ({"name": "manual"}, "`manual` is the product's own name"),
        ({"name": "no_model"}, "`no_model` is the product's own name"),
        ({"name": None}, "rules.2: `name` is missing"),
        ({"name": "first"}, "two rules are called `first`"),
        ({"valid_from": "01-06-2026"}, r"rules.2 \(big\).valid_from: '01-06-2026' is no day"),
        ({"valid_from": datetime(2026, 6, 1, 12)}, "valid_from: .*valid date"),
        ({"valid_from": 20260601}, "valid_from: .*valid date"),
        ({"valid_from": "2026-06-02", "valid_to": "2026-06-01"}, "valid_from 2026-06-02 is after valid_to"),
    ],
)
def test_mistakes_get_a_clear_refusal(keys: dict[str, object], message: str) -> None:
    """The place counts from one, names the rule and its key, and leads to the nearest name."""
    with pytest.raises(ConfigurationError, match=message):
        parse_rules({"rules": [rule(name="first"), rule(**keys)]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"rules.yaml: rules are a list under `rules:`, got 'None'"),
        ("- name: x", "rules are a list under `rules:`"),
        ("rule: []", "rules.yaml: unknown key `rule`; did you mean `rules`?"),
        ("{}", "`rules` is missing"),
        ("rules: 3", "rules: .*got '3'"),
        ("rules: [3]", "rules.1: .*got '3'"),
        ("rules: [", "rules.yaml is not YAML"),
        ("rules: [{name: x, when: 'True', segment: A, reason: r, 3: 4}]", "rules.yaml: rules.1"),
    ],
)
def test_a_file_that_holds_no_rules_is_refused_by_its_name(tmp_path: Path, text: str, message: str) -> None:
    """Whoever has several files learns in which one to look."""
    path = tmp_path / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        read_rules(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Absent, a folder, or no text."""
    (tmp_path / "latin.yaml").write_bytes("reason: é".encode("latin-1"))
    for path in (tmp_path / "none.yaml", tmp_path, tmp_path / "latin.yaml"):
        with pytest.raises(ConfigurationError, match="cannot read the rules"):
            read_rules(path)


def test_rules_cannot_be_changed_once_read() -> None:
    """What was fingerprinted stays what it was."""
    with pytest.raises(ValueError, match="frozen"):
        Rules(rules=()).rules = ()  # type: ignore[misc]


FIGURES = pd.DataFrame(
    {
        "late_share": [0.314, 1.0, None],
        "mean_days_late": [4.24, -0.04, None],
        "overdue_amount": [1234.4, 0.0, None],
        "settled_invoices": [12.0, 1.0, None],
        "insolvent_on": pd.to_datetime(["2026-01-31", "1969-12-31", None]),
        "key_account": [True, False, None],
        "sector": pd.Series(["it", "a {b}", None], dtype="str"),
        "issued_amount_trend": [0.849, 2.0, None],
    }
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("late {late_share}", ["late 31 %", "late 100 %", "late unknown"]),
        ("{mean_days_late} days", ["4.2 days", "0.0 days", "unknown days"]),
        ("{overdue_amount}", ["1,234", "0", "unknown"]),
        ("{settled_invoices}", ["12", "1", "unknown"]),
        ("{insolvent_on}", ["2026-01-31", "1969-12-31", "unknown"]),
        ("{key_account}", ["yes", "no", "unknown"]),
        ("{sector}", ["it", "a {b}", "unknown"]),
        ("{issued_amount_trend}", ["0.8", "2.0", "unknown"]),
        ("{size}", ["unknown"] * 3),
        ("{settled_invoices} of {new_until_matured}", ["12 of 3", "1 of 3", "unknown of 3"]),
        (
            "{sector}: {late_share}, {sector}.",
            ["it: 31 %, it.", "a {b}: 100 %, a {b}.", "unknown: unknown, unknown."],
        ),
        ("plain\n  text", ["plain text"] * 3),
    ],
)
def test_a_reason_writes_figures_by_their_unit(text: str, expected: list[str]) -> None:
    """Share, days, money, count, day, flag, text and ratio; an empty figure is called unknown."""
    reason = read_reason(text, RULE_NAMES, ["new_until_matured"])
    assert reason.fill(FIGURES, {"new_until_matured": 3.0}).tolist() == expected
    assert reason.fill(FIGURES.iloc[:0], {"new_until_matured": 3.0}).tolist() == []
