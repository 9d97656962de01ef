"""The configuration: YAML and environment into one frozen, strict object."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from features.catalogue import INVOICE_FEATURES, names
from features.contracts import LEDGER_TABLES
from features.errors import ConfigurationError
from features.sources import Source
from features.spelling import nearest
from models.credit_scales import CreditScale
from models.matrix import Matrix
from models.scheme_checks import check_schemes
from models.schemes import DEFAULT_SCHEMES, LEARNED, Pareto, Scheme, Speed, Thresholds
from models.stability import FEWEST, MOST

CONFIGS = Path(__file__).resolve().parent.parent / "configs"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _known_timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"no such time zone{_or_known(name, sorted(available_timezones()))}")
    return name


def _known_currency(code: str) -> str:
    from babel.numbers import list_currencies

    if code not in list_currencies():
        raise ValueError(f"{code!r} is not an ISO 4217 code such as EUR")
    return code


def _cron(expression: str) -> str:
    from cronsim import CronSim, CronSimError

    try:
        CronSim(expression, datetime(2000, 1, 1))
    except CronSimError as error:
        raise ValueError(f"{str(error).lower()} in {expression!r}: minute hour day month weekday") from None
    if len(expression.split()) != 5:
        raise ValueError(f"wrong number of fields in {expression!r}: minute hour day month weekday")
    return expression


def _learnable(features: tuple[str, ...]) -> tuple[str, ...]:
    known = names(INVOICE_FEATURES)
    for place, name in enumerate(features):
        if name not in known:
            raise ValueError(f"{name} is not a feature to learn from{_or_known(name, known)}")
        if name in features[:place]:
            raise ValueError(f"{name} is named twice")
    if not features:
        raise ValueError("name at least one, or null for all")
    return features


def _place_of_a_callable(place: str) -> str:
    module, _, attribute = place.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), attribute)):
        raise ValueError(f"{place!r}: write package.module:callable, such as my_estimator:make")
    return place


class SettleTolerance(_Strict):
    """An item is settled while its open amount is at most the larger of the two."""

    share: float = Field(0.01, ge=0, lt=0.5)
    amount: float = Field(1.0, ge=0, allow_inf_nan=False)


class SegmentSettings(_Strict):
    """How debtors are grouped, and when one moves; `scheme` names the classes that treat."""

    scheme: str = LEARNED
    clusters: int | None = Field(None, ge=2, le=MOST)
    max_clusters: int = Field(5, ge=FEWEST, le=MOST)
    new_until_matured: int = Field(3, ge=1)
    dormant_after_months: int = Field(18, ge=1)
    clear_margin: float = Field(0.25, ge=0, lt=1)
    confirm_days: int = Field(30, ge=0)
    alarm_share: float = Field(0.15, gt=0, le=1)
    min_persistence: float = Field(0.8, ge=0, le=1)


class PredictorSettings(_Strict):
    """How the payment time is learned; the defaults of the model are those of `PaymentTime`."""

    training_rows: int = Field(30_000, ge=500)
    evaluation_rows: int = Field(20_000, ge=500)
    static: tuple[Literal["sector", "country", "size"], ...] = Field(
        ("sector", "country", "size"), strict=False
    )
    features: Annotated[tuple[str, ...], Field(strict=False), AfterValidator(_learnable)] | None = None
    horizon_days: int = Field(365, ge=120, le=730)
    iterations: int = Field(100, ge=10)
    learning_rate: float = Field(0.1, gt=0, le=1)
    max_leaf_nodes: int = Field(15, ge=2)
    min_samples_leaf: int = Field(100, ge=1)
    l2_regularization: float = Field(1.0, ge=0, allow_inf_nan=False)
    estimator: Annotated[str, AfterValidator(_place_of_a_callable)] | None = None
    estimator_types: tuple[str, ...] = Field((), strict=False)


class TrackingSettings(_Strict):
    """Where models are tracked and registered."""

    tracking_uri: str | None = None


class ScheduleSettings(_Strict):
    """When the scheduled flows run, in `timezone`."""

    resegment: Annotated[str, AfterValidator(_cron)] = "0 5 * * *"
    train: Annotated[str, AfterValidator(_cron)] = "0 3 1 * *"


class Settings(_Strict):
    """Everything a run depends on besides the ledger's facts, the day and the models.

    `base` is the folder of the configuration file; relative paths start there.
    """

    ledger: dict[str, Source]
    late_after_days: int = Field(0, ge=0, le=90)
    home_currency: Annotated[str, AfterValidator(_known_currency)] = "EUR"
    default_country: str | None = Field(None, pattern="^[A-Z]{2}$")
    settle_tolerance: SettleTolerance = SettleTolerance()
    dormant_after_days: int = Field(365, ge=91)
    max_ledger_age_days: int = Field(7, ge=1)
    output: Path = Field(Path("out"), strict=False)
    csv: bool = False
    timezone: Annotated[str, AfterValidator(_known_timezone)] = "UTC"
    policy: Path | None = Field(None, strict=False)
    rules: Path | None = Field(None, strict=False)
    delay_tactics: Path | None = Field(None, strict=False)
    segments: SegmentSettings = SegmentSettings()
    schemes: dict[str, Scheme] = dict(DEFAULT_SCHEMES)
    credit_scores: dict[str, CreditScale] = {}
    predictor: PredictorSettings = PredictorSettings()
    mlflow: TrackingSettings = TrackingSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    workers: int = Field(2, ge=1)
    seed: int = Field(7, ge=0, lt=2**32)
    base: Path = Field(Path(), exclude=True)

    @property
    def output_folder(self) -> Path:
        """The folder of runs, backtests and, by default, the MLflow database."""
        return self.base / self.output

    @property
    def tracking_uri(self) -> str:
        """The MLflow tracking and registry address."""
        return self.mlflow.tracking_uri or f"sqlite:///{(self.output_folder / 'mlflow.db').resolve()}"

    @property
    def policy_file(self) -> Path:
        """The reminder policy: the configured one or the one that is shipped."""
        return self.base / self.policy if self.policy else CONFIGS / "policy.yaml"

    @property
    def rules_file(self) -> Path:
        """The rules over the segments: the configured ones or those that are shipped."""
        return self.base / self.rules if self.rules else CONFIGS / "rules.yaml"

    @property
    def tactics_file(self) -> Path:
        """The patterns of delay tactics: the configured ones or those that are shipped."""
        return self.base / self.delay_tactics if self.delay_tactics else CONFIGS / "delay_tactics.yaml"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which scheduled days are counted."""
        return ZoneInfo(self.timezone)

    def fingerprint(self) -> str:
        """SHA-256 of everything that can change a run's figures: not where it is read or written."""
        content = self.model_dump(
            mode="json",
            exclude={
                "ledger",
                "output",
                "csv",
                "mlflow",
                "schedule",
                "timezone",
                "workers",
                "policy",
                "rules",
                "delay_tactics",
                "max_ledger_age_days",
            },
        )
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def load_settings(path: Path) -> Settings:
    """Return the configuration in the YAML file at `path`.

    Raises ConfigurationError naming the key, with the nearest match of an unknown one.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: no such configuration. Make one with `debtscape init FILE -o {path}`."
        ) from None
    except (IsADirectoryError, UnicodeDecodeError):
        raise ConfigurationError(f"{path}: not a YAML text file.") from None
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f" line {where.line + 1}" if where else ""
        raise ConfigurationError(
            f"{path}{line}: not valid YAML ({getattr(error, 'problem', error)})."
        ) from None
    if not isinstance(content, dict):
        found = "empty" if content is None else "not a mapping of keys"
        raise ConfigurationError(f"{path}: {found}. It needs at least `ledger:` with `invoices:`.")
    return parse_settings(content, base=path.parent, name=str(path))


def parse_settings(content: dict[str, Any], *, base: Path, name: str = "configuration") -> Settings:
    """Return the configuration in a parsed mapping; see `load_settings`."""
    _check_tables(content.get("ledger"), name)
    if "base" in content:
        raise ConfigurationError(f"{name}: base: unknown key.")
    try:
        settings = Settings.model_validate({**content, "base": base})
        check_schemes(settings.schemes, settings.segments.scheme)
    except ValidationError as error:
        # an unknown key explains a missing one better than the other way round
        wrong = sorted(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        raise ConfigurationError(f"{name}: " + "; ".join(_explain(found) for found in wrong[:3])) from None
    except ConfigurationError as error:
        raise ConfigurationError(f"{name}: {error}") from None
    return settings


def _check_tables(ledger: object, name: str) -> None:
    if not isinstance(ledger, dict) or "invoices" not in ledger:
        raise ConfigurationError(f"{name}: ledger.invoices is missing: say where the invoices are.")
    for table in ledger:
        if table not in LEDGER_TABLES:
            raise ConfigurationError(
                f"{name}: ledger.{table}: no such table{_or_known(str(table), list(LEDGER_TABLES))}"
            )


def _explain(error: Any) -> str:
    where = ".".join(str(part) for part in _without_kind(error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key{_or_known(str(error['loc'][-1]), _keys_beside(error['loc']))}"
    if error["type"] == "missing":
        return f"{where} is missing"
    if error["type"] == "union_tag_invalid":
        kind = str(error["ctx"]["tag"])
        return f"{where}.kind: no such kind: {kind}{_or_known(kind, list(KINDS))}"
    if error["type"] == "union_tag_not_found":
        return f"{where}.kind is missing; there are: {', '.join(KINDS)}"
    return f"{where}: {error['msg'].removeprefix('Value error, ')}"


def _keys_beside(location: tuple[str | int, ...]) -> list[str]:
    model: Any
    match location:
        case ("schemes", _, str(kind), *inside, _):
            model = KINDS[kind]
        case (str(table), _, *inside, _) if table in NAMED:
            model = NAMED[table]
        case (*inside, _):
            model = Settings
    for part in inside:
        model = model.model_fields[str(part)].annotation
    return [key for key in model.model_fields if key != "base"]


def _without_kind(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return the place as it stands in the file: pydantic puts a scheme's kind after its name."""
    return (*location[:2], *location[3:]) if location[0] == "schemes" else location


NAMED: dict[str, type[BaseModel]] = {"ledger": Source, "credit_scores": CreditScale}
KINDS: dict[str, type[BaseModel]] = {
    "thresholds": Thresholds,
    "speed": Speed,
    "pareto": Pareto,
    "matrix": Matrix,
}


def _or_known(name: str, among: list[str]) -> str:
    near = nearest(name, among)
    return f", did you mean {near[0]}?" if near else f"; known: {', '.join(among[:12])}"
