"""`python -m tests.proofs.recorded_simulator NAME PORT OPTIONS`: a simulator that keeps every address.

One line per request, path and query as they came, into NAME.urls beside OPTIONS; of NAME+NAME the first names the file.
"""

import sys
from pathlib import Path

import orjson
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.cli.simulate import create_faces


class Recorded:
    """Passes requests on and keeps their addresses."""

    def __init__(self, application: ASGIApp, file: Path) -> None:
        self._application = application
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write the address down, then serve."""
        if scope["type"] == "http":
            with self._file.open("ab") as lines:
                lines.write(scope["raw_path"] + b"?" + scope["query_string"] + b"\n")
        await self._application(scope, receive, send)


def main() -> None:
    """Serve on 127.0.0.1 until a signal ends it."""
    faces, port, options = sys.argv[1:4]
    names = faces.split("+")
    file = Path(options).with_name(f"{names[0]}.urls")
    application = Recorded(create_faces(names, orjson.loads(Path(options).read_bytes())), file)
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=int(port),
        access_log=False,
        log_level="warning",
        lifespan="off",
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main()
