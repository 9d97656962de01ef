"""The collection policy a manager edits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from features.errors import ConfigurationError
from models.policy import covers, fingerprint, parse_policy, read_policy

SHIPPED = Path(__file__).resolve().parent.parent / "configs" / "policy.yaml"


@pytest.fixture
def content() -> dict[str, Any]:
    """The shipped policy as keys and values, to be spoiled."""
    return dict(yaml.safe_load(SHIPPED.read_text(encoding="utf-8")))


def test_the_shipped_policy_covers_every_segment_that_can_be_named() -> None:
    """A to G and the segments of the rules."""
    assert covers(read_policy(SHIPPED), [*"ABCDEFG", "NEW", "DORMANT", "INSOLVENT"]) == []


def test_a_segment_the_policy_was_not_made_for_is_named() -> None:
    """What is not covered comes back sorted."""
    assert covers(read_policy(SHIPPED), ["A", "Z", "VIP"]) == ["VIP", "Z"]


def test_a_segment_without_a_line_is_treated_as_any() -> None:
    """The friendly reminder comes after 7 days for A, after 3 for D, which has no line."""
    friendly = read_policy(SHIPPED).steps[0]
    assert (friendly.days_for("A"), friendly.days_for("D")) == (7, 3)


def test_fingerprint_sees_content_not_comments(content: dict[str, Any]) -> None:
    """Comments and the order of keys do not matter; one day more does."""
    reordered = parse_policy(dict(reversed(content.items())))
    assert fingerprint(reordered) == fingerprint(read_policy(SHIPPED))
    assert fingerprint(parse_policy({**content, "valid_days": 6})) != fingerprint(reordered)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step": []}, "unknown key `step`; did you mean `steps`?"),
        ({"colour": "red"}, "unknown key `colour`; there are: segments, steps,"),
        ({"shift": {"min_setled": 6}}, "unknown key `min_setled` in shift; did you mean `min_settled`?"),
        ({"shift": {"min_settled": 6, "max_shift_days": 7}}, "`max_spread_days` is missing in shift"),
        ({"valid_days": "five"}, "valid_days: .*integer.*'five'"),
        ({"valid_days": -1}, "valid_days: .*greater than or equal to 0"),
        ({"minimum_amount": {"EUR": 5}}, "minimum_amount: the line `any` is missing"),
        ({"no_reminders": {"INSOLVENTT": "x"}}, "no segment `INSOLVENTT`; did you mean `INSOLVENT`?"),
        ({"steps": []}, "steps: .*at least 1 item"),
    ],
)
def test_mistakes_get_a_clear_refusal(content: dict[str, Any], change: dict[str, Any], message: str) -> None:
    """The message names the place and the way out."""
    with pytest.raises(ConfigurationError, match=message):
        parse_policy({**content, **change})


@pytest.mark.parametrize(
    ("step", "change", "message"),
    [
        (
            0,
            {"days_after_due": {"A": 7}},
            "step friendly_reminder, days_after_due: the line `any` is missing",
        ),
        (0, {"days_after_due": {"any": 5, "AA": 7}}, "no segment `AA`; did you mean `A`?"),
        (0, {"days_after_due": {"any": 0}}, "steps 1 days_after_due any: .*greater than or equal to 1"),
        (
            0,
            {"days_after_due": {"any": 15}},
            "out of order for segment any: second_reminder 15 .* before it 15 days",
        ),
        (0, {"days_after_due": {"any": 5, "C": 20}}, "out of order for segment C"),
        (1, {"level": 5}, "levels must be 1, 2, 3"),
        (1, {"name": "friendly_reminder"}, "two steps have the same name"),
        (2, {"chanel": "call"}, "unknown key `chanel` in steps 3; did you mean `channel`?"),
        (2, {"channel": "pigeon"}, "steps 3 channel: .*'pigeon'"),
        (3, {"adverse": "maybe"}, "steps 4 adverse: .*'maybe'"),
    ],
)
def test_mistakes_in_a_step(content: dict[str, Any], step: int, change: dict[str, Any], message: str) -> None:
    """A step that is spoiled is found by its number and key."""
    content["steps"][step] = {**content["steps"][step], **change}
    with pytest.raises(ConfigurationError, match=message):
        parse_policy(content)


def test_a_missing_file_and_broken_yaml_are_named(tmp_path: Path) -> None:
    """The file's name is in the message."""
    with pytest.raises(ConfigurationError, match=r"cannot read the policy .*none\.yaml"):
        read_policy(tmp_path / "none.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("steps: [", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"broken\.yaml is not YAML"):
        read_policy(broken)
    broken.write_text("just words", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"broken\.yaml: a policy is keys and values"):
        read_policy(broken)
