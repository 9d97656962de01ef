"""Write the published JSON Schema of the output contract: python -m pipelines.contract_schema."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from features.contracts.json_schema import output_schema
from features.errors import PublicationError

SCHEMA_FILE = Path(__file__).parents[1] / "docs" / "output-schema.json"


def schema_text() -> str:
    """Return the schema as it stands in the file."""
    return json.dumps(output_schema(), indent=2, ensure_ascii=False) + "\n"


def write_schema(file: Path = SCHEMA_FILE) -> bool:
    """Bring the file up to date; return whether it changed.

    PublicationError when the contract changed and its version did not: readers tell contracts apart
    by the version alone.
    """
    text = schema_text()
    if file.is_file():
        if file.read_text(encoding="utf-8") == text:
            return False
        published = json.loads(file.read_text(encoding="utf-8"))["x-schema-version"]
        if published == output_schema()["x-schema-version"]:
            raise PublicationError(
                f"the output contract differs from {file.name}, which already has version {published}.\n"
                "Raise SCHEMA_VERSION in features/contracts/output.py (the number before the dot when a "
                "reader could break), then run python -m pipelines.contract_schema."
            )
    file.write_text(text, encoding="utf-8")
    return True


if __name__ == "__main__":
    try:
        changed = write_schema()
    except PublicationError as error:
        sys.exit(str(error))
    sys.stdout.write(f"{SCHEMA_FILE} {'written' if changed else 'is up to date'}\n")
