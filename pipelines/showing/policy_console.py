"""The collection policy as a person sees it on the terminal."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from pipelines.showing.terminal import say, show_table, show_warnings


def show_policy(result: dict[str, Any]) -> None:
    """Print whom each line treats and with how much money, then the steps, then the events."""
    say(f"As of {result['as_of']}: {result['debtors']} debtors, policy of {escape(result['file'])}")
    rows = [
        [row["line"], row["who"], row["strategy"], _timing(row), row["debtors"], *_amounts(row["money"])]
        for row in result["lines"]
    ]
    show_table("Lines", [">line", "who", "strategy", "timing", ">debtors", ">open", ">overdue"], rows)
    for row in result["lines"]:
        if row["terms"]:
            approval = " (a person must approve)" if row["terms_adverse"] else ""
            say(f"  line {row['line']} also proposes: {escape(row['terms'])}{approval}")
    shown: set[str] = set()
    for row in result["lines"]:
        if row["strategy"] in shown:
            continue
        shown.add(row["strategy"])
        if row["because"]:
            say(f"  {escape(row['strategy'])}: {escape(row['because'])}")
        else:
            show_table(f"Strategy {row['strategy']}", STEP_HEADER, [_step(step) for step in row["steps"]])
    rows = [[row["event"], row["debtors"], _if(row), _does(row["step"])] for row in result["events"]]
    show_table("Events, in place of the next step", ["event", ">may hit", "if", "then"], rows)
    show_warnings(result["warnings"])


STEP_HEADER = ["step", ">level", "day", "tone", "channels", "approval"]


def _step(step: dict[str, Any]) -> list[Any]:
    channels = " or ".join(step["channels"])
    approval = "by a person" if step["adverse"] else ""
    return [step["step"], step["level"], step["day"], step["tone"], channels, approval]


def _timing(line: dict[str, Any]) -> str:
    return str(line["timing"]) if line["steps"] else ""


def _if(event: dict[str, Any]) -> str:
    what = event["when"].replace("_", " ")
    return "; ".join([what, event["who"], *(need.replace("_", " ") for need in event["needs"])])


def _does(step: dict[str, Any]) -> str:
    name, _, day, tone, channels, approval = _step(step)
    return f"{name}, {day}, {tone}, by {channels}" + ("; a person must approve" if approval else "")


def _amounts(money: list[dict[str, Any]]) -> tuple[str, str]:
    """Open and overdue amounts, one currency a row of the cell."""
    lines = [
        (f"{each['open_amount']:,.2f}", f"{each['overdue_amount']:,.2f}", each["currency"]) for each in money
    ]
    return (
        "\n".join(f"{opened} {currency}" for opened, _, currency in lines),
        "\n".join(f"{overdue} {currency}" for _, overdue, currency in lines),
    )
