"""Nothing known on or after a day changes anything as of that day, all the way from file to published run."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.simulate import simulate, write_portfolio
from models.registry import champion
from pipelines.learning.training import train
from pipelines.reading import read
from pipelines.running import run
from pipelines.settings_file import load_settings

TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
SMALL = """
predictor: {training_rows: 2000, evaluation_rows: 1000, iterations: 10}
output: out
"""

Frames = dict[str, pd.DataFrame]
Lay = Callable[[Path], None]


@dataclass(frozen=True)
class Story:
    """A ledger as text frames by file name, its configuration, a day, and the day each row was known.

    `known` gives per file the columns whose latest day a row counts from; `later` the columns of a row
    that are hidden until their own day.
    """

    name: str
    day: date
    frames: Frames
    configuration: str
    known: dict[str, list[str]]
    later: dict[str, list[str]]
    date_format: str | None = None


def ibm(folder: Path) -> Story:
    """One flat file, paid_on in the invoices."""
    frames = {"invoices.csv": pd.read_csv(folder / "ibm_receivables.csv", dtype=str)}
    configuration = """
ledger:
  invoices:
    path: invoices.csv
    columns: {invoice_id: invoiceNumber, customer_id: customerID, issued_on: InvoiceDate, due_on: DueDate,
      amount: InvoiceAmount, paid_on: SettledDate}
    dates: month_first
"""
    known, later = {"invoices.csv": ["InvoiceDate"]}, {"invoices.csv": ["SettledDate"]}
    return Story("ibm", date(2013, 9, 1), frames, configuration, known, later, date_format="%m/%d/%Y")


def sme(folder: Path) -> Story:
    """Two tables, with the day an invoice became known."""
    frames = {
        "invoices.csv": pd.read_csv(folder / "sme_invoices.csv", dtype=str),
        "payments.csv": pd.read_csv(folder / "sme_payments.csv", dtype=str),
    }
    configuration = """
ledger:
  invoices:
    path: invoices.csv
    columns: {invoice_id: invoice_id, customer_id: vendor, issued_on: invoice_date, due_on: due_date,
      amount: amount, known_on: created_at}
  payments:
    path: payments.csv
    columns: {invoice_id: invoice_id, paid_on: paid_date, amount: amount}
"""
    known = {"invoices.csv": ["created_at", "invoice_date"], "payments.csv": ["paid_date"]}
    return Story("sme", date(2016, 6, 1), frames, configuration, known=known, later={})


def portfolio(folder: Path) -> Story:
    """A simulated portfolio with every table."""
    config = write_portfolio(simulate(debtors=120, months=24, seed=3, end=date(2026, 1, 1)), folder)
    frames = {path.name: pd.read_csv(path, dtype=str) for path in sorted(folder.glob("*.csv"))}
    configuration = config.read_text().replace("output: out/", "")
    own = {
        "invoices.csv": "issued_on",
        "payments.csv": "paid_on",
        "disputes.csv": "opened_on",
        "credit_scores.csv": "scored_on",
        "contact_history.csv": "contacted_on",
    }
    known = {
        name: [column for column in (own[name], "known_on") if column in frame]
        for name, frame in frames.items()
        if name in own
    }
    later = {
        "disputes.csv": ["closed_on"],
        "customers.csv": ["insolvent_on", "legal_on"],
        "contact_history.csv": ["promise_made_on"],
    }
    later = {name: [c for c in columns if c in frames[name]] for name, columns in later.items()}
    return Story("portfolio", date(2025, 7, 1), frames, configuration, known=known, later=later)


@pytest.fixture(
    scope="module",
    params=["portfolio", *(pytest.param(name, marks=pytest.mark.slow) for name in ("ibm", "sme"))],
)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Each of the three ledgers."""
    if request.param == "portfolio":
        return portfolio(tmp_path_factory.mktemp("portfolio"))
    folder: Path = request.getfixturevalue("public_ledgers")
    return ibm(folder) if request.param == "ibm" else sme(folder)


@pytest.fixture(scope="module")
def full(story: Story, tmp_path_factory: pytest.TempPathFactory, empty_registry: Lay) -> Path:
    """The configuration of the whole ledger, trained and run as of the day."""
    return trained_and_run(story, story.frames, tmp_path_factory.mktemp("full"), empty_registry)


def trained_and_run(story: Story, frames: Frames, folder: Path, lay: Lay) -> Path:
    """Write the files, train and run as of the story's day, and return the configuration."""
    config = write(story, frames, folder)
    lay(config)
    train(config, as_of=story.day, today=TODAY)
    run(config, as_of=story.day, today=TODAY, now=NOW)
    return config


def write(story: Story, frames: Frames, folder: Path) -> Path:
    """Write the files and a configuration that reads them."""
    for name, frame in frames.items():
        frame.to_csv(folder / name, index=False)
    config = folder / "debtscape.yaml"
    config.write_text(story.configuration + SMALL)
    return config


def known_day(story: Story, name: str, frame: pd.DataFrame) -> pd.Series:
    """The day each row counts from; none for snapshots."""
    days = [pd.to_datetime(frame[column], format=story.date_format) for column in story.known.get(name, [])]
    return pd.concat(days, axis=1).max(axis=1) if days else pd.Series(pd.NaT, index=frame.index)


