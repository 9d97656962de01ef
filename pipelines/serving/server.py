"""Answer on an address until told to stop."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Callable
from datetime import date, datetime
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import Any

from features.errors import ConfigurationError

_BACKLOG, _FINISH_SECONDS = 128, 10


def serve(
    config: Path,
    *,
    host: str | None,
    port: int | None,
    today: Callable[[], date],
    now: Callable[[], datetime],
    say: Callable[[str], None],
) -> None:
    """Serve the API and the page of a configuration until SIGTERM or SIGINT; requests under way are finished.

    `host` and `port` default to the configured ones; port 0 is any free one. `say` gets the address and what
    the user should know. ConfigurationError when the address cannot be had.
    """
    import uvicorn

    from pipelines.serving.app import make_app
    from pipelines.serving.tokens import TokenFile
    from pipelines.settings_file import load_settings

    settings = load_settings(config)
    host, port = host or settings.serve.host, settings.serve.port if port is None else port
    app = make_app(config, today=today, now=now)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    with _listening(host, port) as listener:
        name = f"[{host}]" if ":" in host else host
        say(f"debtscape serves {config} at http://{name}:{listener.getsockname()[1]}/  (Ctrl+C stops it)")
        if not any(token.is_valid(today()) for token in TokenFile(settings.output_folder).all()):
            say(f"No token opens it yet. Make one: debtscape token new NAME --scope read -c {config}")
        if not _is_loopback(host):
            say(
                "Others can reach this address, and tokens would cross the network in clear: put a proxy "
                "that speaks HTTPS in front, or use --host 127.0.0.1."
            )
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, _stopped)
        # no log of requests: their addresses hold ids of debtors, which the access log keeps and can forget
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_FINISH_SECONDS,
            )
        )
        server.run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    """Return the socket, so that a port that is taken is refused before anything is loaded."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host} port {port}: {error.strerror}. Take another one with --port or --host."
        ) from None
    return listener


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _stopped(number: int, frame: FrameType | None) -> Any:
    """End quietly: the server has finished its requests when it passes the signal on."""
    sys.exit(0)
