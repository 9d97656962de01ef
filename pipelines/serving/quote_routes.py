"""How an invoice would be paid that does not exist yet."""

# Annotations are not postponed here: FastAPI could not find the names of the enclosing function.
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, HTTPException, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from features.errors import DebtscapeError
from pipelines.serving.access import Access
from pipelines.serving.answers import answer
from pipelines.serving.operations import Note, answered
from pipelines.serving.quoting_desk import QuotingDesk
from pipelines.serving.refusals import refusals
from pipelines.serving.run_store import NotReadyError, RunStore, ServedRun
from pipelines.serving.tokens import Token

MOST_AMOUNT, MOST_TERMS_DAYS = 1e12, 365
"""As `debtscape quote` has them."""

_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_MAYBE_SHARE = {**_SHARE, "type": ["number", "null"]}
_DAY = {"type": ["string", "null"], "format": "date"}
_QUOTE: dict[str, Any] = {
    "customer_id": {"type": "string"},
    "amount": {"type": "number", "description": "in major units"},
    "currency": {"type": "string"},
    "payment_terms_days": {"type": "integer"},
    "terms_from": {"enum": ["given", "debtor", "portfolio"], "description": "whose usual terms they are"},
    "due_on": {"type": "string", "format": "date"},
    **dict.fromkeys(("p_late", "p_on_time", "p_1_30", "p_31_60", "p_61_90", "p_over_90"), _SHARE),
    **dict.fromkeys(("paid_on_p10", "paid_on_p50", "paid_on_p90"), _DAY),
    "source": {"enum": ["model", "rule"]},
    "model_version": {"type": ["string", "null"]},
    "reasons": {"type": "string"},
    "provisional_segment": {"type": ["string", "null"], "description": "of one with too short a history"},
    **dict.fromkeys(
        ("expected_late_share", "expected_late_share_p10", "expected_late_share_p90"),
        _MAYBE_SHARE,
    ),
    "settled_invoices": {"type": "integer", "description": "so far, in that currency"},
    "note": {"type": "string", "description": "what to know about it; empty where nothing"},
}
_EXAMPLE = {
    "customer_id": "C00042",
    "amount": 1250.0,
    "currency": "EUR",
    "payment_terms_days": 30,
    "terms_from": "given",
    "due_on": "2026-04-01",
    "p_late": 0.41,
    "p_on_time": 0.59,
    "p_1_30": 0.3,
    "p_31_60": 0.07,
    "p_61_90": 0.02,
    "p_over_90": 0.02,
    "paid_on_p10": "2026-03-24",
    "paid_on_p50": "2026-03-31",
    "paid_on_p90": "2026-04-28",
    "source": "model",
    "model_version": "3",
    "reasons": "its only settled invoice was late",
    "provisional_segment": "B",
    "expected_late_share": 0.4,
    "expected_late_share_p10": 0.25,
    "expected_late_share_p90": 0.55,
    "settled_invoices": 1,
    "note": "",
}


class Asked(BaseModel):
    """The invoice that would be issued on the run's day."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {"customer_id": "C00042", "amount": 1250, "currency": "EUR", "payment_terms_days": 30}
            ]
        },
    )

    customer_id: str = Field(min_length=1, max_length=200, description="a debtor, known or new")
    amount: float = Field(gt=0, lt=MOST_AMOUNT, allow_inf_nan=False, description="in major units")
    currency: str | None = Field(
        None, pattern="^[A-Z]{3}$", description="ISO 4217; default: of the debtor's newest invoice"
    )
    payment_terms_days: int | None = Field(
        None, ge=0, le=MOST_TERMS_DAYS, description="default: the debtor's usual ones"
    )

    @field_validator("customer_id")
    @classmethod
    def _said(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("is empty")
        return text.strip()

    @field_validator("currency")
    @classmethod
    def _known(cls, code: str | None) -> str | None:
        from babel.numbers import list_currencies

        if code is not None and code not in list_currencies():
            raise ValueError("no such currency; write its ISO 4217 code, such as EUR")
        return code


def quote_routes(store: RunStore, access: Access, desk: QuotingDesk, note: Note) -> APIRouter:
    """Return the route that scores an invoice that does not exist yet."""
    router = APIRouter(prefix="/v1", tags=["quotes"])
    quote = {"type": "object", "properties": _QUOTE, "required": list(_QUOTE), "additionalProperties": False}
    warnings = {"type": "array", "items": {"type": "string"}}

    @router.post(
        "/quotes",
        summary="How an invoice would be paid that does not exist yet. Keeps nothing.",
        description="As if it were issued on the run's day. The first quote after a run reads the ledger, "
        "which takes a while.",
        operation_id="quote",
        responses={
            **answered(
                "The prediction.",
                {"quote": quote, "warnings": warnings},
                {"quote": _EXAMPLE, "warnings": []},
                kept=False,
            ),
            **refusals(401, 403, 413, 422, 429, 503),
        },
    )
    async def quotes(
        token: Annotated[Token, Depends(access.allowed("read"))],
        served: Annotated[ServedRun, Depends(store.current)],
        asked: Annotated[Asked, Body()],
    ) -> Response:
        try:
            found = await desk.quote(
                served,
                asked.customer_id,
                amount=asked.amount,
                terms=asked.payment_terms_days,
                currency=asked.currency,
            )
        except NotReadyError:
            raise
        except DebtscapeError as error:
            raise HTTPException(422, str(error)) from error
        note(token, "quote", [asked.customer_id])
        return answer(served, found)

    return router
