"""The bearer tokens that open the API: made, shown once, kept as hashes, revoked.

A token is 256 random bits, so nobody finds it by trying, and a plain SHA-256 is enough to keep it by:
slow hashes protect words that people choose.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal, get_args

from filelock import FileLock

from features.errors import ConfigurationError
from features.spelling import way_out
from pipelines.runs.durable_files import make_folder, rename, write_file

Scope = Literal["read", "write"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
ACCESS, FILE, OWNER_ONLY = "access", "tokens.json", 0o600
_PREFIX = "dsc_"
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Token:
    """One token as it is kept: whose it is, what it may, from when and until when; never the token itself."""

    name: str
    sha256: str
    scopes: tuple[str, ...]
    created_at: str
    expires_on: str | None = None
    revoked_at: str | None = None

    def is_valid(self, today: date) -> bool:
        """Return whether it opens anything today; `expires_on` is its last day."""
        expired = self.expires_on is not None and date.fromisoformat(self.expires_on) < today
        return self.revoked_at is None and not expired


class TokenFile:
    """The tokens in `output/access/tokens.json`, read anew whenever the file changes."""

    def __init__(self, output: Path) -> None:
        self.path = output / ACCESS / FILE
        self._read_at: tuple[int, int, int] | None = None
        self._tokens: tuple[Token, ...] = ()

    def all(self) -> tuple[Token, ...]:
        """Return every token, the newest last. ConfigurationError when the file cannot be read."""
        try:
            state = self.path.stat()
        except FileNotFoundError:
            return ()
        read_at = (state.st_ino, state.st_mtime_ns, state.st_size)
        if read_at != self._read_at:
            try:
                kept = json.loads(self.path.read_bytes())["tokens"]
                self._tokens = tuple(Token(**{**token, "scopes": tuple(token["scopes"])}) for token in kept)
            except (ValueError, KeyError, TypeError) as error:
                raise ConfigurationError(
                    f"{self.path} is not a file of tokens. Remove it and make the tokens anew."
                ) from error
            self._read_at = read_at
        return self._tokens

    def find(self, secret: str) -> Token | None:
        """Return the token of that text, valid or not; the time it takes does not tell how near one came."""
        hashed = _hash(secret)
        found = None
        for token in self.all():
            if hmac.compare_digest(token.sha256, hashed):
                found = token
        return found

    def new(self, name: str, scopes: Sequence[str], *, expires: date | None, now: datetime) -> str:
        """Make a token, keep its hash and return its text, which nobody can see again.

        ConfigurationError for a name in use, an unknown scope, or a last day that has passed.
        """
        if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
            raise ConfigurationError(f"a token's name has 1 to {_LONGEST_NAME} letters that can be printed")
        for scope in scopes:
            if scope not in SCOPES:
                raise ConfigurationError(f"no scope {scope!r}{way_out(scope, SCOPES)}")
        if expires is not None and expires < now.date():
            raise ConfigurationError(f"--expires {expires} has passed")
        secret = _PREFIX + secrets.token_urlsafe(32)
        with self._only_writer():
            if any(token.name == name and token.revoked_at is None for token in self.all()):
                raise ConfigurationError(f"there is a token {name!r} already; revoke it or take another name")
            token = Token(
                name,
                _hash(secret),
                tuple(scope for scope in SCOPES if scope in scopes),
                now.isoformat(timespec="seconds"),
                expires.isoformat() if expires else None,
            )
            self._write((*self.all(), token))
        return secret

    def revoke(self, name: str, *, now: datetime) -> None:
        """Close a token for good. ConfigurationError when there is none of that name that is open."""
        with self._only_writer():
            tokens = self.all()
            live = [token.name for token in tokens if token.revoked_at is None]
            if name not in live:
                known = way_out(name, live) if live else "; there is none to revoke"
                raise ConfigurationError(f"no token {name!r}{known}")
            at = now.isoformat(timespec="seconds")
            self._write(
                [
                    replace(token, revoked_at=at) if token.name == name and not token.revoked_at else token
                    for token in tokens
                ]
            )

    def _only_writer(self) -> FileLock:
        make_folder(self.path.parent)
        return FileLock(self.path.with_suffix(".lock"), timeout=10)

    def _write(self, tokens: Sequence[Token]) -> None:
        hidden = self.path.with_name(f".{FILE}")
        with suppress(FileNotFoundError):  # of a writer that died
            hidden.unlink()
        content = json.dumps({"tokens": [asdict(token) for token in tokens]}, indent=2)
        write_file(hidden, content.encode(), OWNER_ONLY)
        rename(hidden, self.path)


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
