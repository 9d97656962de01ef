"""The few figures of an evaluation that people look at first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FIGURES = {"auc": "auc", "brier": "brier", "ece": "ece", "mae": "mae_days"}
