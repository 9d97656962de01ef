"""Read a policy from the file that a collections manager edits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from features.errors import ConfigurationError
from models.strict_yaml import read_strictly, validated
from models.treatment.policy import Policy
from models.treatment.policy_checks import check_policy
from models.treatment.policy_law import check_law
from models.treatment.statutory import NOTHING, Statutory


def read_policy(path: Path, statutory: Statutory = NOTHING) -> Policy:
    """Return the policy in a YAML file. ConfigurationError names the file, the line's key and the way out.

    `statutory`: the country packs; without them no consumer may be treated otherwise than friendly.
    """
    return read_strictly(path, "the policy", lambda content: parse_policy(content, statutory))


def parse_policy(content: object, statutory: Statutory = NOTHING) -> Policy:
    """Return the policy from its keys and values; ConfigurationError says the first thing that is wrong."""
    if not isinstance(content, dict):
        raise ConfigurationError(f"a policy is keys and values, such as `timing: fixed`; got {content!r}")
    policy = validated(Policy, content)
    check_policy(policy)
    check_law(policy, statutory)
    return policy


def covers(policy: Policy, segments: Iterable[str]) -> list[str]:
    """Return the segments that the policy was not made for, sorted; empty when it covers all."""
    return sorted(set(segments) - set(policy.segments))


def fingerprint(policy: Policy) -> str:
    """Return a SHA-256 of what the policy says; comments and the order of keys do not matter."""
    content = json.dumps(policy.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()
