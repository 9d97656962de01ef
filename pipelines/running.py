"""The main job: re-segment, predict, time the reminders, publish."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import DebtscapeError, ModelError
from features.ledger import fingerprint, newest_fact
from models import registry
from models.facts import customers_on, places
from models.reminding.sliding import sliding_warnings
from models.segments.credit_scales import scale_warnings
from models.segments.delay_tactics import fingerprint as tactics_fingerprint
from models.segments.rules import fingerprint as rules_fingerprint
from models.treatment.message_checks import check_templates
from models.treatment.policy_file import fingerprint as policy_fingerprint
from models.treatment.statutory import fingerprint as statutory_fingerprint
from models.working_days import calendar_notes
from pipelines.assigning import alarm, names_of
from pipelines.deciding import Models, Previous
from pipelines.deciding import decide as decide_tables
from pipelines.learning import plug_in
from pipelines.learning.champion_quality import quality_of, reliability_of
from pipelines.page.facts import facts_to_be
from pipelines.page.run_page import run_page
from pipelines.page.whole import BEFORE, tables_of
from pipelines.privacy.pseudonymous import renamed, reported_in_plain
from pipelines.progress import Progress, silent
from pipelines.reading import Reading, read
from pipelines.receiving.command import take_in_waiting
from pipelines.reporting.report import QualityRow, render_report
from pipelines.reporting.summary import summarise
from pipelines.runs.publication import RunFacts, RunInputs, publish
from pipelines.runs.published_runs import PublishedRun, has_table, previous_run, read_table
from pipelines.settings_file import load_settings
from pipelines.treating import bank_known_until, treatment_warnings


@dataclass(frozen=True)
class RunReading:
    """Everything a run depends on, and `beside_it`: warnings about what tools report, not about the run."""

    reading: Reading
    models: Models
    previous: PublishedRun | None
    quality: tuple[QualityRow, ...]
    warnings: tuple[str, ...]
    beside_it: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decided:
    """The tables of a run that is not published yet, and what about them should alarm."""

    inputs: RunReading
    tables: dict[str, pd.DataFrame]
    warnings: tuple[str, ...] = ()


def run(
    config: Path, *, as_of: date | None, today: date, now: datetime, progress: Progress = silent
) -> dict[str, Any]:
    """Do the main job on what was known before `as_of`, publish the run and return its summary."""
    progress("reading the ledger", 0, 5)
    return publish_run(decide(read_for_run(config, as_of=as_of, today=today, now=now), progress), now=now)


def read_for_run(config: Path, *, as_of: date | None, today: date, now: datetime | None = None) -> RunReading:
    """Take in what tools have left in the drop folder, and read ledger, previous run and champions.

    Raises LedgerError when nothing is open on the day, naming a day on which something is.
    """
    settings = load_settings(config)
    beside_it = (*take_in_waiting(settings, now=now or datetime.now(UTC)), *reported_in_plain(settings))
    reading = read(config, as_of=as_of, today=today)
    check_templates(reading.policy, reading.settings.messages_folder)
    _refuse_nothing_open(reading)
    usable, warnings = champions(reading)
    models = models_of(usable, reading)
    previous = previous_run(reading.settings.output_folder, reading.as_of)
    quality = quality_of(usable.get("payment-time"))
    return RunReading(
        reading,
        models,
        previous,
        quality,
        (*warnings, *_calendars(reading), *_scales(reading), *_renamed(previous, reading)),
        beside_it,
    )


def models_of(usable: Mapping[str, registry.Loaded], reading: Reading) -> Models:
    """Return what the champions that may be used say about this run; the policy's timing without one."""
    segments, timing = usable.get("debtor-segments"), usable.get("reminder-timing")
    return Models(
        segments=segments.parameters if segments else None,
        payment_time=usable.get("payment-time"),
        timing=timing.parameters if timing else reading.policy.shift.model_dump(),
        versions={name: model.version for name, model in usable.items()},
        fingerprints={name: model.fingerprint for name, model in usable.items()},
    )


def decide(inputs: RunReading, progress: Progress = silent) -> Decided:
    """Compute every table of the run."""
    previous = previous_tables(inputs.previous) if inputs.previous else None
    tables = decide_tables(inputs.reading, inputs.models, previous, progress)
    names = names_of(inputs.reading, inputs.models.segmenting)
    warnings = [
        *alarm(inputs.reading, tables["segments"], names),
        *sliding_warnings(tables["reminder_shifts"]),
        *treatment_warnings(inputs.reading, tables["treatments"]),
    ]
    return Decided(inputs, tables, tuple(warnings))


def previous_tables(run: PublishedRun) -> Previous:
    """Return what a run is compared with of the one before it."""
    return Previous(
        read_table(run, "segments"),
        read_table(run, "actions"),
        read_table(run, "reminder_shifts") if has_table(run, "reminder_shifts") else None,
        run.as_of,
        run.manifest["models"].get("debtor-segments"),
    )


