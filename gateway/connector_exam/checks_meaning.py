"""The checks of meaning that ask whose answer it is: the right person, nobody, several people."""

import re
from collections.abc import Mapping
from typing import Any

from gateway.connector_exam.finding import Fault
from gateway.connector_exam.room import Case, Room, found_in, no_sample
from gateway.connector_exam.running import RunningSource
from gateway.connector_exam.stand_in import Reply
from gateway.connector_exam.subject import Told, question_about, sent
from gateway.connector_exam.truth import differs_from_truth
from gateway.connector_runtime.contract import Absent, Found, Outcome, Refused, Unavailable
from gateway.connector_runtime.kinds.lint import SHAPES, lint
from gateway.connector_runtime.kinds.samples import OF_THE_ANSWER, check_samples, write_outcome
from gateway.connector_runtime.mapping.path import parse_path
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import Persona, personas

_NOBODY = "999999899999"


async def check_personas(room: Room) -> list[Fault]:
    """Every persona the connector names comes to what its sample expects, from the samples and from the service."""
    candidate = room.candidate
    faults: list[Fault] = []
    if candidate.manifest.kind != "code" and not await _unreadable(room):
        faults = [
            Fault(
                what=f"{one.failure.code} {one.text}",
                where=candidate.place(*one.key) if one.key else "samples/",
                fix=one.failure.fix,
            )
            for one in check_samples(candidate.manifest, list(candidate.samples))
        ]
    cases = room.cases()
    sampled = {case.person.index for case in cases if case.sample.expected is not None}
    faults += [
        Fault(
            what=f"persona {index} is named and has no sample with what is expected",
            where=candidate.place("sandbox", "personas"),
            fix=f"Record it: `gate06 connector try --persona {index} --record`.",
        )
        for index in candidate.manifest.sandbox.personas
        if index not in sampled
    ]
    for case in cases:
        told = await room.baseline(case)
        faults += _against_expected(case, told.outcomes, case.where)
        faults += _against_truth(case, told)
        faults += _against_its_day(room, case, told)
    if room.service is not None:
        for case in cases:
            faults += _against_expected(case, await room.service.ask(room.question(case)), "the running service")
        faults += await _of_the_others(room, room.service, {case.person.index for case in cases})
    return faults


async def _of_the_others(room: Room, service: RunningSource, sampled: set[int]) -> list[Fault]:
    """Ask the running service about every other persona: what it holds of them is true, and who it does not know is
    nobody, never an error."""
    for one in personas():
        if one.index in sampled or one.personal_number is None or _is_slow(one):
            continue
        question = question_about(one, room.candidate.manifest.provides)
        for name, outcome in (await service.ask(question)).items():
            untrue = isinstance(outcome, Found) and differs_from_truth(one, name, outcome.value, question)
            if untrue or isinstance(outcome, Refused | Unavailable):
                came = "is not what that person's is" if untrue else f"came out as `{short(outcome)}`"
                fix = "Read the member that holds it for everybody, and name the sign by which the source says nobody."
                text = f"`{name}` of persona {one.index}, of whom there is no sample, {came}"
                return [Fault(what=text, where="the running service", fix=fix)]
    return []


def _is_slow(one: Persona) -> bool:
    """Tell whether a played register lets this persona wait: that is what another check is about."""
    return bool(one.population.slow_seconds or one.civil_status.slow_seconds)


async def check_nobody(room: Room) -> list[Fault]:
    """Nobody is told apart from an error: no broken answer says that there is no such person."""
    case = await room.full_case()
    if case is None:
        return no_sample()
    faults = []
    for name, reply in _broken(room, case).items():
        told = await room.subject.ask(reply, room.question(case))
        taken = next((one for one in told.outcomes.values() if isinstance(one, Absent | Found)), None)
        if told.error or taken is not None:
            came = told.error or f"came out as `{short(taken)}`"
            faults.append(
                Fault(
                    what=f"{name} {came}",
                    where=room.candidate.place("outcomes")
                    if room.candidate.manifest.outcomes
                    else "the answer's signs",
                    fix="Name the sign of nobody by status and member together; leave every other answer an error.",
                )
            )
    faults += await _nil_record(room, case)
    if room.service is not None:
        asked = question_about(case.person, room.candidate.manifest.provides, personal_number=_NOBODY, old_number=None)
        outcomes = await room.service.ask(asked)
        if set(outcomes.values()) not in await _ways_to_say_nobody(room):
            faults.append(
                Fault(
                    what=f"a number nobody has came out as `{short(next(iter(outcomes.values())))}`",
                    where="the running service",
                    fix='Add the outcome row `is = "not_found"` for the sign by which the source says nobody.',
                )
            )
    return faults


