"""DPoP at a resource (RFC 9449 §7): what FAPI's `dpop-negative-tests` tries, each check by its name, over HTTP."""

import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import provider_house as world
import pytest
from journey import basic
from strong_portal import PORTALS, StrongPortal

from tests.possession import Holder

pytestmark = pytest.mark.anyio
ISSUER = "https://id.tinh.example"
USERINFO = f"{ISSUER}/userinfo"
RSA = Holder("RS256")


@dataclass
class Held:
    """A portal with a bound token."""

    portal: StrongPortal
    token: str


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def held(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Held]:
    """One bound token for every check: each proof is a new one."""
    folder = tmp_path_factory.mktemp("held")
    async with world.open_provider(folder, issuer=ISSUER, portals=PORTALS) as provider:
        portal = StrongPortal(provider)
        yield Held(portal, (await portal.tokens())["access_token"])


ACCEPTED: dict[str, dict[str, Any]] = {
    "header name in small letters": {"header": "dpop"},
    "header name in capitals": {"header": "DPOP"},
    "scheme in odd letters": {"scheme": "dPoP"},
    "unknown header members": {"bend": {"header": {"x": {"y": 1}}}},
    "unknown claims": {"bend": {"client_nonce": "x", "z": [1, 2]}},
    "nbf and exp": {"bend": {"nbf": -1, "exp": 300}},
    "iat ten seconds ago": {"bend": {"iat": -10}},
    "iat ten seconds ahead": {"bend": {"iat": 10}},
    "htu with a query": {"bend": {"htu": f"{USERINFO}?a=b"}},
    "htu with a fragment": {"bend": {"htu": f"{USERINFO}#a"}},
    "htu host in capitals": {"bend": {"htu": "https://ID.TINH.EXAMPLE/userinfo"}},
    "htu scheme in capitals": {"bend": {"htu": "HTTPS://id.tinh.example/userinfo"}},
    "htu with the default port": {"bend": {"htu": "https://id.tinh.example:443/userinfo"}},
}
REFUSED: dict[str, dict[str, Any]] = {
    "malformed JWT": {"proof": "rubbish"},
    "empty header": {"proof": " "},
    "no typ": {"bend": {"without": ("typ",)}},
    "no alg": {"bend": {"without": ("alg",)}},
    "no jwk": {"bend": {"without": ("jwk",)}},
    "no jti": {"bend": {"without": ("jti",)}},
    "no htm": {"bend": {"without": ("htm",)}},
    "no htu": {"bend": {"without": ("htu",)}},
    "no iat": {"bend": {"without": ("iat",)}},
    "no ath": {"bend": {"without": ("ath",)}},
    "wrong typ": {"bend": {"header": {"typ": "JWT"}}},
    "RS256": {"holder": RSA},
    "none": {"bend": {"header": {"alg": "none"}}},
    "jwk of another key": {"bend": {"header": {"jwk": Holder().bare}}},
    "another key": {"holder": Holder()},
    "wrong htm": {"bend": {"htm": "POST"}},
    "htm in small letters": {"bend": {"htm": "get"}},
    "another path": {"bend": {"htu": f"{ISSUER}/token"}},
    "another host": {"bend": {"htu": "https://id.example/userinfo"}},
    "iat an hour ago": {"bend": {"iat": -3600}},
    "iat an hour ahead": {"bend": {"iat": 3600}},
    "wrong ath": {"bend": {"token": "ga_another"}},
    "ath in hex": {"bend": {"ath": "0" * 64}},
    "no proof": {"proof": None},
}
TIMES = ("iat", "nbf", "exp")


async def ask(held: Held, row: dict[str, Any]) -> Any:
    """Ask with a proof bent as the row says; its times are relative."""
    portal, bend = held.portal, dict(row.get("bend", {}))
    bend |= {name: int(portal.now) + bend[name] for name in TIMES if name in bend}
    bend.setdefault("token", held.token)
    proof = row.get("proof", row.get("holder", portal.holder).prove("GET", USERINFO, portal.now, **bend))
    members = {name: row[name] for name in ("scheme", "header") if name in row}
    return await portal.person(held.token, proof, **members)


def assert_refused(answer: Any) -> None:
    challenge = answer.headers["www-authenticate"]
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_dpop_proof")
    assert challenge.startswith("DPoP ")
    assert 'error="invalid_dpop_proof"' in challenge
    assert 'algs="ES256 Ed25519 EdDSA PS256"' in challenge


