"""The page about segments: what it says of tables written out here, and of a real ledger."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import pandas as pd
import pytest

from features.contracts import OUTPUT_TABLES
from features.errors import DebtscapeError
from features.simulate import simulate, write_portfolio
from models.segments.stability import Evidence
from pipelines.reading import read
from pipelines.reporting.sections import markdown
from pipelines.running import run
from pipelines.runs.published_runs import PublishedRun
from pipelines.segment_page.migration_history import Moves
from pipelines.segment_page.scheme_comparison import Comparison
from pipelines.segment_page.segment_material import Material, gather
from pipelines.segment_page.segment_plots import plot_over_time
from pipelines.segment_page.segment_sections import CLEARLY, best_first, order_in_words
from pipelines.segment_page.segmenting import fit_segments
from pipelines.segment_page.segments_page import main_figures, make_segments_page, page_files, sections

FIRST, DAY = date(2026, 2, 2), date(2026, 3, 2)
EVIL = "<script>alert(1)</script> | & Sons"


def whole(name: str, *rows: dict[str, Any]) -> pd.DataFrame:
    """An output table with these rows; columns that they do not name are empty."""
    columns = [column.inside for column in OUTPUT_TABLES[name].columns]
    return pd.DataFrame(list(rows), columns=columns)


def segment(customer: str, name: str, before: str | None = None, **others: Any) -> dict[str, Any]:
    """A row of the table segments."""
    moved = before is not None and before != name
    row = {"customer_id": customer, "segment": name, "previous_segment": before, "moved": moved}
    return {"source": "model", "reason": f"nearest to {name}", "potential_a": False, **row, **others}


def profile(name: str, debtors: int, **others: Any) -> dict[str, Any]:
    """A row of the table segment_profiles, of 40 debtors in all."""
    row = {"segment": name, "currency": "EUR", "debtors": debtors, "share_of_debtors": debtors / 40}
    money = {"revenue_minor": 100, "open_amount_minor": 123_400, "overdue_amount_minor": 50_000}
    return {**row, **money, "share_of_revenue": 0.25, "potential_a": 0, **others}


def risk_row(customer: str, own: str, external: str | None, **others: Any) -> dict[str, Any]:
    """A row of the table risks."""
    disagree = {own, external} == {"high", "low"}
    row = {"customer_id": customer, "currency": "EUR", "risk": own, "reason": "said", "own_risk": own}
    return {**row, "external_risk": external, "disagreement": disagree, **others}


TABLES = MappingProxyType(
    {
        "segments": whole(
            "segments",
            segment("c1", "A", "B", moved_because="decayed_days_late 9 → 1; clearly across"),
            segment("c2", "B", "B", source="kept", model_segment="A", reason="kept in B: nearer to A by 3 %",
                    across_since=pd.Timestamp("2026-02-20")),
            segment("c3", "B", "A", moved_because="decayed_days_late 1 → 30",
                    potential_a=True, confidence=0.04),
            segment("c4", "NEW", None, source="new"),
        ),
        "segment_profiles": whole(
            "segment_profiles",
            profile("NEW", 4),
            profile("B", 16, mean_days_late=14.2, late_share=0.61, potential_a=1, words="pays 12 days later"),
            profile("A", 20, mean_days_late=-1.0, late_share=0.18, contacts_per_1000_revenue=0.25,
                    words="punctual"),
        ),
        "debtors": whole(
            "debtors",
            *({"customer_id": id_, "currency": "EUR", "open_amount_minor": open_} for id_, open_ in
              (("c1", 10_000), ("c2", 500_000), ("c3", 900_000))),
        ),
        "migrations": whole(
            "migrations",
            {"previous_segment": "B", "segment": "A", "debtors": 1},
            {"previous_segment": "B", "segment": "B", "debtors": 1},
            {"previous_segment": "A", "segment": "B", "debtors": 1},
            {"previous_segment": None, "segment": "NEW", "debtors": 1},
        ),
        "account_reviews": whole(
            "account_reviews",
            {"customer_id": "c1", "from_segment": "B", "to_segment": "A", "direction": "better",
             "why": "pays now"},
            {"customer_id": "c3", "account_manager": EVIL, "from_segment": "A", "to_segment": "B",
             "direction": "worse", "why": "30 days late"},
        ),
        "delay_tactics": whole(
            "delay_tactics",
            {"customer_id": "c3", "tactic": "invoice_not_received", "times": 4, "invoices": 3,
             "last_on": pd.Timestamp("2026-02-27"), "chronic": True},
            {"customer_id": "c1", "tactic": "invoice_not_received", "times": 1, "invoices": 1,
             "last_on": pd.Timestamp("2025-12-01"), "chronic": False},
            {"customer_id": "c3", "tactic": "broken_promise", "times": 2, "invoices": 2,
             "last_on": pd.Timestamp("2026-01-05"), "chronic": False},
        ),
        "risks": whole(
            "risks",
            risk_row("c1", "low", "low"),
            risk_row("c2", "average", None),
            risk_row("c3", "high", "low", own_score=12.0, external_score=90.0,
                     external_scores="D&B 90 of 100", exposure_minor=900_000,
                     uninsured_amount_minor=100_000, over_credit_limit=True),
        ),
    }
)  # fmt: skip

RATES = pd.DataFrame(
    [
        ("abc", "A", 24, 200, 0.20, 0.15, 0.25),
        ("abc", "B", 12, 100, 0.24, 0.19, 0.30),
        ("abc", "none", 4, 10, 0.5, None, None),
        ("learned", "A", 20, 180, 0.125, 0.10, 0.16),
        ("learned", "B", 16, 120, 0.62, 0.55, 0.70),
        ("learned", "NEW", 4, 10, 0.5, None, None),
        ("value", "top", 8, 250, 0.3, 0.25, 0.35),
    ],
    columns=["scheme", "class", "debtors", "invoices", "late_rate", "low", "high"],
)
EVIDENCE = (
    Evidence(3, (0.91, 0.94, 0.97), 0.12, 0.99, 0.41, 0.62, 0.01),
    Evidence(4, (0.61, 0.90, 0.92, 0.95), 0.08, 0.97, 0.38, 0.66, 0.01),
)
CROSS = pd.DataFrame([[15, 9], [5, 7]], index=["A", "B"], columns=["A", "B"])


def material() -> Material:
    """All of the above as of 2 March 2026, with a run of that day and one before."""
    run = PublishedRun(Path("run"), {"run_id": "r2", "as_of": "2026-03-02"})
    return Material(
        as_of=DAY,
        tables=TABLES,
        run=run,
        history=(
            Moves("r1", FIRST, {"A": 2, "B": 1}, {}, 0, None),
            Moves("r2", DAY, {"A": 1, "B": 2, "NEW": 1}, {("A", "B"): 1, ("B", "A"): 1}, 1, 2 / 3),
        ),
        scheme="learned",
        names=["A", "B"],
        judged={"learned": ["A", "B"], "abc": ("A", "B", "C")},
        model="version 3",
        chosen=3,
        learned_on=date(2026, 1, 1),
        evidence=EVIDENCE,
        notes=["3 segments as before; 4 would be stable too"],
        comparison=Comparison(date(2025, 12, 1), DAY, RATES, {"abc": CROSS}, 17),
        near_a=pd.DataFrame({"decayed_days_late": [4.25]}, index=["c3"]),
        called={"c3": EVIL},
        fingerprints=("a" * 64, "b" * 64),
        warnings=(),
    )


def text_of(html: bytes) -> str:
    """What a reader sees of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", html.decode()).split())


