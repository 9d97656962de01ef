"""The model card of a payment-time version: what it predicts, from what, how well, and what it is not for.

After Mitchell et al., Model Cards for Model Reporting (2019).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from features.catalogue import CATALOGUE
from models.evaluation.evaluate import MODEL
from models.evaluation.gate import Verdict
from pipelines.backtesting.evaluation_details import payment_days, reliability
from pipelines.backtesting.evaluation_tables import against_simpler, by_segment, for_whom, how_good
from pipelines.reporting.sections import Cell, Section, Table, markdown, number

GROUPS = {
    "history": "how the debtor paid before",
    "balance": "what the debtor owes and buys",
    "invoice": "the invoice itself",
    "cohort": "how others like it pay",
    "rhythm": "whether the debtor pays on fixed days, and what follows for the invoice",
    "pay_run": "the debtor's payment days",
    "lasting": "what segments go by",
    "external": "what others say of the debtor",
}
OWN_COLUMNS = "columns of the ledger's own"

LIMITS = (
    "It orders the work and plans reminders and cash. It is no credit score: do not refuse credit, terms or "
    "a contract on it, and do not hand it on as a judgement of somebody. Adverse treatment of a person is "
    "decided by a person, who sees the reasons and can overrule them (GDPR, article 22).",
    "It says nothing of what is owed by law, or of notices that the law asks for: it is not legal advice.",
    "It has not seen items paid by direct debit (their day is the creditor's own choice), credit notes, and "
    "residuals after they went dormant. What was closed by a credit note or a write-off is neither late nor "
    "on time.",
    "It learned under the reminders of its time. It does not say what a reminder changes; payment may move "
    "when reminders do.",
    "It names no day more than {horizon_days} days after due or after the day of the question; beyond that "
    "only the classes speak.",
    "Of a debtor with few settled invoices it knows little more than of others like it.",
    "Its figures are those of the days it was measured on. Train and measure again when customers, terms or "
    "the economy change.",
)


def model_card(
    *,
    trained_as_of: date,
    late_after_days: int,
    features: Sequence[str],
    params: Mapping[str, object],
    counts: Mapping[str, int],
    measured: str,
    evaluation: Mapping[str, Any],
    verdict: Verdict,
) -> str:
    """Return the card as Markdown; the same inputs give the same text.

    features: the columns that the model learned from. params: its hyper-parameters, horizon_days among
    them. counts: name -> number of what it learned from (rows, invoices, debtors). measured: on what, in
    words. evaluation: as `evaluate` returns it, without models where nothing could be
    measured.
    """
    limits = [limit.format(horizon_days=params["horizon_days"]) for limit in LIMITS]
    sections = [
        _purpose(late_after_days),
        _training(trained_as_of, counts),
        _features(features),
        _hyper_parameters(params),
        _verdict(verdict),
        *_figures(measured, evaluation),
        Section("Limits", points=(*limits, _attributes(features))),
    ]
    return markdown(f"Model card: payment-time, trained as of {trained_as_of}", sections)


def _purpose(late_after_days: int) -> Section:
    late = f"more than {late_after_days} days after due" if late_after_days else "after due"
    return Section(
        "What it predicts",
        "When an open invoice will be paid, given that it is unpaid on the day of the question, be that the "
        "day of issue or one long after due.",
        (
            f"The probability that it is settled late ({late}).",
            "The probabilities of on time, 1 to 30, 31 to 60, 61 to 90 and over 90 days late.",
            "The day by which it is paid with a probability of 10, 50 and 90 %.",
            "All from one distribution over days, so they never contradict each other.",
            "For people who follow up receivables of a company: credit controllers and their managers.",
        ),
    )


def _training(trained_as_of: date, counts: Mapping[str, int]) -> Section:
    learned = ", ".join(f"{number(count)} {what}" for what, count in counts.items())
    return Section(
        "What it learned from",
        f"What was known before {trained_as_of}: {learned}. A row is an invoice on a day of its life (issue, "
        "half-way to due, due, 7 to 90 days after), with what was known before that day. Invoices still open "
        "count as not paid so far; none is left out for being young.",
    )


def _features(features: Sequence[str]) -> Section:
    groups: dict[str, list[str]] = {}
    for name in features:
        group = GROUPS.get(CATALOGUE[name].group, CATALOGUE[name].group) if name in CATALOGUE else OWN_COLUMNS
        groups.setdefault(group, []).append(name)
    rows = tuple(
        (Cell(group), Cell(number(len(names))), Cell(", ".join(names))) for group, names in groups.items()
    )
    return Section(
        "Features",
        tables=(Table(("about", ">number", "names"), rows),),
        note="`debtscape features` prints the unit and the definition of each.",
    )


def _hyper_parameters(params: Mapping[str, object]) -> Section:
    rows = tuple((Cell(name), Cell(str(params[name]))) for name in sorted(params) if name != "features")
    return Section("Hyper-parameters", tables=(Table(("name", "value"), rows),) if rows else ())


def _verdict(verdict: Verdict) -> Section:
    accepted = "Accepted" if verdict.accepted else "Refused"
    proven = ", and proven better than what it has to beat" if verdict.proven_better else ""
    return Section(
        "Verdict",
        f"{accepted}{proven}.",
        (*verdict.reasons, *(why for _, why in sorted(verdict.rule_segments.items()))),
    )


def _figures(measured: str, evaluation: Mapping[str, Any]) -> Iterator[Section]:
    """Yield how it was measured and what came out; one section that says so where nothing could be."""
    if MODEL not in evaluation["models"]:
        yield Section("How it was measured", "It could not be measured; the verdict says why.")
        return
    yield Section(
        "How it was measured",
        f"On {measured}, by a model of the same kind that had learned only from what was known before: "
        f"{number(evaluation['points'])} predictions about {number(evaluation['invoices'])} invoices of "
        f"{number(evaluation['debtors'])} debtors. The registered model then learned from everything.",
    )
    for part in (how_good, against_simpler, by_segment, reliability, payment_days, for_whom):
        section = part(evaluation)
        if section is not None:
            yield replace(section, plot="")


def _attributes(features: Sequence[str]) -> str:
    """Say what the features hold of persons, as far as their names tell."""
    text = "None of its features is an attribute of a person such as age, sex, origin, religion or health."
    if any(name.startswith("country_") for name in features):
        text += " The country enters as the payment behaviour of all debtors there."
    own = sorted(name for name in features if name not in CATALOGUE)
    if own:
        text = f"Whether a column of the ledger's own describes persons was not looked at: {', '.join(own)}."
    return text
