"""New segments replace the old ones only where most debtors keep the name of their segment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from random_ledgers import day
from segment_story import KINDS, OF_EACH, background, reading_on, segments_of
from tiny_portfolio import Invoice, ledger_of, on, settings_with

from models import registry
from pipelines.learning.fitted_models import Fitted, fitted_segments
from pipelines.learning.training import train
from pipelines.running import run
from pipelines.settings_file import load_settings

BEFORE, NOW, CUTOFF = 330, 420, 240
LEDGER = ledger_of(background(12))
REVERSED = (
    "only 33.3% of the debtors would keep their segment, at least 80% should: read who_would_move.md of this "
    "version, then debtscape train --accept-segments"
)


def upside_down(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The same segments, but the worst payers are called A and the best C."""
    return {**parameters, "centroids": parameters["centroids"][::-1]}


def in_use(parameters: Mapping[str, Any], number: int = BEFORE) -> registry.Loaded:
    """These segments as the champion that was trained on the number-th day."""
    nothing: Any = None
    return registry.Loaded("debtor-segments", "1", on(number), {}, dict(parameters), "", nothing, nothing)


def new_segments(champion: registry.Loaded | None, accept: bool = False, **segments: Any) -> Fitted:
    """The segments of day NOW, and what the gate says of them."""
    reading = reading_on(LEDGER, NOW, settings_with(segments={"clusters": 3, **segments}))
    (found,), warnings = fitted_segments(reading, on(CUTOFF), champion, accept=accept)
    assert warnings == []
    return found


@pytest.fixture(scope="module")
def learned() -> dict[str, Any]:
    """The segments of day BEFORE."""
    parameters = segments_of(LEDGER, BEFORE).parameters
    assert parameters is not None
    return dict(parameters)


def test_the_first_segments_need_nobody_to_keep_anything() -> None:
    """There is no report of who would move where nobody is in a segment."""
    first = new_segments(None)
    assert first.verdict.accepted
    assert "who_would_move.md" not in first.documents
    assert "persistence" not in first.metrics


def test_segments_that_everybody_keeps_are_accepted(learned: dict[str, Any]) -> None:
    """The same behaviour 90 days later: 100 % keep their segment, and the report says so."""
    same = new_segments(in_use(learned))
    assert same.verdict.accepted
    assert "100.0% of the debtors keep their segment" in same.verdict.reasons
    assert same.metrics["persistence"] == 1.0
    assert "keep their segment, 0 would move." in str(same.documents["who_would_move.md"])


def test_segments_that_name_most_debtors_anew_are_refused(learned: dict[str, Any]) -> None:
    """Best and worst change names, four of twelve stay B; the report names every mover."""
    other = new_segments(in_use(upside_down(learned)))
    assert not other.verdict.accepted
    assert other.verdict.reasons == [REVERSED]
    assert other.metrics["persistence"] == pytest.approx(1 / 3)
    report = str(other.documents["who_would_move.md"])
    assert "33.3% of the debtors keep their segment, 8 would move." in report
    movers = [line for line in report.splitlines() if line.startswith("- ")]
    assert [line.split(";")[0] for line in movers] == [
        *(f"- prompt{number}_: C → A" for number in range(OF_EACH)),
        *(f"- slow{number}_: A → C" for number in range(OF_EACH)),
    ]
    assert all("is 0 %, 100% nearer to the centre of A" in line for line in movers[:OF_EACH])
    assert all("is 100 %, 100% nearer to the centre of C" in line for line in movers[OF_EACH:])


@pytest.mark.parametrize(("least", "accepted"), [(0.3, True), (0.34, False), (0.0, True)])
def test_how_many_must_keep_their_segment_is_configured(
    learned: dict[str, Any], least: float, accepted: bool
) -> None:
    """A third of the debtors does."""
    fitted = new_segments(in_use(upside_down(learned)), min_persistence=least)
    assert fitted.verdict.accepted == accepted


def test_whoever_accepts_the_segments_gets_them(learned: dict[str, Any]) -> None:
    """The report is there all the same."""
    accepted = new_segments(in_use(upside_down(learned)), accept=True)
    assert accepted.verdict.accepted
    assert "33.3% of the debtors keep their segment" in accepted.verdict.reasons
    assert "8 would move" in str(accepted.documents["who_would_move.md"])


def test_a_champion_of_a_later_day_is_not_continued(learned: dict[str, Any]) -> None:
    """A training of an earlier day knows nothing of it."""
    assert "persistence" not in new_segments(in_use(learned, NOW + 1)).metrics


# ---- with a registry ----


