"""A message on the terminal, before anybody sends it."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from pipelines.showing.terminal import say, show_facts, show_warnings

SHOWN = ("step", "send_on", "channel", "status", "blocked_by", "to", "language", "template", "reason")


def show_preview(result: dict[str, Any]) -> None:
    """Print the message of an invoice, or why there is none."""
    say(f"[bold]{escape(result['invoice_id'])}[/bold] as of {result['as_of']}")
    if result["message"] is None:
        say(f"No message is planned: {escape(result['reason'])}")
        say("Another step can be looked at with --step NAME.")
        return
    show_facts({name.replace("_", " "): result[name] for name in SHOWN if result[name] is not None})
    show_facts({"invoices": ", ".join(result["invoices"])})
    say()
    say(f"[bold]{escape(result['message']['subject'])}[/bold]")
    say()
    say(escape(result["message"]["body"]))
    show_warnings(result["notes"])
    say("Nothing was sent.")
