"""A draft written as a connector's folder: manifest, catalogue, samples with what comes out of them, a page of its own.

Every guess stands under a comment that begins with `confirm:`; `points` finds them again, by file and line.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from gateway.connector_import.draft import Draft, Field, about_of, as_of, fields_of
from gateway.connector_import.guess import MIDNIGHT, snake
from gateway.connector_import.node import at
from gateway.connector_runtime.contract.document import Malformed
from gateway.connector_runtime.failure import ConnectorFailure
from gateway.connector_runtime.folders import MANIFEST, read_folder
from gateway.connector_runtime.kinds.lint import lint
from gateway.connector_runtime.kinds.samples import Sample, SampleReader, read_samples, write_outcome
from gateway.connector_runtime.manifest_schema import SCHEMA_FILE, render_schema

MARK = "confirm:"
_CLOCK = 'with a time: `{} = "vietnam"` if one other than midnight comes without its offset'
_MASKS = {"date": "date", "number": "number"}


def write_draft(draft: Draft, target: Path, name: str) -> None:
    """Write the folder of a draft under a connector's id. The target must not be there yet."""
    fields = fields_of(draft, name)
    (target / "samples").mkdir(parents=True)
    (target / "book/attributes").mkdir(parents=True)
    (target / MANIFEST).write_text(render_manifest(draft, fields, name), "utf-8")
    (target / f"book/attributes/{name}.toml").write_text(_render_book(draft, fields, name), "utf-8")
    (target / SCHEMA_FILE).write_text(render_schema(), "utf-8")
    for file, (body, _) in draft.samples.items():
        (target / "samples" / file).write_bytes(body)
    _write_expected(draft, target)


def points(target: Path) -> Iterator[tuple[str, int, str]]:
    """Yield every point a person must confirm: file, line, what."""
    for file in (target / MANIFEST, *sorted((target / "book/attributes").glob("*.toml"))):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            _, mark, said = line.partition(f"# {MARK}")
            if mark:
                yield str(file.relative_to(target)), number, said.strip()


def render_manifest(draft: Draft, fields: Sequence[Field], name: str) -> str:
    """Return the manifest's text."""
    parts = [
        *_head(draft, name),
        *_address(draft, name),
        *_question(draft),
        *_record(draft),
        *_outcomes(draft),
        *_code_lists(fields),
        *(line for one in fields for line in _field(one, draft.kind)),
    ]
    return "\n".join(parts) + "\n"


def _head(draft: Draft, name: str) -> Iterator[str]:
    title = _text(draft.title[:120] or name)
    inputs = draft.question.inputs
    told = [one for one in ("personal_number", "old_number", "full_name", "birth_date") if one in inputs]
    yield f"#:schema ./{SCHEMA_FILE}"
    yield "# Made from the service's own description. What stands under a `confirm` is a guess: correct it, and"
    yield "# take the comment away. Every key: docs/connector_guide.md."
    yield from (f"# {MARK} {_printable(one)}" for one in (*draft.notes, *draft.question.open))
    yield ""
    yield "schema = 1"
    yield f'id = "{name}"'
    yield 'version = "0.1.0"'
    yield f'kind = "{draft.kind}"'
    yield 'lifecycle = "draft"'
    yield f"# {MARK} what people call the register, in both languages"
    yield f"name = {{ vi = {title}, en = {title} }}"
    yield f"summary = {{ vi = {title}, en = {title} }}"
    yield f"# {MARK} what the register must be told of a person"
    yield f"inputs = {json.dumps(told or ['personal_number'])}"
    yield ""
    yield "[owner]"
    yield f"# {MARK} the authority that answers for the register, and two ways to reach it, one by telephone"
    yield f"org = {title}"
    yield 'contacts = ["Đầu mối kỹ thuật: (ghi tên)", "Đầu mối nghiệp vụ, điện thoại: 0000 000 000"]'
    yield ""
    yield "[legal]"
    yield f"# {MARK} the article that lets the register be asked, the purposes, and whether an answer may be kept"
    yield 'basis = ["(ghi điều khoản)"]'
    yield 'purposes = ["prefill"]'
    yield 'data_class = "sensitive"'
    yield 'retention = "none"'
    yield ""
    yield "[notice.unavailable]"
    yield f"# {MARK} what people read while the register is down"
    yield f"vi = {_text(f'Chưa lấy được thông tin từ {draft.title[:80]}. Ông/bà tự điền.')}"
    yield f"en = {_text(f'{draft.title[:80]} does not answer. Please fill this in yourself.')}"
    yield ""


