"""What else holds a debtor below the output folder, beside the tables of runs and backtests."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from pipelines.privacy.debtor_rows import Debtor
from pipelines.runs.durable_files import OWNER_WRITES, remove, rename, write_file
from pipelines.runs.output_folder import HIDDEN
from pipelines.runs.published_runs import find_run
from pipelines.serving.access_log import ACCESS, AccessLog

PAGES, BOX = "segments", "webhook"
MOVERS = "mlartifacts/debtor-segments/*/artifacts/who_would_move.md"


def erase_traces(output: Path, debtor: Debtor) -> dict[str, int]:
    """Erase the debtor and return how many of each were changed or removed; called after its rows are gone.

    pages: of segments, which their command makes anew. movers: lists of who would move. dead_letters: of the
    webhook, also those that tell of a run that was rewritten since; the next delivery makes them anew.
    looks: of the access log. PublicationError when another process holds what it needs.
    """
    return {
        "pages": sum(_remove_page(page, debtor.ids) for page in sorted((output / PAGES).glob("[!.]*"))),
        "movers": sum(_forget_mover(file, debtor.ids) for file in sorted(output.glob(MOVERS))),
        "dead_letters": _forget_letters(output, debtor),
        "looks": AccessLog(output / ACCESS).erase(debtor.ids),
    }


def names_it(text: str, ids: Collection[str]) -> bool:
    """Return whether the text holds one of the ids as a whole word."""
    return any(re.search(rf"(?<![\w-]){re.escape(id_)}(?![\w-])", text) for id_ in ids)


def _remove_page(page: Path, ids: Collection[str]) -> bool:
    """Remove a page that shows the debtor, or seems to; return whether it did."""
    shown = {form for id_ in ids for form in (id_, html.escape(id_))}
    texts = [file.read_text(encoding="utf-8") for file in page.glob("*") if file.suffix in (".html", ".md")]
    if not any(form in text for form in shown for text in texts):
        return False
    remove(page)
    return True


def _forget_mover(file: Path, ids: Collection[str]) -> bool:
    """Take the debtor's line out of a list of who would move; return whether there was one."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not any(line.startswith(f"- {id_}: ") for id_ in ids)]
    if kept == lines:
        return False
    new = file.with_name(f"{HIDDEN}{file.name}")
    new.unlink(missing_ok=True)
    write_file(new, "".join(kept).encode(), OWNER_WRITES)
    rename(new, file)
    return True


def _forget_letters(output: Path, debtor: Debtor) -> int:
    from pipelines.delivering.webhook_box import DEAD
    from pipelines.runs.one_writer import one_writer

    folder = output / BOX / DEAD
    if not folder.is_dir():
        return 0
    with one_writer(output / BOX, "deliver", 10.0):
        for left in sorted(folder.glob(f"{HIDDEN}*")):
            remove(left)
        letters = [file for file in sorted(folder.glob("*.json")) if _tells(file, output, debtor)]
        for file in letters:
            remove(file)
    return len(letters)


def _tells(file: Path, output: Path, debtor: Debtor) -> bool:
    """Whether a dead letter names the debtor, or what may be its actions in a run that is not so any more."""
    letter = json.loads(file.read_bytes())
    run = find_run(output, letter["run_id"])
    stale = run is None or run.fingerprint != letter["fingerprint"]
    return stale or not (debtor.ids | debtor.invoices).isdisjoint(_texts(letter))


def _texts(content: Any) -> Iterator[str]:
    match content:
        case str():
            yield content
        case dict():
            for key, value in content.items():
                yield from (key, *_texts(value))
        case list():
            for value in content:
                yield from _texts(value)