def is_later(story: Story, name: str, frame: pd.DataFrame) -> pd.Series:
    """Whether each row was known on the story's day or later."""
    return known_day(story, name, frame) >= pd.Timestamp(story.day)


def cut(story: Story) -> Frames:
    """The files as they were on the day: later rows gone, later columns of earlier rows empty."""
    frames = {}
    for name, frame in story.frames.items():
        kept = frame[~is_later(story, name, frame)].copy()
        for column in story.later.get(name, []):
            kept[column] = kept[column].mask(
                pd.to_datetime(kept[column], format=story.date_format) >= pd.Timestamp(story.day)
            )
        frames[name] = kept
    if (
        "payments.csv" in frames
    ):  # a payment known before its invoice waits for it, and the invoice is not there
        known = frames["invoices.csv"]["invoice_id"]
        payments = frames["payments.csv"]
        frames["payments.csv"] = payments[payments["invoice_id"].isna() | payments["invoice_id"].isin(known)]
    return frames


def altered(story: Story) -> Frames:
    """The same past and another future: later rows changed, taken away and added, later days moved."""
    rng = np.random.default_rng(5)
    frames = {}
    for name, frame in story.frames.items():
        changed = frame.copy()
        later = is_later(story, name, frame)
        for amount in {"amount", "InvoiceAmount"} & set(frame):
            changed.loc[later, amount] = (
                (changed.loc[later, amount].astype(float) * 3 + 10).round(2).astype(str)
            )
        for column in story.later.get(name, []):
            days = pd.to_datetime(frame[column], format=story.date_format)
            ahead = days >= pd.Timestamp(story.day)
            moved = (days[ahead] + pd.Timedelta(days=40)).dt.strftime(story.date_format or "%Y-%m-%d")
            changed.loc[ahead, column] = moved
        added = changed[later].head(50)
        if name == "invoices.csv":
            number = "invoiceNumber" if story.name == "ibm" else "invoice_id"
            added = added.assign(**{number: added[number] + "-again"})
        frames[name] = pd.concat([changed[~(later & (rng.random(len(frame)) < 0.3))], added])
    if "payments.csv" in frames:
        known = frames["invoices.csv"]["invoice_id"]
        payments = frames["payments.csv"]
        frames["payments.csv"] = payments[payments["invoice_id"].isna() | payments["invoice_id"].isin(known)]
    return frames


def published(config: Path) -> dict[str, str]:
    """The hash of each file of the only run."""
    (manifest,) = (load_settings(config).output_folder / "runs").glob("*/manifest.json")
    content = json.loads(manifest.read_text())
    return {"run_id": content["run_id"], **{name: file["sha256"] for name, file in content["files"].items()}}


def model_fingerprints(config: Path) -> dict[str, str]:
    """What each champion computes, as a hash."""
    uri = load_settings(config).tracking_uri
    models = {name: champion(name, uri) for name in ("payment-time", "debtor-segments", "reminder-timing")}
    return {name: model.fingerprint for name, model in models.items() if model is not None}


@pytest.mark.parametrize("change", [cut, altered], ids=["truncated", "altered"])
def test_models_and_run_know_nothing_of_the_day_or_later(
    story: Story, full: Path, change: Callable[[Story], Frames], tmp_path: Path, empty_registry: Lay
) -> None:
    """A ledger cut at the day, or with another future, gives the same models and the same published bytes."""
    other = trained_and_run(story, change(story), tmp_path, empty_registry)
    assert model_fingerprints(other) == model_fingerprints(full)
    assert published(other) == published(full)


def test_the_change_is_a_real_one(story: Story, full: Path, tmp_path: Path) -> None:
    """The files that the two tests above change do differ in what a later day knows."""
    for change in (cut, altered):
        folder = tmp_path / change.__name__
        folder.mkdir()
        later = read(write(story, change(story), folder), as_of=None, today=TODAY)
        whole = read(full, as_of=None, today=TODAY)
        assert len(later.ledger.payments) != len(whole.ledger.payments)


def test_a_fact_of_the_day_before_does_change_the_run(story: Story, full: Path, tmp_path: Path) -> None:
    """Taking away a tenth of the open invoices known before the day gives another run: the test can fail."""
    frames = dict(story.frames)
    invoices = frames["invoices.csv"]
    recent = known_day(story, "invoices.csv", invoices).rank(method="first", ascending=False)
    past = ~is_later(story, "invoices.csv", invoices)
    frames["invoices.csv"] = invoices[~(past & (recent <= recent[past].min() + 30))]
    if "payments.csv" in frames:
        payments = frames["payments.csv"]
        known = frames["invoices.csv"]["invoice_id"]
        frames["payments.csv"] = payments[payments["invoice_id"].isna() | payments["invoice_id"].isin(known)]
    config = write(story, frames, tmp_path)
    run(config, as_of=story.day, today=TODAY, now=NOW)
    assert published(config)["run_id"] != published(full)["run_id"]
