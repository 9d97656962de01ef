"""The definitions in plain loops: what the kernel must say, one point at a time.

Works on lists of dictionaries straight from the ledger, shares no code with `features/`, and is slow.
"""

from __future__ import annotations

import math
from calendar import monthrange
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

NAN = math.nan
MINOR_UNITS = {"EUR": 100, "JPY": 1}
KINDS = ("payment", "reversal", "credit", "discount", "deduction", "bank_charge", "withholding", "write_off")
Row = dict[str, Any]


def rows(frame) -> list[Row]:
    """A table as dictionaries: days as `date` or None, empty as None."""
    import pandas as pd

    def plain(value):
        if (
            value is None
            or value is pd.NaT
            or value is pd.NA
            or (isinstance(value, float) and math.isnan(value))
        ):
            return None
        return value.date() if isinstance(value, pd.Timestamp) else value

    return [{name: plain(value) for name, value in row.items()} for row in frame.to_dict("records")]


class Item:
    """One item and what happened to its open amount, day by day as known."""

    def __init__(self, invoice: Row, payments: list[Row]) -> None:
        self.id, self.customer, self.currency = (
            invoice["invoice_id"],
            invoice["customer_id"],
            invoice["currency"],
        )
        self.known, self.issued, self.due = invoice["known_on"], invoice["issued_on"], invoice["due_on"]
        self.first_due = invoice["original_due_on"] or self.due
        self.amount = abs(invoice["amount_minor"])
        self.credit_note = invoice["kind"] == "credit_note" or invoice["amount_minor"] < 0
        self.behaves = not self.credit_note and invoice["payment_method"] != "direct_debit"
        tolerance = 0 if self.credit_note else max(self.amount // 100, MINOR_UNITS[self.currency])
        movements = []
        for payment in payments:
            kind = payment["kind"] or "payment"
            if payment["invoice_id"] == self.id and not payment["in_transit"] and kind != "deduction":
                change = payment["amount_minor"] * (1 if kind == "reversal" else -1)
                movements.append((max(payment["known_on"], self.known), payment["paid_on"], change, kind))
        movements.sort(key=lambda movement: (*movement[:3], KINDS.index(movement[3])))
        self.reversals = [known for known, _, _, kind in movements if kind == "reversal"]

        self.states = [(self.known, self.amount if self.amount > tolerance else 0)]
        self.spells: list[Row] = []
        if self.amount > tolerance:
            self.spells.append({"started": self.known, "ended": None})
        left, latest = self.amount, date.min
        for day in sorted({movement[0] for movement in movements}):
            was_open, closing = left > tolerance, None
            for _, happened, change, kind in (m for m in movements if m[0] == day):
                before, left = left, left + change
                if change < 0:
                    latest = max(latest, happened)
                if before > tolerance >= left:
                    closing = (latest, kind)
            is_open = left > tolerance
            self.states.append((day, left if is_open else 0))
            if was_open and not is_open:
                how = {"credit": "credited", "write_off": "written_off"}.get(closing[1], "paid")
                self.spells[-1] |= {"ended": day, "settled": closing[0], "how": how}
            if is_open and not was_open:
                self.spells.append({"started": day, "ended": None})

    def open_before(self, day: date) -> int:
        known = [amount for at, amount in self.states if at < day]
        return known[-1] if known else self.states[0][1]

    def closings(self) -> list[Row]:
        return [
            {
                "item": self,
                "known": s["ended"],
                "settled": s["settled"],
                "late": (s["settled"] - self.first_due).days,
            }
            for s in self.spells
            if s["ended"] and s["how"] == "paid"
        ]

    def matured_before(self, day: date) -> bool:
        """Some day up to this one the item stood closed by payment, or open and over 30 days past due."""
        if any(closing["known"] < day for closing in self.closings()):
            return True
        for spell in self.spells:
            last = min(day, spell["ended"] or day)
            first = spell["started"] + timedelta(1)
            if first <= last and (last - self.first_due).days > 30:
                return True
        return False


class Portfolio:
    """All items, disputes and customers of a ledger."""

    def __init__(self, ledger) -> None:
        payments = rows(ledger.payments)
        self.items = [Item(row, payments) for row in rows(ledger.invoices)]
        self.by_id = {item.id: item for item in self.items}
        self.disputes = [
            (
                self.by_id[row["invoice_id"]],
                max(row["known_on"], self.by_id[row["invoice_id"]].known),
                row["closed_on"],
            )
            for row in rows(ledger.disputes)
            if row["invoice_id"] in self.by_id
        ]
        self.customers = rows(ledger.customers)
        self.scores = rows(ledger.credit_scores)


def mean(values) -> float:
    """The mean; NaN of nothing."""
    values = list(values)
    return sum(values) / len(values) if values else NAN


def over(a, b) -> float:
    """a / b; NaN when there is nothing to divide by."""
    return a / b if b else NAN


def debtor_point(portfolio: Portfolio, items: list[Item], day: date, late_after: int) -> dict[str, float]:
    """Every figure of HISTORY and BALANCE for a set of items on a day."""

    def within(known: date, days: int, until: int = 0) -> bool:
        return day - timedelta(days) <= known < day - timedelta(until)

    disputed = [at for item, at, _ in portfolio.disputes if item in items]
    items = [item for item in items if not item.credit_note]
    known = [item for item in items if item.known < day]
    paid = [c for item in items if item.behaves for c in item.closings() if c["known"] < day]
    paid.sort(key=lambda c: (c["known"], c["settled"], c["item"].currency, c["item"].known, c["item"].id))
    year = [c for c in paid if within(c["known"], 365)]
    quarter = [c for c in paid if within(c["known"], 90)]
    five, ten = paid[-5:], paid[-10:]

    def days(closings):
        return [c["late"] for c in closings]

    def late_share(closings):
        return mean(late > late_after for late in days(closings))

    def spread(closings):
        middle = mean(days(closings))
        return math.sqrt(mean((late - middle) ** 2 for late in days(closings))) if closings else NAN

    weights = [0.5 ** ((day - c["known"]).days / 90) for c in paid]

    def lasting_share(hits):
        slow = [0.5 ** ((day - c["known"]).days / 365) for c in paid]
        return over(sum(w for w, c in zip(slow, paid, strict=True) if hits(c["late"])), sum(slow))

    streak = 0
    for closing in reversed(paid):
        if closing["late"] > late_after:
            break
        streak += 1
    amount_year = sum(c["item"].amount for c in year)
    pay_days = sorted({c["known"] for c in year})
    gaps = [(b - a).days for a, b in pairwise(pay_days)]
    mean_year = mean(days(year))
    issued_year = [item.amount for item in known if within(item.known, 365)]
    open_now = [(item, item.open_before(day)) for item in known]
    open_now = [(item, amount) for item, amount in open_now if amount]
    overdue = [(item, amount) for item, amount in open_now if day > item.first_due]
    currencies = {item.currency for item in known}
    one = MINOR_UNITS[known[0].currency] if known else 1
    figures = {
        "invoices_issued": len(known),
        "invoices_issued_365d": len(issued_year),
        "invoices_issued_90d": sum(within(item.known, 90) for item in known),
        "settled_invoices": len(paid),
        "settled_invoices_365d": len(year),
        "settled_invoices_90d": len(quarter),
        "matured_invoices": sum(item.behaves and item.matured_before(day) for item in known),
        "mean_days_late": mean(days(paid)),
        "mean_days_late_365d": mean_year,
        "mean_days_late_90d": mean(days(quarter)),
        "mean_days_late_last_5": mean(days(five)),
        "median_days_late_last_5": median(days(five)) if five else NAN,
        "mean_days_late_last_10": mean(days(ten)),
        "median_days_late_last_10": median(days(ten)) if ten else NAN,
        "std_days_late_last_10": spread(ten),
        "std_days_late_365d": spread(year),
        "last_days_late": paid[-1]["late"] if paid else NAN,
        "worst_days_late": max(days(paid), default=NAN),
        "decayed_days_late": over(
            sum(w * c["late"] for w, c in zip(weights, paid, strict=True)), sum(weights)
        ),
        "days_late_trend": mean(days(five)) - mean_year,
        "weighted_days_late_365d": over(sum(c["item"].amount * c["late"] for c in year), amount_year),
        "late_share": late_share(paid),
        "late_share_365d": late_share(year),
        "late_share_90d": late_share(quarter),
        "late_share_last_5": late_share(five),
        "late_share_last_10": late_share(ten),
        "late_amount_share_365d": over(
            sum(c["item"].amount for c in year if c["late"] > late_after), amount_year
        ),
        "early_over_7_share_365d": mean(late < -7 for late in days(year)),
        "late_over_7_share_365d": mean(late > 7 for late in days(year)),
        "late_over_14_share_365d": mean(late > 14 for late in days(year)),
        "late_over_30_share_365d": mean(late > 30 for late in days(year)),
        "late_over_60_share_365d": mean(late > 60 for late in days(year)),
        "decayed_late_share": over(
            sum(w * (c["late"] > late_after) for w, c in zip(weights, paid, strict=True)), sum(weights)
        ),
        "lasting_early_over_7_share": lasting_share(lambda late: late < -7),
        "lasting_late_share": lasting_share(lambda late: late > late_after),
        "lasting_late_over_7_share": lasting_share(lambda late: late > 7),
        "on_time_streak": streak,
        "mean_days_to_pay_365d": mean((c["settled"] - c["item"].issued).days for c in year),
        "days_since_last_payment": (day - paid[-1]["known"]).days if paid else NAN,
        "days_since_last_invoice": (day - max(item.known for item in known)).days if known else NAN,
        "days_since_first_invoice": (day - min(item.known for item in known)).days if known else NAN,
        "days_between_payments_365d": mean(gaps),
        "reversals_365d": sum(within(at, 365) for item in items for at in item.reversals),
        "disputes_opened_365d": sum(within(at, 365) for at in disputed),
        "open_invoices": len(open_now),
        "overdue_invoices": len(overdue),
        "oldest_days_past_due": (day - min(item.first_due for item, _ in open_now)).days if open_now else NAN,
    }
    if len(currencies) > 1:
        money = ("weighted_days_late_365d", "late_amount_share_365d")
        return figures | dict.fromkeys(money, NAN) | dict.fromkeys(MONEY, NAN)
    open_amount, overdue_amount = sum(a for _, a in open_now), sum(a for _, a in overdue)
    year_before = sum(item.amount for item in known if within(item.known, 730, 365))
    return figures | {
        "open_amount": open_amount / one,
        "overdue_amount": overdue_amount / one,
        "overdue_over_30_amount": sum(a for item, a in overdue if (day - item.first_due).days > 30) / one,
        "overdue_share": over(overdue_amount, open_amount),
        "weighted_days_past_due": over(
            sum(a * (day - item.first_due).days for item, a in overdue), overdue_amount
        ),
        "issued_amount_365d": sum(issued_year) / one,
        "issued_amount_90d": sum(item.amount for item in known if within(item.known, 90)) / one,
        "mean_invoice_amount_365d": mean(issued_year) / one,
        "issued_amount_trend": over(sum(issued_year), year_before),
    }


MONEY = (
    "open_amount", "overdue_amount", "overdue_over_30_amount", "overdue_share", "weighted_days_past_due",
    "issued_amount_365d", "issued_amount_90d", "mean_invoice_amount_365d", "issued_amount_trend",
)  # fmt: skip


def month_days(day: date) -> int:
    """Days in the month of a day."""
    return monthrange(day.year, day.month)[1]


def pay_run(items: list[Item], day: date) -> dict[str, float]:
    """The counts of PAY_RUN for a set of items on a day."""
    paid = [
        c["settled"]
        for item in items
        if item.behaves
        for c in item.closings()
        if day - timedelta(365) <= c["known"] < day
    ]
    weekdays = Counter(min(settled.weekday(), 5) for settled in paid)
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "weekend")
    counts = {f"paid_on_{name}_365d": weekdays[number] for number, name in enumerate(names)}
    at_end = [s for s in paid if s.day >= month_days(s) - 1 or (s.day <= 2 and s.weekday() == 0)]
    return counts | {"paid_at_month_end_365d": len(at_end)}