def part(markdown: bytes, title: str) -> str:
    """One part of the page in Markdown."""
    return markdown.decode().split(f"## {title}\n")[1].split("\n## ")[0]


def said(found: Material, title: str) -> str:
    """One part of the page in Markdown, without drawing the pictures."""
    return part(markdown("Segments", sections(found)).encode(), title)


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The files of the page made of the tables above."""
    return page_files(material())


def test_the_page_is_one_file_that_may_load_nothing_with_its_markdown_and_pictures(
    files: dict[str, bytes],
) -> None:
    """Four pictures, each a file for the Markdown and inside the page."""
    pictures = {"differ.png", "late_rates.png", "evidence.png", "over_time.png"}
    assert set(files) == {"segments.html", "segments.md", *pictures}
    page = files["segments.html"].decode()
    assert page.count('src="data:image/png;base64,') == 4
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|<script|<link", page)
    assert {name for name in pictures if f"]({name})" in files["segments.md"].decode()} == pictures


def test_the_same_material_gives_the_same_bytes_whatever_the_order_of_rows(files: dict[str, bytes]) -> None:
    """Every table upside down; the classes of a scheme come best first, so the rates stay as they are."""
    turned = {name: table[::-1] for name, table in TABLES.items()}
    assert page_files(replace(material(), tables=turned)) == files


def test_what_the_ledger_says_is_shown_and_never_markup(files: dict[str, bytes]) -> None:
    """A name with a script, a bar and an ampersand, in the page and in a Markdown table."""
    page = files["segments.html"].decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; | &amp; Sons" in page
    assert "<script" not in page + files["segments.md"].decode()
    assert "\\| & Sons (c3)" in files["segments.md"].decode()


def test_segments_stand_from_the_best_payer_to_the_worst_and_rules_after_them(
    files: dict[str, bytes],
) -> None:
    """Size, payment, balances, what followed and words, of A, B and NEW."""
    differ = part(files["segments.md"], "How the segments differ")
    assert [line[:6] for line in differ.splitlines() if re.match(r"\| (A|B|NEW) \|", line)] == [
        "| A | ", "| B | ", "| A | ", "| B | ", "| NEW ",
    ]  # fmt: skip
    assert "| A | punctual |" in differ
    assert "| A | 20 (50 %) | 25 % | −1.0 | 18 % | €1,234 | €500 | 0.25 | 12 % (10 to 16 %) | – |" in differ
    assert "| B | 16 (40 %) | 25 % | 14.2 | 61 % | €1,234 | €500 | – | 62 % (55 to 70 %) | 1 |" in differ


def test_several_currencies_stand_in_rows_of_their_own() -> None:
    """The currency gets a column only then."""
    more = pd.concat(
        [TABLES["segment_profiles"], whole("segment_profiles", profile("A", 20, currency="JPY"))]
    )
    differ = said(replace(material(), tables={**TABLES, "segment_profiles": more}), "How the segments differ")
    assert "| A | EUR | 20" in differ
    assert "| A | JPY | 20" in differ
    assert "¥123,400" in differ


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ([(0.1, 0.05, 0.15), (0.3, 0.25, 0.35), (0.6, 0.5, 0.7)], CLEARLY),
        ([(0.1, 0.05, 0.15), (0.2, 0.15, 0.35), (0.6, 0.5, 0.7)], "ordered, but A and B overlap"),
        ([(0.1, 0.0, 0.3), (0.2, 0.1, 0.3), (0.25, 0.2, 0.4)], "ordered, but A and B, B and C overlap"),
        ([(0.1, 0.05, 0.15), (0.3, 0.2, 0.4), (None, None, None)], CLEARLY),
        ([(0.1, 0.05, 0.15), (0.3, None, None), (0.6, 0.5, 0.7)], "ordered, but A and B, B and C overlap"),
        (
            [(0.1, 0.05, 0.15), (0.6, 0.5, 0.7), (0.3, 0.25, 0.35)],
            "not ordered: C (30.0 %) was late less often than B (60.0 %)",
        ),
        (
            [(0.1, 0.05, 0.15), (0.6, 0.3, 0.9), (0.4, 0.2, 0.7)],
            "not ordered: C (40.0 %) was late less often than B (60.0 %), though their intervals overlap",
        ),
        ([(0.1, 0.05, 0.15)], "not judged, fewer than two classes have decided invoices"),
    ],
)
def test_the_order_of_late_rates_is_said_in_words(rates: list[tuple[Any, ...]], words: str) -> None:
    """Apart, touching, chained, a class without invoices, one of a single debtor, swapped, alone."""
    table = pd.DataFrame(rates, columns=["late_rate", "low", "high"], dtype="float64")
    assert order_in_words(table.assign(**{"class": list("ABC")[: len(table)]})) == words


def test_schemes_stand_beside_the_segments_and_only_those_about_payment_are_judged(
    files: dict[str, bytes],
) -> None:
    """NEW and none are shown and not judged; value classes are in the table without a verdict."""
    side = part(files["segments.md"], "Side by side with the published schemes")
    assert "- learned: ordered, each clearly above the one before." in side
    assert "- abc: ordered, but A and B overlap." in side
    assert "- value" not in side
    assert "| learned | A | 20 | 180 | 12 % | 10 to 16 % |" in side
    assert "|  | NEW | 4 | 10 | 50 % |  |" in side
    assert "| value | top | 8 |" in side
    assert "| A | 15 | 9 |\n| B | 5 | 7 |" in side
    assert "issued from 2025-12-01 on and decided by 2026-03-02" in side


def test_the_evidence_marks_the_number_in_use_and_says_what_speaks_against_the_next(
    files: dict[str, bytes],
) -> None:
    """Three are stable, four are not, and the notes of the training stand above."""
    why = part(files["segments.md"], "Why so many segments")
    assert "| **3** | **stable** |" in why
    assert "| 4 | a group comes back with Jaccard 0.61 only |" in why
    assert "| 4 | 0.61 (0.90, 0.92, 0.95) | 8.0 % | 0.97 | 0.38 | 0.66 (± 0.01) |" in why
    assert "- 3 segments as before; 4 would be stable too" in why


def test_a_configured_number_has_no_evidence_and_no_picture() -> None:
    """The page says that nothing else was tried."""
    files = page_files(replace(material(), evidence=(), notes=()))
    assert "evidence.png" not in files
    why = part(files["segments.md"], "Why so many segments")
    assert "3 segments; no other number was tried." in why


def test_movement_is_shown_as_a_matrix_over_time_and_debtor_by_debtor(files: dict[str, bytes]) -> None:
    """Who came from where, two runs, the largest mover first, and the one that is kept."""
    moves = part(files["segments.md"], "Who moves")
    assert "In the run of 2026-03-02, 2 of 4 debtors moved; kept at a border: 1." in moves
    assert "| A | – | 1 | – |\n| B | 1 | 1 | – |\n| not in it | – | – | 1 |" in moves
    assert "| 2026-03-02 | 4 | 2 | 66.7 % | 1 | A → B 1, B → A 1 |\n| 2026-02-02 | 3 | first run |" in moves
    assert moves.index("€9,000 | decayed_days_late 1 → 30") < moves.index("€100 | decayed_days_late 9 → 1")
    assert "| c2 | B | A | 2026-02-20 | €5,000 | kept in B: nearer to A by 3 % |" in moves


def test_only_the_largest_movers_are_listed() -> None:
    """Eleven moved: the one with nothing open is left out, and the heading says of how many."""
    rows = [segment(f"m{n:02}", "B", "A", moved_because="late") for n in range(11)]
    owing = [
        {"customer_id": f"m{n:02}", "currency": "EUR", "open_amount_minor": 100 * n} for n in range(1, 11)
    ]
    tables = {**TABLES, "segments": whole("segments", *rows), "debtors": whole("debtors", *owing)}
    moves = said(replace(material(), tables=tables), "Who moves")
    assert "**The 10 largest of 11 movers**" in moves
    assert [re.findall(r"m\d\d", line)[0] for line in moves.splitlines() if line.startswith("| m")] == [
        f"m{n:02}" for n in range(10, 0, -1)
    ]


def test_sales_see_the_worse_ones_first_with_their_account_manager(files: dict[str, bytes]) -> None:
    """One worse, one better."""
    reviews = part(files["segments.md"], "Accounts for sales to review")
    assert "2 debtors changed segment: 1 worse, 1 better." in reviews
    assert reviews.index("30 days late") < reviews.index("| c1 |  | B → A (better) | €100 | pays now |")


def test_potential_a_tactics_and_risk_are_counted(files: dict[str, bytes]) -> None:
    """One near A; two use "not received", one by habit; one that the two risks disagree about."""
    markdown = files["segments.md"]
    assert "(c3) | 4 % | 4.2 |" in part(markdown, "Potential A")
    tactics = part(markdown, "Delay tactics")
    assert "2 debtors used one in the last 365 days, 1 of them by habit." in tactics
    assert "| invoice not received | 2 | 5 | 1 | 2026-02-27 |" in tactics
    risks = part(markdown, "Risk: own payments beside external scores")
    assert "| high | 1 | – |\n| average | – | 1 |\n| low | 1 | – |" in risks
    assert "1 high, 1 average, 1 low; 1 debtor of whom one says high, the other low" in risks
    assert "| high (score 12) | low (D&B 90 of 100) | high | €9,000 |" in risks


def test_without_a_run_the_page_says_what_it_waits_for() -> None:
    """The tables of the day alone: no movement, no reviews, everything else."""
    alone = {name: TABLES[name] for name in ("segments", "segment_profiles", "delay_tactics", "risks")}
    without = replace(material(), tables=alone, run=None, history=())
    files = page_files(without)
    assert "over_time.png" not in files
    for title in ("Who moves", "Accounts for sales to review"):
        assert "No run is published yet" in part(files["segments.md"], title)
    assert main_figures(without)["moved"] is None
    assert "no run before" in text_of(files["segments.html"])


def test_why_a_champion_is_not_used_stands_where_segments_are_explained() -> None:
    """In the notes, and in what the command answers."""
    told = replace(material(), warnings=("the champion has seen facts up to 2026-03-09",))
    assert "- A run of 2026-03-02 says: the champion has seen" in said(told, "Why so many segments")
    assert main_figures(told)["warnings"] == ["the champion has seen facts up to 2026-03-09"]


def test_another_scheme_that_treats_is_named_at_the_top() -> None:
    """With the late rates of its own classes; where the learned segments come from is not its matter."""
    by_abc = replace(material(), scheme="abc", names=["A", "B", "C"])
    assert [row["late_rate"] for row in main_figures(by_abc)["segments"]] == [0.20, 0.24, None]
    assert "Segments by abc Segments" in text_of(page_files(by_abc)["segments.html"])


def test_the_first_run_has_sizes_and_no_movement() -> None:
    """No matrix of debtors that came from nowhere, and no picture of a single day."""
    history = material().history[:1]
    tables = {**TABLES, "segments": whole("segments", segment("c1", "A"), segment("c2", "B"))}
    moves = said(replace(material(), tables=tables, history=history), "Who moves")
    assert "The run of 2026-02-02 is the first one: the next one says who moved." in moves
    assert "|" not in moves
    assert plot_over_time(history, ["A", "B"]) is None


def test_without_outcomes_no_late_rate_is_shown() -> None:
    """The part about schemes says what to do; the segments stand without their late rate."""
    files = page_files(replace(material(), comparison=None))
    assert "try --cutoff" in part(files["segments.md"], "Side by side with the published schemes")
    assert "late_rates.png" not in files
    assert main_figures(replace(material(), comparison=None))["segments"][0]["late_rate"] is None


def test_an_empty_portfolio_still_gives_a_page() -> None:
    """Nobody is known: every part says so, or is empty."""
    nothing = {name: whole(name) for name in TABLES}
    empty = replace(
        material(), tables=nothing, history=(), run=None, comparison=None, evidence=(), names=[], chosen=0
    )
    assert [section.title for section in sections(empty)][-1].startswith("Risk")
    assert set(page_files(empty)) == {"segments.html", "segments.md"}


def test_main_figures_are_plain_json() -> None:
    """What the command answers: segments with their rate, verdicts, movement."""
    figures = json.loads(json.dumps(main_figures(material())))
    assert figures["segments"][1] == {
        "segment": "B", "debtors": 2, "late_rate": 0.62, "low": 0.55, "high": 0.7,
    }  # fmt: skip
    assert figures["schemes"]["abc"] == "ordered, but A and B overlap"
    assert (figures["moved"], figures["kept"], figures["account_reviews"]) == (2, 1, 2)
    assert figures["cutoff"] == "2025-12-01"


def test_segments_of_rules_follow_those_of_the_scheme() -> None:
    """By alphabet; a segment that nobody is in is left out."""
    assert best_first(["NEW", "B", "DORMANT", "A"], ["A", "B", "C"]) == ["A", "B", "DORMANT", "NEW"]


END = date(2026, 3, 1)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated ledger of 60 debtors in 14 months, without a champion."""
    return write_portfolio(
        simulate(debtors=60, months=14, seed=3, end=END), tmp_path_factory.mktemp("segments")
    )


