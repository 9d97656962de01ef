"""The command line: exit codes, refusals in one or two lines, and JSON for machines."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines import cli

HEADER = "invoice_id,customer_id,issued_on,due_on,amount"
SETTLED = f"{HEADER},paid_on\nF1,Bakery,2025-01-01,2025-01-31,100.00,2025-02-05\n"
OPEN = f"{HEADER}\nF1,Bakery,2025-01-01,2025-01-31,100.00\nF2,Butcher,2025-01-05,2025-02-04,50.00\n"
COMMANDS = (
    "demo", "init", "check", "features", "train", "run", "backtest", "explain", "quote", "rules", "segments",
    "policy", "preview", "experiment", "deliver", "schedule", "forget", "looked", "simulate",
)  # fmt: skip


class Shell:
    """Calls the real entry point as a shell would, and keeps what it printed and its exit code."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
        self.folder, self.monkeypatch, self.capfd = folder, monkeypatch, capfd
        monkeypatch.chdir(folder)
        monkeypatch.setenv("COLUMNS", "200")

    def __call__(self, *arguments: str) -> tuple[int, str, list[str]]:
        """Exit code, standard output, and the lines of standard error that say something."""
        self.monkeypatch.setattr(sys, "argv", ["debtscape", *arguments])
        self.capfd.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = self.capfd.readouterr()
        return code, out, [line for line in err.splitlines() if line.strip()]

    def ledger(self, invoices: str | bytes, name: str = "invoices.csv") -> None:
        """Write a file of invoices and a configuration that reads it."""
        content = invoices if isinstance(invoices, bytes) else invoices.encode()
        (self.folder / name).write_bytes(content)
        (self.folder / "debtscape.yaml").write_text(f"ledger: {{invoices: {{path: {name}}}}}\nworkers: 1\n")

    def refuses(self, *arguments: str) -> str:
        """The message of a clear refusal: exit code 1, one or two lines, no traceback, no output."""
        code, out, err = self(*arguments)
        assert code == 1
        assert out == ""
        assert 1 <= len(err) <= 2, err
        assert err[0].startswith("debtscape: ")
        return "\n".join(err)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    """A shell in an empty folder."""
    return Shell(tmp_path, monkeypatch, capfd)


@pytest.mark.parametrize("command", ["check", "train", "run", "schedule"])
def test_without_a_configuration_the_way_out_is_init(shell: Shell, command: str) -> None:
    """Every command that reads a ledger says how to begin."""
    assert "Make one with `debtscape init FILE -o debtscape.yaml`" in shell.refuses(command)
    assert "nowhere/else.yaml: no such" in shell.refuses(command, "-c", "nowhere/else.yaml")


def test_a_missing_ledger_file_is_named(shell: Shell) -> None:
    """The file, its table, and the folder that was searched."""
    shell.ledger(OPEN)
    (shell.folder / "invoices.csv").rename(shell.folder / "invoice.csv")
    said = shell.refuses("check")
    assert "invoices.csv: no such file for invoices" in said
    assert "did you mean 'invoice.csv'?" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "invoices.csv: empty file"),
        (HEADER + "\n", "the table invoices has no rows"),
        ("invoice_id,customer_id,issued_on,amount\nF1,Bakery,2025-01-01,5\n", "no column for due_on"),
        (f"{HEADER}\nF1,Bakery,01/02/2025,02/03/2025,5\n", "state dates: month_first or day_first"),
        (f"{HEADER}\nF1,Bakery,2025-01-01,2025-01-31,five\n", "every row of invoices is rejected"),
        (f"{HEADER}\nF1,Bakery,2999-01-01,2999-01-31,5\n", "every row of invoices is rejected"),
        ("\n" * 50_000, "invoices.csv: "),
        ("x" * 3_000_000, "invoices.csv: "),
    ],
    ids=["empty", "header", "column", "dates", "amounts", "future", "blank lines", "one long line"],
)
@pytest.mark.parametrize("command", ["check", "run"])
def test_a_file_that_is_no_ledger_is_refused(shell: Shell, command: str, content: str, said: str) -> None:
    """The file and what is missing in it are named; the message stays short."""
    shell.ledger(content)
    refusal = shell.refuses(command)
    assert said in refusal
    assert len(refusal) < 600


