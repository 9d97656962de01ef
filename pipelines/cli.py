"""The command line: which commands there are, in the order of the help, and how a refusal ends one.

What they do is in cli_jobs and cli_views, their common options are in cli_options.
"""

from __future__ import annotations

import sys

import typer

from features.errors import DebtscapeError
from pipelines.commands.delivery import deliver
from pipelines.commands.jobs import backtest, demo, init, run, schedule, simulate, train
from pipelines.commands.privacy import forget, looked
from pipelines.commands.received import receive
from pipelines.commands.serving import serve, token
from pipelines.commands.treatment import experiment, policy, preview
from pipelines.commands.views import check, explain, features, quote, rules, segments

app = typer.Typer(
    name="debtscape",
    help="Tells which debtors will pay late, groups them, and says when to remind whom.\n\n"
    "A new ledger in three commands: `debtscape init invoices.csv`, `debtscape train -c debtscape.yaml`, "
    "`debtscape run -c debtscape.yaml`. Try it without a ledger: `debtscape demo`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

for command in (
    demo,
    init,
    check,
    features,
    train,
    run,
    backtest,
    explain,
    quote,
    rules,
    segments,
    policy,
    preview,
    experiment,
    receive,
    deliver,
    serve,
    schedule,
    forget,
    looked,
    simulate,
):
    app.command()(command)
app.add_typer(token)


def main() -> None:
    """Run a command; a clear refusal, or one of the disk, is a line or two and exit code 1, no traceback."""
    try:
        app()
    except DebtscapeError as error:
        print(f"debtscape: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"debtscape: {where}{error.strerror or error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
