"""Conditions of rules: what may be written, and what it means on whole columns."""

from __future__ import annotations

import ast
import contextlib
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue import RULE_NAMES
from features.errors import ConfigurationError
from models.segments.conditions import MOST_CHARACTERS, Condition, parse

EMPTY = float("nan")

TABLE = pd.DataFrame(
    {
        "settled_invoices": [0.0, 2.0, 5.0, EMPTY],
        "overdue_amount": [0.0, 100.0, 50.0, EMPTY],
        "country": pd.Series(["NL", "BE", "DE", None], dtype="str"),
        "previous_segment": pd.Series(["A", "B", None, None], dtype="str"),
        "model_segment": pd.Series(["A", "C", "B", None], dtype="str"),
        "key_account": [True, False, True, False],
        "insolvent": pd.array([True, False, None, None], dtype="object"),
        "insolvent_on": pd.to_datetime(["2026-01-31", "2026-02-01", None, None]),
    }
)


def read(text: str) -> Condition:
    """The condition over all names of rules, with one constant."""
    return parse(text, RULE_NAMES, ["new_until_matured"])


def rows(text: str) -> list[int]:
    """The rows of TABLE for which the text holds."""
    return np.flatnonzero(read(text).holds(TABLE, {"new_until_matured": 3.0})).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("settled_invoices < 3", [0, 1]),
        ("settled_invoices < new_until_matured and overdue_amount > 0", [1]),
        ("0 < settled_invoices <= 5", [1, 2]),
        ("5 >= settled_invoices > 0", [1, 2]),
        ("settled_invoices == 5 or country == 'NL'", [0, 2]),
        ("settled_invoices != 5", [0, 1]),
        ("overdue_amount - 10 * settled_invoices >= 0", [0, 1, 2]),
        ("overdue_amount + -100 == 0", [1]),
        ("-settled_invoices < -1", [1, 2]),
        ("country in ('NL', 'BE')", [0, 1]),
        ("country not in ['NL', 'BE']", [2]),
        ("settled_invoices in [0, 5]", [0, 2]),
        ("settled_invoices not in [0, 5]", [1]),
        ("settled_invoices in (-1, 2)", [1]),
        ('"NL" == country', [0]),
        ("country != 'NL'", [1, 2]),
        ("model_segment == previous_segment", [0]),
        ("model_segment != previous_segment", [1]),
        ("key_account", [0, 2]),
        ("not key_account", [1, 3]),
        ("key_account == False", [1, 3]),
        ("key_account != (settled_invoices > 1)", [0, 1]),
        ("insolvent_on < '2026-02-01'", [0]),
        ("insolvent_on == '2026-02-01'", [1]),
        ("'2026-01-31' < insolvent_on", [1]),
        ("insolvent_on in ['2026-01-31']", [0]),
        ("insolvent_on not in ['2026-01-31']", [1]),
        ("True", [0, 1, 2, 3]),
        ("1 > 2", []),
        ("'a' == 'a'", [0, 1, 2, 3]),
        ("settled_invoices < 3\n  and overdue_amount > 0\n", [1]),
    ],
)
def test_what_a_condition_means(text: str, expected: list[int]) -> None:
    """The rows that hold can be counted in the table above."""
    assert rows(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("settled_invoices > 3", [2]),
        ("settled_invoices <= 3", [0, 1]),
        ("not (settled_invoices > 3)", [0, 1, 3]),
        ("settled_invoices == None", [3]),
        ("settled_invoices != None", [0, 1, 2]),
        ("None == country", [3]),
        ("insolvent_on == None", [2, 3]),
        ("insolvent == None", [2, 3]),
        ("insolvent == False", [1]),
        ("insolvent != True", [1]),
        ("not insolvent", [1, 2, 3]),
        ("overdue_amount / settled_invoices >= 0", [1, 2]),
        ("settled_invoices + overdue_amount < 1000000", [0, 1, 2]),
        ("late_share > 0", []),
        ("not late_share > 0", [0, 1, 2, 3]),
        ("sector == None and legal_on == None and legal == None", [0, 1, 2, 3]),
        ("sector != 'it'", []),
    ],
)
def test_empty_is_neither_small_nor_large(text: str, expected: list[int]) -> None:
    """Comparisons with an empty figure are false, `not` of them is true, None asks for emptiness.

    Row 0 divides by zero, row 3 is empty, and the columns of the last lines are absent.
    """
    assert rows(text) == expected