@pytest.mark.parametrize("name", ["garbage.csv", "garbage.parquet", "garbage.xlsx"])
def test_garbage_is_refused_by_name(shell: Shell, name: str) -> None:
    """Random bytes are no ledger, whatever the file is called."""
    shell.ledger(random.Random(5).randbytes(200_000), name)
    assert name in shell.refuses("check")
    assert name in shell.refuses("init", name, "-o", "new.yaml")
    assert not (shell.folder / "new.yaml").exists()


def test_a_mistake_in_the_configuration_is_refused_before_the_ledger_is_read(shell: Shell) -> None:
    """An unknown key is named with the nearest; the missing file does not come up."""
    (shell.folder / "debtscape.yaml").write_text("ledger: {invoices: {path: gone.csv}}\nhome_curency: EUR\n")
    assert "home_curency: unknown key, did you mean home_currency?" in shell.refuses("run")


def test_a_day_on_which_nothing_is_open_is_refused_with_one_on_which_something_is(shell: Shell) -> None:
    """The day after the last issue is named, and works."""
    shell.ledger(SETTLED)
    said = shell.refuses("run")
    assert said.endswith("--as-of 2025-01-02")
    code, out, _ = shell("run", "--as-of", "2025-01-02", "--json")
    assert code == 0
    assert json.loads(out)["open_invoices"] == 1


def test_the_day_that_is_named_is_not_that_of_an_invoice_paid_at_once(shell: Shell) -> None:
    """An invoice that was paid on the day it became known, or a credit note, was never open."""
    paid_at_once = (
        "F2,Bakery,2025-03-01,2025-03-31,100.00,2025-03-01\nF3,Bakery,2025-04-01,2025-04-01,-9.00,\n"
    )
    shell.ledger(SETTLED + paid_at_once)
    assert shell.refuses("run").endswith("--as-of 2025-01-02")
    shell.ledger(f"{HEADER}\nF3,Bakery,2025-04-01,2025-04-01,-9.00\n")
    assert "no invoice known before was ever open" in shell.refuses("run")


def test_a_day_before_the_first_invoice_is_refused_with_the_first_day(shell: Shell) -> None:
    """Nothing was known: the message names when the first invoice became known."""
    shell.ledger(OPEN)
    assert "Use --as-of 2025-01-02 or later" in shell.refuses("run", "--as-of", "2025-01-01")
    assert "Use --as-of 2025-01-02 or later" in shell.refuses("train", "--as-of", "2024-01-01")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["run", "--as-of", "2999-01-01"], "2999-01-01 is after today"),
        (["train", "--as-of", "2999-01-01"], "2999-01-01 is after today"),
        (["run", "--as-of", "31.1.2025"], "'31.1.2025' is not a day; write it as 2026-01-31"),
        (["run", "--as-of", "2025-02-30"], "'2025-02-30' is not a day"),
        (["run", "--tomorrow"], "No such option"),
        (["explain"], "Missing argument 'CUSTOMER'"),
        (["backtest", "--from", "2025-01-01"], "Missing option '--until'"),
        (["simulate", "--out", "x", "--debtors", "3"], "greater than or equal to 10"),
    ],
)
def test_wrong_usage_is_2(shell: Shell, arguments: list[str], said: str) -> None:
    """The command itself was not understood, so it did nothing and says what was expected."""
    shell.ledger(OPEN)
    code, out, err = shell(*arguments)
    assert code == 2
    assert out == ""
    assert said in " ".join(line.strip("│ ") for line in err)
    assert not (shell.folder / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "2025-02-01", "--until", "2025-02-01"], "--from 2025-02-01 is not before --until"),
        (["--from", "2025-01-01", "--until", "2025-02-01"], "nothing was known before it"),
        (["--from", "2025-02-01", "--until", "2026-02-01"], "the ledger ends on"),
        (["--from", "2025-01-02", "--until", "2025-01-05", "--every", "1Y"], "write a number and D, W or M"),
    ],
)
def test_a_backtest_outside_the_ledger_is_refused(shell: Shell, arguments: list[str], said: str) -> None:
    """The span is compared with the days that the ledger holds."""
    shell.ledger(OPEN)
    assert said in shell.refuses("backtest", *arguments)


