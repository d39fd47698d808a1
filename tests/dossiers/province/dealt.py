"""Invented dossiers as folding their events gives them, straight from their lives: 300,000 of them take seconds."""

from functools import cache

from gateway.dossiers.dossier import Claims, Dossier, DossierStatus, Fee, Moment, Paper, Result, Supplement
from gateway.dossiers.indicators.facts import Beside
from gateway.dossiers.province.beside import receipt_of
from gateway.dossiers.province.life import Life

_ENDS = {
    "done": DossierStatus.RETURNED,
    "withdrawn": DossierStatus.WITHDRAWN,
    "stopped": DossierStatus.STOPPED,
    "waiting": DossierStatus.SUPPLEMENT_REQUESTED,
}
_INPUTS = {
    has_file: (Paper(id="p1", component="TP01", has_file=has_file, digitised=has_file),) for has_file in (False, True)
}
_RESULTS = (Result(id="r1", code="KQ01", component="KQ01", has_file=True, has_link=True),)
_CLAIMS = {
    (part, vneid): Claims(has_digitised_part=part, vneid_verified=vneid)
    for part in (False, True)
    for vneid in (False, True)
}


@cache
def _fees(amount: int) -> tuple[Fee, ...]:
    return (Fee(code="LP01", amount=amount),)


def dossier_of(life: Life) -> Dossier:
    """Return the dossier; of its timeline only what ended it."""
    stopped = life.outcome in {"withdrawn", "stopped"} and life.ended_at is not None
    return Dossier(
        code=life.code,
        updated_at=life.returned_at or life.ended_at or life.due_at,
        procedure=life.procedure,
        receiving_unit=life.unit,
        handling_unit=life.unit,
        channel=life.channel,
        status=_ENDS[life.outcome],
        received_at=life.received_at,
        due_at=life.due_at,
        ended_at=life.ended_at,
        filed_at=life.filed_at,
        returned_at=life.returned_at,
        supplements=tuple(Supplement(asked_at=asked, answered_at=answered) for asked, answered in life.supplements),
        fees=() if life.fee is None else _fees(life.fee),
        paid_online=None if life.fee is None else 1 if life.paid_online else 3,
        inputs=_INPUTS[life.input_file],
        results=_RESULTS if life.result_file else (),
        claimed=_CLAIMS[life.reuse_claimed, life.vneid_claimed],
        receipts=() if life.receipt is None else (life.receipt,),
        moments=(Moment(status=_ENDS[life.outcome], at=life.ended_at),) if stopped and life.ended_at else (),
    )


def beside_of(life: Life) -> Beside:
    """Return what is known beside one dossier."""
    receipt = receipt_of(life)
    return Beside(
        receipts={} if receipt is None else {receipt.id: receipt},
        complained=frozenset({life.code} if life.complained else ()),
    )
