"""The API against its own OpenAPI document: described, with examples that hold, and kept."""

import json
from unittest.mock import patch

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from serving_support import api_with_a_ledger

from features.contracts import OUTPUT_TABLES
from pipelines.serving import access


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """The API over a run of a small ledger, loaded, with as many wrong tokens as one likes."""
    with patch.object(access, "FAILURES_PER_MINUTE", 1_000_000):
        api = api_with_a_ledger(tmp_path_factory.mktemp("api"), requests_per_minute=1_000_000)
    assert api.get("/v1/page").status_code == 200
    return api


@pytest.fixture(scope="module")
def document(api):
    """The document as it is given out, to anybody."""
    return api.get("/openapi.json", None).json()


def operations(document):
    """Every operation with its path and method."""
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_table_and_every_kind_of_report_has_an_operation(document):
    """The paths are the contract's tables, the page's, and the way back."""
    paths = set(document["paths"])
    assert {f"/v1/{name.replace('_', '-')}" for name in OUTPUT_TABLES} <= paths
    assert {"/v1/runs", "/v1/page", "/v1/quotes", "/v1/promises", "/health", "/ready"} <= paths


def test_every_operation_says_what_it_is_and_who_may(document):
    """A summary, a unique id, its refusals in one shape; all below /v1 need a token."""
    seen = set()
    for path, method, operation in operations(document):
        assert operation["summary"], path
        assert operation["operationId"] not in seen
        seen.add(operation["operationId"])
        assert bool(operation.get("security")) == path.startswith("/v1/"), path
        if path.startswith("/v1/"):
            assert {"401", "403", "429"} <= set(operation["responses"]), (method, path)


def test_every_example_keeps_its_schema(document):
    """Each operation below /v1 shows an answer and, where it takes a body, a request."""
    checked = 0
    for path, method, operation in operations(document):
        contents = [answer.get("content", {}) for answer in operation["responses"].values()]
        contents.append(operation.get("requestBody", {}).get("content", {}))
        for content in contents:
            for said in content.values():
                schema = {**said["schema"], "components": document["components"]}
                examples = [case["value"] for case in said.get("examples", {}).values()]
                examples += [said["example"]] if "example" in said else []
                for example in examples:
                    jsonschema.validate(example, schema, format_checker=jsonschema.FormatChecker())
                    checked += 1
        if path.startswith("/v1/"):
            assert "example" in operation["responses"]["200"]["content"]["application/json"], (method, path)
    assert checked > 100


def test_columns_are_described_by_the_contract(document):
    """The meaning of p_late stands at its place in the answer, that of due_on also at the parameter."""
    operation = document["paths"]["/v1/predictions"]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    row = schema["properties"]["rows"]["items"]["properties"]
    assert row["p_late"]["description"] == OUTPUT_TABLES["predictions"]["p_late"].meaning
    parameters = {each["name"]: each for each in operation["parameters"]}
    assert parameters["due_on"]["description"] == OUTPUT_TABLES["predictions"]["due_on"].meaning
    assert parameters["source"]["schema"]["enum"] == ["model", "rule"]


def test_nothing_of_the_machine_or_of_a_run_is_in_the_document(api, document):
    """It is open to all, so it holds neither paths nor ids."""
    text = json.dumps(document)
    assert str(api.output) not in text
    assert '"prompt"' not in text


FEW_TABLES = ("/v1/predictions", "/v1/worklist", "/v1/approvals/treatments")
"""The others are made by the same lines from the same contract."""


def ask_everything(api, mode, examples, few_tables=False):
    """Let schemathesis ask every operation, rightly or wrongly, and check each answer; return how many."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", api.app)
    asked = []
    for found in schema.get_all_operations():
        operation = found.ok()
        if few_tables and operation.tags == ["tables"] and operation.path not in FEW_TABLES:
            continue
        token = api.write if operation.tags == ["way back"] else api.read

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case):
            asked.append(case)
            parts = case.meta.components if case.meta else {}
            no_token = any(part.name == "HEADER" and said.mode.is_negative for part, said in parts.items())
            headers = {} if no_token else {"Authorization": f"Bearer {token}"}  # noqa: B023  called at once
            # what is well formed may still make no sense: a promise for the day before it was made
            senseless = [positive_data_acceptance] if case.method == "POST" else []
            case.call_and_validate(headers=headers, excluded_checks=senseless)

        try:
            check()
        except Unsatisfiable:  # without parameters nothing can be asked wrongly
            assert mode == GenerationMode.NEGATIVE
    return len(asked)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_api_keeps_its_document(api, mode):
    """A few questions to each operation, as described and not: answers as described, never a failure."""
    assert ask_everything(api, mode, 2, few_tables=True) > 20


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_api_keeps_its_document_whatever_is_asked(api, mode):
    """The same with many questions."""
    assert ask_everything(api, mode, 50) > 1_000
