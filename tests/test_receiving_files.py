"""Facts that come as files, and facts that are erased: the drop folder, `debtscape receive`, no byte left."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from typer.testing import CliRunner

from features.errors import LedgerError
from pipelines.cli import app
from pipelines.receiving import fact_files
from pipelines.receiving.drop import take_in_drop, waiting
from pipelines.receiving.erasure import erase_received
from pipelines.receiving.fact_files import RefusedRow, TakenIn, kind_of, take_in
from pipelines.receiving.store import kept

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
HEADER = "external_id,invoice_id,opened_on,disputed_amount\n"


def drop(folder: Path, name: str, text: str) -> Path:
    """Leave a file in the drop folder."""
    place = folder / "drop"
    place.mkdir(exist_ok=True)
    (place / name).write_text(text)
    return place / name


def taken(folder: Path) -> list[TakenIn]:
    """Take in what waits."""
    return take_in_drop(folder, now=NOW, zone=ZoneInfo("UTC"), home_currency="EUR")


def take(folder: Path, path: Path) -> TakenIn:
    """Take in one file."""
    return take_in(folder, path, kind=None, who="eva", now=NOW, zone=ZoneInfo("UTC"), home_currency="EUR")


def names(folder: Path) -> list[str]:
    """The files of a folder without what makes their names unique."""
    return sorted(path.name.split("-", 2)[2] for path in folder.iterdir()) if folder.exists() else []


def test_a_good_file_is_kept_and_put_away(tmp_path: Path) -> None:
    """Its rows are facts, known from the day of receipt, and the file is in done."""
    drop(tmp_path, "disputes_0310.csv", HEADER + "d1,i1,2026-03-02,12.50\nd2,i2,2026-03-03,\n")
    assert taken(tmp_path) == [TakenIn("disputes_0310.csv", "disputes", 2, 0, ())]
    assert [(each.external_id, each.known_on, each.who) for each in kept(tmp_path)] == [
        ("d1", date(2026, 3, 10), "file disputes_0310.csv"),
        ("d2", date(2026, 3, 10), "file disputes_0310.csv"),
    ]
    assert names(tmp_path / "drop" / "done") == ["disputes_0310.csv"]
    assert taken(tmp_path) == []


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    """Rows that were received are there already, and the second file is put away beside the first."""
    for _ in range(2):
        drop(tmp_path, "disputes.csv", HEADER + "d1,i1,2026-03-02,12.50\n")
        (found,) = taken(tmp_path)
    assert (found.accepted, found.already, found.refused) == (0, 1, ())
    assert len(kept(tmp_path)) == 1
    assert names(tmp_path / "drop" / "done") == ["disputes.csv", "disputes.csv"]


def test_a_bad_row_is_refused_and_the_others_are_kept(tmp_path: Path) -> None:
    """Each row stands for itself; the file goes to refused, and a text beside it says which rows and why."""
    rows = ["d1,i1,2026-03-02,12.50", "d2,i2,2026-03-02,much", "d3,,2026-03-02,", "d1,i1,2026-03-02,99"]
    rows += [",i5,2026-03-02,", "d6,i6,2026-03-02,-4", "d7,i7,2026-03-12,"]
    drop(tmp_path, "disputes.csv", HEADER + "\n".join(rows) + "\n")
    (found,) = taken(tmp_path)
    assert (found.accepted, found.already) == (1, 0)
    assert found.refused == (
        RefusedRow(2, "d2", "disputed_amount is not an amount: 'much'"),
        RefusedRow(3, "d3", "invoice_id is empty"),
        RefusedRow(
            4,
            "d1",
            "was received before with another disputed_amount; only closed_on and outcome may be added "
            "later: report what is new under an external_id of its own",
        ),
        RefusedRow(5, None, "`external_id` is missing"),
        RefusedRow(6, "d6", 'disputed_amount: input should be greater than 0, got "-4"'),
        RefusedRow(7, "d7", "opened_on 2026-03-12 is after today, 2026-03-10"),
    )
    refused = tmp_path / "drop" / "refused"
    assert names(refused) == ["disputes.csv", "disputes.csv.txt"]
    why = next(refused.glob("*.txt")).read_text().splitlines()
    assert why[0] == "disputes.csv: 1 accepted, 0 already there, 6 refused"
    assert why[2] == "row 3 (d3): invoice_id is empty"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("dispute.csv", HEADER, "no facts are called that; did you mean `disputes`?"),
        (
            "disputes.csv",
            "external_id,invoice,opened_on\n1,2,2026-03-02\n",
            "unknown column 'invoice'; did you",
        ),
        ("disputes.csv", "invoice_id,opened_on\n2,2026-03-02\n", "there is no column external_id"),
        (
            "disputes.csv",
            HEADER.strip() + ",known_on\n1,2,2026-03-02,1,2020-01-01\n",
            "unknown column 'known_on'",
        ),
        ("disputes.csv", "", "empty file"),
        ("disputes.xlsx", "no archive", "not a readable xlsx file"),
        ("disputes.parquet", "no parquet", "cannot be read as parquet"),
        ("disputes.csv", HEADER + "1,a,02/03/2026,\n2,b,01/03/2026,\n", "dates of disputes such as"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(tmp_path: Path, name: str, text: str, why: str) -> None:
    """Nothing of it is kept, it is put away with the reason, and nothing is raised."""
    drop(tmp_path, name, text)
    (found,) = taken(tmp_path)
    assert [(row.row, row.external_id) for row in found.refused] == [(0, None)]
    assert why in found.refused[0].reason
    assert kept(tmp_path) == []
    assert names(tmp_path / "drop" / "refused") == [name, f"{name}.txt"]
    assert why in next((tmp_path / "drop" / "refused").glob("*.txt")).read_text()


def test_what_is_still_being_written_waits(tmp_path: Path) -> None:
    """A file of another type, or a hidden one, is not looked at until it has its name."""
    part = drop(tmp_path, "disputes.csv.part", HEADER + "d1,i1,20")
    drop(tmp_path, ".disputes.csv", HEADER + "d1,i1,20")
    assert waiting(tmp_path) == []
    assert taken(tmp_path) == []
    part.write_text(HEADER + "d1,i1,2026-03-02,\n")
    part.rename(part.with_suffix(""))
    assert [found.accepted for found in taken(tmp_path)] == [1]


def test_an_empty_table_is_no_mistake(tmp_path: Path) -> None:
    """A header without rows is taken in, with nothing in it."""
    drop(tmp_path, "promises.csv", "external_id,customer_id,promise_made_on,promised_for\n")
    assert taken(tmp_path) == [TakenIn("promises.csv", "promises", 0, 0, ())]


def test_files_are_read_as_those_of_a_ledger(tmp_path: Path) -> None:
    """Excel, Parquet, semicolons, days first, decimal commas: it is the same fact, there already."""
    rows = {
        "external_id": ["p1", "p2"],
        "customer_id": ["7", "8"],
        "promise_made_on": [pd.Timestamp("2026-03-02"), pd.Timestamp("2026-03-13") - pd.Timedelta(days=9)],
        "promised_for": [pd.Timestamp("2026-03-20"), pd.Timestamp("2026-03-21")],
        "promised_amount": [1250.5, 3.0],
    }
    pd.DataFrame(rows).to_excel(tmp_path / "promises.xlsx", index=False)
    pd.DataFrame(rows).to_parquet(tmp_path / "promises.parquet")
    (tmp_path / "promises.csv").write_text(
        "external_id;customer_id;promise_made_on;promised_for;promised_amount\n"
        "p1;7;02.03.2026;20.03.2026;1.250,50\np2;8;04.03.2026;21.03.2026;3,00\n"
    )
    for name, counts in (("promises.xlsx", (2, 0)), ("promises.parquet", (0, 2)), ("promises.csv", (0, 2))):
        found = take(tmp_path, tmp_path / name)
        assert (found.accepted, found.already, found.refused) == (*counts, ())
    assert [each.content["promised_amount"] for each in kept(tmp_path)] == ["1250.5", "3"]


def test_every_kind_comes_as_a_file(tmp_path: Path) -> None:
    """Contacts with a probability, decisions with yes and no: columns of all types."""
    (tmp_path / "contact_history.csv").write_text(
        "external_id,customer_id,contacted_on,status,arm,propensity,note\n"
        'k1,C1,2026-03-09,not reached,wait/7,0.5,"two\nlines"\n'
    )
    (tmp_path / "decisions.csv").write_text(
        "external_id,customer_id,action_id,approved,by,decided_on\ne1,C1,a1,nee,eva,2026-03-09\n"
    )
    for name in ("contact_history.csv", "decisions.csv"):
        assert take(tmp_path, tmp_path / name).refused == ()
    contact, decision = (each.content for each in kept(tmp_path))
    assert (contact["status"], contact["propensity"], contact["note"]) == ("not_reached", 0.5, "two\nlines")
    assert decision["approved"] is False


@pytest.mark.parametrize(
    "name", ["disputes", "Disputes-2026.csv", "contact_history.csv", "contact-history_1"]
)
def test_the_kind_is_in_the_name(name: str) -> None:
    """Names begin with a table's name, in any case, with a hyphen or an underscore."""
    assert kind_of(name) == ("disputes" if name.lower().startswith("d") else "contact-history")


