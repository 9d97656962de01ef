"""What the shipped patterns find in notes, and which patterns are refused."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest

from models.segments import note_words
from models.segments.delay_tactics import read_tactics
from models.segments.note_words import LONGEST_TEXT, fold, refuse_pattern

SHIPPED = read_tactics(Path(__file__).resolve().parent.parent / "configs" / "delay_tactics.yaml")

FOUND = {
    "invoice_not_received": {
        "nl": [
            "Factuur niet ontvangen",
            "zegt de FACTUUR nooit ontvangen te hebben",
            "factuur 2024-117 nog niet ontvangen",
            "Klant: factuur is bij ons niet bekend",
            "facturen zijn niet aangekomen, opnieuw gemaild",
            "heeft nog geen factuur ontvangen",
            "hij kreeg de verkoopfactuur niet",
            "factuurnr. 4711 nooit binnengekomen",
        ],
        "de": [
            "Rechnung nicht erhalten",
            "Rechnung Nr. 4711 wurde nicht zugestellt",
            "hat die Schlussrechnung nie bekommen",
            "Kunde hat noch keine Rechnung erhalten",
            "Die Rechnung liegt uns nicht vor",
            "nicht erhaltene Rechnung, neu versandt",
            "Die Rechnungen sind nicht eingegangen!",
            "Sie erhielten die Rechnung nicht",
        ],
        "fr": [
            "facture non reçue",
            "FACTURE NON RECUE",
            "n'a pas reçu la facture",
            "n’ont jamais reçu notre facture",
            "facture n° 123 pas reçue",
            "n'a reçu aucune facture",
            "la facture n'est pas encore arrivée",
            "la facture ne lui est jamais parvenue",
        ],
        "en": [
            "Invoice not received",
            "never got the invoice",
            "didn't receive invoice INV-2024/17",
            "says invoice no. 4711 was never received",
            "they have not yet received a copy of the invoice",
            "hasn't received our invoices",
            "no invoice was received",
            "received no invoice",
            "Invoice - not received",
        ],
    },
    "order_number_missing": {
        "nl": ["geen ordernummer op de factuur", "inkoopordernummer ontbreekt", "bestelnummer staat niet op"],
        "de": ["Bestellnummer fehlt", "Rechnung ohne Bestellnummer", "falsche Auftragsnummer"],
        "fr": ["numéro de commande manquant", "pas de bon de commande", "manque le numéro de commande"],
        "en": [
            "PO number missing",
            "no purchase order number",
            "order number not on the invoice",
            "no P.O. number",
        ],
    },
    "awaiting_approval": {
        "nl": ["wacht op akkoord", "factuur nog niet goedgekeurd", "ligt ter goedkeuring bij directie"],
        "de": ["wartet auf Freigabe", "noch nicht freigegeben", "Rechnung muss noch geprüft werden"],
        "fr": ["en attente de validation", "facture pas encore validée", "en cours d'approbation"],
        "en": ["awaiting approval", "not yet approved", "needs to be signed off", "waiting for his approval"],
    },
    "next_payment_run": {
        "nl": ["wordt volgende week betaald", "gaat mee in de volgende betaalrun"],
        "de": ["wird nächste Woche bezahlt", "kommt im nächsten Zahllauf"],
        "fr": ["sera payée la semaine prochaine", "dans le prochain cycle de paiement"],
        "en": ["will be paid next week", "is in the next payment run"],
    },
    "wrong_address": {
        "nl": ["verkeerd adres", "factuur naar oude e-mailadres"],
        "de": ["falsche Rechnungsadresse", "die Anschrift ist falsch"],
        "fr": ["mauvaise adresse", "adresse de facturation erronée"],
        "en": ["wrong billing address", "address on the invoice was incorrect"],
    },
}

NOT_FOUND = {
    "invoice_not_received": {
        "nl": [
            "factuur ontvangen",
            "factuur ontvangen, nog niet betaald",
            "factuur niet betwist",
            "betaling van factuur 4711 niet ontvangen",
            "factuur. niet ontvangen: de goederen",
            "nog geen betaling ontvangen",
        ],
        "de": [
            "Rechnung erhalten",
            "Rechnung erhalten, nicht bezahlt",
            "Zahlung zur Rechnung 4711 nicht eingegangen",
            "Ware nicht erhalten",
            "keine Zahlung erhalten",
        ],
        "fr": [
            "facture reçue",
            "facture bien reçue, pas encore payée",
            "paiement de la facture 4711 non reçu",
            "marchandise non reçue",
        ],
        "en": [
            "invoice received",
            "invoice received, not paid",
            "payment for invoice 4711 not received",
            "we have not received payment for the invoice",
            "Invoice in order. Not received: the goods",
            "not received",
            "not a problem, received the invoice",
        ],
    },
    "order_number_missing": {
        "nl": ["ordernummer staat op de factuur"],
        "de": ["Bestellnummer 4711 angegeben"],
        "fr": ["numéro de commande 4711 indiqué"],
        "en": ["PO number 4711 given", "wrong order delivered", "has no PO box"],
    },
    "awaiting_approval": {
        "nl": ["factuur is goedgekeurd"],
        "de": ["Rechnung ist freigegeben"],
        "fr": ["facture validée"],
        "en": ["invoice approved"],
    },
    "next_payment_run": {
        "nl": ["is vorige week betaald"],
        "de": ["wurde letzte Woche bezahlt"],
        "fr": ["a été payée la semaine dernière"],
        "en": ["was paid last week", "call again next week"],
    },
    "wrong_address": {
        "nl": ["adres klopt"],
        "de": ["Adresse geprüft, ist richtig"],
        "fr": ["adresse correcte"],
        "en": ["address confirmed"],
    },
}


def matches(texts: list[str], patterns: list[str], unless: list[str]) -> list[bool]:
    """Whether a pattern is found in each text."""
    folded = fold(pa.array(texts, pa.large_string()))
    return [bool(hit) for hit in note_words.matches(folded, patterns, unless)]


def found(tactic: str, texts: list[str]) -> list[str]:
    """The texts in which the shipped patterns of the tactic find something."""
    of = next(each for each in SHIPPED.tactics if each.name == tactic)
    patterns, unless = (
        [pattern for each in said.values() for pattern in each] for said in (of.patterns, of.unless)
    )
    return [text for text, hit in zip(texts, matches(texts, patterns, unless), strict=True) if hit]


@pytest.mark.parametrize("language", ["nl", "de", "fr", "en"])
@pytest.mark.parametrize("tactic", FOUND)
def test_shipped_patterns_find_the_usual_words(tactic: str, language: str) -> None:
    """Usual variants and word orders of each language are found."""
    assert found(tactic, FOUND[tactic][language]) == FOUND[tactic][language]


@pytest.mark.parametrize("language", ["nl", "de", "fr", "en"])
@pytest.mark.parametrize("tactic", NOT_FOUND)
def test_shipped_patterns_leave_the_opposite_alone(tactic: str, language: str) -> None:
    """What says the opposite, or speaks of payment or goods, is not the tactic."""
    assert found(tactic, NOT_FOUND[tactic][language]) == []


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Façture  N° 123, NICHT Straße", " facture 0 . nicht strasse "),
        ("We didn’t get INV-2024/17.", " we did not get 0 . "),
        ("factuurnr. 4711 / Factuur4711", " factuur 0 factuur 0 "),
        ("3.4.2024: l'œuvre\nfin", " 0 l oeuvre . fin "),
        ("", "  "),
    ],
)
def test_texts_are_made_simple(text: str, folded: str) -> None:
    """Capitals, accents, numbers and punctuation, each in its one form."""
    assert fold(pa.array([text], pa.large_string())).to_pylist() == [folded]


def test_only_whole_words_match() -> None:
    """A phrase inside a longer word is another word; \\w* says that it may be longer."""
    texts = ["lost", "lostness", "we lost it"]
    assert matches(texts, ["lost"], []) == [True, False, True]
    assert matches(texts, [r"lost\w*"], []) == [True, True, True]


def test_what_is_struck_out_is_not_found() -> None:
    """The phrase is gone, and nothing is found across the gap it leaves."""
    texts = ["payment of invoice not received", "invoice not received, payment of invoice due"]
    assert matches(texts, ["invoice not received"], ["payment of invoice"]) == [False, True]
    assert matches(["a b c"], ["a c"], ["b"]) == [False]


def test_a_pattern_may_be_written_with_accents_and_capitals() -> None:
    """Patterns are folded as texts are, phrases and regular expressions alike."""
    texts = ["facture non reçue", "FACTURE NON RECUE", "l'e-facture"]
    assert matches(texts, ["Facture non reçue"], []) == [True, True, False]
    assert matches(texts, ["Facture non (reçue|égarée)"], []) == [True, True, False]
    assert matches(texts, ["l'e-(facture|note)"], []) == [False, False, True]


def test_the_end_of_a_pasted_mail_thread_is_not_searched() -> None:
    """Only the first characters count."""
    before = "x" * (LONGEST_TEXT - 4)
    assert matches([f"{before} lost", f"{before[1:]} lost"], ["lost"], []) == [False, True]


def test_a_text_made_to_hang_a_search_does_not() -> None:
    """A pattern that takes other engines longer than the universe has existed, on a text made for it."""
    assert matches(["a" * LONGEST_TEXT], ["(a|aa)*(a|aa)*(a|aa)*b"], []) == [False]


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "a pattern is empty"),
        ("  ", "a pattern is empty"),
        ("(lost", "`(lost` is not a regular expression (missing )"),
        ("lost)|(found", "is not a regular expression"),
        (r"(?=lost)", "is not a regular expression"),
        (r"(lost) \1", "is not a regular expression"),
        ("(a+)+", "repeats something that repeats already"),
        ("((a|b*)c){2,}", "repeats something that repeats already"),
        (r"not( \w+)* received", "repeats something that repeats already"),
        (".*", "matches any text"),
        ("(lost)?", "matches any text"),
        (r"\w+", "matches any text"),
        ("...", "matches any text"),
        ("x" * 501, "501 characters long"),
    ],
)
def test_patterns_that_are_refused(pattern: str, words: str) -> None:
    """Invalid, empty, repeating a repetition, or matching anything at all."""
    with pytest.raises(ValueError, match=re.escape(words)):
        refuse_pattern(pattern)


@pytest.mark.parametrize("pattern", ["lost", "(the |your )*invoice", r"[+*](a)*\(b+\)", "colou?r", "(a+)?b"])
def test_patterns_that_are_taken(pattern: str) -> None:
    """A repetition of what does not repeat is fine, and so are signs in brackets or after a backslash."""
    assert refuse_pattern(pattern) == pattern
