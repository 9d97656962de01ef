"""The configuration is strict: every mistake is named, with its place and the way out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from features.errors import ConfigurationError
from features.sources import Source
from models.payment.payment_time import PaymentTime
from pipelines.learning.folds import payment_time, rule
from pipelines.settings import CONFIGS, Settings
from pipelines.settings_file import load_settings, parse_settings

TEMPLATE = Path(__file__).resolve().parents[1] / "configs" / "template.yaml"
INVOICES = {"ledger": {"invoices": {"path": "invoices.csv"}}}


def settings(**keys: Any) -> Settings:
    """The smallest configuration with some keys more."""
    return parse_settings({**INVOICES, **keys}, base=Path("/books"), name="debtscape.yaml")


def written(folder: Path, text: str) -> Path:
    """A configuration file with that text."""
    path = folder / "debtscape.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def keys_of(model: type[BaseModel]) -> dict[str, Any]:
    """Every key of a configuration with its default, tables of keys as dictionaries."""
    return {
        name: keys_of(type(field.default)) if isinstance(field.default, BaseModel) else field.default
        for name, field in model.model_fields.items()
        if name not in ("base", "ledger")
    }


def test_only_the_invoices_are_needed() -> None:
    """A mapping of the invoices is a whole configuration; the rest has defaults."""
    assert settings().late_after_days == 0
    assert settings().home_currency == "EUR"
    assert settings().policy_file == CONFIGS / "policy.yaml"
    assert settings().rules_file == CONFIGS / "rules.yaml"
    assert settings().tactics_file == CONFIGS / "delay_tactics.yaml"
    assert settings().statutory_file == CONFIGS / "statutory.yaml"
    assert settings().messages_folder == CONFIGS / "messages"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"late_after_dayz": 3}, "late_after_dayz: unknown key, did you mean late_after_days?"),
        (
            {"bank_known_until": "yesterday"},
            "bank_known_until: write a day, such as 2026-01-30, or newest_payment",
        ),
        (
            {"default_legal_kind": "company"},
            "default_legal_kind: Input should be 'business', 'public', 'consumer'",
        ),
        ({"segments": {"cluster": 3}}, "segments.cluster: unknown key, did you mean clusters?"),
        (
            {"schemes": {"own": {"kind": "speed", "clok": "due"}}},
            "schemes.own.clok: unknown key, did you mean clock?",
        ),
        (
            {"schemes": {"own": {"kind": "tresholds"}}},
            "schemes.own.kind: no such kind: tresholds, did you mean thresholds?",
        ),
        (
            {"schemes": {"own": {"kind": "matrix", "rows": {"by": "size", "valeus": ["big"]}}}},
            "schemes.own.rows.valeus: unknown key, did you mean values?",
        ),
        (
            {"schemes": {"own": {"kind": "matrix", "columns": {"by": "size", "zzz": 3}}}},
            "schemes.own.columns.zzz: unknown key; known: by, values",
        ),
        (
            {"credit_scores": {"bureau": {"beter": "high"}}},
            "credit_scores.bureau.beter: unknown key, did you mean better?",
        ),
        ({"predictor": {"iteration": 50}}, "predictor.iteration: unknown key, did you mean iterations?"),
        ({"settle_tolerance": {"amounts": 2}}, "settle_tolerance.amounts: unknown key, did you mean amount?"),
        ({"mlflow": {"tracking_url": "x"}}, "mlflow.tracking_url: unknown key, did you mean tracking_uri?"),
        ({"schedule": {"resegmnt": "0 5 * * *"}}, "did you mean resegment?"),
        (
            {"ledger": {"invoices": {"path": "a", "colums": {}}}},
            "ledger.invoices.colums: unknown key, did you",
        ),
        (
            {"ledger": {"invoices": {"path": "a"}, "paymnts": {"path": "b"}}},
            "ledger.paymnts: no such table, did you mean payments?",
        ),
        ({"ledger": {"invoices": {"path": "a"}, 3: {"path": "b"}}}, "ledger.3: no such table"),
        ({True: 1}, "Keys should be strings"),  # `on:` and `yes:` are that in YAML
        ({"base": "/"}, "base: unknown key"),
        ({"zzz": 1}, "zzz: unknown key; known: ledger, late_after_days"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest(content: dict[Any, Any], said: str) -> None:
    """A typing error is an error, at any depth, and never a silent default."""
    with pytest.raises(ConfigurationError, match=r"^debtscape\.yaml: ") as refusal:
        parse_settings({**INVOICES, **content}, base=Path(), name="debtscape.yaml")
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"timezone": "Europe/Amsterdm"}, "timezone: no such time zone, did you mean Europe/Amsterdam?"),
        ({"timezone": "CEST"}, "timezone: no such time zone"),
        ({"home_currency": "EURO"}, "home_currency: 'EURO' is not an ISO 4217 code"),
        ({"home_currency": "eur"}, "home_currency: 'eur' is not"),
        ({"home_currency": "ABC"}, "home_currency: 'ABC' is not"),
        ({"default_country": "Netherlands"}, "default_country: "),
        ({"late_after_days": -1}, "late_after_days: Input should be greater than or equal to 0"),
        ({"late_after_days": 91}, "late_after_days: "),
        ({"late_after_days": "3"}, "late_after_days: Input should be a valid integer"),
        ({"late_after_days": True}, "late_after_days: Input should be a valid integer"),
        ({"csv": "true"}, "csv: Input should be a valid boolean"),
        ({"settle_tolerance": {"share": 0.5}}, "settle_tolerance.share: "),
        ({"settle_tolerance": {"amount": float("inf")}}, "settle_tolerance.amount: "),
        ({"segments": {"clusters": 1}}, "segments.clusters: "),
        ({"segments": {"max_clusters": 8}}, "segments.max_clusters: "),
        ({"segments": {"scheme": "abcd"}}, "no scheme `abcd`; did you mean `abc`?"),
        ({"segments": {"scheme": "value"}}, "value classes say how much a debtor buys, not how it pays"),
        (
            {"schemes": {"own": {"kind": "pareto", "top": 0.9, "middle": 0.8}}},
            "scheme own: shares must rise; top is 0.9, middle is 0.8",
        ),
        (
            {"schemes": {"own": {"kind": "thresholds", "figure": "mean_days_late"}}},
            "schemes.own.borders is missing",
        ),
        (
            {"schemes": {"own": {"clock": "due"}}},
            "schemes.own.kind is missing; there are: thresholds, speed, pareto, matrix",
        ),
        ({"schemes": {"own": None}}, "schemes.own: "),
        (
            {
                "credit_scores": {
                    "bureau": {"better": "high", "lowest": 0, "highest": 100, "high_risk": 70, "low_risk": 40}
                }
            },
            "credit_scores.bureau: a high score is the better one, so high_risk must be below low_risk",
        ),
        ({"segments": 4}, "segments: "),
        ({"segments": None}, "segments: "),
        ({"predictor": {"learning_rate": 0}}, "predictor.learning_rate: "),
        ({"predictor": {"static": ["name"]}}, "predictor.static.0: Input should be 'sector', 'country' or"),
        (
            {"predictor": {"features": ["open_amout"]}},
            "open_amout is not a feature to learn from, did you mean",
        ),
        (
            {"predictor": {"features": ["history"]}},
            "features: history is not a feature to learn from; known: ",
        ),
        ({"predictor": {"features": ["paid_on_monday_365d"]}}, "is not a feature to learn from"),
        ({"predictor": {"features": ["late_share", "late_share"]}}, "features: late_share is named twice"),
        ({"predictor": {"features": []}}, "predictor.features: name at least one, or null for all"),
        ({"predictor": {"features": "late_share"}}, "predictor.features: Input should be a valid tuple"),
        ({"predictor": {"horizon_days": 119}}, "predictor.horizon_days: "),
        ({"predictor": {"horizon_days": 731}}, "predictor.horizon_days: "),
        ({"predictor": {"max_leaf_nodes": 1}}, "predictor.max_leaf_nodes: "),
        ({"predictor": {"min_samples_leaf": 0}}, "predictor.min_samples_leaf: "),
        ({"predictor": {"l2_regularization": -1}}, "predictor.l2_regularization: "),
        ({"predictor": {"estimator": "mine"}}, "estimator: 'mine': write package.module:callable, such as"),
        ({"predictor": {"estimator": "my-file.py:make"}}, "write package.module:callable"),
        ({"predictor": {"estimator_types": "mine.Type"}}, "estimator_types: Input should be a valid tuple"),
        ({"workers": 0}, "workers: "),
        ({"seed": -1}, "seed: "),
        ({"seed": 1.5}, "seed: "),
        ({"ledger": {"invoices": None}}, "ledger.invoices: "),
        ({"ledger": {"invoices": {}}}, "ledger.invoices.path is missing"),
        ({"ledger": {"payments": {"path": "a"}}}, "ledger.invoices is missing"),
        ({"ledger": ["invoices.csv"]}, "ledger.invoices is missing"),
        ({"ledger": {"invoices": {"path": "a", "dates": "american"}}}, "ledger.invoices.dates: dates is "),
        ({"ledger": {"invoices": {"path": "a", "query": "select 1"}}}, "belong together"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(content: dict[str, Any], said: str) -> None:
    """The message begins with the file and the key; text is no number and a number no flag."""
    with pytest.raises(ConfigurationError, match=r"^debtscape\.yaml: ") as refusal:
        parse_settings({**INVOICES, **content}, base=Path(), name="debtscape.yaml")
    assert said in str(refusal.value)
    assert "Value error" not in str(refusal.value)


@pytest.mark.parametrize(
    "cron", ["0 5 * * *", "*/15 * * * *", "30 4 1,15 * 1-5", "0 0 * JAN-mar Sun", "0 6-18/2 * * 7"]
)
def test_a_cron_expression_of_five_fields_is_accepted(cron: str) -> None:
    """Steps, lists, ranges and names are."""
    assert settings(schedule={"train": cron}).schedule.train == cron


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("0 5 * *", "wrong number of fields"),
        ("0 0 5 * * *", "wrong number of fields"),
        ("60 5 * * *", "bad minute"),
        ("0 24 * * *", "bad hour"),
        ("0 5 0 * *", "bad day-of-month"),
        ("0 5 * 13 *", "bad month"),
        ("0 5 * * 8", "bad day-of-week"),
        ("0 5 * * maandag", "bad day-of-week"),
        ("0 5 mon * *", "bad day-of-month"),
        ("*/0 5 * * *", "bad minute"),
        ("0 5, * * *", "bad hour"),
    ],
)
def test_a_cron_expression_that_never_comes_is_refused(cron: str, said: str) -> None:
    """The field that is wrong is named, long before the first night without a run."""
    with pytest.raises(ConfigurationError, match=r"schedule\.resegment: ") as refusal:
        settings(schedule={"resegment": cron})
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "debtscape.yaml: empty. It needs at least `ledger:` with `invoices:`"),
        ("# nothing but a comment\n", "debtscape.yaml: empty"),
        ("- ledger\n", "debtscape.yaml: not a mapping of keys"),
        ("ledger:\n  invoices: {path: a.csv\nseed: 1\n", "debtscape.yaml line 3: not valid YAML"),
        ("ledger:\n\tinvoices: x\n", "debtscape.yaml line 2: not valid YAML"),
        ("late_after_days: 0\n", "debtscape.yaml: ledger.invoices is missing"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(text: str, said: str, tmp_path: Path) -> None:
    """Empty, not YAML (with the line), or without invoices: one sentence says which."""
    with pytest.raises(ConfigurationError) as refusal:
        load_settings(written(tmp_path, text))
    assert said in str(refusal.value)
    assert len(str(refusal.value).splitlines()) <= 2


def test_a_missing_file_tells_how_to_make_one(tmp_path: Path) -> None:
    """The way out is `debtscape init`; a folder or bytes are no text file."""
    with pytest.raises(ConfigurationError, match=r"no such configuration.*debtscape init FILE"):
        load_settings(tmp_path / "nowhere.yaml")
    with pytest.raises(ConfigurationError, match="not a YAML text file"):
        load_settings(tmp_path)
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(ConfigurationError, match="not a YAML text file"):
        load_settings(tmp_path / "bytes.yaml")


def test_relative_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    """A configuration means the same wherever the command is called; absolute paths stay."""
    text = "ledger: {invoices: {path: a.csv}}\noutput: results\npolicy: own/policy.yaml\n"
    read = load_settings(written(tmp_path, text))
    assert read.base == tmp_path
    assert read.output_folder == tmp_path / "results"
    assert read.policy_file == tmp_path / "own" / "policy.yaml"
    assert read.tracking_uri == f"sqlite:///{tmp_path / 'results' / 'mlflow.db'}"
    assert settings(output="/elsewhere").output_folder == Path("/elsewhere")
    assert settings(mlflow={"tracking_uri": "http://tracking"}).tracking_uri == "http://tracking"


def test_a_configuration_cannot_be_changed_after_reading() -> None:
    """It is frozen, also inside, so that nothing but the file decides."""
    read = settings()
    with pytest.raises(ValidationError):
        read.seed = 8  # type: ignore[misc]
    with pytest.raises(ValidationError):
        read.segments.clusters = 5  # type: ignore[misc]


@pytest.mark.parametrize(
    "changed",
    [
        {"late_after_days": 5},
        {"home_currency": "USD"},
        {"default_country": "NL"},
        {"settle_tolerance": {"share": 0.02}},
        {"settle_tolerance": {"amount": 2}},
        {"dormant_after_days": 200},
        {"segments": {"clusters": 5}},
        {"segments": {"new_until_matured": 4}},
        {"segments": {"dormant_after_months": 12}},
        {"predictor": {"training_rows": 1000}},
        {"predictor": {"iterations": 50}},
        {"predictor": {"static": ["country"]}},
        {"predictor": {"features": ["late_share_365d"]}},
        {"predictor": {"horizon_days": 180}},
        {"predictor": {"learning_rate": 0.05}},
        {"predictor": {"max_leaf_nodes": 31}},
        {"predictor": {"min_samples_leaf": 50}},
        {"predictor": {"l2_regularization": 0}},
        {"predictor": {"estimator": "mine:make"}},
        {"seed": 8},
    ],
)
def test_the_fingerprint_changes_with_what_changes_figures(changed: dict[str, Any]) -> None:
    """Another configuration of the figures is another run."""
    assert settings(**changed).fingerprint() != settings().fingerprint()


@pytest.mark.parametrize(
    "changed",
    [
        {"output": "elsewhere"},
        {"csv": True},
        {"workers": 5},
        {"schedule": {"train": "0 4 * * *"}},
        {"mlflow": {"tracking_uri": "http://tracking"}},
        {"max_ledger_age_days": 30},
        {"late_after_days": 0},  # the default, written out
        {"ledger": {"invoices": {"path": "same_rows_elsewhere.csv"}}},  # what is read has its own fingerprint
    ],
)
def test_the_fingerprint_stays_when_no_figure_can_change(changed: dict[str, Any]) -> None:
    """Where and when things are read and written, and by how many processes, changes no figure."""
    assert settings(**changed).fingerprint() == settings().fingerprint()


def test_the_model_is_the_one_that_is_configured() -> None:
    """Every setting of the predictor reaches the model; without any, the model's own defaults stand."""
    plain = PaymentTime(workers=2, seed=7).get_params()
    assert payment_time(settings()).get_params() == plain
    chosen = {
        "horizon_days": 180,
        "features": ("late_share_365d", "days_past_due"),
        "iterations": 40,
        "learning_rate": 0.2,
        "max_leaf_nodes": 7,
        "min_samples_leaf": 30,
        "l2_regularization": 3.0,
    }
    own = settings(predictor={**chosen, "training_rows": 900}, late_after_days=5, workers=3, seed=1)
    rest = {"max_rows": 900, "late_after_days": 5, "workers": 3, "seed": 1, "make_estimator": None}
    assert payment_time(own).get_params() == chosen | rest
    assert rule(own).horizon_days == 180


def test_the_template_holds_every_key_with_its_default() -> None:
    """A reader of the template sees every key there is, and what it is when it is left out."""
    shown = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))
    del shown["ledger"]
    expected = keys_of(Settings)
    assert shown.keys() == expected.keys()
    for name, default in expected.items():
        if isinstance(default, dict):
            assert shown[name].keys() == default.keys(), name
    read = load_settings(TEMPLATE)
    assert read.model_dump(exclude={"ledger"}) == settings().model_dump(exclude={"ledger"})


def test_each_key_of_the_template_is_explained() -> None:
    """Every key has a comment beside it; those of a source are there too, some as examples."""
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines()
    nested = {key for value in keys_of(Settings).values() if isinstance(value, dict) for key in value}
    tables = {key for key, value in keys_of(Settings).items() if isinstance(value, dict)}
    for key in (set(keys_of(Settings)) - tables) | nested:
        assert any(re.match(rf" *{key}: [^#]*# ?\S", line) for line in lines), key
    for key in Source.model_fields:
        assert any(re.match(rf" *(# )?{key}:.*(#|$)", line) for line in lines), key
