"""Looks at everything a run is handed on to, again and again, until a file says stop.

    python handing_on_reader.py FOLDER API STOP LOOKS

FOLDER is where deliveries go, API the address of `debtscape serve`; DELIVERY_DB and READ_TOKEN are in the
environment. Each look is a line of JSON in LOOKS: what was looked at, the run seen there, and what tells
whether it is whole; or the trouble met.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg

from features.contracts import OUTPUT_TABLES

PAGES = ("/v1/segments?limit=1000", "/v1/page")
PAUSE_SECONDS = 0.05


def at_folder(folder: Path) -> dict[str, Any] | None:
    """What `current` shows: every file is as it was written."""
    if not os.path.lexists(folder / "current"):
        return None
    place = (folder / "current").resolve(strict=True)  # opened once
    facts = json.loads((place / "delivery.json").read_bytes())
    for name, digest in facts["files"].items():
        if hashlib.sha256((place / name).read_bytes()).hexdigest() != digest:
            raise ValueError(f"{name} of {place.name} is not whole")
    return {"run_id": facts["run_id"], "as_of": facts["as_of"], "rows": facts["rows"]}


def at_database(address: str) -> dict[str, Any] | None:
    """What the views show in one transaction: the rows of each table, all of one run."""
    with psycopg.connect(address) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        if connection.execute("select to_regclass('debtscape.current_run')").fetchone() == (None,):
            return None
        shown = connection.execute("select run_id, as_of from debtscape.current_run").fetchone()
        if shown is None:
            return None
        counted = " union all ".join(
            f"select '{name}', count(*), count(*) filter (where run_id <> %(run_id)s) "
            f"from debtscape.current_{name}"
            for name in OUTPUT_TABLES
        )
        found = connection.execute(counted, {"run_id": shown[0]}).fetchall()  # type: ignore[call-overload]
    if any(others for _, _, others in found):
        raise ValueError(f"rows of another run than {shown[0]}: {found}")
    return {"run_id": shown[0], "as_of": str(shown[1]), "rows": {name: rows for name, rows, _ in found}}


def at_api(client: httpx.Client, page: str, known: dict[str, str]) -> dict[str, Any] | None:
    """What the server answers; nothing when it says that the answer has not changed."""
    answer = client.get(page, headers={"if-none-match": known.get(page, "")})
    if answer.status_code == 304:
        return None
    answer.raise_for_status()
    said, known[page] = answer.json(), answer.headers["etag"]
    if said["run_id"] not in answer.headers["etag"]:
        raise ValueError(f"{page}: run {said['run_id']} under ETag {answer.headers['etag']}")
    digest = hashlib.sha256(answer.content).hexdigest()
    return {"run_id": said["run_id"], "as_of": said["as_of"], "digest": digest, "total": said.get("total")}


def looks(
    folder: Path, address: str, client: httpx.Client, known: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """One look at everything."""
    places = {
        "folder": lambda: at_folder(folder),
        "database": lambda: at_database(address),
        **{page: lambda page=page: at_api(client, page, known) for page in PAGES},
    }
    for what, look in places.items():
        try:
            seen = look()
        except Exception as error:
            seen = {"trouble": f"{type(error).__name__}: {error}"}
        if seen is not None:
            yield {"what": what, **seen}


def main(folder: Path, api: str, stop: Path, written: Path) -> None:
    """Look until told to stop."""
    address, known = os.environ["DELIVERY_DB"], dict[str, str]()
    headers = {"authorization": f"Bearer {os.environ['READ_TOKEN']}"}
    with httpx.Client(base_url=api, headers=headers, timeout=60) as client, written.open("w") as lines:
        while not stop.exists():
            for look in looks(folder, address, client, known):
                print(json.dumps(look), file=lines, flush=True)
            time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