def publish_run(decided: Decided, *, now: datetime | None = None) -> dict[str, Any]:
    """Publish the run, whole or not at all, and return its summary."""
    inputs = decided.inputs
    reading, settings = inputs.reading, inputs.reading.settings
    rejected = pd.util.hash_pandas_object(decided.tables["rejected"], index=False).to_numpy()
    facts = RunFacts(
        rows_in=reading.cleaned.rows_in,
        newest_fact=newest_fact(reading.ledger),
        warnings=_warnings(decided),
        bank_known_until=_bank_day(reading),
        home_currency=settings.home_currency,
        quality=tuple(asdict(row) for row in inputs.quality),
        reliability=reliability_of(inputs.models.payment_time),
        figures_per_collector=settings.privacy.figures_per_collector,
    )
    run_inputs = RunInputs(
        as_of=reading.as_of,
        ledger=_digest(fingerprint(reading.ledger), rejected.tobytes().hex()),
        configuration=_digest(
            settings.fingerprint(),
            policy_fingerprint(reading.policy),
            rules_fingerprint(reading.rules),
            tactics_fingerprint(reading.tactics),
            statutory_fingerprint(reading.statutory),
            *inputs.warnings,
        ),
        models=inputs.models.versions,
        model_fingerprints=inputs.models.fingerprints,
        previous_run=inputs.previous.run_id if inputs.previous else None,
        previous_fingerprint=inputs.previous.fingerprint if inputs.previous else None,
        csv=settings.csv,
    )
    # those of the cleaning may speak of facts after the day
    said = (*decided.warnings, *inputs.warnings)
    report = render_report(
        decided.tables,
        inputs=run_inputs,
        newest_fact=facts.newest_fact,
        warnings=said,
        quality=inputs.quality,
        names=_names(reading.ledger.customers),
        previous_as_of=inputs.previous.as_of if inputs.previous else None,
    )
    page = run_page(
        decided.tables,
        facts_to_be(run_inputs, facts, said, inputs.previous),
        tables_of(inputs.previous, BEFORE) if inputs.previous else None,
    )
    published = publish(
        decided.tables,
        inputs=run_inputs,
        facts=facts,
        output=settings.output_folder,
        now=now or datetime.now(UTC),
        extra_files={"report.html": report.encode(), "page.html": page},
    )
    return {
        "run_id": published.run_id,
        "as_of": reading.as_of.isoformat(),
        "path": str(published.path),
        "report": str(published.path / "report.html"),
        "page": str(published.path / "page.html"),
        "already_published": published.already,
        "is_latest": published.is_latest,
        "previous_run": inputs.previous.run_id if inputs.previous else None,
        **summarise(decided.tables, reading.ledger.customers),
        # of the moment, so in no file of the run: a repeat has the same bytes
        "warnings": [*facts.warnings, *inputs.beside_it],
    }


def _names(customers: pd.DataFrame) -> dict[str, str]:
    named = customers.dropna(subset="name")
    return dict(zip(named["customer_id"], named["name"], strict=True))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _warnings(decided: Decided) -> tuple[str, ...]:
    inputs = decided.inputs
    return (*decided.warnings, *inputs.reading.cleaned.warnings, *inputs.warnings)


def champions(
    reading: Reading, names: Sequence[str] = registry.MODELS
) -> tuple[dict[str, registry.Loaded], tuple[str, ...]]:
    """Return the champions that may be used on the day, and a warning for each that may not."""
    registry.quiet()
    usable: dict[str, registry.Loaded] = {}
    warnings: list[str] = []
    for name in names:
        try:
            champion = plug_in.champion(name, reading.settings)
        except ModelError as error:
            warnings.append(str(error))
            continue
        refusal = _why_not(name, champion, reading)
        if champion is not None and refusal is None:
            usable[name] = champion
        elif refusal is not None:
            warnings.append(
                f"{refusal}: the rule speaks instead. Use debtscape train --as-of {reading.as_of}"
            )
    return usable, tuple(warnings)


def _why_not(name: str, champion: registry.Loaded | None, reading: Reading) -> str | None:
    if champion is None:
        return f"there is no champion of {name}"
    if champion.trained_as_of > reading.as_of:
        return f"the champion of {name} has seen facts up to {champion.trained_as_of}"
    limit = champion.parameters.get("late_after_days", reading.settings.late_after_days)
    if limit != reading.settings.late_after_days:
        return f"the champion of {name} calls late what is more than {limit} days after due"
    horizon = reading.settings.predictor.horizon_days
    days = champion.parameters.get("horizon_days", horizon)
    if days != horizon:
        return f"the champion of {name} names no day beyond {days} days, {horizon} are configured"
    return None


def _calendars(reading: Reading) -> list[str]:
    """Return a sentence for each country whose holidays are not known."""
    debtors = customers_on(reading.ledger.customers, reading.as_of)
    known = pd.Series(sorted(set(reading.ledger.invoices["customer_id"])), dtype="str")
    return calendar_notes(places(known, debtors, reading.settings.default_country)[0])


def _renamed(previous: PublishedRun | None, reading: Reading) -> list[str]:
    before = pd.Series(dtype="str") if previous is None else read_table(previous, "segments")["customer_id"]
    return renamed(before, reading.ledger.invoices["customer_id"].unique())


def _scales(reading: Reading) -> list[str]:
    return scale_warnings(reading.ledger.credit_scores, reading.settings.credit_scores)


def _bank_day(reading: Reading) -> date | None:
    """The last day whose bank statement is in; None where nobody says, or nothing was ever paid."""
    known = bank_known_until(reading)
    return None if known == date.min else known


def _refuse_nothing_open(reading: Reading) -> None:
    from features.books import day_column
    from features.open_items import open_items

    if not open_items(reading.books, reading.as_of).empty:
        return
    items, spells = reading.books.items, reading.books.spells
    was_open = (spells.started < spells.ended) & ~items.credit_note[spells.item]
    opened = day_column(spells.started[was_open])
    if opened.empty:
        raise DebtscapeError(f"nothing is open on {reading.as_of}: no invoice known before was ever open.")
    last_issue = opened.max().date() + timedelta(days=1)
    raise DebtscapeError(
        f"nothing is open on {reading.as_of}: every invoice is settled. "
        f"Try the day after the last issue: --as-of {last_issue}"
    )
