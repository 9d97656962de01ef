"""What the page shows of a run: every figure counted by hand on the tiny run."""

from datetime import date
from typing import Any

import pandas as pd
import pytest
from page_support import FACTS, make_page, tables_before, tiny_page
from publication_support import DAY, day, tiny_tables

from pipelines.page.facts import PageFacts


def figures(currency: str = "EUR", **changed: pd.DataFrame) -> dict[str, object]:
    """The views of one currency of the tiny run."""
    return tiny_page(**changed).views["portfolios"][currency]


def test_the_head_says_what_the_data_are() -> None:
    """Run, days, models and warnings of the manifest; rows of the tables; most open items first."""
    views = tiny_page().views
    assert views["run"] == {
        "run_id": "r2",
        "as_of": "2026-03-02",
        "previous_run_id": "r1",
        "previous_as_of": "2026-02-27",
        "schema_version": "1.3",
        "models": {"payment-time": "3"},
        "newest_fact": "2026-03-01",
        "bank_known_until": "2026-02-28",
        "home_currency": "EUR",
        "warnings": ["stale"],
    }
    assert views["rows"] == {"debtors": 3, "open_invoices": 4, "by_model": 3, "by_rule": 1, "rejected": 1}
    assert views["currencies"] == ["EUR", "JPY"]
    assert views["minor_digits"] == {"EUR": 2, "JPY": 0}
    assert views["reliability"]["curve"] is None
    assert [row["ours"] for row in views["reliability"]["figures"]] == [True]


def test_today_counts_calls_of_those_who_can_be_reached() -> None:
    """One call in EUR; the debtor in JPY is beyond the capacity."""
    assert figures()["today"]["calls"] == {"count": 1, "amount_minor": 10_010}
    assert figures()["today"]["per_collector"] == [{"collector": "anna", "count": 1, "amount_minor": 10_010}]
    assert figures("JPY")["today"]["calls"] == {"count": 0, "amount_minor": 0}


def test_figures_per_collector_are_off_unless_the_run_allows_them() -> None:
    """They say how much a person does: the configuration must ask for them."""
    silent = PageFacts("r2", DAY, "1.3")
    views = make_page(tiny_tables(), silent, None).views
    assert views["portfolios"]["EUR"]["today"]["per_collector"] is None


def test_only_what_may_be_sent_today_is_to_be_released() -> None:
    """Not before its day, not after its last one, not what waits or is blocked."""
    action = tiny_tables()["actions"]
    several = pd.concat([action] * 6, ignore_index=True).assign(
        action_id=list("abcdef"),
        status=["proposed", "proposed", "proposed", "needs_approval", "blocked", "waiting_for_bank"],
        send_on=[day(text) for text in ("2026-03-02", "2026-03-03", "2026-02-20", *["2026-03-02"] * 3)],
        valid_until=[day(text) for text in ("2026-03-02", "2026-03-09", "2026-03-01", *["2026-03-09"] * 3)],
        blocked_by=[None, None, None, None, "refused by eva", None],
        overdue_amount_minor=[1, 2, 4, 8, 16, 32],
    )
    today = figures(actions=several)["today"]
    assert today["to_release"] == {"count": 1, "amount_minor": 1}
    # the terms of c2 wait too; they are about no amount
    assert today["approvals"] == {"count": 2, "amount_minor": 8}
    assert today["blocked"] == [
        {"cause": "waiting_for_bank", "count": 1, "amount_minor": 32},
        {"cause": "refused", "count": 1, "amount_minor": 16},
    ]


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("refused by eva", "refused"),
        ("a person contacts the debtor today instead", "person_today"),
        ("no call: the debtor is expected to pay anyway", "expected_to_pay"),
        ("something else", "other"),
        (None, "other"),
    ],
)
def test_a_cause_is_a_code(words: str | None, cause: str) -> None:
    """So that it has a word in every language, and names nobody."""
    actions = tiny_tables()["actions"].assign(status="blocked", blocked_by=words)
    assert [row["cause"] for row in figures(actions=actions)["today"]["blocked"]] == [cause]


