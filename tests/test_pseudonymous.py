"""Pseudonyms by configuration: behind the cleaning nobody knows a plain id, and people may still type one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from features.errors import ConfigurationError
from features.pseudonyms import pseudonym
from pipelines.privacy.pseudonymous import id_in, pseudonym_key, renamed, reported_in_plain
from pipelines.reading import read_cleaned
from pipelines.receiving.door import Fact
from pipelines.receiving.store import receive
from pipelines.settings import Settings
from pipelines.settings_file import parse_settings

KEY = "k" * 64
TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def of(id_: str) -> str:
    """A debtor's pseudonym under KEY."""
    return pseudonym(id_, KEY.encode())


def settings_of(folder: Path) -> Settings:
    """Three invoices, of which one is broken, and master data of one of the two debtors."""
    (folder / "invoices.csv").write_text(
        "invoice_id,customer_id,issued_on,due_on,amount\n"
        "i1,ACME,2026-01-01,2026-01-31,100\n"
        "i2,BOLT,2026-01-02,2026-02-01,100\n"
        "i3,ACME,2026-01-02,when Acme pays,100\n"
    )
    (folder / "customers.csv").write_text("customer_id,name,collector\nACME,Acme Ltd,anna\n")
    tables = {
        name: {
            "path": f"{name}.csv",
            "columns": {
                column: column for column in (folder / f"{name}.csv").read_text().splitlines()[0].split(",")
            },
        }
        for name in ("invoices", "customers")
    }
    return parse_settings({"ledger": tables, "privacy": {"pseudonym_key": "THE_KEY"}}, base=folder)


def test_the_ledger_its_rejected_rows_and_warnings_speak_of_pseudonyms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No plain id, name or collector is left; the debtor without master data is named by its pseudonym."""
    monkeypatch.setenv("THE_KEY", f"{KEY}\n")
    cleaned = read_cleaned(settings_of(tmp_path), TODAY)
    assert cleaned.ledger.invoices["customer_id"].tolist() == [of("ACME"), of("BOLT")]
    assert cleaned.ledger.invoices["invoice_id"].tolist() == ["i1", "i2"]
    assert cleaned.ledger.customers["name"].isna().all()
    assert cleaned.ledger.customers["collector"].tolist() == [pseudonym("anna", KEY.encode(), "P-")]
    assert cleaned.rejected["row"].tolist() == [3]
    assert f"e.g. {of('BOLT')};" in cleaned.warnings[0]
    everything = [cleaned.rejected.to_csv(), *cleaned.warnings]
    for table in vars(cleaned.ledger).values():
        everything.append(table.to_csv())
    assert not any(plain in said for plain in ("ACME", "BOLT", "Acme", "anna") for said in everything)


def test_without_the_setting_nothing_is_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment holds."""
    monkeypatch.setenv("THE_KEY", KEY)
    settings = settings_of(tmp_path).model_copy(update={"privacy": Settings(ledger={}).privacy})
    assert read_cleaned(settings, TODAY).ledger.invoices["customer_id"].tolist() == ["ACME", "BOLT"]
    assert id_in("ACME", {"BOLT"}, settings) == "ACME"


@pytest.mark.parametrize("value", [None, "", "  \n"])
def test_a_missing_key_stops_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """With the variable's name and how a key is made; a run by plain ids in its place would tell all."""
    monkeypatch.delenv("THE_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("THE_KEY", value)
    settings = settings_of(tmp_path)
    (tmp_path / "invoices.csv").unlink()
    with pytest.raises(ConfigurationError, match=r"THE_KEY, which is not set(.|\n)*openssl rand -hex 32"):
        read_cleaned(settings, TODAY)


def test_a_short_key_is_refused_by_its_variables_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And never by its value."""
    monkeypatch.setenv("THE_KEY", "secret123")
    with pytest.raises(ConfigurationError, match="THE_KEY: the key for pseudonyms has 9 bytes") as refused:
        pseudonym_key(settings_of(tmp_path))
    assert "secret123" not in str(refused.value)


def test_a_debtor_may_be_called_by_its_id_or_its_pseudonym(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known stays as it is typed; anything else is taken for a plain id."""
    monkeypatch.setenv("THE_KEY", KEY)
    settings, known = settings_of(tmp_path), {of("ACME")}
    assert id_in("ACME", known, settings) == id_in(of("ACME"), known, settings) == of("ACME")
    assert id_in("NEW", known, settings) == of("NEW")


def test_it_is_said_when_nobody_of_the_previous_run_is_known_any_more() -> None:
    """Pseudonyms were switched on; one debtor in common, or no previous run, is no cause."""
    (warning,) = renamed(["c1", "c2"], [of("c1"), of("c2")])
    assert warning.startswith("none of the 2 debtors of the previous run is in the ledger")
    assert renamed(["c1", "c2"], ["c2", "c3"]) == renamed([], ["c1"]) == []


def test_plain_reports_among_runs_with_pseudonyms_are_warned_of(tmp_path: Path) -> None:
    """Not where nothing was reported, the folder lies elsewhere, or nobody asked for pseudonyms."""
    settings = settings_of(tmp_path)
    elsewhere = settings.model_copy(update={"received": Path("received")})
    plain = settings.model_copy(update={"privacy": Settings(ledger={}).privacy})
    assert reported_in_plain(settings) == []
    for each in (settings, elsewhere):
        each.received_folder.mkdir(parents=True)
    (warning,) = reported_in_plain(settings)
    assert warning.startswith(f"{tmp_path / 'out' / 'received'} holds ids and notes as tools reported them")
    assert reported_in_plain(elsewhere) == reported_in_plain(plain) == []
    (tmp_path / "elsewhere").mkdir()
    named = settings.model_copy(update={"received": Path("elsewhere") / ".." / "out" / "received"})
    assert len(reported_in_plain(named)) == 1


def test_what_tools_report_by_either_name_is_about_the_same_debtor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tool that was handed pseudonyms knows nothing else; one beside it knows the plain id."""
    monkeypatch.setenv("THE_KEY", KEY)
    settings = settings_of(tmp_path)
    calls = [
        Fact("contact-history", f"call-{number}", {"customer_id": id_, "contacted_on": "2026-02-01"})
        for number, id_ in enumerate(("ACME", of("ACME"), "STRANGER"))
    ]
    receive(settings.received_folder, calls, who="tool", now=NOW, zone=settings.zone)
    history = read_cleaned(settings, TODAY).ledger.contact_history
    assert sorted(history["customer_id"]) == sorted([of("ACME"), of("ACME"), of("STRANGER")])
