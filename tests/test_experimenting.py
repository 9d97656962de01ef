"""`debtscape experiment`: who would be in it, how long it takes, and what it has shown, or why nothing."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from publication_support import NOW, inputs, tiny_tables

from features.errors import DebtscapeError
from models.treatment.experiment import arms
from models.treatment.policy import Experiment
from pipelines.questions.experiment_outcomes import FEATURES
from pipelines.questions.experimenting import EXAMPLE, design_on, show_experiment
from pipelines.runs.publication import RunFacts, publish
from pipelines.showing.experiment_console import show_experiment as print_experiment

SHIPPED = Path(__file__).resolve().parent.parent / "configs" / "policy.yaml"
FIRST = date(2024, 1, 1)
BEGUN = date(2024, 7, 1)
TODAY = date(2025, 1, 1)
DEBTORS = 240
SPRING = Experiment(name="spring", share=1.0, arms={"as_today": 0, "later": 4})


def drawn() -> pd.DataFrame:
    """Where the experiment puts each debtor; they all stand alone."""
    ids = pd.Index([f"C{number:03d}" for number in range(DEBTORS)])
    columns = ("group", "payer_id", "dunning_recipient_id", "legal_on", "insolvent_on")
    debtors = pd.DataFrame({"segment": "B", "legal_kind": "business", "key_account": False}, index=ids)
    return arms(debtors, pd.DataFrame(None, index=ids, columns=list(columns)), SPRING)


def write_ledger(folder: Path, *, effect: int = 5) -> dict[str, pd.DataFrame]:
    """Write a ledger in which every debtor has a monthly invoice paid some days late; return its tables.

    Each debtor has a lateness of its own; invoices due since BEGUN are paid `effect` days later in the arm.
    The contact history has the first contact of each debtor since then, with its arm.
    """
    place = drawn()
    rng = np.random.default_rng(1)
    own = dict(zip(place.index, rng.integers(2, 20, DEBTORS).tolist(), strict=True))
    rows, contacts = [], []
    for customer, one in place.iterrows():
        for month in range(11):
            issued = FIRST + timedelta(30 * month)
            due = issued + timedelta(20)
            late = own[customer] + int(rng.integers(0, 5)) + 1
            if due >= BEGUN and one["shift_days"]:
                late += effect
            rows.append((f"{customer}-{month}", customer, issued, due, 100 + month, due + timedelta(late)))
        contacts.append((customer, BEGUN + timedelta(8), one["arm"], one["propensity"]))
    tables = {
        "invoices": pd.DataFrame(
            rows, columns=["invoice_id", "customer_id", "issued_on", "due_on", "amount", "paid_on"]
        ),
        "customers": pd.DataFrame({"customer_id": place.index, "legal_kind": "business"}),
        "contact_history": pd.DataFrame(
            contacts, columns=["customer_id", "contacted_on", "arm", "propensity"]
        ),
    }
    write_tables(folder, tables)
    return tables


def write_tables(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Write the ledger's tables as the configuration reads them."""
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)


def configure(folder: Path, experiment: Experiment | None, tables: tuple[str, ...]) -> Path:
    """Write a policy with this experiment and a configuration; return the latter."""
    policy = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    policy["experiment"] = experiment.model_dump() if experiment else None
    (folder / "policy.yaml").write_text(yaml.safe_dump(policy), encoding="utf-8")
    ledger = {}
    for name in tables:
        columns = list(pd.read_csv(folder / f"{name}.csv", nrows=0))
        ledger[name] = {
            "path": f"{name}.csv",
            "columns": dict(zip(columns, columns, strict=True)),
            "dates": "iso",
        }
    said = {"ledger": ledger, "policy": "policy.yaml", "output": "out", "workers": 1, "home_currency": "EUR"}
    config = folder / "debtscape.yaml"
    config.write_text(yaml.safe_dump(said), encoding="utf-8")
    return config


