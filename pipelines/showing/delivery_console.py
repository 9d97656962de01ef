"""What a person sees of deliveries on the terminal."""

from __future__ import annotations

from typing import Any

from pipelines.showing.terminal import say, show_table


def show_delivery(result: dict[str, Any]) -> None:
    """Print for each sink what changes for it and what became of it."""
    say(f"Run {result['run_id']} as of {result['as_of']}.")
    rows = [[sink["sink"], _held(sink), sink["words"] or "", _outcome(sink)] for sink in result["sinks"]]
    title = "What would change; nothing was written" if result["dry_run"] else "Handed on"
    show_table(title, ["to", "held", "what changes for it", "outcome"], rows)


def show_dead(result: dict[str, Any]) -> None:
    """Print what the webhook never accepted, and the way out."""
    letters = result["dead_letters"]
    if not letters:
        say("The webhook accepted everything it was sent.")
        return
    for letter in letters:
        say(f"{letter['as_of']}, run {letter['run_id']}: {letter['trouble']}", style="bold")
        say(f"  it says: {letter['message']['data']['words']}")
        if letter["overtaken_by"]:
            say(f"  run {letter['overtaken_by']} was accepted since, which says this too")
        else:
            say(f"  again: debtscape deliver --to webhook --run {letter['run_id']}")


def _held(sink: dict[str, Any]) -> str:
    if sink["held_run_id"] is None:
        return "nothing" if sink["state"] != "failed" or sink["words"] else ""
    return f"{sink['held_run_id']} of {sink['held_as_of'] or 'an unknown day'}"


def _outcome(sink: dict[str, Any]) -> str:
    again = len(sink["delivered_again"])
    earlier = f"{again:,} earlier {'run' if again == 1 else 'runs'} of which a debtor was erased"
    match sink["state"]:
        case "dry run":
            return f"would deliver {earlier} again" if again else ""
        case "failed":
            said = "failed, see below"
        case "already":
            said = "was there already"
        case _:
            said = "delivered" + (f", {sink['rows']:,} rows" if sink["rows"] else "")
    return f"{said}; delivered {earlier} again" if again else said
