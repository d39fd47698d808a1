"""Nothing is released after an acknowledged withdrawal: a prefill on one node, a withdrawal on another, in a thousand
random orders, on real stores.

`It must show` 3 of the full road. Both sides start in the same moment and wait for random times, some of them
none; so the withdrawal falls before the sources are asked, while they work, in the release's commit, and after it.
What is judged is what is stored: the events of a consent, in the order in which the store took them.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.consent.failure import ConsentWithdrawnBefore
from gateway.consent.record import Consent
from gateway.prefill.failure import FormUnknown, SessionOver
from tests.consent.nodes import Node, open_nodes
from tests.services import fresh_urls

COVERS = ("gateway/consent", "gateway/prefill", "gateway/storage")
SETTINGS = ("sqlite", "postgresql+redis")
SEED = 20261127
LONGEST_S = 0.006
PEOPLE = (2, 3, 6, 7, 8)
RELEASES = frozenset({"FormReleased", "LateFieldsReleased"})
WAYS = ("fresh", "kept", "again", "other_party")


@dataclass(frozen=True, slots=True)
class Turn:
    """One interleaving: what is under way when the person withdraws, and who waits how long (seconds)."""

    number: int
    way: str
    prefill_after: float
    sources_take: float
    withdraw_after: float


async def prove(
    folder: Path, *, settings: tuple[str, ...] = SETTINGS, turns: int = 1000, seed: int = SEED
) -> dict[str, Any]:
    """Play `turns` interleavings on every setting. Raises AssertionError."""
    seen = {}
    for setting in settings:
        chance = random.Random(f"{seed} {setting}")
        where = folder / setting
        where.mkdir(parents=True)
        async with open_nodes(fresh_urls(setting, where)) as nodes:
            outcomes: Counter[str] = Counter()
            for number in range(turns):
                outcomes[await play(nodes, turn_of(number, chance))] += 1
            await judge_all(nodes[0])
            seen[setting] = dict(sorted(outcomes.items()))
        assert {"released before", "refused"} <= seen[setting].keys(), "the interleavings do not interleave"
    return {"seed": seed, "turns": turns, "nodes": 2, "outcomes": seen, "released_after_withdrawal": 0}


def turn_of(number: int, chance: random.Random) -> Turn:
    """Return a random interleaving; half of the waits are none at all."""

    def wait() -> float:
        return 0.0 if chance.random() < 0.5 else chance.uniform(0, LONGEST_S)

    return Turn(number, chance.choice(WAYS), wait(), wait(), wait())


async def play(nodes: list[Node], turn: Turn) -> str:
    """Let a prefill and a withdrawal run against each other; return how the prefill ended."""
    here, there = nodes
    dossier = f"D-{turn.number}"
    one, two = (PEOPLE[(turn.number + place) % len(PEOPLE)] for place in (0, 1))
    bearer, consent = await here.agree(one, dossier=dossier)
    form = await here.fill(bearer) if turn.way in {"kept", "again"} else None
    if turn.way == "other_party":
        _, consent = await there.agree(two, dossier=dossier)  # whose part stands in the form of `one`
    here.sources.delay = turn.sources_take

    async def prefill() -> str:
        await asyncio.sleep(turn.prefill_after)
        try:
            if turn.way == "again" and form is not None:
                told = await here.again(bearer, form["id"])
            else:
                told = await here.fill(bearer)
        except ConsentWithdrawnBefore:
            return "refused"
        except (SessionOver, FormUnknown):
            return "refused halfway"  # grant and kept answers are in Redis, which hears of it before SQL does
        if turn.way == "other_party":
            told_other = told["fields"]["party_b.full_name"]["value"] is not None
            return "released before" if told_other else "released without them"
        return "released before"

    async def withdraw() -> int:
        await asyncio.sleep(turn.withdraw_after)
        await there.withdraw(consent)
        return await releases(there, consent)  # acknowledged: from here on the number must stand still

    outcome, acknowledged = await asyncio.gather(prefill(), withdraw())
    assert await releases(here, consent) == acknowledged, f"{turn}: released after the withdrawal was acknowledged"
    return outcome


async def releases(node: Node, consent: Consent) -> int:
    """Return how many releases under a consent are stored."""
    tag = await node.house.desk.evidence.subject_tags(consent.citizen_id, [consent.given_at.strftime("%Y-%m")])
    found = await node.storage.journal.of_subject(tag, 100_000)
    needle = f'"consent_id":"{consent.id}"'.encode()
    return sum(needle in one.leaf and b'Released"' in one.leaf for one in found)


async def judge_all(node: Node) -> None:
    """Of every consent that was withdrawn, no asking and no release stands behind the withdrawal."""
    withdrawn: set[str] = set()
    for event in await node.events():
        name, consent_id = event["event"], event["consent_id"]
        if name == "ConsentWithdrawn":
            withdrawn.add(consent_id)
        elif name in RELEASES or name == "FormAsked":
            assert consent_id not in withdrawn, f"{name} of a consent that was withdrawn before"
    assert withdrawn
