"""A submitted form that was changed is caught, and one that only looks different is not accused.

`It must show` 4 of the road. The mass runs through the same code with real keys, store and policy
(`tests.prefill.mutations`), a part of it through the real HTTP endpoint, with manifests that are another person's,
procedure's or portal's, expired, or signed by a key retired since.
"""

import asyncio
import random
import tempfile
from base64 import urlsafe_b64decode
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from gateway.prefill.manifest import MANIFEST_TYPE
from gateway.settings import read_settings
from gateway.storage.open import open_storage
from gateway.tokens.keys import KeyRing
from gateway.vocabulary.clock import SystemClock, SystemRandomness
from tests.prefill.lab import open_lab, values_of
from tests.prefill.mutations import FALSE_MANIFESTS, GUILTY, innocent, run_mutations, submissions
from tests.proofs.stack import Stack, Wish, fresh, open_stack
from tests.proofs.walking import Walker, walker

COVERS = ("gateway/prefill", "gateway/tokens", "gateway/vocabulary", "gateway/policy", "tests/prefill/mutations.py")
PEOPLE = (1, 2, 3, 6, 7, 8, 11, 12)
PER_MANIFEST = 18  # after 20 changed answers a manifest is compared with nothing more


async def prove(folder: Path, *, count: int = 10_000, over_http: int = 300, seeds: int = 2) -> dict[str, Any]:
    """Run `count` mutations for each of `seeds` seeds, and `over_http` more through HTTP. Raises AssertionError."""
    chosen = [random.SystemRandom().randrange(2**32) for _ in range(seeds)]
    runs = []
    for seed in chosen:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            async with open_lab(Path(place)) as lab:
                caught = await run_mutations(lab, count, seed)
        assert {mutate.__name__ for mutate in GUILTY} | set(FALSE_MANIFESTS) <= caught.keys() or count < 1000
        runs.append({"seed": seed, "caught": sum(caught.values()), "missed": 0, "kinds": dict(sorted(caught.items()))})
    where = folder / "http"
    async with open_stack(Wish(folder=where, urls=fresh("sqlite", where))) as stack:
        http = await _through_http(stack, over_http, chosen[0])
    return {"runs": runs, "http": http}


async def _through_http(stack: Stack, count: int, seed: int) -> dict[str, Any]:
    chance = random.Random(seed)
    caught: Counter[str] = Counter()
    innocents = 0
    async with walker(stack) as browser:
        client = await browser.client_token()
        forms = [await _form(stack, index) for index in PEOPLE]
        while sum(caught.values()) < count:
            place = chance.randrange(len(forms))
            forms[place] = form = await _form(stack, PEOPLE[place])
            values = values_of(form)
            stream = submissions(values, chance)
            for _ in range(PER_MANIFEST):
                submission = next(stream)
                answer = await _compare(browser, client, form["manifest"], submission.values)
                assert answer["manifest"] == "valid", answer
                assert answer["fields"][submission.field] != "intact", (submission.kind, seed)
                caught[submission.kind] += 1
                fair = await _compare(browser, client, form["manifest"], innocent(values, chance))
                assert set(fair["fields"].values()) == {"intact"}, (fair["fields"], seed)
                innocents += 1
            caught += await _false_manifests(stack, browser, client, forms, place)
        caught += await _retired_key(stack, browser, client)
    assert caught["retired_key"] == 1
    return {
        "seed": seed,
        "caught": sum(caught.values()),
        "not_accused": innocents,
        "kinds": dict(sorted(caught.items())),
    }


async def _form(stack: Stack, index: int) -> dict[str, Any]:
    """Walk a person's whole journey and return the filled form."""
    async with walker(stack) as browser:
        status, form = await browser.prefill(await browser.sign_in(index))
        assert status == 200, form
        return form


async def _compare(browser: Walker, token: str, manifest: str, values: Any, **expected: str) -> dict[str, Any]:
    status, answer = await browser.verify(token, manifest, values, **expected)
    assert status == 200, (status, answer)
    return answer


