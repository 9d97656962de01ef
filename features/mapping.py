"""A first configuration for unknown files, and what is unsure about it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from features.contracts import LEDGER_TABLES
from features.errors import LedgerError
from features.file_guess import Guess, guess_file
from features.sources import read_file


def init_configuration(files: Sequence[Path], folder: Path) -> tuple[str, list[str]]:
    """Return a commented configuration (YAML) for the files, and what is unsure about it in words.

    Paths are written relative to `folder`, where the configuration will live. Raises LedgerError
    for files that cannot be read and when no file looks like invoices.
    """
    guesses, unsure = _one_per_table(guess_mapping(files))
    unsure += [f"{guess.path.name}: {each}" for guess in guesses for each in guess.unsure]
    home = next((guess.currency for guess in guesses if guess.currency), None)
    if home is None:
        unsure.append("no column names a currency: home_currency EUR is an assumption")
    if not any("legal_kind" in guess.columns for guess in guesses):
        unsure.append(
            "no column says which debtors are businesses: they get friendly reminders only, "
            "unless default_legal_kind says business"
        )
    lines = ["# Written by `debtscape init` from the files' column names and contents.", ""]
    lines += [f"# CHECK: {each}" for each in unsure] + ["", "ledger:"]
    for guess in guesses:
        lines += _source_lines(guess, folder)
    lines += [
        "",
        "late_after_days: 0                # late = settled more than this many days after the due day",
        f"home_currency: {home or 'EUR'}                # of amounts without a currency; ISO 4217",
        "default_legal_kind: unknown       # or business, public, consumer: of debtors who do not say it",
        "output: out/                      # runs, backtests and, by default, the MLflow database live here",
        "timezone: UTC                     # in which scheduled days begin, such as Europe/Amsterdam",
    ]
    return "\n".join(lines) + "\n", unsure


def guess_mapping(files: Sequence[Path]) -> list[Guess]:
    """Return a guess per file, in the order given."""
    return [guess_file(path, read_file(path)) for path in files if _exists(path)]


def _exists(path: Path) -> bool:
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
    path = Path(os.path.relpath(guess.path.resolve(), folder.resolve())).as_posix()
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
