"""A message on the terminal, before anybody sends it."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from pipelines.console import _facts, _print, _warnings

SHOWN = ("step", "send_on", "channel", "status", "blocked_by", "to", "language", "template", "reason")


def show_preview(result: dict[str, Any]) -> None:
    """Print the message of an invoice, or why there is none."""
    _print(f"[bold]{escape(result['invoice_id'])}[/bold] as of {result['as_of']}")
    if result["message"] is None:
        _print(f"No message is planned: {escape(result['reason'])}")
        _print("Another step can be looked at with --step NAME.")
        return
    _facts({name.replace("_", " "): result[name] for name in SHOWN if result[name] is not None})
    _facts({"invoices": ", ".join(result["invoices"])})
    _print()
    _print(f"[bold]{escape(result['message']['subject'])}[/bold]")
    _print()
    _print(escape(result["message"]["body"]))
    _warnings(result["notes"])
    _print("Nothing was sent.")