def _address(draft: Draft, name: str) -> Iterator[str]:
    host = re.sub(r"^[a-z]+://(\[[^\]]*\]|[^:/]*).*$", r"\1", draft.url).strip("[]")
    yield "[endpoint]"
    yield f"# {MARK} the address; a test address belongs into the operator's settings"
    yield f"url = {_text(draft.url)}"
    yield f"allowed_hosts = [{_text(host)}]"
    if draft.description_hash:
        yield f'description_hash = "{draft.description_hash}"   # `check --description FILE` compares a newer copy'
    yield ""
    yield "[auth]"
    said = (
        "the description does not say how callers prove themselves"
        if draft.auth["kind"] == "none"
        else "how callers prove themselves"
    )
    yield f"# {MARK} {said}; docs/connector_transports.md"
    yield from (f"{key} = {_text(value)}" for key, value in draft.auth.items())
    if draft.auth["kind"] != "none":
        yield f'secret_ref = "{name}-key"             # a name; the settings say in which file the secret is'
    if draft.auth["kind"] == "wss_certificate":
        yield f'certificate_ref = "{name}-certificate"'
    yield ""


def _question(draft: Draft) -> Iterator[str]:
    asked = draft.question
    yield "[operations.lookup]"
    yield f"# {MARK} every `{{…}}` is the input that its member means, in the form the register wants"
    if draft.kind == "soap":
        yield f"action = {_text(asked.action)}"
        if asked.query:
            yield f"query = {_inline(asked.query)}"
        for member, xml in (("header", asked.header), ("body", str(asked.body))):
            if xml:
                written = xml.replace("\\", "\\\\").replace('"""', '""\\"')
                yield f'{member} = """\n{written}\n"""'
    else:
        yield f'method = "{asked.method}"'
        yield f"path = {_text(asked.path)}"
        if asked.query:
            yield f"query = {_inline(asked.query)}"
        if asked.headers:
            yield f"headers = {_inline(asked.headers)}"
        if asked.method == "POST":
            yield f"body = {_inline(asked.body or {})}"
    yield ""
    yield "[operations.check]"
    yield f"# {MARK} a harmless path that shows that the service is there; `accept` are the statuses that mean so"
    yield 'path = ""'
    yield ""


def _record(draft: Draft) -> Iterator[str]:
    about = about_of(draft) or {"personal_number": ("fill-in",)}
    yield "[record]"
    yield f"# {MARK} where the one record is, and which member of it says whom it is about"
    yield f"at = {_text(_path(draft.record, draft.kind) if draft.record else '.')}"
    yield f"about = {_inline({key: _path(way, draft.kind) for key, way in about.items()})}"
    if (told := as_of(draft)) is not None:
        if told.form in MIDNIGHT:
            yield f"# {MARK} {_CLOCK.format('as_of_clock')}"
        yield f"as_of = {_text(_path((told.name,), draft.kind))}"
    if draft.kind == "soap" and not at(draft.answer, draft.record).required:
        yield 'missing = "not_found"             # an answer without the record is nobody, not an error'
    yield ""


def _outcomes(draft: Draft) -> Iterator[str]:
    for status, meaning in draft.outcomes:
        yield "[[outcomes]]"
        yield f"# {MARK} status {status} always means this; else name a member and its words (`path`, `equals`)"
        yield f'status = "{status}"'
        yield f'is = "{meaning}"'
        yield ""


def _code_lists(fields: Sequence[Field]) -> Iterator[str]:
    for one in fields:
        if one.type == "code" and one.values:
            yield f"[code_lists.{one.to}]"
            yield f"# {MARK} the name and version of the list; the catalogue's own codes on the right"
            yield f"list = {_text(one.label[:120])}"
            yield 'version = "1"'
            yield f"values = {_inline(_codes(one.values))}"
            yield ""


