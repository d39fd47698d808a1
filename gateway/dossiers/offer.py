"""What a sender offers, read without I/O: each thing becomes a statement about one dossier, or says why it does not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

from gateway.audit.canonical import canonical_bytes
from gateway.dossiers.cloud_event import read_event, shown_id
from gateway.dossiers.codes import CodeRefused, DossierCode, parse_dossier_code
from gateway.dossiers.failure import (
    DossierCodeRefused,
    EventMalformed,
    MemberRefused,
    NotTaken,
    StatusContradicts,
    TimeAhead,
    TypeUnknown,
)
from gateway.dossiers.members import Members, from_seconds, owner_number, read_members, read_time
from gateway.dossiers.statement import EVENT_KINDS, STATUSES, TYPE_PREFIX, Said, Statement
from gateway.vocabulary.citizen import number_address
from gateway.vocabulary.store import BlindIndex

Way = Literal["event", "whole", "step"]
"""How something came: a CloudEvent, a national message about a dossier, a row of its trace."""

CLOCKS_DIFFER_BY = timedelta(minutes=5)
"""How far ahead of ours a sender's clock may be."""

HUB = "national-message"
"""The source of what came without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One thing offered: `raw` as it came, `id` to tell the sender which one it is, `told` what it says, or why not.

    `whole_at` dates a national message, which has no time of its own.
    """

    way: Way
    raw: Any
    id: str | None
    code: DossierCode | None
    told: Statement | NotTaken
    whole_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading needs: who sends, when it is now, and the keys of the tags."""

    sender: str
    now: datetime
    index: BlindIndex

    def offer(self, way: Way, raw: Any, whole_at: datetime | None = None) -> Offer:
        """Return what one thing says. Never raises: what is wrong with it is in `told`."""
        identity = shown_id(raw) if way == "event" else _shown_code(raw)
        code: DossierCode | None = None
        told: Statement | NotTaken
        try:
            code = self._code(way, raw)
            told = self._event(raw) if way == "event" else self._row(way, raw, code, whole_at)
        except NotTaken as refused:
            told = refused
        return Offer(way=way, raw=raw, id=identity, code=code, told=told, whole_at=whole_at)

    def _code(self, way: Way, raw: Any) -> DossierCode | None:
        data = raw.get("data") if way == "event" and isinstance(raw, dict) else raw
        if not isinstance(data, dict):
            raise EventMalformed("`data`: is no JSON object")
        try:
            return parse_dossier_code(str(data.get("MaHoSo") or ""))
        except CodeRefused as refused:
            raise DossierCodeRefused(f"`MaHoSo`: {refused}") from None

    def _event(self, raw: Any) -> Statement:
        event = read_event(raw)
        kind = next((one for one in EVENT_KINDS if event.type == TYPE_PREFIX + one), None)
        if kind is None:
            raise TypeUnknown("`type`: is none of a dossier's")
        if event.at > self.now + CLOCKS_DIFFER_BY:
            raise TimeAhead("`time`: lies in the future")
        members = self._members(event.data)
        stated, possible = members.get("status"), STATUSES[kind]
        if stated is not None and possible and stated not in possible:
            raise StatusContradicts("`TrangThaiHoSo`: is no status of this type of event")
        if kind is Said.TRANSFERRED and "handling_unit" not in members:
            raise MemberRefused("`DonViXuLy`: a transfer names the code of the unit that has the dossier now")
        return Statement(sender=self.sender, source=event.source, id=event.id, at=event.at, kind=kind, members=members)

    def _row(self, way: Way, raw: Mapping[str, Any], code: DossierCode | None, whole_at: datetime | None) -> Statement:
        if way == "step":
            members = _step_members(raw)
            at = from_seconds(_needed_time(raw, "ThoiDiemXuLy"))
        else:
            members = self._members(raw)
            at = whole_at or self._newest(members)
        if at > self.now + CLOCKS_DIFFER_BY:
            raise TimeAhead("the message is dated in the future")
        assert code is not None
        digest = sha256(canonical_bytes({"code": code.text, "at": at.isoformat(), "members": members})).hexdigest()
        kind = Said.STEP if way == "step" else Said.WHOLE
        return Statement(sender=self.sender, source=HUB, id=digest[:32], at=at, kind=kind, members=members)

    def _newest(self, members: Members) -> datetime:
        """Return the newest time that a message of a file tells and that is not ahead of us."""
        limit = int(self.now.timestamp())
        names = ("received_at", "ended_at", "filed_at", "returned_at", "refused_at")
        known = [members[name] for name in names if name in members and members[name] <= limit]
        if not known:
            raise MemberRefused("`NgayTiepNhan`: a message without any time of its own cannot be put in order")
        return from_seconds(max(known))

    def _members(self, data: Mapping[str, Any]) -> Members:
        members = read_members(data)
        number = owner_number(data)
        if number is not None:
            members["check"] = check_tag(self.index, str(data["MaHoSo"]), number[-4:])
            if len(number) == 12:
                members["owner"] = number_address(number, self.index).key
        return members


def check_tag(index: BlindIndex, code: str, last_four: str) -> str:
    """Return the keyed tag of a dossier's code with the last four digits of its owner's number. Raises CodeRefused."""
    return index.blind("dossier-check", f"{parse_dossier_code(code).text}\x1f{last_four}")


def _step_members(raw: Mapping[str, Any]) -> Members:
    """Return what a row of the trace says: names of officers and what they wrote are not read."""
    return read_members({"TrangThaiHoSo": raw.get("TrangThai"), "DonViXuLy": raw.get("DonViXuLy")})


def _needed_time(raw: Mapping[str, Any], name: str) -> int:
    try:
        return read_time(raw.get(name))
    except (ValueError, OverflowError, OSError):
        raise MemberRefused(f"`{name}`: is missing, or is no time") from None


def _shown_code(raw: Any) -> str | None:
    """Return the dossier's code of a row, as it names the row for its sender; only a text with the shape of one."""
    try:
        return parse_dossier_code(str(raw.get("MaHoSo") or "")).text if isinstance(raw, dict) else None
    except CodeRefused:
        return None
