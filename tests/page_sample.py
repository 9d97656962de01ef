"""What the page is fed with, written out small: 60 debtors in euros and one in yen."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipelines.page.rows import rows_of

SCRIPT = '<img src=x onerror="window.bitten=1"></script><script>window.bitten=1</script>'
"""What somebody called a debtor."""

BITING = "C<'\"&>01"
"""A debtor's number that would end an attribute, were it read as HTML."""

DEBTORS, CALLS, REACHED, WAITING = 60, 40, 30, 3


def page_lists() -> dict[str, pd.DataFrame]:
    """The four lists; debtor n owes n hundred euros, the first is the biting one."""
    debtors = pd.DataFrame([_debtor(n) for n in range(DEBTORS, 0, -1)])
    yen = _debtor(1) | {"customer_id": "JP", "name": "Tokyo", "currency": "JPY", "open_minor": 12345}
    debtors = pd.concat([debtors, pd.DataFrame([yen])], ignore_index=True)
    debtors["broken_promise"] = pd.array([pd.NA] * len(debtors), dtype="boolean")
    return {
        "debtors": debtors,
        "worklist": pd.DataFrame([_call(n) for n in range(1, CALLS + 1)]),
        "actions": pd.DataFrame([_action(n) for n in range(1, 16)]),
        "invoices": pd.DataFrame([_invoice(n) for n in range(1, 31)]),
    }


def _customer(n: int) -> dict[str, Any]:
    return {
        "customer_id": BITING if n == DEBTORS else f"C{n:02}",
        "name": SCRIPT if n == DEBTORS else f"Debtor {n}",
        "company_code": None,
        "currency": "EUR",
        "segment": "ABCDE"[n % 5] if n > 5 else "NEW",
    }


def _debtor(n: int) -> dict[str, Any]:
    return _customer(n) | {
        "previous_segment": None,
        "risk": "high",
        "value_class": "top",
        "open_minor": n * 20_000,
        "overdue_minor": n * 10_000 if n > 10 else 0,
        "net_overdue_minor": n * 10_000 if n > 10 else 0,
        "expected_late_minor": n * 5_000,
        "mostly": "1_30",
        "oldest_days_past_due": n if n > 10 else -n,
        "blocked_by": "dispute: open since 2026-02-01" if n == 59 else None,
        "next_step": "call" if n % 2 else None,
        "next_on": "2026-03-05" if n % 2 else None,
        "worsened": n in (12, 13, 14),
        "new_large_overdue": n == 60,
        "over_limit": False,
    }


def _call(n: int) -> dict[str, Any]:
    return _customer(n + 20) | {
        "collector": "Ann" if n % 2 else "Bob",
        "rank": n,
        "reached": n <= REACHED,
        "cause": "broken_promise" if n % 2 else "silence",
        "why": f"reason {n}",
        "suggested_approach": "ask",
        "open_minor": 20_000,
        "overdue_minor": 10_000,
        "oldest_days_past_due": n,
        "promised_for": None,
        "last_contact_on": "2026-02-20",
        "language": "nl",
        "expected_value_minor": 500,
        "action_id": None,
    }


def _action(n: int) -> dict[str, Any]:
    status = "needs_approval" if n <= WAITING else "blocked" if n <= 7 else "proposed"
    return _customer(n + 10) | {
        "action_id": f"a{n}",
        "change": "new",
        "status": status,
        "blocked_by": "hold: until 2026-04-01" if status == "blocked" else None,
        "cause": "hold" if status == "blocked" else None,
        "recipient_id": None,
        "collector": "Ann",
        "step": "final_notice",
        "channel": "letter",
        "language": "nl",
        "send_on": "2026-03-02",
        "valid_until": "2026-03-07",
        "overdue_minor": n * 1_000,
        "net_overdue_minor": n * 1_000,
        "adverse": n <= WAITING,
        "reason": "3 days after due",
        "to_release": status == "proposed",
        "waiting": status == "needs_approval",
    }


def _invoice(n: int) -> dict[str, Any]:
    due = pd.Timestamp("2026-03-02") - pd.Timedelta(days=20 - n)
    return _customer(n) | {
        "invoice_id": f"I{n:02}",
        "issued_on": "2026-01-05",
        "due_on": due.strftime("%Y-%m-%d"),
        "open_minor": n * 1_000,
        "days_past_due": 20 - n,
        "p_late": 1.0 if n < 20 else 0.25,
        "paid_on_p10": "2026-03-04",
        "paid_on_p50": "2026-03-20",
        "paid_on_p90": None,
        "source": "model" if n > 5 else "rule",
        "step": "call",
        "send_on": "2026-03-05",
        "reason": "at once",
    }


