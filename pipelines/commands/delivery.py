"""The command that hands a run on to other tools: the only one by which anything leaves."""

from __future__ import annotations

from typing import Annotated

import typer

from features.errors import DebtscapeError
from pipelines.commands.options import CONFIG, Config, Json, answer, now


def deliver(
    config: Config = CONFIG,
    run_id: Annotated[
        str | None, typer.Option("--run", metavar="ID", help="Another run than the latest.")
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to",
            metavar="NAME",
            help="folder, postgres, webhook or a shape's name; may be repeated. Default: all configured.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change for each, and write nothing.")
    ] = False,
    dead: Annotated[
        bool,
        typer.Option("--dead-letters", help="Only list what the webhook never accepted."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Hand a run on to what is configured under `deliver`: files, PostgreSQL, a webhook, other tools.

    Twice changes nothing. Earlier runs from which a debtor was erased since they were delivered are
    delivered again. What needs approval and has none stays behind.
    """
    from pipelines.delivering.handing_on import hand_on, troubles
    from pipelines.settings_file import load_settings
    from pipelines.showing import console, delivery_console

    settings = load_settings(config)
    if dead:
        if run_id or to or dry_run:
            raise typer.BadParameter("--dead-letters goes alone")
        from pipelines.delivering.sinks import webhook_box
        from pipelines.delivering.webhook_box import dead_letters

        answer({"dead_letters": dead_letters(webhook_box(settings))}, as_json, delivery_console.show_dead)
        return
    with console.progress() as progress:
        result = hand_on(settings, run_id=run_id, to=to or (), dry_run=dry_run, now=now(), progress=progress)
    answer(result, as_json, delivery_console.show_delivery)
    if wrong := troubles(result):
        raise DebtscapeError("\n".join(wrong))
