"""Dead letters: shown with their reasons, and read again with the rights their senders have now."""

import json
from collections.abc import Mapping, Sequence

from gateway.dossiers.failure import DeadLetterUnknown
from gateway.dossiers.intake import AT_ONCE, NOTHING, Intake, Sender, Taken
from gateway.dossiers.offer import Offer
from gateway.dossiers.record import DeadLetter
from gateway.vocabulary.store import Kind, Listing

_LISTED = 10_000


class DeadLetters:
    """What waits. `listing` is the store's other half, which finds records without their keys."""

    def __init__(self, intake: Intake, listing: Listing) -> None:
        self._intake = intake
        self._listing = listing

    async def waiting(self) -> list[DeadLetter]:
        """Return what waits, the newest `_LISTED` of it, oldest first. Raises StorageUnavailable."""
        now = self._intake.clock.now()
        found = await self._listing.select(Kind.DEAD_LETTER, limit=_LISTED)
        letters = [DeadLetter.of(record) for record in found if record.alive(now)]
        return sorted(letters, key=lambda letter: (letter.at, letter.id))

    async def replay(self, ids: Sequence[str], senders: Mapping[str, Sender], actor: tuple[str, str]) -> Taken:
        """Read letters again, all of them without `ids`: what can be taken now is, and its letter goes with it.

        `senders` are the clients as they may send now; any other may no more, and its letters stay. `actor` is who does
        it. Raises DeadLetterUnknown, DossierBusy, StorageUnavailable.
        """
        waiting = {letter.id: letter for letter in await self.waiting()}
        unknown = [one for one in ids if one not in waiting]
        if unknown:
            raise DeadLetterUnknown(f"`{unknown[0]}`")
        wanted = [waiting[one] for one in ids] if ids else list(waiting.values())
        told = NOTHING
        for sender_id in dict.fromkeys(letter.sender for letter in wanted):
            sender = senders.get(sender_id) or Sender(client_id=sender_id, units=frozenset(), actor=actor)
            own = [letter for letter in wanted if letter.sender == sender_id]
            for start in range(0, len(own), AT_ONCE):
                some = own[start : start + AT_ONCE]
                offers = [self._read_again(letter) for letter in some]
                told = told.with_more(await self._intake.take(sender, offers, letters=some))
        return told

    def _read_again(self, letter: DeadLetter) -> Offer:
        return self._intake.read(letter.sender, letter.way, [json.loads(letter.raw)], letter.whole_at)[0]
