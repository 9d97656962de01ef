"""A tiny run, written out: three debtors, four open invoices, two currencies."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pandas as pd

from features.contracts import OUTPUT_TABLES
from pipelines.runs.publication import Published, RunFacts, RunInputs, publish

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)


def day(text: str | None) -> pd.Timestamp:
    """A day of a table; None stands for no day."""
    return pd.Timestamp(text).as_unit("s") if text else pd.NaT


def tiny_tables() -> dict[str, pd.DataFrame]:
    """Every table of the output contract, with inside names."""
    tables = {name: pd.DataFrame() for name in OUTPUT_TABLES}
    tables["segments"] = pd.DataFrame(
        {
            "customer_id": ["c2", "c1", "c3"],
            "segment": ["B", "A", "NEW"],
            "model_segment": ["B", "B", None],
            "source": ["model", "kept", "new"],
            "reason": ["mean 12 days late", "near the border; kept in A", "one matured invoice"],
            "previous_segment": ["B", "A", None],
            "moved": [False, False, False],
            "confidence": [0.8, 0.1, None],
            "value_class": ["top", "top", "tail"],
            "risk": ["average", "low", None],
            "model_version": ["1", "1", None],
        }
    )
    tables["classes"] = pd.DataFrame(
        {
            "customer_id": ["c1", "c1", "c2"],
            "scheme": ["abc", "value", "abc"],
            "class": ["A", "top", None],
            "fell_through": [True, False, False],
        }
    )
    tables["risks"] = pd.DataFrame(
        {
            "customer_id": ["c1", "c2"],
            "currency": ["EUR", "EUR"],
            "risk": ["low", "high"],
            "reason": ["0 of 9 closings were late", "bureau says high"],
            "own_score": [97.5, None],
            "own_risk": ["low", None],
            "external_score": [62.0, 20.0],
            "external_risk": ["average", "high"],
            "external_scores": ["bureau 62 of 0 to 100 (2026-01-05)", None],
            "disagreement": [False, False],
            "exposure_minor": pd.array([30_010, None], dtype="Int64"),
            "credit_limit_minor": pd.array([100_000, None], dtype="Int64"),
            "insured_limit_minor": pd.array([20_000, None], dtype="Int64"),
            "over_credit_limit": [False, None],
            "uninsured_amount_minor": pd.array([10_010, None], dtype="Int64"),
        }
    )
    tables["delay_tactics"] = pd.DataFrame(
        {
            "customer_id": ["c2"],
            "tactic": ["broken_promise"],
            "times": [3],
            "invoices": [2],
            "last_on": [day("2026-02-20")],
            "chronic": [True],
        }
    )
    tables["account_reviews"] = pd.DataFrame(
        {
            "customer_id": ["c2"],
            "account_manager": ["J. Smit"],
            "from_segment": ["A"],
            "to_segment": ["B"],
            "direction": ["worse"],
            "why": ["paid late 10 % → 40 %"],
        }
    )
    tables["debtors"] = pd.DataFrame(
        {
            "customer_id": ["c1", "c2", "c3"],
            "currency": ["EUR", "EUR", "JPY"],
            "open_amount_minor": [30_010, 5_000, 900],
            "overdue_amount_minor": [10_010, 0, 900],
            "net_overdue_amount_minor": [9_010, 0, 900],
            "expected_on_time_amount_minor": [10_000, 4_000, 0],
            "expected_1_30_amount_minor": [20_010, 1_000, 450],
            "expected_31_60_amount_minor": [0, 0, 450],
            "expected_61_90_amount_minor": [0, 0, 0],
            "expected_over_90_amount_minor": [0, 0, 0],
            "oldest_days_past_due": [10, None, 3],
            "blocked_by": [None, None, "dispute"],
        }
    )
    tables["predictions"] = pd.DataFrame(
        {
            "invoice_id": ["i3", "i1", "i2", "i4"],
            "customer_id": ["c2", "c1", "c1", "c3"],
            "issued_on": [day("2026-02-10"), day("2026-01-20"), day("2026-02-20"), day("2026-02-01")],
            "due_on": [day("2026-03-12"), day("2026-02-20"), day("2026-03-22"), day("2026-02-27")],
            "currency": ["EUR", "EUR", "EUR", "JPY"],
            "amount_minor": [5_000, 10_010, 20_000, 900],
            "open_amount_minor": [5_000, 10_010, 20_000, 900],
            "days_past_due": [-10, 10, -20, 3],
            "p_late": [0.2, 1.0, 0.5, 1.0],
            "p_on_time": [0.8, 0.0, 0.5, 0.0],
            "p_1_30": [0.2, 1.0, 0.5, 0.5],
            "p_31_60": [0.0, 0.0, 0.0, 0.5],
            "p_61_90": [0.0, 0.0, 0.0, 0.0],
            "p_over_90": [0.0, 0.0, 0.0, 0.0],
            "paid_on_p10": [day("2026-03-05"), day("2026-03-03"), day("2026-03-10"), day("2026-03-03")],
            "paid_on_p50": [day("2026-03-12"), day("2026-03-06"), day("2026-03-22"), day("2026-03-29")],
            "paid_on_p90": [day("2026-03-14"), day("2026-03-11"), day("2026-04-02"), day(None)],
            "source": ["model", "model", "model", "rule"],
            "reasons": ["pays on time", "late 4 of 5 times", "late 4 of 5 times", None],
            "model_version": ["3", "3", "3", None],
        }
    )
    tables["reminders"] = pd.DataFrame(
        {
            "invoice_id": ["i1", "i2", "i3", "i4"],
            "customer_id": ["c1", "c1", "c2", "c3"],
            "segment": ["A", "A", "B", "NEW"],
            "strategy": ["gentle", "gentle", "standard", "friendly_only"],
            "step": ["friendly_email", None, None, None],
            "send_on": [day("2026-03-04"), day(None), day(None), day(None)],
            "timing": ["shifted", None, None, None],
            "assumed": [False, False, False, False],
            "reason": ["due + 9, shifted by 3 days", "not due", "not due", "disputed"],
            "action_id": ["a1", None, None, None],
        }
    )
    tables["actions"] = pd.DataFrame(
        {
            "action_id": ["a1"],
            "change": ["new"],
            "status": ["proposed"],
            "customer_id": ["c1"],
            "step": ["friendly_email"],
            "dunning_level_after": [1],
            "channel": ["email"],
            "tone": ["friendly"],
            "language": ["en"],
            "template": ["friendly"],
            "send_on": [day("2026-03-04")],
            "valid_until": [day("2026-03-11")],
            "currency": ["EUR"],
            "overdue_amount_minor": [10_010],
            "net_overdue_amount_minor": [9_010],
            "adverse": [False],
            "reason": ["structurally three days late"],
        }
    )
    tables["worklist"] = pd.DataFrame(
        {
            "collector": ["anna", None],
            "rank": [1, 1],
            "reached": [True, False],
            "customer_id": ["c1", "c3"],
            "currency": ["EUR", "JPY"],
            "cause": ["broken_promise", "expected_value"],
            "why": ["the promise of 27 February was not kept", "3 days past due"],
            "suggested_approach": ["ask why, agree a new day", "ask whether the invoice arrived"],
            "open_amount_minor": [30_010, 900],
            "overdue_amount_minor": [10_010, 900],
            "oldest_days_past_due": [10, 3],
            "promised_for": [day("2026-02-27"), day(None)],
            "last_contact_on": [day("2026-02-25"), day(None)],
            "language": ["en", "ja"],
            "expected_value_minor": [1_200, 30],
        }
    )
    tables["tasks"] = pd.DataFrame(
        {
            "task_id": ["t1", "t2"],
            "task": ["clean_up_account", "missing_address"],
            "customer_id": ["c2", "c3"],
            "currency": ["EUR", None],
            "amount_minor": pd.array([2_500, None], dtype="Int64"),
            "words": ["25.00 EUR without an item covers what is overdue", "no e-mail address"],
        }
    )
    tables["treatments"] = pd.DataFrame(
        {
            "customer_id": ["c1", "c2", "c3"],
            "segment": ["A", "B", "NEW"],
            "line": [4, 6, 3],
            "strategy": ["gentle", "standard", "friendly_only"],
            "timing": ["shifted", "shifted", "fixed"],
            "legal_kind": ["business", "business", "unknown"],
            "currency": ["EUR", "EUR", "EUR"],
            "credit": ["unchanged", "hold_until_paid", "unchanged"],
            "adverse": [False, True, False],
            "status": ["none", "needs_approval", "none"],
            "action_id": [None, "h2", None],
        }
    )
    tables["reminder_shifts"] = pd.DataFrame(
        {
            "customer_id": ["c1"],
            "shift_days": [3],
            "baseline_days_late": [3.0],
            "activated_on": [day("2026-01-05")],
            "expires_on": [day("2026-07-04")],
            "settled_since": [2],
            "days_late_since": [3.5],
            "sliding": [False],
        }
    )
    tables["cash_forecast"] = pd.DataFrame(
        {
            "period": ["day", "week", "week", "week"],
            "starts_on": [day("2026-03-03"), day("2026-03-02"), day("2026-03-09"), day("2026-03-02")],
            "currency": ["EUR", "EUR", "EUR", "JPY"],
            "expected_amount_minor": [2_000, 10_000, 15_000, 400],
            "p10_amount_minor": [0, 5_000, 9_000, 0],
            "p90_amount_minor": [10_010, 20_000, 20_000, 900],
            "overdue_amount_minor": [2_000, 9_000, 1_010, 400],
            "not_issued_amount_minor": [0, 0, 3_000, 0],
            "corrected": [True, True, True, False],
        }
    )
    tables["segment_profiles"] = pd.DataFrame(
        {
            "segment": ["A", "B", "NEW"],
            "currency": ["EUR", "EUR", "JPY"],
            "debtors": [1, 1, 1],
            "share_of_debtors": [1 / 3, 1 / 3, 1 / 3],
            "mean_days_late": [2.5, 12.0, None],
            "late_share": [0.8, 0.2, None],
            "revenue_minor": [120_000, 50_000, 900],
            "open_amount_minor": [30_010, 5_000, 900],
            "overdue_amount_minor": [10_010, 0, 900],
        }
    )
    tables["migrations"] = pd.DataFrame(
        {"previous_segment": ["A", "B", None], "segment": ["A", "B", "NEW"], "debtors": [1, 1, 1]}
    )
    tables["portfolio"] = pd.DataFrame(
        {
            "currency": ["EUR", "JPY"],
            "open_invoices": [3, 1],
            "open_amount_minor": [35_010, 900],
            "overdue_amount_minor": [10_010, 900],
            "due_1_30_amount_minor": [10_010, 900],
            "due_31_60_amount_minor": [0, 0],
            "due_61_90_amount_minor": [0, 0],
            "due_over_90_amount_minor": [0, 0],
            "expected_late_amount_minor": [21_010, 900],
            "dormant_amount_minor": [0, 0],
        }
    )
    tables["portfolio_figures"] = pd.DataFrame(
        {
            "currency": ["EUR", "JPY"],
            "beginning_receivables_minor": [20_000, 0],
            "sales_minor": [60_000, 900],
            "receipts_minor": [40_000, 0],
            "credits_minor": [4_000, 0],
            "write_offs_minor": [0, 0],
            "allowances_minor": [1_000, 0],
            "settlement_differences_minor": [-10, 0],
            "ending_receivables_minor": [35_010, 900],
            "current_amount_minor": [25_000, 0],
            "due_1_30_amount_minor": [10_010, 900],
            "due_31_60_amount_minor": [0, 0],
            "due_61_90_amount_minor": [0, 0],
            "due_over_90_amount_minor": [0, 0],
            "dso_days": [52.515, None],
            "best_possible_dso_days": [37.5, None],
            "average_days_delinquent": [15.015, None],
            "countback_dso_days": [41.0, 29.0],
        }
    )
    tables["debtor_profiles"] = pd.DataFrame(
        {
            "customer_id": ["c1", "c2", "c3"],
            "name": ["Alpha", "Beta & Sons", None],
            "country": ["NL", "DE", None],
            "language": ["nl", None, None],
            "legal_kind": ["business", "business", "unknown"],
            "since": [day("2020-05-01"), day(None), day(None)],
            "invoices_issued": [12, 8, 1],
            "settled_invoices": [10, 7, 0],
            "matured_invoices": [10, 7, 1],
            "mean_days_late_365d": [2.5, 12.0, None],
            "late_share_365d": [0.8, 0.2, None],
            "on_time_streak": [0, 3, 0],
        }
    )
    tables["payment_events"] = pd.DataFrame(
        {
            "customer_id": ["c1", "c1", "c1", "c1", "c3"],
            "happened_on": [
                day("2026-01-20"),
                day("2026-02-24"),
                day("2026-02-25"),
                day("2026-03-01"),
                day("2026-02-01"),
            ],
            "event": ["invoice_issued", "invoice_paid", "promise", "promise_broken", "invoice_issued"],
            "invoice_id": ["i1", "i0", None, None, "i4"],
            "currency": ["EUR", "EUR", None, None, "JPY"],
            "amount_minor": pd.array([10_010, 7_000, None, None, 900], dtype="Int64"),
            "days_late": pd.array([None, 4, None, None, None], dtype="Int64"),
            "words": [None, None, "promised for 2026-02-27", "promised for 2026-02-27", None],
        }
    )
    tables["rejected"] = pd.DataFrame(
        {"table": ["payments"], "row": [7], "key": ["i9"], "reason": ["payment for an unknown invoice"]}
    )
    return tables


def inputs(as_of: date = DAY, ledger: str = "ledger-1", **others: object) -> RunInputs:
    """The inputs of a run; another ledger makes another run."""
    return RunInputs(as_of=as_of, ledger=ledger, configuration="configuration-1", **others)


def publish_tiny(
    output: Path, *, as_of: date = DAY, ledger: str = "ledger-1", now: datetime = NOW, **others: object
) -> Published:
    """Publish the tiny run into `output`."""
    return publish(
        tiny_tables(),
        inputs=inputs(as_of, ledger),
        facts=RunFacts(rows_in={"invoices": 4, "payments": 8}, newest_fact=date(2026, 3, 1)),
        output=output,
        now=now,
        **others,
    )


def publish_small(output: Path) -> Published:
    """Publish, for the day after the tiny run, two tables only, with CSV copies and a report."""
    names = ("segments", "predictions")
    tables = tiny_tables()
    with patch.dict(OUTPUT_TABLES, {name: OUTPUT_TABLES[name] for name in names}, clear=True):
        return publish(
            {name: tables[name] for name in names},
            inputs=inputs(DAY + timedelta(days=1), csv=True),
            facts=RunFacts(),
            output=output,
            now=NOW + timedelta(days=1),
            extra_files={"report.html": b"<html></html>"},
        )
