"""One invented dossier from filing to result."""

from dataclasses import dataclass
from datetime import datetime

from gateway.dossiers.dossier import Channel
from gateway.dossiers.province.mix import Outcome, Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A dossier as it went. Times are aware, whole seconds; `steps` are when it was handed on inside the office.

    `fee` is what it costs in VND, None where its procedure costs nothing, `paid_online` whether that was paid online.
    `owner` is an invented name and number. `proof` is what a prefill receipt shows of it.
    """

    code: str
    procedure: str
    unit: str
    channel: Channel
    filed_at: datetime
    received_at: datetime
    due_at: datetime
    steps: tuple[datetime, ...]
    supplements: tuple[tuple[datetime, datetime | None], ...]
    ended_at: datetime | None
    returned_at: datetime | None
    outcome: Outcome
    fee: int | None
    paid_online: bool
    input_file: bool
    result_file: bool
    reuse_claimed: bool
    vneid_claimed: bool
    proof: Proof
    complained: bool
    owner: tuple[str, str]

    @property
    def receipt(self) -> str | None:
        """The id of its prefill receipt, None where it has none."""
        return None if self.proof == "none" else f"rc_synthetic_{self.code}"
