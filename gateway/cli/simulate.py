"""`python -m gateway.cli.simulate NAME PORT OPTIONS`: simulators of the group `gate06.simulators` as one program.

OPTIONS is a JSON file with one object per simulator; its members are read as the types that the simulator's own
factory declares, so that nothing here knows any of them. `NAME+NAME` are faces of one program: each serves below the
path of its `issuer`, the first everything else.
"""

import sys
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from importlib.metadata import entry_points
from inspect import signature
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import urlsplit

import orjson
import uvicorn
from pydantic import TypeAdapter

GROUP = "gate06.simulators"
ASGIApp = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]


def create_simulator(name: str, options: Mapping[str, Any]) -> ASGIApp:
    """Return the ASGI application of a simulator. Raises LookupError when none has the name."""
    found = [point for point in entry_points(group=GROUP) if point.name == name]
    if not found:
        raise LookupError(f"no simulator `{name}`")
    factory = found[0].load()
    kinds = get_type_hints(factory)
    # a list stands for any iterable: pydantic's lazy reader of iterables would be used up by the first look
    given = {member: options[member] for member in signature(factory).parameters if member in options}
    made: ASGIApp = factory(**{member: _read(kinds[member], value) for member, value in given.items()})
    return made


def create_faces(names: Sequence[str], every: Mapping[str, Any]) -> ASGIApp:
    """Return simulators as one ASGI application, told apart by the path of their issuers. Raises LookupError."""
    first, *others = names
    whole = create_simulator(first, every.get(first, {}))
    faces = {urlsplit(every[name]["issuer"]).path: create_simulator(name, every[name]) for name in others}
    if not faces:
        return whole

    async def serve(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        face = next((one for prefix, one in faces.items() if path.startswith(f"{prefix}/")), whole)
        await face(scope, receive, send)

    return serve


def _read(kind: Any, value: Any) -> Any:
    read = TypeAdapter(kind).validate_python(value)
    return list(read) if isinstance(value, list) else read


def main() -> None:
    """Serve a simulator on 127.0.0.1 until a signal ends it."""
    names, port, options = sys.argv[1:4]
    every = orjson.loads(Path(options).read_bytes())
    application = create_faces(names.split("+"), every)
    uvicorn.run(application, host="127.0.0.1", port=int(port), access_log=False, log_level="warning", lifespan="auto")


if __name__ == "__main__":
    main()
