"""Why nobody must be contacted now."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples
from treatment_support import DAY, ledger_of, on, open_items

from models.reminding.blocks import blocked_debtors, blocked_items, dunnable_minor, find_blocks

YESTERDAY, TODAY, TOMORROW = on("2024-06-02"), on("2024-06-03"), on("2024-06-04")


def blocked(
    item: dict[str, object] | None = None, *, day: date = DAY, second: bool = False, **tables: object
) -> list[str]:
    """What blocks invoice I1 of debtor X (and I2 when asked for), empty text = free."""
    rows = [item or {}, {"invoice_id": "I2"}]
    items = open_items(*rows[: 2 if second else 1])
    frames = {name: pd.DataFrame([rows] if isinstance(rows, dict) else rows) for name, rows in tables.items()}
    return blocked_items(items, find_blocks(items, ledger_of(items, **frames), day)).tolist()


def test_nothing_blocks_an_ordinary_item() -> None:
    """Free means an empty text."""
    assert blocked() == [""]


def test_a_dispute_blocks_its_own_invoice_only() -> None:
    """The debtor's other invoice stays free."""
    dispute = {"invoice_id": "I1", "opened_on": on("2024-05-20"), "reason": "price"}
    assert blocked(second=True, disputes=dispute) == ["dispute: open since 2024-05-20, price", ""]


def disputed(*amounts: int | None, **columns: object) -> pd.DataFrame:
    """Open disputes about I1, of these amounts."""
    rows = [{"invoice_id": "I1", "opened_on": on("2024-05-20"), "disputed_amount_minor": a} for a in amounts]
    return pd.DataFrame(rows).assign(**columns).astype({"disputed_amount_minor": "Int64"})


@pytest.mark.parametrize(
    ("amounts", "dunned"),
    [((3_000,), 7_000), ((10_000,), 0), ((12_000,), 0), ((None,), 0), ((0,), 0), ((3_000, 2_000), 5_000)],
    ids=["a part", "all of it", "more than is open", "no amount", "an amount of nothing", "two parts"],
)
def test_what_is_not_disputed_is_dunned(amounts: tuple[int | None, ...], dunned: int) -> None:
    """I1 is open with 100.00; an item of which something is left to dun is not blocked."""
    items = open_items({})
    blocks = find_blocks(items, ledger_of(items, disputes=disputed(*amounts)), DAY)
    assert dunnable_minor(items, blocks).tolist() == [dunned]
    assert (blocked_items(items, blocks) != "").tolist() == [dunned == 0]


def test_the_disputed_part_is_first_taken_from_what_is_still_open() -> None:
    """Of 100.00 with 30.00 disputed 80.00 was paid: the rest of 20.00 is the disputed one."""
    items = open_items({"open_amount_minor": 2_000})
    blocks = find_blocks(items, ledger_of(items, disputes=disputed(3_000)), DAY)
    assert dunnable_minor(items, blocks).tolist() == [0]


def test_a_dispute_may_hold_the_debtor() -> None:
    """By policy: then all of its items, whatever the amount, and no other debtor's."""
    items = open_items({}, {"invoice_id": "I2"}, {"invoice_id": "I3", "customer_id": "Y"})
    ledger = ledger_of(items, disputes=disputed(3_000))
    blocks = find_blocks(items, ledger, DAY, dispute_holds_debtor=True)
    words = "dispute: invoice I1 open since 2024-05-20"
    assert blocked_items(items, blocks).tolist() == [words, words, ""]
    assert blocked_debtors(blocks).to_dict() == {"X": words}
    assert dunnable_minor(items, blocks).tolist() == [0, 0, 10_000]


BLOCK = st.tuples(
    st.sampled_from(["X", "Y"]),
    st.sampled_from(["", "I0", "I1", "I2"]),
    st.one_of(st.none(), st.integers(1, 9_999)),
)


@settings(deadline=None, max_examples=examples(15))
@given(st.lists(BLOCK, max_size=6))
def test_what_is_dunned_is_what_no_block_holds(found: list[tuple[str, str, int | None]]) -> None:
    """Against the definition, item by item; a block of the debtor has no amount."""
    items = open_items(*({"invoice_id": f"I{n}", "customer_id": "XXY"[n]} for n in range(3)))
    owner = dict(zip(items["invoice_id"], items["customer_id"], strict=True))
    rows = [(owner.get(i, who), i, "b", "w", amount if i else None) for who, i, amount in found]
    blocks = pd.DataFrame(rows, columns=["customer_id", "invoice_id", "block", "words", "amount_minor"])
    blocks = blocks.astype({"customer_id": "str", "invoice_id": "str", "amount_minor": "Int64"})
    for item, left in zip(items["invoice_id"], dunnable_minor(items, blocks).tolist(), strict=True):
        about = [amount for who, i, *_, amount in rows if i == item or (i == "" and who == owner[item])]
        expected = 0 if None in about else max(10_000 - sum(a for a in about if a is not None), 0)
        assert left == expected


