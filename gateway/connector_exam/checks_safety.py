"""The five checks of safety: where calls go, what answers may do, what questions may do, and what leaves."""

import json
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lxml import etree

from gateway.connector_exam.certificate import unvouched_certificate
from gateway.connector_exam.finding import DoesNotApply, Fault
from gateway.connector_exam.influence import declared_names, follow
from gateway.connector_exam.room import Case, Room, no_sample
from gateway.connector_exam.stand_in import Call, Reply, StandIn
from gateway.connector_exam.subject import Told
from gateway.connector_runtime.contract import Absent, Found, SourceTrouble, Unavailable
from gateway.connector_runtime.kinds.sqlview import view_of
from gateway.vocabulary.clock import SystemClock

_HUGE = 5_000_000
_LOCAL = ("127.0.0.1", "localhost", "::1")  # a simulator: only the zone `lab` reaches it, whatever is listed
_REDIRECTS = (301, 302, 307, 308)
HOSTILE = (
    "\"><x a='1'>&amp;</x><!--",
    "'; DROP TABLE reader; --",
    '","admin":true,"x":"',
    "../../admin?all=1&x=",
    "]]></v><v>1</v>",
)


async def check_reach(room: Room) -> list[Fault]:
    """Only the source's own host is asked, over verified TLS, and no redirect is followed."""
    faults = _hosts(room)
    case = await room.full_case()
    if case is None or room.kind == "sqlview":
        return faults
    elsewhere = StandIn()
    await elsewhere.open()
    elsewhere.reply = room.reply(case.sample.body)
    try:
        for status in _REDIRECTS:
            headers = {"Location": f"{elsewhere.url}/latest/meta-data"}
            told = await room.subject.ask(room.reply(b"", status=status, headers=headers), room.question(case))
            if elsewhere.calls or _is_an_answer(told):
                faults.append(
                    Fault(
                        what=f"a redirect ({status}) to another host was followed or taken for an answer",
                        where=f"the stand-in's answer {status}",
                        fix="Send through the client the gateway hands over, and let no outcome row say `found` of it.",
                    )
                )
                break
    finally:
        await elsewhere.close()
    return faults + await _unverified(room, case)


async def check_hostile_answers(room: Room) -> list[Fault]:
    """Entities, bombs, 5 MB and bottomless nesting are refused; of a view, a row that is too long."""
    case = await room.full_case()
    if case is None:
        return no_sample()
    if room.kind == "sqlview":
        return await _wide_rows(room, case)
    whole = case.sample.body
    answers = {
        "5 MB": room.reply(whole + b" " * _HUGE),
        "a packed bomb of 40 MB": room.reply(whole + b" " * 40_000_000, packed=True),
        "100000 levels": room.reply(b'{"a":' * 100_000) if not _is_xml(room) else room.reply(b"<a>" * 100_000),
    }
    if _is_xml(room):
        answers |= {name: room.reply(body) for name, body in _documents(case).items()}
    faults = []
    for name, reply in answers.items():
        told = await room.subject.ask(reply, room.question(case))
        if told.error or _is_an_answer(told):
            faults.append(_taken(name, told.error))
    return faults


async def _wide_rows(room: Room, case: Case) -> list[Fault]:
    """Ask a row of 5 MB: of the stand-in, and of the database itself, which is to cut it before it sends it."""
    columns = view_of(room.candidate.manifest).columns
    faults = []
    for leaf in case.tree.leaves():
        if leaf.name not in columns:
            continue
        told = await room.told(case, case.tree.put(leaf, "x" * _HUGE))
        if told.error or _is_an_answer(told):
            faults.append(_taken(f"a column `{leaf.name}` of 5 MB", told.error))
            break
    if room.service is not None and room.service.view is not None:
        try:
            await room.service.view.wide_rows(_HUGE, timeout_for=10.0)
            faults.append(_taken("a row of 5 MB from the database", ""))
        except SourceTrouble as trouble:
            if trouble.outcome != Unavailable(reason="oversize"):
                faults.append(_taken("a row of 5 MB from the database", trouble.operator_detail))
    return faults


def _taken(name: str, error: str) -> Fault:
    return Fault(
        what=f"{name}: {error or 'the answer was taken'}",
        where=f"the stand-in's answer “{name}”",
        fix="Read documents by the contract's `document` module and leave the cap of the client as it is.",
    )


async def check_injection(room: Room) -> list[Fault]:
    """Names and numbers that are pieces of a query or a document arrive as values and change nothing else."""
    case = await room.full_case()
    if case is None:
        return no_sample()
    faults = []
    usual = await room.baseline(case)
    plain = [shape_of(call) for call in usual.calls]
    for text in HOSTILE:
        for member in ("full_name", "personal_number", "old_number"):
            if getattr(case.person, member) is None:
                continue
            told = await room.told(case, case.sample.body, **{member: text})
            other = [shape_of(call) for call in told.calls]
            if told.error or (told.calls and other != plain):
                faults.append(
                    Fault(
                        what=f"a hostile `{member}` changed the question itself {told.error}".strip(),
                        where=room.candidate.place("operations") if room.kind != "code" else "the written question",
                        fix="Write it by a template, or by a writer of the format; never join texts.",
                    )
                )
                return faults
    if room.service is not None and room.kind == "sqlview":
        faults += await _no_rows(room, case)
    return faults


