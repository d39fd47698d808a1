"""The release matrix: every answer the book gives, written down, so that a change is reviewed as cells.

A cell is portal × procedure × relation × level × basis × consent × party × attribute. Three specimen portals stand for
all: one registered for the procedure, one that lists a single attribute, one registered for nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, NamedTuple

from gateway.policy.bundle import PolicyBundle
from gateway.policy.decide import PortalFacts, ReleaseRequest
from gateway.vocabulary.purpose import BASES, RELATIONS

_HEADING = (
    "# Who may be told what, by which rule: `+` told, `-` refused, `*` every attribute the situation does not name.",
    "# Written by `gate06 policy matrix`; a change of this file is what the legal unit reviews.",
)


class Situation(NamedTuple):
    """Everything of a cell but the attribute."""

    procedure: str
    portal: str
    relation: str
    level: int
    basis: str
    consent: bool
    party: int = 1

    def line(self) -> str:
        """Return it as the snapshot writes it."""
        consent = "consent" if self.consent else "no-consent"
        party = "" if self.party == 1 else f" | party-{self.party}"
        return (
            f"{self.procedure} | {self.portal} | {self.relation} | level-{self.level} | {self.basis} | {consent}{party}"
        )


class Cell(NamedTuple):
    """An answer: told or not, and the rules that decided."""

    told: bool
    policy_ids: tuple[str, ...]


Matrix = Mapping[Situation, Mapping[str, Cell]]


@dataclass(frozen=True, slots=True)
class CellChange:
    """A cell that a new book answers otherwise: `opened` newly told, `closed` no longer told, `reason` other rules."""

    kind: Literal["opened", "closed", "reason"]
    situation: Situation
    attribute: str
    before: Cell | None
    after: Cell | None

    def line(self) -> str:
        """Return it as one line for the one who approves."""
        before = ",".join(self.before.policy_ids) if self.before else "-"
        after = ",".join(self.after.policy_ids) if self.after else "-"
        return f"{self.kind} {self.attribute}: {self.situation.line()}: {before} => {after}"


def specimen_portals(procedure: str) -> tuple[PortalFacts, ...]:
    """Return the portals that stand for all in the matrix of a procedure."""
    own = frozenset({procedure})
    return (
        PortalFacts(client_id="registered", procedures=own),
        PortalFacts(client_id="name-only", procedures=own, attributes=frozenset({"full_name"})),
        PortalFacts(client_id="stranger", procedures=frozenset()),
    )


def release_matrix(
    bundle: PolicyBundle, procedures: Sequence[str] | None = None, portals: Sequence[PortalFacts] | None = None
) -> Matrix:
    """Answer every cell for these procedures (all of the book) and portals (the specimens)."""
    matrix: dict[Situation, dict[str, Cell]] = {}
    for code in sorted(bundle.procedures) if procedures is None else procedures:
        parties = (1, *(party.number for party in bundle.procedures[code].parties))
        chosen = specimen_portals(code) if portals is None else portals
        for party, portal in product(parties, chosen):
            for relation, level, basis, consent in product(RELATIONS, (1, 2), BASES, (False, True)):
                situation = Situation(code, portal.client_id, relation, level, basis, consent, party)
                matrix[situation] = _row(bundle, portal, situation)
    return matrix


def _row(bundle: PolicyBundle, portal: PortalFacts, situation: Situation) -> dict[str, Cell]:
    request = ReleaseRequest(
        portal=portal,
        procedure=situation.procedure,
        attributes=frozenset(bundle.attributes),
        level=situation.level,
        basis=situation.basis,
        consent=situation.consent,
        relation=situation.relation,
        party=situation.party,
    )
    decision = bundle.decide_afresh(request)
    told = {name: Cell(True, ids) for name, ids in decision.rules.items()}
    return told | {refused.attribute: Cell(False, refused.policy_ids) for refused in decision.refused}


def write_snapshot(matrix: Matrix) -> str:
    """Return the matrix as text: the same matrix gives the same bytes, and `read_snapshot` gives it back."""
    names = sorted({name for row in matrix.values() for name in row})
    lines = [*_HEADING, f"= {' '.join(names)}"]
    for situation, row in matrix.items():
        lines += ["", situation.line(), *_row_lines(row)]
    return "\n".join(lines) + "\n"


def _row_lines(row: Mapping[str, Cell]) -> Iterator[str]:
    groups: dict[Cell, list[str]] = {}
    for name in sorted(row):
        groups.setdefault(row[name], []).append(name)
    # only refusals may hide behind the star: what is told is always spelled out
    rest = max((cell for cell in groups if not cell.told), key=lambda cell: len(groups[cell]), default=None)
    for cell in sorted(groups, key=lambda cell: (cell is rest, not cell.told, cell.policy_ids)):
        names = "*" if cell is rest else " ".join(groups[cell])
        yield f"{'+' if cell.told else '-'} {','.join(cell.policy_ids)}: {names}"


def read_snapshot(text: str) -> Matrix:
    """Read what `write_snapshot` wrote. Raises ValueError naming the line it cannot read."""
    matrix: dict[Situation, dict[str, Cell]] = {}
    names: list[str] = []
    row: dict[str, Cell] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            if line.startswith("= "):
                names = line[2:].split()
            elif line[:2] in {"+ ", "- "}:
                _read_row(line, names, row)
            elif line and not line.startswith("#"):
                row = matrix.setdefault(_read_situation(line), {})
        except ValueError as trouble:
            raise ValueError(f"line {number} is not a line of a release matrix") from trouble
    return matrix


def _read_row(line: str, names: Sequence[str], row: dict[str, Cell]) -> None:
    ids, listed = line[2:].split(": ")
    cell = Cell(line[0] == "+", tuple(ids.split(",")))
    here = [name for name in names if name not in row] if listed == "*" else listed.split()
    row.update(dict.fromkeys(here, cell))


def _read_situation(line: str) -> Situation:
    procedure, portal, relation, level, basis, consent, *rest = line.split(" | ")
    party = int(rest[0].removeprefix("party-")) if rest else 1
    return Situation(procedure, portal, relation, int(level.removeprefix("level-")), basis, consent == "consent", party)


def compare(before: Matrix, after: Matrix) -> tuple[CellChange, ...]:
    """Return the cells that differ, what is newly told first.

    An attribute or a situation that only one of the two knows counts as refused in the other without a reason:
    a catalogue that grows changes nothing as long as nothing more is told.
    """
    changes = []
    for situation in dict.fromkeys((*before, *after)):
        old, new = before.get(situation, {}), after.get(situation, {})
        for name in sorted({*old, *new}):
            change = _compare_cell(situation, name, old.get(name), new.get(name))
            if change is not None:
                changes.append(change)
    order = {"opened": 0, "closed": 1, "reason": 2}
    return tuple(sorted(changes, key=lambda change: order[change.kind]))


def _compare_cell(situation: Situation, name: str, old: Cell | None, new: Cell | None) -> CellChange | None:
    was_told, is_told = old is not None and old.told, new is not None and new.told
    if was_told != is_told:
        return CellChange("opened" if is_told else "closed", situation, name, old, new)
    if old is not None and new is not None and old.policy_ids != new.policy_ids:
        return CellChange("reason", situation, name, old, new)
    return None
