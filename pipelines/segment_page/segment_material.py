"""What the page about segments is made of: tables of a run or of the day, evidence, comparison, history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pandas as pd

from features.errors import DebtscapeError, ModelError
from features.ledger import fingerprint, known_before
from features.open_items import open_items
from models.facts import customers_on
from models.registry import Loaded
from models.segments.profiles import segment_profiles
from models.segments.schemes import LEARNED, Speed, Thresholds, classes_of
from models.segments.segmenter import DebtorSegmenter
from models.segments.stability import Evidence
from pipelines.assigning import figures_on, names_of
from pipelines.deciding import Models, situation_on
from pipelines.learning.training import Training, holdout_cutoff
from pipelines.reading import Reading, books_of
from pipelines.running import champions, models_of
from pipelines.runs.published_runs import PublishedRun, previous_run, read_table
from pipelines.segment_page.migration_history import Moves, migration_history
from pipelines.segment_page.scheme_comparison import Comparison, compare_schemes
from pipelines.segment_page.segmenting import fit_segments

SEGMENTS_MODEL = "debtor-segments"
OF_A_RUN = (
    "segments",
    "risks",
    "delay_tactics",
    "segment_profiles",
    "debtors",
    "migrations",
    "account_reviews",
)


@dataclass(frozen=True)
class Material:
    """All that the page shows.

    tables: of the latest run up to `as_of`, else computed for that day. scheme: whose classes treat.
    names: its segments, best first. judged: classes, best first, of each scheme about payment, the learned
    segments too. model: where the learned segments come from. chosen: their number; evidence: why so many, as
    of `learned_on`. near_a: figures of the potential A debtors. called: names of debtors by id. warnings:
    what a run of the day would say of the champion.
    """

    as_of: date
    tables: Mapping[str, pd.DataFrame]
    run: PublishedRun | None
    history: Sequence[Moves]
    scheme: str
    names: Sequence[str]
    judged: Mapping[str, Sequence[str]]
    model: str
    chosen: int
    learned_on: date
    evidence: Sequence[Evidence]
    notes: Sequence[str]
    comparison: Comparison | None
    near_a: pd.DataFrame
    called: Mapping[str, str]
    fingerprints: tuple[str, str]
    warnings: Sequence[str]


def gather(reading: Reading, cutoff: date | None) -> Material:
    """Return what the page shows as of the reading's day.

    Late rates are of invoices issued from `cutoff` on, by default as late as training measures. Raises
    DebtscapeError for a cutoff that is not inside of the history.
    """
    day, settings = reading.as_of, reading.settings
    cutoff = _inside(cutoff, reading) if cutoff else holdout_cutoff(Training(reading, None))
    usable, warnings = champions(reading, (SEGMENTS_MODEL,))
    champion = usable.get(SEGMENTS_MODEL)
    fitted = _fitted_like(reading, champion)
    models = models_of(usable, reading)
    if champion is None:
        models = replace(models, segments=fitted.parameters_ if fitted else None)
    run = previous_run(settings.output_folder, day + timedelta(days=1))
    tables = {name: read_table(run, name) for name in OF_A_RUN} if run else _computed(reading, models)
    learned = list(models.segments["names"]) if models.segments else []
    near = tables["segments"].loc[tables["segments"]["potential_a"].fillna(False).astype(bool), "customer_id"]
    named = customers_on(reading.ledger.customers, day)["name"].dropna()
    return Material(
        as_of=day,
        tables=tables,
        run=run,
        history=migration_history(settings.output_folder, run) if run else (),
        scheme=settings.segments.scheme,
        names=names_of(reading, models.segmenting),
        judged={
            LEARNED: learned,
            **{
                name: classes_of(scheme)
                for name, scheme in settings.schemes.items()
                if isinstance(scheme, Thresholds | Speed)
            },
        },
        model=_origin(run, champion, fitted),
        chosen=len(learned),
        learned_on=champion.trained_as_of if champion else day,
        evidence=fitted.evidence_ if fitted else (),
        notes=fitted.notes_ if fitted else (),
        comparison=_compared(reading, cutoff, len(learned)),
        near_a=figures_on(reading, pd.Index(near), run.as_of if run else day),
        called={str(id_): str(name) for id_, name in named.items()},
        fingerprints=(fingerprint(reading.ledger), settings.fingerprint()),
        warnings=warnings,
    )


def _inside(cutoff: date, reading: Reading) -> date:
    first = reading.ledger.invoices["known_on"].min().date()
    if not first < cutoff < reading.as_of:
        raise DebtscapeError(
            f"--cutoff {cutoff} is outside of the history: choose a day after {first} and before "
            f"{reading.as_of}."
        )
    return cutoff


def _fitted_like(reading: Reading, champion: Loaded | None) -> DebtorSegmenter | None:
    """The segments fitted as the champion was, for the evidence that it does not carry; else of the day."""
    ledger, books, day, previous = reading.ledger, reading.books, reading.as_of, None
    if champion is not None:
        day, previous = champion.trained_as_of, champion.parameters.get("before")
        ledger = known_before(reading.ledger, day)
        books = books_of(ledger, reading.settings)
    try:
        return fit_segments(ledger, books, day, reading.settings, previous=previous)[0]
    except ModelError:
        return None


def _computed(reading: Reading, models: Models) -> dict[str, pd.DataFrame]:
    """The tables about debtors as a first run of the day would publish them."""
    assigned = situation_on(reading, models, None)
    items = open_items(reading.books, reading.as_of, dormant_after_days=reading.settings.dormant_after_days)
    profiles = segment_profiles(
        assigned.tables["segments"],
        assigned.situation,
        items,
        reading.ledger,
        day=reading.as_of,
        late_rates=None,
    )
    return {**assigned.tables, "segment_profiles": profiles}


def _compared(reading: Reading, cutoff: date, clusters: int) -> Comparison | None:
    """The schemes judged by what came after the cutoff, segments as many as now; None without outcomes."""
    own = reading.settings.segments.model_copy(update={"clusters": clusters or None})
    settings = reading.settings.model_copy(update={"segments": own})
    try:
        return compare_schemes(replace(reading, settings=settings), cutoff, settings.schemes)
    except ModelError:
        return None


def _origin(run: PublishedRun | None, champion: Loaded | None, fitted: DebtorSegmenter | None) -> str:
    if run is not None:
        version = run.manifest["models"].get(SEGMENTS_MODEL)
        return f"version {version}" if version else "the rule"
    if champion is not None:
        return f"version {champion.version}"
    return "learned for this page" if fitted else "nobody has paid yet"
