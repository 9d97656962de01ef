"""What tools report back: refused at the door, kept once, and never known earlier than it was received."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_support import invoices, table
from thoroughness import examples

from features.cleaning import Cleaned, clean
from features.contracts import LEDGER_TABLES
from features.ledger import known_before
from features.pseudonyms import pseudonym
from features.reported import NUMBER, REPORTED_AS
from features.typed import Reading
from pipelines.reading import read
from pipelines.receiving.door import Fact, Refusal, judge
from pipelines.receiving.kinds import KINDS, model_of
from pipelines.receiving.ledger_rows import received_tables, row_of
from pipelines.receiving.store import Kept, Receipt, drop_facts, kept, receive

TODAY = date(2026, 3, 10)
NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")

CONTACT = {"external_id": "k1", "customer_id": "C1", "contacted_on": "2026-03-09"}
PROMISE = {
    "external_id": "p1",
    "customer_id": "C1",
    "promise_made_on": "2026-03-09",
    "promised_for": "2026-03-16",
}
DISPUTE = {"external_id": "d1", "invoice_id": "i1", "opened_on": "2026-03-02"}
DECISION = {
    "external_id": "e1",
    "customer_id": "C1",
    "hold": True,
    "by": "eva",
    "decided_on": "2026-03-09",
}
PLAIN = {"contact-history": CONTACT, "promises": PROMISE, "disputes": DISPUTE, "decisions": DECISION}


def judged(kind: str, said: object) -> Fact | Refusal:
    """Judge on the tests' day, with EUR at home."""
    return judge(kind, said, today=TODAY, home_currency="EUR")


def fact(kind: str, **changed: Any) -> Fact:
    """A good fact of the kind, with something changed; None takes a key away."""
    said = {name: value for name, value in {**PLAIN[kind], **changed}.items() if value is not None}
    found = judged(kind, said)
    assert isinstance(found, Fact), found
    return found


def keep(folder: Path, *facts: Fact, now: datetime = NOW, **others: Any) -> list[str]:
    """Receive the facts and return what became of each."""
    return [each.status for each in receive(folder, facts, who="odoo", now=now, zone=UTC_ZONE, **others)]


def ledger_with(folder: Path, today: date = TODAY + timedelta(days=30), **raw: pd.DataFrame) -> Cleaned:
    """A ledger of one invoice, i1 of C1, and what was received."""
    raw.setdefault("invoices", invoices("i1; C1; 2026-02-01; 2026-03-01; 100.00"))
    reported = received_tables(folder, until=today)
    result = clean(raw, today=today, home_currency="EUR", reported=reported)
    for name, rows in result.rows_in.items():
        own = rows - int((result.rejected["table"] == name).sum())
        others = result.rows_in.get(f"reported {name}", 0)
        late = others - int((result.rejected["table"] == f"reported {name}").sum())
        assert name not in LEDGER_TABLES or own + late == len(getattr(result.ledger, name))
    return result


# at the door -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_plain_fact_of_each_kind_is_a_fact(kind: str) -> None:
    """The smallest fact and the example of the documentation pass the door."""
    assert isinstance(judged(kind, PLAIN[kind]), Fact)
    assert isinstance(judged(kind, KINDS[kind].example), Fact)


