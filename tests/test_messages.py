"""Messages say the debtor's own figures in its own language, and nothing that a name may smuggle in."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples

from features.errors import ConfigurationError, ModelError
from models.treatment.collection_cost import dutch_collection_cost
from models.treatment.message_checks import check_templates, sample_contexts
from models.treatment.message_words import MOST_CHARACTERS, Contact, clean, locale_of, message_context, money
from models.treatment.messages import MOST_SUBJECT, Message, choose_language, file_of, languages, render
from models.treatment.policy_file import parse_policy, read_policy

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
MESSAGES = CONFIGS / "messages"
POLICY = read_policy(CONFIGS / "policy.yaml")
LANGUAGES = ("de", "en", "fr", "nl")
WRITTEN = sorted(path.name.split(".")[0] for path in (MESSAGES / "en").glob("[!_]*.txt"))
CONTACT = Contact("Zout & Zn", "D7", date(2026, 3, 2), date(2026, 3, 16), debtor="Bakker B.V.", country="NL")
SMUGGLED = {
    "a header": "Evil\nBcc: x@example.com",
    "windows line ends": "Evil\r\nSubject: pay nothing",
    "unicode line ends": "a\u2028b\u2029c\x85d\x0be",
    "reading direction": "\u202eetirW\u2066 \u200f",
    "an expression": "{{ 7 * 7 }}{% for x in invoices %}!{% endfor %}",
    "a tag": "<script>alert(1)</script>",
    "a formula": "=HYPERLINK(1)",
    "a dressed formula": "\t +-@=cmd",
    "nothing visible": "\u200b\x00",
    "far too long": "x" * 5_000,
}


def items_of(*rows: Mapping[str, Any]) -> pd.DataFrame:
    """Invoices; by default F1 of 100.00 EUR, issued on 20 January and due on 20 February 2026."""
    plain = {"invoice_id": "F1", "issued_on": "2026-01-20", "due_on": "2026-02-20", "currency": "EUR"}
    given_rows = [{**plain, "open_amount_minor": 10_000, **row} for row in rows or [{}]]
    table = pd.DataFrame([{"amount_minor": row["open_amount_minor"], **row} for row in given_rows])
    for day in ("issued_on", "due_on"):
        table[day] = pd.to_datetime(table[day]).astype("datetime64[s]")
    return table


def context_of(contact: Contact = CONTACT, language: str = "nl", **row: Any) -> dict[str, Any]:
    """What a template may say of one invoice."""
    return message_context(contact, items_of(row), language)


def written(text: str, folder: Path, context: Mapping[str, Any] | None = None) -> Message:
    """A text of one's own, rendered in English."""
    (folder / "en").mkdir(exist_ok=True)
    (folder / "en" / "own.txt").write_text(text, encoding="utf-8")
    return render("own", "en", context or context_of(language="en"), folder)


def copied(folder: Path) -> Path:
    """A copy of the shipped texts, to spoil."""
    return Path(shutil.copytree(MESSAGES, folder / "messages"))


def test_four_languages_hold_the_same_files() -> None:
    """Every text is there in Dutch, German, French and English."""
    assert languages(MESSAGES) == list(LANGUAGES)
    names = [sorted(path.name for path in (MESSAGES / language).iterdir()) for language in LANGUAGES]
    assert names == [names[0]] * 4


