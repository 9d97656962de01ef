"""Protected attributes are refused as features by their names, in four languages, without false alarms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue import CATALOGUE
from features.contracts import LEDGER_TABLES
from features.errors import ConfigurationError
from features.protected_attributes import protected_attribute, refuse_protected

PROTECTED = {
    "gender": [
        "gender",
        "customer_gender",
        "customergender",
        "sex",
        "Sexe",
        "geslacht",
        "klantgeslacht",
        "Geschlecht",
        "is_female",
        "civilité",
        "aanhef",
        "pregnancy",
        "genre",
    ],
    "age": [
        "age",
        "customer_age",
        "ageOfOwner",
        "age_group",
        "dob",
        "DOB_owner",
        "birth_date",
        "BirthYear",
        "dateOfBirth",
        "geboortedatum",
        "Geburtsdatum",
        "date_naissance",
        "leeftijd",
        "Alter",
        "kundenalter",
        "agegroup",
        "d_o_b",
        "Geb.-Dat.",
        "age_of_the_owner_in_years",
    ],
    "nationality": [
        "nationality",
        "nationaliteit",
        "Nationalität",
        "nationalité",
        "Staatsangehörigkeit",
    ],
    "ethnicity": [
        "ethnicity",
        "ethnic_group",
        "race",
        "etniciteit",
        "Ethnie",
        "skin_colour",
        "Rasse",
    ],
    "religion": [
        "religion",
        "religie",
        "religious",
        "Konfession",
        "geloof",
        "Kirchensteuer",
    ],
    "health": [
        "health",
        "health_status",
        "disability",
        "handicap",
        "Behinderung",
        "santé",
        "is_disabled",
    ],
    "sexual orientation": [
        "orientation",
        "sexual_orientation",
        "geaardheid",
        "sexuelle_Orientierung",
    ],
    "trade union": [
        "trade_union",
        "union_member",
        "vakbond",
        "Gewerkschaft",
        "syndicat",
        "TradeUnion",
    ],
    "political opinion": [
        "political_party",
        "politicalOpinion",
        "politiek",
        "Partei",
        "opinion_politique",
    ],
    "genetic or biometric data": [
        "biometric_hash",
        "genetic_risk",
    ],
    "marital status": [
        "marital_status",
        "burgerlijke_staat",
        "Familienstand",
        "état civil",
        "married",
    ],
    "personal identity number": [
        "bsn",
        "SSN",
        "rijksregisternummer",
    ],
}
HARMLESS = """
    customer_age_days packagegroup
    average_age_days days_past_due language company_age invoice_age_days account_age oldest_age ageing
    age_of_invoice average_days_late percentage stage mileage usage coverage message package alternative
    sector sexton essex_branch financial_health healthcare_sector account_disabled trace
    credit_union european_union syndicated_loan third_party contractpartij politique_de_paiement
    political_risk_country market_orientation music_genre country region legal_kind folgender_monat
    middlesex_office invalid_rows union_station mrp agenda embrace terraced country_of_origin
"""


@pytest.mark.parametrize(
    ("attribute", "name"), [(attribute, name) for attribute, names in PROTECTED.items() for name in names]
)
def test_a_protected_attribute_is_found_behind_its_names(attribute: str, name: str) -> None:
    """English, Dutch, German and French; as one word, with borders, with accents, of a customer."""
    assert protected_attribute(name) == attribute


@pytest.mark.parametrize("name", HARMLESS.split())
def test_a_harmless_name_is_no_false_alarm(name: str) -> None:
    """The age of an invoice or a company, the language of a letter, and words that only look alike."""
    assert protected_attribute(name) is None


def test_the_products_own_features_and_columns_are_none() -> None:
    """Nothing of the catalogue and nothing of the ledger's contract is refused."""
    own = [*CATALOGUE, *(name for table in LEDGER_TABLES.values() for name in table.names)]
    assert [name for name in own if protected_attribute(name)] == []


def test_the_refusal_names_all_of_them_and_the_way_out() -> None:
    """One error for the whole list, in its order; the harmless ones are not in it."""
    with pytest.raises(ConfigurationError) as refused:
        refuse_protected(["sector", "geslacht", "dob"])
    assert str(refused.value) == (
        "protected attributes cannot be features: geslacht (gender), dob (age).\n"
        "Leave them out; a column that means something else needs a name that says so."
    )


def test_features_without_one_pass() -> None:
    """Also none at all."""
    refuse_protected(["sector", "average_age_days"])
    refuse_protected([])


@given(
    st.sampled_from(["gender", "dob", "geslacht", "religion", "nationality"]),
    st.lists(st.sampled_from(["customer", "x", "code", "owner", "main", "days"]), max_size=3),
    st.sampled_from(["_", " ", "-", ".", "__"]),
    st.booleans(),
    st.integers(0, 3),
)
def test_nothing_beside_it_hides_it(
    word: str, others: list[str], border: str, upper: bool, place: int
) -> None:
    """Whatever words stand before and after, with any border and in any case."""
    name = border.join([*others[:place], word, *others[place:]])
    assert protected_attribute(name.upper() if upper else name) is not None