async def check_view(room: Room) -> list[Fault]:
    """The role of a view can read that view and nothing else; no more than one row is believed."""
    if room.kind != "sqlview":
        raise DoesNotApply(f"kind `{room.kind}` asks no database")
    if room.service is None:
        return [
            Fault(
                what="the role and the view were not looked at, since no database was given",
                where=room.candidate.place("endpoint", "url"),
                fix="Run the exam with `--service postgresql://ROLE@HOST/DATABASE` of the test database.",
            )
        ]
    health = await room.service.check()
    if health.state == "up":
        return []
    return [
        Fault(
            what=health.detail or "the view cannot be read",
            where=room.candidate.place("endpoint", "url"),
            fix="Use a role that owns nothing and has SELECT on the one view; cast what is looked up by to text.",
        )
    ]


async def check_declared_only(room: Room) -> list[Fault]:
    """Nothing leaves but the fields that were asked for, each from the members that its row names."""
    case = await room.full_case()
    if case is None:
        return no_sample()
    faults: list[Fault] = []
    canary = "exam-canary-7c2e"
    usual = await room.baseline(case)
    told = await room.told(case, case.tree.enriched(canary))
    if canary in _said(told) or _values(told) != _values(usual):
        faults.append(_leak("a member that the source added shows in the answer", case.where))
    for name in sorted(room.candidate.manifest.provides):
        one = await room.told(case, case.sample.body, attributes=frozenset({name}))
        if one.extra:
            faults.append(_leak(f"asked for `{name}` alone, the connector also told `{sorted(one.extra)[0]}`", name))
            break
    number = case.person.personal_number or ""
    for name, value in _values(usual).items():
        row = room.candidate.manifest.fields[room.candidate.index_of(name)]
        if number and number in str(value) and row.type != "number":
            faults.append(_leak(f"`{name}` carries the person's number", name))
    for one_followed in await follow(room, case):
        known = declared_names(room, one_followed.attribute)
        if room.kind != "code" and one_followed.leaf.name.lower() not in known:
            text = f"`{one_followed.attribute}` follows `{one_followed.leaf.name}`, which its row does not name"
            faults.append(_leak(text, room.candidate.place("fields", room.candidate.index_of(one_followed.attribute))))
    return faults


def shape_of(call: Call) -> Any:
    """Return everything of a call that no value may change: method, steps of the path, names, and the body's form."""
    parts = urlsplit(call.path)
    query = sorted(name for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    return call.method, parts.path.count("/"), query, sorted(call.headers), _form_of(call.body)


def _form_of(body: bytes) -> Any:
    if not body:
        return None
    try:
        if body.lstrip().startswith(b"<"):
            root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
            return [(str(one.tag), sorted(map(str, one.attrib))) for one in root.iter()]
        return _json_form(json.loads(body))
    except (etree.XMLSyntaxError, ValueError):
        return "unreadable"


def _json_form(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _json_form(inner) for name, inner in value.items()}
    return [_json_form(one) for one in value] if isinstance(value, list) else "value"


def _hosts(room: Room) -> list[Fault]:
    endpoint = room.candidate.manifest.endpoint
    if endpoint is None:
        return []
    own = urlsplit(endpoint.url).hostname or ""
    return [
        Fault(
            what=f"`{host}` is no host of a source",
            where=room.candidate.place("endpoint", "allowed_hosts"),
            fix="Name the host of `url`, and those the owner named in writing; no pattern, no address of a machine.",
        )
        for host in endpoint.allowed_hosts
        if host not in {own, *_LOCAL} and (_is_address(host) or "*" in host or "." not in host)
    ]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost"
    return True


async def _unverified(room: Room, case: Case) -> list[Fault]:
    """Ask a service whose certificate nobody vouches for: the question may not even arrive."""
    behind = StandIn()
    await behind.open(unvouched_certificate())
    behind.reply = room.reply(case.sample.body)
    try:
        connector = room.subject.connector(SystemClock(), behind.url)
        await room.subject.ask(Reply(status=503), room.question(case), connector=connector)
        arrived = bool(behind.calls)
    finally:
        await behind.close()
    if not arrived:
        return []
    return [
        Fault(
            what="a certificate that nobody vouches for was accepted",
            where="the stand-in's TLS",
            fix="Send through the client the gateway hands over; it verifies, and cannot be told not to.",
        )
    ]


def _documents(case: Case) -> dict[str, bytes]:
    """Return the sample with document types that expand, read a file, or only are there."""
    text = case.sample.body.lstrip()
    body = text[text.index(b"?>") + 2 :] if text.startswith(b"<?xml") else text
    nested = b'<!ENTITY a "canary">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + depth, b"&%c;" % (97 + depth) * 10) for depth in range(8)
    )
    return {
        "an entity bomb": b"<!DOCTYPE x [" + nested + b"]>" + body,
        "an entity that reads a file": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + body,
        "a document type": b"<!DOCTYPE x>" + body,
    }


async def _no_rows(room: Room, case: Case) -> list[Fault]:
    assert room.service is not None
    outcomes = await room.service.ask(room.question(case, personal_number="x' OR '1'='1"))
    if not any(isinstance(one, Found) for one in outcomes.values()):
        return []
    return [
        Fault(
            what="a number that is a piece of SQL gave a row",
            where=room.candidate.place("operations", "lookup"),
            fix="Look up by a text column that holds the number alone.",
        )
    ]


def _is_an_answer(told: Told) -> bool:
    return any(isinstance(one, Found | Absent) for one in told.outcomes.values())


def _is_xml(room: Room) -> bool:
    return "xml" in room.media


def _values(told: Told) -> dict[str, Any]:
    return {name: one.value for name, one in told.outcomes.items() if isinstance(one, Found)}


def _said(told: Told) -> str:
    detail = told.trouble.operator_detail if told.trouble else ""
    return " ".join([*(str(value) for value in _values(told).values()), detail, *map(str, told.extra)])


def _leak(what: str, where: str) -> Fault:
    return Fault(what=what, where=where, fix="Name the one member in `from`, and answer only what was asked.")
