"""The page's file: what is in it, and that nothing in it can run but its own scripts."""

import base64
import hashlib
import json
import re
import zlib
from string import Formatter
from typing import Any

import pandas as pd
import pytest
from page_sample import SCRIPT, page_cards, page_lists, page_views

from pipelines.page.page_file import (
    LANGUAGES,
    LIBRARY,
    SCRIPTS,
    STATIC,
    STYLE,
    page_file,
    shell,
)


def made(lists: dict[str, pd.DataFrame] | None = None) -> str:
    """The file as text."""
    return page_file(page_views(), lists or page_lists(), page_cards()).decode()


def data_of(page: str) -> dict[str, Any]:
    """What the page's scripts read."""
    block = re.search(r'<script type="application/json" id="debtscape-data">(.*?)</script>', page, re.S)
    assert block is not None
    data: dict[str, Any] = json.loads(block[1])
    for name in ("lists", "cards"):
        data[name] = json.loads(zlib.decompress(base64.b64decode(data[name])))
    return data


def test_the_file_holds_views_lists_and_cards_as_given() -> None:
    """What was given comes out again: views and cards as they are, lists as columns and rows."""
    data = data_of(made())
    assert data["views"] == page_views()
    assert data["cards"] == page_cards()
    calls = data["lists"]["worklist"]
    assert calls["total"] == len(calls["rows"]) == 40
    assert dict(zip(calls["columns"], calls["rows"][0], strict=True))["why"] == "reason 1"


def test_the_same_run_gives_the_same_bytes() -> None:
    """Nothing in the file depends on when it was made."""
    assert made() == made()


def test_a_name_cannot_end_the_data_block() -> None:
    """A debtor called </script> and the line ends of JavaScript stay inside the JSON."""
    views = page_views()
    views["run"]["warnings"] = [SCRIPT, "two\u2028lines\u2029here", "<!-- <script>"]
    page = page_file(views, page_lists(), page_cards()).decode()
    assert page.count("<script") == 3
    assert page.count("</script>") == 3
    assert not {"\u2028", "\u2029"} & set(page[: page.index("<script>")])
    assert data_of(page)["views"]["run"]["warnings"] == views["run"]["warnings"]


def test_only_the_files_own_scripts_and_style_may_run() -> None:
    """The policy names the hash of each inline script and style, allows no other and loads nothing."""
    page = made()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    parts = {part.split()[0]: part.split()[1:] for part in policy[1].split("; ")}
    inline = re.findall(r"<script>(.*?)</script>", page, re.S)
    assert parts["script-src"] == [_hash(text) for text in inline]
    assert parts["style-src"] == [_hash(text) for text in re.findall(r"<style>(.*?)</style>", page, re.S)]
    assert parts["default-src"] == ["'none'"]
    assert "unsafe" not in policy[1]


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_shell_names_its_files_and_holds_no_data() -> None:
    """The server's page has no inline script: all it needs is under static/ and is there."""
    page = shell().decode()
    named = re.findall(r'(?:src|href)="static/([^"]+)"', page)
    assert named == [STYLE, *SCRIPTS, LIBRARY]
    assert all((STATIC / name).is_file() for name in named)
    assert "<script>" not in page
    assert "debtscape-data" not in page


def test_the_chart_library_is_the_one_its_note_names() -> None:
    """The library is unchanged: its hash is the one written beside it."""
    noted = re.search(r"SHA-256 ([0-9a-f]{64})", (STATIC / "echarts.README").read_text())
    assert noted is not None
    assert hashlib.sha256((STATIC / LIBRARY).read_bytes()).hexdigest() == noted[1]


