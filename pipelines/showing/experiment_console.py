"""An experiment on the terminal."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from pipelines.showing.terminal import say, show_facts, show_table, show_warnings


def show_experiment(result: dict[str, Any]) -> None:
    """Print who is in the experiment, what it can find, and what it has found."""
    experiment, design = result["experiment"], result["design"]
    state = "runs" if result["on"] else "is off; this is how one would look"
    say(f"As of {result['as_of']} the experiment [bold]{escape(experiment['name'])}[/bold] {state}.")
    rows = [[arm, f"{of['shift_days']:+d}", of["groups"]] for arm, of in design["arms"].items()]
    show_table("Arms", ["arm", ">days later", ">paying groups"], rows)
    show_facts({"may be in it": f"{design['groups']} paying groups, {design['debtors']} debtors"})
    if design["refused"]:
        show_facts({"sample": design["refused"]})
    else:
        show_facts(_sample(design))
    if result["effects"]:
        _show_effects(result)
    elif result["refused"]:
        say(f"No effect is told: {escape(result['refused'])}.")
    show_warnings(result["warnings"])
    if result["switch_on"]:
        say(f"To switch it on {escape(result['switch_on'])}")


def _sample(design: dict[str, Any]) -> dict[str, str]:
    days = design["days_needed"]
    until = "these groups never bring that many" if days is None else f"{days} days until the last is judged"
    found = ", ".join(f"{effect:.1f} after {days} days" for days, effect in design["detectable_days"].items())
    longest = list(design["detectable_days"])[-1]
    return {
        f"to find {design['effect_days']:g} days to pay": f"{design['invoices_needed']:,} invoices; {until}",
        "pace": f"{design['invoices_a_month']:,.0f} invoices a month are open on their due day",
        "smallest effect found in days to pay (95 %, power 80 %)": found,
        "with half in one arm": f"{design['detectable_at_half']:.1f} after {longest} days",
        "days to pay": f"standard deviation {design['sd_days']}, of which history explains "
        f"{design['explained'] or 0:.0%} of the variance; correlation within a group {design['correlation']}",
    }


def _show_effects(result: dict[str, Any]) -> None:
    rows = [
        [arm, f["groups"], f["invoices"], f"{f['mean_days']:.1f}", _interval(f, "weighted"),
         _interval(f, "doubly_robust")]
        for arm, f in result["effects"].items()
    ]  # fmt: skip
    title = f"Days to pay since {result['started_on']}, against as planned, with 95 % interval"
    header = ["arm", ">groups", ">invoices", ">mean", ">weighted", ">doubly robust"]
    show_table(title, header, rows)


def _interval(figures: dict[str, Any], name: str) -> str:
    told = figures.get(name)
    return f"{told['value']:+.2f} ({told['low']:+.2f} to {told['high']:+.2f})" if told else ""
