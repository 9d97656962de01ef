"""The command line: each command calls the plain function that its flow wraps."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import DebtscapeError

if TYPE_CHECKING:
    from collections.abc import Callable

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


def _day(text: str | date) -> date:
    if isinstance(text, date):  # an option's default
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day; write it as 2026-01-31") from None


def _not_ahead(day: date | None) -> date | None:
    if day is not None and day > _today():
        raise typer.BadParameter(f"{day} is after today ({_today()}): nothing is known of that day yet")
    return day


Config = Annotated[Path, typer.Option("--config", "-c", help="The configuration file.", show_default=True)]
AsOf = Annotated[
    date | None,
    typer.Option(
        "--as-of",
        parser=_day,
        callback=_not_ahead,
        metavar="DAY",
        help="Use only facts known before this day. Default: today, or the day after the newest fact.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for machines.")]
Flow = Annotated[bool, typer.Option("--flow", help="Run as a Prefect flow, seen in its server.")]
CONFIG = Path("debtscape.yaml")


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the ledger and the results.")] = Path(
        "out/demo"
    ),
) -> None:
    """Simulate a portfolio, train, run, and show the result and where the report is."""
    from pipelines import console
    from pipelines.demo import demonstrate

    with console.progress() as progress:
        shown = demonstrate(out, today=_today(), now=_now(), progress=progress)
    console.show_training(shown["train"])
    console.show_run(shown["run"])


@app.command()
def init(
    files: Annotated[
        list[Path], typer.Argument(help="The ledger's files: CSV, Parquet or Excel.", metavar="FILE…")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where to write the configuration.")
    ] = CONFIG,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing configuration.")] = False,
) -> None:
    """Look at files, guess their mapping, write a commented configuration, say what is unsure."""
    from features.mapping import init_configuration
    from pipelines import console

    if output.exists() and not force:
        raise DebtscapeError(f"{output} exists already. Choose another name with -o, or add --force.")
    text, unsure = init_configuration(files, output.parent)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DebtscapeError(f"cannot write {output}: {error.strerror}. Choose another with -o.") from None
    console.show_guess(output, unsure)


@app.command()
def check(config: Config = CONFIG, as_json: Json = False) -> None:
    """Read and judge the ledger: rows, rejected rows with reasons, coverage, freshness."""
    from pipelines import console
    from pipelines.checking import check_ledger

    _answer(check_ledger(config, today=_today()), as_json, console.show_check)


@app.command()
def features(as_json: Json = False) -> None:
    """List the features, and the facts that rules may also speak of: name, unit, definition."""
    from features.catalogue import CATALOGUE, FACTS
    from pipelines import console

    listed = {
        title: [{"name": f.name, "unit": f.unit, "definition": f.definition} for f in features]
        for title, features in (("features", CATALOGUE.values()), ("facts", FACTS))
    }
    _answer(listed, as_json, console.show_features)


@app.command()
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
    from pipelines import console

    if minutes is not None and not tune:
        raise typer.BadParameter("--minutes is for --tune")
    if flow and (tune or accept_segments):
        raise typer.BadParameter("--tune and --accept-segments run by themselves: leave out --flow")
    if flow:
        from pipelines.steps import run_as_flow
        from pipelines.train import train_flow

        result = run_as_flow(train_flow, config=str(config), as_of=as_of)
    else:
        from pipelines.training import train as train_models

        with console.progress() as progress:
            result = train_models(
                config,
                as_of=as_of,
                today=_today(),
                minutes=(minutes or 10.0) if tune else None,
                accept_segments=accept_segments,
                progress=progress,
            )
    _answer(result, as_json, console.show_training)
    if tune and not as_json:
        print("\n".join([result["tuning"]["said"], *result["tuning"]["lines"]]))
    if require_champion and not result["models"]["payment-time"]["accepted"]:
        raise DebtscapeError("the new payment-time model was refused (see above); the champion stays.")


@app.command()
def run(config: Config = CONFIG, as_of: AsOf = None, flow: Flow = False, as_json: Json = False) -> None:
    """Do the main job: segment the debtors, predict payment, time the reminders, publish a run."""
    from pipelines import console

    if flow:
        from pipelines.resegment import resegment_flow
        from pipelines.steps import run_as_flow

        result = run_as_flow(resegment_flow, config=str(config), as_of=as_of)
    else:
        from pipelines.running import run as run_main_job

        with console.progress() as progress:
            result = run_main_job(config, as_of=as_of, today=_today(), now=_now(), progress=progress)
    _answer(result, as_json, console.show_run)


@app.command()
def backtest(
    start: Annotated[date, typer.Option("--from", parser=_day, metavar="DAY", help="First cutoff.")],
    until: Annotated[date, typer.Option("--until", parser=_day, metavar="DAY", help="End, exclusive.")],
    every: Annotated[
        str, typer.Option("--every", help="Days (30D), weeks (2W) or months (1M) between cutoffs.")
    ] = "1M",
    config: Config = CONFIG,
    flow: Flow = False,
    as_json: Json = False,
) -> None:
    """Walk forward: train at each cutoff, predict what follows, measure against every baseline."""
    from pipelines import console

    if flow:
        from pipelines.backtest import backtest_flow
        from pipelines.steps import run_as_flow

        result = run_as_flow(backtest_flow, config=str(config), start=start, until=until, every=every)
    else:
        from pipelines.walk_forward import backtest as walk

        with console.progress() as progress:
            result = walk(config, start=start, until=until, every=every, today=_today(), progress=progress)
    _answer(result, as_json, console.show_backtest)


@app.command()
def explain(
    customer: Annotated[str, typer.Argument(help="The debtor's id.", metavar="CUSTOMER")],
    config: Config = CONFIG,
    as_json: Json = False,
) -> None:
    """Explain one debtor in the latest run: segment, rule, history, open invoices, next step."""
    from pipelines import console
    from pipelines.explaining import explain_debtor

    _answer(explain_debtor(config, customer, today=_today()), as_json, console.show_debtor)


@app.command()
def quote(
    customer: Annotated[
        str | None, typer.Argument(help="The debtor's id, known or new.", metavar="CUSTOMER")
    ] = None,
    amount: Annotated[float | None, typer.Option("--amount", help="Amount, with a decimal point.")] = None,
    terms: Annotated[
        int | None,
        typer.Option("--terms", help="Days from issue to due, 0 to 365. Default: the debtor's usual ones."),
    ] = None,
    currency: Annotated[
        str | None,
        typer.Option("--currency", help="ISO 4217 code. Default: that of the debtor's newest invoice."),
    ] = None,
    config: Config = CONFIG,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Predict how a quote or an order would be paid, as if it were invoiced on the day. Writes nothing.

    Without CUSTOMER: every order in the ledger of the 30 days before the day. Nothing links orders to
    invoices, so an order that has been invoiced already is among them.
    """
    from pipelines import console
    from pipelines.quoting import quote_invoice, quote_orders

    if customer is None:
        if amount is not None or currency is not None:
            raise typer.BadParameter("--amount and --currency need a CUSTOMER")
        result = quote_orders(config, terms=terms, as_of=as_of, today=_today())
    else:
        if amount is None:
            raise typer.BadParameter("a CUSTOMER needs an --amount")
        result = quote_invoice(
            config, customer, amount=amount, terms=terms, currency=currency, as_of=as_of, today=_today()
        )
    _answer(result, as_json, console.show_quotes)


