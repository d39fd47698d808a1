"""The field table, compiled: every row of a manifest becomes a getter and a reader, run over one record.

Rows that begin with the same steps share them: what holds the value is opened once. A row that cannot be read is
Unavailable by itself and harms no other row; what no row names is never looked at and cannot leave.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from unicodedata import is_normalized

from lxml import etree

from gateway.connector_runtime.contract import Absent, Found, Outcome, Provenance, Unavailable
from gateway.connector_runtime.contract.document import Unreadable
from gateway.connector_runtime.manifest_parts import CodeList, FieldRow
from gateway.connector_runtime.mapping.address import Basis, address_reader
from gateway.connector_runtime.mapping.expression import compile_expression
from gateway.connector_runtime.mapping.path import PathInvalid, Shape, Step, parse_path
from gateway.connector_runtime.mapping.readers import (
    SEXES,
    Read,
    code_reader,
    date_reader,
    number_reader,
    shorten,
    text_of,
    text_reader,
)
from gateway.connector_runtime.mapping.transforms import TRANSFORMS
from gateway.connector_runtime.mapping.tree import MEMBERS, plain, select

Opened = list[Any]
"""What holds values, opened: mappings of members; an empty one for what is missing, _Garbled for nonsense."""
Get = Callable[[Opened], Any]
Whole = Callable[[Opened, date], Any]

_MISSING: Mapping[str, Any] = {}
_EMPTY = Absent("empty")
_MALFORMED = Unavailable(reason="malformed")
_MOST_PLANS = 64


class _Garbled:
    """Stands where something plain, or one of several, was found: whatever is asked of it cannot be read."""

    def get(self, _: str) -> Any:
        """Raise Unreadable."""
        raise Unreadable("several stand on the way, or something plain")


_GARBLED = _Garbled()


class Leaf(NamedTuple):
    """The last step of a path: the holder's number, the member's name, and how its plain value is taken out."""

    at: int
    name: str
    take: Callable[[Any], Any]

    def get(self, opened: Opened) -> Any:
        """Return the plain value. Raises Unreadable."""
        value = opened[self.at].get(self.name)
        return value if type(value) is str else self.take(value)


class _Row(NamedTuple):
    """A compiled row: a leaf and its reader, or (`whole`) a function of everything that was opened."""

    name: str
    leaf: Leaf
    read: Read
    whole: Whole | None = None

    def value(self, opened: Opened, as_of: date) -> Any:
        """Return the value, None for unknown. Raises Unreadable."""
        return self.read(self.leaf.get(opened)) if self.whole is None else self.whole(opened, as_of)


class FieldRefused(ValueError):
    """A row that cannot be compiled: `key` is the member at fault."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


class Spots:
    """The places a table opens: each prefix of a path once."""

    def __init__(self, shape: Shape) -> None:
        self.shape: Shape = shape
        self.members = MEMBERS[shape]
        self._steps: list[tuple[int, Step]] = []
        self._known: dict[tuple[Step, ...], int] = {(): 0}

    def holder(self, steps: tuple[Step, ...]) -> int:
        """Return the number of the place at the end of these steps, which will be opened."""
        if steps not in self._known:
            above = self.holder(steps[:-1])
            self._steps.append((above, steps[-1]))
            self._known[steps] = len(self._steps)
        return self._known[steps]

    def open(self, record: Any, *, is_open: bool = False) -> Opened:
        """Open every place of a record; `is_open` when it is a mapping of members already. Raises Unreadable."""
        members = self.members
        opened: Opened = [record if is_open else members(record)]
        for above, step in self._steps:
            try:
                node = select(opened[above].get(step.name), step, members)
                opened.append(_MISSING if node is None else members(node))
            except Unreadable:
                opened.append(_GARBLED)
        return opened

    def leaf(self, path: str) -> Leaf:
        """Return the leaf at a path. Raises PathInvalid."""
        steps = parse_path(path, self.shape)
        if not steps:
            raise PathInvalid("`.` is the record and no value")
        last = steps[-1]
        if self.shape == "json" and last.where is not None:
            raise PathInvalid(f"`{last}` chooses an object: name its member too, `{last}.name`")
        return Leaf(self.holder(steps[:-1]), last.name, _taker(last, self.shape))