async def assert_still_good(held: Held) -> None:
    assert (await held.portal.person(held.token)).status_code == 200


@pytest.mark.parametrize("name", ACCEPTED)
async def test_a_proof_is_accepted_with(held: Held, name: str) -> None:
    answer = await ask(held, ACCEPTED[name])
    assert (answer.status_code, "sub" in answer.json()) == (200, True)


@pytest.mark.parametrize("name", REFUSED)
async def test_a_proof_is_refused_for(held: Held, name: str) -> None:
    assert_refused(await ask(held, REFUSED[name]))
    await assert_still_good(held)


async def test_a_proof_is_refused_for_a_bad_signature(held: Held) -> None:
    good = held.portal.proof("GET", "/userinfo", token=held.token)
    other = held.portal.proof("GET", "/userinfo", token=held.token)
    bent = f"{good.rpartition('.')[0]}.{other.rpartition('.')[2]}"
    assert_refused(await held.portal.person(held.token, bent))
    await assert_still_good(held)


async def test_a_proof_is_refused_for_a_private_key_in_it(held: Held) -> None:
    secret = {**held.portal.holder.bare, "d": held.portal.holder.jwk["d"]}
    assert_refused(await ask(held, {"bend": {"header": {"jwk": secret}}}))


async def test_two_proofs_are_one_too_many(held: Held) -> None:
    proofs = [("dpop", held.portal.proof("GET", "/userinfo", token=held.token)) for _ in range(2)]
    headers = [("authorization", f"DPoP {held.token}"), *proofs]
    assert_refused(await held.portal.provider.http.get("/userinfo", headers=headers))
    joined = ", ".join(proof for _, proof in proofs)
    assert_refused(await held.portal.person(held.token, joined))
    await assert_still_good(held)


async def test_a_proof_is_good_once(held: Held) -> None:
    proof = held.portal.proof("GET", "/userinfo", token=held.token)
    assert (await held.portal.person(held.token, proof)).status_code == 200
    assert_refused(await held.portal.person(held.token, proof))
    bent = held.portal.proof("GET", "/userinfo", token=held.token, jti=jti_of(proof))
    assert_refused(await held.portal.person(held.token, bent))
    await assert_still_good(held)


async def test_a_refused_proof_spends_nothing(held: Held) -> None:
    jti = "the-one"
    assert_refused(await ask(held, {"bend": {"jti": jti, "htm": "POST"}}))
    assert (await ask(held, {"bend": {"jti": jti}})).status_code == 200


async def test_an_id_is_one_keys_own(held: Held) -> None:
    """What one key used says nothing of another's: nobody can spend a stranger's ids."""
    async with held.portal.provider.another_browser() as browser:
        other = StrongPortal(browser)
        token = (await other.tokens())["access_token"]
        for portal, its in ((held.portal, held.token), (other, token)):
            proof = portal.proof("GET", "/userinfo", token=its, jti="shared")
            assert (await portal.person(its, proof)).status_code == 200


async def test_a_bound_token_is_no_bearer_token(held: Held) -> None:
    for proof in (None, ""):
        answer = await held.portal.person(held.token, proof, scheme="Bearer")
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
        assert answer.headers["www-authenticate"].startswith("DPoP ")
    posted = await held.portal.provider.http.post("/userinfo", data={"access_token": held.token})
    assert (posted.status_code, posted.json()["error"]) == (401, "invalid_token")
    await assert_still_good(held)


async def test_a_bearer_token_is_no_bound_token(held: Held) -> None:
    portal = held.portal
    answer = await portal.provider.http.post("/token", data={"grant_type": "client_credentials"}, headers=basic())
    token = answer.json()["access_token"]
    refused = await portal.person(token)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")


async def test_without_a_token_both_schemes_are_offered(held: Held) -> None:
    challenge = (await held.portal.provider.http.get("/userinfo")).headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert ", DPoP " in challenge
    assert "error=" not in challenge


async def test_introspection_names_the_key(held: Held) -> None:
    told = (await held.portal.post("/introspect", {"token": held.token}, None)).json()
    assert (told["token_type"], told["cnf"]) == ("DPoP", {"jkt": held.portal.holder.jkt})


def jti_of(proof: str) -> str:
    body = proof.split(".")[1]
    return str(json.loads(urlsafe_b64decode(body + "=="))["jti"])
