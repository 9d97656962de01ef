"""The summary of a backtest: what people read of it, the same bytes each time, and a run in MLflow."""

from __future__ import annotations

import copy
import json
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from evaluation_support import debtor_of, outcome_rows, portfolio, predicted

from features.errors import DebtscapeError
from features.simulate import simulate, write_portfolio
from models.evaluation.evaluate import evaluate
from models.evaluation.lift import lift
from pipelines.backtesting.backtest_plots import plots
from pipelines.backtesting.backtest_report import BacktestInputs, LeftOut, summary_files
from pipelines.backtesting.evaluation_details import payment_days, weekly_cash
from pipelines.backtesting.evaluation_tables import (
    against_simpler,
    by_segment,
    for_whom,
    headline,
    how_good,
    in_words,
)
from pipelines.backtesting.walk_forward import backtest
from pipelines.reporting.sections import Cell, Section, Table, figure, markdown, number, percent, points

INPUTS = BacktestInputs(
    backtest_id="0123456789abcdef",
    cutoffs=[date(2024, 1, 1), date(2024, 2, 1)],
    until=date(2024, 3, 1),
    newest_fact=date(2024, 11, 26),
    ledger_fingerprint="a" * 64,
    settings_fingerprint="b" * 64,
)


@pytest.fixture(scope="module")
def evaluation() -> dict[str, Any]:
    """A good model, the debtor's own rate that says the same of all, and a median of 9 days."""
    outcomes, probability = portfolio(debtors=60)
    outcomes = outcomes.assign(
        late_measurable=True,
        settled_invoices=np.arange(len(outcomes)) % 12,
        segment=np.where(np.arange(len(outcomes)) % 2, "A", "B|<b>"),
    )
    days = {"days_until_p10": 20.0, "days_until_p50": 39.0, "days_until_p90": 70.0}
    on_time = {"p_on_time": 1 - probability, "p_1_30": probability / 2, "p_31_60": probability / 2}
    customers = debtor_of(outcomes)
    said = pd.concat(
        [
            predicted(outcomes, "payment_time", customers, p_late=probability, **days, **on_time)
            .fillna({"p_61_90": 0, "p_over_90": 0}),
            predicted(outcomes, "own_rate", customers, p_late=0.4),
            predicted(outcomes, "median_delay", customers, days_until_p50=39.0),
        ],
        ignore_index=True,
    )  # fmt: skip
    how = {"late_after_days": 0, "seed": 1, "resamples": 40}
    return evaluate(said, outcomes, **how) | {"lift": lift(said, outcomes, **how)}


@pytest.fixture(scope="module")
def files(evaluation: dict[str, Any]) -> dict[str, bytes]:
    """The summary's files."""
    return summary_files(INPUTS, evaluation)


def text_of(html: bytes) -> str:
    """What a reader sees of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", html.decode()).split())


def test_the_summary_is_a_page_its_markdown_and_its_pictures(files: dict[str, bytes]) -> None:
    """Names of the files that lie beside the tables."""
    assert set(files) == {
        "summary.html", "summary.md", "reliability.png", "coverage.png", "error_by_age.png", "lift.png",
    }  # fmt: skip


def test_the_page_needs_nothing_else_and_may_load_nothing(files: dict[str, bytes]) -> None:
    """Pictures are inside; no address, no script."""
    page = files["summary.html"].decode()
    assert page.count('src="data:image/png;base64,') == 4
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|<script|<link", page)


def test_the_same_figures_give_the_same_bytes(evaluation: dict[str, Any], files: dict[str, bytes]) -> None:
    """No clock and no version in any of the files, and nobody's own style in the pictures."""
    with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 30}):
        assert summary_files(INPUTS, copy.deepcopy(evaluation)) == files


