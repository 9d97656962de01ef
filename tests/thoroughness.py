"""How many random examples a property gets: every one in the campaigns, about a third in `make test`."""

import os

from hypothesis import settings

THOROUGH = bool(os.environ.get("DEBTSCAPE_THOROUGH"))


def examples(count: int) -> int:
    """Examples to draw where `count` make a property sure: a third, at least five, for a quick answer."""
    return count if THOROUGH else min(count, max(5, count // 3))


def use_as_default() -> None:
    """Properties that name no number get a share of Hypothesis's own as well."""
    settings.register_profile("debtscape", max_examples=examples(100), deadline=None)
    settings.load_profile("debtscape")
