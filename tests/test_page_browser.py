"""The page's file in a real browser, opened from the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_browser import chromium, window
from page_sample import BITING, CALLS, REACHED, SCRIPT, WAITING, page_cards, page_lists, page_views

from pipelines.page.page_file import page_file


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests; ended with them, because Playwright allows one at a time."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the file on the disk."""
    path: Path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_bytes(page_file(page_views(), page_lists(), page_cards()))
    return path.as_uri()


@pytest.fixture(scope="module")
def shared(browser: Any, file: str) -> Iterator[Any]:
    """One page for tests that leave it as they found it."""
    with window(browser) as page:
        page.goto(file)
        page.wait_for_selector("body[data-ready]")
        yield page


@pytest.fixture
def page(shared: Any) -> Iterator[Any]:
    """The page at its top, with no dialog open, and silent: no error, nothing blocked by its policy."""
    shared.evaluate("scrollTo(0, 0)")
    yield shared
    for _ in range(shared.locator("dialog").count()):
        shared.keyboard.press("Escape")
    shared.wait_for_function("() => !document.querySelector('dialog')")
    assert shared.heard == []


def _rows(page: Any) -> int:
    page.wait_for_selector("dialog .list-said:not(:empty)")
    return int(page.locator("dialog tbody tr").count())


def test_the_first_screen_holds_every_figure_without_scrolling(page: Any) -> None:
    """At 1280 x 800 status, today, cash, changes and the ten largest debtors are all in sight."""
    figures = page.eval_on_selector_all(
        "main [data-figure]",
        """all => all.filter(one => one.getBoundingClientRect().bottom <= innerHeight)
          .map(one => one.dataset.figure)""",
    )
    wanted = {"by_model", "by_rule", "warnings", "calls", "to_release", "approvals", "blocked", "cash", "due"}
    wanted |= {"said_before", "worsened", "new_large_overdue", "broken_promises", "over_limit", "top_overdue"}
    assert set(figures) == wanted
    assert figures.count("cash") == figures.count("due") == 2
    assert page.locator("main .top tbody tr").count() == 10
    assert page.evaluate("document.querySelector('.first').getBoundingClientRect().bottom") <= 800
    status = page.locator("dl.status").inner_text()
    assert all(
        said in status for said in ("2 Mar 2026", "28 Feb 2026", "1 Mar 2026", "83%", "17%", "1 warning")
    )


@pytest.mark.parametrize(
    "figure", ["calls", "to_release", "approvals", "blocked", "worsened", "new_large_overdue", "over_limit"]
)
def test_each_figure_opens_as_many_rows_as_it_says(page: Any, figure: str) -> None:
    """The count on the figure, the count above the list and the rows on its pages are one number."""
    button = page.locator(f"main [data-figure={figure}]")
    count = int(button.get_attribute("data-count"))
    button.click()
    rows = _rows(page)
    while (
        page.locator("dialog .pager button >> nth=1").is_enabled()
        and page.locator("dialog .pager").is_visible()
    ):
        before = page.locator("dialog .list-said").inner_text()
        page.locator("dialog .pager button >> nth=1").click()
        page.wait_for_function(
            "before => document.querySelector('dialog .list-said').innerText !== before", arg=before
        )
        rows += _rows(page)
    assert rows == count
    assert count == {"calls": REACHED, "approvals": WAITING, "worsened": 3}.get(figure, count)


def test_what_falls_due_opens_the_invoices_of_that_week(page: Any) -> None:
    """The amount beside a week is the sum of the list behind it."""
    button = page.locator("main [data-figure=due] >> nth=0")
    assert "€1,610" in button.inner_text()
    button.click()
    _rows(page)
    amounts = page.eval_on_selector_all(
        "dialog tbody tr", "rows => rows.map(row => row.querySelector('[data-label=Open]').innerText)"
    )
    total = sum(float(amount.replace("€", "").replace(",", "")) for amount in amounts)
    assert total == 1610


def test_all_overdue_debtors_open_most_overdue_first(page: Any) -> None:
    """The list behind the ten largest has everybody that is overdue, in the same order."""
    page.locator("[data-figure=top_overdue]").click()
    _rows(page)
    assert "of 50 rows" in page.locator("dialog .list-said").inner_text()
    assert page.locator("dialog thead th[aria-sort=descending]").inner_text().startswith("Overdue")
    assert SCRIPT in page.locator("dialog tbody tr >> nth=0").inner_text()


