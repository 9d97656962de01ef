"""The jobs on a small ledger: train, run, run again, look back, change the configuration, backtest."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.contracts import OUTPUT_TABLES
from features.contracts.output import RUN_COLUMNS
from features.errors import DebtscapeError
from features.open_items import open_items
from features.simulate import simulate, write_portfolio
from models import registry
from models.payment.baselines import BASELINES
from pipelines import cli
from pipelines.backtesting.walk_forward import backtest, cutoffs_between
from pipelines.learning.training import read_for_training, train
from pipelines.reading import read
from pipelines.running import run
from pipelines.runs.published_runs import all_runs, latest_run, read_table, verify
from pipelines.settings_file import load_settings

TODAY = date(2026, 1, 1)
NOW = datetime(2026, 1, 1, 5, tzinfo=UTC)
TRAINED, FIRST, LATER, EARLIER = (
    date(2025, 10, 1),
    date(2025, 11, 3),
    date(2025, 12, 1),
    date(2025, 9, 1),
)
SMALL = """
predictor: {training_rows: 1500, evaluation_rows: 1000, iterations: 10}
dormant_after_days: 91
workers: 1
"""
PROBABILITIES = ["p_on_time", "p_1_30", "p_31_60", "p_61_90", "p_over_90"]
QUANTILES = ["paid_on_p10", "paid_on_p50", "paid_on_p90"]

Result = dict[str, Any]


@dataclass(frozen=True)
class Story:
    """One ledger, trained once, with a champion; then runs in this order."""

    config: Path
    trained: Result
    first: Result
    again: Result
    later: Result
    earlier: Result
    latest: tuple[str, ...]
    """what latest.json said after each of the four runs"""

    @property
    def output(self) -> Path:
        """The output folder."""
        return load_settings(self.config).output_folder

    def table(self, result: Result, name: str) -> pd.DataFrame:
        """A table of a run with inside names."""
        (found,) = (one for one in all_runs(self.output) if one.run_id == result["run_id"])
        return read_table(found, name)


def run_as_of(config: Path, day: date | None) -> Result:
    """Do the main job as of a day."""
    return run(config, as_of=day, today=TODAY, now=NOW)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a simulated ledger of 80 debtors in 18 months; nothing is trained."""
    folder = tmp_path_factory.mktemp("ledger")
    config = write_portfolio(simulate(debtors=80, months=18, seed=4, end=TODAY), folder)
    config.write_text(config.read_text() + SMALL)
    return config


@pytest.fixture(scope="module")
def story(
    ledger: Path, tmp_path_factory: pytest.TempPathFactory, empty_registry: Callable[[Path], None]
) -> Story:
    """Train, make the newcomer champion by hand whatever the gate says, and run four times."""
    config = with_output(ledger, tmp_path_factory.mktemp("story") / "out")
    uri = load_settings(config).tracking_uri
    empty_registry(config)
    trained = train(config, as_of=TRAINED, today=TODAY)
    registry.set_alias(
        "payment-time", "champion", trained["models"]["payment-time"]["version"], tracking_uri=uri
    )
    pointer = load_settings(config).output_folder / "latest.json"
    results, latest = [], []
    for day in (FIRST, FIRST, LATER, EARLIER):
        results.append(run_as_of(config, day))
        latest.append(pointer.read_text())
    return Story(config, trained, *results, latest=tuple(latest))


def with_output(config: Path, output: Path, more: str = "") -> Path:
    """The same configuration with another output folder, in a file of its own beside the ledger."""
    text = config.read_text().replace("output: out/", f"output: {output}") + more
    copy = config.with_name(f"{output.parent.name}.yaml")
    copy.write_text(text)
    return copy