def _taker(step: Step, shape: Shape) -> Callable[[Any], Any]:
    members, is_xml = MEMBERS[shape], shape == "xml"

    def take(value: Any) -> Any:
        if value is None:
            return None
        if is_xml and type(value) is etree._Element and not len(value) and step.where is None and not value.attrib:
            return value.text
        return plain(select(value, step, members))

    return take


class _Plan(NamedTuple):
    """What is read for one set of attributes: the places to open, the plain texts of each, and everything else."""

    spots: Spots
    texts: dict[int, list[tuple[str, str, Callable[[Any], Any]]]]
    rows: list[_Row]


class FieldTable:
    """A compiled table: `read` turns a record into outcomes of the attributes asked."""

    def __init__(self, rows: Sequence[FieldRow], shape: Shape, basis: Basis) -> None:
        self._rows = {row.to: row for row in rows}
        self._shape: Shape = shape
        self._basis = basis
        self._unknown = basis.unknown - {""}
        self._plans: dict[frozenset[str], _Plan] = {}
        for row in rows:
            self._compile(Spots(shape), row)  # a row that cannot be compiled is found here and not at the first call

    def read(self, record: Any, attributes: Iterable[str], provenance: Provenance) -> dict[str, Outcome]:
        """Return an outcome for every attribute asked. Raises Unreadable when the record is no record at all."""
        spots, texts, rows = self._plan(frozenset(attributes))
        opened = spots.open(record)
        as_of, unknown = provenance.as_of, self._unknown
        answer: dict[str, Outcome] = {}
        # most rows are plain texts; they are read here, since a call for each is a third of what a record costs
        for at, leaves in texts.items():
            get = opened[at].get
            for name, member, take in leaves:
                try:
                    value = get(member)
                    if type(value) is str and value.isprintable() and (value.isascii() or is_normalized("NFC", value)):
                        value = value.strip()
                    elif value is not None:
                        value = None if (value := take(value)) is None else text_of(value)
                except Unreadable:
                    answer[name] = _MALFORMED
                    continue
                answer[name] = Found(value, provenance) if value and value not in unknown else _EMPTY
        for row in rows:
            try:
                value = row.value(opened, as_of)
            except Unreadable:
                answer[row.name] = _MALFORMED
                continue
            answer[row.name] = _EMPTY if value is None else Found(value, provenance)
        return answer

    def explain(self, record: Any, attribute: str) -> str | None:
        """Return why an attribute cannot be read from a record, None when it can; the text holds no value."""
        row = self._rows[attribute]
        spots = Spots(self._shape)
        compiled = self._compile(spots, row)
        try:
            compiled.value(spots.open(record), date.max)
        except Unreadable as error:
            return str(error)
        return None

    def _plan(self, attributes: frozenset[str]) -> "_Plan":
        known = self._plans.get(attributes)
        if known is None:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            known = _Plan(Spots(self._shape), {}, [])
            for name, row in self._rows.items():
                if name in attributes:
                    compiled = self._compile(known.spots, row)
                    if row.type == "text" and not row.transforms and compiled.whole is None:
                        at, member, take = compiled.leaf
                        known.texts.setdefault(at, []).append((name, member, take))
                    else:
                        known.rows.append(compiled)
            self._plans[attributes] = known
        return known

    def _compile(self, spots: Spots, row: FieldRow) -> _Row:
        if row.type == "address":
            return _Row(row.to, _NOWHERE, str, _address(spots, row, self._basis))
        source, read = _source(spots, row), self._reader(row)
        if isinstance(source, Leaf) and row.precision_from is None:
            return _Row(row.to, source, read)
        get = source.get if isinstance(source, Leaf) else source
        whole = _read_after(get, read) if row.precision_from is None else _shortened(spots, row, get, read)
        return _Row(row.to, _NOWHERE, read, whole)

    def _reader(self, row: FieldRow) -> Read:
        inner = text_reader([TRANSFORMS[name] for name in row.transforms], self._basis.unknown)
        match row.type:
            case "number":
                return number_reader(inner, frozenset(row.lengths))
            case "code":
                known = self._codes(row)
                others = known is not None and known.others == "kept"
                return code_reader(inner, known.values if known else None, keep_others=others)
            case "sex":
                codes = self._codes(row)
                return code_reader(inner, codes.values if codes else SEXES)
            case "date":
                whole = row.precision != "from_source" and not row.precision_from
                return date_reader(inner, row.format, whole=whole, is_local=row.clock is not None)
        return inner

    def _codes(self, row: FieldRow) -> CodeList | None:
        if row.codes is None:
            return None
        if row.codes not in self._basis.code_lists:
            known = ", ".join(f"`{name}`" for name in sorted(self._basis.code_lists)) or "none"
            raise FieldRefused("codes", f"no code list `{row.codes}` in `code_lists`; there: {known}")
        return self._basis.code_lists[row.codes]


