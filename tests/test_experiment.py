"""Who is in which arm is drawn by paying group, repeatably, and never for those who must stay outside."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import ConfigurationError
from models.treatment.experiment import arms, as_told, eligible, horizon_days, paying_groups, shares
from models.treatment.policy import Experiment

SPRING = Experiment(name="spring", share=0.4, arms={"earlier": -2, "later": 4})
COLUMNS = ("group", "payer_id", "dunning_recipient_id", "legal_on", "insolvent_on")


def customers_of(**rows: dict[str, object]) -> pd.DataFrame:
    """Customers by id; what is not said is not known."""
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=list(COLUMNS))
    for column in ("legal_on", "insolvent_on"):
        table[column] = pd.to_datetime(table[column])
    return table


def debtors_of(*ids: str, **changed: object) -> pd.DataFrame:
    """Businesses of segment B, all alike but for what is said."""
    table = pd.DataFrame(
        {"segment": "B", "legal_kind": "business", "key_account": False},
        index=pd.Index(ids, name="customer_id", dtype="str"),
    )
    return table.assign(**changed)


def many(count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """So many debtors, each on its own."""
    ids = [f"C{number:05d}" for number in range(count)]
    return debtors_of(*ids), customers_of(**{one: {} for one in ids})


def test_without_an_experiment_everybody_is_outside() -> None:
    """No arm, no propensity, no shift; the paying group is still said."""
    table = arms(*many(2), None)
    assert table["arm"].tolist() == ["", ""]
    assert table["propensity"].isna().all()
    assert table["shift_days"].tolist() == [0, 0]
    assert table["group"].tolist() == ["C00000", "C00001"]


def test_the_share_is_split_evenly_and_the_others_stay_as_planned() -> None:
    """Of 20,000 groups about 20 % are in each arm and 60 % as planned, with these propensities and shifts."""
    table = arms(*many(20_000), SPRING)
    told = table.groupby("arm")[["propensity", "shift_days"]].agg(["min", "max"])
    share = table["arm"].value_counts(normalize=True)
    for arm, propensity, shift in (("earlier", 0.2, -2), ("later", 0.2, 4), ("as_planned", 0.6, 0)):
        assert share[f"spring/{arm}"] == pytest.approx(propensity, abs=0.012)
        assert told.loc[f"spring/{arm}"].tolist() == pytest.approx([propensity] * 2 + [shift] * 2)


def test_a_place_does_not_depend_on_the_others_their_order_or_the_order_of_the_arms() -> None:
    """Rows reversed, half of the debtors gone, arms written the other way round: each keeps its place."""
    debtors, customers = many(200)
    whole = arms(debtors, customers, SPRING)
    turned = SPRING.model_copy(update={"arms": {"later": 4, "earlier": -2}})
    part = arms(debtors.iloc[::-2], customers.iloc[::-1], turned)
    pd.testing.assert_frame_equal(part, whole.loc[part.index])


def test_another_name_draws_anew() -> None:
    """Of 2,000 groups an experiment of another name puts about as many in both as chance does: 16 %."""
    debtors, customers = many(2000)
    autumn = SPRING.model_copy(update={"name": "autumn"})
    first, second = (arms(debtors, customers, one)["shift_days"] != 0 for one in (SPRING, autumn))
    assert (first & second).mean() == pytest.approx(0.16, abs=0.03)


def test_a_larger_share_takes_nobody_out_again() -> None:
    """Whoever is in an arm at 10 % still is at 40 %."""
    debtors, customers = many(1000)
    small = arms(debtors, customers, SPRING.model_copy(update={"share": 0.1}))["shift_days"] != 0
    large = arms(debtors, customers, SPRING)["shift_days"] != 0
    assert small.any()
    assert large[small].all()


def test_who_pays_together_is_in_one_arm() -> None:
    """A names a group; B is paid for by A, C gets its reminders through B: all three are that group."""
    customers = customers_of(A={"group": "G"}, B={"payer_id": "A"}, C={"dunning_recipient_id": "B"}, D={})
    assert paying_groups(pd.Index(["A", "B", "C", "D"]), customers).tolist() == ["G", "G", "G", "D"]
    for number in range(20):
        experiment = SPRING.model_copy(update={"name": f"draw {number}"})
        assert arms(debtors_of("A", "B", "C"), customers, experiment)["arm"].nunique() == 1


@pytest.mark.parametrize(
    ("row", "group"),
    [
        ({"group": "G", "payer_id": "P", "dunning_recipient_id": "R"}, "G"),
        ({"payer_id": "P", "dunning_recipient_id": "R"}, "P"),
        ({"dunning_recipient_id": "R"}, "R"),
        ({"payer_id": "X"}, "X"),
        ({"payer_id": ""}, "X"),
        ({}, "X"),
    ],
)
def test_the_group_is_the_first_that_is_known(row: dict[str, object], group: str) -> None:
    """A group, else the payer, else the recipient, else the debtor; a payer that no row describes will do."""
    assert paying_groups(pd.Index(["X"]), customers_of(X=row)).tolist() == [group]


def test_a_debtor_of_whom_no_customer_row_is_known_is_a_group_of_its_own() -> None:
    """The customer table knows nobody: the debtor is its own group, and may be drawn."""
    table = arms(debtors_of("X"), customers_of(Y={}), SPRING)
    assert table.loc["X", "group"] == "X"
    assert table.loc["X", "arm"].startswith("spring/")


def test_a_ring_of_payers_is_one_group() -> None:
    """A pays for B, B for C, C for A, and D hangs on: each ends at A, whoever is asked first."""
    customers = customers_of(
        A={"payer_id": "C"}, B={"payer_id": "A"}, C={"payer_id": "B"}, D={"payer_id": "C"}
    )
    assert set(paying_groups(pd.Index(["D", "C", "B", "A"]), customers)) == {"A"}


@given(
    pointers=st.lists(st.integers(0, 7), min_size=8, max_size=8),
    named=st.lists(st.booleans(), min_size=8, max_size=8),
    start=st.permutations(range(8)),
)
def test_each_is_in_the_group_of_whoever_it_points_at(
    pointers: list[int], named: list[bool], start: list[int]
) -> None:
    """In any graph of payers: without a group of its own, a debtor's group is that of its payer."""
    rows = {
        f"D{one}": {"payer_id": f"D{other}", "group": f"G{one}" if has else None}
        for one, (other, has) in enumerate(zip(pointers, named, strict=True))
    }
    groups = paying_groups(pd.Index([f"D{one}" for one in start]), customers_of(**rows))
    for one, row in rows.items():
        assert groups[one] == (row["group"] or groups[row["payer_id"]])


