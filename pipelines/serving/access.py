"""Who may ask: a bearer token with the scope, and so many requests per minute."""

# Annotations are not postponed here: FastAPI could not find the names of the enclosing function.
import math
import time
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from pipelines.serving.tokens import Scope, Token, TokenFile

FAILURES_PER_MINUTE = 30
"""Wrong tokens of one address. Only wrong ones are held back: others may stand behind the same address."""

BEARER = HTTPBearer(auto_error=False, description="A token of `debtscape token new`.")
_NO_ENTRY = {"WWW-Authenticate": 'Bearer realm="debtscape"'}

Allowed = Callable[..., Awaitable[Token]]


class Access:
    """The tokens of an output folder and how often each was used in the last minute, in this process."""

    def __init__(self, tokens: TokenFile, *, requests_per_minute: int, today: Callable[[], date]) -> None:
        self._tokens = tokens
        self._today = today
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerMinute(requests_per_minute)
        self._failures = RateLimitItemPerMinute(FAILURES_PER_MINUTE)

    def allowed(self, scope: Scope) -> Allowed:
        """Return a dependency that gives the token of a request, where it may do `scope`.

        401 without a valid token, 403 without the scope, 429 for too many requests.
        """

        async def token_of(
            request: Request,
            credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
        ) -> Token:
            token = self._tokens.find(credentials.credentials) if credentials else None
            if token is None or not token.is_valid(self._today()):
                # no difference between unknown, expired and revoked: nobody learns which tokens there were
                address = request.client.host if request.client else "unknown"
                self._count(self._failures, "wrong tokens", address)
                raise HTTPException(401, "send a valid token: Authorization: Bearer …", _NO_ENTRY)
            self._count(self._requests, "requests", token.sha256)
            if scope not in token.scopes:
                wanted = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
                raise HTTPException(403, f"the token {token.name!r} may not {scope}", wanted)
            return token

        return token_of

    def _count(self, limit: RateLimitItem, what: str, whose: str) -> None:
        if not self._limiter.hit(limit, what, whose):
            reset = self._limiter.get_window_stats(limit, what, whose).reset_time
            wait = max(1, math.ceil(reset - time.time()))
            raise HTTPException(
                429,
                f"more than {limit.amount} {what} in a minute; wait {wait} seconds",
                {"Retry-After": str(wait)},
            )