def test_a_list_is_sorted_by_its_headers(page: Any) -> None:
    """Pressing a header sorts by it, pressing again turns it round; the focus stays on it."""
    page.locator("[data-figure=calls]").click()
    _rows(page)
    first = page.locator("dialog tbody tr >> nth=0")
    page.locator("dialog thead button", has_text="Days past due").click()
    page.wait_for_selector("dialog th[aria-sort=descending]")
    assert "Debtor 50" in first.inner_text()
    page.locator("dialog thead button", has_text="Days past due").click()
    page.wait_for_selector("dialog th[aria-sort=ascending]")
    assert "Debtor 21" in first.inner_text()
    assert page.evaluate("document.activeElement.innerText").startswith("Days past due")


def test_the_worklist_is_filtered_and_says_how_many_are_left(page: Any) -> None:
    """Choosing a cause keeps only its rows, and the count is told to a screen reader."""
    section = page.locator("section#worklist")
    said = section.locator(".list-said[aria-live=polite]")
    assert f"of {CALLS} rows" in said.inner_text()
    section.locator("select >> nth=0").select_option("silence")
    page.wait_for_function("() => document.querySelector('#worklist .list-said').innerText.includes('20')")
    assert set(section.locator("tbody [data-label=Cause]").all_inner_texts()) == {"silence"}
    section.locator("select >> nth=0").select_option("")
    page.wait_for_function("() => document.querySelector('#worklist .list-said').innerText.includes('40')")


def test_a_collector_is_offered_and_chosen(page: Any) -> None:
    """The filter offers the collectors met in the rows, and keeps the rows of the one that is typed."""
    field = page.get_by_label("Collector")
    field.focus()
    assert page.eval_on_selector_all("datalist option", "all => all.map(one => one.value)") == ["Ann", "Bob"]
    field.fill("Ann")
    page.wait_for_function("() => document.querySelector('#worklist .list-said').innerText.includes('20')")
    assert set(page.locator("#worklist tbody [data-label=Collector]").all_inner_texts()) == {"Ann"}
    field.fill("")
    page.wait_for_function("() => document.querySelector('#worklist .list-said').innerText.includes('40')")


def test_a_debtor_is_found_by_part_of_its_name(page: Any) -> None:
    """Searching shows those whose name or number contains it, whatever the case."""
    page.get_by_role("searchbox", name="Find a debtor").fill("dEBTOR 5")
    page.keyboard.press("Enter")
    assert _rows(page) == 11  # 5 and 50 to 59


def test_the_card_opens_and_escape_closes_it_and_gives_the_focus_back(page: Any) -> None:
    """The card has its parts; Esc leads back to the button that opened it."""
    opener = page.locator(".top button.debtor >> nth=1")
    opener.click()
    page.wait_for_selector("dialog.debtor-card section")
    titles = page.locator("dialog.debtor-card h3").all_inner_texts()
    assert titles[:2] == ["Why this segment", "What would change it"]
    assert titles[2:5] == ["What comes next, and why that day", "History", "Open invoices"]
    text = page.locator("dialog.debtor-card").inner_text()
    assert "[object" not in page.locator("dialog.debtor-card").text_content()
    assert all(
        said in text
        for said in (
            "12 days late on average",
            "cancels the next step",
            "€1,234.56",
            "4 Mar – 20 Mar – after a year",
        )
    )
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    assert opener.evaluate("one => one === document.activeElement")


def test_a_card_of_many_invoices_shows_the_first_and_all_when_asked(page: Any) -> None:
    """Of 60 open invoices 40 are shown at first; the button shows the rest and the focus stays there."""
    page.locator(".top button.debtor >> nth=2").click()
    bands = page.locator("dialog.debtor-card .band-cell .band")
    page.wait_for_selector("dialog.debtor-card .band-cell .band")
    assert bands.count() == 40
    page.get_by_role("button", name="Show all 60").click()
    assert bands.count() == 60
    assert page.evaluate("document.activeElement.closest('dialog') !== null")


def test_a_card_that_the_file_does_not_hold_says_where_it_is(page: Any) -> None:
    """The file has the cards of some debtors only, and says so for the others."""
    page.locator("[data-figure=worsened]").click()
    _rows(page)
    page.locator("dialog tbody button.debtor >> nth=0").click()
    page.wait_for_selector("dialog.debtor-card .empty")
    assert "the server has this one" in page.locator("dialog.debtor-card").inner_text()


