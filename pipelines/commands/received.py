"""The command about what other tools report back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options import CONFIG, Config, Json, answer, now


def receive(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files of facts. Default: those that wait in the drop folder.", metavar="FILE"),
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(
            "--table",
            help="contact_history, promises, disputes or decisions. Default: the file's name begins with it.",
        ),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="Only show what was received, newest first, without notes.")
    ] = False,
    config: Config = CONFIG,
    as_json: Json = False,
) -> None:
    """Take in what other tools report: contacts, promises, disputes, decisions; used from the next day on.

    Repeating a file does no harm. Exits with 1 when a row was refused; the others are kept.
    """
    from pipelines.receiving.command import list_received, receive_files
    from pipelines.settings_file import load_settings
    from pipelines.showing import received_console

    settings = load_settings(config)
    if listed:
        if files or table:
            raise typer.BadParameter("--list goes alone")
        answer(list_received(settings.received_folder), as_json, received_console.show_list)
        return
    if table and not files:
        raise typer.BadParameter("--table needs a FILE: those in the drop folder tell it by their names")
    result = receive_files(settings, files or [], table=table, now=now())
    answer(result, as_json, received_console.show_taken)
    if any(taken["refused"] for taken in result["files"]):
        raise typer.Exit(1)