def handwritten(folder: Path, debtors: int, each: int, currencies: tuple[str, ...] = ("EUR",)) -> Path:
    """A flat ledger: `each` monthly invoices per debtor; debtor n pays 5 n days late, the last is open."""
    rows = ["invoice_id,customer_id,issued_on,due_on,amount,currency,paid_on"]
    for debtor in range(debtors):
        for month in range(each):
            issued = pd.Timestamp(2025, 1, 1 + debtor) + pd.DateOffset(months=month)
            due = issued + pd.Timedelta(days=30)
            paid = "" if month == each - 1 else f"{due + pd.Timedelta(days=5 * debtor):%Y-%m-%d}"
            currency = currencies[debtor % len(currencies)]
            days = f"{issued:%Y-%m-%d},{due:%Y-%m-%d}"
            rows.append(f"F{debtor}-{month},D{debtor},{days},{1000 + debtor},{currency},{paid}")
    (folder / "invoices.csv").write_text("\n".join(rows) + "\n")
    config = folder / "debtscape.yaml"
    config.write_text("ledger: {invoices: {path: invoices.csv}}\noutput: out\n" + SMALL)
    return config


def test_training_registers_each_model_with_a_verdict(story: Story) -> None:
    """The predictor, the segments and the timing have a version, an alias and reasons in words."""
    assert set(story.trained["models"]) == {"payment-time", "debtor-segments", "reminder-timing"}
    for model in story.trained["models"].values():
        assert model["alias"] == ("champion" if model["accepted"] else "challenger")
        assert model["reasons"]
    assert {row["predictor"] for row in story.trained["figures"]} == {"payment_time", *BASELINES}


def test_a_run_is_published_whole_and_becomes_the_latest(story: Story) -> None:
    """Its folder verifies, latest.json names it, the champion predicted all but what is left to the rule."""
    assert not story.first["already_published"]
    assert story.first["previous_run"] is None
    assert json.loads(story.latest[0])["run_id"] == story.first["run_id"]
    for published in all_runs(story.output):
        verify(published)
    predictions = story.table(story.first, "predictions")
    methods = pd.read_csv(story.config.parent / "invoices.csv").set_index("invoice_id")["payment_method"]
    debit = predictions["invoice_id"].map(methods) == "direct_debit"
    segments = story.table(story.first, "segments").set_index("customer_id")["segment"]
    left = list(story.trained["models"]["payment-time"]["rule_segments"])
    by_rule = debit | predictions["customer_id"].map(segments).isin(left)
    assert set(predictions.loc[~by_rule, "source"]) == {"model"}
    assert set(predictions.loc[by_rule, "source"]) <= {"rule"}
    assert set(predictions.loc[~by_rule, "model_version"]) == {"1"}


def test_the_same_run_again_is_answered_already_published(story: Story) -> None:
    """The same inputs have the same id; nothing is written a second time."""
    assert story.again["already_published"]
    assert story.again["run_id"] == story.first["run_id"]
    assert story.latest[1] == story.latest[0]
    assert {**story.again, "already_published": False} == story.first


def test_a_later_run_names_the_previous_one_and_counts_who_moved(story: Story) -> None:
    """Each debtor's previous segment is that of the first run; migrations count every debtor once."""
    assert story.later["previous_run"] == story.first["run_id"]
    assert json.loads(story.latest[2])["run_id"] == story.later["run_id"]
    before = story.table(story.first, "segments").set_index("customer_id")["segment"]
    now = story.table(story.later, "segments").set_index("customer_id")
    assert now["previous_segment"].dropna().equals(before.reindex(now.index).dropna())
    moves = story.table(story.later, "migrations")
    assert moves["debtors"].sum() == len(now)
    assert now["moved"].any()


def test_a_back_dated_run_is_not_the_latest_and_the_champion_keeps_silent(story: Story) -> None:
    """What the champion learned lies after that day: the rule speaks, a warning says what to do."""
    assert not story.earlier["is_latest"]
    assert story.latest[3] == story.latest[2]
    latest = latest_run(story.output)
    assert latest is not None
    assert latest.run_id == story.later["run_id"]
    assert story.earlier["previous_run"] is None
    assert set(story.table(story.earlier, "predictions")["source"]) == {"rule"}
    warnings = [text for text in story.earlier["warnings"] if "payment-time" in text]
    assert len(warnings) == 1
    assert f"has seen facts up to {TRAINED}" in warnings[0]
    assert f"debtscape train --as-of {EARLIER}" in warnings[0]


