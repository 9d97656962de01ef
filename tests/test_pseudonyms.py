"""Pseudonyms: the same for the same id everywhere, unreadable without the key, and nothing else is lost."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b32encode

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from publication_support import tiny_tables

from features.errors import ConfigurationError
from features.pseudonyms import DEBTOR, PERSON, WITHHELD, pseudonym, pseudonymise

KEY, OTHER_KEY = b"k" * 32, b"o" * 32


def of(id_: str, prefix: str = DEBTOR) -> str:
    """The pseudonym under KEY."""
    return pseudonym(id_, KEY, prefix)


def test_a_pseudonym_is_the_keyed_hash_in_base32() -> None:
    """HMAC-SHA256 of prefix and id, its first 80 bits: 16 letters and digits."""
    digest = hmac.new(KEY, b"D-c1", hashlib.sha256).digest()
    assert of("c1") == "D-" + b32encode(digest[:10]).decode()
    assert len(of("c1")) == len(of("a much longer number of a debtor")) == 18


def test_other_keys_and_other_kinds_give_other_pseudonyms() -> None:
    """A debtor 7 and a collector 7 are not shown to be alike."""
    assert len({of("7"), of("7", PERSON), pseudonym("7", OTHER_KEY), of("07")}) == 4


@pytest.mark.parametrize("key", [b"", b"short and guessable", b"x" * 31])
def test_a_short_key_is_refused_and_not_told(key: bytes) -> None:
    """Also where there is nothing to hide; the way out is in the message, the key is not."""
    with pytest.raises(ConfigurationError, match="fewer than 32") as refused:
        pseudonymise({}, key)
    assert "openssl rand -hex 32" in str(refused.value)
    assert not key or key.decode() not in str(refused.value)


def test_an_id_has_the_same_pseudonym_in_every_table_of_a_run() -> None:
    """Debtor c1 of the tiny run: joins between its tables hold as before."""
    tables = tiny_tables()
    hidden = pseudonymise(tables, KEY)
    assert hidden.keys() == tables.keys()
    for name, table in tables.items():
        if "customer_id" in table:
            expected = [of(each) for each in table["customer_id"]]
            assert hidden[name]["customer_id"].tolist() == expected
    assert hidden["account_reviews"]["account_manager"].tolist() == [of("J. Smit", PERSON)]
    assert hidden["reminders"]["action_id"][0] == hidden["actions"]["action_id"][0]


def test_empty_stays_empty() -> None:
    """A debtor without a collector has none afterwards either."""
    worklist = pseudonymise(tiny_tables(), KEY)["worklist"]
    assert worklist["collector"].isna().tolist() == [False, True]
    text = pseudonymise({"t": pd.DataFrame({"customer_id": ["", None, "c1"]})}, KEY)["t"]["customer_id"]
    assert text[0] == ""
    assert text.isna().tolist() == [False, True, False]


def test_ids_that_are_hashes_of_a_debtor_are_hidden_in_a_run_and_kept_in_a_ledger() -> None:
    """Whoever knows the debtors could try them out; the ledger repeats what a run published."""
    tables = {"actions": tiny_tables()["actions"], "decisions": pd.DataFrame({"action_id": ["a1"]})}
    hidden = pseudonymise(tables, KEY)
    assert hidden["actions"]["action_id"][0] == of("a1", "H-")
    assert hidden["decisions"]["action_id"][0] == "a1"


def test_names_go_and_addresses_are_only_known_to_be_there() -> None:
    """The channel of a reminder depends on whether there is an address."""
    persons = pd.DataFrame(
        {
            "customer_id": ["c1", "c2"],
            "recipient_id": ["r1", None],
            "name": ["Anna Smit", "Bo Smit"],
            "email": ["anna@example.org", None],
            "phone": [None, "+31 20 1234567"],
            "language": ["nl", "en"],
        }
    ).astype("str")
    hidden = pseudonymise({"contact_persons": persons}, KEY)["contact_persons"]
    assert hidden["name"].isna().all()
    assert hidden["email"].fillna("none").tolist() == [WITHHELD, "none"]
    assert hidden["phone"].fillna("none").tolist() == ["none", WITHHELD]
    assert hidden["language"].tolist() == ["nl", "en"]
    assert hidden.dtypes.equals(persons.dtypes)


def test_related_debtors_stay_related() -> None:
    """A parent, a payer and a dunning recipient are debtors like all others."""
    customers = pd.DataFrame(
        {
            "customer_id": ["c1", "c2"],
            "parent_id": ["c2", None],
            "payer_id": "c2",
            "dunning_recipient_id": "c1",
        }
    )
    hidden = pseudonymise({"customers": customers}, KEY)["customers"]
    assert hidden["parent_id"][0] == hidden["payer_id"][0] == hidden["customer_id"][1] == of("c2")
    assert hidden["dunning_recipient_id"].tolist() == [of("c1")] * 2


def test_rejected_rows_tell_the_rule_and_neither_id_nor_value() -> None:
    """Their place in the source is enough to find them; each part of the key is hidden."""
    rejected = pd.DataFrame(
        {
            "table": ["customers", "invoices"],
            "row": [4, 7],
            "key": ["c1|2026-01-01", None],
            "reason": ["since cannot be read: 'Anna'", "amount is zero"],
        }
    )
    hidden = pseudonymise({"rejected": rejected}, KEY)["rejected"]
    assert hidden["key"][0] == f"{of('c1')}|{of('2026-01-01')}"
    assert hidden["key"].isna()[1]
    assert hidden["reason"].tolist() == ["since cannot be read", "amount is zero"]
    assert hidden["row"].tolist() == [4, 7]


def test_an_id_that_is_a_known_debtors_pseudonym_stays() -> None:
    """A tool that was handed pseudonyms reports by them; one that nobody here has is an id like others."""
    tables = {
        "invoices": pd.DataFrame({"customer_id": ["c1"]}),
        "decisions": pd.DataFrame(
            {"customer_id": [of("c1"), of("c9"), "c1"], "by": ["anna", of("anna", PERSON), ""]}
        ),
        "rejected": pd.DataFrame({"table": "orders", "row": [1], "key": [of("c1")], "reason": "no amount"}),
    }
    hidden = pseudonymise(tables, KEY)
    assert hidden["decisions"]["customer_id"].tolist() == [of("c1"), of(of("c9")), of("c1")]
    assert hidden["decisions"]["by"].tolist() == [of("anna", PERSON), of("anna", PERSON), ""]
    assert hidden["rejected"]["key"].tolist() == [of("c1")]


def test_the_tables_given_are_not_changed() -> None:
    """Only what is returned is pseudonymous."""
    tables = tiny_tables()
    pseudonymise(tables, KEY)
    for name, table in tiny_tables().items():
        pd.testing.assert_frame_equal(tables[name], table)


@given(st.lists(st.one_of(st.none(), st.text(max_size=4)), max_size=20))
def test_equal_ids_stay_equal_and_different_ones_different(ids: list[str | None]) -> None:
    """Whatever the ids are: each is mapped by itself, in its place."""
    table = pd.DataFrame({"customer_id": pd.Series(ids, dtype="object")})
    hidden = pseudonymise({"t": table}, KEY)["t"]["customer_id"]
    expected = [of(id_) if id_ else id_ for id_ in ids]
    assert [None if value is None or value != value else value for value in hidden] == expected
