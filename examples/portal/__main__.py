"""Run the sample portal: `python -m examples.portal`."""

import uvicorn

from examples.portal.portal import create_application
from examples.portal.settings import read_settings


def main() -> None:
    """Serve on 127.0.0.1; no access log, since a callback's address holds the code."""
    settings = read_settings()
    uvicorn.run(
        create_application(settings), host="127.0.0.1", port=settings.port, access_log=False, timeout_keep_alive=75
    )


if __name__ == "__main__":
    main()