def test_without_a_champion_the_rule_speaks(ledger: Path, tmp_path: Path) -> None:
    """A first run before any training is complete, says source = rule everywhere, and warns of each model."""
    result = run_as_of(with_output(ledger, tmp_path / "out"), FIRST)
    assert result["predicted_by"]["model"] == 0
    assert result["predicted_by"]["rule"] > 0
    for name in registry.MODELS:
        assert sum(f"there is no champion of {name}" in text for text in result["warnings"]) == 1


def test_a_changed_configuration_is_another_run(story: Story) -> None:
    """A limit that changes figures changes the id; the champion that knows another limit keeps silent."""
    changed = story.config.with_name("changed.yaml")
    changed.write_text(story.config.read_text() + "late_after_days: 5\n")
    result = run_as_of(changed, LATER)
    assert result["run_id"] != story.later["run_id"]
    assert result["predicted_by"]["model"] == 0
    assert any("calls late what is more than 0 days after due" in text for text in result["warnings"])


def test_a_champion_of_another_horizon_keeps_silent_and_is_no_rival(story: Story) -> None:
    """Its empty days mean something else: the rule speaks up to the configured day, and training says why."""
    changed = story.config.with_name("horizon.yaml")
    changed.write_text(story.config.read_text().replace("predictor: {", "predictor: {horizon_days: 120, "))
    result = run_as_of(changed, LATER)
    assert result["predicted_by"]["model"] == 0
    said = "names no day beyond 365 days, 120 are configured"
    assert any(said in warning for warning in result["warnings"])
    training = read_for_training(changed, as_of=LATER, today=TODAY)
    assert training.champion is None
    assert said in training.warnings[0]


def test_every_open_invoice_has_exactly_one_reminders_row(story: Story) -> None:
    """Also a dormant one, and with a reason where nothing is sent."""
    for result, day in ((story.first, FIRST), (story.later, LATER), (story.earlier, EARLIER)):
        reading = read(story.config, as_of=day, today=TODAY)
        items = open_items(reading.books, day, dormant_after_days=90)
        reminders = story.table(result, "reminders")
        assert sorted(reminders["invoice_id"]) == sorted(items["invoice_id"])
        assert (reminders["step"].isna() == reminders["send_on"].isna()).all()
        assert (reminders["reason"].str.len() > 0).all()
        assert (reminders["send_on"].dropna() >= pd.Timestamp(day)).all()


def test_predictions_are_distributions_from_the_day_on(story: Story) -> None:
    """Probabilities sum to one, what has passed is impossible, dates are in order and not before the day."""
    for result, day in ((story.first, FIRST), (story.later, LATER), (story.earlier, EARLIER)):
        predictions = story.table(result, "predictions")
        assert np.allclose(predictions[PROBABILITIES].sum(axis=1), 1, atol=1e-9)
        assert predictions[[*PROBABILITIES, "p_late"]].ge(0).all(axis=None)
        past = predictions["days_past_due"]
        assert (predictions.loc[past > 0, ["p_late"]] == 1).all(axis=None)
        for passed, name in ((0, "p_on_time"), (30, "p_1_30"), (60, "p_31_60"), (90, "p_61_90")):
            assert (predictions.loc[past > passed, name] == 0).all(), name
        dates = predictions[QUANTILES].fillna(pd.Timestamp.max.floor("s"))
        assert (dates["paid_on_p10"] >= pd.Timestamp(day)).all()
        assert (dates["paid_on_p10"] <= dates["paid_on_p50"]).all()
        assert (dates["paid_on_p50"] <= dates["paid_on_p90"]).all()


