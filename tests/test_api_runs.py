"""The API while runs come, change and go: a reader sees whole runs only."""

import json
import shutil
import threading
import time
from datetime import timedelta
from unittest.mock import patch

import pytest
from publication_support import DAY, NOW, publish_tiny
from serving_support import Api, tiny_api

from pipelines.privacy import forgetting
from pipelines.runs.published_runs import find_run, latest_run
from pipelines.serving import run_store


@pytest.fixture
def api(tmp_path):
    """The API over the tiny run."""
    return tiny_api(tmp_path)


def wait_for(found, seconds=20.0):
    """Wait until something is found, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.01)
    raise AssertionError("it did not happen")


def test_before_the_first_run_it_lives_and_is_not_ready(tmp_path):
    """Health is 200; ready and the tables are 503 and say why; with the first run they are 200."""
    api = Api(tmp_path)
    assert api.get("/health", None).json() == {"status": "alive"}
    for path in ("/ready", "/v1/segments", "/v1/page", "/v1/runs"):
        refused = api.get(path)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "not_ready")
        assert refused.headers["retry-after"]
    assert "no run is published yet" in api.get("/v1/segments").json()["error"]["message"]
    publish_tiny(api.output)
    wait_for(lambda: api.get("/ready", None).status_code == 200)
    assert api.get("/v1/segments").json()["total"] == 3


def test_a_new_run_is_served_without_a_restart(api):
    """The run of the next day takes the place of the old one; the ETag is another one."""
    before = api.get("/v1/segments")
    published = publish_tiny(api.output, as_of=DAY + timedelta(days=1), now=NOW + timedelta(days=1))
    after = wait_for(lambda: (got := api.get("/v1/segments")).json()["run_id"] == published.run_id and got)
    assert after.json()["as_of"] == "2026-03-03"
    assert after.headers["etag"] != before.headers["etag"]
    runs = api.get("/v1/runs").json()["rows"]
    assert [(run["as_of"], run["latest"]) for run in runs] == [("2026-03-03", True), ("2026-03-02", False)]


def test_a_back_dated_run_is_listed_and_not_served(api):
    """The list of runs has it, everything else still answers from the greatest day."""
    latest = api.get("/v1/segments").json()["run_id"]
    old = publish_tiny(api.output, as_of=DAY - timedelta(days=1), now=NOW + timedelta(days=1))
    rows = wait_for(lambda: len(rows := api.get("/v1/runs").json()["rows"]) == 2 and rows)
    assert rows[1]["run_id"] == old.run_id
    assert api.get("/v1/segments").json()["run_id"] == latest


def test_the_old_run_is_served_while_a_new_one_is_read(api):
    """A reader is answered at once from the old run as long as the new one is not in memory."""
    old = api.get("/v1/segments").json()["run_id"]
    go_on, real = threading.Event(), run_store.tables_of

    def slowly(run):
        go_on.wait(20)
        return real(run)

    with patch.object(run_store, "tables_of", slowly):
        new = publish_tiny(api.output, as_of=DAY + timedelta(days=1)).run_id
        assert {api.get("/v1/segments").json()["run_id"] for _ in range(5)} == {old}
        assert api.get("/ready", None).status_code == 200
        go_on.set()
        wait_for(lambda: api.get("/v1/segments").json()["run_id"] == new)


def test_no_answer_holds_rows_of_two_runs_while_runs_come(tmp_path):
    """Six runs are published while a reader polls: each answer is of one run, and days never go back."""
    api, first = Api(tmp_path), DAY - timedelta(days=6)
    publish_tiny(api.output, as_of=first)
    api.get("/v1/page")
    done, seen = threading.Event(), []

    def poll():
        while not done.is_set():
            for path in ("/v1/segments", "/v1/predictions", "/v1/page/lists/debtors"):
                answer = api.get(path)
                assert answer.status_code == 200, answer.text
                said = answer.json()
                assert {row.get("run_id", said["run_id"]) for row in said["rows"]} == {said["run_id"]}
                seen.append(said["as_of"])

    failures = []

    def watched():
        try:
            poll()
        except BaseException as error:
            failures.append(error)

    reader = threading.Thread(target=watched)
    reader.start()
    wait_for(lambda: failures or seen)
    for n in range(1, 7):
        publish_tiny(api.output, as_of=first + timedelta(days=n), now=NOW + timedelta(days=n))
    wait_for(lambda: failures or DAY.isoformat() in seen, 60)
    done.set()
    reader.join()
    assert not failures
    assert seen == sorted(seen)
    assert len(set(seen)) > 1


def test_a_forgotten_debtor_is_gone_while_the_server_goes_on(api):
    """Erasing c1 rewrites the run under its id: the next answer does not know it, the ETag is another one."""
    before = api.get("/v1/segments")
    assert api.get("/v1/debtors/c1").status_code == 200
    forgetting.forget(api.output, "c1", day=DAY)
    after = api.get("/v1/segments")
    assert after.json()["total"] == 2
    assert after.json()["run_id"] == before.json()["run_id"]
    assert after.headers["etag"] != before.headers["etag"]
    assert api.get("/v1/debtors/c1").status_code == 404
    assert api.get("/v1/runs").json()["rows"][0]["erased"] == 1
    for path in ("/v1/predictions", "/v1/actions", "/v1/page", "/v1/page/lists/debtors?q=c1"):
        assert '"c1"' not in api.get(path).text


def test_a_debtor_forgotten_in_the_run_before_leaves_the_comparison(tmp_path):
    """The page compares with the run before: when that is rewritten, it is read again too."""
    api = tiny_api(tmp_path)
    first = latest_run(api.output)
    store = run_store.RunStore(api.output)
    shutil.rmtree(api.output / "runs" / first.run_id)
    before = publish_tiny(api.output)
    publish_tiny_after(api, before.run_id)
    store.load()
    held = store.at_once()
    forgetting.forget(api.output, "c1", day=DAY)
    store.load()
    assert store.at_once().before.fingerprint != held.before.fingerprint
    assert store.at_once().page is not held.page


def publish_tiny_after(api, previous):
    """The tiny run of the next day, which was compared with another one."""
    from publication_support import RunFacts, inputs, publish, tiny_tables

    before = find_run(api.output, previous)
    publish(
        tiny_tables(),
        inputs=inputs(
            DAY + timedelta(days=1), previous_run=previous, previous_fingerprint=before.fingerprint
        ),
        facts=RunFacts(),
        output=api.output,
        now=NOW + timedelta(days=1),
    )


def test_a_run_rewritten_while_it_is_read_is_read_again(api):
    """Debtor c1 is erased between two tables: what is served afterwards holds it in none."""
    store, real, once = run_store.RunStore(api.output), run_store.tables_of, []

    def rewritten_meanwhile(run):
        tables = real(run)
        if not once:
            once.append(forgetting.forget(api.output, "c1", day=DAY))
        return tables

    with patch.object(run_store, "tables_of", rewritten_meanwhile):
        store.load()
    served = store.at_once()
    assert served.run.fingerprint == latest_run(api.output).fingerprint
    for table in (*served.tables.values(), *served.waiting.values()):
        rows = table.rows
        assert "customer_id" not in rows.column_names or "c1" not in rows["customer_id"].to_pylist()


def test_a_damaged_run_is_not_served_and_the_old_one_stays(api, caplog):
    """A table of the new run has other bytes than its manifest says: readers keep the old run."""
    old = api.get("/v1/segments").json()["run_id"]
    with patch.object(run_store, "_BETWEEN_TRIES_SECONDS", 0.01):
        new = publish_tiny(api.output, as_of=DAY + timedelta(days=1))
        file = new.path / "segments.parquet"
        file.chmod(0o644)
        file.write_bytes(file.read_bytes()[:-1] + b"x")
        api.get("/v1/segments")
        wait_for(lambda: "cannot be loaded" in caplog.text)
        assert api.get("/v1/segments").json()["run_id"] == old


def test_a_damaged_first_run_says_so_without_a_path(tmp_path):
    """There is nothing else to serve: 503, and the words name no file of the machine."""
    api = tiny_api(tmp_path)
    manifest = latest_run(api.output).path / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text("{")
    with patch.object(run_store, "_BETWEEN_TRIES_SECONDS", 0.01):
        refused = api.get("/v1/segments")
    assert refused.status_code == 503
    assert str(tmp_path) not in refused.text


def test_runs_say_what_they_hold(api):
    """The tiny run has four predictions, no model and one run; the ETag answers 304."""
    answer = api.get("/v1/runs")
    [run] = answer.json()["rows"]
    assert (run["rows"]["predictions"], run["models"], run["warnings"], run["erased"]) == (4, {}, [], 0)
    assert run["fingerprint"] == latest_run(api.output).fingerprint
    assert api.get("/v1/runs", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert json.loads(api.get("/v1/runs?offset=1").content)["rows"] == []
