"""An OpenAPI 3.0 or 3.1 description as a draft: the one operation that asks about a person, and what it answers."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

from gateway.connector_import.description import hash_tree, read_description
from gateway.connector_import.draft import Draft, Question, fill_member, find_record
from gateway.connector_import.failure import DescriptionRefused
from gateway.connector_import.guess import PERSON, invented, value_of
from gateway.connector_import.node import Node
from gateway.connector_import.schema import Schemas

_MEANINGS = {"404": "not_found", "403": "denied", "400": "bad_request"}


class Operation(NamedTuple):
    """One operation: its method and path as the description writes them, and its own tree."""

    method: str
    path: str
    told: Mapping[str, Any]
    parameters: Sequence[Mapping[str, Any]]

    @property
    def name(self) -> str:
        """How people choose it."""
        return str(self.told.get("operationId") or f"{self.method} {self.path}")


def draft_openapi(file: Path, chosen: str | None = None) -> Draft:
    """Return the draft of a description; `chosen` is an operationId or `METHOD /path`. Raises DescriptionRefused."""
    tree = read_description(file)
    schemas = Schemas(tree, file)
    found = list(_operations(tree, schemas))
    one, others = _choose(found, schemas, file, chosen)
    answer, media = _answer(one, schemas, file)
    url, notes = _server(tree)
    draft = Draft(
        kind="rest",
        title=str((tree.get("info") or {}).get("title") or file.stem),
        url=url,
        question=_question(one, schemas),
        answer=answer,
        record=find_record(answer),
        auth=_auth(tree, one, schemas, notes),
        outcomes=[(status, _MEANINGS[status]) for status in _responses(one) if status in _MEANINGS],
        notes=notes,
        description_hash=hash_tree(tree),
    )
    draft.samples = dict(_samples(answer, media, one, schemas))
    if others:
        draft.notes.append(f"the operation is `{one.name}`; others that ask about a person: {', '.join(others)}")
    return draft


def _operations(tree: Mapping[str, Any], schemas: Schemas) -> Iterator[Operation]:
    paths = tree.get("paths")
    for path, item in paths.items() if isinstance(paths, Mapping) else ():
        told, _ = schemas.follow(item)
        for method in ("get", "post"):
            if isinstance(told.get(method), Mapping):
                listed = [*told.get("parameters", []), *told[method].get("parameters", [])]
                parameters = [schemas.follow(one)[0] for one in listed]
                yield Operation(method.upper(), str(path), told[method], parameters)


def _choose(
    found: Sequence[Operation], schemas: Schemas, file: Path, chosen: str | None
) -> tuple[Operation, list[str]]:
    """Return the operation that asks about a person with the most of their marks, and the names of the others."""
    if chosen is not None:
        one = next((one for one in found if chosen in {one.name, f"{one.method} {one.path}"}), None)
        if one is None:
            raise DescriptionRefused(f"`{file.name}`: paths: no operation `{chosen}`; there are {_listed(found)}")
        return one, []
    weighed = [(sum(name in PERSON for name in _question(one, schemas).inputs), one) for one in found]
    asking = [(weight, one) for weight, one in weighed if weight]
    if not asking:
        raise DescriptionRefused(
            f"`{file.name}`: paths: no operation takes a person's number, name or birth date by a known name; "
            f"choose one by `--operation`: {_listed(found)}"
        )
    best = max(asking, key=lambda row: row[0])[1]
    return best, [f"`{one.name}`" for _, one in asking if one is not best]


def _listed(found: Sequence[Operation]) -> str:
    return ", ".join(f"`{one.name}`" for one in found[:20]) or "none by GET or POST"


def _question(one: Operation, schemas: Schemas) -> Question:
    made = Question(method="GET" if one.method == "GET" else "POST", path=one.path)
    for parameter in one.parameters:
        name, where = str(parameter.get("name", "")), parameter.get("in")
        node = schemas.node(parameter.get("schema", {}), name, required=bool(parameter.get("required")))
        text = fill_member(node, made, f"{where} `{name}`")
        if where == "path":
            made.path = made.path.replace(f"{{{name}}}", text or "fill-in")
        elif text is not None and where == "query":
            made.query[name] = text
        elif text is not None and where == "header" and name.lower() not in {"authorization", "accept", "content-type"}:
            made.headers[name] = text
    body = schemas.follow(one.told.get("requestBody", {}))[0]
    media = (body.get("content") or {}).get("application/json")
    if isinstance(media, Mapping):
        made.body = _body(schemas.node(media.get("schema", {}), "body"), made, "body")
    return made


def _body(node: Node, made: Question, where: str) -> Any:
    members: dict[str, Any] = {}
    for child in node.children:
        if child.kind == "object":
            inner = _body(child, made, f"{where}.{child.name}")
            if inner:
                members[child.name] = [inner] if child.many else inner
        elif (text := fill_member(child, made, f"{where} `{child.name}`")) is not None:
            members[child.name] = text
    return members


def _responses(one: Operation) -> Mapping[str, Any]:
    found = one.told.get("responses")
    return {str(status): told for status, told in found.items()} if isinstance(found, Mapping) else {}


def _answer(one: Operation, schemas: Schemas, file: Path) -> tuple[Node, Mapping[str, Any]]:
    told, _ = schemas.follow(_responses(one).get("200", {}))
    media = (told.get("content") or {}).get("application/json")
    if not isinstance(media, Mapping):
        raise DescriptionRefused(f"`{file.name}`: `{one.name}`.responses.200: describes no application/json")
    answer = schemas.node(media.get("schema", {}), "answer")
    if answer.kind != "object" or not answer.children:
        raise DescriptionRefused(
            f"`{file.name}`: `{one.name}`.responses.200: its schema names no member; write `properties`, or an example "
            "is all there is and `gate06 connector new` is the shorter way"
        )
    return answer, media


def _server(tree: Mapping[str, Any]) -> tuple[str, list[str]]:
    servers = tree.get("servers")
    first = servers[0] if isinstance(servers, list) and servers and isinstance(servers[0], Mapping) else {}
    url = str(first.get("url", ""))
    for name, told in (first.get("variables") or {}).items():
        url = url.replace(f"{{{name}}}", str(told.get("default", "")))
    if not urlsplit(url).hostname:
        return "https://fill-in.example", [f"the description names no whole address (`servers`): `{url or 'none'}`"]
    return url.rstrip("/"), []


def _auth(tree: Mapping[str, Any], one: Operation, schemas: Schemas, notes: list[str]) -> dict[str, str]:
    """Return the `[auth]` of the first scheme the operation names that the gateway speaks."""
    known = (tree.get("components") or {}).get("securitySchemes") or {}
    wanted = one.told.get("security", tree.get("security", []))
    for name in (name for row in wanted if isinstance(row, Mapping) for name in row):
        told, _ = schemas.follow(known.get(name, {}))
        kind, scheme = told.get("type"), str(told.get("scheme", "")).lower()
        if kind == "apiKey" and told.get("in") == "header":
            return {"kind": "apikey", "header": str(told.get("name", "X-Api-Key"))}
        if kind == "http" and scheme == "basic":
            return {"kind": "basic", "user": "fill-in"}
        if kind in {"oauth2", "openIdConnect"} or (kind == "http" and scheme == "bearer"):
            flow = ((told.get("flows") or {}).get("clientCredentials") or {}).get("tokenUrl", "")
            notes.append(f"the operator's settings need `token_url`{f': `{flow}`' if flow else ''}")
            return {"kind": "oauth2", "user": "fill-in"}
        notes.append(f"security scheme `{name}` (`{kind}`) is not one the gateway speaks; see connector_transports.md")
    return {"kind": "none"}


def _samples(
    answer: Node, media: Mapping[str, Any], one: Operation, schemas: Schemas
) -> Iterator[tuple[str, tuple[bytes, int]]]:
    """Yield the description's own examples, numbers of people made invented ones; one of our own without any."""
    shown = list(_examples(media, schemas)) or [made_up(answer)]
    for number, value in enumerate(shown, 1):
        yield f"example_{number}.json", (_written(value), 200)
    for status in ("404", "403"):
        told, _ = schemas.follow(_responses(one).get(status, {}))
        inner = (told.get("content") or {}).get("application/json")
        for value in list(_examples(inner, schemas))[:1] if isinstance(inner, Mapping) else []:
            yield f"status_{status}.json", (_written(value), int(status))


def _examples(media: Mapping[str, Any], schemas: Schemas) -> Iterator[Any]:
    schema, _ = schemas.follow(media.get("schema", {}))
    named = media.get("examples")
    told = [schemas.follow(one)[0].get("value") for one in named.values()] if isinstance(named, Mapping) else []
    for value in [media.get("example"), *told, schema.get("example")]:
        if isinstance(value, dict):
            yield value


def made_up(node: Node) -> Any:
    """Return a JSON value that a tree of parts allows, made up where the description shows none."""
    if node.kind == "object":
        inner: Any = {child.name: made_up(child) for child in node.children}
    elif node.kind == "truth":
        inner = True
    else:
        inner = value_of(node)
    return [inner] if node.many else inner


def _written(value: Any) -> bytes:
    return orjson.dumps(invented(value), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
