"""Quotes and orders: an invoice that does not exist yet is predicted like one that does."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_ledgers import ledgers
from thoroughness import examples

from features.cleaning import Cleaned
from features.errors import DebtscapeError
from features.invoice_state import invoice_features
from features.ledger import known_before
from features.simulate import simulate, write_portfolio
from models import registry
from models.segments.delay_tactics import read_tactics
from models.segments.rules import read_rules
from models.treatment.policy_file import read_policy
from pipelines import cli
from pipelines.deciding import Models, debtors_on, decide, known_debtors
from pipelines.learning.fitted_models import fitted_segments
from pipelines.learning.folds import payment_time, training_rows
from pipelines.predicting import predict_items
from pipelines.questions import quote_scores
from pipelines.questions.quote_scores import score, segments_before_quotes
from pipelines.questions.quoting import quote_invoice, quote_orders
from pipelines.reading import Reading, books_of, read
from pipelines.running import champions, models_of
from pipelines.settings_file import parse_settings

TODAY = date(2026, 1, 1)
DAY = date(2025, 3, 1)
TRAINED = date(2025, 10, 1)
SMALL = (
    "\npredictor: {training_rows: 600, evaluation_rows: 500, iterations: 10}\n"
    "segments: {clusters: 4}\nworkers: 1\n"
)
SAID = [
    "p_late", "p_on_time", "p_1_30", "p_31_60", "p_61_90", "p_over_90",
    "paid_on_p10", "paid_on_p50", "paid_on_p90", "source", "reasons", "model_version",
]  # fmt: skip
EXPECTED = (
    "provisional_segment", "expected_late_share", "expected_late_share_p10", "expected_late_share_p90",
)  # fmt: skip
CURRENCIES = st.sampled_from(["EUR", "USD", "JPY"])
NO_MODEL = Models(segments=None, payment_time=None, timing={}, versions={}, fingerprints={})

INVOICES = """invoice_id,customer_id,issued_on,due_on,amount,currency,payment_method,kind,paid_on
B1,Bakery,2024-01-01,2024-03-31,100,EUR,transfer,invoice,2024-04-02
B2,Bakery,2024-11-01,2024-11-15,100,EUR,transfer,invoice,2024-11-20
B3,Bakery,2024-12-01,2024-12-31,100,EUR,transfer,invoice,2025-01-05
B4,Bakery,2025-01-01,2025-01-31,100,EUR,transfer,invoice,
B5,Bakery,2025-02-01,2025-02-01,-20,EUR,transfer,credit_note,
C1,Cafe,2024-12-01,2024-12-15,100,EUR,transfer,invoice,2024-12-20
C2,Cafe,2025-01-01,2025-01-31,100,USD,transfer,invoice,2025-02-05
D1,Debit,2025-01-10,2025-01-24,100,EUR,direct_debit,invoice,2025-01-24
O1,Old,2024-02-29,2024-05-29,100,EUR,transfer,invoice,2024-06-01
"""
ORDERS = """customer_id,ordered_on,amount
Bakery,2025-01-29,1
Bakery,2025-01-30,2
Cafe,2025-02-28,3
Newcomer,2025-02-27,4
Bakery,2025-02-26,0
Cafe,2025-02-25,-6
Bakery,2025-03-01,8
"""

Frame = pd.DataFrame


def written(folder: Path, orders: str | None = ORDERS, invoices: str = INVOICES) -> Path:
    """A configuration beside its files."""
    (folder / "invoices.csv").write_text(invoices)
    tables = "  invoices: {path: invoices.csv, dates: iso}\n"
    if orders is not None:
        (folder / "orders.csv").write_text(orders)
        tables += "  orders: {path: orders.csv, dates: iso}\n"
    config = folder / "debtscape.yaml"
    config.write_text(f"ledger:\n{tables}workers: 1\n")
    return config


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The tiny ledger, with orders."""
    return written(tmp_path)