async def _nil_record(room: Room, case: Case) -> list[Fault]:
    """A SOAP record that says of itself that it is nothing (`xsi:nil`) is nobody, and neither an error nor a person."""
    body = case.tree.nilled(_record_at(room) or ()) if room.kind == "soap" else None
    if body is None:
        return []
    outcomes = (await room.told(case, body)).outcomes
    if set(outcomes.values()) == {Absent("no_match")}:
        return []
    return [
        Fault(
            what=f"a record with `xsi:nil` came out as `{short(next(iter(outcomes.values()), None))}`",
            where=room.candidate.place("record"),
            fix="Let `at` end at the record's own element, and let no outcome row be met by its absence.",
        )
    ]


async def _ways_to_say_nobody(room: Room) -> list[set[Outcome]]:
    """Return what may come of somebody the source holds nothing of.

    A store of papers knows no people: it says of everybody without a paper that there is none, and a sample shows so.
    """
    ways: list[set[Outcome]] = [{Absent("no_match")}]
    for case in room.cases():
        told = await room.baseline(case)
        if told.outcomes and set(told.outcomes.values()) == {Absent("empty")}:
            ways.append({Absent("empty")})
    return ways


async def check_one_person(room: Room) -> list[Fault]:
    """Of several people none is chosen, and an answer about somebody else is dropped."""
    faults: list[Fault] = []
    tried = False
    for case in room.cases():
        leaf = case.number_leaf()
        if leaf is None or not found_in(await room.baseline(case)):
            continue
        tried = True
        twice = case.tree.doubled(leaf, _record_at(room))
        told = None if twice is None else await room.told(case, twice)
        if told is not None and any(one != Absent("ambiguous") for one in told.outcomes.values()):
            came = next((one for one in told.outcomes.values() if one != Absent("ambiguous")), None)
            if isinstance(came, Found | Absent):
                text = f"two records for one person came out as `{short(came)}`"
                faults.append(_of_record(room, text, case))
        for other in personas():
            if other.personal_number in {None, case.person.personal_number}:
                continue
            told = await room.told(case, case.tree.put(leaf, str(other.personal_number)))
            if told.error or any(isinstance(one, Found) for one in told.outcomes.values()):
                faults.append(_of_record(room, "a record with another person's number was taken", case))
                break
        faults += await _other_requester(room, case)
        if faults:
            break
    if not tried:
        return [
            Fault(
                what="no sample says whose record it is by a personal number, so another person's would be taken",
                where=room.candidate.place("record", "about") if room.kind != "code" else "samples/",
                fix="Have the source return the number it was asked about, and compare it.",
            )
        ]
    return faults


async def _other_requester(room: Room, case: Case) -> list[Fault]:
    """Ask as somebody else, as a guardian does: the question is still about the person."""
    usual, other = await room.baseline(case), personas()[0 if case.person.index != 1 else 2]
    told = await room.told(
        case, case.sample.body, requester_number=other.personal_number, requester_name=other.full_name
    )
    for number in (case.person.personal_number, case.person.old_number):
        if number and number in sent(usual) and number not in sent(told):
            return [
                Fault(
                    what="asked by somebody else, the question is about whoever asks and no more about the person",
                    where=room.candidate.place("operations", "lookup") if room.kind != "code" else "the question",
                    fix="Ask about `{personal_number}` or `{old_number}`; `{requester_number}` only says who asks.",
                )
            ]
    return []


def _of_record(room: Room, what: str, case: Case) -> Fault:
    return Fault(
        what=what,
        where=room.candidate.place("record") if room.kind != "code" else case.where,
        fix="Let `at` stand at everything that may hold several, and compare the number in `about`.",
    )


def _record_at(room: Room) -> tuple[str, ...] | None:
    """Return the names on the way to the record, None for code."""
    record = room.candidate.manifest.record
    if room.kind == "code" or record is None:
        return None
    shape = SHAPES[room.kind]
    return () if room.kind == "sqlview" else tuple(step.name for step in parse_path(record.at, shape))


async def _unreadable(room: Room) -> bool:
    """Tell whether the manifest cannot be compiled; the schema's check says so already."""
    return any(True for _ in lint(room.candidate.manifest))


