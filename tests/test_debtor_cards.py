"""The card of a debtor: what a run says of it, and sentences about what would change that."""

import json
from typing import Any

import pandas as pd
import pytest
from publication_support import day, tiny_tables

from features.contracts.history_tables import HISTORY
from pipelines.page.cards import DebtorCards


def card(customer: str = "c1", **changed: pd.DataFrame) -> dict[str, Any]:
    """The card of a debtor of the tiny run, some tables replaced."""
    return DebtorCards(tiny_tables() | changed).of([customer])[customer]


def sentences(customer: str = "c1", **columns: Any) -> list[str]:
    """What would change a debtor, some columns of its row in the table of segments replaced."""
    segments = tiny_tables()["segments"].set_index("customer_id")
    for name, value in columns.items():
        segments[name] = segments[name].astype(object) if name in segments else pd.Series(dtype=object)
        segments.loc[customer, name] = value
    types = {"rule": "str", "across_since": "datetime64[s]"}
    segments = segments.astype({name: kind for name, kind in types.items() if name in segments})
    return card(customer, segments=segments.reset_index())["what_would_change"]


def test_a_card_says_who_the_debtor_is() -> None:
    """From its profile; what is not known is null."""
    alpha, new = card("c1"), card("c3")
    assert (alpha["name"], alpha["country"], alpha["since"]) == ("Alpha", "NL", "2020-05-01")
    assert (new["name"], new["country"], new["since"]) == (None, None, None)
    assert new["legal_kind"] == "unknown"


def test_a_card_can_be_written_as_json() -> None:
    """No dates, no NaN, no numbers of NumPy; whole numbers stay whole."""
    cards = DebtorCards(tiny_tables()).of(["c1", "c2", "c3"])
    text = json.dumps(cards, allow_nan=False)
    assert json.loads(text) == cards
    assert cards["c1"]["balances"][0]["oldest_days_past_due"] == 10
    assert cards["c2"]["balances"][0]["oldest_days_past_due"] is None


def test_unknown_debtors_have_no_card_and_repeated_ones_have_one() -> None:
    """Whoever asks may have an old id."""
    assert list(DebtorCards(tiny_tables()).of(["c2", "nobody", "c2"])) == ["c2"]
    assert DebtorCards(tiny_tables()).of([]) == {}


def test_a_card_is_the_same_alone_and_among_others() -> None:
    """Whether all debtors are held or only the one, byte for byte."""
    tables = tiny_tables()
    together = DebtorCards(tables).of(["c3", "c1", "c2"])
    assert list(together) == ["c3", "c1", "c2"]
    for customer, own in together.items():
        few = DebtorCards(tables, only=[customer, "nobody"])
        assert json.dumps(own) == json.dumps(card(customer)) == json.dumps(few.of([customer])[customer])
        assert list(few.of(together)) == [customer]


def test_a_card_shows_what_is_open_and_what_comes_next() -> None:
    """Its invoices by due day with band and step, the action, and what the debtor owes."""
    own = card()
    assert [(row["invoice_id"], row["due_on"]) for row in own["invoices"]] == [
        ("i1", "2026-02-20"),
        ("i2", "2026-03-22"),
    ]
    first = own["invoices"][0]
    assert (first["open_minor"], first["days_past_due"], first["p_late"]) == (10_010, 10, 1.0)
    assert (first["paid_on_p10"], first["paid_on_p90"]) == ("2026-03-03", "2026-03-11")
    assert (first["step"], first["send_on"]) == ("friendly_email", "2026-03-04")
    assert [row["action_id"] for row in own["actions"]] == ["a1"]
    assert own["balances"][0]["net_overdue_minor"] == 9_010
    assert own["treatment"]["strategy"] == "gentle"


def test_a_card_shows_the_figures_of_the_history_with_their_meaning() -> None:
    """By their names in the catalogue; one that does not exist yet is null."""
    by_name = {row["name"]: row for row in card()["figures"]}
    assert tuple(by_name) == HISTORY
    assert (by_name["settled_invoices"]["value"], by_name["settled_invoices"]["unit"]) == (10, "count")
    assert by_name["worst_days_late"]["value"] is None
    assert by_name["worst_days_late"]["meaning"] == "largest days late of all closings"