_NOWHERE = Leaf(0, "", lambda value: value)


def _source(spots: Spots, row: FieldRow) -> Leaf | Get:
    """Return where a row's value comes from. Raises FieldRefused."""
    named = [
        name for name, given in (("from", row.source), ("from_parts", row.from_parts), ("expr", row.expr)) if given
    ]
    if len(named) != 1:
        said = " and ".join(f"`{name}`" for name in named) or "none"
        raise FieldRefused(named[-1] if named else "from", f"give one of `from`, `from_parts`, `expr`; there: {said}")
    try:
        if row.source:
            return spots.leaf(row.source)
        if row.from_parts:
            return _joined([spots.leaf(path).get for path in row.from_parts])
        if spots.shape != "json":
            raise FieldRefused("expr", "an expression reads JSON; write a path")
        evaluate = compile_expression(row.expr or "")
        return lambda opened: evaluate(opened[0])
    except PathInvalid as error:
        raise FieldRefused(named[0], str(error)) from None
    except FieldRefused:
        raise
    except ValueError as error:
        raise FieldRefused("expr", str(error)) from None


def _read_after(get: Get, read: Read) -> Whole:
    def field(opened: Opened, _: date) -> Any:
        return read(get(opened))

    return field


def _joined(getters: Sequence[Get]) -> Get:
    def get(opened: Opened) -> str | None:
        texts = [one(opened) for one in getters]
        if any(not isinstance(text, str) for text in texts if text is not None):
            raise Unreadable("a part of a text that is no text")
        return " ".join(text.strip() for text in texts if text and text.strip()) or None

    return get


def _shortened(spots: Spots, row: FieldRow, get: Get, read: Read) -> Whole:
    """A date of which the source says apart how much is known: the rest is its filling and not the person's."""
    try:
        told = spots.leaf(row.precision_from or "").get
    except PathInvalid as error:
        raise FieldRefused("precision_from", str(error)) from None
    if not row.precision_codes:
        raise FieldRefused("precision_codes", 'say what the source\'s words for precision mean: `{ "1" = "year" }`')

    def field(opened: Opened, _: date) -> Any:
        found = read(get(opened))
        if found is None:
            return None
        word = told(opened)
        part = None if word is None else row.precision_codes.get(str(word).strip())
        if part is None:
            raise Unreadable("the source does not say how much of the date is known")
        return shorten(found, part)

    return field


def _address(spots: Spots, row: FieldRow, basis: Basis) -> Whole:
    if row.address is None:
        raise FieldRefused("address", "say where the parts of the place stand: `address = { scheme = … }`")
    try:
        steps = parse_path(row.source or ".", spots.shape) if spots.shape != "row" else ()
        at = spots.holder(steps)
        parts = Spots(spots.shape)
        members = {
            name: parts.leaf(path).get
            for name in ("province", "district", "commune", "detail", "country")
            if (path := getattr(row.address, name)) is not None
        }
    except PathInvalid as error:
        raise FieldRefused("address", str(error)) from None
    read = address_reader(row.address.scheme, basis)

    def field(opened: Opened, as_of: date) -> Any:
        below = parts.open(opened[at], is_open=True)
        return read({name: get(below) for name, get in members.items()}, as_of)

    return field