@pytest.mark.parametrize(("closed", "free"), [(YESTERDAY, True), (TODAY, False)])
def test_a_dispute_ends_the_day_after_it_was_closed(closed: pd.Timestamp, free: bool) -> None:
    """What happens on the run day is not known yet."""
    dispute = {"invoice_id": "I1", "opened_on": on("2024-05-20"), "closed_on": closed}
    assert (blocked(disputes=dispute) == [""]) is free


def test_a_deduction_is_a_dispute_about_the_rest() -> None:
    """A deduction taken blocks the item, an ordinary part payment does not."""
    payment = {"invoice_id": "I1", "paid_on": on("2024-05-30"), "amount_minor": 900}
    assert blocked(payments={**payment, "kind": "payment"}) == [""]
    assert blocked(payments={**payment, "kind": "deduction"}) == [
        "deduction: taken on 2024-05-30, a dispute about the rest"
    ]


@pytest.mark.parametrize(
    ("customer", "words"),
    [
        ({"do_not_contact": True}, "do_not_contact: the debtor is never contacted"),
        ({"do_not_contact": False}, ""),
        ({"dunning_block_until": TODAY}, "dunning_block: until 2024-06-03"),
        ({"dunning_block_until": YESTERDAY}, ""),
        ({"insolvent_on": YESTERDAY}, "insolvent: since 2024-06-02"),
        ({"insolvent_on": TODAY}, ""),
        ({"legal_on": YESTERDAY}, "legal: in court since 2024-06-02"),
        ({"type": "intercompany"}, "intercompany: settled between own companies"),
    ],
)
def test_blocks_of_the_debtor(customer: dict[str, object], words: str) -> None:
    """Each of them blocks every item of the debtor."""
    assert blocked(second=True, customers={"customer_id": "X", **customer}) == [words, words]


def test_the_master_data_of_the_day_count() -> None:
    """Of several versions of a debtor the last one before the day holds."""
    versions = [
        {"customer_id": "X", "valid_from": on("2024-01-01"), "do_not_contact": True},
        {"customer_id": "X", "valid_from": YESTERDAY, "do_not_contact": False},
        {"customer_id": "X", "valid_from": TODAY, "do_not_contact": True},
    ]
    assert blocked(customers=versions) == [""]


def test_all_contact_persons_must_be_left_alone() -> None:
    """One reachable person is enough to stay free."""
    silent = {"customer_id": "X", "recipient_id": "P1", "do_not_contact": True}
    reachable = {"customer_id": "X", "recipient_id": "P2"}
    assert blocked(contact_persons=silent) == ["do_not_contact: all contact persons are never contacted"]
    assert blocked(contact_persons=[silent, reachable]) == [""]


def test_the_persons_of_the_dunning_recipient_count() -> None:
    """Where another debtor gets the reminders, its persons decide."""
    head_office = {"customer_id": "X", "dunning_recipient_id": "HQ"}
    silent = {"recipient_id": "P1", "do_not_contact": True}
    assert blocked(customers=head_office, contact_persons={**silent, "customer_id": "X"}) == [""]
    assert blocked(customers=head_office, contact_persons={**silent, "customer_id": "HQ"}) != [""]


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"dunning_block_until": TODAY}, "dunning_block: until 2024-06-03"),
        ({"dunning_block_until": YESTERDAY}, ""),
        ({"assigned_to": "agency"}, "assigned: collected outside by agency"),
        ({"payment_method": "transfer"}, ""),
        (
            {"payment_method": "direct_debit", "due_on": on("2024-05-29")},
            "direct_debit: not yet presented, due 2024-05-29",
        ),
        ({"payment_method": "direct_debit", "due_on": on("2024-05-28")}, ""),
    ],
)
def test_blocks_of_the_item(item: dict[str, object], words: str) -> None:
    """Each of them leaves the debtor's other items alone."""
    assert blocked(item, second=True) == [words, ""]