@pytest.mark.parametrize(
    ("debtor", "customer"),
    [
        ({"legal_kind": "public"}, {}),
        ({"key_account": True}, {}),
        ({"segment": "INSOLVENT"}, {}),
        ({"segment": "EXCLUDED"}, {}),
        ({}, {"legal_on": "2024-01-01"}),
        ({}, {"insolvent_on": "2024-01-01"}),
    ],
)
def test_some_are_never_in_it_and_keep_their_group_out(
    debtor: dict[str, object], customer: dict[str, object]
) -> None:
    """X must stay outside, and so does Y that pays with it; Z is drawn."""
    debtors = pd.concat([debtors_of("X", **debtor), debtors_of("Y", "Z")])
    customers = customers_of(X={"group": "G", **customer}, Y={"group": "G"}, Z={})
    table = arms(debtors, customers, SPRING)
    assert eligible(debtors, customers).tolist() == [False, True, True]
    assert table["arm"].eq("").tolist() == [True, True, False]
    assert np.isnan(table["propensity"]).tolist() == [True, True, False]


@pytest.mark.parametrize("kind", ["business", "consumer", "unknown"])
def test_other_legal_kinds_may_be_in_it(kind: str) -> None:
    """Only public bodies are kept out by their legal kind."""
    assert eligible(debtors_of("X", legal_kind=kind), customers_of(X={})).tolist() == [True]