def test_shipped_texts_fit_the_shipped_policy() -> None:
    """Each step of the shipped policy has a text for every way it may go out."""
    check_templates(POLICY, MESSAGES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", ["email", "call"])
@pytest.mark.parametrize("template", WRITTEN)
def test_every_text_names_what_is_owed(template: str, language: str, channel: str) -> None:
    """Number, due day, amount, days past due and the creditor stand in each text."""
    if not (MESSAGES / language / file_of(template, channel)).is_file():
        assert channel == "call"
        return
    contact = replace(CONTACT, country={"en": "GB", "nl": "NL", "de": "DE", "fr": "FR"}[language])
    context = message_context(contact, items_of({}, {"invoice_id": "F2", "due_on": "2026-02-27"}), language)
    message = render(template, language, context, MESSAGES, channel=channel)
    due = {
        "en": "20 February 2026",
        "nl": "20 februari 2026",
        "de": "20. Februar 2026",
        "fr": "20 février 2026",
    }
    hundred = {"en": "€100.00", "nl": "€\xa0100,00", "de": "100,00\xa0€", "fr": "100,00\xa0€"}
    for part in ("F1", "F2", due[language], hundred[language], "Zout & Zn", " 10 ", " 3 "):
        assert part in message.body
    assert "\n" not in message.subject
    assert "{" not in message.body
    assert "\n\n\n" not in message.body


def test_a_final_notice_names_the_last_day() -> None:
    """The day by which to pay stands in the subject and in the letter."""
    message = render("final_notice", "nl", context_of(), MESSAGES)
    assert message.subject == "Laatste aanmaning: betaal €\xa0100,00 uiterlijk 16 maart 2026"
    assert "uiterlijk 16 maart 2026 door ons" in message.body


@pytest.mark.parametrize(
    ("language", "word"),
    [("nl", "incassobureau"), ("de", "Inkassounternehmen"), ("fr", "recouvrement"), ("en", "agency")],
)
def test_an_agency_is_named_only_where_the_strategy_has_one(language: str, word: str) -> None:
    """No threat that the policy does not make, and none in any other text."""
    quiet, loud = context_of(language=language), context_of(replace(CONTACT, agency_follows=True), language)
    assert word not in render("final_notice", language, quiet, MESSAGES).body
    assert word in render("final_notice", language, loud, MESSAGES).body
    for template in set(WRITTEN) - {"final_notice", "agency", "statutory_notice"}:
        assert word not in render(template, language, loud, MESSAGES).body


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_statutory_notice_names_costs_only_where_they_are_known(language: str) -> None:
    """The collection costs stand in the notice when they were worked out, else it claims none."""
    known = context_of(replace(CONTACT, collection_cost_minor=4_000), language)
    assert "40" in render("statutory_notice", language, known, MESSAGES).body
    assert "6:96" not in render("statutory_notice", language, context_of(language=language), MESSAGES).body


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_second_reminder_speaks_in_the_tone_of_its_step(language: str) -> None:
    """A friendly step asks, a firm one expects: only the one paragraph differs."""
    said = [
        render("second", language, context_of(replace(CONTACT, tone=tone), language), MESSAGES).body.split(
            "\n\n"
        )
        for tone in ("friendly", "firm")
    ]
    assert [place for place, (soft, firm) in enumerate(zip(*said, strict=True)) if soft != firm] == [3]


def test_what_is_not_yet_due_is_not_asked_for() -> None:
    """Of 100.00 past due and 50.00 due tomorrow, 100.00 is asked for and the other is only told."""
    later = {"invoice_id": "F0", "due_on": "2026-03-03", "open_amount_minor": 5_000}
    context = message_context(CONTACT, items_of(later, {}), "en")
    assert (context["amount_due"], context["count"]) == ("€\xa0100,00", 1)
    assert [invoice["number"] for invoice in context["not_yet_due"]] == ["F0"]
    body = render("friendly", "en", context, MESSAGES).body
    assert body.index("F1") < body.index("Not yet due") < body.index("F0")


def test_nothing_past_due_is_about_all() -> None:
    """A notice before the due day is about all of its invoices, with days to go and none past due."""
    rows = ({"due_on": "2026-03-02"}, {"invoice_id": "F2", "due_on": "2026-03-05"})
    context = message_context(CONTACT, items_of(*rows), "nl")
    assert (context["count"], context["amount_due"], context["not_yet_due"]) == (2, "€\xa0200,00", [])
    assert [invoice["days_until_due"] for invoice in context["invoices"]] == [0, 3]
    assert context["oldest_days_past_due"] == 0


def test_rows_in_any_order_make_the_same_text() -> None:
    """The invoices stand by due day and number, however they came."""
    rows = [{"invoice_id": "F3"}, {"invoice_id": "F2"}, {"invoice_id": "F1", "due_on": "2026-02-25"}]
    contexts = [message_context(CONTACT, items_of(*order), "nl") for order in (rows, rows[::-1])]
    assert contexts[0] == contexts[1]
    assert [invoice["number"] for invoice in contexts[0]["invoices"]] == ["F2", "F3", "F1"]


def test_a_disputed_part_is_not_asked_for() -> None:
    """60.00 asked for of an invoice of 100.00 says both."""
    context = context_of(language="en", amount_minor=10_000, open_amount_minor=6_000)
    assert "€\xa060,00 (of €\xa0100,00)" in render("second", "en", context, MESSAGES).body


def test_credit_of_the_debtor_is_said() -> None:
    """What stands in the debtor's favour is told beside what is asked for; nothing where there is none."""
    context = context_of(replace(CONTACT, credit_minor=1_050), "de")
    assert (
        "noch nicht verrechnet: €\xa010,50"
        not in render("friendly", "de", context_of(language="de"), MESSAGES).body
    )
    assert "noch nicht verrechnet: 10,50\xa0€" in render("friendly", "de", context, MESSAGES).body


def test_a_text_without_invoices_or_with_two_currencies_is_refused() -> None:
    """A sum of nothing, or of euros and pounds, is nobody's debt."""
    with pytest.raises(ModelError, match="here are 2"):
        message_context(CONTACT, items_of({}, {"currency": "GBP"}), "en")
    with pytest.raises(ModelError, match="here are 0"):
        message_context(CONTACT, items_of().iloc[:0], "en")


@pytest.mark.parametrize(
    ("language", "country", "minor", "currency", "expected"),
    [
        ("nl", "NL", 123_450, "EUR", "€\xa01.234,50"),
        ("nl", "BE", 123_450, "EUR", "€\xa01.234,50"),
        ("de", "DE", 123_450, "EUR", "1.234,50\xa0€"),
        ("de", "AT", 123_450, "EUR", "€\xa01.234,50"),
        ("de", "CH", 123_450, "CHF", "CHF\xa01’234.50"),
        ("de", "NL", 123_450, "EUR", "1.234,50\xa0€"),
        ("fr", "BE", 123_450, "EUR", "1\u202f234,50\xa0€"),
        ("en", "GB", 123_450, "GBP", "£1,234.50"),
        ("en", "", 123_450, "EUR", "€1,234.50"),
        ("en", "Atlantis", 90_000, "JPY", "JP¥90,000"),
        ("en", "gb", 1_234_567, "KWD", "KWD1,234.567"),
    ],
)
def test_money_is_written_as_where_the_debtor_is(
    language: str, country: str, minor: int, currency: str, expected: str
) -> None:
    """Signs and separators follow language and country, digits the currency, and no unit is lost."""
    assert money(minor, currency, locale_of(language, country)) == expected


def test_the_first_of_a_month_in_french() -> None:
    """The first is 1er, the others are plain numbers."""
    contact = replace(CONTACT, sent_on=date(2026, 3, 1), last_day=date(2026, 3, 11), country="FR")
    context = context_of(contact, "fr")
    assert (context["sent_on"], context["last_day"]) == ("1er mars 2026", "11 mars 2026")


def test_a_language_nobody_speaks_is_refused() -> None:
    """Days and money cannot be written in a language that the library does not know."""
    with pytest.raises(ModelError, match="'qq'"):
        locale_of("qq", "NL")


@pytest.mark.parametrize("value", SMUGGLED.values(), ids=list(SMUGGLED))
@pytest.mark.parametrize("field", ["debtor", "contact_person", "creditor", "signed_by", "customer_id"])
def test_what_a_field_smuggles_is_plain_text(field: str, value: str) -> None:
    """Whatever stands in a name, the text has its lines, no hidden character, no tag, no result of a sum."""
    names = {"debtor": "Bakker", "contact_person": "Jan", "creditor": "Zout", "signed_by": "Els"}
    plain = replace(CONTACT, **names)
    for template, channel in (("friendly", "email"), ("call_script", "call"), ("agency", "agency")):
        honest = render(template, "nl", context_of(plain), MESSAGES, channel=channel)
        spoilt = render(
            template, "nl", context_of(replace(plain, **{field: value})), MESSAGES, channel=channel
        )
        if clean(value):
            assert spoilt.body.count("\n") == honest.body.count("\n")
        assert_harmless(spoilt)
        assert "49" not in spoilt.body


@pytest.mark.parametrize("value", SMUGGLED.values(), ids=list(SMUGGLED))
def test_what_a_number_smuggles_is_plain_text(value: str) -> None:
    """An invoice or order number is as harmless as a name, also in the subject."""
    context = context_of(invoice_id=value, purchase_order_no=value, of_debtor=value)
    honest = context_of(invoice_id="F1", purchase_order_no="PO", of_debtor="branch")
    for template in ("slipped_once", "mistake", "before_due"):
        message = render(template, "nl", context, MESSAGES)
        assert message.body.count("\n") == render(template, "nl", honest, MESSAGES).body.count("\n")
        assert_harmless(message)


HONEST = render("mistake", "nl", context_of(), MESSAGES, channel="call")


@given(name=st.text(), number=st.text())
@settings(max_examples=examples(150), deadline=None)
def test_any_text_is_harmless(name: str, number: str) -> None:
    """Any text as name or number: the same lines, one subject, nothing hidden, nothing evaluated."""
    context = context_of(replace(CONTACT, debtor=name), invoice_id=number)
    message = render("mistake", "nl", context, MESSAGES, channel="call")
    assert message.body.count("\n") == HONEST.body.count("\n")
    assert_harmless(message)
    assert clean(name) == clean(clean(name))
    assert (clean(name) or "D7") in message.body


def assert_harmless(message: Message) -> None:
    """One line of subject of sane length; no control or invisible character, no tag, no formula first."""
    assert message.subject.splitlines() == [message.subject]
    assert len(message.subject) <= MOST_SUBJECT
    for text in (message.subject, message.body.replace("\n", " ")):
        assert not [
            sign for sign in text if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
        ]
        assert "<" not in text
    for line in message.body.splitlines():
        assert not line.startswith(("=", "+", "@"))


def test_a_long_value_is_cut() -> None:
    """A name of a thousand letters keeps its beginning and says that it is cut."""
    assert clean("a" * 1_000) == "a" * (MOST_CHARACTERS - 1) + "…"
    assert clean("a" * MOST_CHARACTERS) == "a" * MOST_CHARACTERS


@pytest.mark.parametrize("empty", [None, float("nan"), pd.NA, pd.NaT, "", "  \n"])
def test_nothing_is_no_text(empty: object) -> None:
    """What is not known leaves no trace such as nan."""
    assert clean(empty) == ""


def test_a_subject_is_cut_between_words(tmp_path: Path) -> None:
    """A subject that is too long keeps whole words and whole amounts."""
    message = written("word " * 28 + "{{ amount_due }} more and more\n\nbody", tmp_path)
    assert message.subject == "word " * 28 + "…"


def test_a_value_is_not_read_again(tmp_path: Path) -> None:
    """Braces in a name stay braces."""
    context = context_of(replace(CONTACT, debtor="{{ creditor }}"), "en")
    assert written("S\n{{ debtor }}", tmp_path, context).body == "{{ creditor }}\n"


@pytest.mark.parametrize(
    "reach",
    [
        "{{ debtor.__class__ }}",
        "{{ debtor.upper() }}",
        "{{ invoices.append(1) }}",
        "{{ invoices[0].__init__ }}",
        "{{ debtor|attr('__class__') }}",
        "{{ ''.join(['a']) }}",
        "{{ range(3) }}",
        "{{ self._TemplateReference__context }}",
        "{{ invoices[0]['nothing'] }}",
        "{{ (invoices|map(attribute='__class__')|list)[0] }}",
        "{% include '../../policy.yaml' %}",
        "{% include '/etc/hostname' %}",
        "{{ 1 / 0 }}",
        "{{ debtor + 1 }}",
    ],
)
def test_a_template_reaches_nothing_behind_its_variables(reach: str, tmp_path: Path) -> None:
    """Attributes, methods, other files and unknown names are refused, with the file."""
    with pytest.raises(ConfigurationError, match=r"own\.txt|no message"):
        written(f"subject\n\n{reach}", tmp_path)


def test_a_loop_knows_its_own_place(tmp_path: Path) -> None:
    """The attributes of a loop are the only ones that can be read; a line with only a tag leaves no line."""
    text = "S\n{% for invoice in invoices %}\n{{ loop.index }} {{ invoice.number }}\n{% endfor %}\nend"
    context = message_context(CONTACT, items_of({}, {"invoice_id": "F2"}), "en")
    assert written(text, tmp_path, context).body == "1 F1\n2 F2\nend\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("S\n\n{% if count %}\nno end", r"own\.txt line 4: "),
        ("S\n\n{{ debtor.name.first }}", r"own\.txt line 3: "),
        (
            "S\n\n{% if count %}\n{{ wat }}\n{% endif %}",
            r"own\.txt line 4: 'wat' is undefined; known: creditor, ",
        ),
        ("\n\nbody", r"own\.txt line 1: the first line is the subject, and it is empty"),
        ("{{ contact_person }}\nbody", "the first line is the subject, and it is empty"),
        ("S\n{% include 'gone.txt' %}", r"no message .*gone\.txt: add the file"),
    ],
)
def test_a_text_that_cannot_be_read_says_where(text: str, said: str, tmp_path: Path) -> None:
    """File, line and what is wrong, in one line."""
    with pytest.raises(ConfigurationError, match=said):
        written(text, tmp_path)


