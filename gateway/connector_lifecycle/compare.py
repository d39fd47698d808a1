"""How two versions of a connector differ, and which number the newer one needs at least (SemVer 2.0.0 §6–§8).

What a portal can notice decides. A major: a field that is gone, renamed, of another type, precision or address scheme,
a part of an address or a member that says whose record it is gone, a code that means something else, a source class, a
new question to answer. A minor: a field or a code more, and whatever may make a value or an outcome another one (where
in the answer it stands, how it is read, what the signs mean) or what is trusted (proof, signatures). A patch: where and
how the source is asked, and what is said about it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gateway.connector_lifecycle.release import Number, number_of
from gateway.connector_runtime.manifest import Manifest

Bump = Literal["none", "patch", "minor", "major"]
_WEIGHT: Mapping[Bump, int] = {"none": 0, "patch": 1, "minor": 2, "major": 3}
_MAJOR_OF_FIELD = frozenset({"type", "precision", "codes"})
_MINOR = frozenset({"kind", "transport", "other_transports", "legal", "options", "notice", "outcomes"})
_TRUST = frozenset({"auth", "signature", "envelope_signature"})
_GONE_IS_MAJOR = ("record.about.", "code_lists.")
_UNSAID = frozenset({"version", "lifecycle"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that changed: `place` as a dotted path, both sides as text, the number it needs at least."""

    place: str
    change: Literal["added", "removed", "changed", "renamed"]
    before: str = ""
    after: str = ""
    needs: Bump

    def wire(self) -> dict[str, str]:
        """Return it as JSON shows it."""
        return {
            "place": self.place,
            "change": self.change,
            "before": self.before,
            "after": self.after,
            "needs": self.needs,
        }


def compare(older: Manifest, newer: Manifest) -> tuple[Difference, ...]:
    """Return everything that differs, the heaviest first."""
    before, after = _dumped(older), _dumped(newer)
    found = [*_fields(before, after), *_inputs(before, after)]
    for key in sorted(before.keys() | after.keys()):
        if key not in {"fields", "inputs"} | _UNSAID:
            needs: Bump = "minor" if key in _MINOR | _TRUST | {"record", "code_lists"} else "patch"
            found += [_weighed(one) for one in _tree(key, before.get(key), after.get(key), needs)]
    if older.legal.data_class != newer.legal.data_class:
        found = [_heavier(one) if one.place == "legal.data_class" else one for one in found]
    return tuple(sorted(found, key=lambda one: (-_WEIGHT[one.needs], one.place)))


def proofs_of(manifest: Manifest) -> dict[str, str]:
    """Return what whoever approves should see by itself: `asks`, where questions go, `about`, which members say whose
    record it is and where, `auth`, how the gateway proves itself, and `limits`, those that are not the usual ones. No
    secret is in a manifest."""
    about = {} if manifest.record is None else manifest.record.about
    auth = manifest.auth.model_dump(mode="json", exclude_defaults=True)
    told = [str(auth.pop("kind", "none")), *_pairs(auth)]
    bus = [f"transport = {manifest.transport}"] if manifest.transport else []
    limits = manifest.limits.model_dump(mode="json", exclude_defaults=True)
    return {
        "asks": _asks(manifest),
        "about": ", ".join(f"{name} = {path}" for name, path in about.items()),
        "auth": ", ".join(told + bus),
        "limits": ", ".join(_pairs(limits)),
    }


def _pairs(members: Mapping[str, Any], before: str = "") -> list[str]:
    told = []
    for name, value in sorted(members.items()):
        told += _pairs(value, f"{name}.") if isinstance(value, dict) else [f"{before}{name} = {_text(value)}"]
    return told


def _asks(manifest: Manifest) -> str:
    """Return where a question goes: the address of the manifest, which the settings of a gateway may change."""
    if manifest.endpoint is None:
        return ""
    look_up = None if manifest.operations is None else manifest.operations.lookup
    path = "" if look_up is None or manifest.kind == "sqlview" else look_up.path
    verb = f"{look_up.method} " if look_up is not None and manifest.kind == "rest" else ""
    return f"{verb}{manifest.endpoint.url}{path} ({', '.join(manifest.endpoint.allowed_hosts)})"


def minimum_bump(differences: tuple[Difference, ...]) -> Bump:
    """Return what the differences need together."""
    return max((one.needs for one in differences), key=lambda bump: _WEIGHT[bump], default="none")


def least_number(version: str, bump: Bump) -> Number:
    """Return the least number that may follow a version. Two versions are never the same, so `none` is a patch."""
    major, minor, patch = number_of(version)
    if bump == "major":
        return major + 1, 0, 0
    return (major, minor + 1, 0) if bump == "minor" else (major, minor, patch + 1)


def _dumped(manifest: Manifest) -> dict[str, Any]:
    return manifest.model_dump(mode="json", by_alias=True)


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    old = {field["to"]: field for field in before["fields"]}
    new = {field["to"]: field for field in after["fields"]}
    gone, come = sorted(old.keys() - new.keys()), sorted(new.keys() - old.keys())
    for name in gone:
        heir = next((one for one in come if _origin(new[one]) == _origin(old[name])), None)
        if heir is None:
            yield Difference(place=f"fields.{name}", change="removed", before=_text(old[name]), needs="major")
        else:
            come.remove(heir)
            yield Difference(place=f"fields.{name}", change="renamed", before=name, after=heir, needs="major")
    for name in come:
        yield Difference(place=f"fields.{name}", change="added", after=_text(new[name]), needs="minor")
    for name in sorted(old.keys() & new.keys()):
        for key in sorted(old[name].keys() | new[name].keys()):
            needs: Bump = "major" if key in _MAJOR_OF_FIELD else "minor"
            for one in _tree(f"fields.{name}.{key}", old[name].get(key), new[name].get(key), needs):
                part_gone = key == "address" and one.change == "removed"
                yield _heavier(one) if part_gone or one.place.endswith(".address.scheme") else one


def _origin(field: Mapping[str, Any]) -> Any:
    return field.get("from"), field.get("type")


def _inputs(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for name in sorted(set(after["inputs"]) - set(before["inputs"])):
        yield Difference(place=f"inputs.{name}", change="added", after=name, needs="major")
    for name in sorted(set(before["inputs"]) - set(after["inputs"])):
        yield Difference(place=f"inputs.{name}", change="removed", before=name, needs="minor")


def _tree(place: str, old: Any, new: Any, needs: Bump) -> Iterator[Difference]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _tree(f"{place}.{key}", old.get(key), new.get(key), needs)
    elif old is None:
        yield Difference(place=place, change="added", after=_text(new), needs=needs)
    elif new is None:
        yield Difference(place=place, change="removed", before=_text(old), needs=needs)
    else:
        yield Difference(place=place, change="changed", before=_text(old), after=_text(new), needs=needs)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} = {_text(inner)}" for key, inner in value.items() if inner is not None)
    return "; ".join(_text(one) for one in value) if isinstance(value, list | tuple) else str(value)


def _weighed(one: Difference) -> Difference:
    """Return a difference with what it needs: whose record it is and what a code means are promises, too."""
    gone = one.change == "removed" and one.place.startswith(_GONE_IS_MAJOR)
    turned = one.change == "changed" and one.place.startswith("code_lists.") and ".values." in one.place
    return _heavier(one) if gone or turned else one


def _heavier(one: Difference) -> Difference:
    return Difference(place=one.place, change=one.change, before=one.before, after=one.after, needs="major")
