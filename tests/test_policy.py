"""The collection policy a manager edits: what it says, and what is refused."""

from __future__ import annotations

import copy
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from features.errors import ConfigurationError
from models.treatment.policy import Line, Policy, Selector, Terms
from models.treatment.policy_file import covers, fingerprint, parse_policy, read_policy
from models.treatment.policy_law import check_law, every_debtor
from models.treatment.policy_tables import SELECTED_BY, line_of, selected, step_table
from models.treatment.statutory import Statutory, parse_statutory, read_statutory

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
SHIPPED = CONFIGS / "policy.yaml"
NOTICE = {"wait_days": 14, "law": "a law", "source": "a court"}
READ = read_policy(SHIPPED)
PACKS: Statutory = parse_statutory({"countries": {"NL": {"consumer_notice": NOTICE}}})

FRIENDLY = {"tone": "friendly", "channels": ["email"], "template": "t"}
FIRM = {"tone": "firm", "channels": ["call"], "template": "t"}


def step(name: str, level: int, days: int, **keys: Any) -> dict[str, Any]:
    """A friendly e-mail, or what the keys make of it."""
    return {**FRIENDLY, "name": name, "level": level, "days_after_due": days, **keys}


SOFT = {"steps": [step("first", 1, 5)]}
HARD = {"steps": [step("first", 1, 5), step("second", 2, 20, **FIRM)]}


def spoil(path: str, value: Any) -> dict[str, Any]:
    """The shipped policy with one place changed: keys and list numbers from 0, with dots between."""
    content: Any = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    *above, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place = content
    for part in above:
        place = place[part]
    place[last] = value
    return dict(content)


def small(lines: list[dict[str, Any]], strategies: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """The shipped policy with these lines and strategies only, two segments and no events."""
    content = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    return {**content, "segments": ["A", "B"], "lines": lines, "strategies": strategies, "events": [], **keys}


def refused(content: dict[str, Any], message: str, statutory: Statutory = PACKS) -> None:
    """The policy is refused with this message, in at most two lines of text."""
    with pytest.raises(ConfigurationError, match=message) as raised:
        parse_policy(content, statutory)
    assert len(str(raised.value)) < 400


# the shipped policy ----------------------------------------------------------------------------------


def test_the_shipped_policy_covers_every_segment_that_can_be_named() -> None:
    """A to G and the segments of the rules; a few lines are enough for all of them."""
    policy = read_policy(SHIPPED, read_statutory(CONFIGS / "statutory.yaml"))
    assert covers(policy, [*"ABCDEFG", "NEW", "DORMANT", "INSOLVENT", "EXCLUDED"]) == []
    assert covers(policy, ["A", "Z", "VIP"]) == ["VIP", "Z"]
    assert len(policy.lines) <= 6


def test_the_shipped_policy_harms_no_public_body_and_no_consumer() -> None:
    """Whatever their segment, risk, value and country: friendly steps, no terms that harm."""
    policy = READ
    walk = every_debtor(policy)
    soft = walk[walk["legal_kind"] != "business"]
    for number in set(line_of(policy, soft).tolist()):
        line = policy.lines[number - 1]
        assert all(each.gentle for each in policy.strategies[line.strategy].steps)
        assert line.terms.credit == "unchanged"


def test_every_debtor_has_a_line() -> None:
    """Nobody of all combinations falls between the lines; a refuser of high risk comes to the strict one."""
    policy = READ
    walk = every_debtor(policy)
    assert len(walk) == 11 * 4 * 4 * 4
    assert line_of(policy, walk).min() == 1
    one = pd.DataFrame([("E", "high", "tail", "business", "FR")], columns=list(SELECTED_BY))
    assert policy.lines[line_of(policy, one)[0] - 1].strategy == "strict"


def test_fingerprint_sees_content_not_comments_nor_order() -> None:
    """A list of one is that one; comments and the order of keys do not matter; one day more does."""
    content = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    reordered = dict(reversed(list(content.items())))
    reordered["lines"][1]["legal_kind"] = ["public"]
    known = fingerprint(READ)
    assert fingerprint(parse_policy(reordered)) == known
    assert fingerprint(parse_policy(spoil("contact.valid_days", 6))) != known


# the tables ------------------------------------------------------------------------------------------


def test_steps_are_numbered_strategies_first_then_events() -> None:
    """A habit may move the first friendly step after due, but no courtesy and no statutory notice."""
    notice = step("notice", 1, 3, statutory_notice=True)
    steps = [step("soon", 0, -5), notice, step("again", 2, 9), step("more", 3, 12)]
    event = {"name": "slip", "when": "slipped_once", "step": step("polite", 1, 7)}
    table = step_table(parse_policy(small([{"strategy": "s"}], {"s": {"steps": steps}}, events=[event])))
    assert list(table["strategy"]) == ["s"] * 4 + ["event"]
    assert list(table["event"]) == ["", "", "", "", "slip"]
    assert list(table["first_friendly"]) == [False, False, True, False, False]
    assert list(table["statutory_notice"]) == [False, True, False, False, False]
    assert list(table["wait_days"]) == [0, 0, 6, 3, 0]
    assert table["working_days_after_due"].isna().all()


SEGMENT = st.sampled_from(["any", "A", "B", "C"])
KIND = st.sampled_from(["any", "business", "public", "consumer", "unknown"])


@given(
    st.lists(st.tuples(SEGMENT, KIND), min_size=1, max_size=5),
    st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(["business", "public"])), min_size=1),
)
def test_the_first_line_that_fits_decides(lines: list[Any], debtors: list[Any]) -> None:
    """The same as asking line by line for each debtor; 0 where none fits."""
    made = tuple(
        READ.lines[0].model_copy(update={"segment": (segment,), "legal_kind": (kind,)})
        for segment, kind in lines
    )
    policy = READ.model_copy(update={"lines": made})
    table = pd.DataFrame(
        [(segment, "low", "top", kind, "NL") for segment, kind in debtors], columns=list(SELECTED_BY)
    )
    expected = [
        next(
            (
                number
                for number, (segment, kind) in enumerate(lines, start=1)
                if segment in ("any", debtor[0]) and kind in ("any", debtor[1])
            ),
            0,
        )
        for debtor in debtors
    ]
    assert line_of(policy, table).tolist() == expected