def test_a_file_saved_by_an_editor_of_windows_reads_the_same(tmp_path: Path) -> None:
    """A byte order mark and carriage returns change nothing."""
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "own.txt").write_bytes("\ufeffS {{ count }}\r\n\r\nbody\r\n".encode())
    assert render("own", "en", context_of(language="en"), tmp_path) == Message("S 1", "body\n", "en")


def test_a_call_has_a_text_of_its_own() -> None:
    """The same template is a script on the phone and a letter on paper."""
    spoken = render("call_script", "en", context_of(language="en"), MESSAGES, channel="call")
    letter = render("call_script", "en", context_of(language="en"), MESSAGES, channel="letter")
    assert "Opening" in spoken.body
    assert "Opening" not in letter.body
    assert letter.body.startswith("Dear")


def test_a_language_without_texts_falls_back() -> None:
    """A debtor who reads Polish is written to in the policy's language, one who reads French in French."""
    assert choose_language("pl", "nl", MESSAGES) == "nl"
    assert choose_language(None, "nl", MESSAGES) == "nl"
    assert choose_language("fr", "nl", MESSAGES) == "fr"
    with pytest.raises(ConfigurationError, match=r"'pl'; there are: de, en, fr, nl"):
        render("friendly", "pl", context_of(), MESSAGES)


