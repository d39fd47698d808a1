"""The list of checks, made from `checks.toml`: `docs/connector_exam.md` is this text."""

from itertools import groupby

from gateway.connector_exam.finding import all_checks

_TITLES = {
    "manifest": "Manifest",
    "safety": "Safety",
    "meaning": "Meaning",
    "behaviour": "Behaviour",
    "evidence": "Evidence",
}

_HEAD = """# The exam of a connector

<!-- made from gateway/connector_exam by `make references`; edit checks.toml or reference.py -->

`gate06 connector test FOLDER --service URL --json report.json` takes 24 checks. It reads the manifest, the samples and
the running service, and starts a stand-in of its own on this machine that is slow, dead, huge, redirecting, broken,
about somebody else or about two people, and counts the calls that reach it. What the connector looks like inside it
does not know: it changes one member of a sample at a time and sees which field follows. So a manifest and code are
examined alike.

`--service own` asks the address in the manifest, `--zone` and `--secret-file NAME=FILE` are those of `try`,
`--token-url` is where the service's Bearer tokens come from. With `--config gate06.toml` the connector's own table
counts, as for the gateway: where tokens come from, certificates, keys of signatures. Without either nothing real is
asked, and approval turns the report down; a view then fails `safety.view`, since nobody looked at its role. A connector
with code is the installed package of its id; over a bus, samples stand for the service. Nobody signs what the stand-in
changes, and it takes no proof but a fixed one: a signature (`[signature]`, `[envelope_signature]`), a token, a
statement and WS-Security are looked at with the running service. Guesses of an import that nobody confirmed fail
`manifest.schema`, a private key in the folder `manifest.secrets`. Exit 0 passed, 7 a check failed.

For every fault the report says what, where (`file:line:key`, a sample, an answer of the stand-in), why and how to mend
it. The SHA-256 of its canonical form (RFC 8785) is what two people approve; it names the manifest and the samples by
their hashes, and the edition of the exam (`exam`): when the exam begins to want more,
reports of before no longer count.

## In your own tests
```python
from gateway.connector_exam.pytest_contract import connector_contract
from library.simulator import create_application

TestLibrary = connector_contract("connectors/library", simulator=create_application)
```

## Being let off
A check is let off by the manifest, with a reason that two people approve and a last day. After that day it is taken
again. A check that is let off does not count for a tier.

```toml
[[quality.skips]]
check = "meaning.dates"
reason = "the register keeps whole dates only, as its owner wrote on 2026-10-01"
until = 2027-03-31
```

## Tiers
| Tier | Wants |
|---|---|
| Đồng (bronze) | Manifest and Safety, a README in Vietnamese, two contacts |
| Bạc (silver) | Behaviour and Evidence, and `quality.answered_on` within 92 days |
| Vàng (gold) | Meaning, `fill_rate_percent`, `freshness`, `known_limits`, and `rotation_rehearsed_on` within a year |
| Bạch kim (platinum) | `p95_ms` under 800, no code, and `sandbox_run_on` yesterday or today |

The exam computes what it can see; what stands in `[quality]` is the department's word, and whoever approves reads it.
The tier stands beside every version: in `gate06 connector list` and `show`, at `/staff/connectors` and in
`/v1/connectors` (`tier`). The gateway computes it again from the report's checks and the manifest, and lints the
manifest itself; every other check is the word of whoever handed the report in, and the page of approval says so.
"""


def render_exam() -> str:
    """Return `docs/connector_exam.md`."""
    parts = [_HEAD]
    for group, checks in groupby(all_checks().values(), key=lambda one: one.group):
        rows = [
            f"| `{one.id}` | {one.sentence['vi']}<br>{one.sentence['en']} | {one.why['vi']}<br>{one.why['en']} |"
            for one in checks
        ]
        parts.append(
            "\n".join([f"\n## {_TITLES[group]}", "| Check | What it wants | Why |", "|---|---|---|", *rows, ""])
        )
    return "".join(parts)