def test_a_value_that_is_not_known_fits_only_any() -> None:
    """A debtor without value class is not in the tail."""
    debtors = pd.DataFrame([("A", "low", None, "business", None)], columns=list(SELECTED_BY))
    assert selected(Selector(), debtors).all()
    assert not selected(Selector(value_class=("tail",)), debtors).any()
    assert not selected(Selector(country=("NL",)), debtors).any()


# refusals: keys and values ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("step", [], "unknown key `step`"),
        ("shift.min_setled", 6, "unknown key `min_setled` in shift; did you mean `min_settled`?"),
        ("lines.0.segmant", "A", "unknown key `segmant` in lines 1; did you mean `segment`?"),
        ("lines.4.terms.late_fees", {"any": 4}, "unknown key `late_fees` in lines 5 terms; did you mean"),
        ("strategies.gentle.steps.2.chanels", ["call"], "unknown key `chanels` .*did you mean `channels`?"),
        ("events.0.step.tune", "firm", "unknown key `tune` in events 1 step; did you mean `tone`?"),
        ("strategies.gentle.steps.0.channels", ["pigeon"], "channels 1: .*'pigeon'"),
        ("lines.4.risk", "hight", "lines 5 risk 1: .*'hight'"),
        ("lines.1.country", False, "YAML reads a bare NO, ON or OFF"),
        ("timing", "often", "timing: .*'often'"),
        ("contact.valid_days", "five", "contact valid_days: .*integer.*'five'"),
        ("contact.valid_days", -1, "contact valid_days: .*greater than or equal to 0"),
        ("lines", [], "lines: .*at least 1 item"),
    ],
)
def test_wrong_keys_and_values_are_named_with_their_place(path: str, value: Any, message: str) -> None:
    """The place counts lists from 1, and an unknown key leads to the nearest known one."""
    refused(spoil(path, value), message)