def _field(one: Field, kind: str) -> Iterator[str]:
    dated = f"a date written {one.form or 'in a form to be named'}"
    guessed = {"text": "text, as it stands", "date": f"{dated}; {_CLOCK.format('clock')}" if one.is_moment else dated}
    yield "[[fields]]"
    yield f"# {MARK} {_printable(one.label)[:100]}: {guessed.get(one.type, f'type {one.type}')}"
    yield f'to = "{one.to}"'
    yield f"from = {_text(_path(one.path, kind))}"
    yield f'type = "{one.type}"'
    if one.type == "date":
        if one.form:
            yield f'format = "{one.form}"'
        yield 'precision = "from_source"'
    if one.type == "code" and one.values:
        yield f'codes = "{one.to}"'
    yield ""


def _render_book(draft: Draft, fields: Sequence[Field], name: str) -> str:
    title = _text(draft.title[:120] or name)
    lines = [
        "# What the register can answer about a person. Whoever answers for the register edits this file.",
        "",
        f'domain = "{name}"',
        f"# {MARK} the authority in both languages",
        f"authority = {{ vi = {title}, en = {title} }}",
        "",
        "[[sources]]",
        f'id = "{name}"',
        f"label = {{ vi = {title}, en = {title} }}",
        "",
        "[corrections.desk]",
        f"# {MARK} where a citizen has a wrong value put right, and what to bring",
        'vi = "(ghi nơi tiếp nhận và giấy tờ mang theo)"',
        'en = "(the desk, and the papers to bring)"',
        'url = "https://fill-in.example"',
    ]
    for one in fields:
        label = _text(one.label)
        kind = "code" if one.type == "sex" else one.type
        lines += ["", "[[attributes]]", f"# {MARK} the label, and how it is masked on a page", f'id = "{one.to}"']
        lines += [f"label = {{ vi = {label}, en = {label} }}", f'type = "{kind}"']
        lines += [f'mask = "{_MASKS.get(kind, "hidden")}"', 'class = "sensitive"', f'sources = ["{name}"]']
        lines += ['correction = "desk"']
        if one.type == "code" and one.values:
            told = {code: {"vi": value or "-", "en": value or "-"} for value, code in _codes(one.values).items()}
            lines += [f"values = {_inline(told)}"]
    return "\n".join(lines) + "\n"


def _write_expected(draft: Draft, target: Path) -> None:
    """Write what the proposed fields make of each sample; a manifest that cannot be used yet leaves them out."""
    try:
        manifest = read_folder(target)
        if any(True for _ in lint(manifest)):
            return
        reader, samples = SampleReader(manifest), read_samples(target)
    except (ConnectorFailure, Malformed):
        return
    for sample in samples:
        status = draft.samples[sample.name][1]
        told = reader.answer(Sample(sample.name, sample.body, {"_status": status} if status != 200 else None))
        expected: dict[str, Any] = {row.to: write_outcome(told[row.to]) for row in manifest.fields}
        if status != 200:
            expected = {"_status": status, "*": next(iter(expected.values()))}
        written = orjson.dumps(expected, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        (target / "samples" / f"{Path(sample.name).stem}.expected.json").write_bytes(written)


def _codes(values: Sequence[str]) -> dict[str, str]:
    """Return each code of the source with the catalogue's: small letters, and no two the same."""
    found: dict[str, str] = {}
    for value in values:
        made = snake(value) or "other"
        found[value] = made if made not in found.values() else f"{made}_{len(found)}"
    return found


def _path(way: Sequence[str], kind: str) -> str:
    """Return a path; a member of JSON with signs of the path's own stands in quotes, names of XML have none."""
    if kind == "soap":
        return "/".join(way)
    return ".".join(name if re.fullmatch(r"@?[\w-]+", name) else f'"{name}"' for name in way)


def _text(value: str) -> str:
    return json.dumps(_printable(value), ensure_ascii=False)


def _printable(value: str) -> str:
    """Return a text without breaks and control signs: its lines must not become lines of the manifest."""
    return "".join(sign for sign in value if sign.isprintable())


def _inline(value: Any) -> str:
    """Return a value as TOML in one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_text(str(key))} = {_inline(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return _text(str(value))