def _figure(rows: pd.DataFrame, amount: str = "overdue_minor") -> dict[str, int]:
    return {"count": len(rows), "amount_minor": int(rows[amount].sum())}


def page_views() -> dict[str, Any]:
    """The views of these lists, each figure counted over its list."""
    return {
        "run": {
            "run_id": "00000000000000aa",
            "as_of": "2026-03-02",
            "previous_run_id": "00000000000000bb",
            "previous_as_of": "2026-02-23",
            "schema_version": "1.3",
            "models": {"payment-time": "1"},
            "newest_fact": "2026-03-01",
            "bank_known_until": "2026-02-28",
            "home_currency": "EUR",
            "warnings": ["the first <b>warning</b>"],
        },
        "rows": {"debtors": 61, "open_invoices": 30, "by_model": 25, "by_rule": 5, "rejected": 0},
        "minor_digits": {"EUR": 2, "JPY": 0},
        "currencies": ["EUR", "JPY"],
        "reliability": {
            "figures": [{"name": "the model", "auc": 0.86, "brier_skill": 0.31, "ece": 0.012, "ours": True}],
            "curve": [
                {"from": 0.1, "to": 0.2, "predicted": 0.16, "observed": 0.18, "predictions": 1200},
                {"from": 0.7, "to": 0.8, "predicted": 0.75, "observed": 0.74, "predictions": 400},
            ],
        },
        "portfolios": {code: _portfolio(code) for code in ("EUR", "JPY")},
    }


def _portfolio(code: str) -> dict[str, Any]:
    lists = {name: rows[rows["currency"] == code] for name, rows in page_lists().items()}
    debtors, calls, actions, due = (lists[name] for name in ("debtors", "worklist", "actions", "invoices"))
    owing = debtors[debtors["overdue_minor"] > 0]
    top = owing.head(10).assign(share=owing["overdue_minor"] / max(owing["overdue_minor"].sum(), 1))
    columns = ["customer_id", "name", "segment", "overdue_minor", "share", "oldest_days_past_due"]
    columns += ["mostly", "next_step", "next_on", "blocked_by"]
    blocked = actions[actions["cause"].notna()]
    return {
        "today": {
            "calls": _figure(calls[calls["reached"].astype(bool)]),
            "per_collector": None,
            "to_release": _figure(actions[actions["to_release"].astype(bool)]),
            "approvals": _figure(actions[actions["waiting"].astype(bool)]),
            "blocked": [{"cause": "hold", **_figure(blocked)}] if len(blocked) else [],
        },
        "cash": {"weeks": [_week(n, due) for n in range(4)], "days": [_day(n) for n in range(20)]},
        "changed": {
            "worsened": _figure(debtors[debtors["worsened"]], "open_minor"),
            "new_large_overdue": _figure(debtors[debtors["new_large_overdue"]]),
            "broken_promises": None,
            "over_limit": _figure(debtors[debtors["over_limit"]], "open_minor"),
            "large_from_minor": 600_000,
        },
        "top_overdue": {
            "rows": rows_of(top[columns]),
            "share": float(top["share"].sum()) if len(top) else None,
            "of": len(owing),
        },
        "figures": [
            {"company_code": None, "dso_days": 52.5, "best_possible_dso_days": None, "sales_minor": 123_456}
        ],
        "ageing": [
            {
                "class": name,
                "open_minor": int(due.loc[due["days_past_due"].between(low, high), "open_minor"].sum()),
                "expected_minor": 1_000,
            }
            for name, low, high in (
                ("on_time", -999, 0),
                ("1_30", 1, 30),
                ("31_60", 31, 60),
                ("61_90", 61, 90),
                ("over_90", 91, 999),
            )
        ],
        "segments": [
            {
                "segment": name,
                "debtors": len(rows),
                "share_of_debtors": len(rows) / len(debtors),
                "mean_days_late": None if name == "NEW" else 2.5,
                "late_share": 0.5,
                "revenue_minor": 100,
                "open_minor": int(rows["open_minor"].sum()),
                "overdue_minor": int(rows["overdue_minor"].sum()),
                "words": "pays late",
            }
            for name, rows in debtors.groupby("segment")
        ],
        "flow": [
            {"from": "A", "to": "B", "debtors": 3},
            {"from": "B", "to": "B", "debtors": 40},
            {"from": None, "to": "NEW", "debtors": 5},
        ],
        "pareto": [{"debtors_share": n / 10, "amount_share": (n / 10) ** 0.5} for n in range(11)],
    }


