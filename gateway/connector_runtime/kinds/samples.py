"""Samples beside a manifest: `samples/NAME.json` (or .xml) as the source wrote it, `samples/NAME.expected.json` what
comes out of it. They are read as an answer of the source is, without asking anybody.

Expected: attribute → value (a date as its text, an address as forms carry it), or `{"absent": "empty"}`,
`{"unavailable": …}`, `{"refused": …}`. `"*"` is every attribute, `"_status"` the status the answer comes with,
`"_as_of"` the day the record is true of.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from lxml import etree

from gateway.connector_runtime.contract import (
    Absent,
    Answer,
    Found,
    OutboundReply,
    Outcome,
    Provenance,
    Refused,
    SourceTrouble,
    Unavailable,
)
from gateway.connector_runtime.contract.document import Malformed, Unreadable, read_json
from gateway.connector_runtime.failure import InvalidManifest
from gateway.connector_runtime.kinds.build import make_speech
from gateway.connector_runtime.kinds.declared import Speech
from gateway.connector_runtime.kinds.finding import Problem
from gateway.connector_runtime.kinds.record import RecordReader
from gateway.connector_runtime.manifest import Manifest
from gateway.connector_runtime.manifest_failure import DateWithoutDay, PathFindsNothing, SampleDiffers, TooFewSamples
from gateway.vocabulary.address import Address
from gateway.vocabulary.areas import shipped_lists

LEAST = 3
OF_THE_ANSWER = ("_status", "_as_of")
"""Members of what is expected that speak of the answer and of no attribute."""
_EMPTY = Absent("empty")
_EXPECTED = ".expected.json"
_NOW = datetime(2026, 1, 1, tzinfo=UTC)  # what samples come to does not hang on the day


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample as its files hold it; `expected` None when there is no such file."""

    name: str
    body: bytes
    expected: Mapping[str, Any] | None

    @property
    def status(self) -> int:
        """The HTTP status the answer comes with."""
        told = (self.expected or {}).get("_status", 200)
        return told if isinstance(told, int) else 200


class SampleReader:
    """Reads samples of a sound manifest."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._speech: Speech | None = None
        if manifest.kind == "sqlview":
            self._record = RecordReader(manifest, "row", shipped_lists())
        else:
            self._speech = make_speech(manifest)
            self._record = self._speech.record

    def record(self, sample: Sample) -> Any:
        """Return the record of a sample. Raises SourceTrouble."""
        try:
            return self._record.find(self._root(sample))
        except Unreadable as error:
            raise SourceTrouble(Unavailable(reason="malformed"), str(error)) from None

    def answer(self, sample: Sample) -> Answer:
        """Return what a sample comes to for every attribute of the manifest."""
        told = Provenance(source=self._manifest.id, as_of=_NOW.date(), retrieved_at=_NOW)
        try:
            return self._record.table.read(self.record(sample), self._manifest.provides, told)
        except SourceTrouble as trouble:
            return dict.fromkeys(self._manifest.provides, trouble.outcome)
        except Unreadable:
            return dict.fromkeys(self._manifest.provides, Unavailable(reason="malformed"))

    def explain(self, sample: Sample, attribute: str) -> str | None:
        """Return why an attribute of a sample cannot be read, None when it can or when there is no record."""
        try:
            return self._record.table.explain(self.record(sample), attribute)
        except (SourceTrouble, Unreadable):
            return None

    def _root(self, sample: Sample) -> Any:
        if self._speech is None:
            try:
                return read_json(sample.body)
            except Malformed as error:
                raise SourceTrouble(Unavailable(reason="malformed"), str(error)) from None
        reply = OutboundReply(sample.status, {"content-type": _kind_of(self._manifest.kind)}, sample.body)
        speech = self._speech
        speech.signs.judge(reply, lambda: speech.open(reply))
        return speech.open(reply)


def read_samples(folder: Path) -> list[Sample]:
    """Return every sample of a connector's folder, in the order of their names. Raises InvalidManifest."""
    found = []
    for file in sorted((folder / "samples").glob("*")):
        if file.name.endswith(_EXPECTED) or file.suffix not in {".json", ".xml"}:
            continue
        beside = file.with_name(file.stem + _EXPECTED)
        expected = None
        if beside.is_file():
            try:
                expected = read_json(beside.read_bytes())
            except Malformed as error:
                raise InvalidManifest(f"`samples/{beside.name}`: {error}") from None
            if not isinstance(expected, dict):
                raise InvalidManifest(f"`samples/{beside.name}`: write an object of attributes and their values")
        found.append(Sample(file.name, file.read_bytes(), expected))
    return found


