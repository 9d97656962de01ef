"""The page of a run as a file: whose cards it holds, and that it follows from the run alone."""

from datetime import date
from pathlib import Path

import pandas as pd
from page_support import FACTS, make_page, tables_before, tiny_page
from publication_support import DAY, NOW, inputs, publish_tiny, tiny_tables

from pipelines.page.facts import facts_of, facts_to_be
from pipelines.page.run_page import CARDS, first_debtors, run_page
from pipelines.page.whole import BEFORE, tables_of
from pipelines.runs.publication import RunFacts, publish
from pipelines.runs.published_runs import find_run

SAID = RunFacts(
    rows_in={"invoices": 4},
    newest_fact=date(2026, 3, 1),
    warnings=("stale",),
    bank_known_until=date(2026, 2, 28),
    home_currency="EUR",
    quality=({"name": "the model", "auc": 0.9, "brier_skill": 0.3, "ece": 0.01, "ours": True},),
    reliability=({"from": 0.9, "to": 1.0, "predicted": 0.95, "observed": 0.97, "predictions": 50},),
    figures_per_collector=True,
)


def test_the_page_before_publication_is_that_of_the_published_run(tmp_path: Path) -> None:
    """Byte for byte: it shows nothing that the run's tables and manifest do not hold."""
    before = find_run(tmp_path, publish_tiny(tmp_path, as_of=date(2026, 2, 27), now=NOW).run_id)
    own = inputs(models={"payment-time": "3", "debtor-segments": "1"}, previous_run=before.run_id)
    page = run_page(tiny_tables(), facts_to_be(own, SAID, ("stale",), before), tables_of(before, BEFORE))
    published = publish(tiny_tables(), inputs=own, facts=SAID, output=tmp_path, now=NOW)
    run = find_run(tmp_path, published.run_id)
    assert page == run_page(tables_of(run), facts_of(run, before), tables_of(before))


def test_the_manifest_says_what_the_page_needs(tmp_path: Path) -> None:
    """And the page's head shows it."""
    published = publish(tiny_tables(), inputs=inputs(), facts=SAID, output=tmp_path, now=NOW)
    facts = facts_of(find_run(tmp_path, published.run_id))
    views = make_page(tiny_tables(), facts, None).views
    assert facts.as_of == DAY
    assert views["run"]["bank_known_until"] == "2026-02-28"
    assert views["run"]["home_currency"] == "EUR"
    assert views["run"]["previous_run_id"] is None
    assert views["reliability"]["curve"][0]["predictions"] == 50
    assert views["portfolios"]["EUR"]["today"]["per_collector"] is not None


def test_a_manifest_of_an_older_contract_is_read(tmp_path: Path) -> None:
    """What it does not say is empty, and nothing is shown per collector."""
    published = publish_tiny(tmp_path)
    run = find_run(tmp_path, published.run_id)
    for name in ("bank_known_until", "home_currency", "quality", "reliability", "figures_per_collector"):
        del run.manifest[name]
    facts = facts_of(run)
    assert (facts.bank_known_until, facts.home_currency, facts.reliability) == (None, "", None)
    assert not facts.figures_per_collector


def first_of(**changed: pd.DataFrame) -> list[str]:
    """The debtors whose cards the page of the tiny run holds, with some tables changed."""
    page = tiny_page(**changed)
    return first_debtors(page.views, page.lists)


def test_the_cards_are_of_the_first_screen_then_of_those_to_call_then_of_the_most_overdue() -> None:
    """c1 and c3 are overdue on the first screen; without an overdue c2 is the last."""
    assert first_of() == ["c1", "c3", "c2"]
    nobody = tiny_tables()["debtors"].assign(overdue_amount_minor=0)
    assert first_of(debtors=nobody) == ["c1", "c3", "c2"]
    idle = tiny_tables()["worklist"].assign(reached=[False, True])
    assert first_of(debtors=nobody, worklist=idle) == ["c3", "c1", "c2"]


def test_no_more_cards_than_the_file_may_hold() -> None:
    """The server has all of them; the ten on the first screen come before those to call."""
    debtors = pd.concat([tiny_tables()["debtors"].iloc[[0]]] * 700, ignore_index=True).assign(
        customer_id=[f"d{number:03}" for number in range(700)], overdue_amount_minor=range(700, 0, -1)
    )
    first = first_of(debtors=debtors)
    assert len(first) == CARDS
    assert first[:12] == [*(f"d{number:03}" for number in range(10)), "c1", "c3"]


def test_the_page_is_one_file() -> None:
    """With data of the run and no address that it would load from."""
    page = run_page(tiny_tables(), FACTS, tables_before()).decode()
    assert '"as_of":"2026-03-02"' in page
    assert "<script src" not in page