def quoted(config: Path, customer: str, day: date | None = DAY, **asked: Any) -> dict[str, Any]:
    """The one quote, with the warnings of its answer."""
    result = quote_invoice(config, customer, **{"amount": 100.0, **asked}, as_of=day, today=TODAY)
    (quote,) = result["quotes"]
    return {**quote, "warnings": result["warnings"]}


@pytest.mark.parametrize(
    ("customer", "terms", "source"),
    [("Bakery", 30, "debtor"), ("Cafe", 14, "debtor"), ("Old", 14, "portfolio"), ("Nobody", 14, "portfolio")],
)
def test_usual_terms_are_the_lower_median_of_a_year(
    config: Path, customer: str, terms: int, source: str
) -> None:
    """Bakery agreed to 14, 30, 30 (90 is too old, a credit note has none), Cafe to 14, 30; all: 14 or 30."""
    quote = quoted(config, customer)
    assert (quote["payment_terms_days"], quote["terms_from"]) == (terms, source)
    assert quote["due_on"] == (DAY + timedelta(days=terms)).isoformat()


def test_terms_that_are_said_hold(config: Path) -> None:
    """From 0 to 365 days, whatever is usual."""
    for terms in (0, 60, 365):
        quote = quoted(config, "Bakery", terms=terms)
        assert (quote["payment_terms_days"], quote["terms_from"]) == (terms, "given")
        assert quote["due_on"] == (DAY + timedelta(days=terms)).isoformat()


def test_the_terms_of_old_invoices_are_better_than_none(config: Path) -> None:
    """A year without invoices: those before it say what is usual, 30 for Bakery."""
    assert quoted(config, "Bakery", date(2025, 12, 31))["payment_terms_days"] == 30
    later = quoted(config, "Bakery", TODAY)  # D1 of 2025-01-10 is the only one of the year with B4 and C2
    assert later["payment_terms_days"] == 30


def test_a_quote_says_what_its_debtor_settled_so_far(config: Path) -> None:
    """Known before the day and in the quote's currency; a direct debit is no payment of the debtor's."""
    assert quoted(config, "Bakery")["settled_invoices"] == 3
    assert quoted(config, "Bakery", date(2025, 1, 5))["settled_invoices"] == 2
    assert quoted(config, "Cafe", currency="EUR")["settled_invoices"] == 1
    assert quoted(config, "Debit")["settled_invoices"] == 0


def test_the_currency_is_by_default_that_of_the_newest_invoice(config: Path) -> None:
    """Cafe's last was in dollars; who has none gets the home currency; a code may be written small."""
    assert quoted(config, "Cafe")["currency"] == "USD"
    assert quoted(config, "Nobody")["currency"] == "EUR"
    yen = quoted(config, "Cafe", currency="jpy")
    assert (yen["currency"], yen["amount"], yen["settled_invoices"]) == ("JPY", 100.0, 0)
    assert "no invoice in JPY before 2025-03-01" in yen["note"]


def test_a_debtor_never_seen_before_is_quoted_with_a_note(config: Path) -> None:
    """Its surroundings speak; an id that is nearly that of a debtor is asked about."""
    quote = quoted(config, "Bakry")
    assert quote["settled_invoices"] == 0
    assert 0 < quote["p_late"] < 1
    assert "no invoice before 2025-03-01" in quote["note"]
    assert any("did you mean Bakery?" in text for text in quote["warnings"])
    known = quoted(config, " Bakery ")
    assert known["customer_id"] == "Bakery"
    assert known["note"] == ""
    assert not any("did you mean" in text for text in known["warnings"])


def test_without_a_champion_the_rule_speaks_and_says_so(config: Path) -> None:
    """Five classes that sum to one, days in order and not before the day, and the way to a model."""
    quote = quoted(config, "Bakery")
    assert (quote["source"], quote["model_version"]) == ("rule", None)
    assert sum(quote[name] for name in SAID[1:6]) == pytest.approx(1)
    days = [quote[name] or "later" for name in ("paid_on_p10", "paid_on_p50", "paid_on_p90")]
    assert ["2025-03-01", *days] == sorted(["2025-03-01", *days])
    assert quote["reasons"]
    assert "there is no champion of payment-time" in quote["warnings"][0]


