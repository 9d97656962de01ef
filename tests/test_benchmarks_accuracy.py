"""The scripts behind the accuracy figures measure what they say, on a ledger small enough to be quick."""

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

import accuracy
import family_comparison
import learning_curve
import model_families
import public_ledgers
from public_ledgers import read_public

from features.ledger import known_before
from models.evaluation.evaluate import MODEL
from models.scorer import CLASSES
from pipelines.learning.folds import training_rows
from pipelines.reading import Reading

pytestmark = pytest.mark.slow  # a yardstick of the figures, not of what a user runs


@pytest.fixture(scope="module")
def reading() -> Reading:
    """Two years of sixty debtors, and a model that learns for a moment."""
    asked = {"debtors": 60, "months": 24, "invoices": 1_000, "seed": 3, "end": date(2026, 1, 1)}
    read = public_ledgers.read_simulated(**asked)
    return replace(read, settings=learning_curve.of_size(read.settings, iterations=10, training_rows=2_000))


@pytest.fixture(scope="module")
def measured(reading: Reading) -> dict:
    """The last fifth of that ledger."""
    return accuracy.measure(reading, resamples=20)


def write(folder: Path, name: str, *lines: str) -> None:
    """Write a file of these lines."""
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_small_company_settles_with_its_last_payment_whatever_the_amount(tmp_path):
    """An invoice of 100 paid 60 and then 10 is settled on the day of the 10."""
    write(
        tmp_path,
        "sme_invoices.csv",
        "invoice_id,vendor,created_at,invoice_date,due_date,amount",
        "A,v,2015-02-20 10:00:00,2015-01-01,2015-01-31,100",
    )
    write(
        tmp_path,
        "sme_payments.csv",
        "invoice_id,paid_date,amount",
        "A,2015-02-01,60",
        "A,2015-03-01,10",
    )
    reading = public_ledgers.read_sme(tmp_path)
    payment, invoice = reading.ledger.payments.iloc[0], reading.ledger.invoices.iloc[0]
    assert (payment["paid_on"], payment["amount_minor"]) == (pd.Timestamp("2015-03-01"), 100_00)
    assert invoice["known_on"] == invoice["issued_on"] == pd.Timestamp("2015-01-01")


def test_ibm_is_read_month_first_with_countries_and_without_disputes(tmp_path):
    """3/2/2013 is the second of March; the country comes along, `Disputed` does not."""
    write(
        tmp_path,
        "ibm_receivables.csv",
        "countryCode,customerID,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,Disputed,SettledDate",
        "391,c,1,3/2/2013,4/1/2013,55.94,Yes,4/13/2013",
        "391,c,2,3/3/2013,4/2/2013,10.00,No,4/14/2013",
    )
    ledger = public_ledgers.read_ibm(tmp_path).ledger
    assert ledger.invoices["issued_on"].tolist() == [pd.Timestamp("2013-03-02"), pd.Timestamp("2013-03-03")]
    assert ledger.customers["country"].tolist() == ["391"]
    assert ledger.disputes.empty


def test_without_public_ledgers_the_way_out_is_said(tmp_path, monkeypatch):
    """An empty folder ends the command with the variable to set."""
    monkeypatch.setenv("DEBTSCAPE_LEDGERS", str(tmp_path))
    with pytest.raises(SystemExit, match="set DEBTSCAPE_LEDGERS"):
        public_ledgers.ledgers_folder()


def test_share_of_issued_invoices(reading):
    """Four fifths of the invoices were issued before the day of 0.8, but for those of that day."""
    issued = reading.ledger.invoices.query("kind != 'credit_note'")["issued_on"]
    day = pd.Timestamp(public_ledgers.issue_day_at(reading, 0.8))
    assert (issued < day).mean() <= 0.8 < (issued <= day).mean()