def policy_with(**changed: Any) -> Any:
    """The shipped policy with keys changed."""
    return parse_policy({**POLICY.model_dump(mode="json"), **changed})


def strategies_with(**step: Any) -> dict[str, Any]:
    """The shipped strategies, the first step of the standard one changed."""
    strategies = POLICY.model_dump(mode="json")["strategies"]
    strategies["standard"]["steps"][0].update(step)
    return dict(strategies)


def test_an_unknown_template_leads_to_the_nearest() -> None:
    """A misspelt template is refused with the name meant and the file to add."""
    policy = policy_with(strategies=strategies_with(template="frendly"))
    with pytest.raises(
        ConfigurationError, match=r"step due_soon.*`frendly`.*mean `friendly`\?\nOr add .*de/frendly\.txt"
    ):
        check_templates(policy, MESSAGES)


def test_a_step_that_may_be_a_call_needs_a_script() -> None:
    """A template that is only written is refused for a step that may be a call."""
    policy = policy_with(strategies=strategies_with(channels=["email", "call"]))
    with pytest.raises(ConfigurationError, match=r"`before_due`.*\nOr add .*before_due\.call\.txt"):
        check_templates(policy, MESSAGES)


def test_a_call_that_may_become_a_letter_needs_the_letter(tmp_path: Path) -> None:
    """A broken promise is a call; without a number to call it is a letter, which must be there."""
    folder = copied(tmp_path)
    (folder / "fr" / "broken_promise.txt").unlink()
    with pytest.raises(
        ConfigurationError, match=r"no template `broken_promise` in fr\nOr add .*fr/broken_promise\.txt"
    ):
        check_templates(POLICY, folder)


