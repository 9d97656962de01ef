"""What the commands about privacy print."""

from __future__ import annotations

from typing import Any

from pipelines.showing.terminal import say, show_facts, show_table

MOST_LOOKS, MOST_IDS = 100, 5
TRACES = {
    "pages": "pages of segments removed: debtscape segments makes them anew",
    "movers": "lists of who would move, without it now",
    "dead_letters": "dead letters of the webhook removed: debtscape deliver tells the rewritten run",
    "looks": "looks at it, of which only the reader stays",
    "received": "facts received from other tools",
}


def show_forgotten(result: dict[str, Any]) -> None:
    """Print what was erased, and what is out of reach."""
    from pipelines.privacy.forgetting import UNREACHED

    done = {
        "runs rewritten": result["runs"],
        "rows of runs erased": sum(result["rows"].values()),
        "backtests rewritten": result["backtests"],
        "rows of backtests erased": result["backtest_rows"],
        **{TRACES[name]: count for name, count in result["traces"].items()},
    }
    if any(done.values()):
        say("[bold]Erased[/bold]")
        show_facts({what: count for what, count in done.items() if count})
        unreached = result["unreached"]
    else:
        say("Nothing of this debtor was found. Is that its id? debtscape explain ID shows a debtor.")
        unreached = [each for each in result["unreached"] if each not in UNREACHED]
    if unreached:
        say("[bold]Out of reach[/bold]")
    for each in unreached:
        say(f"  {each}")


def show_looks(result: dict[str, Any]) -> None:
    """Print the newest looks as a table."""
    looks = result["looks"]
    if not looks:
        say("Nobody looked.")
        return
    rows = [
        [look["at"], look["who"], look["what"], _ids(look["customer_ids"])] for look in looks[:MOST_LOOKS]
    ]
    show_table("Who looked at whom", ["when (UTC)", "who", "what", "at"], rows)
    if len(looks) > MOST_LOOKS:
        say(f"The newest {MOST_LOOKS} of {len(looks)}; all of them with --json.")


def _ids(customer_ids: list[str]) -> str:
    shown = ", ".join(customer_ids[:MOST_IDS])
    more = len(customer_ids) - MOST_IDS
    return f"{shown} and {more} more" if more > 0 else shown or "(erased)"