def test_an_arm_of_no_days_is_as_planned() -> None:
    """Half of the groups go into two arms, of 0 and of 4 days: a quarter is moved, the others not."""
    experiment = Experiment(name="x", share=0.5, arms={"as_today": 0, "later": 4})
    table = arms(*many(4000), experiment)
    told = table.groupby("arm")["propensity"].agg(["size", "min", "max"])
    assert told.index.tolist() == ["x/as_planned", "x/later"]
    assert told["size"].tolist() == pytest.approx([3000, 1000], abs=110)
    assert told[["min", "max"]].to_numpy().tolist() == [[0.75, 0.75], [0.25, 0.25]]
    assert shares(experiment) == {"as_planned": 0.75, "later": 0.25}


@pytest.mark.parametrize(
    ("arms", "days"), [({"a": -2, "b": 4}, 34), ({"a": -2, "b": 0}, 30), ({"a": 60}, 90)]
)
def test_invoices_are_followed_longer_where_an_arm_comes_later(arms: dict[str, int], days: int) -> None:
    """Thirty days past due, and as many more as the latest arm is later."""
    assert horizon_days(Experiment(name="x", share=0.5, arms=arms)) == days


def test_an_arm_must_not_be_called_as_planned() -> None:
    """That is the name of those outside the share."""
    with pytest.raises(ConfigurationError, match="call the arm otherwise"):
        arms(*many(1), Experiment(name="x", share=0.5, arms={"as_planned": 3}))


def test_everybody_takes_part_at_a_share_of_one() -> None:
    """At a share of 1 nobody is as planned."""
    table = arms(*many(500), SPRING.model_copy(update={"share": 1.0}))
    assert set(table["arm"]) == {"spring/earlier", "spring/later"}


def told_of(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """What contacts said: debtor, arm of spring, propensity."""
    table = pd.DataFrame(list(rows), columns=["customer_id", "arm", "propensity"])
    return table.assign(arm="spring/" + table["arm"])


def test_what_was_told_brings_back_who_was_drawn_and_left_since() -> None:
    """X is insolvent today, but was drawn into `later` before: it counts there, and its shift stays 0."""
    debtors, customers = many(3)
    customers.loc["C00000", "insolvent_on"] = pd.Timestamp("2024-01-01")
    place, changed = as_told(arms(debtors, customers, SPRING), told_of(("C00000", "later", 0.2)))
    assert changed == 0
    assert place.loc["C00000", ["arm", "propensity"]].tolist() == ["spring/later", 0.2]


@pytest.mark.parametrize(("arm", "propensity"), [(0, 0.3), (1, None), (2, None)])
def test_who_was_told_something_else_is_left_out(arm: int, propensity: float | None) -> None:
    """Another arm than today's, or another propensity: out, and counted; the others stay as they are."""
    place = arms(*many(5), SPRING)
    names = ["earlier", "later", "as_planned"]
    today = names.index(place.loc["C00002", "arm"].removeprefix("spring/"))
    name = names[(today + arm) % 3]
    said = propensity or {"as_planned": 0.6}.get(name, 0.2)
    found, changed = as_told(place, told_of(("C00002", name, said)))
    assert changed == 1
    assert found["arm"].eq("").tolist() == [False, False, True, False, False]
    pd.testing.assert_frame_equal(found.drop("C00002"), place.drop("C00002"))


def test_who_was_told_the_same_or_is_not_known_changes_nothing() -> None:
    """The contact of C1 agrees, that of a stranger is about nobody here."""
    place = arms(*many(3), SPRING)
    arm, propensity = place.loc["C00001", ["arm", "propensity"]]
    told = told_of(("C00001", arm.removeprefix("spring/"), propensity), ("stranger", "later", 0.2))
    found, changed = as_told(place, told)
    assert changed == 0
    pd.testing.assert_frame_equal(found, place)


def test_no_debtors_no_places() -> None:
    """An empty portfolio gives an empty table of the same columns."""
    debtors, customers = many(1)
    table = arms(debtors.iloc[:0], customers.iloc[:0], SPRING)
    assert table.empty
    assert list(table) == ["group", "arm", "propensity", "shift_days"]
