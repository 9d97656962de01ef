"""A configuration cannot make a protected attribute what debtors are judged by, whatever its name there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from features.errors import ConfigurationError
from pipelines.settings import Settings
from pipelines.settings_file import load_settings, parse_settings

TEMPLATE = Path(__file__).parent.parent / "configs" / "template.yaml"
INVOICES = {"path": "x.csv"}
CELLS = {"f": {"fast": "a", "medium": "a", "slow": "a", "other": "a"}}


def parsed(customers: dict[str, Any] | None = None, **keys: Any) -> Settings:
    """The configuration with these keys, and customers with these columns."""
    tables = {"invoices": INVOICES} | (
        {"customers": {"path": "y.csv", "columns": customers}} if customers else {}
    )
    return parse_settings({"ledger": tables, **keys}, base=Path())


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"predictor": {"features": ["late_share_365d", "geslacht"]}}, r"geslacht \(gender\)"),
        ({"predictor": {"static": ["sector", "nationality"]}}, r"nationality \(nationality\)"),
        (
            {
                "schemes": {
                    "s": {"kind": "thresholds", "figure": "age_years", "borders": [1], "classes": ["A", "B"]}
                }
            },
            r"age_years \(age\)",
        ),
        (
            {
                "schemes": {
                    "s": {
                        "kind": "matrix",
                        "rows": {"by": "sexe", "values": ["f"]},
                        "columns": {"by": "speed"},
                        "cells": CELLS,
                    }
                }
            },
            r"sexe \(gender\)",
        ),
        ({"customers": {"customer_id": "id", "sector": "Geschlecht"}}, r"Geschlecht \(gender\)"),
        ({"customers": {"customer_id": "id", "country": "nationalité"}}, r"nationalité \(nationality\)"),
        ({"customers": {"customer_id": "id", "since": "geboortedatum"}}, r"geboortedatum \(age\)"),
    ],
)
def test_protected_names_are_refused_with_what_they_tell(keys: dict[str, Any], named: str) -> None:
    """Said before anything else that is wrong with such a name, such as that it is no feature."""
    with pytest.raises(ConfigurationError, match=f"protected attributes cannot be features: {named}"):
        parsed(**keys)


def test_several_are_named_at_once() -> None:
    """So that a user corrects all of them."""
    with pytest.raises(ConfigurationError, match=r"gender \(gender\), religion \(religion\)"):
        parsed(predictor={"features": ["gender"]}, customers={"size": "religion"})


@pytest.mark.parametrize(
    "customers",
    [
        {"customer_id": "BSN", "name": "Mr / Mrs"},
        {"customer_id": "id", "sector": "branche", "size": "company_size"},
    ],
)
def test_ids_and_names_judge_nobody_and_other_columns_are_free(customers: dict[str, str]) -> None:
    """A number by which a debtor is found and the name on a letter are no features."""
    assert parsed(customers).ledger["customers"].columns == customers


@pytest.mark.parametrize(
    "keys", [{"predictor": 3}, {"schemes": ["gender"]}, {"predictor": {"features": "gender"}}]
)
def test_what_has_another_shape_is_refused_for_its_shape(keys: dict[str, Any]) -> None:
    """By the reading of the configuration, with the place."""
    with pytest.raises(ConfigurationError, match=f"{next(iter(keys))}.*(should be|Input)"):
        parsed(**keys)


def test_the_shipped_configuration_judges_nobody_by_such_names() -> None:
    """The template is read as it is."""
    assert load_settings(TEMPLATE)
