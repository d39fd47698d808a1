"""`python -m tests.proofs.verb_runner`: runs verbs of `gate06` for a proof that runs hundreds of them.

Reads lines `{"arguments": […], "environment": {…}, "folder": …}`; each runs in a child of its own, as a command does,
but with the modules read already; answers a line with exit code, stdout and stderr.
"""

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from gateway.cli.command import complete_app, main


def run(arguments: Sequence[str], environment: Mapping[str, str], folder: str) -> dict[str, object]:
    """Run one verb in a child; return what it left behind."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            _leave(list(arguments))
        _, status = os.waitpid(child, 0)
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read().decode("utf-8", "replace"))
        return {"code": os.waitstatus_to_exitcode(status), "out": said[0], "err": said[1]}


def _leave(arguments: list[str]) -> None:
    code = 1
    try:
        main(arguments)
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    complete_app()
    for line in sys.stdin.buffer:
        asked = orjson.loads(line)
        Path(asked["folder"]).mkdir(parents=True, exist_ok=True)
        sys.stdout.buffer.write(orjson.dumps(run(**asked)) + b"\n")
        sys.stdout.buffer.flush()
