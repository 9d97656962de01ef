"""What the commands share: their common options, the day they run on, and how they answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer


def day(text: str | date) -> date:
    """Return the day that an option names; a wrong one is refused with how to write it."""
    if isinstance(text, date):  # an option's default
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day; write it as 2026-01-31") from None


def _not_ahead(asked: date | None) -> date | None:
    if asked is not None and asked > today():
        raise typer.BadParameter(f"{asked} is after today ({today()}): nothing is known of that day yet")
    return asked


Config = Annotated[Path, typer.Option("--config", "-c", help="The configuration file.", show_default=True)]
AsOf = Annotated[
    date | None,
    typer.Option(
        "--as-of",
        parser=day,
        callback=_not_ahead,
        metavar="DAY",
        help="Use only facts known before this day. Default: today, or the day after the newest fact.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for machines.")]
Flow = Annotated[bool, typer.Option("--flow", help="Run as a Prefect flow, seen in its server.")]
CONFIG = Path("debtscape.yaml")


def answer(result: dict[str, Any], as_json: bool, show: Callable[[dict[str, Any]], None]) -> None:
    """Print what a command found, as JSON for machines or as `show` prints it for people."""
    if as_json:
        typer.echo(json.dumps(result, indent=2, default=str))
    else:
        show(result)


def note_look(config: Path, what: str, customer_ids: list[str]) -> None:
    """Note in the access log that this user is shown the debtors; where that fails, say so and go on."""
    from pipelines.privacy.looking import note_look as note
    from pipelines.settings_file import load_settings

    for warning in note(load_settings(config), what, customer_ids, now()):
        typer.echo(f"debtscape: {warning}", err=True)


def today() -> date:
    """Return the day of this computer's clock, which only commands look at."""
    return date.today()


def now() -> datetime:
    """Return the moment in UTC."""
    return datetime.now(UTC)