def test_a_missing_key_is_named() -> None:
    """Shift without its spread."""
    refused(spoil("shift", {"min_settled": 6, "max_shift_days": 7}), "`max_spread_days` is missing in shift")


def test_a_missing_file_broken_yaml_and_a_key_twice_are_named(tmp_path: Path) -> None:
    """The file's name is in the message; of two strategies with one name the last would win in silence."""
    with pytest.raises(ConfigurationError, match=r"cannot read the policy .*none\.yaml"):
        read_policy(tmp_path / "none.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("lines: [", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"broken\.yaml is not YAML"):
        read_policy(broken)
    broken.write_text("just words", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"broken\.yaml: a policy is keys and values"):
        read_policy(broken)
    broken.write_text("strategies:\n  gentle: {}\n  strict: {}\n  gentle: {}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"broken\.yaml: line 4: `gentle` stands there twice"):
        read_policy(broken)


# refusals: names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("lines.3.strategy", "gentel", "lines 4: no strategy `gentel`; did you mean `gentle`?"),
        ("lines.0.segment", "INSOLVENTT", "lines 1: no segment `INSOLVENTT`; did you mean `INSOLVENT`?"),
        ("lines.3.country", ["NL", "nl"], "lines 4: no country `nl`; did you mean `NL`?"),
        ("lines.3.country", "Holland", "lines 4: no country `Holland`; write two letters"),
        ("events.0.debtors", {"segment": "AA"}, "events broken_promise: no segment `AA`"),
        ("strategies.spare", SOFT, "strategies spare: no line uses it"),
        ("minimum_amount", {"EUR": 5}, "minimum_amount: the line `any` is missing"),
        ("minimum_amount.EURO", 5, "minimum_amount: no currency `EURO`; did you mean `EUR`?"),
        ("lines.4.terms", {"late_fee": {"EUR": 40}}, "lines 5 terms late_fee: the line `any` is missing"),
        (
            "strategies.gentle.steps.0.minimum_amount",
            {"EUR": 40},
            "strategies gentle friendly_reminder minimum_amount: the line `any` is missing",
        ),
        ("strategies.gentle.steps.1.name", "call", "strategies gentle: two are called `call`"),
        ("events.1.name", "broken_promise", "events: two are called `broken_promise`"),
    ],
)
def test_a_name_that_nothing_has_leads_to_one_that_is(path: str, value: Any, message: str) -> None:
    """Strategies, segments, countries, currencies, and names that stand twice."""
    refused(spoil(path, value), message)


# refusals: lines -------------------------------------------------------------------------------------


def test_the_default_line_is_mandatory_and_the_last() -> None:
    """Without it somebody has no line; after it nobody is left."""
    strategies = {"soft": SOFT}
    refused(
        small([{"segment": "A", "strategy": "soft"}], strategies),
        "lines: the default line is missing: the last one is for segment only",
    )
    refused(
        small([{"strategy": "soft"}, {"segment": "A", "strategy": "soft"}], strategies),
        "lines 1: it fits every debtor, so the lines after it never decide; put it last",
    )


def test_a_line_that_never_decides_is_refused() -> None:
    """Line 1 fits all A, so line 2 has nobody left; a narrower line before a wider one is fine."""
    wide, narrow = {"segment": "A", "strategy": "soft"}, {"segment": "A", "risk": "low", "strategy": "soft"}
    default = {"strategy": "soft"}
    refused(small([wide, narrow, default], {"soft": SOFT}), "lines 2: it never decides")
    assert len(parse_policy(small([narrow, wide, default], {"soft": SOFT})).lines) == 3


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"discount_percent": 2.0}, "needs both `discount_percent` and `discount_days`"),
        ({"discount_days": 10}, "needs both `discount_percent` and `discount_days`"),
        ({"shorter_than_usual": True}, "add `payment_term_days`"),
        (
            {"discount_percent": 2.0, "discount_days": 20, "payment_term_days": 14},
            "discount_days 20 are more than the payment term of 14 days",
        ),
        ({"credit_limit": {"any": 5000}}, "`credit_limit` needs `credit: limit`, got unchanged"),
        ({"credit": "limit"}, "`credit: limit` needs a `credit_limit`"),
    ],
)
def test_terms_that_contradict_themselves_are_refused(terms: dict[str, Any], message: str) -> None:
    """Named by the line and the key that is missing."""
    refused(spoil("lines.4.terms", terms), f"lines 5 terms: .*{message}")