def test_money_is_conserved_between_the_tables(story: Story) -> None:
    """Open money of debtors = of the portfolio = of predictions and dormant rests, to the cent."""
    items = open_items(read(story.config, as_of=LATER, today=TODAY).books, LATER, dormant_after_days=90)
    assert items["dormant"].any()
    total = items["open_amount_minor"].sum()
    debtors, predictions = story.table(story.later, "debtors"), story.table(story.later, "predictions")
    dormant = items.loc[items["dormant"], "open_amount_minor"].sum()
    assert debtors["open_amount_minor"].sum() == total
    portfolio = story.table(story.later, "portfolio")
    assert portfolio["open_amount_minor"].sum() == total
    assert portfolio["dormant_amount_minor"].sum() == dormant
    assert predictions["open_amount_minor"].sum() + dormant == total
    assert debtors.filter(like="expected_").sum(axis=None) == total - dormant


def test_a_published_run_read_with_plain_pandas_follows_the_contract(story: Story) -> None:
    """Every table has the run's columns and its own, in the contract's order, and no row twice."""
    for name, contract in OUTPUT_TABLES.items():
        table = pd.read_parquet(Path(story.later["path"]) / f"{name}.parquet")
        assert list(table.columns) == [c.name for c in (*RUN_COLUMNS, *contract.columns)]
        assert set(table["run_id"]) <= {story.later["run_id"]}
        assert set(table["as_of"]) <= {LATER}
        assert not contract.key or not table.duplicated(list(contract.key)).any()


def test_forty_invoices_are_too_few_to_learn_from_and_enough_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Training says what is lacking, and `--require-champion` makes that exit code 1; the rule predicts."""
    config = handwritten(tmp_path, debtors=8, each=5)
    command = ["debtscape", "train", "-c", str(config), "--json", "--require-champion"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 1
    out, err = capfd.readouterr()
    assert "debtscape: the new payment-time model was refused" in err
    verdict = json.loads(out)["models"]["payment-time"]
    assert verdict["alias"] == "challenger"
    assert "8 settled invoices in the test period, 100 are needed" in verdict["reasons"][0]
    result = run_as_of(config, date(2025, 6, 1))
    assert result["predicted_by"]["model"] == 0
    assert result["predicted_by"]["rule"] == result["open_invoices"] > 0


def test_each_currency_is_published_by_itself(tmp_path: Path) -> None:
    """Yen have no cents; sums are per currency and no total mixes them."""
    config = handwritten(tmp_path, debtors=9, each=5, currencies=("EUR", "USD", "JPY"))
    result = run_as_of(config, date(2025, 6, 1))
    predictions = pd.read_parquet(Path(result["path"]) / "predictions.parquet")
    own = predictions["customer_id"].str[1:].astype(int)
    assert (predictions["currency"] == (own % 3).map({0: "EUR", 1: "USD", 2: "JPY"})).all()
    assert (predictions["amount"] == own + 1000).all()
    by_currency = predictions.groupby("currency")["open_amount"].sum()
    assert set(by_currency.index) == {"EUR", "USD", "JPY"}
    for name in ("debtors", "portfolio", "segment_profiles"):
        table = pd.read_parquet(Path(result["path"]) / f"{name}.parquet")
        assert table.groupby("currency")["open_amount"].sum().to_dict() == by_currency.to_dict(), name


@pytest.fixture(scope="module")
def walked(story: Story) -> Result:
    """A backtest of two folds."""
    return backtest(story.config, start=date(2025, 9, 1), until=date(2025, 11, 1), every="1M", today=TODAY)


def test_a_backtest_predicts_each_landmark_once_per_model(story: Story, walked: Result) -> None:
    """Grain invoice x landmark x model, with the columns of the contract; outcomes lie apart."""
    folder = Path(walked["path"])
    assert folder.parent == story.output / "backtests"
    predictions = pd.read_parquet(folder / "predictions.parquet")
    assert list(predictions.columns) == [
        "invoice_id", "customer_id", "cutoff", "landmark", "predicted_on", "model", "source", "currency",
        "amount", "due_on", "p_late", *PROBABILITIES, *QUANTILES,
    ]  # fmt: skip
    assert not predictions.duplicated(["invoice_id", "landmark", "model"]).any()
    assert set(predictions["model"]) == {"payment_time", *BASELINES}
    assert set(predictions.loc[predictions["model"] == "payment_time", "source"]) == {"model"}
    assert set(predictions.loc[predictions["model"] == "rule", "source"]) == {"rule"}
    outcomes = pd.read_parquet(folder / "outcomes.parquet")
    assert len(outcomes) * predictions["model"].nunique() == len(predictions)
    assert not {"event", "days_late", "ended"} & set(predictions.columns)
    assert len(json.loads((folder / "metrics.json").read_text())["models"]) == len(BASELINES) + 1


def test_a_fold_predicts_from_its_cutoff_to_the_next(walked: Result) -> None:
    """Days are those of the landmark; dates of payment are not before it; amounts are the invoices' own."""
    predictions = pd.read_parquet(Path(walked["path"]) / "predictions.parquet")
    for cutoff, end in (
        (date(2025, 9, 1), date(2025, 10, 1)),
        (date(2025, 10, 1), date(2025, 11, 1)),
    ):
        fold = predictions[predictions["cutoff"] == cutoff]
        assert len(fold)
        assert fold["predicted_on"].between(cutoff, end, inclusive="left").all()
    assert set(predictions["cutoff"]) == {date(2025, 9, 1), date(2025, 10, 1)}
    due = predictions[predictions["landmark"] == "due+7"]
    assert (pd.to_datetime(due["predicted_on"]) - pd.to_datetime(due["due_on"])).dt.days.eq(7).all()
    dated = predictions.dropna(subset="paid_on_p10")
    assert (dated["paid_on_p10"] >= dated["predicted_on"]).all()


