"""Privacy of whole runs, by the bytes: what is hidden, noted or forgotten stands in no file of the output."""

from __future__ import annotations

import json
import re
import shutil
import zlib
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pandas as pd
import pyarrow.parquet
import pytest
import yaml

from features.pseudonyms import pseudonym
from features.simulate import simulate, write_portfolio
from pipelines.backtesting.walk_forward import backtest
from pipelines.learning.training import train
from pipelines.privacy.forgetting import forget
from pipelines.questions.explaining import explain_debtor
from pipelines.questions.previewing import preview
from pipelines.questions.quoting import quote_invoice
from pipelines.running import run
from pipelines.runs.published_runs import latest_run, read_table
from pipelines.segment_page.segments_page import make_segments_page

END, LATER = date(2026, 1, 1), date(2026, 1, 2)
NOW = datetime(2026, 1, 2, 5, 0, tzinfo=UTC)
KEY = "0123456789abcdef" * 4
TYPED = "Whatsnoted"
"""Stands in every note, and in the outcome of every contact."""


def written(folder: Path) -> Path:
    """A ledger with names, collectors, contact persons, notes and a row that breaks a rule."""
    config = write_portfolio(simulate(debtors=30, months=12, seed=3, end=END), folder)
    content = yaml.safe_load(config.read_text())
    customers = pd.read_csv(folder / "customers.csv", dtype="str")
    history = pd.read_csv(folder / "contact_history.csv", dtype="str")
    history.assign(note=f"{TYPED}: the goods are broken", outcome=f"{TYPED} too").to_csv(
        folder / "contact_history.csv", index=False
    )
    content["ledger"]["contact_history"]["columns"] |= {"note": "note", "outcome": "outcome"}
    persons = customers[["customer_id"]].assign(
        recipient_id="R-" + customers["customer_id"], name="Persona Grata", email="grata@example.org"
    )
    persons.to_csv(folder / "contact_persons.csv", index=False)
    content["ledger"]["contact_persons"] = {"path": "contact_persons.csv"}
    invoices = pd.read_csv(folder / "invoices.csv", dtype="str")
    broken = invoices.tail(1).assign(invoice_id="BROKEN", amount="much")
    again = invoices[invoices["customer_id"] == biggest(folder)].head(1)
    pd.concat([invoices, broken, again]).to_csv(folder / "invoices.csv", index=False)
    customers[customers["customer_id"] != stranger(folder)].to_csv(folder / "customers.csv", index=False)
    config.write_text(yaml.safe_dump(content | {"csv": True, "workers": 1}, sort_keys=False))
    return config


def biggest(folder: Path) -> str:
    """The debtor with the most invoices."""
    return str(pd.read_csv(folder / "invoices.csv", dtype="str")["customer_id"].mode()[0])


def stranger(folder: Path) -> str:
    """The last debtor with invoices, whose master data are left out: a warning names it."""
    return str(pd.read_csv(folder / "invoices.csv", dtype="str")["customer_id"].max())


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a ledger with two published runs by plain ids."""
    config = written(tmp_path_factory.mktemp("plain"))
    for day in (END, LATER):
        run(config, as_of=day, today=LATER, now=NOW)
    return config


@pytest.fixture(scope="module")
def hidden(plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The configuration of the same ledger with one run by pseudonyms; the key is set meanwhile."""
    folder = tmp_path_factory.mktemp("hidden")
    shutil.copytree(plain.parent, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("out"))
    config = folder / plain.name
    config.write_text(config.read_text() + "privacy: {pseudonym_key: PRIVATE_RUNS_KEY}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRIVATE_RUNS_KEY", KEY)
        run(config, as_of=LATER, today=LATER, now=NOW)
        yield config


def of(id_: str) -> str:
    """A debtor's pseudonym."""
    return pseudonym(id_, KEY.encode())