# refusals: steps -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            [step("a", 1, 5), step("b", 2, 5)],
            "s: steps are out of order: b is 5 days after due, a before it 5 days",
        ),
        ([step("a", 2, 5), step("b", 2, 9)], "s: steps are out of order: b has level 2, a before it 2"),
        ([step("a", 1, 5), step("b", 0, 9)], "s b: level 0 is a courtesy before due"),
        ([step("a", 1, 0)], "s a: 0 days after due is not overdue"),
        ([step("a", 1, 5, days_after_due=None)], "s a: say one of `days_after_due` and `working_days"),
        ([step("a", 1, 5, working_days_after_due=5)], "s a: say one of `days_after_due` and `working_days"),
        (
            [step("a", 1, 5), step("b", 2, 9, days_after_due=None, working_days_after_due=9)],
            "s: some steps count days and some working days",
        ),
        ([step("a", 1, 5, channels=["agency"])], "s a: an agency needs a reminder before it"),
        ([step("a", 1, 5, channels=["agency"], adverse=False)], "s a: an agency harms the debtor"),
        ([], "s: no steps; say `because:`"),
    ],
)
def test_steps_out_of_order_are_refused(steps: list[dict[str, Any]], message: str) -> None:
    """The strategy, the step and the one before it are named."""
    refused(small([{"strategy": "s"}], {"s": {"steps": steps}}), f"strategies {message}")


def test_several_courtesies_and_working_days_are_fine() -> None:
    """Two courtesies before due, then working days for all steps after it."""
    after = [step(f"s{n}", n, 0, days_after_due=None, working_days_after_due=5 * n) for n in (1, 2)]
    steps = [step("soon", 0, -9), step("sooner", 0, -2), *after]
    assert len(step_table(parse_policy(small([{"strategy": "s"}], {"s": {"steps": steps}})))) == 4


# refusals: public bodies and consumers ---------------------------------------------------------------

TO_ALL = [{"strategy": "hard"}]
BY_KIND = [
    {"legal_kind": "public", "strategy": "soft"},
    {"legal_kind": ["consumer", "unknown"], "strategy": "soft"},
    {"strategy": "hard"},
]


def test_a_public_body_must_not_come_to_a_step_that_harms() -> None:
    """Neither by a line of its own nor by the default; firm words are allowed."""
    letter = step("letter", 3, 40, tone="formal", channels=["registered_letter"])
    harsh = {"steps": [*HARD["steps"], letter]}
    consumers = {"legal_kind": ["consumer", "unknown"], "strategy": "soft"}
    refused(
        small([consumers, *TO_ALL], {"soft": SOFT, "hard": harsh}),
        r"lines 2 \(hard\): it also fits public bodies \(segment A, .*its step letter harms them; give",
    )
    parse_policy(small([consumers, *TO_ALL], {"soft": SOFT, "hard": HARD}))
    parse_policy(small(BY_KIND, {"soft": SOFT, "hard": harsh}))


@pytest.mark.parametrize(
    "terms",
    [
        {"late_fee": {"any": 40}},
        {"credit": "hold_until_paid"},
        {"credit": "refuse"},
        {"statutory_interest": True},
        {"payment_term_days": 8, "shorter_than_usual": True},
        {"delivery": "prepayment"},
        {"credit": "limit", "credit_limit": {"any": 5}},
    ],
)
def test_terms_that_harm_are_for_businesses_only(terms: dict[str, Any]) -> None:
    """Neither a public body nor a consumer gets them; a business may."""
    both = {"soft": SOFT}
    for kind, called in (("public", "public bodies"), ("consumer", "consumers"), ("unknown", "unknown")):
        refused(
            small([{"legal_kind": kind, "strategy": "soft", "terms": terms}, {"strategy": "soft"}], both),
            rf"lines 1 \(soft\): it also fits .*{called}",
        )
    parse_policy(
        small([{"legal_kind": "business", "strategy": "soft", "terms": terms}, {"strategy": "soft"}], both)
    )