def test_init_writes_a_configuration_that_check_reads(shell: Shell) -> None:
    """From an unknown file to a judged ledger in two commands."""
    (shell.folder / "export.csv").write_text(
        "InvoiceNo;Customer;Invoice date;Due date;Amount\nF1;Bakery;31.01.2025;28.02.2025;1.000,50\n"
    )
    code, out, _ = shell("init", "export.csv")
    assert code == 0
    assert "debtscape check -c debtscape.yaml" in out
    code, out, _ = shell("check", "--json")
    assert code == 0
    assert json.loads(out)["tables"] == [{"table": "invoices", "rows": 1, "accepted": 1, "rejected": 0}]


def test_init_does_not_overwrite_without_force(shell: Shell) -> None:
    """What somebody wrote by hand stays until it is said twice."""
    shell.ledger(OPEN)
    before = (shell.folder / "debtscape.yaml").read_text()
    said = shell.refuses("init", "invoices.csv")
    assert "-o" in said
    assert "--force" in said
    assert (shell.folder / "debtscape.yaml").read_text() == before
    assert shell("init", "invoices.csv", "--force")[0] == 0
    assert (shell.folder / "debtscape.yaml").read_text() != before


def test_init_refuses_a_missing_file_and_a_place_that_cannot_be_written(shell: Shell) -> None:
    """Both are named, and nothing is left behind."""
    shell.ledger(OPEN)
    assert "gone.csv: no such file" in shell.refuses("init", "gone.csv", "-o", "new.yaml")
    assert "cannot write nowhere/new.yaml" in shell.refuses("init", "invoices.csv", "-o", "nowhere/new.yaml")
    assert not (shell.folder / "new.yaml").exists()


def test_explain_needs_a_run_and_a_debtor_of_it(shell: Shell) -> None:
    """Before a run it says how to make one; a misspelt debtor gets the nearest."""
    shell.ledger(OPEN)
    assert "Publish one: debtscape run -c debtscape.yaml" in shell.refuses("explain", "Bakery")
    assert shell("run")[0] == 0
    said = shell.refuses("explain", "Baker")
    assert "no debtor 'Baker'" in said
    assert "Did you mean Bakery" in said
    code, out, _ = shell("explain", "Bakery", "--json")
    assert code == 0
    card = json.loads(out)
    assert card["customer_id"] == "Bakery"
    assert [row["invoice"] for row in card["invoices"]] == ["F1"]
    assert card["invoices"][0]["reasons"] == "due in 25 days, no settled invoice yet"
    code, out, _ = shell("explain", "Butcher")
    assert code == 0
    assert "due in 29 days" in out
    assert max(len(line) for line in out.splitlines()) <= 100


def strict(text: str) -> dict[str, object]:
    """JSON as the standard has it: NaN and Infinity are none of it."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_json_is_all_that_is_printed(shell: Shell) -> None:
    """Every command with --json prints one JSON document on standard output, also with warnings."""
    shell.ledger(OPEN)
    said = {}
    quote = ["quote", "Bakery", "--amount", "80"]
    treatment = (["policy"], ["preview", "F1"], ["experiment"])
    for command in (["features"], ["check"], ["train"], ["run"], ["explain", "Bakery"], quote, *treatment):
        code, out, _ = shell(*command, "--json")
        assert code == 0
        said[command[0]] = strict(out)
    assert said["train"]["models"]["payment-time"]["reasons"] == [
        "nothing to learn from yet: too few invoices were settled"
    ]
    assert said["run"]["open_invoices"] == 2
    assert said["run"]["warnings"]
    assert said["explain"]["run_id"] == said["run"]["run_id"]
    assert [row["amount"] for row in said["quote"]["quotes"]] == [80]
    assert said["policy"]["debtors"] == 2
    assert said["preview"]["step"] == "friendly_reminder"
    assert not said["experiment"]["on"]


def test_treatment_is_shown_as_a_person_reads_it(shell: Shell) -> None:
    """The policy's lines, the message of a next step, the experiment that is off; nothing is sent."""
    shell.ledger(OPEN)
    assert shell("run")[0] == 0
    assert "friendly_only" in shell("policy")[1]
    message = shell("preview", "F1", "--language", "de")[1]
    assert "Rechnung F1" in message
    assert "Nothing was sent" in message
    assert "off" in shell("experiment", "--effect-days", "2")[1]
    assert "treated by: line 3 of the policy: strategy friendly_only" in shell("explain", "Bakery")[1]


