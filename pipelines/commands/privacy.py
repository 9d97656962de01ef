"""The commands about privacy: a debtor is forgotten, and who looked at whom."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from features.errors import DebtscapeError
from pipelines.commands.options import CONFIG, Config, Json, answer, now, today


def forget(
    customer: Annotated[str, typer.Argument(help="The debtor's id, or its pseudonym.", metavar="CUSTOMER")],
    config: Config = CONFIG,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; needed where nobody can be asked.")] = False,
    as_json: Json = False,
) -> None:
    """Erase one debtor from runs, backtests, what was received and who looked. It cannot be undone.

    Runs stay whole and keep their ids; their manifests get new hashes and an entry without the debtor. What
    is out of reach, such as your own source files, is named. Deliver afterwards: debtscape deliver.
    """
    from dataclasses import asdict

    from pipelines.privacy.forgetting_job import forget_debtor
    from pipelines.settings_file import load_settings
    from pipelines.showing.privacy_console import show_forgotten

    settings = load_settings(config)
    if not yes:
        _confirm(f"Erase {customer!r} from everything in {settings.output_folder}? It cannot be undone.")
    result = forget_debtor(settings, customer, today=today(), now=now())
    answer(asdict(result), as_json, show_forgotten)


def looked(
    config: Config = CONFIG,
    customer: Annotated[
        str | None, typer.Option("--customer", help="Only at this debtor: its id, or its pseudonym.")
    ] = None,
    who: Annotated[
        str | None, typer.Option("--who", help="Only by this token, or user of this computer.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show who looked at which debtors, newest first: by the API, the page, explain, preview and quote."""
    from pipelines.privacy.looking import looks
    from pipelines.settings_file import load_settings
    from pipelines.showing.privacy_console import show_looks

    answer(looks(load_settings(config), customer, who), as_json, show_looks)


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise DebtscapeError("nobody can be asked here whether to erase; add --yes")
    if not typer.confirm(question):
        raise DebtscapeError("nothing was erased")