def test_events_come_oldest_first() -> None:
    """Whatever the order of the rows; of one day in the order in which things follow each other."""
    events = tiny_tables()["payment_events"].iloc[::-1]
    assert [(row["on"], row["event"]) for row in card(payment_events=events)["events"]] == [
        ("2026-01-20", "invoice_issued"),
        ("2026-02-24", "invoice_paid"),
        ("2026-02-25", "promise"),
        ("2026-03-01", "promise_broken"),
    ]


def test_a_branch_sees_the_contact_that_head_office_gets() -> None:
    """The action is for whoever is written to; who owes the invoice sees it too."""
    actions = tiny_tables()["actions"].assign(customer_id="c2")
    assert [row["action_id"] for row in card("c1", actions=actions)["actions"]] == ["a1"]
    assert [row["action_id"] for row in card("c2", actions=actions)["actions"]] == ["a1"]
    assert card("c3", actions=actions)["actions"] == []


def test_a_dormant_item_is_shown_last_with_its_reason() -> None:
    """It has a reminder row and no prediction."""
    predictions = tiny_tables()["predictions"]
    without = predictions[predictions["invoice_id"] != "i1"]
    rows = card(predictions=without)["invoices"]
    assert [(row["invoice_id"], row["source"]) for row in rows] == [("i2", "model"), ("i1", "dormant")]
    assert rows[1]["open_minor"] is None


def test_an_older_run_has_cards_too() -> None:
    """Contract 1.2 had no profiles and no time lines."""
    older = tiny_tables()
    del older["debtor_profiles"], older["payment_events"], older["portfolio_figures"]
    own = DebtorCards(older).of(["c1"])["c1"]
    assert own["name"] is None
    assert own["events"] == []
    assert own["segment"]["segment"] == "A"


def test_provisional_segments_are_told_of_who_has_one() -> None:
    """With the late share to expect and its ends."""
    assert card("c3")["segment"]["provisional"] is None
    segments = tiny_tables()["segments"].assign(
        provisional_segment=[None, None, "B"],
        expected_late_share=[None, None, 0.3],
        expected_late_share_p10=[None, None, 0.1],
        expected_late_share_p90=[None, None, 0.6],
    )
    assert card("c3", segments=segments)["segment"]["provisional"] == {
        "segment": "B",
        "late_share": 0.3,
        "late_share_p10": 0.1,
        "late_share_p90": 0.6,
    }


# --- what would change it ----------------------------------------------------------------------------


def test_a_new_debtor_learns_how_many_invoices_are_missing() -> None:
    """As the reason counts them; another wording says nothing of numbers."""
    said = sentences("c3", source="new", rule="new", reason="1 of 3 matured invoices; like 80 in retail")
    assert (
        said[0]
        == "After 2 more invoices are paid, or more than 30 days past due, it is judged by its own payments."
    )
    said = sentences("c3", source="new", rule="new", reason="2 of 3 matured invoices")
    assert said[0].startswith("After 1 more invoice is paid")
    said = sentences("c3", source="new", rule="one_time", reason="one-time account", model_segment="A")
    assert said[0] == "It is in NEW as long as the rule one_time holds: by its payments it is nearest to A."


def test_a_debtor_kept_near_a_border_learns_when_it_moves() -> None:
    """30 days after it crossed, or earlier when it is clearly across."""
    said = sentences(
        source="kept",
        model_segment="B",
        across_since=day("2026-02-20"),
        reason="kept in A: nearer to B by 12% since 2026-02-20; it moves when 25% nearer, or 30 days",
    )
    assert said[0] == (
        "It moves from A to B in the first run from 2026-03-22 on if it is still nearer to B; "
        "earlier when it is 25 % nearer."
    )


def test_a_decision_ends_on_its_day() -> None:
    """And one without a day holds until the next."""
    until = "decided by eva on 2026-01-05 until 2026-06-30: promised to pay"
    assert sentences(source="rule", rule="manual", reason=until)[0] == (
        "The decision for A holds until 2026-06-30; then rules and payments decide again."
    )
    said = sentences(source="rule", rule="manual", reason="decided by eva on 2026-01-05")
    assert said[0] == "The decision for A holds until another one is made."


