"""The access log: who looked at whom, from many threads, newest first, and without who was forgotten."""

from __future__ import annotations

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from features.errors import PublicationError
from pipelines.serving.access_log import AccessLog, Look, person_here

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def at(minutes: int) -> datetime:
    """So many minutes after nine."""
    return NINE + timedelta(minutes=minutes)


def filled(folder: Path) -> AccessLog:
    """Three looks: anna at c1, ben at a list of c1 and c2, anna at c2."""
    log = AccessLog(folder / "access")
    log.note(at(0), "anna", "card", ["c1"])
    log.note(at(1), "ben", "worklist", ["c2", "c1", "c2"])
    log.note(at(2), "anna", "card", ["c2"])
    return log


def test_looks_are_read_newest_first_each_debtor_once(tmp_path: Path) -> None:
    """The three looks as they were noted, in UTC."""
    assert filled(tmp_path).read() == [
        Look(at(2), "anna", "card", ("c2",)),
        Look(at(1), "ben", "worklist", ("c1", "c2")),
        Look(at(0), "anna", "card", ("c1",)),
    ]


def test_looks_are_found_by_debtor_reader_and_moment(tmp_path: Path) -> None:
    """All conditions hold together; the moment itself is within; only so many are returned."""
    log = filled(tmp_path)
    assert [look.at for look in log.read(customer_id="c1")] == [at(1), at(0)]
    assert [look.at for look in log.read(who="anna")] == [at(2), at(0)]
    assert [look.at for look in log.read(since=at(1))] == [at(2), at(1)]
    assert [look.at for look in log.read(customer_id="c2", who="anna", since=at(0))] == [at(2)]
    assert [look.at for look in log.read(most=1)] == [at(2)]
    assert log.read(who="nobody") == []


@pytest.mark.parametrize("id_", ['a"b', "a,b", "é'; DROP TABLE looks; --", "a\\b", "%", '","'])
def test_an_id_is_found_as_a_whole_only(tmp_path: Path, id_: str) -> None:
    """Whatever letters it has; an id that only contains it, or a pattern, is another."""
    log = AccessLog(tmp_path)
    log.note(NINE, "anna", "card", ["c1", id_, f"{id_}x"])
    log.note(NINE, "anna", "card", ["c11", f"x{id_}"])
    assert [look.customer_ids for look in log.read(customer_id=id_)] == [
        tuple(sorted(["c1", id_, f"{id_}x"]))
    ]
    assert len(log.read(customer_id="c1")) == 1


def test_moments_of_other_zones_sort_by_time(tmp_path: Path) -> None:
    """Half past nine in Amsterdam is before nine in UTC; a moment without a zone is refused."""
    log = AccessLog(tmp_path)
    log.note(NINE, "anna", "card", ["c1"])
    log.note(datetime(2026, 3, 2, 9, 30, tzinfo=timezone(timedelta(hours=1))), "ben", "card", ["c1"])
    assert [look.who for look in log.read()] == ["anna", "ben"]
    with pytest.raises(PublicationError, match="time zone"):
        log.note(datetime(2026, 3, 2, 9, 0), "anna", "card", ["c1"])


def test_what_showed_no_debtor_is_not_noted_and_nobody_looked_yet(tmp_path: Path) -> None:
    """Neither makes a file."""
    log = AccessLog(tmp_path / "access")
    log.note(NINE, "anna", "segment-profiles", [])
    assert log.read() == []
    assert log.erase({"c1"}) == 0
    assert not log.file.exists()


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    """Who looks at whom is itself about people."""
    log = filled(tmp_path)
    for path, mode in ((log.file, 0o600), (log.file.parent, 0o700)):
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_the_forgotten_debtor_is_gone_from_the_bytes_while_a_server_has_the_file_open(tmp_path: Path) -> None:
    """The look at c1 alone stays as a look at nobody; long lists, which overflow a page, lose it too."""
    log = filled(tmp_path)
    log.note(at(3), "ben", "debtors", [f"other-{n}" for n in range(500)] + ["c1"])
    assert AccessLog(log.file.parent).erase({"c1", "D-c1"}) == 3
    assert log.read(customer_id="c1") == []
    assert [len(look.customer_ids) for look in log.read()] == [500, 1, 1, 0]
    held = b"".join(file.read_bytes() for file in log.file.parent.iterdir())
    assert b'"c1"' not in held
    assert b'"c2"' in held
    log.note(at(4), "anna", "card", ["c3"])  # the server goes on
    assert log.read(customer_id="c3") == [Look(at(4), "anna", "card", ("c3",))]
    assert log.erase({"c1"}) == 0


def test_eight_threads_and_another_process_lose_no_look(tmp_path: Path) -> None:
    """Two hundred looks of threads that share the log, a hundred of a process beside them."""
    log = AccessLog(tmp_path)
    code = (
        "import sys; from pathlib import Path; from datetime import UTC, datetime\n"
        "from pipelines.serving.access_log import AccessLog\n"
        "log = AccessLog(Path(sys.argv[1]))\n"
        "for n in range(100): log.note(datetime(2026, 1, 1, tzinfo=UTC), 'other', 'card', [f'p{n}'])\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) as other:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda n: log.note(at(n), "anna", "card", [f"c{n}"]), range(200)))
        assert other.wait(30) == 0
    assert len(log.read(who="anna")) == 200
    assert len(log.read(who="other")) == 100


def test_a_file_that_is_no_log_is_named(tmp_path: Path) -> None:
    """Nobody is shown a debtor when nobody can tell later that it was."""
    log = AccessLog(tmp_path)
    log.file.write_text("no database, but long enough to be taken for one" * 10)
    with pytest.raises(PublicationError, match=r"looked\.sqlite cannot be used"):
        log.note(NINE, "anna", "card", ["c1"])
    with pytest.raises(PublicationError, match=r"looked\.sqlite cannot be used"):
        log.read()


def test_the_log_begins_anew_when_its_file_was_removed(tmp_path: Path) -> None:
    """Whoever removes old looks removes the file, also under a server at work."""
    log = filled(tmp_path)
    for file in log.file.parent.iterdir():
        file.unlink()
    log.note(at(5), "anna", "card", ["c9"])
    assert [look.customer_ids for look in log.read()] == [("c9",)]


def test_who_looks_by_a_command_has_a_name() -> None:
    """The operating system's, whatever the environment says."""
    assert person_here()