def _against_expected(case: Case, outcomes: Mapping[str, Outcome], where: str) -> list[Fault]:
    if case.sample.expected is None:
        return []
    expected = {name: value for name, value in case.sample.expected.items() if name not in OF_THE_ANSWER}
    everything = expected.pop("*", None)
    names = sorted({*outcomes, *expected})
    return [
        Fault(
            what=f"`{name}` of persona {case.person.index} came out as `{_written_outcome(outcomes.get(name))}`, "
            f"expected `{expected.get(name, everything)}`",
            where=where,
            fix="Correct the field row, or what is expected when the source says otherwise now.",
        )
        for name in names
        if _written_outcome(outcomes.get(name)) != expected.get(name, everything)
    ]


def _against_truth(case: Case, told: Told) -> list[Fault]:
    return [
        Fault(
            what=f"`{name}` of persona {case.person.index} is not what that person's is",
            where=case.where,
            fix="Read the member that holds the whole value: letters, precision and all.",
        )
        for name, value in found_in(told).items()
        if differs_from_truth(case.person, name, value, told.question)
    ]


def _against_its_day(room: Room, case: Case, told: Told) -> list[Fault]:
    """The day a record is true of is the one its sample expects, and never a day before its person lived."""
    days = {one.provenance.as_of for one in told.outcomes.values() if isinstance(one, Found)}
    wanted = (case.sample.expected or {}).get("_as_of")
    born = PartialDate.parse(case.person.birth_date)
    for day in sorted(days):
        is_birth = str(PartialDate(day.year, day.month, day.day)) <= str(born) or day.year < born.year
        if wanted is not None and str(day) != wanted:
            what = f"the record of persona {case.person.index} is told as true of {day}, expected {wanted}"
        elif is_birth:
            what = f"the record of persona {case.person.index} is told as true of {day}, when the person was born"
        else:
            continue
        where = room.candidate.place("record", "as_of") if room.kind != "code" else case.where
        fix = "Name the member that says when the record was last true, or leave `as_of` out."
        return [Fault(what=what, where=where, fix=fix)]
    return []


def _written_outcome(outcome: Outcome | None) -> Any:
    return None if outcome is None else write_outcome(outcome)


def short(outcome: Any) -> str:
    """Return an outcome without its value."""
    if isinstance(outcome, Found):
        return "found"
    return f"{type(outcome).__name__.lower()} {getattr(outcome, 'reason', '')}".strip()


def _broken(room: Room, case: Case) -> dict[str, Reply]:
    if room.kind == "sqlview":
        return {"a database that is down": Reply(status=503), "a broken row": Reply(body=b"no rows")}
    body = case.sample.body
    page = b"<!doctype html><title>x</title><p>error"
    error = b'{"error":{"code":"E500","message":"internal"}}'
    if "xml" in room.media:
        error = b"<Response><ErrorCode>E500</ErrorCode><Message>internal</Message></Response>"
        error = _in_body(body, error)
    broken: dict[str, Reply] = {}
    if "xml" in room.media:
        fault = b"<Fault><faultcode>Server.Broken</faultcode><faultstring>internal</faultstring></Fault>"
        broken["a SOAP fault"] = room.reply(_in_body(body, fault), status=500)
    for told, inner in _in_the_holder(room, case).items():
        broken[told] = room.reply(inner)
    broken |= {f"status {status}": room.reply(b"", status=status) for status in (400, 401, 403, 500, 502, 503)}
    return broken | {
        "an error answered with status 200": room.reply(error),
        "an error with status 500": room.reply(error, status=500),
        "a page of maintenance": Reply(body=page, kind="text/html"),
        "a page of status 404 (a wrong address)": Reply(body=page, kind="text/html", status=404),
        "an answer that breaks off": room.reply(body[: len(body) // 2]),
        "an empty answer": room.reply(b""),
    }


def _in_the_holder(room: Room, case: Case) -> dict[str, bytes]:
    """Return SOAP answers whose element around the record says something else in its place."""
    holder = (_record_at(room) or ())[:-1] if room.kind == "soap" else ()
    made = {
        "a text in place of the record": case.tree.emptied(holder, "E500 internal"),
        "an attribute in place of the record": case.tree.emptied(holder, code="E500"),
    }
    return {told: body for told, body in made.items() if body is not None}


def _in_body(envelope: bytes, error: bytes) -> bytes:
    """Return a SOAP envelope around an error, or the error alone where samples have no envelope."""
    match = re.match(rb"(?s)(.*?<(?:\w+:)?Body\b[^>]*>).*(</(?:\w+:)?Body>.*)", envelope)
    return match[1] + error + match[2] if match else error
