"""The report shows a run to a credit manager, repeats byte for byte, and runs nobody's code."""

from datetime import date
from html.parser import HTMLParser

import pandas as pd
import pytest
from publication_support import day, inputs, tiny_tables

from features.contracts import OUTPUT_TABLES
from pipelines.reporting.report import QualityRow, render_report
from pipelines.reporting.report_tables import (
    ageing,
    by_currency,
    key_figures,
    migration_matrix,
    most_overdue,
    next_actions,
    rejected_rows,
    segment_rows,
)
from pipelines.reporting.report_treatment import cash_weeks, task_rows, worklist_rows

DAY = date(2026, 3, 2)


class Page(HTMLParser):
    """The words a reader sees, and the tags and attributes of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [f"{name}={value}" for name, value in attrs if name in ("src", "href", "action")]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.words.append(data)


def whole_tables() -> dict[str, pd.DataFrame]:
    """The tiny run with every column of the contract."""
    return {
        name: table.reindex(columns=[column.inside for column in OUTPUT_TABLES[name].columns])
        for name, table in tiny_tables().items()
    }


def render(tables: dict[str, pd.DataFrame] | None = None, **others: object) -> str:
    """The report of the tiny run."""
    return render_report(tables or tiny_tables(), inputs=inputs(), newest_fact=date(2026, 3, 1), **others)


# --- what is counted ------------------------------------------------------------------------------


def test_currencies_are_told_apart_and_the_busiest_comes_first() -> None:
    """Three items in EUR, one in JPY; amounts are never added across them."""
    currencies = by_currency(whole_tables())
    assert list(currencies) == ["EUR", "JPY"]
    assert key_figures(currencies["EUR"]) == {
        "open_invoices": 3,
        "open_amount": 35_010,
        "overdue_amount": 10_010,
        "expected_late_amount": 21_010,
        "dormant_amount": 0,
        "debtors_owing": 2,
        "debtors_overdue": 1,
    }
    assert key_figures(currencies["JPY"])["open_amount"] == 900


def test_ageing_stands_beside_what_is_expected() -> None:
    """250.00 of 350.10 EUR are not due; 140.00 are expected on time and 210.10 within 30 days."""
    rows = {
        row["class"]: (row["today"], row["expected"]) for row in ageing(by_currency(whole_tables())["EUR"])
    }
    assert rows == {
        "on_time": (25_000, 14_000),
        "1_30": (10_010, 21_010),
        "31_60": (0, 0),
        "61_90": (0, 0),
        "over_90": (0, 0),
    }


def test_actions_are_those_of_the_window_that_may_be_sent() -> None:
    """Withdrawn ones and later days are left out; blocked ones are counted, not listed."""
    tables = whole_tables()
    one = tables["actions"].iloc[0].to_dict()
    changes: list[dict] = [
        {"action_id": "first day", "send_on": day("2026-03-02"), "overdue_amount_minor": 5},
        {"action_id": "last day", "send_on": day("2026-03-08"), "status": "needs_approval"},
        {"action_id": "too late", "send_on": day("2026-03-09")},
        {"action_id": "withdrawn", "change": "withdrawn"},
        {"action_id": "blocked", "status": "blocked"},
        {"action_id": "waiting", "status": "waiting_for_bank"},
    ]
    tables["actions"] = pd.DataFrame([one | change for change in changes])
    found = next_actions(tables, DAY, date(2026, 3, 9), {"c1": "Jansen"})
    assert [(row["send_on"], row["overdue"], row["needs_approval"]) for row in found["rows"]] == [
        (date(2026, 3, 8), 10_010, True),
        (date(2026, 3, 2), 5, False),
    ]
    assert found["rows"][0]["name"] == "Jansen"
    assert (found["count"], found["amount"], found["approvals"]) == (2, 10_015, 1)
    assert found["held"] == [("blocked", 1), ("waiting for bank", 1)]


def test_the_debtors_with_most_overdue_come_with_expectation_and_reminder() -> None:
    """c1 owes all of the overdue euros, two thirds of its money is expected 1–30 days late."""
    top = most_overdue(by_currency(whole_tables())["EUR"], DAY, {})
    assert (len(top["rows"]), top["of"], top["share"]) == (1, 1, 1.0)
    row = top["rows"][0]
    assert (row["customer_id"], row["segment"], row["overdue"], row["oldest"]) == ("c1", "A", 10_010, 10)
    assert [(part["class"], part["width"]) for part in row["expected"]] == [("on_time", 33.3), ("1_30", 66.7)]
    assert row["mostly"] == "1–30 days late"
    assert row["remind_on"] == date(2026, 3, 4)
    yen = most_overdue(by_currency(whole_tables())["JPY"], DAY, {})["rows"][0]
    assert (yen["blocked_by"], yen["remind_on"]) == ("dispute", None)


def test_a_debtor_of_two_company_codes_is_one_row() -> None:
    """Its overdue amounts are added, its oldest item is the older of the two."""
    tables = by_currency(whole_tables())["EUR"]
    other = tables["debtors"].head(1).assign(company_code="2000", oldest_days_past_due=40.0)
    tables["debtors"] = pd.concat([tables["debtors"], other])
    (row,) = most_overdue(tables, DAY, {})["rows"]
    assert (row["overdue"], row["oldest"]) == (20_020, 40)


def test_segments_run_from_the_best_to_the_special_ones() -> None:
    """Letters first; a segment without history shows no lateness."""
    tables = whole_tables()
    tables["segment_profiles"] = tables["segment_profiles"].iloc[::-1]
    rows = segment_rows(tables)
    assert [row["segment"] for row in rows] == ["A", "B", "NEW"]
    assert [row["tone"] for row in rows] == [1, 5, 0]
    assert rows[2]["mean_days_late"] is None


def test_migrations_count_moves_for_better_and_worse() -> None:
    """Entering the portfolio is no move; leaving NEW is one, neither better nor worse."""
    moves = [("A", "A", 10), ("A", "B", 3), ("C", "A", 2), ("NEW", "A", 1), (None, "NEW", 5)]
    tables = {"migrations": pd.DataFrame(moves, columns=["previous_segment", "segment", "debtors"])}
    matrix = migration_matrix(tables)
    assert matrix["columns"] == ["A", "B", "C", "NEW"]
    assert [row["previous"] for row in matrix["rows"]] == ["A", "C", "NEW", None]
    assert matrix["rows"][0]["counts"] == [10, 3, 0, 0]
    assert (matrix["moved"], matrix["better"], matrix["worse"]) == (6, 2, 3)


def test_rejected_rows_are_grouped_by_reason_with_examples() -> None:
    """The most frequent first, three examples at most."""
    rejected = pd.DataFrame(
        {
            "table": ["payments"] * 4 + ["invoices"],
            "row": [9, 3, 5, 7, 1],
            "key": ["p9", "p3", None, "p7", "i1"],
            "reason": ["unknown invoice"] * 4 + ["due before issue"],
        }
    )
    rows = rejected_rows({"rejected": rejected})
    assert [(row["table"], row["rows"]) for row in rows] == [("payments", 4), ("invoices", 1)]
    assert rows[0]["examples"] == ["row 3 (p3)", "row 5", "row 7 (p7)"]


# --- the page -------------------------------------------------------------------------------------


def test_a_reader_finds_the_figures() -> None:
    """Day, data status, amounts per currency, segments, reminders, rejected rows, quality."""
    quality = [QualityRow("payment-time", 0.8234, 0.1, None, ours=True)]
    text = Page(render(names={"c1": "Jansen BV"}, quality=quality, previous_as_of=date(2026, 2, 1))).text
    for words in (
        "As of 2 Mar 2026",
        "Newest fact 1 Mar 2026",
        "Rows rejected 1",
        "Predicted by model 75%, else rule",
        "Open 350 EUR 3 items",
        "Overdue 100 EUR 29% of open",
        "Open 900 JPY 1 item ",
        "1 reminder over 100 EUR",
        "4 Mar 2026 Jansen BV c1",
        "1 of 1 overdue debtor makes 100% of the overdue amount",
        "0 debtors changed segment since 1 Feb 2026",
        "payment for an unknown invoice 1 row 7 (i9)",
        "payment-time 0.823 0.100 –",
    ):
        assert words in text


def test_numbers_and_days_follow_the_locale() -> None:
    """A German reader sees a German thousand and a German day."""
    tables = tiny_tables()
    tables["portfolio"]["open_amount_minor"] = [123_456_789, 900]
    text = Page(render(tables, locale="de")).text
    assert "1.234.568 EUR" in text
    assert "02.03.2026" in text


def test_the_report_repeats_byte_for_byte_in_any_order_of_rows() -> None:
    """It is part of the run, so it must not depend on the clock or on chance."""
    shuffled = {name: table.iloc[::-1] for name, table in tiny_tables().items()}
    assert render(shuffled) == render()


def test_a_script_in_a_name_or_a_reason_stays_text() -> None:
    """Whatever the ledger holds is shown, not run; the page also forbids scripts by itself."""
    attack = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    tables = tiny_tables()
    tables["actions"]["reason"] = attack
    tables["rejected"]["key"] = attack
    tables["debtors"]["blocked_by"] = attack
    for name in ("segments", "debtors", "actions"):
        tables[name]["customer_id"] = tables[name]["customer_id"].replace("c1", attack)
    html = render_report(
        tables,
        inputs=inputs(models={attack: attack}),
        warnings=(attack,),
        names={attack: attack},
        quality=[QualityRow(attack, None, None, None)],
    )
    page = Page(html)
    assert page.text.count(attack) >= 6
    assert not {"script", "img"} & set(page.tags)
    assert "default-src 'none'" in html


def test_the_page_needs_nothing_from_elsewhere() -> None:
    """No script, no picture, no font, no link: it can be mailed and opened without a network."""
    html = render(previous_as_of=date(2026, 2, 1))
    page = Page(html)
    assert page.addresses == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert "url(" not in html
    assert "@import" not in html
    assert "http:" not in html.replace("http-equiv", "")
    assert "https:" not in html


def test_an_empty_run_is_a_page_too() -> None:
    """Nothing open, nobody to remind, nothing rejected, no previous run."""
    empty = {name: pd.DataFrame() for name in OUTPUT_TABLES}
    text = Page(render_report(empty, inputs=inputs())).text
    for words in (
        "Nothing is open on this day",
        "Nobody needs a reminder",
        "Nothing is overdue",
        "This is the first run",
        "Every row of the ledger was used",
    ):
        assert words in text


@pytest.mark.parametrize(("source", "words"), [("model", "model"), ("rule", "rule")])
def test_the_header_says_who_predicted(source: str, words: str) -> None:
    """A run without a model must not look like one with a model."""
    tables = tiny_tables()
    tables["predictions"]["source"] = source
    assert f"Predicted by {words} " in Page(render(tables)).text


def test_no_more_than_three_currencies_are_shown_and_the_others_named() -> None:
    """A long tail of currencies does not bury the main one."""
    tables = tiny_tables()
    more = [tables["portfolio"].head(1).assign(currency=code, open_invoices=1) for code in ("CHF", "USD")]
    tables["portfolio"] = pd.concat([tables["portfolio"], *more])
    text = Page(render(tables)).text
    assert "Items in USD are in the run's tables" in text


# --- treatment ------------------------------------------------------------------------------------


def test_the_worklist_shows_who_is_reached_and_says_what_capacity_leaves() -> None:
    """In EUR one debtor is called by anna; in JPY nobody has time for 900 yen."""
    currencies = by_currency(whole_tables())
    euros = worklist_rows(currencies["EUR"], {"c1": "Acme"})
    assert (euros["count"], euros["beyond"], euros["rows"][0]["name"]) == (1, 0, "Acme")
    yen = worklist_rows(currencies["JPY"], {})
    assert (yen["count"], yen["beyond"], yen["beyond_amount"]) == (0, 1, 900)
    assert "1 more with 900 JPY overdue wait for capacity or their turn" in Page(render()).text


def test_cash_of_a_week_stands_with_its_band() -> None:
    """Of the largest 200.00 the first week's band is 25 to 100 %, its mark at 50 %; days are left out."""
    cash = cash_weeks(by_currency(whole_tables())["EUR"])
    assert [row["starts_on"] for row in cash["rows"]] == [date(2026, 3, 2), date(2026, 3, 9)]
    first = cash["rows"][0]
    assert (first["p10_at"], first["expected_at"], first["p90_at"]) == (25.0, 50.0, 100.0)
    assert cash["corrected"]


def test_tasks_are_counted_by_kind_with_the_largest_as_example() -> None:
    """One account to clean up, one address that is missing."""
    assert [(row["task"], row["count"], row["customer_id"]) for row in task_rows(whole_tables())] == [
        ("clean up account", 1, "c2"),
        ("missing address", 1, "c3"),
    ]
