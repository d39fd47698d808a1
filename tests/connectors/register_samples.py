"""The samples of the province's connectors, as their simulators speak: `python -m tests.connectors.register_samples`.

A sample is what the source says of a persona; beside it stands what the manifest makes of it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from connectors.business_registration import simulator as business_registration
from connectors.dossier_store import simulator as dossier_store
from connectors.land import simulator as land
from connectors.social_insurance import simulator as social_insurance
from connectors.social_protection import register as social_protection
from gateway.connector_runtime.contract import Answer
from gateway.connector_runtime.folders import BUILT_IN, read_folder
from gateway.connector_runtime.kinds.samples import Sample, SampleReader, write_outcome
from gateway.vocabulary.persona import Persona, persona
from gateway.vocabulary.register_persona import Entries, entries_of

# the store's signature is another one each time; samples are read without it
_UNSIGNED = type("Unsigned", (), {"sign": lambda self, result: "eyJhbGciOiJFUzI1NiJ9..c2FtcGxl"})()


def _social_insurance(person: Persona, held: Entries) -> Any:
    return social_insurance.render([(person, held.insurance)] if held.insurance else [])


def _land(person: Persona, held: Entries) -> Any:
    return land.render([(person, held.parcel)] if held.parcel else [])[1]


def _business(person: Persona, held: Entries) -> Any:
    return business_registration.render([(person, held.business)] if held.business else [])


def _store(person: Persona, held: Entries) -> Any:
    found = [(person, held.results)] if held.results else []
    return dossier_store.render(person.personal_number or "", found, _UNSIGNED)


def _protection(person: Persona, held: Entries) -> Any:
    row = None if held.protection is None else social_protection.render(person, held.protection)
    return [row] if row else []


SAYS: Mapping[str, Callable[[Persona, Entries], Any]] = {
    "social_insurance": _social_insurance,
    "land": _land,
    "business_registration": _business,
    "dossier_store": _store,
    "social_protection": _protection,
}
NOT_THERE: Mapping[str, tuple[int, ...]] = {
    "social_insurance": (1,),
    "land": (2,),
    "business_registration": (3,),
    "dossier_store": (2,),
    "social_protection": (8,),
}
"""Whom a register does not know: beside those its manifest names, these show what it says then."""


def personas_of(source: str) -> list[int]:
    """Return the personas a source has samples of: all that its manifest names, and somebody it does not know."""
    return sorted({*read_folder(BUILT_IN / source).sandbox.personas, *NOT_THERE.get(source, ())})


def body_about(source: str, person: Persona) -> bytes:
    """Return what a source says of a person, as it is sent."""
    return json.dumps(SAYS[source](person, entries_of(person)), ensure_ascii=False, indent=1).encode() + b"\n"


def answer_about(source: str, person: Persona) -> Answer:
    """Return what the manifest of a source makes of what it says of a person."""
    return _reader(source).answer(_sample(source, person))


def samples_of(source: str) -> Iterator[tuple[Path, bytes]]:
    """Yield every file of a source's samples and its bytes."""
    for index in personas_of(source):
        sample = _sample(source, persona(index))
        answer = _reader(source).answer(sample)
        expected: dict[str, Any] = {} if sample.status == 200 else {"_status": sample.status}
        expected |= {name: write_outcome(answer[name]) for name in sorted(answer)}
        file = BUILT_IN / source / "samples" / sample.name
        yield file, sample.body
        told = json.dumps(expected, ensure_ascii=False, indent=1).encode() + b"\n"
        yield file.with_name(f"{file.stem}.expected.json"), told


def _sample(source: str, person: Persona) -> Sample:
    nobody = source == "land" and entries_of(person).parcel is None
    expected = {"_status": 404} if nobody else {}
    return Sample(f"persona_{person.index:02d}.json", body_about(source, person), expected)


def _reader(source: str) -> SampleReader:
    return SampleReader(read_folder(BUILT_IN / source))


def write_all() -> None:
    """Write every sample."""
    for source in SAYS:
        for file, body in samples_of(source):
            file.write_bytes(body)


if __name__ == "__main__":
    write_all()