def _week(n: int, due: pd.DataFrame) -> dict[str, Any]:
    start = pd.Timestamp("2026-03-02") + pd.Timedelta(weeks=n)
    since, until = (day.strftime("%Y-%m-%d") for day in (start, start + pd.Timedelta(days=6)))
    return {
        "starts_on": since,
        "due_from": since,
        "due_until": until,
        "expected_minor": 50_000 - n,
        "p10_minor": 40_000,
        "p90_minor": 70_000,
        "overdue_minor": 1_000,
        "not_issued_minor": 0,
        "due_minor": int(due.loc[due["due_on"].between(since, until), "open_minor"].sum()),
        "said_before_minor": None if n == 3 else 45_000,
    }


def _day(n: int) -> dict[str, Any]:
    start = pd.Timestamp("2026-03-02") + pd.Timedelta(days=n)
    return {
        "starts_on": start.strftime("%Y-%m-%d"),
        "expected_minor": 9_000,
        "p10_minor": 5_000,
        "p90_minor": 12_000,
    }


def page_cards() -> dict[str, dict[str, Any]]:
    """The cards of the ten debtors that owe most."""
    return {_customer(n)["customer_id"]: _card(n) for n in range(DEBTORS, DEBTORS - 10, -1)}


def _card(n: int) -> dict[str, Any]:
    own = _customer(n)
    return {
        "customer_id": own["customer_id"],
        "name": own["name"],
        "country": "NL",
        "language": "nl",
        "sector": "retail",
        "size": "small",
        "legal_kind": "business",
        "since": "2020-01-01",
        "segment": {
            "segment": own["segment"],
            "source": "rule",
            "rule": "never_paid",
            "reason": "12 days late on average",
            "model_segment": own["segment"],
            "previous_segment": "B",
            "moved_because": None,
            "confidence": 0.4,
            "provisional": {"segment": "B", "late_share": 0.3, "late_share_p10": 0.1, "late_share_p90": 0.6},
        },
        "what_would_change": ["A payment of EUR 10.00 cancels the next step."],
        "risk": [
            {
                "currency": "EUR",
                "risk": "high",
                "reason": "9 of 9 were late",
                "own_risk": "high",
                "external_risk": None,
                "external_scores": None,
            }
        ],
        "value_class": "top",
        "delay_tactics": [{"tactic": "broken_promise", "times": 2, "last_on": "2026-02-01", "chronic": True}],
        "treatment": {
            "strategy": "strict",
            "line": 1,
            "timing": "fixed",
            "terms": None,
            "status": "none",
            "action_id": None,
        },
        "balances": [
            {
                "currency": "EUR",
                "company_code": None,
                "open_minor": n * 20_000,
                "overdue_minor": n * 10_000,
                "net_overdue_minor": n * 10_000,
                "oldest_days_past_due": n,
                "blocked_by": None,
            }
        ],
        "figures": [{"name": "late_share_365d", "value": 0.5, "unit": "share", "meaning": "late closings"}],
        "invoices": [
            {
                "invoice_id": SCRIPT if n == DEBTORS else "I1",
                "issued_on": "2026-01-05",
                "due_on": "2026-02-05",
                "currency": "EUR",
                "amount_minor": 100,
                "open_minor": 100,
                "days_past_due": 25,
                "p_late": 1.0,
                "paid_on_p10": "2026-03-04",
                "paid_on_p50": "2026-03-20",
                "paid_on_p90": None,
                "source": "model",
                "reasons": "late before",
                "step": "call",
                "send_on": "2026-03-05",
                "why": "25 days after due",
            }
        ]
        * (60 if n == 58 else 1),
        "actions": [
            {
                "action_id": "x",
                "status": "proposed",
                "blocked_by": None,
                "step": "call",
                "channel": "call",
                "send_on": "2026-03-05",
                "valid_until": "2026-03-09",
                "currency": "EUR",
                "overdue_minor": 123_456,
                "net_overdue_minor": 123_456,
                "reason": "25 days after due",
                "adverse": True,
            }
        ],
        "events": [
            {
                "on": "2026-01-05",
                "event": "invoice_issued",
                "invoice_id": SCRIPT,
                "currency": "EUR",
                "amount_minor": 100,
                "days_late": None,
                "words": None,
            },
            {
                "on": "2026-02-20",
                "event": "promise_broken",
                "invoice_id": None,
                "currency": None,
                "amount_minor": None,
                "days_late": None,
                "words": SCRIPT,
            },
        ],
    }
