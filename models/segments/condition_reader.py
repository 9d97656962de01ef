"""What each part of a condition may be, and of which type: numbers, text, flags and days do not mix."""

from __future__ import annotations

import ast
import operator
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from features.catalogue import Feature
from features.contracts import LEDGER_TABLES, OUTPUT_TABLES
from features.errors import ConfigurationError
from features.spelling import question
from models.segments.condition_columns import (
    Evaluate,
    Sign,
    among,
    compared,
    computed,
    day_column,
    emptiness,
    number_column,
    outside,
    text_column,
    together,
    truth,
)

Type = Literal["number", "text", "flag", "day", "nothing"]

DEEPEST = 30
LARGEST_NUMBER = 1e15

_COMPARISONS: dict[type[ast.cmpop], Sign] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARITHMETIC: dict[type[ast.operator], Sign] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: np.divide,
}
_CHOICES = {
    column.name: column.choices
    for table in (OUTPUT_TABLES["segments"], LEDGER_TABLES["customers"])
    for column in table.columns
    if column.choices
}
_WORDS: dict[type[ast.AST], str] = {
    ast.Call: "a call",
    ast.Attribute: "a dot after a name",
    ast.Subscript: "square brackets after a name",
    ast.Lambda: "lambda",
    ast.NamedExpr: ":=",
    ast.IfExp: "if … else",
    ast.JoinedStr: "an f-string",
    ast.Pow: "**",
    ast.Mod: "%",
    ast.FloorDiv: "//",
    ast.BitAnd: "& (write `and`)",
    ast.BitOr: "| (write `or`)",
    ast.Invert: "~ (write `not`)",
    ast.Is: "`is` (write ==)",
    ast.IsNot: "`is not` (write !=)",
    ast.List: "a list outside `in`",
    ast.Tuple: "a list outside `in`",
}


class _Typed(NamedTuple):
    type: Type
    evaluate: Evaluate
    node: ast.expr


