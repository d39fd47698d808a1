"""`python -m tests.proofs.watched_gateway serve`: the gateway, with every connection it opens written down.

Python tells an audit hook of each `socket.connect` and of each name that is looked up before it happens, whichever
library asks; `WATCHED` names the file. One line for each: `connect HOST PORT` or `resolve NAME`.
"""

import os
import sys
from collections.abc import Sequence
from typing import Any


def watch(file: str) -> None:
    """Write down every connection of this process from now on; there is no way to stop it."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def hook(event: str, arguments: Sequence[Any]) -> None:
        if event == "socket.connect" and isinstance(arguments[1], tuple):
            os.write(descriptor, f"connect {arguments[1][0]} {arguments[1][1]}\n".encode())
        elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
            os.write(descriptor, f"resolve {arguments[0]}\n".encode())

    sys.addaudithook(hook)


if __name__ == "__main__":
    watch(os.environ["WATCHED"])
    from gateway.cli.command import main

    main()