def test_pictures_hold_no_words_about_who_made_them(files: dict[str, bytes]) -> None:
    """A PNG of more than a few pixels without text chunks."""
    for name, content in files.items():
        if name.endswith(".png"):
            width, height = struct.unpack(">II", content[16:24])
            assert (width, height) == (720, 504), name
            assert b"tEXt" not in content, name


def test_the_page_says_what_was_measured(files: dict[str, bytes]) -> None:
    """Days, folds, points, invoices and debtors, in the page and in Markdown."""
    for text in (text_of(files["summary.html"]), files["summary.md"].decode()):
        assert "2024-01-01 to before 2024-03-01, in 2 folds" in text
        assert "240 points in time: 240 invoices of 60 debtors" in text
        assert "known up to 2024-11-26" in text
        assert "late is any day after due" in text


def test_figures_stand_with_their_interval(evaluation: dict[str, Any], files: dict[str, bytes]) -> None:
    """AUC of the model as in the metrics, rounded, in both files."""
    auc = evaluation["models"]["payment_time"]["pooled"]["late"]["auc"]
    value, low, high = (f"{auc[part]:.3f}" for part in ("value", "low", "high"))
    assert f"{value} {low} to {high}" in text_of(files["summary.html"])
    assert f"| **the model** | **{value} ({low} to {high})** |" in files["summary.md"].decode()


def test_a_fold_that_was_left_out_is_named(evaluation: dict[str, Any]) -> None:
    """One of two: the page counts one fold, and says which is missing and why."""
    left_out = BacktestInputs(
        **{**vars(INPUTS), "left_out": [LeftOut(date(2024, 1, 1), "too few were paid")]}
    )
    files = summary_files(left_out, evaluation)
    for text in (text_of(files["summary.html"]), files["summary.md"].decode()):
        assert "in 1 fold;" in text
        assert "The fold of 2024-01-01 is left out: too few were paid" in text
    assert "left out" not in text_of(summary_files(INPUTS, evaluation)["summary.html"])


def test_names_from_the_ledger_cannot_break_the_page(files: dict[str, bytes]) -> None:
    """A segment called B|<b> is text in both files."""
    assert "B|&lt;b&gt;" in files["summary.html"].decode()
    assert "| B\\|&lt;b> |" in files["summary.md"].decode()


def test_models_stand_in_order_of_their_auc(evaluation: dict[str, Any]) -> None:
    """The best first, who gives no late probability last."""
    table = how_good(evaluation).tables[0]
    names = ["the model", "the debtor's own late rate", "the debtor's median delay"]
    assert [row[0].text for row in table.rows] == names
    assert table.marked == "the model"


def test_what_no_model_gives_has_no_column(evaluation: dict[str, Any]) -> None:
    """Without intervals there is nothing held and nothing claimed."""
    rows = how_good(evaluation).tables[0]
    assert ">claimed" in rows.header
    without = copy.deepcopy(evaluation)
    del without["models"]["payment_time"]
    without["comparisons"] = {}
    header = how_good(without).tables[0].header
    assert ">claimed" not in header
    assert ">days off" in header


@pytest.mark.parametrize(
    ("difference", "word"),
    [
        ({"value": -0.2, "low": -0.3, "high": -0.1}, "better"),
        ({"value": -0.2, "low": -0.3, "high": 0.1}, "not shown better"),
        ({"value": -0.2, "low": -0.3, "high": 0.0}, "not shown better"),
        ({"value": 0.2, "low": 0.1, "high": 0.3}, "worse"),
        ({"value": -0.2, "low": None, "high": None}, "not shown better"),
        (None, "–"),
    ],
)
def test_better_is_said_only_where_the_interval_leaves_out_nothing(difference: Any, word: str) -> None:
    """The interval decides, never the point estimate alone."""
    assert in_words(difference) == word