class Reader:
    """Turns the parts of one text into functions on columns; `names`: the columns that it met."""

    def __init__(self, line: str, known: Mapping[str, Feature], constants: Collection[str]) -> None:
        self.line, self.known, self.constants = line, known, constants
        self.names: dict[str, None] = {}

    def _wrong(self, node: ast.AST, words: str) -> ConfigurationError:
        start = len(self.line.encode()[: getattr(node, "col_offset", 0)].decode()) + 1
        return ConfigurationError(f"column {start}: {words}")

    def _said(self, node: ast.AST) -> str:
        said = ast.get_source_segment(self.line, node) or ""
        return said if len(said) <= 40 else said[:37] + "…"

    def condition(self, node: ast.expr, depth: int = 0) -> Evaluate:
        """Return what a part computes that must be true or false; else ConfigurationError."""
        found = self._read(node, depth)
        if found.type != "flag":
            kind = "nothing" if found.type == "nothing" else f"a {found.type}"
            raise self._wrong(
                node,
                f"`{self._said(node)}` is {kind}, not a condition; compare it with a value",
            )
        return found.evaluate

    def _read(self, node: ast.expr, depth: int) -> _Typed:
        if depth > DEEPEST:
            raise self._wrong(node, f"nested more than {DEEPEST} deep; make two rules of it")
        match node:
            case ast.Constant():
                return self._literal(node)
            case ast.Name():
                return self._name(node)
            case ast.BoolOp():
                parts = [self.condition(part, depth + 1) for part in node.values]
                return _Typed("flag", together(parts, isinstance(node.op, ast.And)), node)
            case ast.UnaryOp(op=ast.Not()):
                inner = self.condition(node.operand, depth + 1)
                return _Typed("flag", lambda table, values: ~truth(inner(table, values)), node)
            case ast.UnaryOp(op=ast.USub()):
                number = self._number(node.operand, depth + 1)
                return _Typed("number", lambda table, values: -number(table, values), node)
            case ast.BinOp() if type(node.op) in _ARITHMETIC:
                one, other = self._number(node.left, depth + 1), self._number(node.right, depth + 1)
                return _Typed("number", computed(_ARITHMETIC[type(node.op)], one, other), node)
            case ast.Compare():
                return self._compared(node, depth)
        refused = getattr(node, "op", node)
        what = _WORDS.get(type(refused), f"`{self._said(node)}`")
        raise self._wrong(node, f"{what} is not allowed; compare names with values, join with and, or, not")

    def _literal(self, node: ast.Constant) -> _Typed:
        value = node.value
        if value is None:
            return _Typed("nothing", lambda table, values: None, node)
        if isinstance(value, bool):
            return _Typed("flag", lambda table, values: np.bool_(value), node)
        if isinstance(value, str):
            return _Typed("text", lambda table, values: value, node)
        if isinstance(value, int | float):
            if not abs(value) <= LARGEST_NUMBER:
                raise self._wrong(node, f"a number above {LARGEST_NUMBER:.0e}")
            return _Typed("number", lambda table, values: np.float64(value), node)
        raise self._wrong(node, f"`{self._said(node)}` is no number and no text")

    def _name(self, node: ast.Name) -> _Typed:
        name = node.id
        if name in self.constants:
            return _Typed("number", lambda table, values: np.float64(values[name]), node)
        if name not in self.known:
            near = question(name, [*self.known, *self.constants, "True", "False", "None"])
            raise self._wrong(node, f"no figure `{name}`{near}")
        self.names[name] = None
        of = {"text": "text", "flag": "flag", "day": "day"}
        kind: Any = of.get(self.known[name].unit, "number")
        columns = {"text": text_column, "day": day_column}
        column = columns.get(kind, number_column)
        return _Typed(kind, lambda table, values: column(table, name), node)

    def _number(self, node: ast.expr, depth: int) -> Evaluate:
        found = self._read(node, depth)
        if found.type != "number":
            raise self._wrong(
                node, f"`{self._said(node)}` is a {found.type}; only numbers can be computed with"
            )
        return found.evaluate

    def _compared(self, node: ast.Compare, depth: int) -> _Typed:
        left, pairs = self._read(node.left, depth + 1), []
        for sign, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(sign, ast.In | ast.NotIn):
                if len(node.ops) > 1:
                    raise self._wrong(right, "`in` cannot be chained; join with and")
                inside = self._listed(left, right)
                return _Typed(
                    "flag", inside if isinstance(sign, ast.In) else outside(left.evaluate, inside), node
                )
            if type(sign) not in _COMPARISONS:
                raise self._wrong(right, f"{_WORDS[type(sign)]} is not allowed")
            other = self._read(right, depth + 1)
            pairs.append(self._pair(left, sign, other))
            left = other
        return _Typed("flag", pairs[0] if len(pairs) == 1 else together(pairs, True), node)

    def _pair(self, left: _Typed, sign: ast.cmpop, right: _Typed) -> Evaluate:
        if "nothing" in (left.type, right.type):
            return self._emptiness(left, sign, right)
        left, right = self._alike(left, sign, right)
        return compared(_COMPARISONS[type(sign)], left.evaluate, right.evaluate)

    def _alike(self, left: _Typed, sign: ast.cmpop, right: _Typed) -> tuple[_Typed, _Typed]:
        """The two as one type, refused where they cannot be compared or never are what is asked."""
        if left.type == "day":
            right = self._as_day(right)
        if right.type == "day":
            left = self._as_day(left)
        if left.type != right.type:
            raise self._wrong(
                right.node,
                f"`{self._said(left.node)}` is a {left.type} and `{self._said(right.node)}` a {right.type}: "
                "they cannot be compared",
            )
        if left.type in ("text", "flag") and not isinstance(sign, ast.Eq | ast.NotEq):
            raise self._wrong(right.node, f"a {left.type} is neither smaller nor larger; use == or !=")
        self._possible(left, right)
        self._possible(right, left)
        return left, right

    def _emptiness(self, left: _Typed, sign: ast.cmpop, right: _Typed) -> Evaluate:
        asked = left if right.type == "nothing" else right
        if not isinstance(sign, ast.Eq | ast.NotEq) or not isinstance(asked.node, ast.Name):
            raise self._wrong(right.node, "None asks whether a figure is empty: write `name == None` or `!=`")
        return emptiness(asked.evaluate, isinstance(sign, ast.Eq))

    def _listed(self, left: _Typed, right: ast.expr) -> Evaluate:
        if isinstance(left.node, ast.Constant):
            raise self._wrong(left.node, "before `in` comes a name")
        if not isinstance(right, ast.List | ast.Tuple) or not right.elts:
            raise self._wrong(right, "after `in` comes a list of values, such as [1, 2] or ['NL', 'BE']")
        for part in right.elts:
            plain = part.operand if isinstance(part, ast.UnaryOp) else part
            if not isinstance(plain, ast.Constant) or plain.value is None:
                raise self._wrong(part, f"`{self._said(part)}`: a list after `in` holds values only")
        values = [self._alike(left, ast.Eq(), self._read(part, 0))[1].evaluate for part in right.elts]
        return among(left.evaluate, [value(pd.DataFrame(), {}) for value in values])

    def _as_day(self, found: _Typed) -> _Typed:
        text = found.node.value if isinstance(found.node, ast.Constant) else None
        if not isinstance(text, str):
            return found
        try:
            number = np.float64((date.fromisoformat(text) - date(1970, 1, 1)).days)
        except ValueError:
            said = self._said(found.node)
            raise self._wrong(found.node, f"`{said}` is no day; write it as '2026-01-31'") from None
        return _Typed("day", lambda table, values: number, found.node)

    def _possible(self, asked: _Typed, value: _Typed) -> None:
        if not isinstance(asked.node, ast.Name) or not isinstance(value.node, ast.Constant):
            return
        name, text = asked.node.id, str(value.node.value)
        choices = _CHOICES.get(name, (text,))
        if text not in choices:
            near = question(text, choices)
            raise self._wrong(value.node, f"{name} is never {text!r}, only {', '.join(choices)}{near}")