def test_a_column_of_nothing_but_empty_values_is_empty_whatever_its_dtype() -> None:
    """A table that was reindexed holds nan where text, days and flags are expected."""
    table = pd.DataFrame({name: [np.nan] for name in ("country", "insolvent_on", "key_account")})
    text = "country == None and insolvent_on == None and not key_account and not country in ['NL']"
    for stored in (table, table.astype(object), table.astype(object).where(table.notna(), None)):
        assert read(text).holds(stored).all()


def test_categorical_and_nullable_columns_mean_the_same() -> None:
    """How pandas stores a column changes nothing."""
    table = TABLE.astype(
        {
            "country": "category",
            "model_segment": "category",
            "previous_segment": "category",
            "settled_invoices": "Int64",
            "key_account": "boolean",
        }
    )
    for text in (
        "country != 'NL'",
        "model_segment != previous_segment",
        "settled_invoices != 5",
        "key_account",
        "country not in ['BE']",
    ):
        assert read(text).holds(table).tolist() == read(text).holds(TABLE).tolist()


def test_names_are_told_in_the_order_of_their_first_mention() -> None:
    """Constants are no figures of a debtor."""
    read_one = read("overdue_amount > new_until_matured and (country == 'NL' or overdue_amount > 9)")
    assert read_one.names == ("overdue_amount", "country")


