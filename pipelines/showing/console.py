"""What a person sees on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from models.evaluation.gate import WORDS
from pipelines.progress import Progress as Say
from pipelines.showing.terminal import say, show_facts, show_table, show_warnings

EXPLAINED = (
    "AUC: 1 puts every late invoice before every other, 0.5 is chance. Brier skill: part of the error of the "
    "debtor's own late rate that is avoided. ECE: predicted less observed share, on average. Days off: from "
    "the median payment day to the real one. Held: share of payments between the 10 % and the 90 % day; "
    "claimed: what the predictor says that share is."
)

CLASSES = {
    "p_on_time": "on time",
    "p_1_30": "1-30 days late",
    "p_31_60": "31-60 days late",
    "p_61_90": "61-90 days late",
    "p_over_90": "later or never",
}


@contextmanager
def progress() -> Iterator[Say]:
    """Show a bar on standard error while long work goes on; it is gone when the work is done."""
    columns = (TextColumn("{task.description:<44}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    screen = Console(stderr=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda what, done, steps: bar.update(task, description=what, completed=done, total=steps)


def show_guess(output: Path, unsure: list[str]) -> None:
    """Say where the configuration is and what to look at in it."""
    say(f"Wrote [bold]{escape(str(output))}[/bold].")
    for point in unsure:
        say(f"  [yellow]unsure[/yellow] {escape(point)}")
    say(f"Next: debtscape check -c {escape(str(output))}")


def show_check(result: dict[str, Any]) -> None:
    """Print how a ledger was judged."""
    show_table(
        "Ledger",
        ["table", ">rows", ">accepted", ">rejected"],
        [list(row.values()) for row in result["tables"]],
    )
    show_facts(result["facts"])
    if result["rejected"]:
        rows = [[row["table"], row["rows"], row["reason"], row["example"]] for row in result["rejected"]]
        show_table("Rejected rows", ["table", ">rows", "reason", "example"], rows)
    show_warnings(result["warnings"])


def show_features(result: dict[str, Any]) -> None:
    """Print the catalogue."""
    for title, listed in (
        ("features", result["features"]),
        ("facts that rules may also speak of", result["facts"]),
    ):
        rows = [[f["name"], f["unit"], f["definition"]] for f in listed]
        show_table(f"{len(rows)} {title}", ["name", "unit", "definition"], rows)


def show_training(result: dict[str, Any]) -> None:
    """Print what was trained, how it compares, and what the gate said."""
    say(f"Trained on what was known before {result['as_of']}.")
    rows = [[name, m["version"], m["alias"], "; ".join(m["reasons"])] for name, m in result["models"].items()]
    show_table("Models", ["model", ">version", "alias", "verdict"], rows)
    for model in result["models"].values():
        for _, why in sorted(model["rule_segments"].items()):
            say(escape(why))
    _show_figures(f"Measured on {result['measured']}", result["figures"])
    show_warnings(result["warnings"])


def show_run(result: dict[str, Any]) -> None:
    """Print a run as a credit manager reads it."""
    again = "already published" if result["already_published"] else "published"
    by = result["predicted_by"]
    say(
        f"As of {result['as_of']}: {result['open_invoices']} open invoices, "
        f"{by['model']} predicted by the model, {by['rule']} by the rule."
    )
    header = ["segment", ">debtors", ">days late", ">paid late", ">open", ">overdue", ">expected late"]
    show_table("Segments", header, [list(row.values()) for row in result["segments"]])
    header = ["debtor", "", ">open", ">overdue", ">oldest", ">expected late", "next action"]
    if result["top_debtors"]:
        show_table("Largest overdue amounts", header, [list(row.values()) for row in result["top_debtors"]])
    steps = ", ".join(f"{name} {count}" for name, count in result["reminders"].items() if count)
    if steps:
        say(f"Next steps of the invoices: {escape(steps)}.")
    show_table(
        "Cash expected from what is open",
        ["week from", ">expected", ">10 %", ">90 %", ">of it overdue now"],
        [list(week.values()) for week in result["cash"]],
    )
    call, beyond = result["to_call"]["reached"], result["to_call"]["waiting"]
    more = f", {beyond} more wait for capacity or their turn" if beyond else ""
    say(f"For a person today: {call} debtors{more}. To put right: {result['tasks']}.")
    show_warnings(result["warnings"])
    say(f"Run {result['run_id']} {again}: {result['path']}")
    say(f"Report: {result['report']}")
    say(f"Page: {result['page']}")


def show_backtest(result: dict[str, Any]) -> None:
    """Print the pooled figures of a backtest."""
    _show_figures(f"Backtest, {result['folds']} folds, {result['measured']}", result["figures"])
    show_warnings([f"the fold of {fold['cutoff']} is left out: {fold['why']}" for fold in result["left_out"]])
    say(f"Summary: {result['summary']}")
    say(f"Written to {result['path']}")


def show_rules(result: dict[str, Any]) -> None:
    """Print what each rule over the segments hits and decides."""
    say(
        f"As of {result['as_of']}: {result['debtors']} debtors, {result['decisions']} by manual decision, "
        f"rules of {escape(result['file'])}"
    )
    shown = ("rule", "effect", "hits", "decides", "overruled_by", "note", "when")
    rows = [[row[name] if row[name] is not None else "" for name in shown] for row in result["rules"]]
    show_table("Rules", ["rule", "effect", ">holds for", ">decides", "overruled by", "note", "when"], rows)
    show_warnings(result["warnings"])


def show_segments(result: dict[str, Any]) -> None:
    """Print the segments with how late each turned out to be, and where the page is."""
    rows = [
        [row["segment"], row["debtors"], *(_share(row[name]) for name in ("late_rate", "low", "high"))]
        for row in result["segments"]
    ]
    title = f"Segments ({result['scheme']}) as of {result['as_of']}, paid late from {result['cutoff']} on"
    show_table(title, ["segment", ">debtors", ">paid late", ">at least", ">at most"], rows)
    for scheme, verdict in result["schemes"].items():
        say(f"{escape(scheme)}: {escape(str(verdict))}")
    show_warnings(result["warnings"])
    say(f"Page: {result['page']}")


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def show_debtor(result: dict[str, Any]) -> None:
    """Print one debtor's card."""
    say(f"[bold]{escape(result['customer_id'])}[/bold] as of {result['as_of']}")
    show_facts(result["facts"])
    show_table("History", ["feature", ">value", "meaning"], [list(row.values()) for row in result["history"]])
    header = ["invoice", "due on", ">open", ">past due", ">late", "by", "paid on", "10-90 %"]
    invoices = result["invoices"]
    shown = [
        [cell for name, cell in row.items() if name not in ("next_step", "why", "reasons")]
        for row in invoices
    ]
    show_table("Open invoices", header, shown)
    said = [[row["invoice"], row["reasons"]] for row in invoices if row["reasons"]]
    show_table("Why", ["invoice", "what raises and lowers the chance of being late"], said)
    show_table(
        "Next steps",
        ["invoice", "step", "why"],
        [[row["invoice"], row["next_step"], row["why"]] for row in invoices],
    )