@app.command()
def rules(config: Config = CONFIG, as_of: AsOf = None, as_json: Json = False) -> None:
    """Show what each rule over the segments hits on the day, which never hit, which contradict each other."""
    from pipelines import console
    from pipelines.ruling import show_rules

    _answer(show_rules(config, as_of=as_of, today=_today()), as_json, console.show_rules)


@app.command()
def segments(
    config: Config = CONFIG,
    as_of: AsOf = None,
    cutoff: Annotated[
        date | None,
        typer.Option(
            "--cutoff",
            parser=_day,
            metavar="DAY",
            help="Late rates are of invoices issued from this day on, in segments set before it. "
            "Default: a quarter of the history, at most 180 days, before --as-of.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a page about the segments: what they are, how late each is, who moves and why."""
    from pipelines import console
    from pipelines.segments_page import make_segments_page

    result = make_segments_page(config, as_of=as_of, cutoff=cutoff, today=_today())
    _answer(result, as_json, console.show_segments)


@app.command()
def schedule(config: Config = CONFIG) -> None:
    """Serve the scheduled flows on the configured cron and time zone, until stopped."""
    from pipelines.scheduling import serve_schedules
    from pipelines.settings import load_settings

    serve_schedules(load_settings(config), config)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option("--out", help="Folder to write the ledger to.")],
    debtors: Annotated[int, typer.Option(min=10, help="Number of debtors.")] = 1500,
    months: Annotated[int, typer.Option(min=3, help="Months of history.")] = 36,
    seed: Annotated[int, typer.Option(help="The same seed gives the same ledger.")] = 1,
    invoices: Annotated[
        int | None, typer.Option(min=10, help="Number of invoices. Default: 40 a debtor.")
    ] = None,
    end: Annotated[
        date, typer.Option("--end", parser=_day, metavar="DAY", help="First day not in it.")
    ] = date(2026, 1, 1),
) -> None:
    """Write a ledger with known truth, and a configuration that reads it."""
    from features.simulate import simulate as make
    from features.simulate import write_portfolio

    portfolio = make(debtors=debtors, months=months, seed=seed, end=end, invoices=invoices)
    print(f"wrote {write_portfolio(portfolio, out)}")


def _answer(result: dict[str, Any], as_json: bool, show: Callable[[dict[str, Any]], None]) -> None:
    if as_json:
        print(json.dumps(result, indent=2, default=str))
    else:
        show(result)


def _today() -> date:
    return date.today()


def _now() -> datetime:
    return datetime.now(UTC)


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
