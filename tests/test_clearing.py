"""Lines cleared against each other: nothing is lost or made, whatever was cleared with whatever."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from shape_support import line, moved, read_sap
from thoroughness import examples

from features.cleaning import Cleaned
from features.open_items import open_credit, open_items
from features.settlement import Tolerance, keep_books

END = date(2025, 12, 31)


def _written(cents: int) -> str:
    return f"{abs(cents) // 100},{abs(cents) % 100:02d}{'-' if cents < 0 else ''}"


def _day(number: int) -> str:
    return f"{date(2025, 1, 13) + timedelta(days=number):%d.%m.%Y}"


@st.composite
def accounts(draw: st.DrawFn) -> tuple[list[str], int]:
    """Lines of one account and the sum of the open ones: clearings that add up, residual and open items."""
    lines: list[str] = []
    number = iter(range(1001, 9999))
    open_sum = 0
    cents = st.integers(1000, 9999)
    for _ in range(draw(st.integers(0, 4))):
        posted = draw(st.integers(0, 100))
        cleared = {"cleared": _day(posted + 40), "by": str(next(number))}
        invoices = draw(st.lists(cents, min_size=1, max_size=3))
        names = []
        for amount in invoices:
            names.append(str(next(number)))
            due = _day(posted + draw(st.integers(0, 60)))
            lines.append(line(names[-1], _written(amount), _day(posted), due=due, **cleared))
        left = sum(invoices)
        for kind in draw(st.lists(st.sampled_from(["DZ", "DG", "RV"]), max_size=3)):
            part = draw(st.integers(1, left)) if left else 0
            if part:
                reference = draw(st.sampled_from(["", names[0]]))
                day = _day(posted + draw(st.integers(0, 40)))
                lines.append(
                    line(str(next(number)), _written(-part), day, kind=kind, reference=reference, **cleared)
                )
                left -= part
        if left:
            rest = draw(st.sampled_from(["paid", "named", "unnamed", "written off"]))
            document = {"paid": str(next(number))}.get(rest, cleared["by"])
            if rest == "paid":
                lines.append(line(document, _written(-left), _day(posted + 40), kind="DZ", **cleared))
            elif rest in ("named", "unnamed"):
                reference = names[-1] if rest == "named" else ""
                lines.append(
                    line(document, _written(left), _day(posted + 40), kind="DZ", reference=reference)
                )
                open_sum += left
    for kind, sign in draw(st.lists(st.tuples(st.sampled_from(["RV", "DG", "DZ"]), cents), max_size=4)):
        amount = sign if kind == "RV" else -sign
        lines.append(line(str(next(number)), _written(amount), _day(150), kind=kind))
        open_sum += amount
    lines.append(line("9999", "50,00", _day(150)))
    lines.append(line("9998", "1,00-", _day(150), kind="DZ"))
    return lines, open_sum + 4900


def _read(lines: list[str]) -> Cleaned:
    with TemporaryDirectory() as folder:
        return read_sap(Path(folder), *lines)


def _balance(result: Cleaned) -> int:
    books = keep_books(result.ledger, Tolerance(share=0.0, amount=0.0))
    credit = open_credit(books, END)[["credit_minor", "unapplied_minor"]].sum().sum()
    return int(open_items(books, END)["open_amount_minor"].sum() - credit)


@settings(max_examples=examples(12), deadline=None)
@given(accounts())
def test_what_is_open_in_the_ledger_is_what_is_open_on_the_account(made: tuple[list[str], int]) -> None:
    """Open items less credit notes and unapplied cash are the sum of the lines that are not cleared."""
    lines, open_sum = made
    assert _balance(_read(lines)) == open_sum


@settings(max_examples=examples(3), deadline=None)
@given(accounts(), st.integers(0, 9))
def test_the_order_of_the_lines_does_not_matter(made: tuple[list[str], int], seed: int) -> None:
    """The same lines in another order give the same payments."""
    lines, _ = made
    mixed = random.Random(seed).sample(lines, len(lines))
    first, second = _read(lines), _read(mixed)
    assert moved(first) == moved(second)
    pd.testing.assert_frame_equal(
        first.ledger.invoices.sort_values("invoice_id", ignore_index=True),
        second.ledger.invoices.sort_values("invoice_id", ignore_index=True),
    )