def test_the_headline_counts_and_names_the_worse() -> None:
    """One comparison per rival and measure."""
    better, worse = {"value": -1, "low": -2, "high": -0.5}, {"value": 1, "low": 0.5, "high": 2}
    comparisons = {"own_rate": {"brier": better}, "rule": {"brier": better, "mae_days": worse}}
    assert headline({"comparisons": comparisons}) == (
        "Of 3 comparisons with simpler ways the model is better in 2, not shown better in 0 and worse in 1: "
        "the rule that speaks without a model."
    )
    assert headline({"comparisons": {}}) == "The model was not compared with simpler ways."


def test_a_difference_is_shown_finely_enough_to_agree_with_its_word() -> None:
    """An interval that ends just below 0 does not look like 0."""
    almost = {"value": -0.0062, "low": -0.0135, "high": -0.000249}
    section = against_simpler({"comparisons": {"rule": {"brier": almost}}})
    assert section.tables[0].rows[0][1] == Cell("better", "−0.0062; −0.0135 to −0.0002")


def test_segments_are_compared_where_there_are_any(evaluation: dict[str, Any]) -> None:
    """Each segment against the debtor's own rate; without segments no section."""
    section = by_segment(evaluation)
    assert section is not None
    assert {row[0].text for row in section.tables[0].rows} == {"A", "B|<b>"}
    assert by_segment({"models": {}, "comparisons": {}}) is None


def test_strata_come_in_the_order_of_life(evaluation: dict[str, Any]) -> None:
    """Earlier settled invoices from none to many, landmarks from issue to long overdue."""
    section = for_whom(evaluation)
    assert section is not None
    first = {table.header[0]: [row[0].text for row in table.rows] for table in section.tables}
    assert first["earlier settled invoices of the debtor"] == ["0", "1-2", "3-9", "10+"]
    groups = {"landmark": {name: {"points": 1} for name in ("due+7", "half_way", "due+15", "due", "issue")}}
    tables = for_whom({"models": {"payment_time": groups}}).tables
    assert [row[0].text for row in tables[0].rows] == [
        "on the day of issue", "half-way to due", "on the due day", "7 days after due", "15 days after due",
    ]  # fmt: skip


def test_weekly_cash_is_shown_where_it_was_judged(evaluation: dict[str, Any]) -> None:
    """A forecast 10 % too low over eight weeks, inside the band in three quarters of them."""
    assert weekly_cash(evaluation) is None
    with_cash = copy.deepcopy(evaluation)
    with_cash["models"]["payment_time"]["pooled"]["cash"] = {
        "weeks": 8,
        "wape": {"value": 0.2, "low": 0.15, "high": 0.3},
        "bias": {"value": -0.1, "low": -0.2, "high": 0.05},
        "coverage": 0.75,
        "claimed_coverage": 0.8,
    }
    section = weekly_cash(with_cash)
    assert section is not None
    assert [cell.text for cell in section.tables[0].rows[0]] == [
        "the model",
        "8",
        "20 %",
        "−10 %",
        "75 %",
        "80 %",
    ]


@pytest.mark.parametrize(("agrees", "words"), [(True, "and the two agree."), (False, "do not agree.")])
def test_the_page_says_whether_interval_and_claim_agree(
    evaluation: dict[str, Any], agrees: bool, words: str
) -> None:
    """As the evaluation judged it."""
    judged = copy.deepcopy(evaluation)
    judged["models"]["payment_time"]["pooled"]["dates"]["coverage_agrees"] = agrees
    section = payment_days(judged)
    assert section is not None
    assert section.lead.endswith(words)


def test_a_model_without_dates_has_no_interval_to_judge(evaluation: dict[str, Any]) -> None:
    """No section and no picture about what is not given."""
    assert payment_days(evaluation) is not None
    without = copy.deepcopy(evaluation)
    model = without["models"]["payment_time"]
    for figures in (model["pooled"], *model["landmark"].values()):
        del figures["dates"]
    assert payment_days(without) is None
    assert set(plots(without)) == {"reliability", "lift"}
    assert b"coverage.png" not in summary_files(INPUTS, without)["summary.md"]


