"""Treatment as a run publishes it: the tables agree with each other, and the configuration is obeyed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml

from features.contracts import OUTPUT_TABLES, SCHEMA_VERSION
from features.errors import ConfigurationError
from features.open_items import open_items
from features.simulate import simulate, write_portfolio
from models.treatment.policy_file import read_policy
from pipelines.deciding import Models, Previous, decide
from pipelines.reading import Reading, read
from pipelines.running import read_for_run
from pipelines.runs.arrow_tables import to_arrow
from pipelines.settings import CONFIGS
from pipelines.treating import bank_known_until, history_kept, treatment_warnings

DAY = date(2026, 1, 1)
NO_MODELS = Models(None, None, read_policy(CONFIGS / "policy.yaml").shift.model_dump(), {}, {})
TREATED = ("treatments", "reminders", "actions", "reminder_shifts", "tasks", "worklist", "cash_forecast")


@dataclass(frozen=True)
class Treated:
    """One reading, and the tables that were decided on it."""

    reading: Reading
    tables: dict[str, pd.DataFrame]


def treated(reading: Reading) -> Treated:
    """Decide by the rules alone."""
    return Treated(reading, decide(reading, NO_MODELS, None))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated ledger of 60 debtors in 12 months, with a contact history."""
    return write_portfolio(
        simulate(debtors=60, months=12, seed=5, end=DAY), tmp_path_factory.mktemp("ledger")
    )


@pytest.fixture(scope="module")
def reading(config: Path) -> Reading:
    """The ledger as of 1 January 2026."""
    return read(config, as_of=DAY, today=DAY)


@pytest.fixture(scope="module")
def plain(reading: Reading) -> Treated:
    """By the shipped policy."""
    return treated(reading)


def changed(reading: Reading, **keys: object) -> Reading:
    """The reading under a changed configuration."""
    return replace(reading, settings=reading.settings.model_copy(update=keys))


def without(reading: Reading, table: str) -> Reading:
    """The reading of a ledger that has no such table."""
    empty = getattr(reading.ledger, table).iloc[:0]
    sources = {name: source for name, source in reading.settings.ledger.items() if name != table}
    cut = replace(reading, ledger=replace(reading.ledger, **{table: empty}))
    return changed(cut, ledger=sources)


# ---- the tables agree --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TREATED)
def test_tables_have_the_columns_of_the_contract(plain: Treated, name: str) -> None:
    """Nothing more, and what is required is filled."""
    table, contract = plain.tables[name], OUTPUT_TABLES[name]
    inside = [column.inside for column in contract.columns]
    assert set(table) <= set(inside)
    for column in contract.columns:
        if column.required:
            assert table[column.inside].notna().all(), column.name
    assert not table.duplicated(list(contract.key)).any()


def test_every_open_invoice_has_one_reminder_row_with_a_step_or_a_reason(plain: Treated) -> None:
    """The rows are the open items; a step has a day and an action, none has a reason."""
    reminders = plain.tables["reminders"]
    items = open_items(plain.reading.books, DAY)
    assert sorted(reminders["invoice_id"]) == sorted(items["invoice_id"])
    assert (reminders["step"].isna() == reminders["send_on"].isna()).all()
    assert (reminders["step"].isna() == reminders["action_id"].isna()).all()
    assert (reminders["reason"] != "").all()


def test_actions_are_those_the_reminders_name(plain: Treated) -> None:
    """Each action carries at least one invoice, on its day."""
    reminders, actions = plain.tables["reminders"], plain.tables["actions"]
    carried = reminders.dropna(subset="action_id")
    assert set(carried["action_id"]) == set(actions["action_id"])
    on = carried["action_id"].map(actions.set_index("action_id")["send_on"])
    assert (on.to_numpy() == carried["send_on"].to_numpy()).all()
    assert (actions["send_on"] >= pd.Timestamp(DAY)).all()


def test_adverse_actions_wait_for_a_person(plain: Treated) -> None:
    """No final notice, agency, or held credit is proposed by itself."""
    actions, treatments = plain.tables["actions"], plain.tables["treatments"]
    harsh = actions["channel"].isin(["registered_letter", "agency"])
    assert harsh.any()
    assert (actions.loc[harsh, "status"] == "needs_approval").all()
    assert (treatments.loc[treatments["adverse"], "status"] == "needs_approval").all()


def test_public_bodies_are_only_asked(plain: Treated) -> None:
    """Their strategy is public, their terms stay, and no action of theirs is adverse."""
    treatments, actions = plain.tables["treatments"], plain.tables["actions"]
    public = treatments[treatments["legal_kind"] == "public"]
    assert set(public["strategy"]) <= {"public", "none"}
    assert public["terms"].isna().all()
    assert not actions.loc[actions["customer_id"].isin(public["customer_id"]), "adverse"].any()


def test_who_is_on_the_worklist_owes_something(plain: Treated) -> None:
    """Each line is an account of the debtors' table with the same open amount."""
    key = ["customer_id", "currency"]
    lines = plain.tables["worklist"].merge(plain.tables["debtors"], on=key, suffixes=("", "_there"))
    assert len(lines) == len(plain.tables["worklist"]) > 0
    assert (lines["open_amount_minor"] == lines["open_amount_minor_there"]).all()