def test_a_policy_in_a_language_without_texts_is_refused() -> None:
    """The language of last resort must have texts."""
    with pytest.raises(ConfigurationError, match=r"language: no messages in 'it'; there are: de, en, fr, nl"):
        check_templates(policy_with(language="it"), MESSAGES)


def test_a_folder_without_languages_is_refused(tmp_path: Path) -> None:
    """An empty folder says what should be in it."""
    with pytest.raises(ConfigurationError, match=r"make a folder for each language"):
        check_templates(POLICY, tmp_path)


def test_an_unknown_variable_is_found_in_a_branch_that_is_never_taken(tmp_path: Path) -> None:
    """File and line of the name, the nearest, and all that are known."""
    folder = copied(tmp_path)
    (folder / "de" / "friendly.txt").write_text("S\n\n{% if false %}\n{{ creditr }}\n{% endif %}\n")
    said = r"de/friendly\.txt line 4: no variable `creditr`; did you mean `creditor`\?; known: creditor, "
    with pytest.raises(ConfigurationError, match=said):
        check_templates(POLICY, folder)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("friendly.txt", "S\n{% if %}", r"friendly\.txt line 2: "),
        ("_invoices.txt", "- {{ oops }}", r"_invoices\.txt line 1: no variable `oops`"),
        (
            "_invoices.txt",
            "\n- {{ invoices[0].oops }}",
            r"_invoices\.txt line 2: .*oops.*of each of the invoices: number",
        ),
        ("second.txt", "", r"second\.txt line 1: the first line is the subject"),
    ],
)
def test_a_spoilt_text_is_refused_before_anything_runs(
    file: str, text: str, said: str, tmp_path: Path
) -> None:
    """Syntax, names and the missing subject are found when the policy is checked."""
    folder = copied(tmp_path)
    (folder / "en" / file).write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        check_templates(POLICY, folder)