def test_nothing_measurable_yet_is_a_page_too() -> None:
    """Points of which no lateness is decided: no pictures, and the page says that they wait."""
    outcomes = outcome_rows(("i1", "issue", -30, -20.0, "open", -20)).assign(late_measurable=False)
    said = pd.concat([predicted(outcomes, name, p_late=0.5) for name in ("payment_time", "own_rate")])
    how = {"late_after_days": 0, "seed": 1, "resamples": 5}
    evaluation = evaluate(said, outcomes, **how) | {"lift": lift(said, outcomes, **how)}
    files = summary_files(INPUTS, evaluation)
    assert set(files) == {"summary.html", "summary.md"}
    assert "1 point in time not yet measurable" in text_of(files["summary.html"])


def test_numbers_are_written_for_people() -> None:
    """Thousands, a real minus, no minus zero, a dash for what is not there."""
    assert [number(1234.5, 1), number(-2), number(-0.04, 1), number(None)] == ["1,234.5", "−2", "0.0", "–"]
    assert [percent(0.183), percent(-0.5, 1), percent(None)] == ["18 %", "−50.0 %", "–"]
    assert points(0.0183) == "1.8"
    assert figure({"value": 0.5, "low": 0.4, "high": 0.6}, percent) == Cell("50 %", "40 to 60 %")
    assert figure({"value": 0.5, "low": None, "high": None}, percent) == Cell("50 %")
    assert figure(None, percent) == Cell("–")


def test_a_page_as_markdown() -> None:
    """Title, sections, lists, tables with aligned numbers, the marked row in bold."""
    table = Table(
        ("who", ">days"), ((Cell("we"), Cell("3", "2 to 4")), (Cell("they"), Cell("5"))), marked="we"
    )
    section = Section("Part", "Lead.", points=("one",), tables=(table,), plot="picture", note="Note.")
    assert markdown("Page", [section], "End.") == (
        "# Page\n\n## Part\n\nLead.\n\n- one\n\n![Part](picture.png)\n\n"
        "| who | days |\n| :-- | --: |\n| **we** | **3 (2 to 4)** |\n| they | 5 |\n\nNote.\n\nEnd.\n"
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("[x](http://bad.example)", r"\[x\](http\://bad.example)"),
        ("![x](y)", r"!\[x\](y)"),
        ("www.bad.example", r"www\.bad.example"),
        ("a|b\\c", r"a\|b\\c"),
        ("`a` *b* _c_ ~~d~~", r"\`a\` \*b\* \_c\_ \~\~d\~\~"),
        ("__init__", r"\_\_init\_\_"),
        ("<b>\nx", "&lt;b> x"),
        ("late_share (48 %), €1,234: done!", "late_share (48 %), €1,234: done!"),
    ],
)
def test_a_name_that_looks_like_markdown_is_shown_as_it_is(name: str, shown: str) -> None:
    """A debtor's name makes no link, no emphasis and no column; harmless signs stay as they are."""
    page = markdown("Page", [Section("Part", tables=(Table(("who",), ((Cell(name),),)),))])
    assert page == f"# Page\n\n## Part\n\n| who |\n| :-- |\n| {shown} |\n"


@dataclass(frozen=True)
class Walked:
    """A small backtest and the same once more: the answers, and the files after each."""

    folder: Path
    result: dict[str, Any]
    again: dict[str, Any]
    files: dict[str, bytes]
    files_again: dict[str, bytes]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory, empty_registry: Callable[[Path], None]) -> Walked:
    """The same small backtest twice; before its first cutoff almost nothing was known."""
    folder = tmp_path_factory.mktemp("walked")
    config = write_portfolio(simulate(debtors=25, months=8, seed=3, end=date(2025, 7, 1)), folder)
    with config.open("a") as file:
        file.write("predictor: {training_rows: 1000, evaluation_rows: 500, iterations: 10}\n")
    empty_registry(config)
    days = {"start": date(2024, 11, 5), "until": date(2025, 4, 5), "every": "2M", "today": date(2025, 7, 1)}

    def walk() -> tuple[dict[str, Any], dict[str, bytes]]:
        result = backtest(config, **days)
        return result, {path.name: path.read_bytes() for path in Path(result["path"]).iterdir()}

    result, files = walk()
    again, files_again = walk()
    return Walked(folder, result, again, files, files_again)