@pytest.mark.parametrize(
    ("promised_for", "country", "open_"),
    [
        ("2024-05-30", None, True),  # Thursday: Friday and Monday to arrive
        ("2024-05-29", None, False),
        ("2024-05-29", "DE", True),  # Corpus Christi (in Bavaria) is no working day
        ("2024-07-01", None, True),
    ],
)
def test_a_promise_is_open_until_two_working_days_after_its_day(
    promised_for: str, country: str | None, open_: bool
) -> None:
    """Money that was sent on the promised day needs time to arrive."""
    contact = {"customer_id": "X", "contacted_on": on("2024-05-27"), "promised_for": on(promised_for)}
    customer = {"customer_id": "X", "country": country, "region": "BY"}
    assert (blocked(contact_history=contact, customers=customer) != [""]) is open_


def test_a_promise_about_one_invoice_is_not_about_the_others() -> None:
    """With an invoice it blocks that one; without, all that were open when it was made."""
    contact = {"customer_id": "X", "contacted_on": on("2024-05-27"), "promised_for": TOMORROW}
    words = "promise: promised for 2024-06-04"
    assert blocked(second=True, contact_history={**contact, "invoice_id": "I2"}) == ["", words]
    assert blocked(second=True, contact_history=contact) == [words, words]
    later = {"issued_on": on("2024-05-28")}
    assert blocked(later, second=True, contact_history=contact) == ["", words]


def plan(**columns: object) -> dict[str, object]:
    """An instalment of 50.00 due tomorrow, of a plan agreed on 1 May for all items of X."""
    row = {
        "plan_id": "P",
        "customer_id": "X",
        "agreed_on": on("2024-05-01"),
        "due_on": TOMORROW,
        "amount_minor": 5000,
    }
    return {**row, **columns}


def test_a_plan_with_an_instalment_to_come_blocks() -> None:
    """All items of the debtor, or the one it is for."""
    words = "payment_plan: plan P is being kept, last instalment 2024-06-04"
    assert blocked(second=True, payment_plans=plan()) == [words, words]
    assert blocked(second=True, payment_plans=plan(invoice_id="I2")) == ["", words]


@pytest.mark.parametrize(
    "last", [{"cancelled_on": YESTERDAY}, {"due_on": YESTERDAY}], ids=["cancelled", "no instalment left"]
)
def test_a_plan_that_is_over_blocks_nothing(last: dict[str, object]) -> None:
    """A cancelled plan and a plan without a coming instalment are over."""
    assert blocked(payment_plans=plan(**last)) == [""]


@pytest.mark.parametrize(
    ("paid_minor", "paid_on", "kept"),
    [(5000, "2024-05-15", True), (4999, "2024-05-15", False), (5000, "2024-04-30", False)],
)
def test_a_plan_is_kept_when_the_instalments_so_far_are_paid(
    paid_minor: int, paid_on: str, kept: bool
) -> None:
    """Money of before the agreement does not count."""
    instalments = [plan(due_on=on("2024-05-20")), plan()]
    payment = {"invoice_id": "I1", "paid_on": on(paid_on), "amount_minor": paid_minor, "kind": "payment"}
    assert (blocked(payment_plans=instalments, payments=payment) != [""]) is kept


@pytest.mark.parametrize(("until", "held"), [(None, True), (TODAY, True), (YESTERDAY, False)])
def test_a_hold_by_hand(until: pd.Timestamp | None, held: bool) -> None:
    """A decision to hold says who and why."""
    decision = {"customer_id": "X", "hold": True, "by": "J. Smit", "reason": "talks", "until": until}
    words = blocked(decisions={**decision, "decided_on": on("2024-05-01")})[0]
    assert words.startswith("hold:") is held
    assert words.endswith("by J. Smit: talks") is held


def test_several_blocks_are_all_named_and_the_debtors_own_apart() -> None:
    """The item carries its own and the debtor's blocks, the debtor only its own."""
    items = open_items({"assigned_to": "lawyer"})
    ledger = ledger_of(items, customers=pd.DataFrame([{"customer_id": "X", "do_not_contact": True}]))
    found = find_blocks(items, ledger, DAY)
    own = "do_not_contact: the debtor is never contacted"
    assert blocked_items(items, found).tolist() == [f"assigned: collected outside by lawyer; {own}"]
    assert blocked_debtors(found).to_dict() == {"X": own}


def test_no_items_and_an_empty_ledger() -> None:
    """Nothing in, nothing out."""
    items = open_items({}).iloc[:0]
    found = find_blocks(items, ledger_of(items), DAY)
    assert found.empty
    assert blocked_items(items, found).empty