def test_orders_of_thirty_days_before_the_day_are_quoted(config: Path) -> None:
    """The first and the last of the 30 days; not that of the day itself; no cancelled amount."""
    result = quote_orders(config, as_of=DAY, today=TODAY)
    orders = [(q["customer_id"], q["ordered_on"], q["amount"], q["currency"]) for q in result["quotes"]]
    assert orders == [
        ("Bakery", "2025-01-30", 2.0, "EUR"),
        ("Newcomer", "2025-02-27", 4.0, "EUR"),
        ("Cafe", "2025-02-28", 3.0, "EUR"),
    ]
    assert result["left_out"] == 2
    assert (result["ordered_from"], result["ordered_before"]) == ("2025-01-30", "2025-03-01")
    bakery, newcomer, _ = result["quotes"]
    assert bakery["note"] == ""
    assert "no invoice before" in newcomer["note"]
    alone = quoted(config, "Bakery", amount=2.0)
    assert {**bakery, "warnings": alone["warnings"]} == {**alone, "ordered_on": "2025-01-30"}


def test_orders_may_be_given_terms(config: Path) -> None:
    """One number for all of them."""
    result = quote_orders(config, terms=7, as_of=DAY, today=TODAY)
    assert {q["payment_terms_days"] for q in result["quotes"]} == {7}


def test_nothing_is_written(config: Path) -> None:
    """The folder holds the same files afterwards, also without a registry to look into."""
    before = {path: path.read_bytes() for path in config.parent.rglob("*") if path.is_file()}
    quoted(config, "Bakery")
    quote_orders(config, as_of=DAY, today=TODAY)
    assert {path: path.read_bytes() for path in config.parent.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"amount": 0.0}, "--amount 0 is not above 0"),
        ({"amount": -5.0}, "--amount -5 is not above 0"),
        ({"amount": float("nan")}, "--amount nan is not above 0"),
        ({"amount": float("inf")}, "--amount inf is not above 0"),
        ({"amount": 0.004}, "an amount of 0.004 EUR is less than the smallest coin"),
        ({"currency": "EURO"}, "--currency EURO: no such currency"),
        ({"currency": ""}, "no such currency"),
        ({"terms": -1}, "--terms -1 is not a number of days from 0 to 365"),
        ({"terms": 366}, "--terms 366 is not a number of days from 0 to 365"),
    ],
)
def test_a_quote_that_makes_no_sense_is_refused(config: Path, asked: dict[str, Any], said: str) -> None:
    """In one line that names the option and what it was given."""
    with pytest.raises(DebtscapeError) as refusal:
        quoted(config, "Bakery", **asked)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_empty_customer_is_refused(config: Path) -> None:
    """Blanks are no id."""
    with pytest.raises(DebtscapeError, match="id is empty"):
        quoted(config, "  ")


@pytest.mark.parametrize(
    ("orders", "said"),
    [
        (None, "the ledger has no orders known before 2025-03-01: map the table orders"),
        ("customer_id,ordered_on,amount\nBakery,2025-02-20,-5\n", "the ledger has no orders"),
        ("customer_id,ordered_on,amount\nBakery,2025-03-01,5\n", "the ledger has no orders"),
        ("customer_id,ordered_on,amount\nBakery,2025-01-29,5\n", "Try --as-of 2025-01-30"),
    ],
    ids=["no table", "none above 0", "not known yet", "too old"],
)  # fmt: skip
def test_without_orders_to_quote_the_way_out_is_named(tmp_path: Path, orders: str | None, said: str) -> None:
    """No table, no amount, nothing known yet, or nothing recent; the day that is named works."""
    config = written(tmp_path, orders)
    with pytest.raises(DebtscapeError) as refusal:
        quote_orders(config, as_of=DAY, today=TODAY)
    assert said in str(refusal.value)
    if "--as-of" in said:
        assert len(quote_orders(config, as_of=date(2025, 1, 30), today=TODAY)["quotes"]) == 1