def shown(
    folder: Path,
    *,
    experiment: Experiment | None = SPRING,
    as_of: date = TODAY,
    effect_days: float | None = None,
    **changed: pd.DataFrame | None,
) -> dict[str, Any]:
    """The command's result on the ledger, with some tables changed; None leaves one out."""
    tables = write_ledger(folder) | changed
    kept = {name: table for name, table in tables.items() if table is not None}
    write_tables(folder, kept)
    config = configure(folder, experiment, tuple(kept))
    return show_experiment(config, as_of=as_of, today=TODAY, effect_days=effect_days)


def test_the_effect_is_found_with_its_interval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the arm payment comes five days later: both intervals hold it, and the terminal tells it."""
    result = shown(tmp_path)
    assert result["on"]
    assert result["started_on"] == "2024-07-09"
    assert set(result["effects"]) == {"later", "as_planned"}
    for estimate in ("weighted", "doubly_robust"):
        found = result["effects"]["later"][estimate]
        assert found["low"] < 5 < found["high"]
    assert result["effects"]["later"]["doubly_robust"]["value"] == pytest.approx(5, abs=0.6)
    assert result["refused"] is None
    assert result["switch_on"] is None
    print_experiment(result)
    said = capsys.readouterr().out
    assert "doubly robust" in said
    assert "since 2024-07-09" in said


def test_only_invoices_due_in_its_time_and_long_enough_ago_are_judged(tmp_path: Path) -> None:
    """Due from 9 July, more than 34 days before 1 January: from 19 July every 30 days to 16 November."""
    result = shown(tmp_path)
    assert sum(figures["invoices"] for figures in result["effects"].values()) == 5 * DEBTORS


def test_too_early_names_the_day_of_the_first_answer(tmp_path: Path) -> None:
    """Forty days after the start nothing is judged."""
    result = shown(tmp_path, as_of=BEGUN + timedelta(40))
    assert result["effects"] is None
    assert "too early" in result["refused"]
    assert "from 2024-08-13" in result["refused"]


def test_nothing_told_nothing_judged(tmp_path: Path) -> None:
    """No contact carries an arm, no run was published: there is nothing to judge."""
    result = shown(tmp_path, contact_history=None)
    assert result["effects"] is None
    assert "no action of a run and no contact" in result["refused"]


def test_arms_of_another_experiment_do_not_count(tmp_path: Path) -> None:
    """The contacts are of `spring`, the policy's experiment is `autumn`."""
    result = shown(tmp_path, experiment=SPRING.model_copy(update={"name": "autumn"}))
    assert "carries an arm of autumn" in result["refused"]


def test_a_changed_experiment_is_refused(tmp_path: Path) -> None:
    """Its share was halved while it ran: contacts tell other propensities than it has now."""
    result = shown(tmp_path, experiment=SPRING.model_copy(update={"share": 0.5}))
    assert result["effects"] is None
    assert "give the changed one another name" in result["refused"]


def test_one_group_told_another_arm_is_left_out_and_counted(tmp_path: Path) -> None:
    """One debtor's contact names the other arm: a warning, and five invoices fewer."""
    contacts = write_ledger(tmp_path)["contact_history"]
    contacts.loc[0, "arm"] = next(arm for arm in contacts["arm"].unique() if arm != contacts.loc[0, "arm"])
    result = shown(tmp_path, contact_history=contacts)
    assert sum(figures["invoices"] for figures in result["effects"].values()) == 5 * (DEBTORS - 1)
    assert any(warning.startswith("1 paying group") for warning in result["warnings"])


def test_a_debtor_that_failed_since_stays_in_the_arm_it_was_told(tmp_path: Path) -> None:
    """Insolvent in November: outside today, but drawn in July, so its invoices still count."""
    customers = write_ledger(tmp_path)["customers"]
    customers["insolvent_on"] = None
    customers.loc[3, "insolvent_on"] = "2024-11-20"
    result = shown(tmp_path, customers=customers)
    assert sum(figures["invoices"] for figures in result["effects"].values()) == 5 * DEBTORS
    assert result["design"]["groups"] == DEBTORS - 1


def test_a_poor_sample_is_refused_in_words(tmp_path: Path) -> None:
    """With 5 % in the arm that is about twelve groups: no figure, but a reason."""
    small = SPRING.model_copy(update={"share": 0.1})
    contacts = write_ledger(tmp_path)["contact_history"].head(1)
    contacts = contacts.assign(arm="spring/as_planned", propensity=0.95)
    result = shown(tmp_path, experiment=small, contact_history=contacts)
    assert result["effects"] is None
    assert "the sample is too poor: arm spring/later" in result["refused"]


