"""The named features: what rules, models and reasons may speak of.

Every feature is a figure about a debtor or an invoice on a day, from facts known strictly before
that day. "Closing" means: the item's open amount fell to the settle tolerance by payments.
"Due day" is the one at issue: an extension does not erase lateness, and was not known before it was granted.
Windows count days: `_90d` holds the facts known on the 90 days before the day.
A figure that does not exist yet (a mean of nothing) is empty, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["history", "balance", "invoice", "cohort", "external", "rhythm", "pay_run", "lasting", "fact"]


@dataclass(frozen=True)
class Feature:
    """One feature: its name, unit, definition, and the group it is computed with."""

    name: str
    unit: str
    definition: str
    group: Group


def _group(group: Group, *rows: tuple[str, str, str]) -> tuple[Feature, ...]:
    return tuple(Feature(name, unit, definition, group) for name, unit, definition in rows)


HISTORY = _group(
    "history",
    ("invoices_issued", "count", "items known"),
    ("invoices_issued_365d", "count", "items that became known in the last 365 days"),
    ("invoices_issued_90d", "count", "items that became known in the last 90 days"),
    ("settled_invoices", "count", "closings by payment"),
    ("settled_invoices_365d", "count", "closings by payment in the last 365 days"),
    ("settled_invoices_90d", "count", "closings by payment in the last 90 days"),
    ("matured_invoices", "count", "items once closed by payment or once more than 30 days past due"),
    ("mean_days_late", "days", "mean of settled day - due day over all closings"),
    ("mean_days_late_365d", "days", "mean days late of the closings of the last 365 days"),
    ("mean_days_late_90d", "days", "mean days late of the closings of the last 90 days"),
    ("mean_days_late_last_5", "days", "mean days late of the last 5 closings"),
    ("median_days_late_last_5", "days", "median days late of the last 5 closings"),
    ("mean_days_late_last_10", "days", "mean days late of the last 10 closings"),
    ("median_days_late_last_10", "days", "median days late of the last 10 closings"),
    ("std_days_late_last_10", "days", "population standard deviation of days late, last 10 closings"),
    ("std_days_late_365d", "days", "population standard deviation of days late, last 365 days"),
    ("last_days_late", "days", "days late of the last closing"),
    ("worst_days_late", "days", "largest days late of all closings"),
    ("decayed_days_late", "days", "mean of days late, a closing's weight halves every 90 days"),
    ("days_late_trend", "days", "mean_days_late_last_5 - mean_days_late_365d"),
    ("weighted_days_late_365d", "days", "mean of days late weighted by amount, last 365 days"),
    ("late_share", "share", "closings more than late_after_days late / closings"),
    ("late_share_365d", "share", "late_share of the closings of the last 365 days"),
    ("late_share_90d", "share", "late_share of the closings of the last 90 days"),
    ("late_share_last_5", "share", "late_share of the last 5 closings"),
    ("late_share_last_10", "share", "late_share of the last 10 closings"),
    ("late_amount_share_365d", "share", "late_share_365d by amount instead of by count"),
    ("early_over_7_share_365d", "share", "closings more than 7 days early / closings, last 365 days"),
    ("late_over_7_share_365d", "share", "closings more than 7 days late / closings, last 365 days"),
    ("late_over_14_share_365d", "share", "closings more than 14 days late / closings, last 365 days"),
    ("late_over_30_share_365d", "share", "closings more than 30 days late / closings, last 365 days"),
    ("late_over_60_share_365d", "share", "closings more than 60 days late / closings, last 365 days"),
    ("decayed_late_share", "share", "late_share, a closing's weight halves every 90 days"),
    ("on_time_streak", "count", "closings since the last late one"),
    ("mean_days_to_pay_365d", "days", "mean of settled day - issue day, last 365 days"),
    ("days_since_last_payment", "days", "day - day the last closing became known"),
    ("days_since_last_invoice", "days", "day - day the last item became known"),
    ("days_since_first_invoice", "days", "day - day the first item became known"),
    ("days_between_payments_365d", "days", "mean gap between the days of closings, last 365 days"),
    ("reversals_365d", "count", "payments taken back in the last 365 days"),
    ("disputes_opened_365d", "count", "disputes that became known in the last 365 days"),
)

BALANCE = _group(
    "balance",
    ("open_invoices", "count", "open items"),
    ("overdue_invoices", "count", "open items past due"),
    ("open_amount", "money", "open amount of all open items"),
    ("overdue_amount", "money", "open amount of the items past due"),
    ("overdue_over_30_amount", "money", "open amount of the items more than 30 days past due"),
    ("overdue_share", "share", "overdue_amount / open_amount"),
    ("weighted_days_past_due", "days", "days past due of overdue items weighted by open amount"),
    ("oldest_days_past_due", "days", "day - earliest due day of the open items, negative before it"),
    ("issued_amount_365d", "money", "amount of the items that became known in the last 365 days"),
    ("issued_amount_90d", "money", "amount of the items that became known in the last 90 days"),
    ("mean_invoice_amount_365d", "money", "issued_amount_365d / invoices_issued_365d"),
    ("issued_amount_trend", "ratio", "issued_amount_365d / amount of the 365 days before those"),
)

INVOICE = _group(
    "invoice",
    ("payment_terms_days", "days", "due day - issue day"),
    ("days_past_due", "days", "day - due day, negative before due"),
    ("days_since_issue", "days", "day - issue day"),
    ("invoice_amount", "money", "original amount of the item"),
    ("amount_to_mean_ratio", "ratio", "invoice_amount / mean_invoice_amount_365d"),
    ("open_share", "share", "open amount of the item / its amount"),
    ("due_weekday", "weekday", "weekday of the due day, Monday = 0"),
    ("due_day_of_month", "day", "day of the month of the due day"),
    ("due_month", "month", "month of the due day"),
    ("days_due_to_month_end", "days", "days from the due day to the last day of its month"),
    ("known_lag_days", "days", "day the item became known - issue day"),
    ("disputed_now", "flag", "1 while a dispute about the item is open"),
)

COHORT = _group(
    "cohort",
    ("portfolio_late_share_90d", "share", "late_share_90d over all debtors"),
    ("portfolio_mean_days_late_90d", "days", "mean_days_late_90d over all debtors"),
    ("sector_late_share_365d", "share", "late_share_365d over the debtor's sector"),
    ("sector_mean_days_late_365d", "days", "mean_days_late_365d over the debtor's sector"),
    ("country_late_share_365d", "share", "late_share_365d over the debtor's country"),
    ("size_late_share_365d", "share", "late_share_365d over the debtor's size class"),
    ("size_mean_days_late_365d", "days", "mean_days_late_365d over the debtor's size class"),
    ("peer_late_share_365d", "share", "late_share_365d over debtors in the same ten points of credit score"),
    ("peer_mean_days_late_365d", "days", "mean_days_late_365d over debtors in the same ten points"),
    ("terms_late_share_365d", "share", "late_share_365d over items with the same payment terms"),
    ("terms_mean_days_late_365d", "days", "mean_days_late_365d over items with the same payment terms"),
)

EXTERNAL = _group(
    "external",
    ("credit_score", "score", "the score last given to the debtor, on its provider's scale"),
    ("credit_score_age_days", "days", "day - day that score was given"),
)

RHYTHM = _group(
    "rhythm",
    ("pay_weekday_share_365d", "share", "closings on the commonest weekday / closings, last 365 days"),
    ("month_end_share_365d", "share", "paid_at_month_end_365d / closings of the last 365 days"),
    ("days_due_to_pay_weekday", "days", "days from the due day to the next weekday that holds half of them"),
    ("days_late_at_next_run", "days", "first pay-run at or after the usual moment - due day"),
    ("days_waiting_for_run", "days", "that pay-run - the usual moment"),
)
"""Whether a debtor pays on fixed days, and what follows for the invoice; empty before it paid three times
in 365 days. Its pay-run is the month's last day where half of its closings fall on month ends, else the
weekday that half of them fall on. The usual moment, at which an invoice is ready for the next run, is the
due day + mean_days_late_365d - half the time between two runs (15 or 3 days), half days up."""

_PAID_ON = "closings of the last 365 days whose settled day is "

PAY_RUN = _group(
    "pay_run",
    ("paid_on_monday_365d", "count", _PAID_ON + "a Monday"),
    ("paid_on_tuesday_365d", "count", _PAID_ON + "a Tuesday"),
    ("paid_on_wednesday_365d", "count", _PAID_ON + "a Wednesday"),
    ("paid_on_thursday_365d", "count", _PAID_ON + "a Thursday"),
    ("paid_on_friday_365d", "count", _PAID_ON + "a Friday"),
    ("paid_on_weekend_365d", "count", _PAID_ON + "a Saturday or Sunday"),
    ("paid_at_month_end_365d", "count", _PAID_ON + "in the last two days of a month, or Monday 1 or 2"),
)
"""On which days a debtor pays: counts, so that the reader can shrink them."""

LASTING = _group(
    "lasting",
    ("lasting_early_over_7_share", "share", "closings over 7 days early / closings, weighted alike"),
    ("lasting_late_share", "share", "late_share, a closing's weight halves every 365 days"),
    ("lasting_late_over_7_share", "share", "closings over 7 days late / closings, weighted alike"),
)
"""How a debtor's delays are spread in the long run: what segments are learned from. As weights fade together,
these change with facts only, never by time passing."""

FACTS = _group(
    "fact",
    ("country", "text", "ISO 3166 alpha-2 code"),
    ("region", "text", "subdivision code within the country"),
    ("language", "text", "ISO 639-1 code"),
    ("sector", "text", "line of business"),
    ("size", "text", "size class"),
    ("type", "text", "customer type, such as one_time or intercompany"),
    ("legal_kind", "text", "business, public, consumer or unknown"),
    ("group", "text", "group of companies"),
    ("channel", "text", "preferred channel"),
    ("invoicing_method", "text", "paper, pdf, e-invoice"),
    ("collector", "text", "person who collects"),
    ("account_manager", "text", "person who sells"),
    ("status", "text", "prospect, active, dormant or blocked"),
    ("key_account", "flag", "handled by hand"),
    ("insolvent", "flag", "an insolvency was known before the day"),
    ("insolvent_on", "day", "day of that insolvency"),
    ("legal", "flag", "the case was known to be in court before the day"),
    ("legal_on", "day", "day it went to court"),
    ("credit_limit", "money", "limit given by the creditor"),
    ("insured_limit", "money", "limit of the credit insurer"),
    (
        "months_since_last_invoice",
        "months",
        "whole months since the last item became known",
    ),
    ("value_class", "text", "top, middle or tail of the revenue of the last 365 days"),
    ("own_score", "score", "own-payment score, 0 (worst) to 100 (best)"),
    ("external_score", "score", "worst external score, from 0 (worst) to 100"),
    ("risk", "text", "high, average or low"),
    ("delay_tactics_365d", "count", "delay tactics of any kind in the last 365 days"),
    ("chronic_delay_tactics", "flag", "one of them is a habit"),
    ("model_segment", "text", "what the scheme alone says; empty without history"),
    ("previous_segment", "text", "segment in the previous run"),
)
"""What rules may speak of beside the features: today's row of the debtor and what follows from it.
They serve rules and treatment on the run day and are never learned from."""

DEBTOR_FEATURES: tuple[Feature, ...] = HISTORY + BALANCE + LASTING
"""Figures of a (debtor, day) point."""

INVOICE_FEATURES: tuple[Feature, ...] = HISTORY + BALANCE + INVOICE + COHORT + EXTERNAL + RHYTHM
"""Figures of an (invoice, day) point that models learn from."""

INVOICE_COLUMNS: tuple[Feature, ...] = INVOICE_FEATURES + PAY_RUN + LASTING
"""All figures of an (invoice, day) point: those to learn from, those that spread a delay over days, those
that segments go by."""

RULE_NAMES: dict[str, Feature] = {feature.name: feature for feature in DEBTOR_FEATURES + FACTS}
"""What a rule may speak of, by name."""

CATALOGUE: dict[str, Feature] = {feature.name: feature for feature in INVOICE_COLUMNS}


def names(features: tuple[Feature, ...]) -> list[str]:
    """The features' names, in catalogue order."""
    return [feature.name for feature in features]
