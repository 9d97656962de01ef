"""The moves of each run, counted by hand, and the chain of runs that leads to one."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import pytest
from publication_support import DAY, NOW, inputs

from features.contracts import OUTPUT_TABLES
from pipelines.runs.publication import RunFacts, publish
from pipelines.runs.published_runs import PublishedRun, find_run
from pipelines.segment_page.migration_history import chain, migration_history, moves_of


def segments(*rows: tuple[str, str | None, str, str]) -> pd.DataFrame:
    """A table of segments: debtor, previous segment, segment, source; moved where the two differ."""
    table = pd.DataFrame(rows, columns=["customer_id", "previous_segment", "segment", "source"])
    moved = table["previous_segment"].notna() & (table["previous_segment"] != table["segment"])
    return table.assign(moved=moved, reason="said")


def published(output: Path, day: date, table: pd.DataFrame, previous: PublishedRun | None) -> PublishedRun:
    """Publish a run with that table of segments, after another run or as the first."""
    run = publish(
        {name: table if name == "segments" else pd.DataFrame() for name in OUTPUT_TABLES},
        inputs=inputs(
            day,
            previous_run=previous.run_id if previous else None,
            previous_fingerprint=previous.fingerprint if previous else None,
        ),
        facts=RunFacts(),
        output=output,
        now=NOW + (day - DAY),
    )
    found = find_run(output, run.run_id)
    assert found is not None
    return found


FIRST = segments(
    ("a", None, "A", "model"), ("b", None, "B", "model"), ("c", None, "B", "model"), ("d", None, "NEW", "new")
)
SECOND = segments(
    ("a", "A", "B", "model"),
    ("b", "B", "B", "kept"),
    ("c", "B", "DORMANT", "rule"),
    ("d", "NEW", "A", "model"),
    ("e", None, "NEW", "new"),
)


@pytest.fixture
def runs(tmp_path: Path) -> list[PublishedRun]:
    """Three runs, a month apart; nobody moves in the third."""
    found: list[PublishedRun] = []
    third = SECOND.assign(previous_segment=SECOND["segment"], moved=False)
    for number, table in enumerate((FIRST, SECOND, third)):
        found.append(published(tmp_path, DAY + timedelta(30 * number), table, found[-1] if found else None))
    return found


def test_moves_are_counted_against_the_run_before(runs: list[PublishedRun]) -> None:
    """Three of five moved; of the two that were and are in A or B, one."""
    moves = moves_of(runs[1], SECOND)
    assert moves.sizes == {"A": 1, "B": 2, "DORMANT": 1, "NEW": 1}
    assert moves.pairs == {("A", "B"): 1, ("B", "DORMANT"): 1, ("NEW", "A"): 1}
    assert (moves.debtors, moves.moved, moves.kept, moves.share) == (5, 3, 1, 0.5)


def test_a_debtor_whose_segment_only_has_another_name_now_did_not_move(runs: list[PublishedRun]) -> None:
    """The table's own flag decides, which knows of names that changed."""
    renamed = segments(("a", "A", "B", "model")).assign(moved=False)
    assert moves_of(runs[1], renamed).pairs == {}


def test_the_first_run_has_no_share_that_moved(runs: list[PublishedRun]) -> None:
    """Nobody was anywhere before: that is not 0 %."""
    assert moves_of(runs[0], FIRST).share is None


def test_the_most_frequent_moves_come_first_and_equal_ones_by_name(runs: list[PublishedRun]) -> None:
    """Two to B before one each; the order of the rows does not matter."""
    table = segments(
        ("a", "C", "A", "model"), ("b", "B", "A", "model"), ("c", "A", "B", "model"), ("d", "A", "B", "model")
    )
    expected = [("A", "B"), ("B", "A"), ("C", "A")]
    assert list(moves_of(runs[0], table).pairs) == expected
    assert list(moves_of(runs[0], table[::-1]).pairs) == expected


def test_the_history_follows_the_runs_that_the_manifests_name(
    runs: list[PublishedRun], tmp_path: Path
) -> None:
    """The oldest first; a run of the same days that nobody continued is not in it."""
    beside = published(tmp_path, DAY + timedelta(10), FIRST, None)
    history = migration_history(tmp_path, runs[-1])
    assert [moves.run_id for moves in history] == [run.run_id for run in runs]
    assert [moves.moved for moves in history] == [0, 3, 0]
    assert beside.run_id not in {moves.run_id for moves in history}


def test_the_history_of_an_earlier_run_knows_nothing_of_later_ones(
    runs: list[PublishedRun], tmp_path: Path
) -> None:
    """Looked at from the second run there are two."""
    assert [moves.as_of for moves in migration_history(tmp_path, runs[1])] == [DAY, DAY + timedelta(30)]


def test_the_chain_ends_where_a_run_is_gone_and_at_its_longest(
    runs: list[PublishedRun], tmp_path: Path
) -> None:
    """The second run is removed: the third stands alone."""
    assert [run.run_id for run in chain(tmp_path, runs[2], longest=2)] == [run.run_id for run in runs[1:]]
    with patch("pipelines.segment_page.migration_history.find_run", return_value=None):
        assert chain(tmp_path, runs[2]) == [runs[2]]


def test_a_run_of_another_contract_ends_the_history(runs: list[PublishedRun], tmp_path: Path) -> None:
    """What an older product wrote is not guessed at."""
    manifest = {**runs[1].manifest, "schema_version": "0.9"}
    older = PublishedRun(runs[1].path, manifest)
    with patch("pipelines.segment_page.migration_history.find_run", return_value=older):
        assert [moves.run_id for moves in migration_history(tmp_path, runs[2])] == [runs[2].run_id]
