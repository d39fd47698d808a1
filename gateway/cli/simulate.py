"""`python -m gateway.cli.simulate NAME PORT OPTIONS`: one simulator of the group `gate06.simulators` as a program.

OPTIONS is a JSON file with one object per simulator; its members are read as the types that the simulator's own
factory declares, so that nothing here knows any of them.
"""

import sys
from importlib.metadata import entry_points
from inspect import signature
from pathlib import Path
from typing import Any, get_type_hints

import orjson
import uvicorn
from pydantic import TypeAdapter

GROUP = "gate06.simulators"


def create_simulator(name: str, options: dict[str, Any]) -> Any:
    """Return the ASGI application of a simulator. Raises LookupError when none has the name."""
    found = [point for point in entry_points(group=GROUP) if point.name == name]
    if not found:
        raise LookupError(f"no simulator `{name}`")
    factory = found[0].load()
    kinds = get_type_hints(factory)
    # a list stands for any iterable: pydantic's lazy reader of iterables would be used up by the first look
    given = {member: options[member] for member in signature(factory).parameters if member in options}
    return factory(**{member: _read(kinds[member], value) for member, value in given.items()})


def _read(kind: Any, value: Any) -> Any:
    read = TypeAdapter(kind).validate_python(value)
    return list(read) if isinstance(value, list) else read


def main() -> None:
    """Serve a simulator on 127.0.0.1 until a signal ends it."""
    name, port, options = sys.argv[1:4]
    every = orjson.loads(Path(options).read_bytes())
    application = create_simulator(name, every.get(name, {}))
    uvicorn.run(application, host="127.0.0.1", port=int(port), access_log=False, log_level="warning", lifespan="auto")


if __name__ == "__main__":
    main()