def rhythm(counts: dict[str, float], mean_days_late: float, due: date) -> dict[str, float]:
    """The figures of RHYTHM, from the counts of PAY_RUN."""
    weekdays = [
        counts[f"paid_on_{name}_365d"] for name in ("monday", "tuesday", "wednesday", "thursday", "friday")
    ]
    paid = sum(weekdays) + counts["paid_on_weekend_365d"]
    figures = dict.fromkeys(
        ("pay_weekday_share_365d", "month_end_share_365d", "days_due_to_pay_weekday",
         "days_late_at_next_run", "days_waiting_for_run"), NAN,
    )  # fmt: skip
    if paid < 3:
        return figures
    habit = max(range(5), key=lambda weekday: (weekdays[weekday], -weekday))
    weekly, monthly = 2 * weekdays[habit] >= paid, 2 * counts["paid_at_month_end_365d"] >= paid
    figures["pay_weekday_share_365d"] = weekdays[habit] / paid
    figures["month_end_share_365d"] = counts["paid_at_month_end_365d"] / paid

    def first(day: date, runs: Callable[[date], bool]) -> date:
        """The first day from `day` on that is a run."""
        return next(day + timedelta(ahead) for ahead in range(40) if runs(day + timedelta(ahead)))

    if weekly:
        next_habit = first(due, lambda day: day.weekday() == habit)
        figures["days_due_to_pay_weekday"] = (next_habit - due).days
    if weekly or monthly:
        ready = due + timedelta(math.floor(mean_days_late - (15 if monthly else 3) + 0.5))
        run = first(ready, lambda day: day.day == month_days(day) if monthly else day.weekday() == habit)
        figures |= {"days_late_at_next_run": (run - due).days, "days_waiting_for_run": (run - ready).days}
    return figures


