"""What all approvals come to for one gateway: which of its tables may be asked, for which share, or why none may.

A table of the settings is in service when the version its manifest names is published, with exactly this content (and,
for a code connector, exactly this package, by the digest of its files). Everything else answers nothing: fail closed. A
developer's gateway may ask what nobody approved (`connectors.unpublished = "allow"`), never what was suspended or
retired.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from gateway.connector_lifecycle.release import Number, Release, number_of
from gateway.connector_lifecycle.succession import Facts
from gateway.connector_runtime.making import Installed
from gateway.vocabulary.provenance import Unavailable

Why = Literal["unpublished", "changed", "suspended", "retired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one table stands: the version it carries, and why it may not be asked (None: it may).

    `trial` is its share while it is on trial beside an older version, `notice` what people read when it is suspended.
    """

    table: str
    connector: str
    number: Number
    why: Why | None
    trial: int | None = None
    notice: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where the questions of a source go: to `table`, and `share` percent of them to `trial_table`."""

    table: str
    trial_table: str | None = None
    share: int = 0


def stand(
    installed: Mapping[str, Installed], releases: Iterable[Release], facts: Facts, *, unpublished_allowed: bool
) -> dict[str, Standing]:
    """Return how every table stands."""
    known = {(one.connector, one.manifest.version): one for one in releases}
    return {
        table: _stand(table, one, known.get((one.manifest.id, one.manifest.version)), facts, unpublished_allowed)
        for table, one in installed.items()
    }


def _stand(table: str, one: Installed, release: Release | None, facts: Facts, allowed: bool) -> Standing:
    why, trial, notice = _why(one, release, facts), None, None
    if release is not None and why is None and release.trial is not None:
        trial = release.trial.share
    if release is not None and why == "suspended":
        notice = release.notice
    if allowed and why in {"unpublished", "changed"}:
        why = None
    return Standing(
        table=table,
        connector=one.manifest.id,
        number=number_of(one.manifest.version),
        why=why,
        trial=trial,
        notice=notice,
    )


def is_content_of(one: Installed, release: Release) -> bool:
    """Tell whether a table carries exactly what a version is: its manifest's text, and its package by digest."""
    approved = (release.manifest_sha256, release.package, release.package_sha256)
    return (one.sha256, one.package, one.package_sha256) == approved


def _why(one: Installed, release: Release | None, facts: Facts) -> Why | None:
    if release is None:
        return "unpublished"
    # a version that was taken out of service stays out, also with other content under its number
    if release.gone(facts.today):
        return "retired"
    if release.state == "suspended":
        return "suspended"
    if not is_content_of(one, release):
        return "changed"
    return None if release.state == "published" else "unpublished"


def find_way(source: str, standings: Mapping[str, Standing]) -> Way | Standing:
    """Return where the questions of a source go, or the standing that says why they go nowhere.

    Tables of one connector and one major stand for each other: the highest version in service answers, one on trial
    only its share. Another major is another source, which procedures name by its own table.
    """
    own = standings[source]
    family = [one for one in standings.values() if (one.connector, one.number[0]) == (own.connector, own.number[0])]
    serving = sorted((one for one in family if one.why is None), key=lambda one: one.number)
    settled = [one for one in serving if one.trial is None]
    trying = [one for one in serving if one.trial is not None]
    if settled and trying:
        return Way(table=settled[-1].table, trial_table=trying[-1].table, share=trying[-1].trial or 0)
    stopped = [one for one in family if one.why == "suspended"]
    if settled or (serving and not stopped):
        # a version on trial whose predecessor is not at this gateway answers everything; it never stands in for one
        # that was suspended, since whoever suspended it meant the source
        return Way(table=(settled or serving)[-1].table)
    return max(stopped, key=lambda one: one.number, default=own)


def choose(way: Way, request_id: str) -> str:
    """Return the table for one question: the same for the same request, whoever asks."""
    if way.trial_table is None:
        return way.table
    drawn = int.from_bytes(sha256(request_id.encode()).digest()[:4], "big") % 100
    return way.trial_table if drawn < way.share else way.table


def refusal(standing: Standing) -> Unavailable:
    """Return what a question gets that goes nowhere."""
    notice = standing.notice
    told = None if notice is None else (notice["vi"], notice["en"])
    return Unavailable(reason="suspended", retry_after=300, notice=told)