def test_other_names_are_refused_with_the_nearest() -> None:
    """A misspelt table is answered with the one that was meant."""
    with pytest.raises(LedgerError, match="did you mean `promises`"):
        kind_of("promisses")


def test_a_file_that_may_not_be_read_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the disk refuses of one file is told, and the others are taken in."""
    drop(tmp_path, "disputes.csv", HEADER + "d1,i1,2026-03-02,\n")
    drop(tmp_path, "promises.csv", "external_id,customer_id,promise_made_on,promised_for\n")
    read = fact_files.read_file

    def refusing(path: Path) -> pd.DataFrame:
        if path.name == "disputes.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(fact_files, "read_file", refusing)
    one, other = taken(tmp_path)
    assert one.refused == (RefusedRow(0, None, "Permission denied"),)
    assert other.refused == ()


def test_a_file_that_another_process_takes_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It vanishes between being seen and being read: nothing is told of it, nothing is left behind."""
    drop(tmp_path, "disputes.parquet", "x")
    monkeypatch.setattr(fact_files, "read_file", lambda path: path.unlink() or pd.read_parquet(path))
    assert taken(tmp_path) == []
    assert not list((tmp_path / "drop").rglob("*.txt"))


# erasure -----------------------------------------------------------------------------------------------


def test_an_erased_debtor_leaves_no_byte(tmp_path: Path) -> None:
    """Its facts, and the files they came in, are gone; those of others stay in the store."""
    contacts = "k1,SECRET-1,2026-03-09,moved to Leeds\nk2,C2,2026-03-09,\n"
    drop(tmp_path, "contact_history.csv", "external_id,customer_id,contacted_on,note\n" + contacts)
    drop(
        tmp_path,
        "disputes.csv",
        HEADER + "d1,INV-SECRET,2026-03-02,\nd2,i2,2026-03-02,bad\nd3,i3,2026-03-02,1\n",
    )
    drop(tmp_path, "disputes_2.csv", HEADER + "d4,i4,2026-03-02,1\n")
    drop(tmp_path, "promises.xlsx", "SECRET-1 in a broken file")
    taken(tmp_path)
    assert erase_received(tmp_path, {"SECRET-1"}, {"INV-SECRET"}) == 2
    assert [each.external_id for each in kept(tmp_path)] == ["k2", "d3", "d4"]
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(word in path.read_bytes() for path in left for word in (b"SECRET", b"Leeds"))
    assert names(tmp_path / "drop" / "done") == ["disputes_2.csv"]
    assert names(tmp_path / "drop" / "refused") == []
    assert erase_received(tmp_path, {"SECRET-1"}, {"INV-SECRET"}) == 0


