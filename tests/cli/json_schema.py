"""The JSON Schema in the package, and an output of a command put against it."""

from __future__ import annotations

import importlib.resources
import json
from typing import Any

from jsonschema import Draft202012Validator


def schema() -> dict[str, Any]:
    text = importlib.resources.files("batch.reports").joinpath("outputs.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def faults(name: str, printed: Any) -> list[str]:
    """Return what is wrong with an output of a command, by its name in the schema."""
    whole = schema()
    validator = Draft202012Validator({"$schema": whole["$schema"], "$ref": f"#/$defs/{name}", "$defs": whole["$defs"]})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(printed)]