def readable(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below the folder, and what is packed in Parquet, pages and archives, by its path there."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = str(file.relative_to(folder))
        yield name, file.read_bytes()
        if file.suffix == ".parquet":
            table = pyarrow.parquet.read_table(file)
            yield (
                name,
                "\n".join(str(cell) for column in table.columns for cell in column.to_pylist()).encode(),
            )
        if file.suffix == ".html":
            for letters in re.findall(rb"[A-Za-z0-9+/]{100,}={0,2}", file.read_bytes()):
                with suppress(ValueError, zlib.error):  # a script or a picture
                    yield name, zlib.decompress(b64decode(letters))
        if file.suffix == ".skops":
            with ZipFile(file) as packed:
                yield from ((name, packed.read(part)) for part in packed.namelist())


def tellers(folder: Path, *texts: str) -> set[str]:
    """The files below the folder in which one of the texts stands."""
    wanted = re.compile("|".join(re.escape(text) for text in texts).encode())
    return {name for name, content in readable(folder) if wanted.search(content)}


def private_texts(config: Path) -> list[str]:
    """What pseudonyms must hide: every debtor's id and name, every collector, persons and their addresses."""
    customers = pd.read_csv(config.parent / "customers.csv", dtype="str")
    ids = pd.read_csv(config.parent / "invoices.csv", dtype="str")["customer_id"].unique()
    return [
        *ids,
        *customers["name"].dropna(),
        *customers["collector"].dropna().unique(),
        "Persona Grata",
        "grata@example.org",
    ]


def of_debtor(config: Path, customer: str) -> list[str]:
    """The id and the numbers of the invoices that are this debtor's in the ledger's files."""
    invoices = pd.read_csv(config.parent / "invoices.csv", dtype="str")
    own = invoices[invoices["customer_id"] == customer]["invoice_id"]
    return [customer, *(id_ for id_ in own if id_ != "BROKEN")]


def card(config: Path, customer: str) -> dict[str, Any]:
    """What explain says."""
    return explain_debtor(config, customer)


def test_a_run_by_plain_ids_tells_them(plain: Path) -> None:
    """What the tests below look for would be found: they can fail."""
    told = tellers(plain.parent / "out", *private_texts(plain))
    assert any(name.endswith("segments.parquet") for name in told)
    assert any(name.endswith("report.html") for name in told)
    assert any(name.endswith("page.html") for name in told)
    assert any(name.endswith("manifest.json") for name in told)


def test_with_a_key_no_file_of_the_output_holds_an_id_a_name_or_an_address(hidden: Path) -> None:
    """Of debtors, collectors and contact persons; neither does what explain, quote and preview say."""
    assert tellers(hidden.parent / "out", *private_texts(hidden)) == set()
    customer = biggest(hidden.parent)
    published = latest_run(hidden.parent / "out")
    assert published is not None
    planned = read_table(published, "reminders").dropna(subset="send_on")["invoice_id"].iloc[0]
    letter = preview(hidden, planned, today=LATER)
    said = [
        card(hidden, customer),
        quote_invoice(hidden, customer, amount=100.0, as_of=None, today=LATER),
        letter,
    ]
    text = json.dumps(said, default=str)
    assert not [private for private in private_texts(hidden) if private in text]
    assert of(customer) in text
    assert any("names are withheld" in note for note in letter["notes"])


def test_a_debtor_is_explained_by_its_id_and_by_its_pseudonym(hidden: Path) -> None:
    """It is the same card, and the figures are those of the run by plain ids."""
    customer = biggest(hidden.parent)
    by_id, by_pseudonym = card(hidden, customer), card(hidden, of(customer))
    assert by_id == by_pseudonym
    assert by_id["customer_id"] == of(customer)


def test_pseudonyms_change_no_figure(plain: Path, hidden: Path) -> None:
    """Each debtor's money and behaviour are those of the run by plain ids, under another name."""
    runs = [latest_run(config.parent / "out") for config in (plain, hidden)]
    tables = [[read_table(one, name) for one in runs if one] for name in ("debtors", "debtor_profiles")]
    for before, after in tables:
        names = before["customer_id"].map(of)
        expected = before.assign(customer_id=names).sort_values("customer_id", ignore_index=True)
        found = after.sort_values("customer_id", ignore_index=True)
        pd.testing.assert_frame_equal(
            found.drop(columns="name", errors="ignore"), expected.drop(columns="name", errors="ignore")
        )


def test_notes_leave_the_ledger_in_no_file(plain: Path) -> None:
    """They only count as signs of delay tactics, of which there are some here."""
    assert tellers(plain.parent / "out", TYPED) == set()
    published = latest_run(plain.parent / "out")
    assert published is not None
    assert len(read_table(published, "delay_tactics"))
    assert TYPED in (plain.parent / "contact_history.csv").read_text()


@pytest.mark.parametrize("which", [biggest, stranger])
def test_a_forgotten_debtor_and_its_invoices_are_in_no_file(plain: Path, tmp_path: Path, which: Any) -> None:
    """By every byte of the output: tables, copies, reports, manifests; the others are still there."""
    shutil.copytree(plain.parent, tmp_path, dirs_exist_ok=True)
    output, customer = tmp_path / "out", which(tmp_path)
    assert tellers(output, *of_debtor(plain, customer))
    assert forget(output, customer, day=LATER).runs == 2
    assert tellers(output, *of_debtor(plain, customer)) == set()
    other = {biggest, stranger}.difference([which]).pop()(tmp_path)
    assert tellers(output, other)


@pytest.mark.slow
def test_models_backtests_and_pages_hide_and_forget_too(hidden: Path, plain: Path) -> None:
    """After training, a walk forward and a page of segments, with a key; and without one after forgetting."""
    for config in (hidden, plain):
        for day in (date(2025, 10, 1), date(2025, 12, 1)):  # the second time it is said who would move
            train(config, as_of=day, today=LATER)
        backtest(config, start=date(2025, 10, 1), until=date(2025, 11, 1), every="1M", today=LATER)
        run(config, as_of=date(2025, 12, 15), today=LATER, now=NOW)
        make_segments_page(config, as_of=LATER, cutoff=None, today=LATER)
    assert tellers(hidden.parent / "out", *private_texts(hidden), TYPED) == set()
    assert tellers(plain.parent / "out", TYPED) == set()
    customer = biggest(plain.parent)
    assert forget(plain.parent / "out", customer, day=LATER).backtests == 1
    assert tellers(plain.parent / "out", *of_debtor(plain, customer)) == set()
