"""What a dossier counts as: the cell it falls into, and its weight there.

A cell holds everything that any formula can ask, for any period, unit and cut-off; nothing of the person. A dossier
lies in exactly one cell, so one that changed leaves one cell and enters another, and nothing else moves.
"""

from typing import NamedTuple

from gateway.dossiers.dossier import Channel, Dossier, DossierStatus
from gateway.dossiers.indicators.course import course_of
from gateway.dossiers.indicators.facts import Beside
from gateway.dossiers.indicators.period import month_of, vietnam_day
from gateway.dossiers.indicators.rules import Reading
from gateway.dossiers.indicators.words import mask_of

_CHANNELS = {
    None: mask_of("counter"),
    Channel.COUNTER: mask_of("counter"),
    Channel.ONLINE: mask_of("online"),
    Channel.POST: mask_of("post"),
}
_DUE_KNOWN = mask_of("due_known")
_COMPLETED = mask_of("completed")
_INPUT_FILE = mask_of("input_file")
_RESULT_FILE = mask_of("result_file")
_ELECTRONIC = mask_of("electronic_result")
_FEE_RECORDED = mask_of("fee_recorded")
_FREE = mask_of("free")
_PAID_ONLINE = mask_of("paid_online")
_REUSE_CLAIMED = mask_of("reuse_claimed")
_STORE_CLAIMED = mask_of("store_claimed")
_POPULATION_CLAIMED = mask_of("population_claimed")
_REUSE_PROVEN = mask_of("reuse_proven")
_STORE_PROVEN = mask_of("store_proven")
_POPULATION_PROVEN = mask_of("population_proven")
_COMPLAINED = mask_of("complained")
_STATUSES = {DossierStatus.WITHDRAWN: mask_of("withdrawn"), DossierStatus.NOT_ACCEPTED: mask_of("not_accepted")}


class Cell(NamedTuple):
    """Where a dossier counts: unit and procedure (empty when nobody said them), the month it was received, the month it
    ended (None: not yet), the day since which it is late (ordinal, None: never), and the bits of its words."""

    unit: str
    procedure: str
    received: int
    ended: int | None
    late_day: int | None
    bits: int


class Weight(NamedTuple):
    """What a cell adds up: dossiers, and the seconds they were handled."""

    dossiers: int
    seconds: int


def profile(dossier: Dossier, beside: Beside, reading: Reading) -> tuple[Cell, Weight] | None:
    """Return cell and weight of a dossier; None for one without a reception date, which no period counts."""
    if dossier.received_at is None:
        return None
    course = course_of(dossier, reading)
    bits = _said_bits(dossier, reading) | _claimed_bits(dossier, reading) | _proven_bits(dossier, beside, reading)
    if dossier.code in beside.complained:
        bits |= _COMPLAINED
    unit = dossier.handling_unit if reading.unit == "handling" else None
    cell = Cell(
        unit=unit or dossier.receiving_unit or dossier.handling_unit or "",
        procedure=dossier.procedure or "",
        received=month_of(vietnam_day(dossier.received_at)),
        ended=None if course.ended_at is None else month_of(vietnam_day(course.ended_at)),
        late_day=None if course.late_since is None else vietnam_day(course.late_since).toordinal(),
        bits=bits,
    )
    handled = course.handled_for if bits & _COMPLETED else None
    return cell, Weight(1, 0 if handled is None else handled.days * 86400 + handled.seconds)


def _said_bits(dossier: Dossier, reading: Reading) -> int:
    bits = _CHANNELS[dossier.channel] | _STATUSES.get(dossier.status or DossierStatus.NEW, 0)
    if dossier.due_at is not None:
        bits |= _DUE_KNOWN
    if (dossier.ended_at is not None or dossier.returned_at is not None) and dossier.status not in reading.stopped:
        bits |= _COMPLETED
    if any(paper.has_file for paper in dossier.inputs):
        bits |= _INPUT_FILE
    if any(result.has_file or result.has_link for result in dossier.results):
        bits |= _RESULT_FILE
    if any(result.code and result.has_link for result in dossier.results):
        bits |= _ELECTRONIC
    if dossier.fees:
        bits |= _FEE_RECORDED
        if all(fee.amount == 0 for fee in dossier.fees):
            bits |= _FREE
    return bits | (_PAID_ONLINE if dossier.paid_online in {1, 2} else 0)


def _claimed_bits(dossier: Dossier, reading: Reading) -> int:
    from_store = any(paper.from_store for paper in dossier.inputs)
    claimed = dossier.claimed
    bits = _STORE_CLAIMED if from_store else 0
    if claimed.has_digitised_part or any(paper.reused for paper in dossier.inputs):
        bits |= _REUSE_CLAIMED
    if claimed.vneid_verified or from_store or any(code in reading.population_databases for code in claimed.databases):
        bits |= _POPULATION_CLAIMED
    return bits


def _proven_bits(dossier: Dossier, beside: Beside, reading: Reading) -> int:
    bits = 0
    for receipt_id in dossier.receipts:
        receipt = beside.receipts.get(receipt_id)
        if receipt is None or receipt.dossier not in {None, dossier.code}:
            continue  # a receipt that nobody knows, or that another dossier has, proves nothing
        if not receipt.sources:
            continue
        bits |= _REUSE_PROVEN
        if any(source in reading.store_sources for source in receipt.sources):
            bits |= _STORE_PROVEN
        if any(source in reading.population_sources for source in receipt.sources):
            bits |= _POPULATION_PROVEN
    return bits