def debtor_features(portfolio: Portfolio, customer: str, day: date, late_after: int) -> dict[str, float]:
    """Every figure of a (debtor, day) point."""
    return debtor_point(portfolio, [i for i in portfolio.items if i.customer == customer], day, late_after)


def invoice_features(portfolio: Portfolio, invoice_id: str, day: date, late_after: int) -> dict[str, float]:
    """Every figure of an (invoice, day) point."""
    own = portfolio.by_id[invoice_id]
    same = [i for i in portfolio.items if (i.customer, i.currency) == (own.customer, own.currency)]
    figures = debtor_point(portfolio, same, day, late_after)
    major = own.amount / MINOR_UNITS[own.currency]
    figures |= {
        "payment_terms_days": (own.first_due - own.issued).days,
        "days_past_due": (day - own.first_due).days,
        "days_since_issue": (day - own.issued).days,
        "invoice_amount": major,
        "amount_to_mean_ratio": over(major, figures["mean_invoice_amount_365d"]),
        "open_share": over(own.open_before(day), own.amount),
        "due_weekday": own.first_due.weekday(),
        "due_day_of_month": own.first_due.day,
        "due_month": own.first_due.month,
        "known_lag_days": (own.known - own.issued).days,
        "disputed_now": any(
            item is own and at < day and not (closed and max(closed, at) < day)
            for item, at, closed in portfolio.disputes
        ),
    }

    counts = pay_run(same, day)
    figures |= counts | rhythm(counts, figures["mean_days_late_365d"], own.first_due)
    figures["days_due_to_month_end"] = month_days(own.first_due) - own.first_due.day

    def value(customer: str, column: str, on: date):
        """The column's value from the newest row valid on the day."""
        held = [r for r in portfolio.customers if r["customer_id"] == customer]
        held = [r for r in held if (r["valid_from"] or date.min) <= on]
        return max(held, key=lambda r: r["valid_from"] or date.min)[column] if held else None

    def cohort(days: int, same) -> tuple[float, float]:
        late = [
            c["late"]
            for item in portfolio.items
            if item.behaves
            for c in item.closings()
            if day - timedelta(days) <= c["known"] < day and same(c)
        ]
        return mean(x > late_after for x in late), mean(late)

    def attribute(column: str) -> tuple[float, float]:
        now = value(own.customer, column, day - timedelta(1))
        if now is None:
            return NAN, NAN
        return cohort(365, lambda c: value(c["item"].customer, column, c["known"]) == now)

    figures["portfolio_late_share_90d"], figures["portfolio_mean_days_late_90d"] = cohort(90, lambda _: True)
    figures["sector_late_share_365d"], figures["sector_mean_days_late_365d"] = attribute("sector")
    figures["country_late_share_365d"] = attribute("country")[0]
    figures["size_late_share_365d"], figures["size_mean_days_late_365d"] = attribute("size")

    def newest(customer: str, on: date) -> Row | None:
        """The score last given of those known by the day; the provider that is first by name goes first."""
        known = [r for r in portfolio.scores if r["customer_id"] == customer and r["known_on"] <= on]
        known.sort(key=lambda r: r["provider"])
        return max(known, key=lambda r: r["scored_on"], default=None)

    def band(customer: str, on: date) -> tuple[str, int] | None:
        score = newest(customer, on)
        return (score["provider"], math.floor(score["score"] / 10)) if score else None

    score, own_band = newest(own.customer, day - timedelta(1)), band(own.customer, day - timedelta(1))
    figures["credit_score"] = score["score"] if score else NAN
    figures["credit_score_age_days"] = (day - score["scored_on"]).days if score else NAN
    figures["peer_late_share_365d"], figures["peer_mean_days_late_365d"] = (
        cohort(365, lambda c: band(c["item"].customer, c["known"]) == own_band) if own_band else (NAN, NAN)
    )
    terms = (own.first_due - own.issued).days
    figures["terms_late_share_365d"], figures["terms_mean_days_late_365d"] = cohort(
        365, lambda c: (c["item"].first_due - c["item"].issued).days == terms
    )
    return figures