@pytest.mark.parametrize(
    ("every", "until", "cutoffs"),
    [
        ("1M", (2025, 4, 30), [(2025, 1, 31), (2025, 2, 28), (2025, 3, 31)]),
        ("1m", (2025, 2, 1), [(2025, 1, 31)]),
        ("2W", (2025, 2, 28), [(2025, 1, 31), (2025, 2, 14)]),
        ("30D", (2025, 3, 3), [(2025, 1, 31), (2025, 3, 2)]),
        ("12M", (2026, 2, 1), [(2025, 1, 31), (2026, 1, 31)]),
    ],
)
def test_cutoffs_are_so_far_apart(every: str, until: Any, cutoffs: list[Any]) -> None:
    """Days, weeks or months from the first one, until exclusive; the end of a month stays the end."""
    assert cutoffs_between(date(2025, 1, 31), date(*until), every) == tuple(date(*c) for c in cutoffs)


@pytest.mark.parametrize("every", ["", "M", "0M", "-1M", "1.5M", "1Y", "month", "²D", "1", "99999999999D"])
def test_another_distance_is_refused(every: str) -> None:
    """A whole positive number and D, W or M."""
    with pytest.raises(DebtscapeError, match="write a number and D, W or M"):
        cutoffs_between(date(2025, 1, 1), date(2025, 6, 1), every)


def test_training_again_on_the_same_day_changes_nothing(story: Story) -> None:
    """The same models are not registered twice, and what cannot be compared is said."""
    again = train(story.config, as_of=TRAINED, today=TODAY)
    for name in ("debtor-segments", "reminder-timing", "payment-time"):
        assert (story.trained["models"][name]["version"], again["models"][name]["version"]) == ("1", "1")
        assert again["models"][name]["reasons"] == ["the same model as version 1"]
    assert any("no day has passed since then" in warning for warning in again["warnings"])
