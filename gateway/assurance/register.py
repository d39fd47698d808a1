"""The register that the pure check `match person` looks into: the synthetic people, nobody else."""

from gateway.assurance.match import RegisterRecord
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import Persona, personas


def synthetic_register() -> list[RegisterRecord]:
    """Return the personas as registers know them; a death is known here as civil status knows it."""
    return [_record(persona) for persona in personas() if persona.personal_number is not None]


def _record(persona: Persona) -> RegisterRecord:
    return RegisterRecord(
        full_name=persona.full_name,
        personal_number=persona.personal_number,
        old_number=persona.old_number,
        birth_date=PartialDate.parse(persona.birth_date),
        sex=persona.sex,
        deceased=persona.death_date is not None,
    )