def test_a_consumer_gets_friendly_steps_only_without_a_statutory_notice() -> None:
    """An unknown kind is treated as a consumer; a discount or a plan harms nobody."""
    public = {"legal_kind": "public", "strategy": "soft"}
    refused(
        small([public, *TO_ALL], {"soft": SOFT, "hard": HARD}),
        r"lines 2 \(hard\): it also fits consumers .*step second is not friendly; .*statutory notice \(NL\)",
    )
    consumer = {"legal_kind": "consumer", "strategy": "soft"}
    refused(
        small([public, consumer, *TO_ALL], {"soft": SOFT, "hard": HARD}),
        r"lines 3 \(hard\): it also fits debtors of whom it is unknown",
    )
    offers = {"instalments": 3, "discount_percent": 2.0, "discount_days": 8, "payment_term_days": 60}
    parse_policy(small([{"strategy": "soft", "terms": offers}], {"soft": SOFT}))


def noticed(wait: int, **keys: Any) -> dict[str, Any]:
    """A strategy with the notice on day 10 and a firm call so many days later."""
    said = {"tone": "formal", "channels": ["letter"], "statutory_notice": True, **keys}
    notice = step("notice", 2, 10, **said)
    return {"steps": [step("first", 1, 5), notice, step("call", 3, 10 + wait, **FIRM)]}


def with_country(country: Any, strategy: dict[str, Any]) -> dict[str, Any]:
    """Consumers of the country by that strategy, everybody else softly."""
    line = {"legal_kind": "consumer", "country": country, "strategy": "noticed"}
    return small([line, {"strategy": "soft"}], {"noticed": strategy, "soft": SOFT})


def test_a_country_pack_allows_more_after_the_notice_in_time() -> None:
    """The pack of NL asks for 14 days from the notice to the call; Belgium has no pack here."""
    parse_policy(with_country("NL", noticed(14)), PACKS)
    refused(with_country("NL", noticed(13)), "step call is not friendly, fewer than 14 days after the stat")
    refused(with_country("NL", HARD), "step second is not friendly without the notice that the law asks for")
    refused(with_country(["NL", "BE"], noticed(14)), r"lines 1 .*in BE.*name countries")
    refused(with_country("NL", noticed(14)), "none is known", parse_statutory({}))
    refused(
        with_country("NL", noticed(14, channels=["agency"])), "a statutory notice comes from the creditor"
    )


def test_the_notice_must_come_before_the_first_step_that_is_not_friendly() -> None:
    """A firm call on day 7 comes before the notice of day 10."""
    strategy = copy.deepcopy(noticed(14))
    strategy["steps"][0] = step("early_call", 1, 7, **FIRM)
    refused(with_country("NL", strategy), "step early_call is not friendly without the notice")


LAWFUL = parse_policy(
    small(
        [
            {"legal_kind": "business", "segment": "A", "strategy": "hard"},
            {"legal_kind": "business", "strategy": "harsh"},
            {"legal_kind": "consumer", "country": "NL", "strategy": "noticed"},
            {"strategy": "soft"},
        ],
        {
            "soft": SOFT,
            "hard": HARD,
            "harsh": {
                "steps": [step("a", 1, 5), step("b", 2, 9, tone="firm", channels=["registered_letter"])]
            },
            "noticed": noticed(14),
        },
    ),
    PACKS,
)
COUNTRY = st.sampled_from(["any", "NL", "BE"])
STRATEGY = st.sampled_from(["soft", "hard", "harsh", "noticed"])


def allowed(strategy: str, fee: bool, kind: str, country: str) -> bool:
    """What the law says of one debtor, said once more."""
    if kind == "business":
        return True
    if kind == "public":
        return strategy != "harsh" and not fee
    after_notice = strategy == "noticed" and country == "NL"
    return after_notice or (strategy == "soft" and not fee)


