"""Hands a run on to every sink that is configured; what one refuses does not stop the others.

A sink may hold earlier runs that were rewritten since, because a debtor was erased: they are delivered
again first, so that nothing of the debtor stays there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from features.contracts import SCHEMA_VERSION
from features.errors import ConfigurationError, DebtscapeError, PublicationError
from features.spelling import way_out
from pipelines.delivering.delivery import Held, diff
from pipelines.delivering.sinks import Sink, configured_sinks
from pipelines.progress import Progress, silent
from pipelines.runs.published_runs import PublishedRun, find_run, latest_run, verify
from pipelines.settings import Settings

Done = TypeVar("Done")

NOWHERE = (
    "nothing is configured under deliver, so nothing leaves. Name a place in the configuration, such as\n"
    "deliver: {folder: delivered}, or postgres, webhook and shapes: see docs/deliveries.md"
)


def hand_on(
    settings: Settings,
    *,
    run_id: str | None = None,
    to: Sequence[str] = (),
    dry_run: bool = False,
    now: datetime,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Deliver a run (the latest) to the sinks of these names (all), and return what became of it.

    Ready for JSON: run_id, as_of, dry_run, `sinks` with for each its name, place, state (delivered, already,
    dry run, failed), the run it held before, what changes for it in words, rows, rows withheld, the runs
    delivered again, troubles; in a dry run, which writes nothing, also `changes`, the whole difference.
    ConfigurationError when nothing of that is configured, PublicationError when there is no such run.
    """
    sinks = _chosen(configured_sinks(settings, now), to)
    output = settings.output_folder
    run = _asked(output, run_id)
    told = []
    for done, sink in enumerate(sinks):
        progress(f"handing on to {sink.place}", done, len(sinks))
        told.append(_hand_on_to(sink, run, output, dry_run))
    progress("handed on", len(sinks), len(sinks))
    return {"run_id": run.run_id, "as_of": run.as_of.isoformat(), "dry_run": dry_run, "sinks": told}


def troubles(result: dict[str, Any]) -> list[str]:
    """Return what went wrong, a line each."""
    return [f"{sink['sink']}: {trouble}" for sink in result["sinks"] for trouble in sink["troubles"]]


def _chosen(sinks: list[Sink], to: Sequence[str]) -> list[Sink]:
    if not sinks:
        raise ConfigurationError(NOWHERE)
    names = [sink.name for sink in sinks]
    for name in to:
        if name not in names:
            raise ConfigurationError(f"this configuration hands nothing on to {name!r}{way_out(name, names)}")
    return [sink for sink in sinks if not to or sink.name in to]


def _asked(output: Path, run_id: str | None) -> PublishedRun:
    latest = latest_run(output)
    if latest is None:
        raise PublicationError(f"no run is published in {output} yet: debtscape run makes one")
    run = find_run(output, run_id) if run_id else latest
    if run is None:
        raise PublicationError(f"there is no run {run_id} in {output}; the latest is {latest.run_id}")
    return run


@dataclass(frozen=True)
class _Seen:
    """What a sink holds, the run that it shows where it can be read, and what has to change there."""

    held: Held
    shown: PublishedRun | None
    changes: dict[str, Any]
    rewritten: list[PublishedRun]


def _hand_on_to(sink: Sink, run: PublishedRun, output: Path, dry_run: bool) -> dict[str, Any]:
    wrong: list[str] = []
    told: dict[str, Any] = {
        "sink": sink.name,
        "place": sink.place,
        "state": "failed",
        "held_run_id": None,
        "held_as_of": None,
        "words": None,
        "rows": 0,
        "withheld": 0,
        "delivered_again": [],
        "troubles": wrong,
    }
    seen = _noting(wrong, lambda: _look(sink, run, output))
    if seen is None:
        return told
    told |= {
        "held_run_id": seen.held.shown,
        "held_as_of": seen.shown.as_of.isoformat() if seen.shown else None,
        "words": _words(seen, run),
        "withheld": sum(seen.changes["withheld"].values()),
    }
    if dry_run:
        again = [one.run_id for one in seen.rewritten]
        return told | {"state": "dry run", "delivered_again": again, "changes": seen.changes}
    told["delivered_again"] = [
        one.run_id for one in seen.rewritten if _noting(wrong, partial(sink.deliver, one, None))
    ]
    delivery = _noting(wrong, lambda: sink.deliver(run, seen.shown))
    if delivery:
        state = "already" if delivery.already else "delivered"
        told |= {"state": state, "rows": sum(delivery.rows.values())}
    return told


def _noting(troubles: list[str], act: Callable[[], Done]) -> Done | None:
    """Return what the act returns, or None and one trouble more, in a line."""
    try:
        return act()
    except DebtscapeError as error:
        troubles.append(" ".join(str(error).split()))
    except OSError as error:
        troubles.append(f"{error.filename or 'the disk'}: {error.strerror or error}")
    return None


def _look(sink: Sink, run: PublishedRun, output: Path) -> _Seen:
    held = sink.held()
    shown = _comparable(output, held.shown)
    return _Seen(held, shown, diff(run, shown), _rewritten(output, held, run))


def _found(output: Path, run_id: str | None) -> PublishedRun | None:
    """Return a run that a sink holds, or None where it is gone or its manifest is not whole."""
    with suppress(PublicationError):
        return find_run(output, run_id) if run_id else None
    return None


def _comparable(output: Path, run_id: str | None) -> PublishedRun | None:
    """Return the run that a sink shows, or None where it is gone, damaged or of another major version."""
    run = _found(output, run_id)
    if run is None or run.manifest["schema_version"].split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        return None
    with suppress(PublicationError):
        verify(run)
        return run
    return None


def _rewritten(output: Path, held: Held, besides: PublishedRun) -> list[PublishedRun]:
    """Return the other runs that the sink holds as they no longer are, the oldest day first."""
    others = (_found(output, run_id) for run_id in held.fingerprints if run_id != besides.run_id)
    return sorted(
        (run for run in others if run and run.fingerprint != held.fingerprints[run.run_id]),
        key=lambda run: run.order,
    )


def _words(seen: _Seen, run: PublishedRun) -> str:
    held, shown = seen.held, seen.shown
    if shown and shown.order > run.order:
        return f"it goes on showing run {shown.run_id} of {shown.as_of}, which comes after this one"
    if held.shown == run.run_id and held.fingerprints.get(run.run_id) == run.fingerprint:
        return "nothing: this run is what it holds"
    words: str = seen.changes["words"]
    if held.fingerprints.get(run.run_id, run.fingerprint) != run.fingerprint:
        return f"{words}; a debtor was erased from it since"
    if held.shown and not shown:
        return f"{words} (its run {held.shown} is not to be read here any more: all counts as new)"
    return words
