"""Hands a run on to every sink that is configured; what one refuses does not stop the others.

A sink may hold earlier runs that were rewritten since, because a debtor was erased: they are delivered
again first, so that nothing of the debtor stays there.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from features.contracts import SCHEMA_VERSION
from features.errors import ConfigurationError, DebtscapeError, PublicationError
from features.spelling import way_out
from pipelines.delivering.delivery import Held, diff
from pipelines.delivering.sinks import Sink, configured_sinks
from pipelines.progress import Progress, silent
from pipelines.published_runs import PublishedRun, find_run, latest_run, verify
from pipelines.settings import Settings

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


def _hand_on_to(sink: Sink, run: PublishedRun, output: Path, dry_run: bool) -> dict[str, Any]:
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
        "troubles": [],
    }
    try:
        held = sink.held()
        shown = _comparable(output, held.shown)
        told |= {"held_run_id": held.shown, "held_as_of": shown.as_of.isoformat() if shown else None}
        changes = diff(run, shown)
        told |= {"words": _words(changes, run, held, shown), "withheld": sum(changes["withheld"].values())}
        rewritten = _rewritten(output, held, run)
        if dry_run:
            again = [one.run_id for one in rewritten]
            return told | {"state": "dry run", "delivered_again": again, "changes": changes}
    except (DebtscapeError, OSError) as error:
        return told | {"troubles": [_line(error)]}
    for one in rewritten:
        try:
            sink.deliver(one, None)
            told["delivered_again"].append(one.run_id)
        except (DebtscapeError, OSError) as error:
            told["troubles"].append(_line(error))
    try:
        delivery = sink.deliver(run, shown)
        told |= {"state": "already" if delivery.already else "delivered", "rows": sum(delivery.rows.values())}
    except (DebtscapeError, OSError) as error:
        told["troubles"].append(_line(error))
    return told


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


def _words(changes: dict[str, Any], run: PublishedRun, held: Held, shown: PublishedRun | None) -> str:
    if shown and shown.order > run.order:
        return f"it goes on showing run {shown.run_id} of {shown.as_of}, which comes after this one"
    words: str = changes["words"]
    if run.run_id in held.fingerprints and held.fingerprints[run.run_id] != run.fingerprint:
        return f"{words}; a debtor was erased from it since"
    if held.shown and not shown:
        return f"{words} (its run {held.shown} is not to be read here any more: all counts as new)"
    return words


def _line(error: Exception) -> str:
    if isinstance(error, DebtscapeError):
        return " ".join(str(error).split())
    return f"{getattr(error, 'filename', None) or 'the disk'}: {getattr(error, 'strerror', None) or error}"
