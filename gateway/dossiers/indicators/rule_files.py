"""Reading files of indicator rules: every complaint names file, line and column, and what was probably meant."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from gateway.connector_runtime.manifest_place import Key, Places, write_key
from gateway.dossiers.indicators.expression import ConditionWrong, read_condition
from gateway.dossiers.indicators.failure import RulesInvalid, UnknownRules
from gateway.dossiers.indicators.rules import Exclusion, Group, Indicator, Reading, Rounding, Rules
from gateway.policy.bundle import BUILT_IN
from gateway.policy.document import did_you_mean

_TABLES: Mapping[tuple[str, ...], type[BaseModel]] = {
    (): Rules,
    ("groups",): Group,
    ("indicators",): Indicator,
    ("indicators", "exclude"): Exclusion,
    ("rounding",): Rounding,
    ("reading",): Reading,
}


def load_rules(folders: Sequence[Path] = ()) -> dict[str, Rules]:
    """Read every file of indicator rules of the built-in policy book and of further folders, by id. Raises
    RulesInvalid with all complaints."""
    read: dict[str, Rules] = {}
    problems: list[str] = []
    for folder in (BUILT_IN, *folders):
        for path in sorted(folder.glob("indicators/*.toml")):
            try:
                rules = read_rules(path)
            except RulesInvalid as invalid:
                problems += invalid.problems
                continue
            if rules.id in read:
                problems.append(f"{path.name}:1 defines the rules `{rules.id}` a second time")
            read[rules.id] = rules
    if problems:
        raise RulesInvalid(problems)
    return dict(sorted(read.items()))


def find_rules(rules: Mapping[str, Rules], rules_id: str) -> Rules:
    """Return the rules of that id. Raises UnknownRules."""
    found = rules.get(rules_id)
    if found is None:
        raise UnknownRules(f"no indicator rules with this id{did_you_mean(rules_id, list(rules))}")
    return found


def read_rules(path: Path) -> Rules:
    """Read one file. Raises RulesInvalid with every complaint as `file:line:column` and a sentence."""
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as trouble:
        raise RulesInvalid([f"{path.name} cannot be read: {trouble}"]) from trouble
    places = Places(text)
    try:
        rules = Rules.model_validate(document)
    except ValidationError as trouble:
        raise RulesInvalid(list(_complaints(path.name, places, trouble))) from trouble
    problems = [*_condition_problems(path.name, text, places, rules), *_sum_problems(path.name, places, rules)]
    if path.stem != rules.id:
        problems.append(f"{path.name}:{places.line(('id',))} `id` is not the name of the file")
    if problems:
        raise RulesInvalid(problems)
    return rules


def _complaints(name: str, places: Places, trouble: ValidationError) -> Iterator[str]:
    for error in trouble.errors(include_url=False, include_input=False):
        key: Key = tuple(error["loc"])
        where = f"{name}:{places.line(key)} `{write_key(key)}`"
        if error["type"] == "extra_forbidden":
            table = _TABLES.get(tuple(part for part in key[:-1] if isinstance(part, str)))
            known = list(table.model_fields) if table else []
            yield f"{where} is not a known key{did_you_mean(str(key[-1]), known)}"
        elif error["type"] == "missing":
            yield f"{where} is missing"
        else:
            yield f"{where}: {error['msg'][0].lower()}{error['msg'][1:]}"


def _condition_problems(name: str, text: str, places: Places, rules: Rules) -> Iterator[str]:
    for position, indicator in enumerate(rules.indicators):
        for below, condition in indicator.conditions():
            try:
                read_condition(condition, indicator.unit, [])
            except ConditionWrong as wrong:
                key: Key = ("indicators", position, *below)
                line, column = _spot(text, places.line(key), condition, wrong.offset)
                yield f"{name}:{line}:{column} `{write_key(below)}` of `{indicator.id}`: {wrong}"


def _spot(text: str, line: int, condition: str, offset: int) -> tuple[int, int]:
    """Return line and column, from 1, of an offset inside a condition; a list may go on below its key's line."""
    for number, written in enumerate(text.splitlines()[line - 1 :], line):
        if (start := written.find(f'"{condition}"')) >= 0:
            return number, start + 2 + offset
    return line, 1


def _sum_problems(name: str, places: Places, rules: Rules) -> Iterator[str]:
    groups = {group.id: group for group in rules.groups}
    for position, indicator in enumerate(rules.indicators):
        line = f"{name}:{places.line(('indicators', position, 'id'))} `{indicator.id}`"
        if indicator.group not in groups:
            yield f"{line} stands in unknown group `{indicator.group}`{did_you_mean(indicator.group, list(groups))}"
        yield from _indicator_problems(line, indicator, rules, position)
    for position, group in enumerate(rules.groups):
        reached = sum(indicator.maximum or 0 for indicator in rules.in_group(group.id))
        if reached != group.maximum:
            where = f"{name}:{places.line(('groups', position, 'maximum'))}"
            yield f"{where} group `{group.id}` can reach {group.maximum} points, its indicators together {reached}"


def _indicator_problems(line: str, indicator: Indicator, rules: Rules, position: int) -> Iterator[str]:
    earlier = [one.id for one in rules.indicators[:position]]
    if indicator.times is not None and indicator.times not in earlier:
        near = did_you_mean(indicator.times, earlier)
        yield f"{line}: `times` names `{indicator.times}`, which does not stand above it{near}"
    if indicator.threshold is not None and indicator.maximum is None:
        yield f"{line} has a threshold and no points: leave one out or give the other"
    if indicator.measure == "days" and (indicator.maximum is not None or indicator.unit != "dossier"):
        yield f"{line} is a mean of days: it is shown only, and counts dossiers"
    if (indicator.unit == "dossier") == (indicator.counted == "listed"):
        yield f"{line}: dossiers are counted `received` or `handled`, everything else `listed`"
    if indicator.denominator_at_least is not None and indicator.unit != "dossier":
        yield f"{line}: `denominator_at_least` belongs to a count of dossiers"
