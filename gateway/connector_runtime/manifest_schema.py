"""The JSON Schema of a manifest, for editors, made from the models that read it: it cannot say anything else."""

import json
from typing import Any

from gateway.connector_runtime.manifest import Manifest

SCHEMA_FILE = "manifest.schema.json"
"""What `gate06 connector new` writes beside the manifest, which names it in its first line for the editor."""


def manifest_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12)."""
    made = Manifest.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Gate06 connector manifest",
        **{name: value for name, value in made.items() if name != "title"},
    }


def render_schema() -> str:
    """Return the schema as the file `docs/connector_manifest.schema.json`."""
    return json.dumps(manifest_schema(), ensure_ascii=False, indent=1) + "\n"