def test_a_text_file_of_facts_is_not_taken_for_the_reasons_beside_one(tmp_path: Path) -> None:
    """Facts may come as .txt, and reasons for a refusal are written as .txt: both go, others stay."""
    drop(tmp_path, "disputes.txt", HEADER + "d1,INV-SECRET,2026-03-02,\nd2,i2,2026-03-02,bad\n")
    drop(tmp_path, "disputes_2.txt", HEADER + "d3,i3,2026-03-02,bad\n")
    taken(tmp_path)
    assert len(names(tmp_path / "drop" / "refused")) == 4
    assert erase_received(tmp_path, set(), {"INV-SECRET"}) == 1
    assert [name.partition(".")[0] for name in names(tmp_path / "drop" / "refused")] == ["disputes_2"] * 2


def test_an_invoice_that_is_called_like_a_debtor_stays(tmp_path: Path) -> None:
    """Debtor 7 is erased, a dispute about invoice 7 of another is not."""
    (tmp_path / "disputes.csv").write_text(HEADER + "d1,7,2026-03-02,\n")
    take(tmp_path, tmp_path / "disputes.csv")
    assert erase_received(tmp_path, {"7"}) == 0
    assert len(kept(tmp_path)) == 1


def test_nothing_to_erase_is_no_error(tmp_path: Path) -> None:
    """Where nothing was received nothing is made."""
    assert erase_received(tmp_path / "received", {"C1"}) == 0
    assert not (tmp_path / "received").exists()


