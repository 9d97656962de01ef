"""Who gets a contact, and how."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from treatment_support import DAY, POLICY, ledger_of, open_items

from models.reminding.channels import (
    CHANNELS,
    choose_channels,
    find_readers,
    languages,
    missing_addresses,
    persons_of,
)
from models.treatment.policy import Contact
from models.treatment.policy_tables import step_table

STEPS = step_table(POLICY).reset_index(names="step_no").drop_duplicates("name").set_index("name")["step_no"]


def person(customer_id: str = "X", **columns: object) -> dict[str, object]:
    """A contact person with these columns."""
    plain = {"recipient_id": "P1", "role": None, "email": None, "phone": None, "do_not_contact": False}
    return {"customer_id": customer_id, **plain, **columns}


def chosen(
    step: str, *persons: dict[str, object], fallback: dict[str, str] | None = None, **customer: object
) -> tuple[str, str | None, str | None]:
    """Channel, person and channel wanted in vain, for debtor X."""
    tables = {"contact_persons": pd.DataFrame(persons)} if persons else {}
    facts = ledger_of(open_items({}), customers=pd.DataFrame([{"customer_id": "X", **customer}]), **tables)
    readers = find_readers(pd.Series(["X"]), facts, DAY)
    limits = POLICY.contact if fallback is None else POLICY.contact.model_copy(update={"fallback": fallback})
    assert isinstance(limits, Contact)
    taken, in_vain = choose_channels(readers, POLICY.model_copy(update={"contact": limits}))
    number = STEPS[step]
    who = persons_of(readers, np.zeros(1, dtype=np.int64), taken[:, number])["recipient_id"][0]
    vain = in_vain[0, number]
    return (
        CHANNELS[taken[0, number]],
        None if pd.isna(who) else who,
        None if vain < 0 else CHANNELS[vain],
    )


WITH_BOTH = [
    person(recipient_id="P1", email="a@x.example"),
    person(recipient_id="P2", phone="+49 1"),
]


@pytest.mark.parametrize(
    ("step", "persons", "expected"),
    [
        ("friendly_reminder", WITH_BOTH, ("email", "P1", None)),
        ("call", WITH_BOTH, ("call", "P2", None)),
        ("call", WITH_BOTH[:1], ("email", "P1", None)),
        ("friendly_reminder", [person()], ("letter", "P1", None)),
        ("due_soon", [person()], ("letter", "P1", "email")),
        ("call_promise", WITH_BOTH[:1], ("letter", "P1", "call")),
        ("final_notice", [person()], ("registered_letter", "P1", None)),
        ("agency", [person()], ("agency", "P1", None)),
        ("due_soon", [person("Y", email="y@y.example")], ("letter", None, "email")),
        ("due_soon", [], ("email", None, None)),
    ],
    ids=[
        "e-mail to whom has one",
        "a call to whom has a telephone",
        "no telephone: the step's next channel",
        "no e-mail: the step's next channel",
        "only e-mail and none known: the fallback, and a task",
        "only a call and no telephone: the fallback, and a task",
        "a registered letter needs no address on file",
        "nor does an agency",
        "another debtor's person is no help",
        "a ledger without contact persons knows no addresses",
    ],
)
def test_the_first_channel_that_reaches(
    step: str, persons: list[dict[str, object]], expected: tuple[str, str | None, str | None]
) -> None:
    """In the order of the step; by the policy's fallback where none of them reaches."""
    assert chosen(step, *persons) == expected


def test_who_must_be_left_alone_lends_no_address() -> None:
    """The e-mail address belongs to somebody who is never contacted."""
    silent = person(recipient_id="P0", email="s@x.example", do_not_contact=True)
    assert chosen("friendly_reminder", silent, person()) == ("letter", "P1", None)


def test_accounts_payable_comes_first() -> None:
    """Then the lowest recipient_id."""
    mail = {"email": "a@x.example"}
    persons = [
        person(recipient_id="P1", role="director", **mail),
        person(recipient_id="P3", role="accounts_payable", **mail),
        person(recipient_id="P2", role="accounts_payable", **mail),
    ]
    assert chosen("friendly_reminder", *persons)[1] == "P2"


@pytest.mark.parametrize(
    ("wish", "channel"), [("post", "letter"), ("Letter", "letter"), ("phone", "email"), ("pigeon", "email")]
)
def test_the_channel_that_the_debtor_prefers_goes_first_if_the_step_has_it(wish: str, channel: str) -> None:
    """The friendly reminder goes by e-mail or letter, never by telephone."""
    assert chosen("friendly_reminder", *WITH_BOTH, channel=wish)[0] == channel


def test_a_step_that_is_meant_as_a_call_stays_one_where_e_mail_is_preferred() -> None:
    """Its e-mail is for debtors without a telephone number."""
    assert chosen("call", *WITH_BOTH, channel="email")[0] == "call"


def test_without_a_fallback_that_reaches_the_wanted_channel_stays() -> None:
    """The task says that nothing was taken."""
    assert chosen("call_promise", *WITH_BOTH[:1], fallback={}) == ("call", None, "call")
    assert chosen("due_soon", WITH_BOTH[1], fallback={"email": "call"}) == ("call", "P2", "email")


def test_the_dunning_recipient_is_written_to() -> None:
    """Branch X has an e-mail address, its head office HQ, which is in no table of customers, has none."""
    customers = pd.DataFrame(
        [{"customer_id": "X", "dunning_recipient_id": "HQ"}, {"customer_id": "Y", "dunning_recipient_id": ""}]
    )
    persons = pd.DataFrame([person(email="x@x.example")])
    facts = ledger_of(open_items({}), customers=customers, contact_persons=persons)
    readers = find_readers(pd.Series(["Y", "X", "Z"]), facts, DAY)
    assert readers.ids[readers.of(pd.Series(["X", "Y", "Z"]))].tolist() == ["HQ", "Y", "Z"]
    taken, in_vain = choose_channels(readers, POLICY)
    step = np.full(3, STEPS["due_soon"])
    who = np.arange(3)
    missing = missing_addresses(readers, who, taken[who, step], in_vain[who, step])
    assert missing.to_numpy().tolist() == [[name, "email", "letter"] for name in ("HQ", "Y", "Z")]


def test_missing_addresses_are_told_once() -> None:
    """Two contacts of one reader lack the same address; a channel that reaches lacks none."""
    facts = ledger_of(open_items({}), contact_persons=pd.DataFrame([person("Y")]))
    readers = find_readers(pd.Series(["X"]), facts, DAY)
    taken, in_vain = choose_channels(readers, POLICY)
    step = np.array([STEPS["due_soon"], STEPS["due_soon"], STEPS["final_notice"]])
    who = np.zeros(3, dtype=np.int64)
    missing = missing_addresses(readers, who, taken[who, step], in_vain[who, step])
    assert missing.to_numpy().tolist() == [["X", "email", "letter"]]
    assert list(missing_addresses(readers, who[:0], who[:0], who[:0])) == ["customer_id", "wanted", "taken"]


def test_the_language_is_the_persons_then_the_debtors_then_the_policys() -> None:
    """A language without messages counts as not known; NL is nl, en-GB is en."""
    person_speaks = pd.Series(["fr", None, None, "xx", "en-GB"], dtype="str")
    debtor_speaks = pd.Series(["de", "NL", None, "de", None], dtype="str")
    known = ["nl", "de", "fr", "en"]
    assert languages(person_speaks, debtor_speaks, known, "en").tolist() == ["fr", "nl", "en", "de", "en"]
    assert languages(person_speaks, debtor_speaks, None, "en").tolist()[3] == "xx"
