"""The lives of consents, at random and on two nodes, beside a model of ten lines: refused, given whole or in part,
answered anew, withdrawn, run out, also while a prefill on the other node waits for its sources.

`It must show` 3 of the full road. After every step every sign-in of the person so far asks for the form on either node:
it is told exactly what its own consent opens now, or how that ended. `withdrawal` plays the withdrawal in a thousand
random orders against a prefill; here it is one of all that may happen.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.consent.failure import ConsentOver, ConsentSupersededBefore, ConsentWithdrawnBefore
from gateway.consent.record import Consent
from gateway.policy.failure import ConsentMissing
from gateway.prefill.bearer import Bearer
from gateway.vocabulary.failure import Failure
from tests.consent.nodes import Node, later, open_nodes
from tests.services import fresh_urls

COVERS = ("gateway/consent", "gateway/prefill", "gateway/storage", "gateway/policy", "tests/consent/nodes.py")
SETTINGS = ("sqlite", "postgresql+redis")
SEED = 20261127
STEPS = 6
ENOUGH = 100
"""Lives in which everything happens."""
PEOPLE = (2, 3, 6, 7, 8)
RUNS_OUT = timedelta(days=30)
ENDED: dict[str, type[Failure]] = {
    "withdrawn": ConsentWithdrawnBefore,
    "expired": ConsentOver,
    "superseded": ConsentSupersededBefore,
    "refused": ConsentMissing,
}
RELEASES = frozenset({"FormReleased", "LateFieldsReleased"})


@dataclass
class Answer:
    """One answer of the page as the model sees it: `state` is open, or how it ended."""

    bearer: Bearer
    consent: Consent
    state: str = "open"


@dataclass
class Life:
    """One person on one dossier; `answers` in order."""

    index: int
    dossier: str
    nodes: list[Node]
    chance: random.Random
    answers: list[Answer] = field(default_factory=list)

    @property
    def open(self) -> list[Answer]:
        return [one for one in self.answers if one.state == "open"]

    def node(self) -> Node:
        return self.chance.choice(self.nodes)

    def supersede(self) -> None:
        for one in self.open:
            one.state = "superseded"


Act = Callable[[Life], Awaitable[None]]


async def agree_to_all(life: Life) -> None:
    """Tick everything."""
    bearer, consent = await life.node().agree(life.index, dossier=life.dossier)
    life.supersede()
    life.answers.append(Answer(bearer, consent))


async def agree_in_part(life: Life) -> None:
    """Tick some boxes, perhaps none."""
    node = life.node()
    offered = [offer.field for offer in (await node.question(node.ask(life.index, dossier=life.dossier))).offers]
    ticked = [name for name in offered if life.chance.random() < 0.5]
    bearer, consent = await node.agree(life.index, ticked, dossier=life.dossier)
    life.supersede()
    life.answers.append(Answer(bearer, consent))


async def refuse(life: Life) -> None:
    """Say no; a sign-in that claims to rest on that answer opens nothing."""
    node = life.node()
    consent = await node.refuse(life.index, dossier=life.dossier)
    life.supersede()
    life.answers.append(Answer(node.bearer(node.ask(life.index, dossier=life.dossier), consent.id), consent, "refused"))


async def withdraw(life: Life) -> None:
    """Withdraw what is open, on any node; nothing to withdraw is nothing done."""
    for one in life.open:
        await life.node().withdraw(one.consent)
        one.state = "withdrawn"


async def run_out(life: Life) -> None:
    """Let the time of what is open pass."""
    life.nodes[0].clock.move(RUNS_OUT)  # one clock for both
    for one in life.open:
        one.state = "expired"


ACTS: tuple[Act, ...] = (agree_to_all, agree_in_part, refuse, withdraw, run_out)


async def prove(
    folder: Path, *, settings: Sequence[str] = SETTINGS, lives: int = 300, seed: int = SEED
) -> dict[str, Any]:
    """Play `lives` lives on every setting. Raises AssertionError."""
    seen = {}
    for setting in settings:
        chance = random.Random(f"{seed} {setting}")
        where = folder / setting
        await asyncio.to_thread(where.mkdir, parents=True)
        async with open_nodes(fresh_urls(setting, where)) as nodes:
            outcomes: Counter[str] = Counter()
            for number in range(lives):
                life = Life(chance.choice(PEOPLE), f"D-{number}", nodes, chance)
                await agree_in_part(life)
                for _ in range(STEPS):
                    outcomes += await step(life)
            await judge(nodes[0])
            seen[setting] = dict(sorted(outcomes.items()))
        wanted = {"whole", "in part", *ENDED, *(f"halfway {one}" for one in ("withdrawn", "expired", "superseded"))}
        assert wanted <= seen[setting].keys() or lives < ENOUGH, wanted - seen[setting].keys()
    return {"seed": seed, "lives": lives, "steps": STEPS, "nodes": 2, "told": seen, "told_beyond_a_consent": 0}


async def step(life: Life) -> Counter[str]:
    """Do one thing, at times while a prefill on another node waits for its sources; then ask with every sign-in."""
    act = life.chance.choice(ACTS)
    told: Counter[str] = Counter()
    under_way = life.open[-1] if life.open and life.chance.random() < 0.4 else None
    if under_way is None:
        await act(life)
    else:
        here = life.node()
        here.sources.gate, here.sources.asking = asyncio.Event(), asyncio.Event()
        filling = asyncio.create_task(fill(here, under_way))
        asked = asyncio.create_task(here.sources.asking.wait())
        await asyncio.wait({asked, filling}, return_when="FIRST_COMPLETED")  # kept answers ask nobody
        asked.cancel()
        await act(life)
        here.sources.gate.set()
        here.sources.gate = None
        ended = await filling
        if isinstance(ended, Failure):
            assert isinstance(ended, ENDED[under_way.state]), (act, under_way.state, ended)
            told[f"halfway {under_way.state}"] += 1
    for one in life.answers:
        told[check(one, await fill(life.node(), one))] += 1
    return told


async def fill(node: Node, answer: Answer) -> dict[str, Any] | Failure:
    """Ask for the form with a sign-in; return it, or the refusal."""
    try:
        return await node.fill(later(answer.bearer, granted_at=node.clock.now()))
    except Failure as refused:
        return refused


def check(answer: Answer, told: dict[str, Any] | Failure) -> str:
    """Hold what came against the model; return how it came out."""
    if answer.state != "open":
        assert isinstance(told, ENDED[answer.state]), (answer.state, told)
        return answer.state
    assert isinstance(told, dict), told
    offered = {offer.field for offer in answer.consent.offers}
    for name, one in told["fields"].items():
        if name in offered and name not in answer.consent.agreed:
            assert (one["status"], one["value"], one["why"]["code"]) == ("withheld", None, "PF-134"), name
        elif name in offered:
            assert one["status"] not in {"withheld"}, (name, one)
    return "whole" if offered == answer.consent.agreed else "in part"


async def judge(node: Node) -> None:
    """In the order in which the store took the events, nothing of a consent stands behind its end."""
    ended: set[str] = set()
    for event in await node.events():
        if event["event"] in {"ConsentWithdrawn", "ConsentSuperseded", "ConsentRefused"}:
            ended.add(event["consent_id"])
        elif event["event"] in RELEASES or event["event"] == "FormAsked":
            assert event["consent_id"] not in ended, event["event"]
    assert ended