def test_only_credit_notes_say_no_terms(tmp_path: Path) -> None:
    """Then they must be given."""
    header = INVOICES.splitlines()[0]
    notes = f"{header}\nB5,Bakery,2025-02-01,2025-02-01,-20,EUR,transfer,credit_note,\n"
    config = written(tmp_path, None, notes)
    with pytest.raises(DebtscapeError, match="say them with --terms"):
        quoted(config, "Bakery")
    assert quoted(config, "Bakery", terms=14)["payment_terms_days"] == 14


# ---- the command ----


def shell(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the real entry point."""
    monkeypatch.setattr(sys, "argv", ["debtscape", "quote", *arguments])
    monkeypatch.setenv("COLUMNS", "200")
    capfd.readouterr()
    try:
        cli.main()
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    out, err = capfd.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["Bakery", "--amount", "0"], 1, "debtscape: --amount 0 is not above 0"),
        (["Bakery", "--amount", "5", "--terms", "400"], 1, "debtscape: --terms 400"),
        (["Bakery", "--amount", "5", "--currency", "XYZ"], 1, "debtscape: --currency XYZ"),
        (["--as-of", "2024-06-01"], 1, "debtscape: the ledger has no orders known before 2024-06-01"),
        (["Bakery", "--amount", "5", "--as-of", "1.3.2025"], 2, "'1.3.2025' is not a day"),
        (["Bakery", "--amount", "5", "--as-of", "2999-01-01"], 2, "is after today"),
        (["Bakery", "--amount", "much"], 2, "Invalid value for '--amount'"),
        (["Bakery"], 2, "a CUSTOMER needs an --amount"),
        (["--amount", "5"], 2, "need a CUSTOMER"),
        (["--currency", "EUR"], 2, "need a CUSTOMER"),
    ],
)
def test_the_command_refuses_without_a_traceback(
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    """1 for what cannot be quoted, 2 for what was not understood; nothing on standard output."""
    stopped, out, err = shell(monkeypatch, capfd, *arguments, "-c", str(config))
    assert (stopped, out) == (code, "")
    assert said in " ".join(line.strip("│ ") for line in err.splitlines())
    assert "Traceback" not in err


def test_the_command_shows_a_card_or_a_table_and_prints_json(
    config: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A quote as a card, orders as a table, and the same as one JSON document."""
    common = ["-c", str(config), "--as-of", "2025-03-01"]
    code, card, _ = shell(monkeypatch, capfd, "Bakery", "--amount", "1234.5", *common)
    assert code == 0
    assert "Bakery, invoiced on 2025-03-01" in card
    assert "1,234.50 EUR" in card
    assert "2025-03-31, 30 days (debtor)" in card
    code, table, _ = shell(monkeypatch, capfd, *common)
    assert code == 0
    assert "Newcomer" in table
    assert "1 of 3 are for debtors who have no earlier invoice in EUR" in table
    assert "2 orders are left out" in table
    code, printed, _ = shell(monkeypatch, capfd, "Bakery", "--amount", "1234.5", "--json", *common)
    assert code == 0
    assert json.loads(printed) == quote_invoice(config, "Bakery", amount=1234.5, as_of=DAY, today=TODAY)


# ---- a quote and the invoice that it would be ----


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated ledger with champions that learned from what was known before TRAINED, no gate asked."""
    folder = tmp_path_factory.mktemp("quoting")
    config = write_portfolio(simulate(debtors=80, months=18, seed=4, end=TODAY), folder)
    config.write_text(config.read_text() + SMALL)
    reading = read(config, as_of=TRAINED, today=TODAY)
    known, became = training_rows(reading.ledger, TRAINED, reading.settings)
    (segments,), _ = fitted_segments(reading, date(2025, 7, 1))
    registry.quiet()
    uri = reading.settings.tracking_uri
    for name, files, example in (
        ("payment-time", payment_time(reading.settings).fit(known, became).files(), known.head(5)),
        ("debtor-segments", segments.files, segments.example),
    ):
        version = registry.log_version(name, files, example=example, trained_as_of=TRAINED, tracking_uri=uri)
        registry.set_alias(name, "champion", version, tracking_uri=uri)
    return config


def issued_on(reading: Reading, day: date) -> Frame:
    """The real invoices issued and known on a day."""
    invoices = reading.cleaned.ledger.invoices
    on = (invoices["issued_on"] == pd.Timestamp(day)) & (invoices["known_on"] == pd.Timestamp(day))
    return invoices[on & (invoices["amount_minor"] > 0)].reset_index(drop=True)


def asked_like(invoices: Frame) -> Frame:
    """The quotes that would have become these invoices."""
    return invoices[["customer_id", "amount_minor", "currency"]].copy()


def with_rule_in(reading: Reading, *segments: str) -> Models:
    """The champions, that of the payment time left out in these segments, whatever the gate found."""
    models = models_of(champions(reading)[0], reading)
    assert models.payment_time is not None
    own = replace(
        models.payment_time,
        parameters={**models.payment_time.parameters, "rule_segments": [*segments]},
    )
    return replace(models, payment_time=own)


@pytest.mark.parametrize("by", ["model", "rule"])
def test_a_quote_is_predicted_as_its_invoice_had_it_been_in_the_ledger(trained: Path, by: str) -> None:
    """The invoices issued on a day, predicted on that day from the ledger that holds them, say the same."""
    ledger = read(trained, as_of=TODAY, today=TODAY).ledger
    day = (
        ledger.invoices.loc[ledger.invoices["issued_on"] >= pd.Timestamp(TRAINED), "issued_on"]
        .mode()[0]
        .date()
    )
    reading = read(trained, as_of=day, today=TODAY)
    models = with_rule_in(reading) if by == "model" else models_of({}, reading)
    real = issued_on(reading, day)
    debit = reading.ledger.invoices["payment_method"] == "direct_debit"
    chosen_by_us = {*reading.ledger.invoices.loc[debit, "customer_id"]}
    real = real[~real["customer_id"].isin(chosen_by_us)].head(3).reset_index(drop=True)
    assert len(real) == 3
    books = books_of(known_before(reading.cleaned.ledger, day + timedelta(days=1)), reading.settings)
    terms = (real["due_on"] - real["issued_on"]).dt.days
    items = real.assign(open_amount_minor=real["amount_minor"], days_past_due=-terms, dormant=False)
    segments = decide(reading, models, None)["segments"]
    version = models.versions.get("payment-time")
    expected = predict_items(reading, books, items, segments, models.payment_time, version)
    settled = invoice_features(books, items[["invoice_id"]].assign(day=pd.Timestamp(day)))["settled_invoices"]
    assert set(expected["source"]) == {by}
    for row in range(len(real)):
        asked = asked_like(real.iloc[[row]]).reset_index(drop=True)
        quote = score(reading, models, asked, int(terms[row]))
        pd.testing.assert_frame_equal(quote[SAID], expected.loc[[row], SAID].reset_index(drop=True))
        assert quote["settled_invoices"][0] == settled[row]


def test_quotes_do_not_see_each_other(trained: Path) -> None:
    """Together, alone, in another order, twice for one debtor: each says the same."""
    reading = read(trained, as_of=date(2025, 11, 3), today=TODAY)
    models = models_of(champions(reading)[0], reading)
    asked = asked_like(issued_on(reading, reading.as_of)).head(3)
    asked = pd.concat(
        [asked, asked.head(1).assign(amount_minor=10**9), asked.head(1).assign(customer_id="New")]
    )
    asked = asked.reset_index(drop=True)
    together = score(reading, models, asked).drop(columns="invoice_id")
    backwards = score(reading, models, asked[::-1].reset_index(drop=True)).drop(columns="invoice_id")
    pd.testing.assert_frame_equal(together, backwards[::-1].reset_index(drop=True))
    for row in range(len(asked)):
        alone = score(reading, models, asked.iloc[[row]].reset_index(drop=True)).drop(columns="invoice_id")
        pd.testing.assert_frame_equal(together.iloc[[row]].reset_index(drop=True), alone)


def test_the_champion_says_who_it_is_and_keeps_silent_before_its_day(trained: Path) -> None:
    """Its version stands on the quote; before the day it was trained on, the rule speaks and says why."""
    reading = read(trained, as_of=TRAINED, today=TODAY)
    models = models_of(champions(reading)[0], reading)
    predictions = decide(reading, models, None)["predictions"]
    customer = str(predictions.loc[predictions["source"] == "model", "customer_id"].iloc[0])
    now = quoted(trained, customer, TRAINED)
    assert (now["source"], now["model_version"], now["warnings"]) == ("model", "1", [])
    before = quoted(trained, customer, TRAINED - timedelta(days=1))
    assert (before["source"], before["model_version"]) == ("rule", None)
    assert f"the champion of payment-time has seen facts up to {TRAINED}" in before["warnings"][0]


def test_where_the_model_was_worse_the_rule_quotes(trained: Path) -> None:
    """In a segment that the gate left to the rule; a debtor never seen before is NEW."""
    reading = read(trained, as_of=TRAINED, today=TODAY)
    models = with_rule_in(reading)
    segments = decide(reading, models, None)["segments"].set_index("customer_id")["segment"]
    payer = segments.index[segments == "A"][0]
    asked = pd.DataFrame({"customer_id": [payer, "nobody"], "amount_minor": 10_000, "currency": "EUR"})
    assert score(reading, models, asked)["source"].tolist() == ["model", "model"]
    assert score(reading, with_rule_in(reading, "NEW"), asked)["source"].tolist() == ["model", "rule"]
    assert score(reading, with_rule_in(reading, "A"), asked)["source"].tolist() == ["rule", "model"]


def test_a_debtor_with_too_short_a_history_is_quoted_with_a_provisional_segment(trained: Path) -> None:
    """New ones as in the run of the day, unknown ones as the portfolio; established ones have their own."""
    reading = read(trained, as_of=TRAINED, today=TODAY)
    models = models_of(champions(reading)[0], reading)
    run = decide(reading, models, None)["segments"].set_index("customer_id")
    new = str(run.index[run["segment"] == "NEW"][0])
    old = str(run.index[run["source"] == "model"][0])
    asked = pd.DataFrame(
        {"customer_id": [new, old, "nobody", "no one"], "amount_minor": 10_000, "currency": "EUR"}
    )
    quotes = score(reading, models, asked).set_index("customer_id")[[*EXPECTED]]
    pd.testing.assert_frame_equal(quotes.loc[[new, old]], run.loc[[new, old], [*EXPECTED]])
    assert quotes["provisional_segment"].notna().tolist() == [True, False, True, True]
    unknown = quotes.loc["nobody"]
    assert unknown["provisional_segment"] in {*run["model_segment"].dropna()}
    assert (
        unknown["expected_late_share_p10"]
        < unknown["expected_late_share"]
        < unknown["expected_late_share_p90"]
    )
    assert unknown.tolist() == quotes.loc["no one"].tolist()


def test_the_expected_share_stands_on_the_quote(config: Path) -> None:
    """A share between its ends; without a model no segment has a name to be near to."""
    quote = quoted(config, "Nobody")
    assert quote["expected_late_share_p10"] < quote["expected_late_share"] < quote["expected_late_share_p90"]
    assert quote["provisional_segment"] is None
    assert json.loads(json.dumps(quote))["expected_late_share"] == quote["expected_late_share"]


def test_who_pays_by_direct_debit_is_quoted_by_the_rule(trained: Path) -> None:
    """The day is the creditor's own choice, also of the next invoice."""
    ledger = read(trained, as_of=TRAINED, today=TODAY).ledger
    newest = ledger.invoices.sort_values("known_on").drop_duplicates("customer_id", keep="last")
    debit = newest.loc[newest["payment_method"] == "direct_debit", "customer_id"]
    assert len(debit)
    assert quoted(trained, str(debit.iloc[0]), TRAINED)["source"] == "rule"


def test_a_larger_history_of_lateness_is_heard(config: Path) -> None:
    """Paid late three times: more likely late than a debtor nobody knows, among debtors paid late as well."""
    assert quoted(config, "Bakery")["p_late"] > quoted(config, "Debit")["p_late"]


def reading_of(ledger: Any, day: date) -> Reading:
    """A reading of a ledger that is in no file."""
    own = parse_settings({"ledger": {"invoices": {"path": "no.csv"}}, "workers": 1}, base=Path())
    nothing = Cleaned(ledger, pd.DataFrame(), {}, ())
    said = read_policy(own.policy_file), read_rules(own.rules_file), read_tactics(own.tactics_file)
    return Reading(own, *said, nothing, nothing, known_before(ledger, day), day, day)


def test_segments_found_before_are_those_found_with_the_quote(trained: Path) -> None:
    """Of who is judged and of who is new; somebody nobody knows is not among them, and found anew."""
    reading = read(trained, as_of=TRAINED, today=TODAY)
    models = models_of(champions(reading)[0], reading)
    before = segments_before_quotes(reading, models)
    is_new = before["segment"] == "NEW"
    new, judged = before.loc[is_new, "customer_id"], before.loc[~is_new, "customer_id"]
    assert min(len(new), len(judged)) > 0
    for customers in ([*new[:2], *judged[:2]], [judged.iloc[0], "nobody"]):
        asked = pd.DataFrame({"customer_id": customers, "amount_minor": 10_000, "currency": "USD"})
        pd.testing.assert_frame_equal(
            score(reading, models, asked, segments=before), score(reading, models, asked), check_exact=True
        )


@settings(max_examples=examples(10), deadline=None, suppress_health_check=list(HealthCheck))
@given(ledgers(currencies=("EUR", "USD")), st.data())
def test_no_quote_changes_who_a_debtor_is(ledger: Any, data: st.DataObject) -> None:
    """Whatever its amount, terms and currency: the features of the day know nothing of it, bit by bit."""
    days = sorted(set(ledger.invoices["known_on"]))
    reading = reading_of(ledger, (data.draw(st.sampled_from(days)) + pd.Timedelta(days=1)).date())
    before = debtors_on(reading, reading.books, known_debtors(reading))
    seen = []

    def looked_at(*arguments: Any) -> Frame:
        seen.append(debtors_on(*arguments))
        return seen[-1]

    debtor = data.draw(st.sampled_from(sorted(before.index)))
    money = {"amount_minor": data.draw(st.integers(1, 10**11)), "currency": data.draw(CURRENCIES)}
    asked = pd.DataFrame({"customer_id": [debtor], **money})
    with patch.object(quote_scores, "debtors_on", looked_at):
        score(reading, NO_MODEL, asked, data.draw(st.integers(0, 365)))
    pd.testing.assert_frame_equal(seen[0], before, check_exact=True)


@settings(max_examples=examples(5), deadline=None, suppress_health_check=list(HealthCheck))
@given(ledgers(currencies=("EUR", "USD")), st.data())
def test_a_quote_knows_nothing_of_the_day_or_later(ledger: Any, data: st.DataObject) -> None:
    """Whatever becomes known on the day or after it, and whatever else is quoted, changes no quote."""
    days = sorted(set(ledger.invoices["known_on"]))
    day = (data.draw(st.sampled_from(days)) + pd.Timedelta(days=1)).date()
    whole = reading_of(ledger, day)
    asked = pd.DataFrame(
        {
            "customer_id": [*whole.ledger.invoices["customer_id"].unique()[:2], "nobody"],
            "amount_minor": 12_345,
            "currency": "EUR",
        }
    )
    together = score(whole, NO_MODEL, asked, 30).drop(columns="invoice_id")
    cut = reading_of(known_before(ledger, day), day)
    alone = [
        score(replace(cut), NO_MODEL, asked.iloc[[row]].reset_index(drop=True), 30)
        for row in range(len(asked))
    ]
    apart = pd.concat(alone, ignore_index=True).drop(columns="invoice_id")
    pd.testing.assert_frame_equal(together, apart)