def test_long_lists_are_cut_to_their_most_urgent_rows_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of debtors stay the 5 on top and 2 of each flag, of actions what waits or is due, of invoices 3 + 3."""
    most = {"MOST_DEBTORS": 5, "MOST_OF_A_FLAG": 2, "MOST_ACTIONS": 4, "MOST_INVOICES": 3}
    for name, number in most.items():
        monkeypatch.setattr(f"pipelines.page.page_file.{name}", number)
    lists = data_of(made())["lists"]

    debtors = _column(lists["debtors"], "name")
    assert debtors == [SCRIPT, *(f"Debtor {n}" for n in (59, 58, 57, 56)), "Debtor 14", "Debtor 13"]
    assert lists["debtors"]["total"] == 61
    assert _column(lists["actions"], "action_id") == ["a12", "a13", "a14", "a15"]
    assert _column(lists["invoices"], "days_past_due") == [19, 18, 17, 0, -1, -2]
    assert len(lists["worklist"]["rows"]) == lists["worklist"]["total"] == 40


def test_actions_that_nobody_can_do_anything_about_today_stay_out_of_the_file() -> None:
    """Neither to release, nor waiting, nor blocked: planned for another day, and only the server has them."""
    lists = page_lists()
    lists["actions"]["to_release"] = False
    actions = data_of(made(lists))["lists"]["actions"]
    assert _column(actions, "action_id") == [f"a{n}" for n in range(1, 8)]
    assert actions["total"] == 15


def _column(listed: dict[str, Any], name: str) -> list[Any]:
    return [row[listed["columns"].index(name)] for row in listed["rows"]]


def test_what_json_cannot_say_is_refused() -> None:
    """A figure that is not a number must be null by then; NaN is not JSON."""
    views = page_views()
    views["portfolios"]["EUR"]["top_overdue"]["share"] = float("nan")
    with pytest.raises(ValueError, match="JSON"):
        page_file(views, page_lists(), page_cards())


# ---- words ----


def words(language: str) -> dict[str, Any]:
    """The words of a language, by key."""
    found: dict[str, Any] = json.loads((STATIC / f"words.{language}.json").read_text(encoding="utf-8"))
    return found


def _flat(found: dict[str, Any], before: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, said in found.items():
        flat |= _flat(said, f"{before}{key}.") if isinstance(said, dict) else {f"{before}{key}": said}
    return flat


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything(language: str) -> None:
    """Each language has the same keys and fills in the same values; nothing is left empty."""
    here, english = _flat(words(language)), _flat(words("en"))
    assert here.keys() == english.keys()
    for key, said in here.items():
        assert said.strip(), key
        if not key.endswith(".one"):  # "once, on {day}" needs no number
            assert _fields(said) == _fields(english[key]), key


def _fields(text: str) -> set[str | None]:
    return {field for _, field, _, _ in Formatter().parse(text)} - {None}


def test_the_scripts_ask_for_words_that_exist() -> None:
    """Each key written out in a script is in the words, and no word is left over that nobody asks for."""
    source = "\n".join((STATIC / name).read_text(encoding="utf-8") for name in SCRIPTS)
    known = words("en")
    asked = set(re.findall(r'\bd\.t\("(\w+)"', source))
    assert asked <= known.keys()
    quoted = set(re.findall(r'["`](\w+)["`]', source)) | set(re.findall(r"\b(\w+):", source))
    made_up = re.compile(r"^(col|nav|list|by|lane)_|_(means|lead|unknown)$")
    assert {key for key in known if key not in quoted | asked and not made_up.search(key)} == {"codes"}


# ---- colours ----


def _palettes() -> list[dict[str, str]]:
    css = (STATIC / STYLE).read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, re.S)[:2]
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block)) for block in blocks]


def _light(colour: str) -> float:
    """Relative luminance by WCAG 2.2."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_what_it_is_written_on(scheme: int) -> None:
    """Every pair of text and ground has a contrast of at least 4.5 to 1 (WCAG 2.2 AA)."""
    colours = _palettes()[scheme]
    pairs = [(text, ground) for text in ("ink", "soft", "accent") for ground in ("paper", "ground", "hover")]
    pairs += [("warn", "warn-ground"), ("bad", "paper")]
    pairs += [("paper", segment) for segment in ("c0", "c1", "c2", "c3", "c4", "other")]
    for text, ground in pairs:
        dark, bright = sorted((_light(colours[text]), _light(colours[ground])))
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, (text, ground)
