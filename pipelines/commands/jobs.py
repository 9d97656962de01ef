"""The commands that do the jobs: each calls the plain function that its flow wraps."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from features.errors import DebtscapeError
from pipelines.commands.options import CONFIG, AsOf, Config, Flow, Json, answer, day, now, today


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the ledger and the results.")] = Path(
        "out/demo"
    ),
) -> None:
    """Simulate a portfolio, train, run, and show the result and where the report is."""
    from pipelines.demo import demonstrate
    from pipelines.showing import console

    with console.progress() as progress:
        shown = demonstrate(out, today=today(), now=now(), progress=progress)
    console.show_training(shown["train"])
    console.show_run(shown["run"])


def _shapes() -> list[str]:
    """Return the names of the shapes, without loading what reads them: the help has to be quick."""
    folder = Path(__file__).resolve().parents[2] / "configs" / "shapes" / "in"
    return sorted(path.stem for path in folder.glob("*.yaml"))


def init(
    files: Annotated[
        list[Path], typer.Argument(help="The ledger's files: CSV, Parquet or Excel.", metavar="FILE…")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where to write the configuration.")
    ] = CONFIG,
    shape: Annotated[
        str | None,
        typer.Option(
            "--shape",
            metavar="SHAPE",
            help=f"Whose export it is: {', '.join(_shapes())}; or a file of your own (docs/shapes.md).",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing configuration.")] = False,
) -> None:
    """Look at files, guess their mapping, write a commented configuration, say what is unsure."""
    from features.mapping import init_configuration, init_in_shape
    from pipelines.showing import console

    if output.exists() and not force:
        raise DebtscapeError(f"{output} exists already. Choose another name with -o, or add --force.")
    if shape:
        text, unsure = init_in_shape(shape, files, output.parent)
    else:
        text, unsure = init_configuration(files, output.parent)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DebtscapeError(f"cannot write {output}: {error.strerror}. Choose another with -o.") from None
    console.show_guess(output, unsure)


def train(
    config: Config = CONFIG,
    as_of: AsOf = None,
    require_champion: Annotated[
        bool, typer.Option("--require-champion", help="Exit with 1 when the new model is refused.")
    ] = False,
    tune: Annotated[
        bool, typer.Option("--tune", help="First search how the boosting should grow on this ledger.")
    ] = False,
    minutes: Annotated[
        float | None, typer.Option("--minutes", min=0.1, max=1440, help="Time for --tune. Default: 10.")
    ] = None,
    accept_segments: Annotated[
        bool,
        typer.Option(
            "--accept-segments",
            help="Let new segments replace the old ones whoever moves; their number is chosen anew.",
        ),
    ] = False,
    flow: Flow = False,
    as_json: Json = False,
) -> None:
    """Fit the models, measure them against the baselines, register them, and let the gate decide."""
    from pipelines.showing import console

    if minutes is not None and not tune:
        raise typer.BadParameter("--minutes is for --tune")
    if flow and (tune or accept_segments):
        raise typer.BadParameter("--tune and --accept-segments run by themselves: leave out --flow")
    if flow:
        from pipelines.steps import run_as_flow
        from pipelines.train import train_flow

        result = run_as_flow(train_flow, config=str(config), as_of=as_of)
    else:
        from pipelines.learning.training import train as train_models

        with console.progress() as progress:
            result = train_models(
                config,
                as_of=as_of,
                today=today(),
                minutes=(minutes or 10.0) if tune else None,
                accept_segments=accept_segments,
                progress=progress,
            )
    answer(result, as_json, console.show_training)
    if tune and not as_json:
        typer.echo("\n".join([result["tuning"]["said"], *result["tuning"]["lines"]]))
    if require_champion and not result["models"]["payment-time"]["accepted"]:
        raise DebtscapeError("the new payment-time model was refused (see above); the champion stays.")


def run(config: Config = CONFIG, as_of: AsOf = None, flow: Flow = False, as_json: Json = False) -> None:
    """Do the main job: segment the debtors, predict payment, time the reminders, publish a run.

    Nothing leaves by it: `debtscape deliver` hands a run on, and so does a scheduled run by itself.
    """
    from pipelines.showing import console

    if flow:
        from pipelines.resegment import resegment_flow
        from pipelines.steps import run_as_flow

        result = run_as_flow(resegment_flow, config=str(config), as_of=as_of)
    else:
        from pipelines.running import run as run_main_job

        with console.progress() as progress:
            result = run_main_job(config, as_of=as_of, today=today(), now=now(), progress=progress)
    answer(result, as_json, console.show_run)


def backtest(
    start: Annotated[date, typer.Option("--from", parser=day, metavar="DAY", help="First cutoff.")],
    until: Annotated[date, typer.Option("--until", parser=day, metavar="DAY", help="End, exclusive.")],
    every: Annotated[
        str, typer.Option("--every", help="Days (30D), weeks (2W) or months (1M) between cutoffs.")
    ] = "1M",
    config: Config = CONFIG,
    flow: Flow = False,
    as_json: Json = False,
) -> None:
    """Walk forward: train at each cutoff, predict what follows, measure against every baseline."""
    from pipelines.showing import console

    if flow:
        from pipelines.backtest import backtest_flow
        from pipelines.steps import run_as_flow

        result = run_as_flow(backtest_flow, config=str(config), start=start, until=until, every=every)
    else:
        from pipelines.backtesting.walk_forward import backtest as walk

        with console.progress() as progress:
            result = walk(config, start=start, until=until, every=every, today=today(), progress=progress)
    answer(result, as_json, console.show_backtest)


def schedule(config: Config = CONFIG) -> None:
    """Serve the scheduled flows on the configured cron and time zone, until stopped.

    A scheduled run is handed on where `deliver` says, once it is published.
    """
    from pipelines.scheduling import serve_schedules
    from pipelines.settings_file import load_settings

    serve_schedules(load_settings(config), config)


def simulate(
    out: Annotated[Path, typer.Option("--out", help="Folder to write the ledger to.")],
    debtors: Annotated[int, typer.Option(min=10, help="Number of debtors.")] = 1500,
    months: Annotated[int, typer.Option(min=3, help="Months of history.")] = 36,
    seed: Annotated[int, typer.Option(help="The same seed gives the same ledger.")] = 1,
    invoices: Annotated[
        int | None, typer.Option(min=10, help="Number of invoices. Default: 40 a debtor.")
    ] = None,
    end: Annotated[
        date, typer.Option("--end", parser=day, metavar="DAY", help="First day not in it.")
    ] = date(2026, 1, 1),
    shape: Annotated[
        str | None,
        typer.Option(
            "--shape", metavar="SHAPE", help="Write invoices and payments as sap_fbl5n exports them."
        ),
    ] = None,
    effective_reminders: Annotated[
        bool,
        typer.Option(
            "--effective-reminders",
            help="Reminders make debtors pay sooner, by their type, and late payers get more of them.",
        ),
    ] = False,
) -> None:
    """Write a ledger with known truth, and a configuration that reads it."""
    from features.simulate import simulate as make
    from features.simulate import write_portfolio

    portfolio = make(
        debtors=debtors,
        months=months,
        seed=seed,
        end=end,
        invoices=invoices,
        reminders="effective" if effective_reminders else "recorded",
    )
    typer.echo(f"wrote {write_portfolio(portfolio, out, shape)}")
