"""Every kind of signed token where another kind belongs (RFC 8725 §2.8, §3.11, §3.12).

Three ways each: the token as its own signer made it; its claims signed by the key that is good at the place; and the
place's own claims, by the right key, under the other kind's type.
"""

import time
from collections.abc import Awaitable, Callable, Sequence

from gateway.audit.receipt import RECEIPT_TYPE as EVENT_RECEIPT_TYPE
from gateway.consent.receipt import RECEIPT_TYPE, REFUSAL_TYPE
from gateway.tokens.event_token import TYPE as EVENT_TYPE
from tests.proofs.attack_ground import (
    CALLBACK,
    EVENT,
    RESOURCE,
    Answer,
    Ground,
    Place,
    assertion,
    basic,
    fresh_id,
    read_part,
    request_object,
)
from tests.proofs.attack_tokens import Good
from tests.proofs.walking import VERIFIER, Step, answer_of

Refuse = Callable[[str, str, Callable[[], Awaitable[Answer]], Callable[[Answer], bool]], Awaitable[bool]]
FAMILIES = (
    {"ID token", "upstream ID token"},
    {"logout token", "upstream logout token"},
    {"access token", "opaque token"},
)
"""Kinds that are one kind of different signers: claims of one, signed by the other's key, are the other."""


async def confuse(ground: Ground, places: Sequence[Place], refuse: Refuse) -> dict[str, int]:
    """Show every kind at every place of another; return how many kinds, places and tokens."""
    made = await kinds(ground)
    count = 0
    for place in places:
        for kind, token in made.items():
            for name, shown in _shown(place, kind, token):
                count += 1
                await refuse(place.name, f"{kind}, {name}", _sender(place, shown), _refusal(place))
    return {"kinds": len(made), "places": len(places), "tokens": count}


def _shown(place: Place, kind: str, token: Good) -> list[tuple[str, str]]:
    """Return the three ways of showing one kind at a place; fewer where one of them is the right kind."""
    if kind == place.kind:
        return []
    shown = [("as it is made", token.signed())]
    if any({kind, place.kind} <= family for family in FAMILIES):
        return shown
    right = place.good()
    named = {}
    if token.key["kid"] == right.key["kid"]:  # whoever holds this key may name whom it likes
        named = {name: right.claims[name] for name in ("iss", "aud") if name in token.claims and name in right.claims}
    header = {**right.header, "typ": token.header["typ"]}
    shown.append(("by the right key", Good(header, {**token.claims, **named}, right.key).signed()))
    if token.header["typ"] not in {"JWT", right.header["typ"]}:
        shown.append(("as a type alone", right.signed(header={"typ": token.header["typ"]})))
    return shown


def _sender(place: Place, shown: str) -> Callable[[], Awaitable[Answer]]:
    async def send() -> Answer:
        if place.ready is not None:
            await place.ready()
        return await place.send(shown)

    return send


def _refusal(place: Place) -> Callable[[Answer], bool]:
    return lambda answer: not place.took(answer) and answer.status in place.refusals


async def kinds(ground: Ground) -> dict[str, Good]:
    """Return one good token of each kind: those that leave the gateway as it made them, what others sign as they do."""
    person, proof = await _person(ground), ground.holder.prove("POST", f"{ground.issuer}/token", time.time())
    claims = read_part(ground.tokens["id_token"], 1)
    about = {"sub": claims["sub"], "aud": claims["aud"], "jti": fresh_id()}
    return {
        "ID token": _again(ground, ground.tokens["id_token"]),
        "access token": _again(ground, await _access(ground)),
        "signed answer": _again(ground, await _signed_answer(ground)),
        "signed userinfo": _again(ground, person),
        "manifest": _again(ground, ground.form["manifest"]),
        "logout token": ground.ours("logout+jwt", **about, sid=claims["sid"], events={EVENT: {}}),
        "event receipt": ground.ours(EVENT_RECEIPT_TYPE, **about),
        "consent receipt": ground.ours(RECEIPT_TYPE, **about, consent="co_1"),
        "consent refusal": ground.ours(REFUSAL_TYPE, **about, consent="co_1", decision="refused"),
        "security event": ground.ours(EVENT_TYPE, **about, events={}, sub_id={"format": "opaque", "id": "x"}),
        "client assertion": assertion(ground),
        "request object": request_object(ground),
        "DPoP proof": Good(read_part(proof, 0), read_part(proof, 1), ground.holder.jwk, time="iat", brings_key=True),
        "upstream ID token": ground.theirs("JWT", sub="subject-1", exp=int(time.time()) + 300, nonce="n"),
        "upstream logout token": ground.theirs("logout+jwt", sub="subject-1", jti=fresh_id(), events={EVENT: {}}),
    }


def _again(ground: Ground, token: str) -> Good:
    """Return a token of the gateway as something that can be bent: it signed it with the key we read."""
    header = read_part(token, 0)
    assert header["kid"] == ground.ring["kid"], header
    return Good(header, read_part(token, 1), ground.ring)


async def _access(ground: Ground) -> str:
    form = {"grant_type": "client_credentials", "resource": RESOURCE}
    answer = await ground.ask("POST", "/token", data=form, headers=basic())
    assert answer.status == 200, answer
    return str(answer.members["access_token"])


async def _signed_answer(ground: Ground) -> str:
    """Ask silently for what needs a yes: the refusal comes back as one signed token."""
    form = ground.asked(response_mode="jwt", prompt="none", max_age="0")
    path = Step(f"/authorize?{ground.query(form)}").url
    answer = await ground.ask("GET", path, session=ground.browser.session)
    return answer_of(Step(answer.location))["response"]


async def _person(ground: Ground) -> str:
    """Sign in at the client whose userinfo is signed; return that."""
    step = Step(f"{ground.issuer}/authorize?{ground.query(ground.asked())}")
    back = await ground.browser.go(step, lambda one: one.url.startswith(CALLBACK))
    form = {"grant_type": "authorization_code", "code": answer_of(back)["code"], "code_verifier": VERIFIER}
    got = await ground.ask("POST", "/token", data={**form, "redirect_uri": CALLBACK}, headers=basic())
    assert got.status == 200, got
    bearer = {"Authorization": f"Bearer {got.members['access_token']}"}
    told = await ground.ask("GET", "/userinfo", headers=bearer)
    assert told.status == 200, told
    return told.text