def page_of(config: Path, day: date, **others: Any) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The main figures of a page, and its files."""
    made = make_segments_page(config, as_of=day, **{"cutoff": None, "today": END, **others})
    folder = Path(made["page"]).parent
    return made, {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def before_and_after(config: Path) -> tuple[Any, Any, Any]:
    """The page of a day before any run, then of the same day and of a later one after a run of each."""
    early, late = date(2026, 1, 15), date(2026, 2, 15)
    alone = page_of(config, early)
    for hour, day in enumerate((early, late)):
        run(config, as_of=day, today=END, now=datetime(2026, 3, 1, hour, tzinfo=UTC))
    return alone, page_of(config, early), page_of(config, late)


def test_a_page_lies_under_its_day_and_needs_no_run_and_no_champion(before_and_after: Any) -> None:
    """Segments are learned for it, judged by what followed the cutoff."""
    made, files = before_and_after[0]
    assert made["page"].endswith("out/segments/2026-01-15/segments.html")
    assert made["run_id"] is None
    assert made["segments"][0]["segment"] == "A"
    assert made["segments"][0]["late_rate"] is not None
    assert "No run is published yet" in files["segments.md"].decode()
    assert "learned for this page" in files["segments.md"].decode()


def test_after_two_runs_the_page_says_who_moved(before_and_after: Any) -> None:
    """The later run counts against the earlier one; every debtor of the matrix is in the later run."""
    made, files = before_and_after[2]
    assert made["run_id"] is not None
    moves = part(files["segments.md"], "Who moves")
    assert "Run after run, the latest first" in moves
    assert f"In the run of 2026-02-15, {made['moved']} of 60 debtors moved" in moves
    assert "over_time.png" in files


def test_a_page_of_an_earlier_day_knows_nothing_of_later_runs_and_facts(
    config: Path, before_and_after: Any
) -> None:
    """Made after the later run, and made on its own day, when nothing more was known: the same bytes."""
    made, files = before_and_after[1]
    assert "The run of 2026-01-15 is the first one" in part(files["segments.md"], "Who moves")
    again = page_of(config, date(2026, 1, 15), today=date(2026, 1, 15))
    assert again == (made, files)


def test_a_page_of_a_day_without_a_run_shows_the_run_before_it(config: Path, before_and_after: Any) -> None:
    """The day stands at the top, the run's day beside it."""
    made, files = page_of(config, date(2026, 2, 1))
    assert made["run_id"] == before_and_after[1][0]["run_id"]
    assert "As of 2026-02-01 Latest run 2026-01-15" in text_of(files["segments.html"])


