"""What a configuration hands runs on to: each sink says what it holds, and takes a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from features.errors import ConfigurationError
from pipelines.delivering.delivery import Delivery, Held
from pipelines.delivering.folder_sink import deliver_to_folder
from pipelines.delivering.kept_files import held_in_folder
from pipelines.delivering.postgres_sink import deliver_to_postgres, held_in_postgres
from pipelines.delivering.shape_file import read_shape, shape_path
from pipelines.delivering.shapes_out import deliver_in_shape
from pipelines.delivering.webhook_box import told_to_webhook
from pipelines.delivering.webhook_sink import deliver_to_webhook
from pipelines.runs.published_runs import PublishedRun
from pipelines.settings import Settings, WebhookSettings


@dataclass(frozen=True)
class Sink:
    """Where runs go: its name for `--to`, its place in words that hold no secret, and what it can do.

    `deliver` takes a run, and the run that the sink shows now where it can be compared with.
    """

    name: str
    place: str
    held: Callable[[], Held]
    deliver: Callable[[PublishedRun, PublishedRun | None], Delivery]


def configured_sinks(settings: Settings, now: datetime) -> list[Sink]:
    """Return the sinks of `deliver`; nothing is opened, read or connected to yet.

    ConfigurationError when two of them would share a folder, or one take that of the output.
    """
    asked, sinks = settings.deliver, []
    folders = [shaped.folder for shaped in asked.shapes] + ([asked.folder] if asked.folder else [])
    _refuse_shared_folders(folders, settings)
    if asked.folder is not None:
        sinks.append(_folder(settings.base / asked.folder, settings))
    if asked.postgres is not None:
        sinks.append(_postgres(asked.postgres.removeprefix("sql:")))
    if asked.webhook is not None:
        sinks.append(_webhook(asked.webhook, webhook_box(settings), now))
    sinks += [_shape(shaped.shape, settings.base / shaped.folder, settings.base) for shaped in asked.shapes]
    return sinks


def webhook_box(settings: Settings) -> Path:
    """Return the folder of what the webhook was told, and of what it never accepted."""
    return settings.output_folder / "webhook"


def _folder(folder: Path, settings: Settings) -> Sink:
    return Sink(
        "folder",
        str(folder),
        lambda: held_in_folder(folder),
        lambda run, _: deliver_to_folder(run, folder, settings.deliver.format),
    )


def _shape(shape: str, folder: Path, base: Path) -> Sink:
    own = Path(shape).suffix in (".yaml", ".yml")
    named = base / shape if own else shape

    def held() -> Held:
        read_shape(shape_path(named))  # a wrong mapping is told in a dry run too
        return held_in_folder(folder)

    return Sink(
        Path(shape).stem if own else shape,
        str(folder),
        held,
        # how many rows the mapping took is its own affair
        lambda run, _: replace(deliver_in_shape(run, named, folder), rows={}),
    )


def _refuse_shared_folders(folders: list[Path], settings: Settings) -> None:
    taken = {settings.output_folder.resolve(), webhook_box(settings).resolve()}
    for folder in folders:
        place = (settings.base / folder).resolve()
        if place in taken:
            raise ConfigurationError(
                f"deliver names the folder {folder}, which is in use already: each delivery, as the output, "
                "needs a folder of its own"
            )
        taken.add(place)


def _postgres(variable: str) -> Sink:
    return Sink(
        "postgres",
        f"the database in {variable}",
        lambda: held_in_postgres(variable),
        lambda run, _: deliver_to_postgres(run, variable),
    )


def _webhook(names: WebhookSettings, box: Path, now: datetime) -> Sink:
    return Sink(
        "webhook",
        f"the webhook in {names.address}",
        lambda: told_to_webhook(box),
        lambda run, shown: deliver_to_webhook(
            run, shown, box, address=names.address, secret=names.secret, now=now
        ),
    )
