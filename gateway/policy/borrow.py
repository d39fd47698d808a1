"""A form that several procedures share is written once, in one procedure's file; the others name it (`form_of`).

A borrower states what is its own (title, law, purpose, level). Of the form it may leave fields out and say a field
anew, whole, where the reason for asking differs; it adds none, or the paper would be another one.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from gateway.policy.document import Strict, Text, did_you_mean, read_document
from gateway.policy.failure import PolicyInvalid
from gateway.policy.procedure import Applicant, FalseFriend, FormField, LegalText, Procedure, SignInAge
from gateway.vocabulary.purpose import Basis


class Borrower(Strict):
    """A procedure that uses another one's form. `fields` replace those of the same id, `leave_out` drops some;
    `false_friends` join those of the form."""

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.]{2,39}$")]
    form_of: str
    title: Text
    agency: Text
    purpose: Text
    kept_for: Text
    basis: Basis
    minimum_level: Literal[1, 2]
    max_age_s: SignInAge | None = None
    applicants: Annotated[tuple[Applicant, ...], Field(min_length=1)] = ("person",)
    legal_basis: Annotated[tuple[LegalText, ...], Field(min_length=1)]
    leave_out: tuple[str, ...] = ()
    fields: tuple[FormField, ...] = ()
    false_friends: tuple[FalseFriend, ...] = ()


def read_procedures(paths: Iterable[Path]) -> tuple[list[tuple[str, Procedure]], list[str]]:
    """Read procedure files, borrowers with the form they name; the second part lists what is wrong."""
    whole: list[tuple[str, Procedure]] = []
    borrowers: list[tuple[str, Borrower]] = []
    problems: list[str] = []
    for path in paths:
        name = f"procedures/{path.name}"
        try:
            if _borrows(path):
                borrowers.append((name, read_document(path, Borrower)))
            else:
                whole.append((name, read_document(path, Procedure)))
        except PolicyInvalid as trouble:
            problems += trouble.problems
    lenders = {procedure.code: procedure for _, procedure in whole}
    for name, borrower in borrowers:
        found = list(_borrower_problems(name, borrower, lenders))
        problems += found
        if not found:
            whole.append((name, lend(lenders[borrower.form_of], borrower)))
    return whole, problems


def lend(lender: Procedure, borrower: Borrower) -> Procedure:
    """Return the borrower as a whole procedure."""
    anew = {field.id: field for field in borrower.fields}
    kept = tuple(anew.get(field.id, field) for field in lender.fields if field.id not in borrower.leave_out)
    conditions = {fill.when for field in kept for fill in field.fill}
    return Procedure(
        code=borrower.code,
        title=borrower.title,
        agency=borrower.agency,
        purpose=borrower.purpose,
        kept_for=borrower.kept_for,
        basis=borrower.basis,
        minimum_level=borrower.minimum_level,
        max_age_s=borrower.max_age_s,
        applicants=borrower.applicants,
        form=lender.form,
        legal_basis=borrower.legal_basis,
        conditions=tuple(condition for condition in lender.conditions if condition.id in conditions),
        parties=lender.parties,
        fields=kept,
        false_friends=(
            *(friend for friend in lender.false_friends if friend.field not in borrower.leave_out),
            *borrower.false_friends,
        ),
    )


def _borrows(path: Path) -> bool:
    try:
        return "form_of" in tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False  # whoever reads it whole says what is wrong


def _borrower_problems(name: str, borrower: Borrower, lenders: Mapping[str, Procedure]) -> Iterator[str]:
    lender = lenders.get(borrower.form_of)
    if lender is None:
        near = did_you_mean(borrower.form_of, list(lenders))
        yield f"`{name}:form_of` names `{borrower.form_of}`, which is no procedure with a form of its own{near}"
        return
    known = [field.id for field in lender.fields]
    for position, field_id in enumerate(borrower.leave_out):
        if field_id not in known:
            yield f"`{name}:leave_out[{position}]` names unknown field `{field_id}`{did_you_mean(field_id, known)}"
    for position, field in enumerate(borrower.fields):
        if field.id not in known or field.id in borrower.leave_out:
            near = did_you_mean(field.id, known)
            yield f"`{name}:fields[{position}].id`: the form of `{lender.code}` has no field `{field.id}`{near}"