# the command -------------------------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration beside which a ledger could be."""
    path = tmp_path / "debtscape.yaml"
    path.write_text("ledger: {invoices: {path: invoices.csv}}\noutput: out\n")
    return path


def test_the_command_takes_files_in_and_lists_them(config: Path) -> None:
    """A file by hand, the drop folder, the list without notes; exit code 1 when a row was refused."""
    run = CliRunner().invoke
    mine = config.parent / "mine.csv"
    mine.write_text("external_id,customer_id,contacted_on,note\nk1,C1,2026-03-09,a private word\n")
    told = run(app, ["receive", str(mine), "--table", "contact_history", "-c", str(config), "--json"])
    assert told.exit_code == 0
    assert json.loads(told.stdout)["files"][0]["accepted"] == 1
    assert mine.exists()
    received = config.parent / "out" / "received"
    drop(received, "disputes.csv", HEADER + "d1,,2026-03-02,\nd2,i2,2026-03-02,\n")
    told = run(app, ["receive", "-c", str(config)])
    assert told.exit_code == 1
    assert "invoice_id is empty" in told.stdout
    told = run(app, ["receive", "--list", "-c", str(config)])
    assert told.exit_code == 0
    assert "a private word" not in told.stdout
    listed = json.loads(run(app, ["receive", "--list", "--json", "-c", str(config)]).stdout)["received"]
    assert [(row["external_id"], row["about"]) for row in listed] == [("d2", "i2"), ("k1", "C1")]
    assert "a private word" not in json.dumps(listed)
    assert "No file waits" in run(app, ["receive", "-c", str(config)]).stdout


@pytest.mark.parametrize(
    "arguments", [["--table", "disputes"], ["--list", "x.csv"], ["--list", "--table", "disputes"]]
)
def test_options_that_say_nothing_together_are_refused(config: Path, arguments: list[str]) -> None:
    """Exit code 2 for --table without a file and --list with anything."""
    assert CliRunner().invoke(app, ["receive", *arguments, "-c", str(config)]).exit_code == 2


def test_a_file_that_is_not_there_is_said(config: Path) -> None:
    """A clear refusal, and nothing is made."""
    told = CliRunner().invoke(app, ["receive", "nowhere.csv", "-c", str(config)])
    assert isinstance(told.exception, LedgerError)
    assert "nowhere.csv: no such file" in str(told.exception)
