"""How many minor units make one major unit of a currency."""

from __future__ import annotations

from functools import cache


@cache
def minor_digits(currency: str) -> int:
    """Return the digits after the point: 2 for EUR, 0 for JPY, 3 for KWD; 2 for a code nobody knows.

    Source: Unicode CLDR, through Babel.
    """
    from babel.numbers import get_currency_precision

    return int(get_currency_precision(currency))


def minor_units(currency: str) -> int:
    """Return the minor units in one major unit: 100 cents in a euro, 1 yen in a yen."""
    return int(10 ** minor_digits(currency))
