"""Somebody's own estimator in the predictor's place: found by its name, and tried before it learns."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

import numpy as np

from features.catalogue import INVOICE_FEATURES
from features.errors import ConfigurationError
from models import registry
from models.scorer import TRUSTED_TYPES
from pipelines.settings import Settings

TRIED_ROWS = 300


@dataclass(frozen=True)
class OwnEstimator:
    """Makes unfitted classifiers; prints as the place it was found at, for it is logged with the model."""

    place: str
    make: Callable[[], Any] = field(repr=False)

    def __call__(self) -> Any:
        """Return a new unfitted classifier."""
        return self.make()


def own_estimator(settings: Settings) -> OwnEstimator | None:
    """Return what makes the classifier that the configuration names, or None where it names none.

    It is tried on a made-up table first. ConfigurationError where it cannot be found, learn, answer, or be
    kept in a file that is read without unpickling.
    """
    chosen = settings.predictor
    if chosen.estimator is None:
        return None
    features = len(chosen.features or INVOICE_FEATURES)
    return _tried(chosen.estimator, settings.base.resolve(), features, chosen.estimator_types)


def champion(name: str, settings: Settings) -> registry.Loaded | None:
    """Return the champion of a model; estimators of the types that the configuration trusts may be in it."""
    with importable_from(settings.base):
        return registry.champion(name, settings.tracking_uri, settings.predictor.estimator_types)


@contextmanager
def importable_from(folder: Path) -> Iterator[None]:
    """Let modules in the folder be imported, where none of that name is installed."""
    place = str(folder.resolve())
    invalidate_caches()
    sys.path.append(place)
    try:
        yield
    finally:
        sys.path.remove(place)


@cache
def _tried(place: str, folder: Path, features: int, types: tuple[str, ...]) -> OwnEstimator:
    found = OwnEstimator(place, _find(place, folder))
    _try(found, features, types)
    return found


def _find(place: str, folder: Path) -> Callable[[], Any]:
    module, _, name = place.partition(":")
    try:
        with importable_from(folder):
            made: Callable[[], Any] = getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        raise _refusal(
            place,
            f"no module {error.name}; put it into {folder}, beside the configuration, or install it",
        ) from None
    except AttributeError:
        raise _refusal(place, f"{module} has no {name}") from None
    except Exception as error:
        raise _refusal(place, f"importing {module} failed ({_words(error)})") from error
    if not callable(made):
        raise _refusal(place, f"{name} is a {type(made).__name__}; it must be a function without arguments")
    return made


def _try(make: OwnEstimator, features: int, types: tuple[str, ...]) -> None:
    """Let it learn a made-up table of features, some missing, and stretches of days, some with a payment."""
    import skops.io

    random = np.random.default_rng(0)
    known = random.normal(size=(TRIED_ROWS, features))
    paid = known[:, 0] + random.normal(size=TRIED_ROWS) > 0
    known[random.random(known.shape) < 0.1] = np.nan
    X = np.hstack([known, random.integers(1, 20, (TRIED_ROWS, 3))])
    what = "cannot be called without arguments"
    try:
        estimator = make()
        lacking = [name for name in ("fit", "predict_proba") if not hasattr(estimator, name)]
        if lacking:
            raise _refusal(
                make.place,
                f"the {type(estimator).__name__} it returns has no {lacking[0]}; return an unfitted "
                "scikit-learn classifier that gives probabilities",
            )
        what = "cannot learn from a table with missing values; put an imputer before it in a pipeline"
        answer = np.asarray(estimator.fit(X, paid).predict_proba(X))
        what = "cannot be kept by skops, which writes scikit-learn models without pickling"
        dump = skops.io.dumps(estimator)
    except ConfigurationError:
        raise
    except Exception as error:
        raise _refusal(make.place, f"{what} ({_words(error)})") from error
    if answer.shape != (TRIED_ROWS, 2) or not ((answer >= 0) & (answer <= 1)).all():
        raise _refusal(make.place, "predict_proba(X) must return two probabilities a row, of unpaid and paid")
    unknown = sorted(set(skops.io.get_untrusted_types(data=dump)) - {*TRUSTED_TYPES, *types})
    if unknown:
        raise _refusal(
            make.place,
            f"it holds types that are not known to be safe to load. Where you trust them, add "
            f"predictor.estimator_types: [{', '.join([*types, *unknown])}]",
        )


def _refusal(place: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"predictor.estimator {place}: {what}. See docs/own-estimator.md.")


def _words(error: Exception) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"
