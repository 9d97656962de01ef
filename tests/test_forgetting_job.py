"""`debtscape forget` searches what waits to be taken in, and finds a debtor's invoices in the ledger."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from publication_support import publish_tiny

from features.pseudonyms import pseudonym
from pipelines.privacy.forgetting import UNREACHED, Forgotten
from pipelines.privacy.forgetting_job import forget_debtor
from pipelines.receiving.store import kept
from pipelines.settings_file import load_settings

TODAY, NOW = date(2026, 5, 4), datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
KEY = "k" * 64


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with the tiny run, a ledger of two invoices, and a drop folder."""
    publish_tiny(tmp_path / "out")
    (tmp_path / "invoices.csv").write_text(
        "invoice_id,customer_id,issued_on,due_on,amount,paid_on\n"
        "old1,c1,2025-01-01,2025-02-01,10.00,2025-02-01\n"
        "old2,c2,2025-01-01,2025-02-01,10.00,2025-02-01\n"
    )
    file = tmp_path / "debtscape.yaml"
    file.write_text("ledger: {invoices: {path: invoices.csv}}\n")
    (tmp_path / "out" / "received" / "drop").mkdir(parents=True)
    return file


def wait(config: Path, *invoices: str) -> None:
    """Let a file of disputes on these invoices wait in the drop folder."""
    rows = "".join(f"d-{invoice},{invoice},2026-02-01\n" for invoice in invoices)
    drop = config.parent / "out" / "received" / "drop"
    (drop / "disputes.csv").write_text("external_id,invoice_id,opened_on\n" + rows)


def forgotten(config: Path, customer: str = "c1") -> Forgotten:
    """What was forgotten."""
    return forget_debtor(load_settings(config), customer, today=TODAY, now=NOW)


def received(config: Path) -> list[str]:
    """The numbers of what is kept of other tools."""
    return [fact.external_id for fact in kept(config.parent / "out" / "received")]


def test_a_waiting_file_is_taken_in_without_the_debtor(config: Path) -> None:
    """i1 is c1's in the run, i3 is c2's, old1 is c1's in the ledger: the file goes, what is of c2 is kept."""
    wait(config, "i1", "old1", "i3", "old2")
    result = forgotten(config)
    assert result.traces["received"] == 2
    assert received(config) == ["d-i3", "d-old2"]
    left = [file for file in (config.parent / "out" / "received" / "drop").rglob("*") if file.is_file()]
    assert left == []


def test_a_dispute_that_nobody_can_tell_whose_it_is_is_named(config: Path) -> None:
    """i3 is not in the ledger, and no run says that it was c1's."""
    wait(config, "i3", "old2")
    (strange,) = forgotten(config).unreached[len(UNREACHED) :]
    assert "(1 cannot be told: they are not in the ledger)" in strange
    assert received(config) == ["d-i3", "d-old2"]


def test_without_a_readable_ledger_the_rest_is_erased_and_that_is_told(config: Path) -> None:
    """Where nothing was disputed nothing depends on it."""
    (config.parent / "invoices.csv").unlink()
    assert forgotten(config, "c2").unreached == UNREACHED
    wait(config, "i1", "old1")
    result = forgotten(config)
    assert (result.runs, result.traces["received"]) == (1, 1)
    assert "the ledger was not read: invoices.csv: no such file" in result.unreached[-1]


@pytest.mark.parametrize("typed", ["c1", pseudonym("c1", KEY.encode())])
def test_its_invoices_are_found_under_pseudonyms_too(
    config: Path, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its id and by its pseudonym."""
    monkeypatch.setenv("THE_KEY", KEY)
    config.write_text(config.read_text() + "privacy: {pseudonym_key: THE_KEY}\n")
    wait(config, "old1", "old2")
    assert forgotten(config, typed).traces["received"] == 1
    assert received(config) == ["d-old2"]


def test_nothing_is_left_for_a_second_time(config: Path) -> None:
    """And nothing is made where nothing was received."""
    wait(config, "old1")
    assert forgotten(config).runs == 1
    again = forgotten(config)
    assert (again.runs, set(again.traces.values())) == (0, {0})
