"""Quotes over the ledger and the models of the latest run's day, which stay in memory between quotes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import DebtscapeError
from pipelines.serving.run_store import NotReadyError, ServedRun

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.deciding import Models
    from pipelines.reading import Reading

_LOG = logging.getLogger("debtscape.serving")


class QuotingDesk:
    """Answers one quote at a time, in a thread of its own; the first of a run reads the ledger."""

    def __init__(self, config: Path, today: Callable[[], date]) -> None:
        self._config, self._today = config, today
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="quote")
        self._of: str | None = None
        self._held: tuple[Reading, Models, tuple[str, ...], pd.DataFrame] | None = None

    async def quote(
        self, served: ServedRun, customer: str, *, amount: float, terms: int | None, currency: str | None
    ) -> dict[str, Any]:
        """Return the quote and the warnings, as `debtscape quote` does on the run's day.

        NotReadyError when the ledger cannot be read, DebtscapeError when the quote makes no sense.
        """

        def answer() -> dict[str, Any]:
            from pipelines.questions.quoting import misspelt, quote_one

            reading, models, warnings, segments = self._prepared(served)
            quote = quote_one(
                reading, models, customer, amount=amount, terms=terms, currency=currency, segments=segments
            )
            return {"quote": quote, "warnings": [*warnings, *misspelt(customer, reading)]}

        return await asyncio.get_running_loop().run_in_executor(self._thread, answer)

    def _prepared(self, served: ServedRun) -> tuple[Reading, Models, tuple[str, ...], pd.DataFrame]:
        # these bring MLflow along, which a server that is asked for no quote need not wait for
        from pipelines.questions.quote_scores import segments_before_quotes
        from pipelines.questions.quoting import MODELS
        from pipelines.reading import read
        from pipelines.running import champions, models_of

        if self._held is None or self._of != served.etag:
            self._held = None  # not two of them in memory
            try:
                reading = read(self._config, as_of=served.run.as_of, today=self._today())
                usable, warnings = champions(reading, MODELS)
            except (DebtscapeError, OSError) as error:
                # its words name files of this machine
                _LOG.exception("no quotes: the ledger cannot be read")
                raise NotReadyError("the ledger cannot be read; the server's log says why") from error
            models = models_of(usable, reading)
            self._held = reading, models, warnings, segments_before_quotes(reading, models)
            self._of = served.etag
        return self._held
