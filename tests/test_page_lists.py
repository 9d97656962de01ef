"""Whoever clicks a figure sees what it is made of: every figure is a filter on a list."""

from datetime import date, timedelta
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from page_support import FACTS, make_page, tables_before
from publication_support import DAY, tiny_tables
from thoroughness import examples

from pipelines.page.rows import rows_of

IDS, CODES, MONEY = (
    st.sampled_from(["c1", "c2", "c3", "c4"]),
    st.sampled_from(["EUR", "JPY"]),
    st.integers(0, 50),
)
COMPANIES = st.sampled_from(["1", "2"])
WHEN = st.integers(-20, 20).map(lambda days: DAY + timedelta(days=days))


def frame(rows: list[dict[str, Any]], like: str) -> pd.DataFrame:
    """Rows under the types of a table of the tiny run."""
    table = tiny_tables()[like].iloc[:0]
    days = {name: "datetime64[s]" for name in table if "datetime64" in str(table[name].dtype)}
    return pd.DataFrame(rows, columns=[*table, *({"company_code"} - set(table))]).astype(days)


def accounts(rows: list[tuple[str, str, str, int]]) -> pd.DataFrame:
    """The table `debtors`: overdue is what is drawn, twice that is open."""
    made = {row[:3]: row for row in rows}
    return frame(
        [
            {
                "customer_id": who,
                "company_code": company,
                "currency": currency,
                "open_amount_minor": 2 * minor,
                "overdue_amount_minor": minor,
                "net_overdue_amount_minor": minor,
                **{
                    f"expected_{name}_amount_minor": minor
                    for name in ("on_time", "1_30", "31_60", "61_90", "over_90")
                },
                "oldest_days_past_due": 1,
            }
            for who, company, currency, minor in made.values()
        ],
        "debtors",
    )


def calls(rows: list[tuple[str, str, int, bool]]) -> pd.DataFrame:
    """The worklist."""
    return frame(
        [
            {
                "collector": "anna",
                "rank": place + 1,
                "reached": reached,
                "customer_id": who,
                "currency": currency,
                "cause": "silence",
                "why": "why",
                "suggested_approach": "ask",
                "open_amount_minor": minor,
                "overdue_amount_minor": minor,
                "expected_value_minor": 0,
            }
            for place, (who, currency, minor, reached) in enumerate(rows)
        ],
        "worklist",
    )


def planned(rows: list[tuple[str, str, int, str, str, date]]) -> pd.DataFrame:
    """The actions; each may be sent for five days."""
    first = tiny_tables()["actions"].iloc[0].to_dict()
    return frame(
        [
            first
            | {
                "action_id": f"a{place}",
                "customer_id": who,
                "currency": currency,
                "overdue_amount_minor": minor,
                "status": status,
                "change": change,
                "send_on": day,
                "valid_until": day + timedelta(days=5),
            }
            for place, (who, currency, minor, status, change, day) in enumerate(rows)
        ],
        "actions",
    )


def opened(rows: list[tuple[str, str, int, date]]) -> pd.DataFrame:
    """The predictions."""
    first = tiny_tables()["predictions"].iloc[0].to_dict()
    return frame(
        [
            first
            | {
                "invoice_id": f"i{place}",
                "customer_id": who,
                "currency": currency,
                "open_amount_minor": minor,
                "due_on": due,
                "days_past_due": (DAY - due).days,
            }
            for place, (who, currency, minor, due) in enumerate(rows)
        ],
        "predictions",
    )


RUNS = st.fixed_dictionaries(
    {
        "debtors": st.lists(st.tuples(IDS, COMPANIES, CODES, MONEY), max_size=8).map(accounts),
        "worklist": st.lists(st.tuples(IDS, CODES, MONEY, st.booleans()), max_size=6).map(calls),
        "actions": st.lists(
            st.tuples(
                IDS,
                CODES,
                MONEY,
                st.sampled_from(["proposed", "needs_approval", "blocked", "waiting_for_bank"]),
                st.sampled_from(["new", "withdrawn"]),
                WHEN,
            ),
            max_size=8,
        ).map(planned),
        "predictions": st.lists(st.tuples(IDS, CODES, MONEY, WHEN), max_size=8).map(opened),
    }
)