def test_a_script_in_a_name_stays_text_everywhere(page: Any) -> None:
    """Lists, card, time line and its tooltip show the script as text; it never runs."""
    page.locator(".top button.debtor >> nth=0").click()
    page.wait_for_selector("dialog.debtor-card svg")
    assert page.locator("dialog.debtor-card h2").inner_text() == SCRIPT
    assert BITING in page.locator("dialog.debtor-card .card-tag").inner_text()
    page.locator("dialog.debtor-card figure button.quiet").click()
    assert SCRIPT in page.locator("dialog.debtor-card .chart-table").inner_text()
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    page.get_by_role("searchbox", name="Find a debtor").fill(SCRIPT)
    page.keyboard.press("Enter")
    assert _rows(page) == 1
    assert page.evaluate("window.bitten === undefined && document.querySelectorAll('img').length === 0")


def test_tooltips_are_never_read_as_html(page: Any) -> None:
    """A tooltip over the time line is drawn inside the picture: no element is made from its text."""
    page.locator(".top button.debtor >> nth=0").click()
    page.wait_for_selector("dialog.debtor-card svg")
    page.evaluate(
        """() => {
          const chart = echarts.getInstanceByDom(document.querySelector('dialog .chart'));
          chart.dispatchAction({type: 'showTip', seriesIndex: 0, dataIndex: 1});
        }"""
    )
    page.wait_for_function(
        "() => document.querySelector('dialog .chart svg').textContent.includes('promise broken')"
    )
    assert "window.bitten=1" in page.locator("dialog .chart svg").text_content()
    assert page.evaluate(
        "window.bitten === undefined && document.querySelectorAll('.chart img').length === 0"
    )


def test_charts_are_drawn_when_they_come_into_sight(browser: Any, file: str) -> None:
    """The first view draws no chart; each is drawn as the page is scrolled to it, and is there as a table."""
    with window(browser) as page:
        page.goto(file)
        page.wait_for_selector("body[data-ready]")
        assert page.locator("section#reliability svg").count() == 0
        page.locator("section#reliability").scroll_into_view_if_needed()
        page.wait_for_selector("section#reliability svg")
        page.locator("section#reliability figure button").click()
        assert page.locator("section#reliability .chart-table tbody tr").count() == 2
        assert (
            "Of 100 invoices that were called 70 to 80 % likely to be late, 74 were late"
            in page.locator("section#reliability").inner_text()
        )
        for name in ("concentration", "segments", "cash"):
            page.locator(f"section#{name} figure").scroll_into_view_if_needed()
            page.wait_for_selector(f"section#{name} svg")
        assert page.heard == []


def test_a_table_in_place_of_a_chart_is_printed_whole(page: Any) -> None:
    """On the screen a long table scrolls; on paper nothing could bring its end into sight."""
    figure = page.locator("#concentration figure")
    figure.locator("button").click()
    style = "one => [getComputedStyle(one).maxHeight, getComputedStyle(one).overflowY]"
    table = figure.locator(".chart-table .scroll")
    assert table.evaluate(style) == ["380px", "auto"]
    page.emulate_media(media="print")
    assert table.evaluate(style) == ["none", "visible"]
    page.emulate_media(media="screen")
    figure.locator("button").click()


def test_the_file_asks_the_network_for_nothing(page: Any) -> None:
    """Scrolled through, with lists and cards opened by the tests before, it has asked for itself only."""
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.locator(".top button.debtor >> nth=0").click()
    page.wait_for_selector("dialog.debtor-card section")
    assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nl", ("Vandaag", "€ 6.000", "2 mrt 2026", "Wat er veranderde")),
        ("de", ("Heute", "6.000 €", "28. Feb. 2026", "Was sich änderte")),
        ("fr", ("Aujourd’hui", "6 000 €", "28 févr. 2026", "Ce qui a changé")),
        ("en", ("Today", "€6,000", "28 Feb 2026", "What changed")),
    ],
)
def test_the_language_changes_words_numbers_and_days(page: Any, language: str, said: tuple[str, ...]) -> None:
    """Each language has its own words, numbers and days, and `lang`; sentences of the run stay English."""
    page.locator("#head select >> nth=-1").select_option(language)
    page.wait_for_selector(f"html[lang={language}]")
    text = page.locator("main").inner_text().replace("\u00a0", " ").replace("\u202f", " ")
    assert [part for part in said if part not in text] == []
    assert page.locator("#worklist [lang=en]", has_text="reason 1").count() > 0