def check_samples(manifest: Manifest, samples: list[Sample]) -> Iterator[Problem]:
    """Yield what is wrong between a sound manifest and its samples; values of samples are invented and may be told."""
    pairs = [one for one in samples if one.expected is not None]
    if len(pairs) < LEAST:
        yield Problem(TooFewSamples, (), f"{len(pairs)} samples with expected outcomes; at least {LEAST}")
    reader = SampleReader(manifest)
    answers = {one.name: reader.answer(one) for one in samples}
    told = [one for one in samples if any(isinstance(found, Found) for found in answers[one.name].values())]
    lost = {row.to for row in manifest.fields if told and all(answers[one.name][row.to] == _EMPTY for one in told)}
    for index, row in enumerate(manifest.fields):
        if row.to in lost:  # its cause is told, and not again for every sample
            nearest = _nearest(row.source, reader.record(told[0]))
            hint = f"; nearest: `{nearest}`" if nearest else ""
            text = f"path `{row.source or row.expr}` found nothing in any sample, not in `{told[0].name}`{hint}"
            yield Problem(PathFindsNothing, ("fields", index, "from"), text)
    for sample in pairs:
        for problem in _differences(manifest, sample, answers[sample.name], reader):
            if not (problem.key and manifest.fields[int(problem.key[1])].to in lost):
                yield problem


def write_outcome(outcome: Outcome) -> Any:
    """Return an outcome as samples write it."""
    if isinstance(outcome, Found):
        value = outcome.value
        return value.wire() if isinstance(value, Address) else str(value)
    kinds = {Absent: "absent", Refused: "refused", Unavailable: "unavailable"}
    return {kinds[type(outcome)]: outcome.reason}


def _differences(manifest: Manifest, sample: Sample, answer: Answer, reader: SampleReader) -> Iterator[Problem]:
    expected = dict(sample.expected or {})
    for member in OF_THE_ANSWER:
        expected.pop(member, None)
    everything = expected.pop("*", None)
    for name in expected.keys() - manifest.provides:
        yield Problem(SampleDiffers, (), f"`{sample.name}` expects `{name}`, which no field gives")
    for index, row in enumerate(manifest.fields):
        wanted = expected.get(row.to, everything)
        came = write_outcome(answer[row.to])
        if wanted == came:
            continue
        why = reader.explain(sample, row.to)
        if why == "a date without its day":
            text = f'`{row.to}` met a date without its day in `{sample.name}`; `type = "date"` needs one'
            yield Problem(DateWithoutDay, ("fields", index, "type"), text)
            continue
        said = f"; {why}" if why else ""
        text = f"`{row.to}` of `{sample.name}` came out as `{came}`, expected `{wanted}`{said}"
        yield Problem(SampleDiffers, ("fields", index, "to"), text)


def _nearest(path: str, record: Any) -> str | None:
    close = get_close_matches(path, list(_paths(record)), n=1, cutoff=0.5)
    return close[0] if close else None


def _paths(node: Any, above: str = "") -> Iterator[str]:
    """Yield every path below a record, as its manifest would write it."""
    if isinstance(node, etree._Element):
        for one in node:
            yield f"{above}{one.tag}"
            yield from _paths(one, f"{above}{one.tag}/")
    elif isinstance(node, Mapping):
        for name, inner in node.items():
            yield f"{above}{name}"
            yield from _paths(inner, f"{above}{name}.")


def _kind_of(kind: str) -> str:
    return "text/xml" if kind == "soap" else "application/json"