def figure(rows: list[dict[str, Any]], amount: str = "overdue_minor") -> dict[str, int]:
    """Count and amount of some rows of a list."""
    return {"count": len(rows), "amount_minor": sum(row[amount] or 0 for row in rows)}


def debtors_of(rows: list[dict[str, Any]], amount: str) -> dict[str, int]:
    """Distinct debtors and amount of some rows of the list of debtors."""
    return figure(rows, amount) | {"count": len({row["customer_id"] for row in rows})}


@settings(max_examples=examples(10), deadline=None)
@given(RUNS)
def test_every_figure_is_a_filter_on_a_list(run: dict[str, pd.DataFrame]) -> None:
    """Counted anew from the rows that a click would open."""
    page = make_page(tiny_tables() | run, FACTS, tables_before())
    for code, shown in page.views["portfolios"].items():
        lists = {
            name: rows_of(table[(table["currency"] == code).to_numpy(dtype=bool)])
            for name, table in page.lists.items()
        }
        actions, debtors, invoices = lists["actions"], lists["debtors"], lists["invoices"]
        assert shown["today"]["calls"] == figure([row for row in lists["worklist"] if row["reached"]])
        assert shown["today"]["to_release"] == figure([row for row in actions if row["to_release"]])
        assert shown["today"]["approvals"] == figure([row for row in actions if row["waiting"]])
        for line in shown["today"]["blocked"]:
            held = [row for row in actions if row["cause"] == line["cause"]]
            assert line == {"cause": line["cause"], **figure(held)}
        assert sum(line["count"] for line in shown["today"]["blocked"]) == sum(
            row["status"] in ("blocked", "waiting_for_bank") for row in actions
        )
        for flag, name, amount in (
            ("worsened", "worsened", "open_minor"),
            ("new_large_overdue", "new_large_overdue", "overdue_minor"),
            ("broken_promise", "broken_promises", "overdue_minor"),
        ):
            assert shown["changed"][name] == debtors_of([row for row in debtors if row[flag]], amount)
        for week in shown["cash"]["weeks"]:
            due = [row for row in invoices if week["due_from"] <= row["due_on"] <= week["due_until"]]
            assert week["due_minor"] == figure(due, "open_minor")["amount_minor"]
        assert sum(row["open_minor"] for row in shown["ageing"]) == sum(row["open_minor"] for row in invoices)
        for line in shown["segments"]:
            inside = debtors_of(
                [row for row in debtors if row["segment"] == line["segment"]], "overdue_minor"
            )
            assert (line["debtors"], line["overdue_minor"]) == (inside["count"], inside["amount_minor"])
        owing = [row for row in debtors if row["overdue_minor"] > 0]
        assert shown["top_overdue"]["of"] == len({row["customer_id"] for row in owing})
        assert [row["overdue_minor"] for row in debtors] == sorted(
            (row["overdue_minor"] for row in debtors), reverse=True
        )
        for row in actions:
            sendable = row["status"] == "proposed" and row["send_on"] <= "2026-03-02" <= row["valid_until"]
            assert row["to_release"] == sendable


def test_rows_are_json() -> None:
    """Days as text, whole numbers whole, missing as null, flags as flags."""
    table = pd.DataFrame(
        {
            "on": pd.Series(["2026-03-02", None], dtype="datetime64[s]"),
            "count": pd.array([3, None], dtype="Int64"),
            "share": [0.5, None],
            "flag": pd.array([True, None], dtype="boolean"),
            "text": pd.Series(["a", None], dtype="str"),
        }
    )
    assert rows_of(table) == [
        {"on": "2026-03-02", "count": 3, "share": 0.5, "flag": True, "text": "a"},
        {"on": None, "count": None, "share": None, "flag": None, "text": None},
    ]
    assert rows_of(table.iloc[:0]) == []
    assert all(type(value) is int for value in [rows_of(table)[0]["count"]])
