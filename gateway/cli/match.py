"""`gate06 match name|person`: the pure checks of names and people, the same code as the service."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import typer
from pydantic import BaseModel, ConfigDict, field_validator

from gateway.assurance.match import Claim, look_up, match_name, match_person
from gateway.assurance.register import synthetic_register
from gateway.cli.pure_check import run_check
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.person_name import clean_name
from gateway.vocabulary.personal_number import parse_any_number

app = typer.Typer(help="Compare names and people.", no_args_is_help=True)

Batch = Annotated[bool, typer.Option("--batch", help="Read JSON lines, answer one line for each.")]
At = Annotated[str | None, typer.Option("--at", hidden=True, help="Accepted as by every check; no time matters here.")]


class NamePair(BaseModel):
    """Two spellings."""

    model_config = ConfigDict(frozen=True)

    a: str
    b: str

    @field_validator("a", "b")
    @classmethod
    def _not_empty(cls, text: str) -> str:
        clean_name(text)
        return text


class PersonAsked(BaseModel):
    """Who is looked for: everything but the name may be left out."""

    model_config = ConfigDict(frozen=True)

    full_name: str
    number: str | None = None
    birth_date: str | None = None
    sex: Literal["male", "female", "other"] | None = None

    def claim(self) -> Claim:
        """Read the members. Raises ValueError for a number, name or date that is none."""
        return Claim(
            full_name=clean_name(self.full_name),
            number=str(parse_any_number(self.number)) if self.number else None,
            birth_date=PartialDate.parse(self.birth_date) if self.birth_date else None,
            sex=self.sex,
        )


def check_name(asked: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Answer {outcome, rules} for {a, b}; valid when the two are one name."""
    pair = NamePair.model_validate(asked)
    found = match_name(pair.a, pair.b)
    return {"outcome": found.outcome, "rules": list(found.rules)}, found.same


def check_person(asked: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Answer {verdict} for {number?, full_name, birth_date?, sex?} against the synthetic register."""
    claim = PersonAsked.model_validate(asked).claim()
    verdict = match_person(claim, look_up(claim, synthetic_register())).verdict
    return {"verdict": verdict}, verdict == "matched"


@app.command()
def name(batch: Batch = False, at: At = None) -> None:
    """Compare two names: {"a", "b"} in, {"outcome", "rules"} out."""
    run_check(check_name, batch=batch)


@app.command()
def person(batch: Batch = False, at: At = None) -> None:
    """Look a person up: {"number"?, "full_name", "birth_date"?, "sex"?} in, {"verdict"} out."""
    run_check(check_person, batch=batch)