@pytest.mark.parametrize(
    ("kind", "changed", "reason"),
    [
        ("contact-history", {"customer_id": None}, "`customer_id` is missing"),
        ("contact-history", {"external_id": None}, "`external_id` is missing"),
        ("contact-history", {"custmer_id": "C1"}, "unknown key `custmer_id`; did you mean `customer_id`?"),
        ("contact-history", {"known_on": "2020-01-01"}, "unknown key `known_on`"),
        (
            "contact-history",
            {"contacted_on": "2026-03-12"},
            "contacted_on 2026-03-12 is after today, 2026-03-10",
        ),
        ("contact-history", {"contacted_on": "09-03-2026"}, "contacted_on: input should be a valid date"),
        ("contact-history", {"contacted_on": 20260309}, "contacted_on: input should be a valid date"),
        ("contact-history", {"status": "sen"}, "status: input should be 'sent', 'bounced'"),
        ("contact-history", {"note": "x" * 4001}, "note: string should have at most 4000 characters"),
        ("contact-history", {"note": "a\x00b"}, "note has control characters such as NUL"),
        ("contact-history", {"customer_id": "C\x001"}, "customer_id has spaces around it or characters"),
        ("contact-history", {"customer_id": " C1"}, "customer_id has spaces around it or characters"),
        ("contact-history", {"customer_id": "x" * 201}, "customer_id: string should have at most 200"),
        ("contact-history", {"customer_id": 7}, "customer_id: input should be a valid string, got 7"),
        ("contact-history", {"propensity": 0.5}, "propensity without arm: of which arm"),
        ("contact-history", {"promised_amount": 10}, "promised_amount without promised_for: for which day"),
        ("promises", {"promised_for": None}, "`promised_for` is missing"),
        ("promises", {"promised_for": "2026-03-08"}, "promised_for 2026-03-08 is before promise_made_on"),
        ("promises", {"promised_amount": -1}, "promised_amount: input should be greater than 0, got -1"),
        ("promises", {"promised_amount": 0}, "promised_amount: input should be greater than 0, got 0"),
        ("promises", {"promised_amount": 10.005}, "promised_amount has more decimals than EUR"),
        ("promises", {"promised_amount": float("nan")}, "promised_amount: input should be a finite number"),
        ("promises", {"promised_amount": "ten"}, "promised_amount: input should be a valid decimal"),
        ("promises", {"promised_amount": 10**13}, "promised_amount: input should be less than or equal"),
        ("disputes", {"closed_on": "2026-03-01"}, "closed_on 2026-03-01 is before opened_on 2026-03-02"),
        ("disputes", {"closed_on": "2026-03-12"}, "closed_on 2026-03-12 is after today"),
        ("disputes", {"outcome": "won"}, "outcome without closed_on: closed on which day"),
        ("disputes", {"customer_id": "C1"}, "unknown key `customer_id`"),
        ("decisions", {"hold": None}, "nothing is decided: no segment, hold or action_id"),
        ("decisions", {"hold": None, "action_id": "a1"}, "action_id without approved: write true or false"),
        ("decisions", {"approved": True}, "approved without action_id: of what"),
        ("decisions", {"hold": "yes"}, 'hold: input should be a valid boolean, got "yes"'),
        ("decisions", {"by": None}, "`by` is missing"),
        ("decisions", {"until": "2026-03-08"}, "until 2026-03-08 is before decided_on"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(kind: str, changed: dict[str, Any], reason: str) -> None:
    """A wrong fact is refused with the key and what is wrong with it."""
    said = {name: value for name, value in {**PLAIN[kind], **changed}.items() if value is not None}
    found = judged(kind, said)
    assert isinstance(found, Refusal)
    assert found.reason.startswith(reason)


@pytest.mark.parametrize("said", [None, 7, "x", [], [{}]])
def test_what_is_no_object_is_refused(said: object) -> None:
    """A fact is an object of keys and values."""
    assert judged("disputes", said) == Refusal(None, "a fact is an object of keys and values")


def test_a_refusal_repeats_nothing_of_a_note() -> None:
    """The words of a note are in no refusal, however short they are."""
    found = judged("contact-history", {**CONTACT, "note": ["secret"]})
    assert isinstance(found, Refusal)
    assert "secret" not in found.reason


# the store ---------------------------------------------------------------------------------------------


def test_the_same_again_changes_nothing(tmp_path: Path) -> None:
    """The same external id with the same content is there already, written 100 or "100.00"."""
    assert keep(tmp_path, fact("promises", promised_amount=100)) == ["accepted"]
    later = NOW + timedelta(days=2)
    assert keep(tmp_path, fact("promises", promised_amount="100.00"), now=later) == ["already"]
    assert [(each.external_id, each.known_on) for each in kept(tmp_path)] == [("p1", TODAY)]


def test_other_content_under_the_same_id_is_refused(tmp_path: Path) -> None:
    """What was received stands: other content under its external id is a conflict that says what changed."""
    keep(tmp_path, fact("promises"))
    other = fact("promises", promised_for="2026-03-20")
    assert receive(tmp_path, [other], who="odoo", now=NOW, zone=UTC_ZONE) == [
        Receipt(
            "p1",
            "refused",
            "was received before with another promised_for: "
            "report what is new under an external_id of its own",
        )
    ]
    assert [each.content["promised_for"] for each in kept(tmp_path)] == ["2026-03-16"]


def test_ids_of_different_kinds_are_different(tmp_path: Path) -> None:
    """A promise and a dispute may have the same number in the tool."""
    assert keep(tmp_path, fact("promises", external_id="7"), fact("disputes", external_id="7")) == [
        "accepted",
        "accepted",
    ]


def test_one_refusal_undoes_a_request_that_is_all_or_nothing(tmp_path: Path) -> None:
    """A conflict in one of three facts keeps none of them, and the other way two."""
    keep(tmp_path, fact("promises"))
    three = [
        fact("promises", external_id="p0"),
        fact("promises", promised_for="2026-03-20"),
        fact("promises", external_id="p2"),
    ]
    told = ["accepted", "refused", "accepted"]
    assert keep(tmp_path, *three, all_or_nothing=True) == told
    assert [each.external_id for each in kept(tmp_path)] == ["p1"]
    assert keep(tmp_path, *three) == told
    assert [each.external_id for each in kept(tmp_path)] == ["p1", "p0", "p2"]


def test_the_day_of_receipt_is_that_of_the_configured_zone(tmp_path: Path) -> None:
    """Half past eleven at night in UTC is the next day in Amsterdam."""
    late = datetime(2026, 3, 9, 23, 30, tzinfo=UTC)
    receive(tmp_path, [fact("disputes")], who="odoo", now=late, zone=ZoneInfo("Europe/Amsterdam"))
    assert [each.known_on for each in kept(tmp_path)] == [date(2026, 3, 10)]


def test_where_tomorrow_has_begun_a_fact_is_known_tomorrow(tmp_path: Path) -> None:
    """A call that was made on the next day east of here is known on its own day, and not read before."""
    keep(tmp_path, fact("contact-history", contacted_on="2026-03-11"), fact("disputes"))
    keep(tmp_path, fact("disputes", closed_on="2026-03-11"))
    assert [each.known_on.day for each in kept(tmp_path)] == [11, 10, 11]
    assert list(received_tables(tmp_path, until=TODAY)) == ["disputes"]
    assert len(received_tables(tmp_path, until=date(2026, 3, 11))) == 2


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    """Reading where nothing was received makes no file and no table."""
    folder = tmp_path / "received"
    assert kept(folder) == []
    assert received_tables(folder, until=TODAY) == {}
    assert not folder.exists()


def test_only_its_owner_reads_the_store(tmp_path: Path) -> None:
    """Notes are in it."""
    keep(tmp_path, fact("disputes"))
    assert (tmp_path / "received.sqlite").stat().st_mode & 0o777 == 0o600


# in the ledger -----------------------------------------------------------------------------------------


def test_received_facts_are_rows_of_the_ledger(tmp_path: Path) -> None:
    """A ledger of invoices alone gets the contact, the promise, the dispute and the decision."""
    keep(
        tmp_path,
        fact("contact-history", propensity=0.1, arm="wait/7"),
        fact("promises", promised_amount="12.50"),
        fact("disputes", disputed_amount=30),
        fact("decisions"),
    )
    ledger = ledger_with(tmp_path).ledger
    contact, promise = ledger.contact_history.sort_values("promised_for", na_position="first").to_dict(
        "records"
    )
    assert (contact["customer_id"], contact["propensity"]) == ("C1", 0.1)
    assert (promise["contacted_on"], promise["kind"]) == (pd.Timestamp("2026-03-09"), "promise")
    assert (promise["promised_for"], promise["promised_amount_minor"]) == (pd.Timestamp("2026-03-16"), 1250)
    (dispute,) = ledger.disputes.to_dict("records")
    assert (dispute["dispute_id"], dispute["disputed_amount_minor"]) == ("d1", 3000)
    (decision,) = ledger.decisions.to_dict("records")
    assert (decision["hold"], decision["by"]) == (True, "eva")
    for table_ in (ledger.contact_history, ledger.disputes, ledger.decisions):
        assert (table_["known_on"] == pd.Timestamp(TODAY)).all()


def test_a_fact_counts_from_the_day_after_its_receipt(tmp_path: Path) -> None:
    """A run as of the day of receipt, or of any day before, does not know it; one of the next day does."""
    keep(tmp_path, fact("contact-history", contacted_on="2026-02-15"), fact("disputes"), fact("decisions"))
    ledger = ledger_with(tmp_path).ledger
    for before in (date(2026, 2, 20), TODAY):
        known = known_before(ledger, before)
        assert known.contact_history.empty
        assert known.disputes.empty
        assert known.decisions.empty
    known = known_before(ledger, TODAY + timedelta(days=1))
    assert (len(known.contact_history), len(known.disputes), len(known.decisions)) == (1, 1, 1)


def test_a_closing_is_known_from_its_own_receipt(tmp_path: Path) -> None:
    """A dispute said on the 15th to have been closed on the 5th was open to everybody until the 15th."""
    keep(tmp_path, fact("disputes"))
    closed = fact("disputes", closed_on="2026-03-05", outcome="upheld")
    assert keep(tmp_path, closed, now=NOW + timedelta(days=5)) == ["accepted"]
    assert keep(tmp_path, closed, fact("disputes"), now=NOW + timedelta(days=6)) == ["already", "already"]
    ledger = ledger_with(tmp_path).ledger
    for day, told in ((date(2026, 3, 15), None), (date(2026, 3, 16), "upheld")):
        (row,) = known_before(ledger, day).disputes.to_dict("records")
        assert (None if pd.isna(row["outcome"]) else row["outcome"]) == told
    assert row["closed_on"] == pd.Timestamp("2026-03-15")


def test_a_closing_cannot_be_changed_or_come_in_parts(tmp_path: Path) -> None:
    """Another closing day, an outcome after the closing, or another reason beside it is a conflict."""
    keep(tmp_path, fact("disputes"))
    closed = {"closed_on": "2026-03-05"}
    assert keep(tmp_path, fact("disputes", **closed, reason="price")) == ["refused"]
    assert keep(tmp_path, fact("disputes", **closed)) == ["accepted"]
    assert keep(tmp_path, fact("disputes", **closed, outcome="upheld")) == ["refused"]
    assert keep(tmp_path, fact("disputes", closed_on="2026-03-06")) == ["refused"]


def test_a_dispute_closed_when_it_is_first_told_keeps_its_days(tmp_path: Path) -> None:
    """Opened and closed in one report: both days stand, and neither is known before the receipt."""
    keep(tmp_path, fact("disputes", closed_on="2026-03-05"))
    (row,) = ledger_with(tmp_path).ledger.disputes.to_dict("records")
    assert (row["closed_on"], row["known_on"]) == (pd.Timestamp("2026-03-05"), pd.Timestamp(TODAY))


def test_what_was_received_later_changes_nothing_of_a_day(tmp_path: Path) -> None:
    """The ledger as of a day is the same, whatever was received on that day or after it."""
    keep(tmp_path, fact("disputes"), fact("contact-history"))
    day = TODAY + timedelta(days=1)
    before = known_before(ledger_with(tmp_path).ledger, day)
    keep(
        tmp_path,
        fact("disputes", closed_on="2026-03-03", outcome="upheld"),
        fact("promises"),
        fact("contact-history", external_id="k0", contacted_on="2026-01-01"),
        fact("decisions"),
        now=NOW + timedelta(days=1),
    )
    after = known_before(ledger_with(tmp_path).ledger, day)
    for name in LEDGER_TABLES:
        pd.testing.assert_frame_equal(getattr(before, name), getattr(after, name))


def test_what_is_not_known_today_is_not_read(tmp_path: Path) -> None:
    """A closing received tomorrow is not there when the ledger is read as it is today."""
    keep(tmp_path, fact("disputes"))
    keep(tmp_path, fact("disputes", closed_on="2026-03-03"), now=NOW + timedelta(days=1))
    (row,) = received_tables(tmp_path, until=TODAY)["disputes"].to_dict("records")
    assert pd.isna(row["closed_on"])
    assert received_tables(tmp_path, until=TODAY - timedelta(days=1)) == {}


def test_a_dispute_of_an_unknown_invoice_is_rejected_where_people_find_it(tmp_path: Path) -> None:
    """Row number and external id of a rejected row are those of the store; the run goes on."""
    keep(
        tmp_path,
        fact("contact-history"),
        *[fact("disputes", external_id=f"d{n}", invoice_id="x") for n in range(25)],
    )
    rejected = ledger_with(tmp_path).rejected
    assert len(rejected) == 25
    first = rejected.sort_values("row").iloc[0]
    assert (first["table"], first["row"], first["key"]) == ("reported disputes", 2, "x")
    assert first["reason"] == "invoice_id is not among the invoices: disputes d0"
    assert first["known_on"] == pd.Timestamp(TODAY)


def test_received_rows_stand_beside_those_of_a_source(tmp_path: Path) -> None:
    """Rows of a file with its own way of writing days and amounts are read as before, in their own places."""
    keep(
        tmp_path,
        fact("disputes", disputed_amount="1234.56"),
        fact("disputes", external_id="d2", invoice_id="x"),
    )
    disputes = table(
        "dispute_id; invoice_id; opened_on; disputed_amount",
        "1; i9; 28.02.2026; 1.234,5",
        "2; i1; 27.02.2026; 7,5",
    )
    raw = {"invoices": invoices("i1; C1; 2026-02-01; 2026-03-01; 100.00"), "disputes": disputes}
    result = clean(
        raw,
        today=TODAY,
        home_currency="EUR",
        readings={"disputes": Reading("disputes.csv", "day_first", ",")},
        reported=received_tables(tmp_path, until=TODAY),
    )
    assert result.ledger.disputes["dispute_id"].tolist() == ["2", "d1"]
    assert result.ledger.disputes["disputed_amount_minor"].tolist() == [750, 123456]
    places = result.rejected[["table", "row"]].itertuples(index=False, name=None)
    assert list(places) == [("disputes", 1), ("reported disputes", 2)]
    assert {name: result.rows_in[name] for name in ("disputes", "reported disputes")} == {
        "disputes": 2,
        "reported disputes": 2,
    }


def _facts(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Facts of a kind with any keys filled with values of the right type, good or bad."""
    words = st.text(min_size=1, max_size=8)
    days = st.dates(date(1890, 1, 1), date(2210, 1, 1)).map(str)
    amounts = st.one_of(st.integers(-5, 10**13), st.decimals(allow_nan=False, places=3).map(str), st.floats())
    values = {"day": days, "money": amounts, "flag": st.booleans(), "share": st.floats(0, 1)}
    keys = {}
    for name in KINDS[kind].columns:
        column = KINDS[kind].table[name]
        keys[name] = st.sampled_from(column.choices) if column.choices else values.get(column.kind, words)
    needed = {"external_id": words, **{name: keys.pop(name) for name in KINDS[kind].needed}}
    return st.fixed_dictionaries(needed, optional=keys)


@settings(max_examples=examples(60), deadline=None)
@given(st.sampled_from(sorted(KINDS)).flatmap(lambda kind: _facts(kind).map(lambda said: (kind, said))))
def test_what_passes_the_door_never_makes_a_ledger_unusable(case: tuple[str, dict[str, Any]]) -> None:
    """Whatever the door lets in is read by the ledger: accepted, or rejected for its invoice only."""
    kind, said = case
    found = judged(kind, said)
    if isinstance(found, Refusal):
        return
    row = row_of([Kept(1, kind, found.external_id, 1, NOW, TODAY, "odoo", dict(found.content))])
    raw = {"invoices": invoices("i1; C1; 2026-02-01; 2026-03-01; 100.00")}
    columns = dict.fromkeys([*KINDS[kind].table.names, "known_on", NUMBER, REPORTED_AS])
    reported = {KINDS[kind].table.name: pd.DataFrame([row], columns=list(columns))}
    result = clean(raw, today=TODAY, home_currency="EUR", reported=reported)
    reasons = {reason.split(": ")[0] for reason in result.rejected["reason"]}
    assert reasons <= {"invoice_id is not among the invoices"}


def test_the_models_speak_the_words_of_the_contract() -> None:
    """Every key of a fact is described as the contract describes the column."""
    for kind in KINDS.values():
        fields = model_of(kind.name).model_fields
        assert list(fields) == ["external_id", *kind.columns]
        for name in kind.columns:
            assert fields[name].description == kind.table[name].meaning
            assert fields[name].is_required() == (name in kind.needed)


def test_facts_that_are_dropped_leave_no_bytes(tmp_path: Path) -> None:
    """Not even the file's free pages and its journal know what was taken out."""
    keep(tmp_path, fact("contact-history", note="a word nobody else says: xylophone"), fact("disputes"))
    drop_facts(tmp_path, [each.number for each in kept(tmp_path) if each.kind == "contact-history"])
    assert [each.kind for each in kept(tmp_path)] == ["disputes"]
    assert not any(b"xylophone" in file.read_bytes() for file in tmp_path.iterdir())


def test_what_tools_report_does_not_move_the_default_day(tmp_path: Path) -> None:
    """A ledger that ends on the 1st is read as of the 2nd, though a tool reported something on the 10th."""
    (tmp_path / "invoices.csv").write_text(
        "invoice_id,customer_id,issued_on,due_on,amount\ni1,C1,2026-02-01,2026-03-01,100.00\n"
        "i2,C1,2026-03-01,2026-03-31,100.00\n"
    )
    config = tmp_path / "debtscape.yaml"
    config.write_text("ledger: {invoices: {path: invoices.csv}}\noutput: out\n")
    keep(tmp_path / "out" / "received", fact("disputes", opened_on="2026-02-03"))
    reading = read(config, as_of=None, today=TODAY)
    assert reading.as_of == date(2026, 3, 2)
    assert len(reading.cleaned.ledger.disputes) == 1
    assert reading.ledger.disputes.empty
    later = read(config, as_of=date(2026, 3, 11), today=date(2026, 3, 11))
    assert later.ledger.disputes["dispute_id"].tolist() == ["d1"]


def test_tools_may_call_a_debtor_by_its_pseudonym(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a key, facts by the plain id and by the pseudonym are about one debtor, hashed once."""
    key = "k" * 32
    monkeypatch.setenv("OUR_KEY", key)
    (tmp_path / "invoices.csv").write_text(
        "invoice_id,customer_id,issued_on,due_on,amount\ni1,C1,2026-02-01,2026-03-01,100.00\n"
    )
    config = tmp_path / "debtscape.yaml"
    config.write_text(
        "ledger: {invoices: {path: invoices.csv}}\noutput: out\nprivacy: {pseudonym_key: OUR_KEY}\n"
    )
    hidden = pseudonym("C1", key.encode())
    contacts = [fact("contact-history"), fact("contact-history", external_id="k2", customer_id=hidden)]
    keep(tmp_path / "out" / "received", *contacts, fact("decisions", customer_id=hidden))
    day = TODAY + timedelta(days=1)
    ledger = read(config, as_of=day, today=day).ledger
    assert ledger.contact_history["customer_id"].tolist() == [hidden, hidden]
    assert ledger.decisions["customer_id"].tolist() == ledger.invoices["customer_id"].tolist() == [hidden]
    assert ledger.decisions["by"].tolist() == [pseudonym("eva", key.encode(), "P-")]
