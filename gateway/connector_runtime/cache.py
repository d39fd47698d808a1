"""Values that may serve again, where an operator or a register's owner said for how long, attribute by attribute.

What is kept lies sealed in this process's memory under a key that dies with it (AES-256-GCM); people are found by a
keyed digest of the whole question, so permission stays per procedure, purpose and officer. Only values that were found
are kept: no absence, no refusal, no trouble. Consent and policy are decided before a source is asked, kept or not.
"""

import hmac
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.connector_runtime.contract import Answer, Question
from gateway.connector_runtime.limits import Limits
from gateway.vocabulary.clock import Clock, Randomness
from gateway.vocabulary.outcome_parts import decode_outcome, encode_outcome
from gateway.vocabulary.provenance import Found, Outcome


class _Kept(NamedTuple):
    sealed: bytes
    at: datetime


class AnswerCache:
    """What one source said of the people asked about last."""

    def __init__(self, limits: Limits, clock: Clock, chance: Randomness) -> None:
        self._limits = limits
        self._clock = clock
        self._chance = chance
        self._cipher = AESGCM(chance.octets(32))
        self._index_key = chance.octets(32)
        self._people: OrderedDict[bytes, dict[str, _Kept]] = OrderedDict()

    def fresh(self, question: Question) -> dict[str, Outcome]:
        """Return what may be told without asking the source."""
        return self._read(question, question.attributes, stale=False)

    def stale(self, question: Question, attributes: Iterable[str]) -> dict[str, Outcome]:
        """Return what may still be told while the source is in trouble, marked as stale."""
        return self._read(question, attributes, stale=True)

    def keep(self, question: Question, answer: Answer) -> None:
        """Keep the values that were found and may be kept."""
        found = {name: one for name, one in answer.items() if name in self._limits.fresh_for and isinstance(one, Found)}
        if not found:
            return
        person = self._person(question)
        kept = self._people.setdefault(person, {})
        self._people.move_to_end(person)
        now = self._clock.now()
        for name, outcome in found.items():
            nonce = self._chance.octets(12)
            text = orjson.dumps(encode_outcome(outcome))
            kept[name] = _Kept(nonce + self._cipher.encrypt(nonce, text, person + name.encode()), now)
        while len(self._people) > self._limits.kept_people:
            self._people.popitem(last=False)

    def _read(self, question: Question, attributes: Iterable[str], *, stale: bool) -> dict[str, Outcome]:
        person = self._person(question)
        kept = self._people.get(person)
        if kept is None:
            return {}
        now, told = self._clock.now(), {}
        longer = self._limits.stale_for if stale else 0.0
        for name in attributes:
            if name not in kept:
                continue
            age = (now - kept[name].at).total_seconds()
            if age >= self._limits.fresh_for[name] + longer:
                if age >= self._limits.fresh_for[name] + self._limits.stale_for:
                    del kept[name]
                continue
            told[name] = self._open(person, name, kept[name].sealed, stale=stale)
        if not kept:
            del self._people[person]
        return told

    def _open(self, person: bytes, name: str, sealed: bytes, *, stale: bool) -> Outcome:
        outcome = decode_outcome(orjson.loads(self._cipher.decrypt(sealed[:12], sealed[12:], person + name.encode())))
        if stale and isinstance(outcome, Found):
            return replace(outcome, provenance=replace(outcome.provenance, stale=True))
        return outcome

    def _person(self, question: Question) -> bytes:
        asked = [
            question.personal_number,
            question.old_number,
            question.full_name,
            None if question.birth_date is None else str(question.birth_date),
            question.procedure,
            question.purpose,
            question.officer_ref,
            question.requester_number,
            question.requester_name,
        ]
        return hmac.digest(self._index_key, orjson.dumps(asked), "sha256")