def test_a_published_run_tells_when_it_began(tmp_path: Path) -> None:
    """An action of 1 July carries an arm, the first contact is of the 9th: it began on the 1st."""
    one = drawn().iloc[0]
    tables = tiny_tables()
    tables["actions"] = tables["actions"].assign(
        customer_id=one.name, arm=one["arm"], propensity=one["propensity"]
    )
    facts = RunFacts()
    (tmp_path / "out").mkdir()
    publish(tables, inputs=inputs(BEGUN), facts=facts, output=tmp_path / "out", now=NOW)
    result = shown(tmp_path)
    assert result["started_on"] == "2024-07-01"
    assert not result["warnings"]


def test_where_only_contacts_speak_it_says_so(tmp_path: Path) -> None:
    """Without runs the start is that of the first contact, and a warning tells."""
    assert shown(tmp_path)["warnings"] == [
        "no published run tells of the experiment: it began with the first contact, so taken"
    ]


def test_off_it_shows_how_one_would_look(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without an experiment: a tenth of the groups four days later, how long that takes, what to write."""
    result = shown(tmp_path, experiment=None)
    design = result["design"]
    assert not result["on"]
    assert result["effects"] is None
    assert result["refused"] is None
    assert result["experiment"] == {"name": EXAMPLE.name, "share": 0.2, "arms": {"as_today": 0, "later": 4}}
    assert design["groups"] == design["debtors"] == DEBTORS
    assert sum(arm["groups"] for arm in design["arms"].values()) == DEBTORS
    assert design["arms"]["later"]["groups"] == pytest.approx(0.1 * DEBTORS, abs=15)
    assert f"{tmp_path}/policy.yaml" in result["switch_on"]
    print_experiment(result)
    assert "is off" in capsys.readouterr().out


def test_a_smaller_effect_needs_more_invoices_and_more_days(tmp_path: Path) -> None:
    """Half the effect needs four times the invoices; what these groups cannot tell is said to be so."""
    large, small, tiny = (shown(tmp_path, effect_days=days)["design"] for days in (6.0, 3.0, 0.1))
    assert small["invoices_needed"] == pytest.approx(4 * large["invoices_needed"], rel=0.01)
    assert large["days_needed"] < small["days_needed"]
    assert tiny["days_needed"] is None
    found = [large["detectable_days"][days] for days in ("90", "180", "365")]
    assert found == sorted(found, reverse=True)


def test_the_design_counts_only_those_who_may_be_in_it(tmp_path: Path) -> None:
    """Public bodies are outside: forty of them, and their invoices."""
    customers = write_ledger(tmp_path)["customers"]
    customers.loc[:39, "legal_kind"] = "public"
    design = shown(tmp_path, customers=customers)["design"]
    assert design["groups"] == DEBTORS - 40


@pytest.mark.parametrize("effect_days", [0.0, -1.0, 34.0, float("nan")])
def test_an_effect_that_cannot_be_is_refused(tmp_path: Path, effect_days: float) -> None:
    """Zero, negative, no number, or as long as invoices are followed."""
    with pytest.raises(DebtscapeError, match="--effect-days"):
        shown(tmp_path, effect_days=effect_days)


def test_without_history_the_design_says_why_there_is_no_sample() -> None:
    """Nothing is judged yet: who would be in it is known, how long it takes is not."""
    nothing = pd.DataFrame(
        {"invoice_id": [], "group": [], "due_on": pd.to_datetime([]), "days": [], **{f: [] for f in FEATURES}}
    )
    design = design_on(SPRING, drawn(), nothing, TODAY, 1.0)
    assert design["groups"] == DEBTORS
    assert "too few" in design["refused"]
    assert "invoices_needed" not in design


def test_without_anybody_as_planned_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    """Everybody is earlier or later."""
    result = shown(tmp_path, experiment=SPRING.model_copy(update={"arms": {"earlier": -1, "later": 4}}))
    assert "name an arm of 0 days" in result["design"]["refused"]
