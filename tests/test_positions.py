"""Where ids are among others."""

from __future__ import annotations

import pandas as pd

from models.positions import positions


def test_each_id_is_found_or_is_not() -> None:
    """The first place, -1 for what is not there and for what is empty, on columns, indexes and nothing."""
    known = pd.Series(["a", "b", None, "b"], dtype="str")
    wanted = pd.Series(["b", None, "x", "a", "b"], dtype="str")
    assert positions(wanted, known).tolist() == [1, -1, -1, 0, 1]
    assert positions(pd.Index(["a"]), pd.Index(["c", "a"])).tolist() == [1]
    assert positions(wanted, known[:0]).tolist() == [-1] * 5
    assert positions(wanted[:0], known).tolist() == []
