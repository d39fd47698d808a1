"""Everything that can be wrong with a manifest of a kind without code, found without a call, each with its key."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from gateway.connector_runtime.failure import InvalidManifest
from gateway.connector_runtime.kinds.binding_lint import binding_problems
from gateway.connector_runtime.kinds.finding import Problem
from gateway.connector_runtime.kinds.question import InputUnknown, Needed
from gateway.connector_runtime.kinds.secret_lint import secret_problems
from gateway.connector_runtime.kinds.secret_signs import is_name_of_a_secret
from gateway.connector_runtime.manifest import Manifest
from gateway.connector_runtime.manifest_failure import (
    FieldWrong,
    HostNotAllowed,
    InlineSecret,
    TemplateWrong,
    TransportReserved,
)
from gateway.connector_runtime.manifest_parts import Auth, Endpoint, FieldRow, LookUp, RecordRow
from gateway.connector_runtime.mapping.address import Basis
from gateway.connector_runtime.mapping.body import xml_names
from gateway.connector_runtime.mapping.field_table import FieldRefused, FieldTable
from gateway.connector_runtime.mapping.path import PathInvalid, Shape, parse_path
from gateway.connector_runtime.mapping.readers import SEXES
from gateway.connector_runtime.mapping.template import SECRET_SLOT, TemplateInvalid, parse_template
from gateway.vocabulary.areas import shipped_lists

SHAPES: Mapping[str, Shape] = {"rest": "json", "soap": "xml", "sqlview": "row"}
_CARRIED = {"ndxp": "soap", "lgsp": "rest", "lgsp_wrapper": "soap", "lgsp_json": "rest"}
_SPEAKERS = {
    "oauth2_jwt": ("rest", "soap"),
    "jwt": ("rest", "soap"),
    "wss_password": ("soap",),
    "wss_certificate": ("soap",),
}
_STATED = ("oauth2_jwt", "jwt")
_READ_BY: Mapping[str, tuple[str, ...]] = {
    "algorithm": _STATED,
    "key_id": _STATED,
    "audience": _STATED,
    "lifetime_for": _STATED,
    "sent_as": ("wss_password",),
    "certificate_ref": ("wss_certificate",),
}
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
_OF_AUTH = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "apikey"})
_OF_THE_CLIENT = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "upgrade",
        "te",
        "trailer",
        "accept-encoding",
        "expect",
    }
)
_OF_THE_KIND: Mapping[str, str] = {
    "content-type": "the kind itself says what it sends",
    "soapaction": "`operations.lookup.action` is sent as `SOAPAction`",
}
_SECRET_PLACES = frozenset({"query", "headers", "body"})
_HOST = re.compile(r"[a-z0-9]([a-z0-9_.-]{0,251}[a-z0-9])?|[0-9a-f:.]+")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,60}")  # RFC 9110 §5.6.2


def lint(manifest: Manifest) -> Iterator[Problem]:
    """Yield every problem of a manifest; of a code connector there are none to find here."""
    if manifest.kind == "code" or manifest.operations is None or manifest.record is None:
        return
    shape = SHAPES[manifest.kind]
    try:
        known = Needed(manifest.inputs).names
    except InputUnknown as error:
        yield Problem(InvalidManifest, ("inputs",), str(error))
        known = Needed(("personal_number or old_number", "full_name", "birth_date")).names
    yield from _endpoint(manifest.endpoint, manifest.kind)
    yield from _auth(manifest)
    yield from _look_up(manifest.operations.lookup, manifest.kind, known)
    if manifest.transport is not None:
        yield from _over_a_bus(manifest, manifest.operations.lookup)
    elif manifest.kind == "rest" and manifest.operations.lookup.method == "GET" and manifest.operations.lookup.body:
        text = 'a GET has no body; write `method = "POST"`'
        yield Problem(InvalidManifest, ("operations", "lookup", "body"), text)
    yield from _record(manifest.record, shape)
    for index, row in enumerate(manifest.outcomes):
        yield from _outcome_row(index, row.path, row.status, manifest.kind)
    yield from _signature(manifest)
    yield from _fields(manifest, shape)
    yield from _swallowed(manifest)
    yield from _kept(manifest)
    yield from secret_problems(manifest)


def _endpoint(endpoint: Endpoint | None, kind: str) -> Iterator[Problem]:
    if endpoint is None:
        return
    try:
        parts = urlsplit(endpoint.url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        yield Problem(InvalidManifest, ("endpoint", "url"), "not an address")
        return
    schemes = ("postgresql",) if kind == "sqlview" else ("https", "http") if host in _LOCAL else ("https",)
    if parts.scheme not in schemes:
        yield Problem(
            InvalidManifest, ("endpoint", "url"), f"the address of `{host}` must begin with `{schemes[0]}://`"
        )
    if host and not _HOST.fullmatch(host):
        text = "the host of the address holds a sign that no name has (RFC 1123 §2.1): letters, digits, dots, hyphens"
        yield Problem(InvalidManifest, ("endpoint", "url"), text)
    if not host or port == 0:
        yield Problem(InvalidManifest, ("endpoint", "url"), "the address names no host")
    if parts.query or parts.fragment:
        yield Problem(InvalidManifest, ("endpoint", "url"), "the address ends before `?` and `#`")
    if host not in endpoint.allowed_hosts:
        allowed = ", ".join(f"`{one}`" for one in endpoint.allowed_hosts)
        yield Problem(HostNotAllowed, ("endpoint", "url"), f"host `{host}` is not in `allowed_hosts` ({allowed})")


def _auth(manifest: Manifest) -> Iterator[Problem]:
    auth = manifest.auth
    if auth.kind != "none" and not auth.secret_ref:
        yield Problem(InvalidManifest, ("auth",), f"auth kind `{auth.kind}` needs `secret_ref`, the name of its secret")
    for member, named in (("secret_ref", auth.secret_ref), ("certificate_ref", auth.certificate_ref)):
        if named and not is_name_of_a_secret(named):
            text = f"`{member}` looks like a secret itself ({len(named)} characters); write the name of one"
            yield Problem(InlineSecret, ("auth", member), text)
    kinds = _SPEAKERS.get(auth.kind, (manifest.kind,))
    if manifest.kind not in kinds:
        said = " or ".join(f"`{one}`" for one in kinds)
        yield Problem(InvalidManifest, ("auth", "kind"), f"auth kind `{auth.kind}` belongs to kind {said}")
    if auth.kind == "wss_certificate" and not auth.certificate_ref:
        text = "auth kind `wss_certificate` needs `certificate_ref`, the name of the certificate that goes with the key"
        yield Problem(InvalidManifest, ("auth",), text)
    if auth.kind == "jwt" and not auth.audience:
        yield Problem(InvalidManifest, ("auth",), "auth kind `jwt` needs `audience`: to whom the statement speaks")
    if auth.sent_as == "text" and not (manifest.endpoint and manifest.endpoint.url.startswith("https://")):
        text = "a password as text goes over TLS only: give an https address, or use the digest"
        yield Problem(InvalidManifest, ("auth", "sent_as"), text)
    yield from _misplaced_auth(auth)


def _misplaced_auth(auth: Auth) -> Iterator[Problem]:
    """Members that the kind of proof never reads."""
    for name, kinds in _READ_BY.items():
        if name in auth.model_fields_set and auth.kind not in kinds:
            said = " or ".join(f"`{one}`" for one in kinds)
            yield Problem(
                InvalidManifest, ("auth", name), f"`{name}` belongs to auth kind {said}, not to `{auth.kind}`"
            )


def _look_up(look_up: LookUp, kind: str, known: frozenset[str]) -> Iterator[Problem]:
    at = ("operations", "lookup")
    texts: list[tuple[tuple[str | int, ...], str]] = [((*at, "path"), look_up.path)]
    for table in ("query", "headers", "where"):
        texts += [((*at, table, name), text) for name, text in getattr(look_up, table).items()]
    yield from _headers(look_up.headers, (*at, "headers"))
    if "?" in look_up.path or "#" in look_up.path:
        yield Problem(InvalidManifest, (*at, "path"), "the path ends before `?` and `#`; write what follows as `query`")
    for name, xml in (("body", look_up.body), ("header", look_up.header)):
        if isinstance(xml, str):
            try:
                xml_names(xml, known, header=name == "header")
            except TemplateInvalid as error:
                yield Problem(TemplateWrong, (*at, name), str(error))
    if isinstance(look_up.body, str):
        if kind == "rest":
            yield Problem(InvalidManifest, (*at, "body"), "the body of a REST question is a table, sent as JSON")
    elif look_up.body is not None:
        texts += [((*at, "body", *key), text) for key, text in _leaves(look_up.body)]
    for key, text in texts:
        try:
            parse_template(text, known)
        except TemplateInvalid as error:
            yield Problem(TemplateWrong, key, str(error))
        if SECRET_SLOT.search(text) and key[2] not in _SECRET_PLACES:
            said = "a secret stands in `query`, `headers` or `body`, never in an address or a database's question"
            yield Problem(TemplateWrong, key, said)
    yield from _needs(look_up, kind, at)


def _headers(headers: Mapping[str, str], at: tuple[str, ...]) -> Iterator[Problem]:
    for name in headers:
        if sum(other.lower() == name.lower() for other in headers) > 1:
            yield Problem(InvalidManifest, (*at, name), f"`{name}` stands twice: capitals make no other header")
        elif (why := _OF_THE_KIND.get(name.lower())) is not None:
            yield Problem(InvalidManifest, (*at, name), f"`{name}` is no header a manifest sets: {why}")
        elif name.lower() in _OF_AUTH:
            yield Problem(InlineSecret, (*at, name), f"`{name}` proves who asks: that is told by `auth`")
        elif name.lower() in _OF_THE_CLIENT or not _TOKEN.fullmatch(name):
            yield Problem(InvalidManifest, (*at, name), f"`{name}` is no header a manifest sets")


def _over_a_bus(manifest: Manifest, look_up: LookUp) -> Iterator[Problem]:
    """A bus has its own address, headers and credentials, and carries messages of one kind."""
    for bus in (manifest.transport, *manifest.other_transports):
        if bus == "ndop":
            text = "`ndop` is kept for the national platform to come: nothing of its protocol is published"
            yield Problem(TransportReserved, ("transport",), text)
        elif _CARRIED.get(str(bus)) != manifest.kind:
            said = ", ".join(f"`{name}` {kind}" for name, kind in _CARRIED.items())
            yield Problem(InvalidManifest, ("transport",), f"`{bus}` does not carry kind `{manifest.kind}`; {said}")
    if look_up.body is None:
        yield Problem(InvalidManifest, ("operations", "lookup", "body"), "a bus carries the body, and there is none")
    for name in ("path", "query", "headers"):
        if getattr(look_up, name):
            text = f"a bus carries the body alone: `{name}` would never be sent"
            yield Problem(InvalidManifest, ("operations", "lookup", name), text)


def _needs(look_up: LookUp, kind: str, at: tuple[str, str]) -> Iterator[Problem]:
    if kind == "soap" and not isinstance(look_up.body, str):
        yield Problem(
            InvalidManifest, (*at, "body"), "a SOAP question needs `body`: the XML inside the envelope's body"
        )
    if kind != "soap" and look_up.header is not None:
        yield Problem(InvalidManifest, (*at, "header"), f"`header` is of a SOAP envelope, and kind `{kind}` has none")
    if kind == "sqlview" and (look_up.view is None or not look_up.where):
        yield Problem(InvalidManifest, at, "a view needs `view`, and `where`: columns and the inputs they are equal to")
    if kind != "sqlview" and (look_up.view is not None or look_up.where):
        yield Problem(InvalidManifest, at, f"`view` and `where` belong to kind `sqlview`, not to `{kind}`")
    if kind == "sqlview":
        for name in look_up.where:
            yield from _path((*at, "where", name), name, "row")


def _record(record: RecordRow, shape: Shape) -> Iterator[Problem]:
    if shape == "row" and record.at != ".":
        yield Problem(InvalidManifest, ("record", "at"), "a row is the record itself: leave `at` out")
    elif shape != "row":
        yield from _path(("record", "at"), record.at, shape)
    if not record.about:
        yield Problem(InvalidManifest, ("record", "about"), "say which member tells whom the record is about")
    for name, path in record.about.items():
        yield from _path(("record", "about", name), path, shape)
    if record.as_of:
        yield from _path(("record", "as_of"), record.as_of, shape)


def _outcome_row(index: int, path: str | None, status: str | None, kind: str) -> Iterator[Problem]:
    if kind == "sqlview":
        yield Problem(
            InvalidManifest, ("outcomes", index), "a view has no outcomes: no row is nobody, two are ambiguous"
        )
    elif path is None and status is None:
        yield Problem(InvalidManifest, ("outcomes", index), "a row needs `status`, `path` or both")
    elif path is not None:
        yield from _path(("outcomes", index, "path"), path, SHAPES[kind])


def _signature(manifest: Manifest) -> Iterator[Problem]:
    row = manifest.signature
    if manifest.envelope_signature is not None and manifest.kind != "soap":
        text = "only the answers of kind `soap` can be signed so; a REST source has `[signature]`"
        yield Problem(InvalidManifest, ("envelope_signature",), text)
    yield from binding_problems(manifest)
    if row is None:
        return
    if manifest.kind != "rest":
        text = "only the answers of kind `rest` can be signed so; a SOAP source has `[envelope_signature]`"
        yield Problem(InvalidManifest, ("signature",), text)
    for name in ("at", "over"):
        try:
            parse_path(getattr(row, name), "json")
        except PathInvalid as error:
            yield Problem(FieldWrong, ("signature", name), str(error))


def _fields(manifest: Manifest, shape: Shape) -> Iterator[Problem]:
    assert manifest.record is not None
    basis = Basis(lists=shipped_lists(), code_lists=manifest.code_lists, unknown=frozenset(manifest.record.unknown))
    seen: set[str] = set()
    for index, row in enumerate(manifest.fields):
        if row.to in seen:
            yield Problem(FieldWrong, ("fields", index, "to"), f"`{row.to}` is filled by two rows")
        seen.add(row.to)
        try:
            FieldTable([row], shape, basis)
        except FieldRefused as error:
            yield Problem(FieldWrong, ("fields", index, error.key), str(error))
        yield from _misplaced(index, row)


def _swallowed(manifest: Manifest) -> Iterator[Problem]:
    """A code of a list that is also a word for not knowing never comes out."""
    assert manifest.record is not None
    for row in manifest.fields:
        codes = manifest.code_lists.get(row.codes or "")
        keys: Mapping[str, str] = codes.values if codes else SEXES if row.type == "sex" else {}
        for word in manifest.record.unknown:
            if word in keys:
                text = f"`{word}` is a code of `{row.to}` with a meaning of its own, and would come out as unknown"
                yield Problem(FieldWrong, ("record", "unknown"), text)


def _kept(manifest: Manifest) -> Iterator[Problem]:
    """Values are kept only where the law of the source lets them be, and only those it has."""
    if manifest.limits.fresh_for and manifest.legal.retention == "none":
        text = "`fresh_for` keeps values, and `legal.retention` is `none`: take one of them back"
        yield Problem(InvalidManifest, ("limits", "fresh_for"), text)
    for name in sorted(manifest.limits.fresh_for.keys() - manifest.provides):
        yield Problem(
            InvalidManifest, ("limits", "fresh_for", name), f"`{name}` is not one of the attributes in `fields`"
        )


def _misplaced(index: int, row: FieldRow) -> Iterator[Problem]:
    """Members of a row that its type never reads: a limit nobody keeps is worse than none."""
    belongs = {
        "precision": ("date",),
        "precision_from": ("date",),
        "format": ("date",),
        "clock": ("date",),
        "codes": ("code", "sex"),
        "lengths": ("number",),
        "address": ("address",),
    }
    for name, types in belongs.items():
        if getattr(row, name) and row.type not in types:
            said = " or ".join(f"`{one}`" for one in types)
            yield Problem(FieldWrong, ("fields", index, name), f"`{name}` belongs to type {said}, not to `{row.type}`")


def _path(key: tuple[str | int, ...], path: str, shape: Shape) -> Iterator[Problem]:
    try:
        parse_path(path, shape)
    except PathInvalid as error:
        yield Problem(FieldWrong, key, str(error))


def _leaves(value: Any, key: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, (*key, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*key, index))