def test_a_fold_without_history_does_not_stop_the_others(walked: Walked) -> None:
    """It is left out by name and reason; predictions are there for the other folds only."""
    result = walked.result
    assert [fold["cutoff"] for fold in result["left_out"]] == ["2024-11-05"]
    assert "nothing to learn from" in result["left_out"][0]["why"]
    assert result["folds"] == 2
    predictions = pd.read_parquet(Path(result["path"]) / "predictions.parquet")
    assert sorted(predictions["cutoff"].unique()) == [date(2025, 1, 5), date(2025, 3, 5)]
    assert "The fold of 2024-11-05 is left out: nothing to learn from" in text_of(
        Path(result["summary"]).read_bytes()
    )


def test_all_folds_without_history_are_a_refusal(walked: Walked) -> None:
    """The reason is that of the fold, and nothing is written or logged."""
    days = {"start": date(2024, 11, 5), "until": date(2024, 11, 20), "every": "1M", "today": date(2025, 7, 1)}
    with pytest.raises(DebtscapeError, match=r"no fold from 2024-11-05 .* nothing to learn from"):
        backtest(walked.folder / "debtscape.yaml", **days)
    assert len(list((walked.folder / "out/backtests").iterdir())) == 1


def test_a_backtest_twice_gives_the_same_bytes_in_the_same_place(walked: Walked) -> None:
    """Tables, figures and summary; nothing else is left behind."""
    pictures = {"reliability.png", "coverage.png", "error_by_age.png", "lift.png"}
    tables = {"predictions.parquet", "outcomes.parquet", "metrics.json"}
    assert set(walked.files) == tables | {"summary.html", "summary.md"} | pictures
    assert walked.files == walked.files_again
    assert [path.name for path in (walked.folder / "out/backtests").iterdir()] == [
        walked.result["backtest_id"]
    ]


def test_a_backtest_is_a_run_in_mlflow(walked: Walked) -> None:
    """Its inputs, pooled figures and files; a second time is a second run of the same backtest."""
    from mlflow import MlflowClient

    result = walked.result
    assert walked.again == result
    client = MlflowClient(f"sqlite:///{walked.folder}/out/mlflow.db")
    experiment = client.get_experiment_by_name("backtests")
    runs = client.search_runs([experiment.experiment_id])
    assert [run.data.tags["backtest_id"] for run in runs] == 2 * [result["backtest_id"]]
    data = runs[0].data
    assert data.params["cutoffs"] == "2024-11-05, 2025-01-05, 2025-03-05"
    assert set(data.params) == {"cutoffs", "until", "ledger", "settings"}
    shown = next(row for row in result["figures"] if row["predictor"] == "payment_time")
    assert data.metrics["payment_time_auc"] == shown["auc"]
    assert runs[1].data.metrics == data.metrics
    logged = {file.path for file in client.list_artifacts(runs[0].info.run_id)}
    assert {"metrics.json", "summary.html", "summary.md", "reliability.png"} <= logged
    assert not any(name.endswith(".parquet") for name in logged)


def test_the_metrics_hold_what_the_summary_shows(walked: Walked) -> None:
    """Lift is in metrics.json too, so that the page follows from it."""
    metrics = json.loads((Path(walked.result["path"]) / "metrics.json").read_text())
    assert metrics["lift"]["models"]["payment_time"]["curve"][-1] == 1.0
