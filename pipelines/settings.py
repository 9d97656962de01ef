"""The configuration: one frozen, strict object. `settings_file` reads it from YAML."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field

from features.catalogue import INVOICE_FEATURES, names
from features.sources import Source
from features.spelling import nearest
from models.segments.credit_scales import CreditScale
from models.segments.schemes import DEFAULT_SCHEMES, LEARNED, Scheme
from models.segments.stability import FEWEST, MOST
from models.strict_yaml import Strict
from models.treatment.policy import LegalKind

NEWEST_PAYMENT = "newest_payment"
CONFIGS = Path(__file__).resolve().parent.parent / "configs"
NOT_OF_FIGURES = (
    "ledger",
    "creditor_name",
    "output",
    "csv",
    "mlflow",
    "schedule",
    "timezone",
    "workers",
    "policy",
    "statutory",
    "messages",
    "rules",
    "delay_tactics",
    "max_ledger_age_days",
    "deliver",
    "serve",
    "received",
)
"""Keys that change no figure of a run: where it is read and written; files with fingerprints of their own."""


def or_known(name: str, among: list[str]) -> str:
    """Return a way out to end a refusal with."""
    near = nearest(name, among)
    return f", did you mean {near[0]}?" if near else f"; known: {', '.join(among[:12])}"


def _known_timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"no such time zone{or_known(name, sorted(available_timezones()))}")
    return name


def _bank_day(said: date | str | None) -> date | str | None:
    if isinstance(said, str) and said != NEWEST_PAYMENT:
        raise ValueError(f"write a day, such as 2026-01-30, or {NEWEST_PAYMENT}")
    return said


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
            raise ValueError(f"{name} is not a feature to learn from{or_known(name, known)}")
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


def _variable(name: str) -> str:
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError("write the name of an environment variable here, never the secret itself")
    return name


def _sql_variable(place: str) -> str:
    if not place.startswith("sql:"):
        raise ValueError("write sql:NAME, the environment variable that holds the database's address")
    _variable(place.removeprefix("sql:"))
    return place


class SettleTolerance(Strict):
    """An item is settled while its open amount is at most the larger of the two."""

    share: float = Field(0.01, ge=0, lt=0.5)
    amount: float = Field(1.0, ge=0, allow_inf_nan=False)


class SegmentSettings(Strict):
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


class PredictorSettings(Strict):
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


class TrackingSettings(Strict):
    """Where models are tracked and registered."""

    tracking_uri: str | None = None


class ScheduleSettings(Strict):
    """When the scheduled flows run, in `timezone`."""

    resegment: Annotated[str, AfterValidator(_cron)] = "0 5 * * *"
    train: Annotated[str, AfterValidator(_cron)] = "0 3 1 * *"


class WebhookSettings(Strict):
    """The names of the environment variables that hold a webhook's address and the key that signs."""

    address: Annotated[str, AfterValidator(_variable)]
    secret: Annotated[str, AfterValidator(_variable)]


class ShapedSettings(Strict):
    """One tool's files: the shape of `configs/shapes/out`, or a file of one's own, and where they go."""

    shape: str = Field(min_length=1)
    folder: Path = Field(strict=False)


class DeliverSettings(Strict):
    """Where `debtscape deliver` hands runs on to; nowhere by default."""

    folder: Path | None = Field(None, strict=False)
    format: Literal["csv", "parquet", "excel"] = "csv"
    postgres: Annotated[str, AfterValidator(_sql_variable)] | None = None
    webhook: WebhookSettings | None = None
    shapes: tuple[ShapedSettings, ...] = Field((), strict=False)


class ServeSettings(Strict):
    """How `debtscape serve` answers."""

    host: str = Field("127.0.0.1", min_length=1)
    port: int = Field(8000, ge=1, le=65535)
    requests_per_minute: int = Field(600, ge=1)


class PrivacySettings(Strict):
    """What protects debtors and collectors; `pseudonym_key` names an environment variable."""

    pseudonym_key: Annotated[str, AfterValidator(_variable)] | None = None
    figures_per_collector: bool = False


class Settings(Strict):
    """Everything a run depends on besides the ledger's facts, the day and the models.

    `base` is the folder of the configuration file; relative paths start there.
    """

    ledger: dict[str, Source]
    late_after_days: int = Field(0, ge=0, le=90)
    home_currency: Annotated[str, AfterValidator(_known_currency)] = "EUR"
    default_country: str | None = Field(None, pattern="^[A-Z]{2}$")
    default_legal_kind: LegalKind = "unknown"
    creditor_name: str = Field("the creditor", min_length=1, max_length=100)
    creditor_country: str | None = Field(None, pattern="^[A-Z]{2}$")
    creditor_region: str | None = Field(None, min_length=1)
    bank_known_until: Annotated[date | str | None, AfterValidator(_bank_day)] = None
    settle_tolerance: SettleTolerance = SettleTolerance()
    dormant_after_days: int = Field(365, ge=91)
    max_ledger_age_days: int = Field(7, ge=1)
    output: Path = Field(Path("out"), strict=False)
    csv: bool = False
    timezone: Annotated[str, AfterValidator(_known_timezone)] = "UTC"
    policy: Path | None = Field(None, strict=False)
    statutory: Path | None = Field(None, strict=False)
    messages: Path | None = Field(None, strict=False)
    rules: Path | None = Field(None, strict=False)
    delay_tactics: Path | None = Field(None, strict=False)
    segments: SegmentSettings = SegmentSettings()
    schemes: dict[str, Scheme] = Field(dict(DEFAULT_SCHEMES))
    credit_scores: dict[str, CreditScale] = Field({})
    predictor: PredictorSettings = PredictorSettings()
    mlflow: TrackingSettings = TrackingSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    deliver: DeliverSettings = DeliverSettings()
    serve: ServeSettings = ServeSettings()
    privacy: PrivacySettings = PrivacySettings()
    received: Path | None = Field(None, strict=False)
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
        """The collection policy: the configured one or the one that is shipped."""
        return self.base / self.policy if self.policy else CONFIGS / "policy.yaml"

    @property
    def statutory_file(self) -> Path:
        """Statutory interest and notices per country: the configured ones or those that are shipped."""
        return self.base / self.statutory if self.statutory else CONFIGS / "statutory.yaml"

    @property
    def messages_folder(self) -> Path:
        """The texts of reminders, a folder per language: the configured ones or those that are shipped."""
        return self.base / self.messages if self.messages else CONFIGS / "messages"

    @property
    def rules_file(self) -> Path:
        """The rules over the segments: the configured ones or those that are shipped."""
        return self.base / self.rules if self.rules else CONFIGS / "rules.yaml"

    @property
    def tactics_file(self) -> Path:
        """The patterns of delay tactics: the configured ones or those that are shipped."""
        return self.base / self.delay_tactics if self.delay_tactics else CONFIGS / "delay_tactics.yaml"

    @property
    def received_folder(self) -> Path:
        """The folder of what other tools report back."""
        return self.base / self.received if self.received else self.output_folder / "received"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which scheduled days are counted."""
        return ZoneInfo(self.timezone)

    def fingerprint(self) -> str:
        """SHA-256 of everything that can change a run's figures: not where it is read or written."""
        content = self.model_dump(
            mode="json",
            exclude=dict.fromkeys(NOT_OF_FIGURES, True) | {"privacy": {"pseudonym_key"}},
        )
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
