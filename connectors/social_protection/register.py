"""An invented register of the department, as statements: `python -m connectors.social_protection.register` for psql.

The gateway's role reads one view and nothing else. A real department writes the view over its own tables.
"""

from collections.abc import Iterator

from gateway.connector_runtime.contract.simulator_json import known_people
from gateway.connector_runtime.contract.simulator_people import COUNT, SEED
from gateway.vocabulary.persona import Persona
from gateway.vocabulary.register_persona import Protection

ROLE = "gate06_reader"
VIEW = "v_gate06_protection"
CANARY = "canary-7e44"
"""Stands in every row and in no manifest: it may never arrive anywhere."""

_POVERTY = {"poor": "N", "near_poor": "CN", "none": "K"}
_DEGREES = {"very_severe": "1", "severe": "2", "mild": "3"}
_TABLE = """CREATE TABLE beneficiary (
  citizen_id text, full_name text, poverty text, poverty_since text, disability text, disability_certificate text,
  updated date, income text);
"""


def render(person: Persona, held: Protection) -> dict[str, str | None]:
    """Return the row about a person, every column as text."""
    return {
        "citizen_id": person.personal_number,
        "full_name": person.full_name.upper(),
        "poverty": None if held.poverty is None else _POVERTY[held.poverty],
        "poverty_since": held.poverty_since,
        "disability": None if held.disability is None else _DEGREES[held.disability],
        "disability_certificate": held.disability_certificate,
        "updated": held.as_of,
        "income": CANARY,
    }


def statements(seed: int = SEED, count: int = COUNT, *, role: str = ROLE) -> Iterator[str]:
    """Yield what an owner runs in an empty database; the password of the role is set apart."""
    yield _TABLE
    for person, held in known_people(lambda one: one.protection, seed, count).values():
        values = ", ".join(_quoted(value) for value in render(person, held).values())
        yield f"INSERT INTO beneficiary VALUES ({values});\n"  # noqa: S608  invented people, quoted below
    yield f"CREATE VIEW {VIEW} AS SELECT * FROM beneficiary;\n"  # noqa: S608  a constant
    yield f"GRANT SELECT ON {VIEW} TO {role};\n"


def _quoted(value: str | None) -> str:
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


if __name__ == "__main__":
    print(f"CREATE ROLE {ROLE} LOGIN;\n" + "".join(statements()), end="")  # noqa: T201  a script for psql
