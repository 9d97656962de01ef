"""The commands that look at things: none of them changes a model or publishes a run."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from pipelines.commands.options import CONFIG, AsOf, Config, Json, answer, day, note_look, today


def check(config: Config = CONFIG, as_json: Json = False) -> None:
    """Read and judge the ledger: rows, rejected rows with reasons, coverage, freshness."""
    from pipelines.questions.checking import check_ledger
    from pipelines.showing import console

    answer(check_ledger(config, today=today()), as_json, console.show_check)


def features(as_json: Json = False) -> None:
    """List the features, and the facts that rules may also speak of: name, unit, definition."""
    from features.catalogue import CATALOGUE, FACTS
    from pipelines.showing import console

    listed = {
        title: [{"name": f.name, "unit": f.unit, "definition": f.definition} for f in features]
        for title, features in (("features", CATALOGUE.values()), ("facts", FACTS))
    }
    answer(listed, as_json, console.show_features)


def explain(
    customer: Annotated[str, typer.Argument(help="The debtor's id.", metavar="CUSTOMER")],
    config: Config = CONFIG,
    as_json: Json = False,
) -> None:
    """Explain one debtor in the latest run: segment, rule, history, open invoices, next step."""
    from pipelines.questions.explaining import explain_debtor
    from pipelines.showing import console

    result = explain_debtor(config, customer)
    note_look(config, "explain", [result["customer_id"]])
    answer(result, as_json, console.show_debtor)


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
    from pipelines.questions.quoting import quote_invoice, quote_orders
    from pipelines.showing import console

    if customer is None:
        if amount is not None or currency is not None:
            raise typer.BadParameter("--amount and --currency need a CUSTOMER")
        result = quote_orders(config, terms=terms, as_of=as_of, today=today())
    else:
        if amount is None:
            raise typer.BadParameter("a CUSTOMER needs an --amount")
        result = quote_invoice(
            config, customer, amount=amount, terms=terms, currency=currency, as_of=as_of, today=today()
        )
    note_look(config, "quote", [each["customer_id"] for each in result["quotes"]])
    answer(result, as_json, console.show_quotes)


def rules(config: Config = CONFIG, as_of: AsOf = None, as_json: Json = False) -> None:
    """Show what each rule over the segments hits on the day, which never hit, which contradict each other."""
    from pipelines.questions.ruling import show_rules
    from pipelines.showing import console

    answer(show_rules(config, as_of=as_of, today=today()), as_json, console.show_rules)


def segments(
    config: Config = CONFIG,
    as_of: AsOf = None,
    cutoff: Annotated[
        date | None,
        typer.Option(
            "--cutoff",
            parser=day,
            metavar="DAY",
            help="Late rates are of invoices issued from this day on, in segments set before it. "
            "Default: a quarter of the history, at most 180 days, before --as-of.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a page about the segments: what they are, how late each is, who moves and why."""
    from pipelines.segment_page.segments_page import make_segments_page
    from pipelines.showing import console

    result = make_segments_page(config, as_of=as_of, cutoff=cutoff, today=today())
    answer(result, as_json, console.show_segments)