def test_in_another_language_only_sentences_of_the_run_are_english_and_marked(page: Any) -> None:
    """In Dutch: why to call and how, why an action, why a segment; languages, countries and rules are not."""

    def speak(language: str) -> None:
        page.locator("#head select >> nth=-1").select_option(language)
        page.wait_for_selector(f"html[lang={language}]")

    def english(place: str) -> set[str]:
        return set(page.locator(f"{place} [lang=en]").all_text_contents())

    speak("nl")
    try:
        page.wait_for_selector("#worklist tbody tr")
        assert english("#worklist") == {"ask", *(f"reason {n}" for n in range(1, 26))}
        page.locator("[data-figure=to_release]").click()
        _rows(page)
        assert english("dialog") == {"3 days after due"}
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="detached")
        page.locator(".top button.debtor >> nth=1").click()
        page.wait_for_selector("dialog.debtor-card section")
        assert {"12 days late on average", "9 of 9 were late"} < english("dialog")
        text = page.locator("dialog.debtor-card").inner_text()
        wanted = ("Nederland · retail", "schrijft in het Nederlands", "regel: nooit betaald")
        assert [said for said in wanted if said not in text] == []
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="detached")
    finally:
        speak("en")


def test_the_readers_language_is_spoken_first_and_a_chosen_one_is_remembered(browser: Any, file: str) -> None:
    """A Dutch browser gets Dutch; German, once chosen, is there after a reload."""
    with window(browser, locale="nl-BE") as page:
        page.goto(file)
        page.wait_for_selector("body[data-ready]")
        assert page.evaluate("document.documentElement.lang") == "nl"
        page.get_by_role("combobox", name="Taal").select_option("de")
        page.wait_for_selector("html[lang=de]")
        page.reload()
        page.wait_for_selector("body[data-ready]")
        assert page.evaluate("document.documentElement.lang") == "de"


def test_currencies_are_shown_one_at_a_time(page: Any) -> None:
    """The other currency has its own figures, in its own minor units: yen have none."""
    page.get_by_role("combobox", name="Currency").select_option("JPY")
    assert "Nothing is overdue." in page.locator(".top").inner_text()
    page.get_by_role("searchbox", name="Find a debtor").fill("tokyo")
    page.keyboard.press("Enter")
    assert _rows(page) == 1
    assert "¥12,345" in page.locator("dialog tbody").inner_text()
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    page.get_by_role("combobox", name="Currency").select_option("EUR")


def test_the_page_is_walked_by_keyboard(browser: Any, file: str) -> None:
    """Tab begins with the skip link, shows where it is, and Enter opens a list that Tab stays inside."""
    with window(browser) as page:
        page.goto(file)
        page.wait_for_selector("body[data-ready]")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        for _ in range(4):  # by model, by rule, warnings, calls
            page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.dataset.figure") == "calls"
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        assert _rows(page) == 25
        for _ in range(5):
            page.keyboard.press("Tab")
            assert page.evaluate(
                "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
            )


def test_nothing_is_without_a_name_a_header_or_a_level(page: Any) -> None:
    """Controls have names, tables captions and headers, pictures labels, headings no gaps, ids are single."""
    page.locator(".top button.debtor >> nth=1").click()
    page.wait_for_selector("dialog.debtor-card section")
    faults = page.evaluate(
        """() => {
          const all = (selector) => [...document.querySelectorAll(selector)];
          const own = (one) => one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.length;
          const drawn = (one) => one.getAttribute('role') === 'img' && one.ariaLabel;
          const titled = (one) => document.getElementById(one.getAttribute('aria-labelledby'));
          const without = (selector, has) => all(selector).filter(one => !has(one)).map(one => one.outerHTML);
          const faults = [
            ...without('button, a, input, select, textarea', own), ...without('.chart', drawn),
            ...without('table', one => one.caption?.textContent), ...without('dialog', titled),
            ...without('thead th', one => one.scope === 'col'),
            ...without('tbody th', one => one.scope === 'row'),
          ];
          const ids = all('[id]').map(one => one.id);
          faults.push(...ids.filter((id, at) => ids.indexOf(id) !== at));
          const levels = all('main h1, main h2, main h3, main h4').map(one => Number(one.tagName[1]));
          levels.forEach((level, at) => at && level > levels[at - 1] + 1 && faults.push('heading ' + at));
          return faults;
        }"""
    )
    assert faults == []
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize("width", [360, 768])
def test_a_narrow_screen_is_not_scrolled_sideways(page: Any, width: int) -> None:
    """On a phone everything fits the width; wide tables scroll by themselves."""
    page.set_viewport_size({"width": width, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".top button.debtor >> nth=1").click()
    page.wait_for_selector("dialog.debtor-card section")
    assert page.evaluate("document.querySelector('dialog').scrollWidth") <= width
    page.set_viewport_size({"width": 1280, "height": 800})


def test_dark_is_dark_and_charts_with_it(page: Any) -> None:
    """The page follows the system's dark mode while it is open."""
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(243, 245, 248)"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 23, 29)"
    assert page.evaluate("debtscape.colours().paper") == "#1a2129"
    page.emulate_media(color_scheme="light")