def test_a_message_is_only_previewed_for_an_invoice_that_is_known(shell: Shell) -> None:
    """Without a run, for another invoice, in a language without texts: what to do instead."""
    shell.ledger(OPEN)
    assert "debtscape run" in shell.refuses("preview", "F1")
    assert shell("run")[0] == 0
    assert "F1" in shell.refuses("preview", "F11")
    assert "de, en, fr, nl" in shell.refuses("preview", "F1", "--language", "it")
    assert "friendly_reminder" in shell.refuses("preview", "F1", "--step", "freindly_reminder")


def test_the_catalogue_names_every_feature_with_unit_and_meaning(shell: Shell) -> None:
    """At least 35 features, each with words."""
    rows = json.loads(shell("features", "--json")[1])["features"]
    assert len({row["name"] for row in rows}) == len(rows) >= 35
    assert all(row["unit"] and row["definition"] for row in rows)
    code, out, _ = shell("features")
    assert code == 0
    assert rows[0]["name"] in out


def test_simulate_writes_a_ledger_that_check_accepts(shell: Shell) -> None:
    """The configuration it writes reads what it writes, without a rejected row."""
    made = ["--debtors", "12", "--months", "6", "--seed", "2"]
    code, out, _ = shell("simulate", "--out", "ledger", *made)
    assert code == 0
    assert "ledger/debtscape.yaml" in out
    code, out, _ = shell("check", "-c", "ledger/debtscape.yaml", "--json")
    assert code == 0
    assert sum(table["rejected"] for table in json.loads(out)["tables"]) == 0


def test_simulate_writes_what_would_have_happened_where_reminders_act(shell: Shell) -> None:
    """The truth then has a row per invoice, beside the ledger."""
    made = ["--debtors", "12", "--months", "6", "--effective-reminders"]
    assert shell("simulate", "--out", "ledger", *made)[0] == 0
    assert (shell.folder / "ledger" / "truth" / "invoices.csv").exists()


def test_a_folder_that_cannot_be_made_is_named(shell: Shell) -> None:
    """A refusal of the disk is no traceback either."""
    shell.ledger(OPEN)
    said = shell.refuses("simulate", "--out", "invoices.csv", "--debtors", "10", "--months", "3")
    assert "invoices.csv/truth: Not a directory" in said


def test_help_is_quick_because_it_imports_no_heavy_library() -> None:
    """`--help` lists every command, and pandas, mlflow, prefect and scikit-learn stay unloaded."""
    look = (
        "import sys; sys.argv = ['debtscape', '--help']\n"
        "from pipelines.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    print('LOADED', *(n for n in ('pandas', 'numpy', 'mlflow', 'prefect', 'sklearn', "
        "'matplotlib', 'pyarrow') if n in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=60
    )
    *shown, loaded = done.stdout.splitlines()
    assert loaded.strip() == "LOADED"
    for command in COMMANDS:
        assert any(line.strip("│ ").startswith(f"{command} ") for line in shown), command


def test_the_installed_command_refuses_without_a_traceback(tmp_path: Path) -> None:
    """In a process of its own: the message on standard error, nothing on standard output, exit code 1."""
    program = Path(sys.executable).with_name("debtscape")
    environment = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run(
        [program, "check", "-c", "gone.yaml"], cwd=tmp_path, env=environment, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = filter(str.strip, done.stderr.splitlines())
    assert line.startswith("debtscape: gone.yaml: no such configuration.")