def test_cash_of_the_weeks_is_cash_of_the_days(plain: Treated) -> None:
    """Over the first thirteen weeks both add up to the same, give or take the rounding of each row."""
    cash = plain.tables["cash_forecast"]
    days, weeks = (cash[cash["period"] == period] for period in ("day", "week"))
    week_of = days["starts_on"] - pd.to_timedelta(days["starts_on"].dt.weekday, unit="D")
    sums = days.groupby(week_of)["expected_amount_minor"].sum()
    whole = sums.index[:-1]  # the last one is cut
    of_weeks = weeks.set_index("starts_on")["expected_amount_minor"].reindex(whole)
    assert len(whole) >= 12
    assert ((sums[whole] - of_weeks).abs() <= 7).all()


def test_actions_that_contract_1_1_planned_are_withdrawn_as_they_were(plain: Treated) -> None:
    """It knew neither tone nor language; the table that withdraws them can be published all the same."""
    old = plain.tables["actions"].assign(
        action_id="old" + plain.tables["actions"]["action_id"], tone=None, language=None
    )
    before = Previous(plain.tables["segments"], old, None, date(2025, 12, 31), None)
    actions = decide(plain.reading, NO_MODELS, before)["actions"]
    assert (actions["change"] == "withdrawn").sum() == len(old) > 0
    run = {"run_id": "r", "as_of": DAY, "schema_version": SCHEMA_VERSION}
    assert to_arrow(OUTPUT_TABLES["actions"], actions, run).num_rows == len(actions)


# ---- the configuration is obeyed ---------------------------------------------------------------------


def test_old_bank_data_holds_every_action(reading: Reading) -> None:
    """31 December was the last working day; known until the 30th, nothing is proposed, and it is said."""
    held = treated(changed(reading, bank_known_until=date(2025, 12, 30)))
    assert set(held.tables["actions"]["status"]) <= {"waiting_for_bank", "blocked"}
    assert any(
        "before the bank is in" in words
        for words in treatment_warnings(held.reading, held.tables["treatments"])
    )


@pytest.mark.parametrize(
    ("said", "known"),
    [(None, None), (date(2025, 12, 31), date(2025, 12, 31)), ("newest_payment", date(2025, 12, 31))],
)
def test_until_when_the_bank_is_known(reading: Reading, said: object, known: date | None) -> None:
    """A day, the newest payment's, or nobody says."""
    assert bank_known_until(changed(reading, bank_known_until=said)) == known


def test_without_payments_the_newest_one_was_never(reading: Reading) -> None:
    """Then no bank data is new enough."""
    nothing = without(changed(reading, bank_known_until="newest_payment"), "payments")
    assert bank_known_until(nothing) == date.min


def test_without_a_contact_history_past_steps_are_assumed_and_optimal_falls_back(reading: Reading) -> None:
    """Rows say `assumed`; timing optimal would wait for a contact that nobody tells, so it is fixed."""
    policy = reading.policy.model_copy(update={"timing": "optimal"})
    quiet = treated(replace(without(reading, "contact_history"), policy=policy))
    assert not history_kept(quiet.reading)
    assert quiet.tables["reminders"]["assumed"].any()
    assert "optimal" not in set(quiet.tables["treatments"]["timing"])
    words = treatment_warnings(quiet.reading, quiet.tables["treatments"])
    assert any("needs the table contact_history" in each for each in words)


def test_optimal_timing_sets_days_where_it_is_asked_for(reading: Reading, plain: Treated) -> None:
    """With a history, first friendly steps have the timing optimal; the shipped policy has none."""
    policy = reading.policy.model_copy(update={"timing": "optimal"})
    best = treated(replace(reading, policy=policy)).tables["reminders"]
    assert (best["timing"] == "optimal").any()
    assert not (plain.tables["reminders"]["timing"] == "optimal").any()


def test_debtors_of_unknown_kind_are_only_reminded_kindly(reading: Reading) -> None:
    """A ledger without customers gets friendly reminders only, and is told how to change that."""
    unknown = treated(without(reading, "customers"))
    assert set(unknown.tables["treatments"]["strategy"]) == {"friendly_only"}
    assert set(unknown.tables["actions"]["tone"]) == {"friendly"}
    words = treatment_warnings(unknown.reading, unknown.tables["treatments"])
    assert any("default_legal_kind: business" in each for each in words)
    known = treated(changed(without(reading, "customers"), default_legal_kind="business"))
    assert "standard" in set(known.tables["treatments"]["strategy"])


def test_a_run_of_a_policy_with_an_unknown_text_is_refused(config: Path, tmp_path: Path) -> None:
    """A template that no language has is named with the nearest one."""
    policy = yaml.safe_load((CONFIGS / "policy.yaml").read_text(encoding="utf-8"))
    policy["strategies"]["gentle"]["steps"][0]["template"] = "freindly"
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(policy), encoding="utf-8")
    other = config.with_name("other.yaml")
    other.write_text(config.read_text() + f"policy: {tmp_path / 'policy.yaml'}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"freindly.*friendly"):
        read_for_run(other, as_of=DAY, today=DAY)