@pytest.mark.parametrize("cutoff", [date(2026, 2, 15), date(2026, 2, 20), date(2020, 1, 1)])
def test_a_cutoff_outside_of_the_history_is_refused(config: Path, cutoff: date) -> None:
    """On the day, after it, before the first invoice."""
    with pytest.raises(DebtscapeError, match=f"--cutoff {cutoff} is outside of the history: choose a day"):
        page_of(config, date(2026, 2, 15), cutoff=cutoff)


def test_a_cutoff_that_is_asked_for_is_used(config: Path) -> None:
    """Late rates are of what was issued from it on; classes of other schemes stand beside."""
    made, files = page_of(config, date(2026, 2, 15), cutoff=date(2025, 11, 1))
    assert made["cutoff"] == "2025-11-01"
    assert "issued from 2025-11-01 on" in files["segments.md"].decode()
    assert {"learned", "abc", "a_to_e", "speed"} <= set(made["schemes"])


def test_the_evidence_of_a_champion_is_that_of_its_own_day(config: Path, tmp_path: Path) -> None:
    """Nothing that became known after its training takes part; the page names version and day."""
    reading = read(config, as_of=date(2026, 2, 15), today=END)
    trained = date(2025, 12, 1)
    own = read(config, as_of=trained, today=trained)
    model, _ = fit_segments(own.ledger, own.books, trained, own.settings)
    champion = SimpleNamespace(
        parameters=model.parameters_, version="7", trained_as_of=trained, fingerprint="f" * 64
    )
    empty = replace(reading, settings=reading.settings.model_copy(update={"output": tmp_path}))
    champions = ({"debtor-segments": champion}, ())
    with patch("pipelines.segment_page.segment_material.champions", return_value=champions):
        found = gather(empty, None)
    assert found.evidence == model.evidence_
    assert (found.model, found.learned_on) == ("version 7", trained)
    assert found.chosen == len(model.parameters_["names"])
