"""Every place that takes a signed token, with what a good one is there and how to see whether one was taken."""

import time
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import aiohttp

from gateway.openid_provider.client_assertion import ASSERTION_TYPE
from gateway.tokens.key_material import public_jwk
from tests.conformance.upstream import ALIAS
from tests.proofs.attack_ground import (
    ASKER,
    CALLBACK,
    EVENT,
    EXPIRED,
    KEY,
    RESOURCE,
    SIGNER,
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
from tests.proofs.walking import Page, Step, Walker, answer_of


def places(ground: Ground) -> list[Place]:
    """Return every place that takes a signed token: of the gateway over HTTP, and the command that checks them."""
    served = [*_assertions(ground), *_requests(ground), *_proofs(ground), *_own(ground), *_upstream(ground)]
    return [*served, *_checks(ground)]


def _assertions(ground: Ground) -> list[Place]:
    forms: dict[str, dict[str, str]] = {
        "/token": {"grant_type": "client_credentials", "resource": RESOURCE},
        "/par": {**ground.asked(client_id=SIGNER), "scope": "openid"},
        "/introspect": {"token": "x"},
        "/revoke": {"token": "x"},
    }

    def at(path: str, form: dict[str, str]) -> Place:
        async def send(token: str) -> Answer:
            proven = {"client_assertion": token, "client_assertion_type": ASSERTION_TYPE}
            proof = ground.holder.prove("POST", f"{ground.issuer}{path}", time.time())
            headers = {"DPoP": proof} if path == "/token" else {}
            return await ground.ask("POST", path, data={**form, **proven}, headers=headers)

        return Place(
            name=f"assertion at {path}",
            kind="client assertion",
            good=lambda: assertion(ground),
            send=send,
            took=lambda answer: answer.status in {200, 201},
            refusals=frozenset({400, 401}),
        )

    return [at(path, form) for path, form in forms.items()]


def _requests(ground: Ground) -> list[Place]:
    async def push(token: str) -> Answer:
        return await ground.ask("POST", "/par", data={"client_id": ASKER, "request": token}, headers=basic())

    async def post(token: str) -> Answer:
        beside = {"client_id": ASKER, "redirect_uri": CALLBACK, "request": token}
        return await ground.ask("POST", "/authorize", data=beside)

    return [
        Place(
            name="request object at /par",
            kind="request object",
            good=lambda: request_object(ground),
            send=push,
            took=lambda answer: answer.status == 201,
            refusals=frozenset({400}),
        ),
        Place(
            name="request object at /authorize",
            kind="request object",
            good=lambda: request_object(ground),
            send=post,
            took=lambda answer: answer.location.startswith(f"{ground.issuer}/interaction/"),
            refusals=frozenset({303, 400}),  # 303: the error goes to the client's address
        ),
    ]


def _proofs(ground: Ground) -> list[Place]:
    """Proofs of possession: the key is the header's, and a key id is one more member nobody knows (RFC 9449 §4.2)."""
    ignored = {"kid: path", "kid: file", "kid: SQL", "kid: union", "kid: command", "kid: NUL", "kid: empty"}
    token = {"Authorization": f"DPoP {ground.bound}"}
    ways: list[tuple[str, str, dict[str, str], dict[str, str] | None, set[int]]] = [
        ("POST", "/token", ground.stack.basic, {"grant_type": "client_credentials"}, {200}),
        ("POST", "/par", basic(), ground.asked(), {201}),
        ("GET", "/userinfo", token, None, {200}),
        ("GET", f"/v1/prefill/{ground.form['id']}", token, None, {200, 404}),
    ]

    def at(method: str, path: str, headers: dict[str, str], form: dict[str, str] | None, taken: set[int]) -> Place:
        def good() -> Good:
            shown = ground.bound if "DPoP" in headers.get("Authorization", "") else None
            whole = ground.holder.prove(method, f"{ground.issuer}{path}", time.time(), token=shown)
            return Good(read_part(whole, 0), read_part(whole, 1), ground.holder.jwk, time="iat", brings_key=True)

        async def send(proof: str) -> Answer:
            return await ground.ask(method, path, data=form, headers={**headers, "DPoP": proof})

        return Place(
            name=f"proof at {path.replace(ground.form['id'], '{form_id}')}",
            kind="DPoP proof",
            good=good,
            send=send,
            took=lambda answer: answer.status in taken,
            refusals=frozenset({400, 401, 431}),
            ignores=frozenset({*ignored, "kid: address"}),
            in_header=True,
        )

    return [at(*way) for way in ways]


def _own(ground: Ground) -> list[Place]:
    """What the gateway signed itself and is shown again."""
    return [*_hints(ground), *_signed_access(ground), _manifest(ground), *_bearers(ground)]


def _hints(ground: Ground) -> list[Place]:
    told = read_part(ground.tokens["id_token"], 1)

    def hint() -> Good:
        return ground.ours("JWT", **{name: told[name] for name in ("sub", "aud", "sid") if name in told})

    async def silent(token: str) -> Answer:
        step = ground.browser.authorization(3, prompt="none", id_token_hint=token)
        form = dict(parse_qsl(urlsplit(step.url).query))
        sent = await ground.ask("POST", "/authorize", data=form, session=ground.browser.session)
        if not sent.location.startswith(f"{ground.issuer}/interaction/"):
            return sent
        path = sent.location.removeprefix(ground.issuer)
        answer = await ground.ask("GET", path, session=ground.browser.session)
        return replace(answer, seconds=max(sent.seconds, answer.seconds))

    async def leave(token: str) -> Answer:
        away = {"id_token_hint": token, "post_logout_redirect_uri": f"{ground.stack.plan.portal_url}/logged-out"}
        sent = await ground.ask("POST", "/logout", data=away)
        if not sent.location.startswith(f"{ground.issuer}/logout?"):
            return sent
        answer = await ground.ask("GET", sent.location.removeprefix(ground.issuer))
        return replace(answer, seconds=max(sent.seconds, answer.seconds))

    return [
        Place(
            name="hint at /authorize",
            kind="ID token",
            good=hint,
            send=silent,
            took=lambda answer: "code" in answer_of(Step(answer.location)),
            refusals=frozenset({303, 400}),
            ignores=EXPIRED,
        ),
        Place(
            name="hint at /logout",
            kind="ID token",
            good=hint,
            send=leave,
            took=lambda answer: bool(answer.location),
            refusals=frozenset({200, 400}),  # 200: the page that asks the person
            ignores=EXPIRED,
        ),
    ]


def _signed_access(ground: Ground) -> list[Place]:
    def good() -> Good:
        about = {"sub": ASKER, "client_id": ASKER, "aud": RESOURCE, "jti": fresh_id(), "scope": "report:read"}
        return ground.ours("at+jwt", **about)

    async def introspect(token: str) -> Answer:
        return await ground.ask("POST", "/introspect", data={"token": token}, headers=basic())

    async def revoke(token: str) -> Answer:
        return await ground.ask("POST", "/revoke", data={"token": token}, headers=basic())

    refusals = frozenset({200, 400})  # 200: `active: false`; and nobody learns which tokens exist (RFC 7009 §2.2)
    active = Place(
        name="token at /introspect",
        kind="access token",
        good=good,
        send=introspect,
        took=lambda answer: answer.members.get("active") is True,
        refusals=refusals,
    )
    # a signed token of ours cannot be revoked, whomever it is for, and saying so is what taking it means there
    named = ("part", "more", "capitals", "several in one", "another", "list of another", "list of parts", "pattern")
    revocable = replace(
        active,
        name="token at /revoke",
        send=revoke,
        took=lambda answer: answer.error == "unsupported_token_type",
        ignores=frozenset(f"aud: {name}" for name in named),
    )
    return [active, revocable]


def _manifest(ground: Ground) -> Place:
    async def verify(token: str) -> Answer:
        body = {"manifest": token, "values": {}}
        return await ground.ask("POST", "/v1/prefill/verify", json=body, headers=ground.own)

    return Place(
        name="manifest at /v1/prefill/verify",
        kind="manifest",
        good=lambda: ground.ours("prefill-manifest+jwt", **read_part(ground.form["manifest"], 1)),
        send=verify,
        took=lambda answer: answer.members.get("manifest") == "valid",
        refusals=frozenset({200, 400, 413, 422}),
    )


def _bearers(ground: Ground) -> list[Place]:
    """No signed token is a key to our own doors: what opens them is looked up and not read."""

    def good() -> Good:
        told = read_part(ground.tokens["id_token"], 1)
        about = {"sub": told["sub"], "client_id": told["aud"], "aud": ground.issuer, "jti": fresh_id()}
        return ground.ours("at+jwt", **about, scope="openid profile")

    def at(path: str) -> Place:
        async def send(token: str) -> Answer:
            return await ground.ask("GET", path, headers={"Authorization": f"Bearer {token}"})

        return Place(
            name=f"bearer at {path.replace(ground.form['id'], '{form_id}')}",
            kind="opaque token",
            good=good,
            send=send,
            took=lambda answer: answer.status == 200,
            refusals=frozenset({400, 401, 431}),
            in_header=True,
        )

    return [at("/userinfo"), at(f"/v1/prefill/{ground.form['id']}")]


def _upstream(ground: Ground) -> list[Place]:
    upstream = ground.upstream
    waiting: list[tuple[Walker, Step]] = []

    async def go_there() -> None:
        """Walk to the callback: from now on the nonce of the token to come is known."""
        while waiting:  # somebody went there and sent nothing
            await waiting.pop()[0].session.close()
        browser = Walker(ground.stack, aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)))
        step = browser.authorization(3, "openid", idp_hint=ALIAS)
        callback = f"{ground.issuer}/upstream/{ALIAS}/callback"
        waiting.append((browser, await browser.go(step, lambda one: one.url.startswith(callback))))

    async def come_back(token: str) -> Answer:
        browser, step = waiting.pop()
        upstream.twist_token = lambda good: token
        begun = time.perf_counter()
        answer = await browser.ask(step)
        seconds = time.perf_counter() - begun
        while isinstance(answer, Step) and not answer.url.startswith(browser.callback):
            answer = await browser.ask(answer)
        await browser.session.close()
        if isinstance(answer, Page):
            return Answer(answer.status, {}, "", answer.text, seconds)
        return Answer(303, {}, answer.url, "", seconds)

    async def end(token: str) -> Answer:
        return await ground.ask("POST", f"/upstream/{ALIAS}/backchannel-logout", data={"logout_token": token})

    return [
        Place(
            name="ID token at the upstream's callback",
            kind="upstream ID token",
            good=lambda: ground.theirs("JWT", sub="subject-1", exp=int(time.time()) + 300, nonce=upstream.nonce),
            send=come_back,
            took=lambda answer: 'id="consent-allow"' in answer.text or "code=" in answer.location,
            refusals=frozenset({400, 403, 502, 503}),
            ready=go_there,
        ),
        Place(
            name="logout token at the upstream's back channel",
            kind="upstream logout token",
            good=lambda: ground.theirs("logout+jwt", sub="subject-1", jti=fresh_id(), events={EVENT: {}}),
            send=end,
            took=lambda answer: answer.status == 200,
            refusals=frozenset({400}),
        ),
    ]


def _checks(ground: Ground) -> list[Place]:
    """What others run their vectors through (`gate06 verify`): the code of the service, and so as strict."""
    jwks = {"keys": [public_jwk(KEY)]}

    async def jws(token: str) -> Answer:
        asked = {"jws": token, "policy": "client_assertion", "jwks": jwks, "audience": ground.issuer}
        return await ground.checks["jws"].ask(**asked)

    async def dpop(proof: str) -> Answer:
        return await ground.checks["dpop"].ask(proof=proof, htm="POST", htu=f"{ground.issuer}/token")

    first = Place(
        name="assertion at gate06 verify jws",
        kind="client assertion",
        good=lambda: assertion(ground),
        send=jws,
        took=lambda answer: answer.members.get("valid") is not False or not answer.members.get("rule"),
        refusals=frozenset({200}),
    )
    (proof, *_) = _proofs(ground)
    return [
        first,
        replace(proof, name="proof at gate06 verify dpop", send=dpop, took=first.took, refusals=first.refusals),
    ]