@given(
    st.lists(st.tuples(SEGMENT, KIND, COUNTRY, STRATEGY, st.booleans()), max_size=4),
    st.tuples(STRATEGY, st.booleans()),
)
def test_a_policy_passes_exactly_when_every_debtor_is_treated_lawfully(
    lines: list[Any], default: tuple[str, bool]
) -> None:
    """Asked debtor by debtor, line by line; and every line must decide for somebody."""
    lines = [line for line in lines if line[0] != "C"] + [("any", "any", "any", *default)]
    reached, lawful = set(), True
    for debtor in product("AB", ["business", "public", "consumer", "unknown"], ["NL", "BE", "FR"]):
        number, line = next(
            (number, line)
            for number, line in enumerate(lines)
            if all(named in ("any", own) for named, own in zip(line, debtor, strict=False))
        )
        reached.add(number)
        lawful &= allowed(line[3], line[4], *debtor[1:])
    fee = Terms.model_validate({"late_fee": {"any": 40}})
    made = [
        Line(
            segment=[of],
            legal_kind=[kind],
            country=[where],
            strategy=strategy,
            terms=fee if asks else Terms(),
        )
        for of, kind, where, strategy, asks in lines
    ]
    policy = LAWFUL.model_copy(update={"lines": tuple(made)})
    if lawful and len(reached) == len(lines):
        check_law(policy, PACKS)
    else:
        with pytest.raises(ConfigurationError):
            check_law(policy, PACKS)


def test_an_event_that_may_hit_a_consumer_must_be_friendly() -> None:
    """A firm call about a broken promise needs `legal_kind: business`, also where only unknowns are meant."""
    for debtors, called in (
        ({}, "public bodies"),
        ({"legal_kind": ["business", "consumer"]}, "consumers"),
        ({"legal_kind": "unknown"}, "unknown"),
    ):
        refused(
            spoil("events.0.debtors", debtors),
            rf"events broken_promise: it may hit .*{called}.*add `legal_kind: business`",
        )


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("events.0.step.days_after_due", 3, "broken_promise asks for a contact at once"),
        ("events.4.step.days_after_due", 0, "slipped_once counts days after due; give it at least 1"),
        ("events.5.needs", ["undisputed"], "an agency needs `needs: "),
    ],
)
def test_events_that_cannot_be_meant_are_refused(path: str, value: Any, message: str) -> None:
    """The day of an event, and what an agency needs."""
    refused(spoil(path, value), f"events .*{message}")


# refusals: the rest ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("optimal.earliest_days_after_due", 31, "earliest_days_after_due 31 is after .*30; swap them"),
        (
            "optimal.contact_cost",
            {"email": 1.0},
            "contact_cost: no cost of `letter`, by which strategies gentle",
        ),
        (
            "contact.fallback",
            {"email": "letter", "letter": "email"},
            "email to letter to email goes in a cir",
        ),
        ("contact.fallback", {"email": "email"}, "email to email goes in a circle"),
        ("contact.fallback", {"email": "agency"}, "fallback email: agency harms the debtor"),
        (
            "experiment",
            {"name": "x", "share": 1.0, "arms": {"a": 4, "b": 4}},
            "all remind on the same day, so nothing is compared",
        ),
        ("experiment", {"name": "x", "share": 0.2, "arms": {"a": 0}}, "all remind on the same day"),
        (
            "experiment",
            {"name": "x", "share": 0.2, "arms": {"as_planned": 4}},
            "`as_planned` is the name of those whose day stays",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(path: str, value: Any, message: str) -> None:
    """Optimal timing, fallback channels and the experiment."""
    refused(spoil(path, value), message)


@pytest.mark.parametrize(("share", "arms"), [(1.0, {"as_today": 0, "later": 4}), (0.2, {"later": 4})])
def test_an_experiment_with_two_different_days_is_read(share: float, arms: dict[str, int]) -> None:
    """As today against four days later, be it half and half or the others staying as planned."""
    policy: Policy = parse_policy(spoil("experiment", {"name": "x", "share": share, "arms": arms}))
    assert policy.experiment is not None
    assert dict(policy.experiment.arms) == arms