def test_two_spellings_ask_the_same() -> None:
    """Spaces, quotes and needless brackets do not matter; a figure does."""
    one, other = read("(country=='NL')  and key_account"), read('country == "NL" and (key_account)')
    assert one.asks == other.asks
    assert one.text != other.text
    assert one.asks != read("country == 'BE' and key_account").asks


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("settled_invoice < 3", "column 1: no figure `settled_invoice`; did you mean `settled_invoices`?"),
        ("key_account and settled_invoice < 3", "column 17: no figure `settled_invoice`;"),
        ("country == 'é' and seltor == 'x'", "column 20: no figure `seltor`; did you mean `sector`?"),
        ("new_until_mature > 3", "did you mean `new_until_matured`?"),
        ("key_account == true", "did you mean `True`?"),
        ("zzz > 1", "no figure `zzz`$"),
        ("", "the condition is empty"),
        ("  \n ", "the condition is empty"),
        ("settled_invoices = 3", "column 18: invalid syntax; equal is written =="),
        ("settled_invoices <", "column 18: invalid syntax"),
        ("(settled_invoices < 3", "'\\(' was never closed"),
        ("a > 1; b > 2", "invalid syntax"),
        ("import os", "invalid syntax"),
        ("settled_invoices", "`settled_invoices` is a number, not a condition; compare it with a value"),
        ("country and key_account", "`country` is a text, not a condition"),
        ("None", "`None` is nothing, not a condition"),
        ("insolvent or 3", "`3` is a number, not a condition"),
        ("country == 3", "column 12: `country` is a text and `3` a number: they cannot be compared"),
        ("settled_invoices == '3'", "is a number and `'3'` a text"),
        ("key_account == 1", "is a flag and `1` a number"),
        ("key_account < True", "a flag is neither smaller nor larger"),
        ("country < 'NL'", "a text is neither smaller nor larger"),
        ("country + 'x' == 'NLx'", "`country` is a text; only numbers can be computed with"),
        ("insolvent_on + 3 > '2026-01-01'", "`insolvent_on` is a day; only numbers"),
        ("-key_account > 1", "`key_account` is a flag; only numbers"),
        ("insolvent_on < '31-01-2026'", "`'31-01-2026'` is no day; write it as '2026-01-31'"),
        ("insolvent_on < 20260131", "is a day and `20260131` a number"),
        ("insolvent_on in ['2026-02-30']", "is no day"),
        ("legal_kind == 'bisness'", "legal_kind is never 'bisness', only business, .*mean `business`"),
        ("'prospekt' != status", "status is never 'prospekt'.*did you mean `prospect`"),
        ("legal_kind in ['business', 'pubic']", "column 28: legal_kind is never 'pubic'"),
        ("risk == 'hihg'", "risk is never 'hihg'"),
        ("settled_invoices > None", "None asks whether a figure is empty: write `name == None`"),
        ("settled_invoices + 1 == None", "None asks whether a figure is empty"),
        ("None == None", "None asks whether a figure is empty"),
        ("country in 'NL'", "after `in` comes a list of values"),
        ("country in []", "after `in` comes a list of values"),
        ("country in ['NL', None]", "column 19: `None`: a list after `in` holds values only"),
        ("country in ['NL', sector]", "`sector`: a list after `in` holds values only"),
        ("country in ['NL', 3]", "is a text and `3` a number"),
        ("'NL' in ['NL']", "before `in` comes a name"),
        ("'A' < country in ['NL']", "neither smaller nor larger"),
        ("1 < settled_invoices in [3]", "`in` cannot be chained"),
        ("country == ['NL']", "a list outside `in` is not allowed"),
        ("country is None", "`is` \\(write ==\\) is not allowed"),
        ("country is not None", "`is not` \\(write !=\\) is not allowed"),
        ("abs(settled_invoices) > 1", "column 1: a call is not allowed"),
        ("__import__('os').system('x')", "a call is not allowed"),
        ("country.upper == 'NL'", "a dot after a name is not allowed"),
        ("country[0] == 'N'", "square brackets after a name is not allowed"),
        ("(lambda: True)()", "a call is not allowed"),
        ("lambda: True", "lambda is not allowed"),
        ("[x for x in (1, 2)] == 3", "`\\[x for x in \\(1, 2\\)\\]` is not allowed"),
        ("{1: 2} == 3", "`{1: 2}` is not allowed"),
        ("f'{country}' == 'NL'", "an f-string is not allowed"),
        ("(x := 3) > 2", ":= is not allowed"),
        ("True if key_account else False", "if … else is not allowed"),
        ("settled_invoices ** 9 > 1", r"\*\* is not allowed"),
        ("settled_invoices % 2 == 1", "% is not allowed"),
        ("settled_invoices // 2 == 1", "// is not allowed"),
        ("key_account & insolvent", r"& \(write `and`\) is not allowed"),
        ("~key_account", r"~ \(write `not`\) is not allowed"),
        ("+settled_invoices > 1", "is not allowed"),
        ("settled_invoices > 1e999", "a number above 1e\\+15"),
        ("settled_invoices > 9999999999999999", "a number above 1e\\+15"),
        ("settled_invoices > 1j", "`1j` is no number and no text"),
        ("country == b'NL'", "is no number and no text"),
        ("settled_invoices > ...", "is no number and no text"),
        ("key_account # and insolvent", "no comment \\(#\\)"),
        ("key_account # the big ones\n and insolvent", "no comment \\(#\\)"),
        ("key_account\0", "column|null"),
        ("settled_invoices > " + "1" * 5000, f"at most {MOST_CHARACTERS} characters, got"),
        ("not " * 40 + "key_account", "nested more than 30 deep"),
        ("not " * 490 + "key_account", "nested more than 30 deep|not a condition"),
        ("-" * 1900 + "1 > 0", "nested more than 30 deep|not a condition"),
        ("f(" + "not " * 450 + "x)", "a call is not allowed|not a condition"),
        ("1" + "+1" * 900 + " > 0", "nested more than 30 deep|not a condition"),
        ("(" * 900 + "key_account" + ")" * 900, "too many nested parentheses|not a condition"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(text: str, message: str) -> None:
    """Each refusal says the column, what is wrong and the way out."""
    with pytest.raises(ConfigurationError, match=message) as refused:
        read(text)
    assert len(str(refused.value)) < 300


def test_a_text_of_millions_of_characters_is_not_even_read() -> None:
    """The length is judged before anything else."""
    with pytest.raises(ConfigurationError, match=f"at most {MOST_CHARACTERS} characters, got 3000013"):
        read("country == '" + "x" * 3_000_000 + "'")


def test_a_hash_inside_a_text_is_no_comment() -> None:
    """Only what would cut the condition short is refused."""
    assert read("sector == 'C#' and (sector != '#')").holds(
        pd.DataFrame({"sector": ["C#", "#"]})
    ).tolist() == [
        True,
        False,
    ]


def test_a_constant_without_a_value_is_an_error() -> None:
    """Nothing is silently taken for a missing figure of the configuration."""
    with pytest.raises(KeyError):
        read("settled_invoices < new_until_matured").holds(TABLE)


def test_an_empty_table_gives_no_rows() -> None:
    """A truth that names no column has the table's length too."""
    assert read("True or key_account").holds(TABLE.iloc[:0]).tolist() == []


LITERALS = st.one_of(st.integers(-3, 3), st.floats(-3, 3, allow_nan=False).map(lambda x: round(x, 1)))
NUMBERS = st.recursive(
    st.one_of(LITERALS.map(str), st.sampled_from(["settled_invoices", "overdue_amount"])),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
    max_leaves=4,
)
COMPARED = st.tuples(NUMBERS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMBERS).map(" ".join)
TRUTHS = st.recursive(
    st.one_of(COMPARED, st.just("key_account")),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda p: f"({' '.join(p)})"),
        inner.map(lambda text: f"(not {text})"),
    ),
    max_leaves=5,
)