def show_quotes(result: dict[str, Any]) -> None:
    """Print how quotes would be paid: one as a card, the orders of the last days as a table."""
    if "ordered_from" in result:
        _show_orders(result)
    else:
        (quote,) = result["quotes"]
        amount, early, middle, late = _quoted(quote)
        say(f"[bold]{escape(quote['customer_id'])}[/bold], invoiced on {result['as_of']}")
        classes = {f"paid {words}": f"{quote[name]:.0%}" for name, words in CLASSES.items()}
        facts = {
            "amount": f"{amount} {quote['currency']}",
            "due on": f"{quote['due_on']}, {quote['payment_terms_days']} days ({quote['terms_from']})",
            "late": f"{quote['p_late']:.0%}",
            "paid on": f"{middle}, 10-90 %: {early} to {late}",
            **classes,
            "settled so far": quote["settled_invoices"],
            "provisional segment": _provisional(quote),
            "predicted by": quote["source"],
            "reasons": quote["reasons"],
            "note": quote["note"],
        }
        show_facts({name: value for name, value in facts.items() if value != ""})
    show_warnings(result["warnings"])


def _provisional(quote: dict[str, Any]) -> str:
    """The segment of debtors like this one, while its own history is too short."""
    if quote["provisional_segment"] is None:
        return ""
    low, share, high = (quote[f"expected_late_share{end}"] for end in ("_p10", "", "_p90"))
    return f"{quote['provisional_segment']}, {share:.0%} of its invoices late ({low:.0%} to {high:.0%})"


def _show_orders(result: dict[str, Any]) -> None:
    quotes, day = result["quotes"], result["as_of"]
    rows = []
    for quote in quotes:
        amount, early, middle, late = _quoted(quote)
        known = [quote["payment_terms_days"], f"{quote['p_late']:.0%}", middle, early, late]
        order = [quote["customer_id"], quote["ordered_on"], amount]
        rows.append([*order, *known, quote["settled_invoices"], quote["source"]])
    header = ["debtor", "ordered on", ">amount", ">terms", ">late", "paid on", "10 %", "90 %"]
    header += [">settled", "by"]
    show_table(f"Orders from {result['ordered_from']}, before {day}, as if invoiced on {day}", header, rows)
    new = sum(quote["note"] != "" for quote in quotes)
    if new:
        say(f"{new} of {len(quotes)} are for debtors who have no earlier invoice in {quotes[0]['currency']}.")
    if result["left_out"]:
        say(f"{result['left_out']} orders are left out: their amount is not above 0.")


def _quoted(quote: dict[str, Any]) -> tuple[str, str, str, str]:
    """Return the amount, and the early, middle and late day."""
    early, middle, late = (quote[f"paid_on_{name}"] or "later" for name in ("p10", "p50", "p90"))
    return f"{quote['amount']:,.2f}", early, middle, late


def _show_figures(title: str, figures: list[dict[str, Any]]) -> None:
    if not figures:
        return
    header = ["predicted by", ">AUC", ">Brier skill", ">ECE", ">days off", ">held", ">claimed"]
    best_first = sorted(figures, key=lambda row: row["auc"] or 0, reverse=True)
    rows = [[WORDS.get(row["predictor"], "the model"), *list(row.values())[1:]] for row in best_first]
    show_table(title, header, rows)
    say(EXPLAINED, style="dim")
