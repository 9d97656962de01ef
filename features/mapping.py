"""A first configuration for unknown files, and what is unsure about it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import yaml

from features.contracts import LEDGER_TABLES
from features.errors import LedgerError
from features.file_guess import Guess, guess_file
from features.shape_file import Shape, read_shape
from features.shapes import read_shaped, tables_in
from features.sources import FILES, Source, read_file


def init_configuration(files: Sequence[Path], folder: Path) -> tuple[str, list[str]]:
    """Return a commented configuration (YAML) for the files, and what is unsure about it in words.

    Paths are written relative to `folder`, where the configuration will live. Raises LedgerError
    for files that cannot be read and when no file looks like invoices.
    """
    guesses, unsure = _one_per_table(guess_mapping(files))
    unsure += [f"{guess.path.name}: {each}" for guess in guesses for each in guess.unsure]
    home = next((guess.currency for guess in guesses if guess.currency), None)
    unsure += _unsaid(home is not None, any("legal_kind" in guess.columns for guess in guesses))
    sources = [line for guess in guesses for line in _source_lines(guess, folder)]
    return _configuration(unsure, sources, home), unsure


def init_in_shape(shape: str, files: Sequence[Path], folder: Path) -> tuple[str, list[str]]:
    """Return a configuration (YAML) that reads the files in a shape, and what is unsure about it in words.

    shape: the name of one, or the path of one's own. Several files of one table have to be a folder's only
    files. Files of other tables, such as customers, are guessed as without a shape. Raises
    ConfigurationError for a shape that is not there or wrong, and LedgerError for files that cannot be
    read in it.
    """
    if shape.endswith((".yaml", ".yml")):
        shape = _relative(Path(shape), folder)
    known = read_shape(shape, folder)
    of_table: dict[str, list[Path]] = {}
    guesses: list[Guess] = []
    for path in files:
        _exists(path)
        frame = read_file(path)
        for table in tables_in(known, frame):
            of_table.setdefault(table, []).append(path)
        if not tables_in(known, frame):
            guesses.append(_of_another_table(path, frame, shape, known))
    if "invoices" not in of_table:
        raise LedgerError(f"none of the files has invoices in the shape {shape} ({known.about})")
    sources = {
        name: Source(path=_one_path(of_table[name], folder), shape=shape)
        for name in LEDGER_TABLES
        if name in of_table
    }
    raw, _, unsure = read_shaped(sources, folder)
    currencies = raw["invoices"].get("currency", pd.Series(dtype="str")).dropna().value_counts()
    if len(currencies) > 1:
        unsure.append(f"several currencies ({', '.join(map(str, currencies.index[:5]))}): the first is home")
    lines = []
    for name, source in sources.items():
        if name in raw:
            lines += [f"  {name}:", f"    path: {_scalar(source.path)}", f"    shape: {_scalar(shape)}"]
    for guess in guesses:
        lines += _source_lines(guess, folder)
        unsure += [f"{guess.path.name}: {each}" for each in guess.unsure]
    legal_kind = any("legal_kind" in guess.columns for guess in guesses)
    unsure += _unsaid(len(currencies) > 0, legal_kind)
    home = str(currencies.index[0]) if len(currencies) else None
    return _configuration(unsure, lines, home), unsure


def _of_another_table(path: Path, frame: pd.DataFrame, name: str, shape: Shape) -> Guess:
    """Return what a file seems to be that is not in the shape; LedgerError when it should be."""
    guess = guess_file(path, frame)
    if guess.table in ("invoices", "payments"):
        raise LedgerError(
            f"{path.name}: looks like {guess.table}, but not as {name} has it ({shape.about}); "
            "read its column names in the shape's file, or leave out --shape"
        )
    return guess


def _one_path(files: Sequence[Path], folder: Path) -> str:
    """Return the path of one file, or of the folder that holds just these."""
    if len(files) == 1:
        return _relative(files[0], folder)
    together = files[0].resolve().parent
    there = {path.resolve() for path in together.iterdir() if path.suffix.lower() in FILES}
    if there != {path.resolve() for path in files}:
        raise LedgerError(
            f"{', '.join(path.name for path in files)} are read together: put them into a folder of their own"
        )
    return _relative(together, folder)


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def _unsaid(currency: bool, legal_kind: bool) -> list[str]:
    """Return what no file says, and what follows from it."""
    unsure = [] if currency else ["no column names a currency: home_currency EUR is an assumption"]
    if not legal_kind:
        unsure.append(
            "no column says which debtors are businesses: they get friendly reminders only, "
            "unless default_legal_kind says business"
        )
    return unsure


def _configuration(unsure: Sequence[str], sources: Sequence[str], home: str | None) -> str:
    lines = ["# Written by `debtscape init` from the files' column names and contents.", ""]
    lines += [f"# CHECK: {each}" for each in unsure] + ["", "ledger:", *sources]
    lines += [
        "",
        "late_after_days: 0                # late = settled more than this many days after the due day",
        f"home_currency: {home or 'EUR'}                # of amounts without a currency; ISO 4217",
        "default_legal_kind: unknown       # or business, public, consumer: of debtors who do not say it",
        "output: out/                      # runs, backtests and, by default, the MLflow database live here",
        "timezone: UTC                     # in which scheduled days begin, such as Europe/Amsterdam",
    ]
    return "\n".join(lines) + "\n"


def guess_mapping(files: Sequence[Path]) -> list[Guess]:
    """Return a guess per file, in the order given."""
    return [guess_file(path, read_file(path)) for path in files if _exists(path)]


def _exists(path: Path) -> bool:
    if path.is_dir():
        raise LedgerError(f"{path}: a folder; name the files in it")
    if not path.is_file():
        raise LedgerError(f"{path}: no such file")
    return True


def _one_per_table(guesses: list[Guess]) -> tuple[list[Guess], list[str]]:
    """Return the fullest guess per table in the contract's order, and what that leaves out."""
    best: dict[str, Guess] = {}
    unsure: list[str] = []
    for guess in guesses:
        other = best.get(guess.table)
        if other is None or len(guess.columns) > len(other.columns):
            best[guess.table] = guess
        if other is not None:
            left = other if best[guess.table] is guess else guess
            unsure.append(
                f"{left.path.name} also looks like {guess.table}: left out; to read both, give a glob"
            )
    if "invoices" not in best:
        found = ", ".join(f"{guess.path.name} as {guess.table}" for guess in guesses)
        raise LedgerError(
            f"no file looks like invoices ({found}): they need a number, a debtor, a day of issue, a due day "
            "and an amount; write the mapping by hand under ledger.invoices.columns"
        )
    invoices = best["invoices"]
    if "payments" in best and "paid_on" in invoices.columns:
        kept = {name: own for name, own in invoices.columns.items() if name != "paid_on"}
        unsure.append(
            f"{invoices.columns['paid_on']} of {invoices.path.name} is left out: payments say what was paid"
        )
        best["invoices"] = replace(invoices, columns=kept)
    return [best[name] for name in LEDGER_TABLES if name in best], unsure


def _source_lines(guess: Guess, folder: Path) -> list[str]:
    path = _relative(guess.path, folder)
    lines = [f"  {guess.table}:", f"    path: {_scalar(path)}", "    columns:"]
    width = max(len(name) for name in guess.columns) + 1
    lines += [f"      {name + ':':{width}} {_scalar(own)}" for name, own in guess.columns.items()]
    if guess.dates:
        lines.append(
            f"    dates: {guess.dates:<18} # or the other of month_first, day_first; or a strptime format"
        )
    if guess.decimal:
        lines.append(f'    decimal: "{guess.decimal}"')
    if guess.unused:
        lines.append(f"    # not used: {', '.join(guess.unused)}")
    return lines


def _scalar(text: str) -> str:
    """Return a string as YAML writes it in one line."""
    return yaml.safe_dump(text, width=10_000, allow_unicode=True).removesuffix("\n...\n").strip()
