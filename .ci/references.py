"""References made from the code: which file, and what writes it. A stale one fails `make check`.

`python .ci/references.py --write` writes them all (`make references`).
"""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator

from tree import ROOT

Render = Callable[[], str]


def _error_catalogue() -> str:
    from gateway.pages.public.errors import render_error_catalogue

    return render_error_catalogue()


def _event_reference() -> str:
    from gateway.audit.reference import render_reference

    return render_reference()


def _settings_reference() -> str:
    from gateway.settings.reference import render_settings

    return render_settings()


def _manifest_schema() -> str:
    from gateway.connector_runtime.manifest_schema import render_schema

    return render_schema()


def _exam_reference() -> str:
    from gateway.connector_exam.reference import render_exam

    return render_exam()


def _conformance() -> str:
    """What the rows of the conformance plans saw; only a test run can see it anew."""
    sys.path.insert(0, str(ROOT))
    from tests.conformance.page import render_conformance

    return render_conformance()


def _offline_verifier() -> str:
    """The program that pages offer for download: the one people read in `examples`, installed with the gateway."""
    return (ROOT / "examples/offline_verifier/verify.py").read_text("utf-8")


REFERENCES: tuple[tuple[str, Render], ...] = (
    ("docs/errors.md", _error_catalogue),
    ("docs/events.md", _event_reference),
    ("docs/settings.md", _settings_reference),
    ("docs/connector_manifest.schema.json", _manifest_schema),
    ("docs/connector_exam.md", _exam_reference),
    ("docs/conformance.md", _conformance),
    ("gateway/pages/public/offline_verifier.txt", _offline_verifier),
)


def import_everything() -> None:
    """Import every module that may define a failure, so that the catalogue is whole."""
    import gateway

    for module in pkgutil.walk_packages(gateway.__path__, "gateway."):
        if not module.name.endswith(("__main__", ".simulate")) and ".migrations" not in module.name:
            importlib.import_module(module.name)


def problems() -> Iterator[str]:
    """Yield a sentence for every reference that is not what the code says."""
    import_everything()
    for path, render in REFERENCES:
        file = ROOT / path
        if not file.exists() or file.read_text("utf-8") != render():
            yield f"{path}: stale; run `make references`"


def main() -> int:
    """Write all of them with `--write`, otherwise say which are stale."""
    if "--write" not in sys.argv[1:]:
        stale = list(problems())
        print("\n".join(stale) or "references: up to date")
        return 1 if stale else 0
    import_everything()
    for path, render in REFERENCES:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(render(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