def test_withdrawn_actions_are_not_shown() -> None:
    """Nobody can release or approve them."""
    actions = tiny_tables()["actions"].assign(change="withdrawn", status="blocked", send_on=day("2026-03-02"))
    assert figures(actions=actions)["today"]["blocked"] == []
    assert tiny_page(actions=actions).lists["actions"]["step"].tolist() == ["terms"]


def test_a_week_is_put_against_what_falls_due_in_it() -> None:
    """i3, 50.00, is due in the second week; nothing in the first; the overdue i1 is in none."""
    weeks = figures()["cash"]["weeks"]
    assert [(row["starts_on"], row["due_minor"]) for row in weeks] == [
        ("2026-03-02", 0),
        ("2026-03-09", 5_000),
    ]
    assert [row["expected_minor"] for row in weeks] == [10_000, 15_000]
    assert (weeks[1]["p10_minor"], weeks[1]["p90_minor"]) == (9_000, 20_000)
    assert (weeks[1]["overdue_minor"], weeks[1]["not_issued_minor"]) == (1_010, 3_000)
    assert figures()["cash"]["days"] == [
        {"starts_on": "2026-03-03", "expected_minor": 2_000, "p10_minor": 0, "p90_minor": 10_010}
    ]


def test_what_was_said_before_is_of_the_same_days() -> None:
    """A whole week is compared with the week; of a running one only what is left, with those days."""
    weeks = tiny_page(tables_before()).views["portfolios"]["EUR"]["cash"]["weeks"]
    assert [row["said_before_minor"] for row in weeks] == [9_000, None]
    on_tuesday = PageFacts("r2", date(2026, 3, 3), "1.3")
    views = make_page(tiny_tables(), on_tuesday, tables_before()).views
    first = views["portfolios"]["EUR"]["cash"]["weeks"][0]
    assert (first["due_from"], first["due_until"]) == ("2026-03-03", "2026-03-08")
    assert first["said_before_minor"] == 4_000
    assert [row["said_before_minor"] for row in figures()["cash"]["weeks"]] == [None, None]


def test_nothing_can_have_changed_without_a_previous_run() -> None:
    """Unknown is not none."""
    changed = figures()["changed"]
    assert [changed[name] for name in ("worsened", "new_large_overdue", "broken_promises", "over_limit")] == [
        None
    ] * 4
    assert tiny_page().lists["debtors"]["worsened"].isna().all()


def test_what_changed_since_the_previous_run() -> None:
    """c2 went from A to B; c1 became overdue and broke its promise; nobody is over a limit that was not."""
    changed = tiny_page(tables_before()).views["portfolios"]["EUR"]["changed"]
    assert changed == {
        "worsened": {"count": 1, "amount_minor": 5_000},
        "new_large_overdue": {"count": 1, "amount_minor": 10_010},
        "broken_promises": {"count": 1, "amount_minor": 10_010},
        "over_limit": {"count": 0, "amount_minor": 0},
        "large_from_minor": 10_010,
    }


def worsened_after(then: dict[str, Any], whom: str = "c.") -> list[Any]:
    """Whether c1 and c2 worsened, had the previous run said this of the segments of these debtors."""
    before = tables_before()
    segments = before["segments"].assign(rule=None, scheme="learned")
    for name, value in then.items():
        segments.loc[segments["customer_id"].str.fullmatch(whom), name] = value
    flags = tiny_page(before | {"segments": segments}).lists["debtors"].set_index("customer_id")["worsened"]
    return [None if pd.isna(flags[debtor]) else bool(flags[debtor]) for debtor in ("c1", "c2")]


NO_MODEL = {"source": "rule", "rule": "no_model", "model_version": None}


