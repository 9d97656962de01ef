"""The rows of each debtor in a table, found by where they begin, against a search of the whole table."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipelines.page.rows import rows_of
from pipelines.page.rows_by_debtor import RowsByDebtor

DEBTORS = ["a", "b", "c", "d"]
AMOUNTS = st.one_of(st.none(), st.integers(-5, 5))
DAYS = st.one_of(st.none(), st.dates().filter(lambda day: 1900 < day.year < 2100))
ROWS = st.lists(st.tuples(st.sampled_from([*DEBTORS, "unknown"]), AMOUNTS, DAYS), max_size=30)


@given(ROWS, st.lists(st.integers(0, len(DEBTORS) - 1)))
def test_rows_are_those_of_a_search(rows: list[tuple[object, ...]], places: list[int]) -> None:
    """Of each debtor asked for, in the table's order; missing values are null and days ISO text."""
    table = pd.DataFrame(rows, columns=["customer_id", "amount", "day"])
    table = table.astype({"customer_id": "str", "amount": "Int64", "day": "datetime64[s]"})
    found = RowsByDebtor.of(pd.Series(DEBTORS), table, table.columns).rows(places)
    assert found == [rows_of(table[table["customer_id"] == DEBTORS[place]]) for place in places]


def test_only_the_columns_asked_for_are_kept() -> None:
    """A card shows few columns of a table, and the others need no memory."""
    table = pd.DataFrame({"customer_id": ["b", "a", "b"], "amount": [1, 2, 3], "other": [None] * 3})
    held = RowsByDebtor.of(pd.Series(["a", "b"]), table, ["amount"])
    assert list(held.columns) == ["amount"]
    assert held.rows([1, 0]) == [[{"amount": 1}, {"amount": 3}], [{"amount": 2}]]
