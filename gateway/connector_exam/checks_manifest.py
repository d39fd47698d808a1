"""The five checks of what a connector says about itself."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from gateway.connector_exam.attributes import attribute_problems
from gateway.connector_exam.candidate import Candidate
from gateway.connector_exam.finding import Fault, all_checks
from gateway.connector_runtime.kinds.finding import Problem
from gateway.connector_runtime.kinds.lint import lint
from gateway.connector_runtime.kinds.secret_signs import (
    holds_a_proof,
    looks_like_a_secret,
    says_a_secret,
    sets_a_secret,
)
from gateway.connector_runtime.manifest_failure import InlineSecret

PURPOSES = frozenset({"prefill", "assurance"})
"""What the gateway asks registers for: filling in forms, and finding out who somebody is."""

_CEILINGS: dict[str, float] = {
    "concurrency": 64,
    "queue": 256,
    "queue_for": 2,
    "late_for": 30,
    "retries": 2,
    "retry_share": 0.2,
    "slow_for": 8,
    "stale_for": 3600,
}
_FRESHEST = 86_400
_MOST_HOSTS = 3
_GUESS = "# confirm:"
_REAL_NUMBER = re.compile(r"(?<!\d)0(?:0[1-9]|[1-8]\d|9[0-6])[0-3]\d{8}(?!\d)")


def check_schema(candidate: Candidate) -> list[Fault]:
    """Every key is known and can be used, and two different contacts answer for the source."""
    faults = [_fault(candidate, one) for one in lint(candidate.manifest) if one.failure is not InlineSecret]
    contacts = {" ".join(one.split()).casefold() for one in candidate.manifest.owner.contacts}
    if len(contacts) < 2:
        faults.append(
            Fault(
                what="the contacts are all the same",
                where=candidate.place("owner", "contacts"),
                fix="Name two ways to reach the owner, one of them a telephone.",
            )
        )
    faults += _unconfirmed(candidate)
    for index, skip in enumerate(candidate.manifest.quality.skips):
        if skip.check not in all_checks():
            faults.append(
                Fault(
                    what=f"`{skip.check}` is no check of the exam",
                    where=candidate.place("quality", "skips", index, "check"),
                    fix="Write the id of a check as docs/connector_exam.md lists it.",
                )
            )
    return faults


def _unconfirmed(candidate: Candidate) -> list[Fault]:
    """What an import guessed and nobody has looked at since; the comment that says so is taken away by whoever has."""
    text = (candidate.folder / "manifest.toml").read_text("utf-8")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line.lstrip().startswith(_GUESS)]
    if not lines:
        return []
    return [
        Fault(
            what=f"{len(lines)} guesses of the import are not confirmed",
            where=f"manifest.toml:{lines[0]}",
            fix="Correct what stands under each comment with `confirm:`, and take the comment away.",
        )
    ]


def check_secrets(candidate: Candidate) -> list[Fault]:
    """Nothing in the folder is a secret or the number of a real person."""
    faults = [_fault(candidate, one) for one in lint(candidate.manifest) if one.failure is InlineSecret]
    faults += [
        Fault(
            what="a private key lies in the folder",
            where=str(file.relative_to(candidate.folder)),
            fix="Take it out, have the source take another one, and name its file in the settings' `secret_files`.",
        )
        for file in sorted(candidate.folder.rglob("*"))
        if file.is_file() and b"PRIVATE KEY-----" in file.read_bytes()
    ]
    files = [candidate.folder / "manifest.toml", candidate.folder / "README.md"]
    files += sorted((candidate.folder / "samples").glob("*"))
    for file in files:
        if not file.is_file():
            continue
        name = str(file.relative_to(candidate.folder))
        for number, line in enumerate(file.read_text("utf-8", "replace").splitlines(), 1):
            faults += [
                Fault(what=what, where=f"{name}:{number}", fix=fix)
                for what, fix in _suspicious(line, commented=name == "manifest.toml")
            ]
    return faults


def check_catalogue(candidate: Candidate) -> list[Fault]:
    """Every field stands in the catalogue: type, mask, correction channel and the source's label."""
    return [_fault(candidate, one) for one in attribute_problems(candidate.manifest, candidate.attributes)]


def check_purposes(candidate: Candidate) -> list[Fault]:
    """The purposes are ones the gateway has, and the data class is that of the most sensitive field."""
    manifest, place = candidate.manifest, candidate.place
    faults = [
        Fault(
            what=f"`{purpose}` is no purpose of the gateway",
            where=place("legal", "purposes"),
            fix=f"Write one of {', '.join(f'`{one}`' for one in sorted(PURPOSES))}.",
        )
        for purpose in manifest.legal.purposes
        if purpose not in PURPOSES
    ]
    sensitive = [
        row.to
        for row in manifest.fields
        if (known := candidate.attributes.get(row.to)) is not None and known.sensitivity == "sensitive"
    ]
    if sensitive and manifest.legal.data_class == "basic":
        faults.append(
            Fault(
                what=f"`{sensitive[0]}` is sensitive in the catalogue, and the manifest says `basic`",
                where=place("legal", "data_class"),
                fix='Write `data_class = "sensitive"`.',
            )
        )
    return faults


def check_limits(candidate: Candidate) -> list[Fault]:
    """What the connector asks for stays under the province's ceilings."""
    limits: dict[str, Any] = tomllib.loads(candidate.text).get("limits", {})
    place = candidate.place
    faults = [
        Fault(
            what=f"`{name}` is {limits[name]}, and the province allows {ceiling:g}",
            where=place("limits", name),
            fix=f"Write {ceiling:g} or less; more is the operator's to give, in the settings.",
        )
        for name, ceiling in _CEILINGS.items()
        if isinstance(limits.get(name), int | float) and limits[name] > ceiling
    ]
    if limits.get("drift_window") == 0:
        faults.append(
            Fault(
                what="the drift watch is switched off",
                where=place("limits", "drift_window"),
                fix="Leave `drift_window` out, or write the number of answers to look at.",
            )
        )
    fresh = limits.get("fresh_for", {})
    faults += [
        Fault(
            what=f"values of `{name}` are kept for {seconds} s",
            where=place("limits", "fresh_for", name),
            fix=f"Keep them {_FRESHEST} s at most.",
        )
        for name, seconds in (fresh.items() if isinstance(fresh, dict) else ())
        if seconds > _FRESHEST
    ]
    endpoint = candidate.manifest.endpoint
    if endpoint is not None and len(endpoint.allowed_hosts) > _MOST_HOSTS:
        faults.append(
            Fault(
                what=f"{len(endpoint.allowed_hosts)} hosts are allowed, and one source has {_MOST_HOSTS} at most",
                where=place("endpoint", "allowed_hosts"),
                fix="Name the hosts of this one source only.",
            )
        )
    return faults


def _fault(candidate: Candidate, problem: Problem) -> Fault:
    return Fault(
        what=f"{problem.failure.code} {problem.text}", where=candidate.place(*problem.key), fix=problem.failure.fix
    )


def _suspicious(line: str, *, commented: bool) -> Iterator[tuple[str, str]]:
    if _REAL_NUMBER.search(line):
        yield "a personal number of a province that exists", "Samples are of invented people: numbers begin with 999."
    comment = line.partition("#")[2] if commented else ""
    said = sets_a_secret(line) or holds_a_proof(line) or says_a_secret(comment)
    if said or looks_like_a_secret(comment):
        yield (
            "what looks like a secret stands in the text",
            "Take it out, replace the secret at the source, and name the new one by `auth.secret_ref`.",
        )