@pytest.mark.parametrize("then", [{"model_version": "0"}, {"scheme": "abc", "model_version": None}, NO_MODEL])
def test_after_another_model_of_segments_nobody_is_said_to_have_worsened(then: dict[str, Any]) -> None:
    """c2 went from A to B by model 1: a newly trained one, another scheme or a first model may be why."""
    assert worsened_after({}) == [False, True]
    assert worsened_after(then) == [None, None]


@pytest.mark.parametrize(
    ("then", "told"),
    [
        (NO_MODEL, None),
        ({"source": "rule", "rule": "one_time", "model_version": None}, True),
        ({"source": "new", "model_version": None}, True),
    ],
)
def test_who_was_placed_without_the_model_has_not_worsened_and_who_left_a_rule_has(
    then: dict[str, Any], told: bool | None
) -> None:
    """Of c2 the model said nothing the day before; a rule that ended is of the debtor."""
    assert worsened_after(then, "c2") == [False, told]


def test_who_was_over_the_limit_before_is_nothing_new() -> None:
    """Only crossing it counts."""
    over = tiny_tables()["risks"].assign(over_credit_limit=[True, None])
    crossed = tiny_page(tables_before(), risks=over).views["portfolios"]["EUR"]["changed"]["over_limit"]
    assert crossed == {"count": 1, "amount_minor": 30_010}
    still = tables_before() | {"risks": over}
    assert tiny_page(still, risks=over).views["portfolios"]["EUR"]["changed"]["over_limit"]["count"] == 0


def test_without_limits_or_time_lines_nothing_is_said_of_them() -> None:
    """No debtor has a limit; the previous run follows a contract without time lines."""
    unlimited = tiny_tables()["risks"].assign(over_credit_limit=None)
    before = tables_before()
    del before["payment_events"]
    changed = tiny_page(before, risks=unlimited).views["portfolios"]["EUR"]["changed"]
    assert changed["over_limit"] is None
    assert changed["broken_promises"] is None
    assert changed["worsened"] is not None


def test_the_debtors_that_make_most_of_the_overdue() -> None:
    """c1 owes all of it; its next contact is the friendly e-mail."""
    assert figures()["top_overdue"] == {
        "rows": [
            {
                "customer_id": "c1",
                "name": "Alpha",
                "segment": "A",
                "overdue_minor": 10_010,
                "share": 1.0,
                "oldest_days_past_due": 10,
                "mostly": "1_30",
                "next_step": "friendly_email",
                "next_on": "2026-03-04",
                "blocked_by": None,
            }
        ],
        "share": 1.0,
        "of": 1,
    }
    top = figures("JPY")["top_overdue"]["rows"][0]
    assert (top["blocked_by"], top["next_step"], top["next_on"]) == ("dispute", None, None)


def test_company_codes_of_a_debtor_are_one_among_the_ten() -> None:
    """Who owes two companies 60 and 50 is before who owes one of them 100."""
    debtors = pd.concat([tiny_tables()["debtors"].iloc[[0]]] * 3, ignore_index=True).assign(
        customer_id=["c1", "c1", "c2"],
        company_code=["1", "2", "1"],
        overdue_amount_minor=[60, 50, 100],
        oldest_days_past_due=[3, 40, 5],
    )
    top = figures(debtors=debtors)["top_overdue"]
    assert [(row["customer_id"], row["overdue_minor"]) for row in top["rows"]] == [("c1", 110), ("c2", 100)]
    assert top["rows"][0]["oldest_days_past_due"] == 40
    assert top["of"] == 2
    assert top["rows"][1]["share"] == pytest.approx(100 / 210)


def test_ageing_of_today_and_as_expected() -> None:
    """25 000 is not past due, 10 010 for ten days; expected are the debtors' classes."""
    ageing = figures()["ageing"]
    assert [(row["class"], row["open_minor"]) for row in ageing] == [
        ("on_time", 25_000),
        ("1_30", 10_010),
        ("31_60", 0),
        ("61_90", 0),
        ("over_90", 0),
    ]
    assert [row["expected_minor"] for row in ageing] == [14_000, 21_010, 0, 0, 0]


