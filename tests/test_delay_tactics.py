"""Delay tactics: what counts, how often, and what the file that says so may not say."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from treatment_support import DAY, ledger_of, on

from features.contracts import OUTPUT_TABLES
from features.errors import ConfigurationError
from features.ledger import Ledger, known_before
from models.segments.delay_tactics import (
    Tactics,
    find_tactics,
    fingerprint,
    parse_tactics,
    read_tactics,
    tactics_per_debtor,
)

SHIPPED = Path(__file__).resolve().parent.parent / "configs" / "delay_tactics.yaml"
PLAIN: dict[str, Any] = {
    "chronic_from": 3,
    "tactics": [
        {"name": "lost", "kind": "words", "patterns": {"en": ["invoice lost", "never came"]}},
        {"name": "dispute_after_due", "kind": "dispute_after_due", "days_after_due": [0, 14]},
        {"name": "broken_promise", "kind": "broken_promise", "chronic_from": 2},
    ],
}
TACTICS = parse_tactics(PLAIN)

INVOICES = pd.DataFrame(
    [
        {"invoice_id": f"I{n}", "customer_id": who, "issued_on": on("2024-01-01"), "due_on": on("2024-03-01")}
        for n, who in enumerate("XXXXY")
    ]
).assign(amount_minor=10_000)


def ledger(
    contacts: Sequence[dict[str, Any]] = (), disputes: Sequence[dict[str, Any]] = (), **tables: pd.DataFrame
) -> Ledger:
    """Five invoices due on 1 March (I0 to I3 of X, I4 of Y), with these contacts and disputes."""
    said = pd.DataFrame([{"customer_id": "X", "contacted_on": on("2024-04-02"), **row} for row in contacts])
    argued = pd.DataFrame([{"invoice_id": "I0", "opened_on": on("2024-03-04"), **row} for row in disputes])
    given = {"contact_history": said, "disputes": argued, **tables}
    return ledger_of(INVOICES, **{name: table for name, table in given.items() if len(table)})


def found(book: Ledger, tactics: Tactics = TACTICS) -> list[tuple[Any, ...]]:
    """The table of tactics as rows: debtor, tactic, times, invoices, last day, chronic."""
    table = find_tactics(book, DAY, tactics)
    table["last_on"] = table["last_on"].dt.strftime("%Y-%m-%d")
    return list(table.itertuples(index=False, name=None))


def test_one_note_counts_once_however_many_patterns_it_holds() -> None:
    """Two patterns in a note, and one in its outcome: one occurrence."""
    notes = [{"invoice_id": "I0", "note": "invoice lost, never came", "outcome": "Never came"}]
    assert found(ledger(notes)) == [("X", "lost", 1, 1, "2024-04-02", False)]


def test_notes_of_one_day_about_one_item_count_once() -> None:
    """Two about I0 on a day, one of I1, one more about I0 the day after, two about none: 4 times, 2 items."""
    told = [("I0", 2), ("I0", 2), ("I1", 2), ("I0", 3), (None, 5), (None, 5)]
    notes = [
        {"invoice_id": item, "contacted_on": on(f"2024-04-0{day}"), "note": f"call {n}: never came"}
        for n, (item, day) in enumerate(told)
    ]
    assert found(ledger(notes)) == [("X", "lost", 4, 2, "2024-04-05", True)]


def test_three_times_is_a_habit_and_two_are_not() -> None:
    """Chronic from 3; each debtor by itself."""
    notes = [{"invoice_id": f"I{n}", "note": "invoice lost"} for n in range(3)]
    notes += [
        {"customer_id": "Y", "contacted_on": on(day), "note": "invoice lost"}
        for day in ("2024-04-02", "2024-04-03")
    ]
    assert found(ledger(notes)) == [
        ("X", "lost", 3, 3, "2024-04-02", True),
        ("Y", "lost", 2, 0, "2024-04-03", False),
    ]


def test_the_reason_of_a_dispute_is_read_too() -> None:
    """A note and a dispute about the same item on the same day say the same thing once."""
    disputes = [{"opened_on": on("2024-04-02"), "reason": "Invoice lost"}]
    assert found(ledger(disputes=disputes)) == [("X", "lost", 1, 1, "2024-04-02", False)]
    both = ledger([{"invoice_id": "I0", "note": "invoice lost"}], disputes)
    assert found(both) == [("X", "lost", 1, 1, "2024-04-02", False)]


def test_a_contact_that_was_suppressed_said_nothing() -> None:
    """It was never made."""
    assert found(ledger([{"status": "suppressed", "note": "invoice lost"}])) == []


@pytest.mark.parametrize(
    ("opened", "counts"),
    [("2024-02-29", False), ("2024-03-01", True), ("2024-03-15", True), ("2024-03-16", False)],
)
def test_disputes_right_after_due(opened: str, counts: bool) -> None:
    """0 to 14 days after the due day, both ends included; before it a dispute is no tactic."""
    expected = [("X", "dispute_after_due", 1, 1, opened, False)] if counts else []
    assert found(ledger(disputes=[{"opened_on": on(opened)}])) == expected


def test_the_due_day_is_the_one_at_issue() -> None:
    """Due on 1 March, put off to 1 May: a dispute on 3 May is 63 days after due."""
    later = INVOICES.assign(due_on=on("2024-05-01"), original_due_on=on("2024-03-01"))
    book = ledger_of(later, disputes=pd.DataFrame([{"invoice_id": "I0", "opened_on": on("2024-05-03")}]))
    assert found(book) == []


@pytest.mark.parametrize(
    ("known", "counts"),
    [("2023-06-03", False), ("2023-06-04", True), ("2024-06-02", True), ("2024-06-03", False)],
)
def test_only_what_became_known_in_the_365_days_before_the_day(known: str, counts: bool) -> None:
    """The day is 3 June 2024; what became known on it is not known before it."""
    notes = [{"contacted_on": on("2023-01-01"), "known_on": on(known), "note": "invoice lost"}]
    disputes = [{"opened_on": on("2023-01-01"), "known_on": on(known), "reason": "never came"}]
    assert bool(found(ledger(notes))) is counts
    assert bool(found(ledger(disputes=disputes))) is counts


def test_a_tactic_may_have_its_own_habit() -> None:
    """Broken promises are a habit from 2."""
    promises = [{"invoice_id": f"I{n}", "promised_for": on("2024-04-10")} for n in range(2)]
    assert found(ledger(promises)) == [("X", "broken_promise", 2, 2, "2024-04-10", True)]


def test_the_table_is_that_of_the_contract_even_when_empty() -> None:
    """Columns in order, and their types, with and without a row."""
    contract = [column.inside for column in OUTPUT_TABLES["delay_tactics"].columns]
    full = find_tactics(ledger([{"note": "invoice lost"}]), DAY, TACTICS)
    for table in (
        full,
        find_tactics(ledger(), DAY, TACTICS),
        find_tactics(ledger(), DAY, parse_tactics({**PLAIN, "tactics": []})),
    ):
        assert list(table) == contract
        assert table.dtypes.astype(str).tolist() == full.dtypes.astype(str).tolist()
    assert full.dtypes.astype(str).tolist() == ["str", "str", "int64", "int64", "datetime64[s]", "bool"]


def test_notes_never_come_out() -> None:
    """No word of a note is in the table."""
    table = find_tactics(ledger([{"note": "invoice lost, says Mrs Smith"}]), DAY, TACTICS)
    assert "Smith" not in table.to_csv()


def test_what_is_said_of_a_debtor() -> None:
    """X: 3 + 1 occurrences and a habit, the most frequent first; equal ones by name."""
    table = pd.DataFrame(
        {
            "customer_id": ["X", "X", "Y", "Y"],
            "tactic": ["broken_promise", "invoice_not_received", "b", "a"],
            "times": [1, 3, 2, 2],
            "chronic": [False, True, False, False],
        }
    )
    said = tactics_per_debtor(table)
    assert said.to_dict("index") == {
        "X": {
            "delay_tactics_365d": 4,
            "chronic_delay_tactics": True,
            "words": "invoice not received 3 times, broken promise once",
        },
        "Y": {"delay_tactics_365d": 4, "chronic_delay_tactics": False, "words": "a 2 times, b 2 times"},
    }


def test_nothing_is_said_of_nobody() -> None:
    """Without a tactic there is no debtor, and the columns are there."""
    said = tactics_per_debtor(find_tactics(ledger(), DAY, TACTICS))
    assert said.empty
    assert list(said) == ["delay_tactics_365d", "chronic_delay_tactics", "words"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_are_those_of_a_count_by_hand(seed: int) -> None:
    """Distinct (debtor, item, day) with a matching note in the window; the order of rows changes nothing."""
    rng = np.random.default_rng(seed)
    notes = [
        {
            "customer_id": "XY"[rng.integers(2)],
            "invoice_id": ["I0", "I4", None][rng.integers(3)],
            "contacted_on": on(str(DAY)) - pd.Timedelta(days=int(rng.integers(-2, 40)) * 10),
            "note": ["invoice lost", "invoice found", "it never came", None][rng.integers(4)],
        }
        for _ in range(300)
    ]
    counted = {
        (row["customer_id"], row["invoice_id"], row["contacted_on"])
        for row in notes
        if row["note"] in ("invoice lost", "it never came")
        and 1 <= (on(str(DAY)) - row["contacted_on"]).days <= 365
    }
    table = find_tactics(ledger(notes), DAY, TACTICS)
    expected = {who: sum(1 for row in counted if row[0] == who) for who in "XY"}
    assert table.set_index("customer_id")["times"].to_dict() == expected
    shuffled = [notes[n] for n in rng.permutation(len(notes))]
    pd.testing.assert_frame_equal(find_tactics(ledger(shuffled), DAY, TACTICS), table)


def test_facts_of_the_day_and_after_change_nothing() -> None:
    """The whole ledger as of the day says what the ledger cut at the day says."""
    days = ["2024-04-02", "2024-06-02", "2024-06-03", "2024-07-01"]
    notes: list[dict[str, Any]] = [{"contacted_on": on(day), "note": "invoice lost"} for day in days]
    notes += [
        {"contacted_on": on("2024-05-01"), "promise_made_on": on(day), "promised_for": on("2024-05-02")}
        for day in days
    ]
    disputes = [{"opened_on": on("2024-03-04"), "known_on": on(day)} for day in days]
    late = INVOICES.assign(known_on=[on("2024-01-01")] * 3 + [on("2024-06-03")] * 2)
    disputes += [{"invoice_id": "I3", "opened_on": on("2024-03-05")}]
    whole = ledger_of(
        late,
        contact_history=pd.DataFrame([{"customer_id": "X", **row} for row in notes]),
        disputes=pd.DataFrame([{"invoice_id": "I0", **row} for row in disputes]),
    )
    assert found(whole) == found(known_before(whole, DAY)) != []


# the file ----------------------------------------------------------------------------------------------


def with_tactic(**changes: Any) -> dict[str, Any]:
    """PLAIN with its first tactic changed; None removes a key."""
    content = deepcopy(PLAIN)
    first = {**content["tactics"][0], **changes}
    content["tactics"][0] = {key: value for key, value in first.items() if value is not None}
    return content


def test_the_shipped_file_is_read() -> None:
    """It has the tactics that were promised, in four languages."""
    tactics = read_tactics(SHIPPED)
    assert [tactic.name for tactic in tactics.tactics] == [
        "invoice_not_received",
        "order_number_missing",
        "awaiting_approval",
        "next_payment_run",
        "wrong_address",
        "dispute_after_due",
        "broken_promise",
    ]
    for tactic in tactics.tactics:
        if tactic.kind == "words":
            assert list(tactic.patterns) == ["nl", "de", "fr", "en"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (["chronic_from"], "delay tactics are keys and values"),
        ({"tactics": []}, "`chronic_from` is missing"),
        ({**PLAIN, "chronic_form": 3}, "unknown key `chronic_form`; did you mean `chronic_from`?"),
        ({**PLAIN, "chronic_from": 0}, "chronic_from: Input should be greater than or equal to 1, got 0"),
        (with_tactic(patern={}), "unknown key `patern` in tactics 1; did you mean `patterns`?"),
        (with_tactic(patterns={"it": ["x"]}), "unknown language `it` in tactics 1 patterns; there are: nl,"),
        (with_tactic(patterns={"nl": ["(x"]}), "tactics 1 patterns nl: `(x` is not a regular expression"),
        (with_tactic(unless={"nl": ["(x+)+"]}), "tactics 1 unless nl: `(x+)+` repeats something"),
        (with_tactic(patterns={"nl": [" "]}), "tactics 1 patterns nl: a pattern is empty"),
        (with_tactic(patterns={"nl": "lost"}), "tactics 1 patterns nl: should be a list"),
        (with_tactic(patterns={"nl": []}), "tactic lost: no `patterns`, so nothing would ever be found"),
        (with_tactic(patterns=None), "tactic lost: no `patterns`"),
        (with_tactic(kind="word"), "tactics 1 kind: Input should be 'words'"),
        (with_tactic(kind="broken_promise"), "tactic lost: `patterns` and `unless` are for the kind words"),
        (with_tactic(days_after_due=[0, 14]), "the kind words has no `days_after_due`"),
        (
            with_tactic(kind="dispute_after_due", patterns=None),
            "the kind dispute_after_due needs `days_after_due`",
        ),
        (
            with_tactic(kind="dispute_after_due", patterns=None, days_after_due=[5, 1]),
            "days_after_due [5, 1] ends before it begins",
        ),
        (with_tactic(name="broken_promise"), "two tactics are named broken_promise"),
    ],
)
def test_files_that_are_refused(content: object, words: str) -> None:
    """Each says what is wrong and where."""
    with pytest.raises(ConfigurationError) as error:
        parse_tactics(content)
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) <= 2


def test_a_file_that_is_absent_or_no_yaml_is_named(tmp_path: Path) -> None:
    """The path is in the message."""
    broken = tmp_path / "tactics.yaml"
    broken.write_text("tactics: [")
    for path in (tmp_path / "absent.yaml", broken):
        with pytest.raises(ConfigurationError, match=path.name):
            read_tactics(path)


def test_the_fingerprint_is_of_what_counts() -> None:
    """The order of keys does not matter, a pattern does."""
    turned = {"tactics": PLAIN["tactics"], "chronic_from": 3}
    assert fingerprint(parse_tactics(turned)) == fingerprint(TACTICS)
    other = parse_tactics(with_tactic(patterns={"en": ["invoice lost"]}))
    assert fingerprint(other) != fingerprint(TACTICS)
