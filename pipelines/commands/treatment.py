"""The commands about treatment: the policy, a message, the experiment. None of them sends anything."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands.options import CONFIG, AsOf, Config, Json, answer, note_look, today


def policy(config: Config = CONFIG, as_of: AsOf = None, as_json: Json = False) -> None:
    """Show the collection policy: whom each line treats and how, how many debtors and how much money."""
    from pipelines.questions.policy_view import show_policy
    from pipelines.showing import policy_console

    answer(show_policy(config, as_of=as_of, today=today()), as_json, policy_console.show_policy)


def preview(
    invoice: Annotated[str, typer.Argument(help="The invoice's id.", metavar="INVOICE")],
    config: Config = CONFIG,
    as_of: AsOf = None,
    language: Annotated[
        str | None,
        typer.Option("--language", help="nl, de, fr or en. Default: the language of the debtor."),
    ] = None,
    step: Annotated[
        str | None, typer.Option("--step", help="Another step of the policy than the one that is planned.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the message of an invoice's next step as the debtor would read it. Sends nothing."""
    from pipelines.questions.previewing import preview as preview_message
    from pipelines.showing import preview_console

    result = preview_message(config, invoice, as_of=as_of, today=today(), language=language, step=step)
    note_look(config, "preview", [result["customer_id"]])
    answer(result, as_json, preview_console.show_preview)


def experiment(
    config: Config = CONFIG,
    as_of: AsOf = None,
    effect_days: Annotated[
        float | None,
        typer.Option("--effect-days", help="The effect to be found, in days to pay; says the sample needed."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the randomised reminder days: the sample needed, and the effect once outcomes are there."""
    from pipelines.questions.experimenting import show_experiment
    from pipelines.showing import experiment_console

    result = show_experiment(config, as_of=as_of, today=today(), effect_days=effect_days)
    answer(result, as_json, experiment_console.show_experiment)