def test_a_rule_holds_as_long_as_it_holds() -> None:
    """Rules are their owner's words: nothing more is said of them than what payments alone would say."""
    said = sentences(source="rule", rule="insolvent", reason="insolvent since 2026-01-05", model_segment="B")
    assert said[0] == "It is in A as long as the rule insolvent holds: by its payments it is nearest to B."
    said = sentences("c3", source="rule", rule="dormant", reason="no invoice for 20 months")
    assert said[0] == "It is in NEW as long as the rule dormant holds."


def test_neighbours_are_told_with_their_figures() -> None:
    """B pays 12 days late on average, A 2.5; without figures of its own nothing is said."""
    assert sentences("c2")[0] == (
        "The next better segment, A, pays 2.5 days late on average and 80% of its invoices late; "
        "this debtor 12 days late and 20% (last 365 days)."
    )
    profiles = tiny_tables()["debtor_profiles"].assign(mean_days_late_365d=None)
    assert not [
        text for text in card("c2", debtor_profiles=profiles)["what_would_change"] if "next better" in text
    ]


@pytest.mark.parametrize(
    ("block", "ending"),
    [
        ("dispute: open since 2026-02-01, price", "ends when the dispute is closed"),
        ("hold: until 2026-04-01 by eva: talks", "ends after 2026-04-01"),
        ("hold: by eva: talks", "ends when it is lifted"),
        ("promise: promised for 2026-03-05", "ends 2 working days after the promised day"),
        ("something_new: whatever", "ends when its reason does"),
    ],
)
def test_blocks_of_the_debtor_and_of_items_say_what_lifts_them(block: str, ending: str) -> None:
    """The debtor's own once; an item's with how many invoices it holds."""
    code, words = block.split(": ", 1)
    debtors = tiny_tables()["debtors"].assign(blocked_by=[block, None, None])
    named = block if code == "something_new" else f"{code.replace('_', ' ')}: {words}"
    assert f"Blocked ({named}): {ending}." in card(debtors=debtors)["what_would_change"]
    reminders = tiny_tables()["reminders"].assign(step=None, reason=f"blocked by {block}", action_id=None)
    items = card(reminders=reminders)["what_would_change"]
    assert f"2 invoices are not reminded ({named}): {ending}." in items
    both = card(reminders=reminders, debtors=debtors)["what_would_change"]
    assert not [text for text in both if "not reminded" in text]


def test_items_held_for_the_same_reason_are_told_together() -> None:
    """With the words where they are the same."""
    reasons = [f"blocked by direct_debit: not yet presented, due 2026-03-{day}" for day in (12, 13)]
    reminders = tiny_tables()["reminders"].assign(
        step=None, action_id=None, reason=[*reasons, "not due", "not due"]
    )
    together = "2 invoices are not reminded (direct debit): ends 5 days after the due day."
    assert together in card(reminders=reminders)["what_would_change"]


def test_several_blocks_are_told_one_by_one() -> None:
    """They are one text in the run."""
    debtors = tiny_tables()["debtors"].assign(
        blocked_by=["insolvent: since 2026-01-05; legal: in court since 2026-02-01", None, None]
    )
    said = card(debtors=debtors)["what_would_change"]
    assert "Blocked (insolvent: since 2026-01-05): while it is insolvent, nothing is sent." in said
    assert "Blocked (legal: in court since 2026-02-01): while the case is in court, nothing is sent." in said


def test_the_next_step_says_what_cancels_it() -> None:
    """Paying 90.10, the 100.10 of its invoices less credit of 10.00; a promise and a dispute put it off."""
    step = card()["what_would_change"][-1]
    paid = "The next step, friendly email on 2026-03-04, falls away when EUR 90.10 of it is paid;"
    assert step.startswith(paid)
    waits = tiny_tables()["actions"].assign(status="needs_approval", adverse=True)
    said = card(actions=waits)["what_would_change"]
    assert "The next step, friendly email on 2026-03-04, waits for a person's approval." in said
    blocked = tiny_tables()["actions"].assign(status="blocked")
    assert not [text for text in card(actions=blocked)["what_would_change"] if "friendly email" in text]


def test_terms_that_wait_are_told() -> None:
    """A credit hold is a person's decision."""
    treatments = tiny_tables()["treatments"].assign(terms=[None, "credit held until paid", None])
    assert (
        "The terms (credit held until paid) wait for a person's approval."
        in card("c2", treatments=treatments)["what_would_change"]
    )