def test_a_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    """A file in another encoding is named."""
    folder = copied(tmp_path)
    (folder / "en" / "friendly.txt").write_bytes(b"S\n\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"cannot read the message .*friendly\.txt"):
        check_templates(POLICY, folder)


def test_samples_have_everything_and_leave_out_what_can_be() -> None:
    """Between them the samples fill each variable at least once, and each optional one is empty once."""
    full, plain = sample_contexts("en")
    assert all(full.values())
    assert [name for name, value in plain.items() if not value] == [
        "contact_person", "signed_by", "promised_for", "collection_cost", "credit", "agency_follows",
        "not_yet_due",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("principal", "cost"),
    [
        (10_000, 4_000),  # 15 % is 15.00, the least is 40.00
        (100_000, 15_000),
        (250_000, 37_500),
        (500_000, 62_500),  # 375 + 10 % of 2,500
        (1_000_000, 87_500),  # + 5 % of 5,000
        (20_000_000, 277_500),  # + 1 % of 190,000
        (1_000_000_000, 677_500),  # the most
        (33_337, 5_001),  # 50.0055 rounds to the cent
    ],
)
def test_dutch_collection_costs_go_by_bands(principal: int, cost: int) -> None:
    """Counted by hand from the bands of the decree."""
    assert dutch_collection_cost(principal) == cost


def test_the_page_about_messages_names_every_variable() -> None:
    """Whoever edits a text finds each variable, also those of an invoice."""
    page = (CONFIGS.parent / "docs" / "messages.md").read_text(encoding="utf-8")
    context = context_of()
    assert [name for name in (*context, *context["invoices"][0]) if f"`{name}`" not in page] == []
