"""What `gate06 doctor` finds waiting to be told to others: how much, and since when; and the message hub's files."""

from datetime import datetime, timedelta

from gateway.cli.doctor_row import Row
from gateway.delivery.delivery import EVERYTHING, Delivery, delivery_of
from gateway.settings import ConfigurationRefused, Settings
from gateway.settings.message_hub import read_hub
from gateway.storage.open import Storage
from gateway.vocabulary.store import Kind

_PATIENT_FOR = timedelta(hours=1)
_LOOKED_AT = 1000


async def check_deliveries(storage: Storage, now: datetime) -> list[Row]:
    """Return a row for the whole queue, or one for every receiver that has not answered for an hour.

    Raises StorageUnavailable.
    """
    records = await storage.store.earliest(Kind.DELIVERY, before=EVERYTHING, limit=_LOOKED_AT)
    waiting = [delivery_of(record) for record in records]
    late: dict[str, list[Delivery]] = {}
    for one in waiting:
        if now - one.begun_at > _PATIENT_FOR:
            late.setdefault(f"{one.channel} to `{one.receiver}`", []).append(one)
    if not late:
        return [Row("deliveries", True, f"{len(waiting)} waiting")]
    return [
        Row(
            "deliveries",
            False,
            f"{receiver}: {len(ones)} waiting, the oldest since "
            f"{min(one.begun_at for one in ones).isoformat(timespec='seconds')}",
            "see the log for `not_delivered`: the receiver's address, its certificate, the egress zone",
        )
        for receiver, ones in sorted(late.items())
    ]


def check_hub(settings: Settings) -> list[Row]:
    """Return whether the files of the message hub can be used."""
    try:
        read_hub(settings)
    except ConfigurationRefused as refused:
        return [Row("message hub", False, problem, refused.fix) for problem in refused.problems]
    return [Row("message hub", True, f"alerts of sign-ins go to `{settings.message_hub.audience}`")]