def test_segments_count_the_debtors_of_their_list() -> None:
    """A and B have one debtor in EUR each; the new one owes in JPY."""
    rows = figures()["segments"]
    assert [(row["segment"], row["debtors"], row["share_of_debtors"]) for row in rows] == [
        ("A", 1, 0.5),
        ("B", 1, 0.5),
    ]
    assert (rows[0]["open_minor"], rows[0]["overdue_minor"]) == (30_010, 10_010)
    assert (rows[0]["mean_days_late"], rows[0]["late_share"], rows[0]["revenue_minor"]) == (2.5, 0.8, 120_000)
    assert [row["segment"] for row in figures("JPY")["segments"]] == ["NEW"]


def test_who_owes_nothing_is_listed_under_the_first_currency() -> None:
    """So that each debtor is on the list and in its segment once."""
    segments = pd.concat([tiny_tables()["segments"]] * 2, ignore_index=True)
    segments = segments.iloc[:4].assign(customer_id=["c2", "c1", "c3", "c4"])
    page = tiny_page(segments=segments)
    idle = page.lists["debtors"].set_index("customer_id").loc["c4"]
    assert (idle["currency"], idle["open_minor"], idle["overdue_minor"]) == ("EUR", 0, 0)
    assert [row["debtors"] for row in page.views["portfolios"]["EUR"]["segments"]] == [1, 2]


def test_flow_pareto_and_figures() -> None:
    """One debtor stays in A and one in B, one is new; one debtor makes all of the overdue."""
    eur = figures()
    assert eur["flow"] == [
        {"from": "A", "to": "A", "debtors": 1},
        {"from": "B", "to": "B", "debtors": 1},
        {"from": None, "to": "NEW", "debtors": 1},
    ]
    assert eur["pareto"] == [
        {"debtors_share": 0.0, "amount_share": 0.0},
        {"debtors_share": 1.0, "amount_share": 1.0},
    ]
    assert [(row["company_code"], row["dso_days"]) for row in eur["figures"]] == [(None, 52.515)]
    assert eur["figures"][0]["collection_effectiveness_index_percent"] is None


def test_many_debtors_make_at_most_101_points_of_the_pareto_curve() -> None:
    """1,000 debtors of 1 to 1,000: the tenth that owes most makes 19 % of it."""
    debtors = pd.concat([tiny_tables()["debtors"].iloc[[0]]] * 1000, ignore_index=True).assign(
        customer_id=[f"d{number}" for number in range(1000)],
        overdue_amount_minor=range(1, 1001),
    )
    curve = figures(debtors=debtors)["pareto"]
    assert len(curve) == 101
    assert curve[10] == {"debtors_share": 0.1, "amount_share": pytest.approx(95_050 / 500_500)}
    assert curve[-1] == {"debtors_share": 1.0, "amount_share": 1.0}


def test_a_run_without_anything_overdue_has_empty_views() -> None:
    """No top debtors, no curve, no border of what is large."""
    nothing = tiny_tables()["debtors"].assign(overdue_amount_minor=0)
    eur = tiny_page(tables_before(), debtors=nothing).views["portfolios"]["EUR"]
    assert eur["top_overdue"] == {"rows": [], "share": None, "of": 0}
    assert eur["pareto"] == []
    assert eur["changed"]["large_from_minor"] is None
    assert eur["changed"]["new_large_overdue"] == {"count": 0, "amount_minor": 0}


def test_permuted_rows_give_the_same_page() -> None:
    """The order of rows in a table means nothing."""
    turned = {name: table.iloc[::-1] for name, table in tiny_tables().items()}
    page = make_page(turned, FACTS, tables_before())
    assert page.views == tiny_page(tables_before()).views
    for name, rows in tiny_page(tables_before()).lists.items():
        pd.testing.assert_frame_equal(page.lists[name], rows)
