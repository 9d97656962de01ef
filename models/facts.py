"""What treatment reads from the ledger: tables as known before a day, and today's row of a debtor."""

from __future__ import annotations

from datetime import date
from typing import Protocol

import pandas as pd


class Facts(Protocol):
    """The ledger's tables that rules and treatment read, cut to what was known before the day.

    A ledger of `features` fits it; saying so here keeps the models free of how a ledger is made.
    """

    @property
    def invoices(self) -> pd.DataFrame: ...  # noqa: D102

    @property
    def payments(self) -> pd.DataFrame: ...  # noqa: D102

    @property
    def customers(self) -> pd.DataFrame: ...  # noqa: D102

    @property
    def disputes(self) -> pd.DataFrame: ...  # noqa: D102

    @property
    def contact_history(self) -> pd.DataFrame: ...  # noqa: D102

    @property
    def payment_plans(self) -> pd.DataFrame: ...  # noqa: D102

    @property
    def contact_persons(self) -> pd.DataFrame: ...  # noqa: D102

    @property
    def collectors(self) -> pd.DataFrame: ...  # noqa: D102

    @property
    def rates(self) -> pd.DataFrame: ...  # noqa: D102

    @property
    def decisions(self) -> pd.DataFrame: ...  # noqa: D102


def customers_on(customers: pd.DataFrame, day: date) -> pd.DataFrame:
    """Return one row per debtor, indexed by customer_id and sorted: the row that holds on `day`.

    That is the one with the last `valid_from` before `day`; a row without `valid_from` holds
    where no dated one does.
    """
    held = customers[~(customers["valid_from"] >= pd.Timestamp(day))]
    ordered = held.sort_values(["customer_id", "valid_from"], na_position="first", kind="stable")
    return ordered.drop_duplicates("customer_id", keep="last").set_index("customer_id")


def dunning_recipients(debtors: pd.DataFrame) -> pd.Series:
    """Return the debtor that gets the reminders of each row of `customers_on`: another one, or itself."""
    other = debtors["dunning_recipient_id"]
    return other.where(other.notna() & (other != ""), debtors.index.to_series())


def places(
    customer_id: pd.Series, debtors: pd.DataFrame, default_country: str | None
) -> tuple[pd.Series, pd.Series]:
    """Return country and region of each row's debtor; the default country where none is known."""
    country = customer_id.map(debtors["country"]).astype("str")
    region = customer_id.map(debtors["region"]).astype("str")
    return (country if default_country is None else country.fillna(default_country)), region


def is_true(flags: pd.Series) -> pd.Series:
    """Return a plain bool column: what is not known counts as not set."""
    return flags.fillna(False).astype(bool)
