"""What a connector's author may rely on, name by name: `python -m tests.connector_runtime.public_surface` writes it.

A line that goes or changes is a new major version (`contract.version`), a new line a minor one.
"""

import enum
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import gateway.connector_runtime.contract as contract
from gateway.connector_runtime.contract.version import SURFACE

KEPT = Path(__file__).with_name("public_surface.txt")
VOCABULARY = ("address", "areas", "clock", "partial_date", "person_name", "personal_number", "provenance")


def render() -> str:
    """Return the surface: its version, then a line for each public name with what it takes."""
    modules = [
        "gateway.connector_runtime.contract",
        *(f"gateway.connector_runtime.contract.{one.name}" for one in pkgutil.iter_modules(contract.__path__)),
        *(f"gateway.vocabulary.{name}" for name in VOCABULARY),
    ]
    lines = [line for name in modules for line in _lines(importlib.import_module(name))]
    return "\n".join([f"version {SURFACE}", *lines]) + "\n"


def _lines(module: ModuleType) -> Iterator[str]:
    listed = getattr(module, "__all__", None)
    for name, value in sorted(vars(module).items()):
        own = name in listed if listed is not None else _is_own(module, name, value)
        if own:
            yield f"{module.__name__}.{name}{_members(value)}"


def _is_own(module: ModuleType, name: str, value: Any) -> bool:
    made_here = getattr(value, "__module__", module.__name__) == module.__name__
    return not name.startswith("_") and not inspect.ismodule(value) and made_here and callable(value)


def _members(value: Any) -> str:
    if inspect.isclass(value) and not issubclass(value, enum.Enum):
        methods = sorted(name for name in vars(value) if not name.startswith("_"))
        return f"({', '.join(_parameters(value))}) {{{', '.join(methods)}}}"
    return f"({', '.join(_parameters(value))})" if inspect.isfunction(value) else ""


def _parameters(value: Any) -> list[str]:
    try:
        return [name for name in inspect.signature(value).parameters if name not in {"self", "args", "kwargs"}]
    except (TypeError, ValueError):
        return []


if __name__ == "__main__":
    KEPT.write_text(render(), "utf-8")