class Figure:
    """One figure by the book: nothing computes to nothing, and nothing compares with it."""

    def __init__(self, value: float | None) -> None:
        self.value = value

    def _computed(self, other: Any, compute: Any) -> Figure:
        theirs = other.value if isinstance(other, Figure) else other
        if self.value is None or theirs is None:
            return Figure(None)
        try:
            return Figure(compute(self.value, theirs))
        except ZeroDivisionError:
            return Figure(None)

    def _compared(self, other: Any, compare: Any) -> bool:
        theirs = other.value if isinstance(other, Figure) else other
        return self.value is not None and theirs is not None and compare(self.value, theirs)


for _name in ("add", "sub", "mul", "truediv"):
    _compute = getattr(float, f"__{_name}__")
    setattr(
        Figure, f"__{_name}__", lambda self, other, c=_compute: self._computed(other, lambda a, b: c(a, b))
    )
    setattr(
        Figure, f"__r{_name}__", lambda self, other, c=_compute: self._computed(other, lambda a, b: c(b, a))
    )
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    _compare = getattr(float, f"__{_name}__")
    setattr(
        Figure, f"__{_name}__", lambda self, other, c=_compare: self._compared(other, lambda a, b: c(a, b))
    )


def by_the_book(text: str, row: dict[str, Any]) -> bool:
    """What Python says about one row, each number and each figure taken by itself."""

    class Wrapped(ast.NodeTransformer):
        def visit_Constant(self, node: ast.Constant) -> ast.expr:
            return ast.Call(ast.Name("Figure", ast.Load()), [ast.Constant(float(node.value))], [])

        def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
            if isinstance(node.op, ast.USub):
                inner: Any = node.operand
                return ast.Call(ast.Name("Figure", ast.Load()), [ast.Constant(-float(inner.value))], [])
            return ast.UnaryOp(node.op, self.visit(node.operand))

    tree = ast.fix_missing_locations(Wrapped().visit(ast.parse(text, mode="eval")))
    return bool(eval(compile(tree, "", "eval"), {"Figure": Figure, **row}))


@given(
    TRUTHS,
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(-2, 2)), st.one_of(st.none(), st.integers(-2, 2)), st.booleans()
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_columns_mean_what_each_row_means(text: str, table: list[tuple[Any, Any, bool]]) -> None:
    """Evaluated on whole columns, a condition holds for the rows for which Python says so one by one."""
    columns = ["settled_invoices", "overdue_amount", "key_account"]
    frame = pd.DataFrame(table, columns=columns).astype({columns[0]: float, columns[1]: float})
    figures = [
        {
            columns[0]: Figure(None if one is None else float(one)),
            columns[1]: Figure(None if other is None else float(other)),
            columns[2]: flag,
        }
        for one, other, flag in table
    ]
    assert read(text).holds(frame).tolist() == [by_the_book(text, row) for row in figures]


@given(st.text(max_size=60))
def test_no_text_does_anything_but_be_refused_or_read(text: str) -> None:
    """Whatever is typed, the answer is a condition or a clear refusal."""
    with contextlib.suppress(ConfigurationError):
        assert read(text).holds(TABLE, {"new_until_matured": 3.0}).dtype == bool
