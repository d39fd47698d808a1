"""A new folder is a decision (docs/decisions): it stands here, or the check fails."""

from collections.abc import Iterator

from tree import all_files

TOP = frozenset(
    {".ci", "benchmarks", "connectors", "docker", "docs", "examples", "gateway", "policies", "requirements", "tests"}
)
TOP_FILES = frozenset(
    {
        ".dockerignore",
        ".gitattributes",
        ".gitignore",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "SECURITY.md",
        "pyproject.toml",
    }
)
GATEWAY = frozenset(
    {
        "application",
        "assurance",
        "audit",
        "cli",
        "connector_exam",
        "connector_import",
        "connector_lifecycle",
        "connector_runtime",
        "connector_runtime/contract",
        "connector_runtime/kinds",
        "connector_runtime/mapping",
        "connector_runtime/transports",
        "consent",
        "delivery",
        "dossiers",
        "dossiers/indicators",
        "dossiers/province",
        "identity_providers",
        "identity_providers/national_portal",
        "identity_providers/vneid",
        "openid_provider",
        "openid_provider/grants",
        "openid_provider/own_pages",
        "openid_provider/staff_realm",
        "pages",
        "pages/citizen",
        "pages/developer",
        "pages/layout",
        "pages/operator",
        "pages/public",
        "policy",
        "prefill",
        "settings",
        "staff",
        "storage",
        "storage/migrations",
        "storage/migrations/versions",
        "storage/postgresql",
        "storage/redis",
        "storage/sqlite",
        "tokens",
        "vocabulary",
    }
)


def problems() -> Iterator[str]:
    """Yield a sentence for every folder or file that is not known."""
    for path in all_files():
        parts = path.split("/")
        if len(parts) == 1 and path not in TOP_FILES:
            yield f"{path}: a file at the top that .ci/check_layout.py does not list"
        elif len(parts) > 1 and parts[0] not in TOP:
            yield f"{path}: `{parts[0]}/` is not in the layout"
        elif parts[0] == "gateway" and len(parts) > 2 and path.endswith(".py"):
            folder = "/".join(parts[1:-1])
            if folder not in GATEWAY:
                yield f"{path}: `gateway/{folder}/` is not in the layout"
