"""Shape files: those that come with the product, and what is refused in one's own."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from shape_support import HEADER, items, line, read, read_sap

from features.errors import ConfigurationError, LedgerError
from features.shape_file import SHAPES, read_shape, shape_names
from features.sources import Source

OWN: dict[str, Any] = {
    "about": "our own list",
    "documentation": [{"title": "t", "publisher": "p", "page": "x", "read_on": date(2026, 1, 1)}],
    "tables": {
        "invoices": {
            "names": {
                "invoice_id": ["No"], "customer_id": ["Who"], "issued_on": ["Day"], "due_on": ["Due"],
                "amount": ["Sum"], "state": ["State"],
            },
            "parts": [{"rows": {"state": ["final", ""]}}],
        }
    },
}  # fmt: skip
LIST = """\
No,Who,Day,Due,Sum,State
1,A,2025-01-02,2025-02-01,10.50,Final
2,A,2025-01-02,2025-02-01,9,draft
3,B,2025-01-02,2025-02-01,8,
"""
LINES: dict[str, Any] = {
    "names": {}, "amounts": [{"amount": ["A"], "currency": []}], "credit": [], "money": {}, "no_money": {},
}  # fmt: skip


def own(folder: Path, place: str = "", keys: dict[str, Any] | None = None) -> Path:
    """Write a shape of one's own with other keys at a place, such as tables.invoices; None takes one away."""
    shape = deepcopy(OWN)
    inner: Any = shape
    for part in place.split(".") if place else ():
        inner = inner[int(part) if part.isdigit() else part]
    inner.update(keys or {})
    for key in [key for key, value in inner.items() if value is None]:
        del inner[key]
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump(shape), encoding="utf-8")
    return path


def test_every_shape_that_comes_with_the_product_is_valid_and_says_its_sources() -> None:
    """Each names what it was written from, with the day it was read, and reads at least the invoices."""
    assert shape_names() == ["exact_receivables_list", "odoo", "sap_fbl5n", "xero"]
    for name in shape_names():
        shape = read_shape(name, SHAPES)
        assert "invoices" in shape.readable
        assert all(each.title and each.publisher and each.page for each in shape.documentation), name


def test_a_shape_of_ones_own_is_read_by_its_path(tmp_path: Path) -> None:
    """Rows by the words of a column whatever their case; "" is an empty cell; the path starts at the base."""
    own(tmp_path)
    (tmp_path / "list.csv").write_text(LIST, encoding="utf-8")
    result = read(tmp_path, invoices={"path": "list.csv", "shape": "own.yaml"})
    assert items(result) == {"1": 1050, "3": 800}


@pytest.mark.parametrize(
    ("place", "keys", "said"),
    [
        ("", {"abuot": "x"}, "unknown key `abuot`; did you mean `about`"),
        ("", {"documentation": None}, "`documentation` is missing"),
        ("", {"documentation": []}, "documentation: List should have at least 1 item"),
        ("documentation.0", {"page": None}, "`page` is missing in documentation.0"),
        ("tables.invoices", {"nmaes": {}}, "unknown key `nmaes` in tables.invoices; did you mean `names`"),
        ("tables.invoices.parts.0", {"row": {}}, "unknown key `row` in tables.invoices.parts.0; did you"),
        ("tables", {"invoice": {"names": {}}}, "no such table: invoice; did you mean `invoices`"),
        (
            "tables.invoices.parts.0",
            {"rows": {"stat": []}},
            "tables.invoices.names: stat; did you mean `state`",
        ),
        (
            "tables.invoices.parts.0",
            {"constants": {"knid": "x"}},
            "column of invoices: knid; did you mean `kind`",
        ),
        ("tables.invoices", {"words": {"knid": {}}}, "no such column of invoices: knid"),
        (
            "tables.invoices.names",
            {"amount": [7]},
            "tables.invoices.names.amount.0: Input should be a valid str",
        ),
        ("", {"tables": None}, "neither tables nor line_items"),
        (
            "",
            {"line_items": LINES | {"names": {"documnt": ["X"]}}},
            "line item: documnt; did you mean `document`",
        ),
        (
            "",
            {"line_items": LINES | {"amounts": [{"amout": []}]}},
            "`amout` in line_items.amounts.0; did you",
        ),
        ("", {"line_items": LINES | {"money": {"posting": []}}}, "line_items.money"),
    ],
)
def test_a_mistake_in_a_shape_is_named_with_its_place(
    tmp_path: Path, place: str, keys: dict[str, Any], said: str
) -> None:
    """Unknown keys, names and tables are refused with the nearest match."""
    own(tmp_path, place, keys)
    with pytest.raises(ConfigurationError) as refusal:
        read_shape("own.yaml", tmp_path)
    assert said in str(refusal.value)
    assert str(tmp_path / "own.yaml") in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("sap_fbl5", None, "no such shape: sap_fbl5; did you mean `sap_fbl5n`"),
        (
            "netsuite",
            None,
            "there are: exact_receivables_list, odoo, sap_fbl5n, xero; a file of your own ends",
        ),
        ("gone.yaml", None, "cannot read the shape"),
        ("list.yaml", "- a\n- b\n", "not a shape"),
        ("broken.yaml", "a: [1\n", "is not YAML"),
    ],
)
def test_a_shape_that_is_not_there_is_refused_with_those_that_are(
    tmp_path: Path, name: str, text: str | None, said: str
) -> None:
    """A wrong name leads to a known one, a file that is no shape is named."""
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refusal:
        read_shape(name, tmp_path)
    assert said in str(refusal.value)


def test_a_source_has_a_shape_or_columns() -> None:
    """Both together say two things about the same columns."""
    with pytest.raises(ValueError, match="leave out columns, or the shape"):
        Source(path="a.csv", shape="xero", columns={"amount": "Total"})


def test_a_table_that_a_shape_does_not_have_is_refused(tmp_path: Path) -> None:
    """FBL5N has no disputes."""
    (tmp_path / "f.csv").write_text(HEADER + "\n" + line("1", "1,00", "13.02.2025"), encoding="utf-8")
    with pytest.raises(
        ConfigurationError, match=r"ledger.disputes: the shape sap_fbl5n has invoices, payments"
    ):
        read(tmp_path, disputes={"path": "f.csv", "shape": "sap_fbl5n"})


def test_an_export_of_something_else_is_refused_with_its_columns(tmp_path: Path) -> None:
    """The first column that is missing is named with what it may be called, and what the file has."""
    (tmp_path / "list.csv").write_text(LIST, encoding="utf-8")
    with pytest.raises(
        LedgerError, match=r"list.csv: no column for .* of invoices; it is called .*it has No, Who"
    ):
        read(tmp_path, invoices={"path": "list.csv", "shape": "xero"})


def test_headings_may_be_written_otherwise(tmp_path: Path) -> None:
    """Case, points and spaces of a heading do not matter."""
    header = HEADER.replace("Document Number", "DOCUMENT  NUMBER").replace("Net due date", "net_due_date")
    assert items(read_sap(tmp_path, line("9001", "1,00", "13.02.2025"), header=header)) == {"9001": 100}