def test_last_fifth_is_all_that_is_judged(reading, measured):
    """No more points at issue than invoices of the last fifth, each way of counting with all evaluations."""
    issued = reading.ledger.invoices["issued_on"]
    last = (issued >= pd.Timestamp(public_ledgers.issue_day_at(reading, 0.8))).sum()
    assert set(measured) == {"decided", "all"}
    for found in measured.values():
        assert 0 < found["at_issue"]["points"] <= last
        assert found["every_landmark"]["points"] > found["at_issue"]["points"]
        assert set(found["at_issue"]["models"]) == set(accuracy.SHOWN)


def test_all_counts_settled_invoices_as_decided(measured):
    """On the settled invoices every payment day counts, among the others only those followed to due + 90."""
    dates = {way: found["at_issue"]["models"][MODEL]["pooled"]["dates"] for way, found in measured.items()}
    assert dates["all"]["not_yet_measurable"] == 0 < dates["decided"]["not_yet_measurable"]


def test_settled_alone():
    """The open invoice goes; what was decided later than due + 90 stays so."""
    became = pd.DataFrame(
        {
            "invoice_id": ["open", "young", "old"],
            "event": [False, True, True],
            "due_on": pd.to_datetime(["2024-01-01"] * 3),
            "decided_until": pd.to_datetime(["2024-01-05", "2024-01-05", "2025-01-01"]),
        }
    )
    kept = accuracy.settled_alone(became)
    assert kept["invoice_id"].tolist() == ["young", "old"]
    assert kept["decided_until"].tolist() == [pd.Timestamp("2024-03-31"), pd.Timestamp("2025-01-01")]


def test_severely_late_is_what_lies_beyond_thirty_days():
    """0.2 + 0.1 + 0.05 of the model; the own rate is the given one, who gives no classes says nothing."""
    shares = dict(zip(CLASSES, (0.4, 0.25, 0.2, 0.1, 0.05), strict=True))
    said = pd.DataFrame(
        [
            {"model": MODEL, "invoice_id": "A", "p_late": 0.6, **shares},
            {"model": "own_rate", "invoice_id": "A", "p_late": 0.6},
            {"model": "median_delay", "invoice_id": "A"},
        ]
    )
    severe = accuracy.severely_late(said, pd.Series({"A": 0.15}))["p_late"]
    assert severe[:2].tolist() == pytest.approx([0.35, 0.15])
    assert np.isnan(severe[2])


@pytest.mark.parametrize(
    ("name", "block", "quick", "said"),
    [
        ("auc", {"auc": {"value": 0.868}}, (0.868, 0.8), "yes"),
        ("auc", {"auc": {"value": 0.8679}}, (0.868, 0.8), "no"),
        ("auc", {"auc": {"value": 0.9}}, None, ""),
        ("mae_days", {"mae_days": {"value": 5.8}}, (5.8, 6.2), "yes"),
        ("mae_days", {"mae_days": {"value": 5.81}}, (5.8, 6.2), "no"),
        ("brier_skill", {"brier_skill": {"value": 0.0}}, None, "no"),
        ("brier_skill", {"brier_skill": {"value": 0.01}}, None, "yes"),
        ("ece", {"ece": {"value": 0.03}, "ece_if_calibrated": {"p95": 0.03}}, None, "yes"),
        ("ece", {"ece": {"value": 0.031}, "ece_if_calibrated": {"p95": 0.03}}, None, "no"),
    ],
)
def test_reached(name, block, quick, said):
    """Reached is not worse than the quick attempt, nor than chance allows, and a skill above nothing."""
    assert accuracy.reached(name, block, quick) == said


def test_tables_have_a_cell_for_each_heading(measured):
    """Each row has as many cells as its header; the model's figures come with intervals."""
    for header, rows_of in (
        (accuracy.HEADER, accuracy.accuracy_rows),
        (accuracy.COVERAGE, accuracy.coverage_rows),
    ):
        rows = [row for counted, found in measured.items() for row in rows_of("IBM", counted, found)]
        assert rows
        assert {len(row) for row in rows} == {len(header)}
        assert all(" to " in row[5 if header is accuracy.HEADER else 4] for row in rows)


