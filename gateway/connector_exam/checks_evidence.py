"""The three checks of evidence: one event stands for one call, and nothing of a person is in logs or figures."""

from gateway.connector_exam.finding import Fault
from gateway.connector_exam.ledger import missing_members, odd_reasons, witness
from gateway.connector_exam.room import Case, Room, found_in, no_sample
from gateway.connector_exam.stand_in import Reply
from gateway.connector_exam.subject import PURPOSE, SECRET, sent
from gateway.vocabulary.persona import personas

_PERSON_LABELS = frozenset({"person", "subject", "citizen", "personal_number", "number", "name", "full_name", "sub"})
_SHORTEST = 8


async def check_one_event(room: Room) -> list[Fault]:
    """One question is one call, under the question's own request id and purpose, between two events of their own."""
    case = await room.full_case()
    if case is None:
        return no_sample()
    first, second = await room.told(case, case.sample.body), await room.told(case, case.sample.body)
    faults = []
    if [len(one.calls) for one in (first, second)] != [1, 1]:
        counts = f"{len(first.calls)} and {len(second.calls)}"
        faults.append(_event(f"two questions were {counts} calls", "the calls that reached the stand-in"))
    texts = [sent(one) for one in (first, second)]
    for told, text in zip((first, second), texts, strict=True):
        wants = _slots(room)
        for name, value in (("request_id", told.question.request_id), ("purpose", PURPOSE)):
            if name in wants and value not in text:
                faults.append(_event(f"`{name}` is not sent as the question has it", "the written question"))
    if not faults and "request_id" not in _slots(room) and room.kind in {"rest", "soap"} and not _over_a_bus(room):
        faults.append(
            Fault(
                what="the question does not carry its request id, so no event here can be found in the source's log",
                where=room.candidate.place("operations", "lookup"),
                fix='Send it: `headers = { "X-Request-Id" = "{request_id}" }`, or the member the source has for it.',
            )
        )
    return faults[:1] or await _evidence(room, case)


async def _evidence(room: Room, case: Case) -> list[Fault]:
    """Ask with evidence: every call lies between the event before it and the event after, and these hold names, states
    and reasons, no value."""
    values = await _values(room)
    replies = [
        room.reply(case.sample.body),
        room.reply(case.sample.body, status=500),
        room.reply(b"", status=403),
        *(room.reply(case.tree.put(leaf, f"{leaf.text}?")) for leaf in case.tree.leaves()[:10]),
    ]
    for number, reply in enumerate(replies):
        seen = await witness(room, case, reply, follow=number == 0)
        if seen.early or seen.late:
            when = "before it was stored that anything is asked" if seen.early else "after it was stored what came"
            return [
                _event(f"a call was made {when}, and no event stands for it", "the calls that reached the stand-in")
            ]
        if odd := odd_reasons(seen.told.outcomes):
            return [
                Fault(
                    what=f"`{odd[0]}` came with a reason that is no word of the contract, which an event would keep",
                    where="the outcomes that `answer` returns or raises",
                    fix="Give `Absent`, `Refused` and `Unavailable` one of the reasons of their types, and no text.",
                )
            ]
        gaps = missing_members(seen, room.candidate.manifest.id)
        if gaps or any(value in seen.words for value in values):
            text = f"the events have no true {', '.join(gaps)}" if gaps else "an event holds a value of a person"
            return [_event(text, "the exam's own store of evidence")]
    return []


def _over_a_bus(room: Room) -> bool:
    return room.candidate.manifest.transport is not None


async def check_logs(room: Room) -> list[Fault]:
    """No log line, no printed text and no message for operators holds a value of a person or a secret."""
    faults = []
    heard = room.heard.text()
    values = await _values(room)
    if any(value in heard for value in values):
        faults.append(
            Fault(
                what="a value of a person, or a secret, was logged or printed",
                where="the log of the exam",
                fix="Log names of fields and outcomes; never what was asked, and never what was answered.",
            )
        )
    case = await room.full_case()
    if case is None:
        return faults or no_sample()
    replies = [
        room.reply(case.sample.body[: len(case.sample.body) // 2]),
        room.reply(case.sample.body, status=500),
        Reply(status=503),
        *(room.reply(case.tree.put(leaf, f"{leaf.text}?")) for leaf in case.tree.leaves()[:40]),
    ]
    for reply in replies:
        told = await room.subject.ask(reply, room.question(case))
        detail = told.trouble.operator_detail if told.trouble else ""
        if any(value in detail for value in values):
            faults.append(
                Fault(
                    what="the message of a SourceTrouble holds a value of a person",
                    where="what operators read of a failed call",
                    fix="Say what kind of trouble it was; quote nothing of the question or the answer.",
                )
            )
            break
    return faults


async def check_metrics(room: Room) -> list[Fault]:
    """No figure has a person as a label."""
    new = figures_kept() - room.figures
    values = await _values(room)
    labels = sorted(name for name in _PERSON_LABELS if any(f' {name}="' in _labels(one) for one in new))
    if not labels and not any(value in one for value in values for one in new):
        return []
    text = f"label `{labels[0]}`" if labels else "a value of a person"
    return [
        Fault(
            what=f"{text} stands in the figures",
            where="/metrics",
            fix="Label figures by connector and outcome only.",
        )
    ]


def figures_kept() -> frozenset[str]:
    """Return every figure of the process with its labels, without its number."""
    # imported here: the library decides on its first import whether workers share figures, and `serve` says so later
    from prometheus_client import REGISTRY, generate_latest

    written = generate_latest(REGISTRY).decode("utf-8", "replace")
    return frozenset(line.rpartition(" ")[0] for line in written.splitlines() if not line.startswith("#"))


def _labels(figure: str) -> str:
    return " " + figure.partition("{")[2].replace(",", " ")


async def _values(room: Room) -> frozenset[str]:
    """Return every text that may be nowhere: the personas' own, what the samples told, and the exam's secret."""
    found = {SECRET}
    for one in personas():
        found |= {text for text in (one.personal_number, one.old_number, one.full_name) if text}
    for case in room.cases():
        found |= {str(value) for value in found_in(await room.baseline(case)).values()}
    return frozenset(text for text in found if len(text) >= _SHORTEST)


def _slots(room: Room) -> frozenset[str]:
    """Return which of the question's own members the manifest says it sends."""
    operations = room.candidate.manifest.operations
    text = "" if operations is None else repr(operations.lookup)
    return frozenset(name for name in ("request_id", "purpose") if f"{{{name}}}" in text)


def _event(what: str, where: str) -> Fault:
    return Fault(what=what, where=where, fix="Make one call for one question, and send the question's own members.")