@dataclass(frozen=True)
class Trained:
    """A champion that calls the best payers C, a run, two trainings, and another run."""

    config: Path
    first: dict[str, Any]
    refused: dict[str, Any]
    accepted: dict[str, Any]
    second: dict[str, Any]

    @property
    def uri(self) -> str:
        """Where the models are."""
        return load_settings(self.config).tracking_uri


def write(folder: Path, invoices: list[Invoice]) -> Path:
    """The ledger as a flat file, and its configuration."""
    paid = (None if at is None else day(at) for *_, at in invoices)
    pd.DataFrame(
        {
            "invoice_id": [id_ for id_, *_ in invoices],
            "customer_id": [debtor for _, debtor, *_ in invoices],
            "issued_on": [day(issued) for _, _, issued, _ in invoices],
            "due_on": [day(issued + 30) for _, _, issued, _ in invoices],
            "amount": 100,
            "paid_on": list(paid),
        }
    ).to_csv(folder / "invoices.csv", index=False)
    config = folder / "debtscape.yaml"
    config.write_text(
        "ledger: {invoices: {path: invoices.csv, dates: iso}}\n"
        "segments: {clusters: 3}\npredictor: {iterations: 10}\nworkers: 1\noutput: out\n"
    )
    return config


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory, learned: dict[str, Any], empty_registry: Callable[[Path], None]
) -> Trained:
    """The champion is upside down until the second training accepts the segments."""
    config = write(tmp_path_factory.mktemp("gate"), background(14))
    empty_registry(config)
    uri = load_settings(config).tracking_uri
    registry.quiet()
    version = registry.log_version(
        "debtor-segments",
        registry.json_files("debtor-segments", upside_down(learned)),
        example=pd.DataFrame([[0.0] * 3], columns=learned["features"]),
        trained_as_of=on(BEFORE),
        tracking_uri=uri,
    )
    registry.set_alias("debtor-segments", "champion", version, tracking_uri=uri)
    today, time = date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)
    first = run(config, as_of=on(NOW - 10), today=today, now=time)
    refused = train(config, as_of=on(NOW), today=today)
    champion = registry.champion("debtor-segments", uri)
    assert champion is not None
    assert champion.version == "1"
    accepted = train(config, as_of=on(NOW), today=today, accept_segments=True)
    second = run(config, as_of=on(NOW + 10), today=today, now=time)
    return Trained(config, first, refused, accepted, second)


def test_a_refused_version_stays_challenger_and_says_why(trained: Trained) -> None:
    """Version 2 is registered beside the champion, with the report of who would move."""
    from mlflow import MlflowClient

    verdict = trained.refused["models"]["debtor-segments"]
    assert (verdict["version"], verdict["alias"], verdict["reasons"]) == ("2", "challenger", [REVERSED])
    client = MlflowClient(trained.uri, trained.uri)
    of = client.get_model_version("debtor-segments", "2").run_id
    report = Path(client.download_artifacts(of, "who_would_move.md")).read_text(encoding="utf-8")
    assert "8 would move" in report
    assert all(f"- {kind}0_: " in report for kind in KINDS if kind != "tardy")


def test_accepting_the_segments_replaces_the_champion(trained: Trained) -> None:
    """Version 3 is champion: A pays by due again, and it knows what each old name is called now."""
    verdict = trained.accepted["models"]["debtor-segments"]
    assert (verdict["version"], verdict["alias"]) == ("3", "champion")
    champion = registry.champion("debtor-segments", trained.uri)
    assert champion is not None
    assert champion.version == "3"
    assert champion.parameters["continues"] == "1"
    assert champion.parameters["renamed"] == {"A": "C", "B": "B", "C": "A"}
    assert champion.parameters["expected_days_late"] == pytest.approx([0, 4, 40])


def test_a_new_name_moves_nobody_in_the_next_run(trained: Trained) -> None:
    """What was C is called A now: the run knows it is the same segment, and does not cry alarm."""
    assert trained.second["previous_run"] == trained.first["run_id"]
    then, now = (
        pd.read_parquet(Path(result["path"]) / "segments.parquet").set_index("customer_id")
        for result in (trained.first, trained.second)
    )
    assert set(then["model_version"]) == {"1"}
    assert set(now["model_version"]) == {"3"}
    kinds = now.index.str.rstrip("0123_")
    assert dict(zip(kinds, then["segment"], strict=True)) == {"prompt": "C", "tardy": "B", "slow": "A"}
    assert dict(zip(kinds, now["segment"], strict=True)) == {"prompt": "A", "tardy": "B", "slow": "C"}
    assert now["previous_segment"].equals(then["segment"].rename("previous_segment"))
    assert not now["moved"].any()
    assert not any("moved between segments" in warning for warning in trained.second["warnings"])
