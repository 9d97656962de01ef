"""What a person sees of what other tools report."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from pipelines.showing.terminal import say, show_table

_MOST_SHOWN = 50


def show_taken(result: dict[str, Any]) -> None:
    """Print what became of each file and why rows were refused."""
    if not result["files"]:
        say(f"No file waits in {escape(result['drop_folder'])}.")
        return
    rows = [
        [each["file"], each["kind"], each["accepted"], each["already"], len(each["refused"])]
        for each in result["files"]
    ]
    show_table("Received", ["file", "facts", ">accepted", ">already there", ">refused"], rows)
    refused = [
        [each["file"], row["row"] or "", row["external_id"], row["reason"]]
        for each in result["files"]
        for row in each["refused"]
    ]
    if refused:
        show_table("Refused", ["file", ">row", "external id", "why"], refused[:_MOST_SHOWN])
        if len(refused) > _MOST_SHOWN:
            say(f"… and {len(refused) - _MOST_SHOWN} more: --json names them all.")
    if any(each["accepted"] for each in result["files"]):
        say(f"Used by {escape(result['used_from'])}.")


def show_list(result: dict[str, Any]) -> None:
    """Print what was received, newest first."""
    received = result["received"]
    if not received:
        say("Nothing was received.")
        return
    rows = [
        [
            each["number"],
            each["received_at"][:19],
            each["kind"],
            each["external_id"],
            each["about"],
            each["who"],
        ]
        for each in received[:_MOST_SHOWN]
    ]
    header = [">number", "received at (UTC)", "facts", "external id", "about", "who"]
    show_table(f"Received: {len(received)}", header, rows)
    if len(received) > _MOST_SHOWN:
        say(f"… and {len(received) - _MOST_SHOWN} older: --json names them all.")
