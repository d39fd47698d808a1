"""`python -m gateway.cli.simulate NAME PORT OPTIONS`: simulators of the group `gate06.simulators` as one program.

OPTIONS is a JSON file with one object per simulator; its members are read as the types that the simulator's own
factory declares, so that nothing here knows any of them. `NAME+NAME` are faces of one program: each serves below the
path of its `issuer`, the first everything else. The name `sources` is every register that `sources` of OPTIONS lists,
all of them where it lists none: each under its own name (`/civil_status/_faults`), the first one also without
(`/_faults`).
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
SOURCES = "sources"
ASGIApp = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]


class Sources:
    """Several registers behind one port, told apart by the first part of the path."""

    def __init__(self, registers: Mapping[str, ASGIApp]) -> None:
        self._registers = registers
        self._first = next(iter(registers.values()))

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Hand the call to the register its path names; a path that names none is the first one's."""
        name = str(scope.get("path", "")).split("/")[1:2]
        register = self._registers.get(name[0]) if name else None
        if register is None:
            await self._first(scope, receive, send)
        else:
            await register({**scope, "root_path": f"/{name[0]}"}, receive, send)


def create_simulator(name: str, options: Mapping[str, Any]) -> ASGIApp:
    """Return the ASGI application of a simulator. Raises LookupError when none has the name."""
    if name == SOURCES:
        listed: Mapping[str, Any] = options or {source: {} for source in _registers()}
        return Sources({source: create_simulator(source, one) for source, one in listed.items()})
    found = [point for point in entry_points(group=GROUP) if point.name == name]
    if not found:
        raise LookupError(f"no simulator `{name}`")
    factory = found[0].load()
    kinds = get_type_hints(factory)
    # a list stands for any iterable: pydantic's lazy reader of iterables would be used up by the first look
    given = {member: options[member] for member in signature(factory).parameters if member in options}
    made: ASGIApp = factory(**{member: _read(kinds[member], value) for member, value in given.items()})
    return made


def _registers() -> list[str]:
    """Return every register that an installed connector plays under its own name, the population register first."""
    points = [point for point in entry_points(group=GROUP) if point.value.startswith(f"connectors.{point.name}.")]
    return sorted((point.name for point in points), key=lambda name: (name != "population", name))


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
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=int(port),
        access_log=False,
        log_level="warning",
        lifespan="auto",
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main()