async def _false_manifests(
    stack: Stack, browser: Walker, client: str, forms: list[dict[str, Any]], place: int
) -> Counter[str]:
    """Submit a form against manifests that are not its own."""
    form, values = forms[place], values_of(forms[place])
    other = await _form(stack, PEOPLE[place - 1])  # anew: comparing in vain is counted against a manifest
    theirs = await _compare(browser, client, other["manifest"], values)
    assert theirs["fields"]["applicant.personal_number"] == "changed"
    pinned = await _compare(browser, client, other["manifest"], values, subject=form["subject"])
    assert (pinned["manifest"], pinned["rule"]) == ("foreign", "sub")
    elsewhere = await _compare(browser, client, form["manifest"], values, procedure="1.004194")
    assert (elsewhere["manifest"], elsewhere["rule"]) == ("foreign", "procedure")
    stranger = await _stranger_token(stack, browser)
    foreign = await _compare(browser, stranger, form["manifest"], values)
    assert (foreign["manifest"], foreign["rule"]) == ("foreign", "aud")
    old = await _compare(browser, client, await _expired(stack, form["manifest"]), values)
    assert old["manifest"] == "expired"
    for said in (pinned, elsewhere, foreign, old):
        assert set(said["fields"].values()) == {"unknown"}, said
    kinds = ("other_person", "other_procedure", "other_portal", "expired")
    return Counter(dict.fromkeys(kinds, 1))


async def _stranger_token(stack: Stack, browser: Walker) -> str:
    """Return a token of another registered client."""
    fields = {
        "grant_type": "client_credentials",
        "client_id": "conformance",
        "client_secret": stack.plan.secret("conformance.secret"),
    }
    async with browser.session.post(f"{stack.issuer}/token", data=fields) as answer:
        assert answer.status == 200, await answer.text()
        return str((await answer.json())["access_token"])


async def _expired(stack: Stack, manifest: str) -> str:
    """Sign the same manifest with the gateway's real key as if its time had been yesterday."""
    claims = orjson.loads(_unpadded(manifest.split(".")[1]))
    yesterday = int((datetime.now(UTC) - timedelta(days=1)).timestamp())
    ring = await _real_ring(stack)
    return ring.sign({**claims, "iat": yesterday - 60, "exp": yesterday}, typ=MANIFEST_TYPE)


async def _real_ring(stack: Stack) -> KeyRing:
    settings = read_settings(environ=stack.environment)
    storage = await open_storage(
        settings.store.url, None, master_key=settings.master_key_bytes(), randomness=SystemRandomness(), migrate=False
    )
    try:
        return await KeyRing.open(
            storage.store,
            storage.store,
            SystemClock(),
            SystemRandomness(),
            publish_for=timedelta(seconds=settings.keys.publish_seconds),
            retire_for=timedelta(seconds=settings.keys.retire_seconds),
        )
    finally:
        await storage.close()


async def _retired_key(stack: Stack, browser: Walker, client: str) -> Counter[str]:
    """Retire the key behind a manifest by command on the running stack; the manifest is worth nothing any more."""
    form = await _form(stack, 3)
    values = values_of(form)
    assert (await _compare(browser, client, form["manifest"], values))["manifest"] == "valid"
    kid = orjson.loads(_unpadded(form["manifest"].split(".")[0]))["kid"]
    for verb in (("rotate", "--alg", "ES256", "--force"), ("retire", kid, "--force")):
        code, _, err = await stack.command("key", *verb)
        assert code == 0, err.decode()
    answer: dict[str, Any] = {}
    for _ in range(600):
        answer = await _compare(browser, client, form["manifest"], values)
        if answer["manifest"] != "valid":
            break
        await asyncio.sleep(0.1)  # verbs act on the running stack within five seconds
    assert (answer["manifest"], answer["rule"]) == ("invalid", "kid"), answer
    fresh_form = await _form(stack, 3)
    again = await _compare(browser, client, fresh_form["manifest"], values_of(fresh_form))
    assert set(again["fields"].values()) == {"intact"}
    return Counter({"retired_key": 1})


def _unpadded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