def test_markdown():
    """A header, a rule, the rows."""
    assert public_ledgers.markdown(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_folds_end_before_the_last_fifth(reading):
    """Nothing is asked, learned or known from the day on which 80 % were issued."""
    until = pd.Timestamp(public_ledgers.issue_day_at(reading, 0.8))
    parts = list(family_comparison.folds(reading, family_comparison.SHARES))
    assert len(parts) == 3
    for part, end in zip(parts, [*(pd.Timestamp(part.cutoff) for part in parts[1:]), until], strict=True):
        assert part.points["day"].between(pd.Timestamp(part.cutoff), end, inclusive="left").all()
        assert (part.became["decided_until"] < until).all()
        assert (part.learned[1]["decided_until"] < pd.Timestamp(part.cutoff)).all()


def test_a_member_alone_is_that_member(reading):
    """All weight on one member gives its late probability, and the equal average the mean of the three."""
    cut = public_ledgers.issue_day_at(reading, 0.7)
    learned = training_rows(known_before(reading.ledger, cut), cut, reading.settings)
    found, seconds = model_families.families(learned, reading.settings)
    assert set(found) == set(seconds) == set(family_comparison.NAMES)
    assert all(taken > 0 for taken in seconds.values())
    rows = learned[0].head(50)
    alone = [found[name].predict(rows)["p_late"] for name in model_families.MEMBERS]
    assert not np.allclose(alone[0], alone[1])
    assert not np.allclose(alone[0], alone[2])
    thirds = dict.fromkeys(model_families.MEMBERS, 1 / 3)
    mean = model_families.pooled(found[MODEL], thirds, 1.0).predict(rows)["p_late"]
    assert np.allclose(mean, np.mean(alone, axis=0), atol=1e-9)
    assert found[MODEL].parameters_["weights"].keys() == thirds.keys()


def test_quantile_boosting_gives_days_in_order(reading):
    """Three days that do not cross and do not lie in the past, and no probability."""
    cut = public_ledgers.issue_day_at(reading, 0.7)
    learned = training_rows(known_before(reading.ledger, cut), cut, reading.settings)
    said = model_families.QuantileBoosting(0).fit(*learned).predict(learned[0])
    low, middle, high = (said[f"days_until_p{share}"] for share in (10, 50, 90))
    assert (low >= 0).all()
    assert (low <= middle).all()
    assert (middle <= high).all()
    assert said["p_late"].isna().all()


def test_comparison_measures_every_family_on_the_same_points(reading):
    """One row per family; who gives no probability has no AUC."""
    evaluation, seconds = family_comparison.compare(reading, (0.7,), resamples=10)
    assert set(evaluation["models"]) == set(family_comparison.NAMES) == set(seconds.index)
    rows = family_comparison.table_of(evaluation, seconds).splitlines()[2:]
    cells = {row.split(" | ")[0].strip("| "): row.split(" | ") for row in rows}
    assert set(cells) == set(family_comparison.NAMES.values())
    assert cells["quantile boosting"][1].strip() == ""
    assert 0.5 < float(cells["learned pool (shipped)"][1]) < 1


def test_learning_curve_compares_sizes_with_the_default(reading):
    """A row per size, with as many rows to learn from as asked for or as there are; the default is marked."""
    default = reading.settings.predictor.training_rows
    evaluation, seconds = learning_curve.curve(reading, (500, default), resamples=10)
    assert seconds.loc[500, "rows"] == 500 < seconds.loc[default, "rows"] <= default
    assert set(evaluation["comparisons"]) == {"500"}
    table = learning_curve.table_of(evaluation, seconds, reading.settings).splitlines()
    assert ["(default)" in line for line in table] == [False, False, False, True]


@pytest.mark.usefixtures("public_ledgers")
@pytest.mark.parametrize("name", ["IBM", "SME"])
def test_public_ledgers_are_complete(name):
    """Every invoice of both is settled, which is why all of them can be counted."""
    ledger = read_public(name).ledger
    assert set(ledger.payments["invoice_id"]) == set(ledger.invoices["invoice_id"])
