"""What protects a person: no feature may carry it, whatever the column is called.

A prediction decides who is reminded, blocked or refused credit. Grounds: article 21 of the Charter of
Fundamental Rights of the European Union (2012/C 326/02) and the special categories of article 9 of the
General Data Protection Regulation (EU) 2016/679. Only names are judged, in English, Dutch, German and French:
birth years in a column called `x1` are not found, and a postcode may stand in for what is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from features.column_names import normal
from features.errors import ConfigurationError

_WORDS = {
    "gender": "gender sex sexe male female salutation aanhef anrede civilite mr mrs",
    "age": "dob yob ddn verjaardag agegroup ageband ageyears",
    "ethnicity": "race racial rasse raciale",
    "religion": "creed geloof godsdienst glaube kirchensteuer",
    "health": "disability behindert gesundheit sante ziekte krankheit maladie invalidite invaliditeit "
    "diagnosis",
    "sexual orientation": "lgbt lgbtq geaardheid",
    "trade union": "vakbond gewerkschaft",
    "marital status": "marital married familienstand gehuwd verheiratet divorced",
    "personal identity number": "bsn ssn",
}
"""Words that mean it wherever they stand."""

_STEMS = {
    "gender": "geslacht geschlecht pregnan zwanger schwanger",
    "age": "birth geboorte geboren geburt gebdat naissance leeftijd",
    "nationality": "nationalit citizenship staatsangeho staatsburger staatsbuerger citoyennete "
    "migrationshintergrund migratieachtergrond",
    "ethnicity": "ethni etnisch etnicit huidskleur hautfarbe skincolo",
    "religion": "religi konfession levensovertuiging",
    "health": "disabilit handicap behinderung gezondheid gesundheitszustand arbeidsongeschikt "
    "medicalcondition",
    "sexual orientation": "sexualorientation sexuality sexualit seksu sexuel sexuell",
    "trade union": "tradeunion unionmember vakbondslid gewerkschaftsmitglied syndicale",
    "political opinion": "politicalopinion politicalparty politicalview politicalaffiliation "
    "politiekevoorkeur politischemeinung opinionpolitique parteimitglied",
    "genetic or biometric data": "biometr genetic genetisch genetique",
    "marital status": "burgerlijkestaat etatcivil",
    "personal identity number": "burgerservicenummer rijksregisternummer socialsecuritynumber",
}
"""Parts of a name that mean it also inside of a longer word, written without spaces."""

_ALONE = {
    "gender": "genre",
    "age": "age alter",
    "ethnicity": "ras herkunft afkomst origine",
    "health": "health medical disabled",
    "sexual orientation": "orientation orientierung",
    "trade union": "union syndicat",
    "political opinion": "political politics politiek politisch politique partij partei",
}
"""Words that mean it only of a person: the age of an invoice and the health of a balance sheet are none."""

_OF_A_PERSON = """
    customer client debtor owner director person contact ceo founder buyer applicant man woman people
    klant debiteur eigenaar persoon bestuurder kunde kunden debitor inhaber dirigeant proprietaire personne
    year years jaar jaren jahre ans group band class category bracket range groep klasse gruppe tranche
    status state condition flag code type is has of the in at de du der des van le la membership member
"""
_PERSON_IN_FRONT = re.compile(
    "(?:customer|client|debtor|owner|director|contact|klant|debiteur|eigenaar|kunden|inhaber)(?=...)"
)


def refuse_protected(names: Iterable[str]) -> None:
    """Raise ConfigurationError with the features whose names say that they carry a protected attribute."""
    found = {name: attribute for name in names if (attribute := protected_attribute(name))}
    if found:
        words = ", ".join(f"{name} ({attribute})" for name, attribute in found.items())
        raise ConfigurationError(
            f"protected attributes cannot be features: {words}.\n"
            "Leave them out; a column that means something else needs a name that says so."
        )


def protected_attribute(name: str) -> str | None:
    """Return what the name says of a person that no feature may carry, or None."""
    words = [normal(word) for word in re.findall(r"[^\W\d_]+", _parted(name))]
    whole = normal(name)
    words = [_PERSON_IN_FRONT.sub("", word, count=1) for word in words if word]
    for attribute, meaning_it in _WORDS.items():
        if not set(meaning_it.split()).isdisjoint([*words, whole]):
            return attribute
    for attribute, parts in _STEMS.items():
        if any(part in whole for part in parts.split()):
            return attribute
    for attribute, ambiguous in _ALONE.items():
        said = set(ambiguous.split())
        if not said.isdisjoint(words) and said.union(_OF_A_PERSON.split()).issuperset(words):
            return attribute
    return None


def _parted(name: str) -> str:
    """Return the name with a border between the words of camelCase."""
    return re.sub(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])", "_", name)
