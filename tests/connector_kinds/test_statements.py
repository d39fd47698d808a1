"""Signed statements (RFC 7523): at the token endpoint and with every call, taken by a register that checks them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.routing import Route

from connectors.sample.simulator import create_application
from gateway.connector_runtime.contract import Found, Unavailable
from gateway.connector_runtime.contract.simulator_credentials import StatementDoor, Statements, TokenDoor
from gateway.connector_runtime.failure import TransportUnset
from gateway.connector_runtime.kinds.lint import lint
from gateway.connector_runtime.manifest_failure import CredentialUnfit, SecretUnnamed
from gateway.connector_runtime.transports.assertion import Statement
from gateway.tokens.jose import sign
from gateway.tokens.pem import read_signing_key
from gateway.vocabulary.clock import SettableClock, SystemClock, SystemRandomness
from tests.connector_kinds.conftest import Toy, ask_about, manifest_of, outcome_of, serving
from tests.connector_kinds.pem_files import RSA, pem_files

pytestmark = pytest.mark.anyio
AUDIENCE = "https://so.tinh.example"


def jwks(key: Path, alg: str = "ES256") -> dict[str, Any]:
    native = read_signing_key(key.read_bytes(), alg).native
    public = native.as_dict(private=False)
    return {"keys": [{**public, "kid": native.thumbprint(), "use": "sig"}]}


def stating(kind: str, **members: Any) -> Callable[[dict[str, Any]], None]:
    def change(tree: dict[str, Any]) -> None:
        tree["auth"] = {"kind": kind, "user": "gate06", "secret_ref": "own-key", "audience": AUDIENCE} | members

    return change


@asynccontextmanager
async def with_token_door(key: Path, alg: str = "ES256", **known: Any) -> AsyncIterator[tuple[Toy, TokenDoor]]:
    statements = Statements.of("gate06", AUDIENCE, jwks(key, alg), SystemClock())
    door = TokenDoor(statements, SystemClock(), SystemRandomness(), **known)
    application = create_application(door=door)
    application.router.routes.append(Route("/token", door.issue, methods=["POST"]))
    async with serving(application) as toy:
        yield toy, door


def members(toy: Toy, key: Path) -> dict[str, Any]:
    return {"secret_files": {"own-key": key}, "token_url": f"{toy.url}/token"}


@pytest.mark.parametrize(("alg", "made"), [("ES256", None), ("RS256", RSA)])
async def test_a_register_takes_a_statement_with_every_call_and_each_is_new(tmp_path: Path, alg: str, made) -> None:
    key = pem_files(tmp_path, "own", made).key
    door = StatementDoor(Statements.of("gate06", AUDIENCE, jwks(key, alg), SystemClock()))
    async with serving(create_application(door=door)) as toy:
        connector = toy.connector("rest", stating("jwt", algorithm=alg), secret_files={"own-key": key})
        for _ in range(3):  # a replayed one would be refused
            answer = await outcome_of(connector, ask_about(3))
            assert isinstance(answer["the_sample_card_number"], Found)
        assert (await connector.check()).state == "up"


@pytest.mark.parametrize(
    "change",
    [
        stating("jwt", user="somebody"),
        stating("jwt", audience="https://elsewhere.example"),
    ],
)
async def test_a_statement_of_another_party_or_to_another_is_refused(tmp_path: Path, change) -> None:
    key = pem_files(tmp_path, "own").key
    door = StatementDoor(Statements.of("gate06", AUDIENCE, jwks(key), SystemClock()))
    async with serving(create_application(door=door)) as toy:
        connector = toy.connector("rest", change, secret_files={"own-key": key})
        assert await outcome_of(connector, ask_about(3)) == Unavailable(reason="fault")


async def test_a_statement_under_another_key_is_refused(tmp_path: Path) -> None:
    key, stranger = pem_files(tmp_path, "own").key, pem_files(tmp_path, "stranger").key
    door = StatementDoor(Statements.of("gate06", AUDIENCE, jwks(key), SystemClock()))
    async with serving(create_application(door=door)) as toy:
        connector = toy.connector("rest", stating("jwt"), secret_files={"own-key": stranger})
        assert await outcome_of(connector, ask_about(3)) == Unavailable(reason="fault")


def test_what_the_register_refuses_of_a_statement(tmp_path: Path) -> None:
    pem = pem_files(tmp_path, "own").key
    key, clock = read_signing_key(pem.read_bytes(), "ES256"), SettableClock(datetime(2026, 11, 27, tzinfo=UTC))
    register = Statements.of("gate06", AUDIENCE, jwks(pem), clock)
    known: dict[str, Any] = {"party": "gate06", "audience": AUDIENCE, "key": key, "chance": SystemRandomness()}
    good = Statement(lifetime_for=60, **known).sign(clock.now())
    assert register.refusal_of(good) is None
    assert register.refusal_of(good) == "replay"
    assert register.refusal_of(Statement(lifetime_for=60, **known).sign(clock.now() - timedelta(minutes=2))) == "exp"
    assert register.refusal_of(Statement(lifetime_for=60, **known).sign(clock.now() + timedelta(minutes=2))) == "iat"
    assert register.refusal_of(Statement(lifetime_for=9999, **known).sign(clock.now())) is None  # five minutes at most
    now = int(clock.now().timestamp())
    claims = {"iss": "gate06", "sub": "gate06", "aud": AUDIENCE, "jti": "j", "iat": now, "exp": now + 60}
    assert register.refusal_of(sign(claims | {"exp": now + 301}, key, typ="JWT")) == "lifetime"
    assert register.refusal_of(sign(claims | {"sub": "other"}, key, typ="JWT")) == "sub"
    assert register.refusal_of(sign(claims | {"aud": [AUDIENCE]}, key, typ="JWT")) == "aud"
    del claims["jti"]
    assert register.refusal_of(sign(claims, key, typ="JWT")) == "missing:jti"
    assert "gate06" in repr(Statement(lifetime_for=60, **known))
    assert "SigningKey" not in repr(Statement(lifetime_for=60, **known))


async def test_a_client_proves_itself_by_a_statement_and_its_token_is_kept(tmp_path: Path) -> None:
    key = pem_files(tmp_path, "own").key
    async with with_token_door(key) as (toy, door):
        connector = toy.connector("rest", stating("oauth2_jwt"), **members(toy, key))
        answers = await asyncio.gather(*(outcome_of(connector, ask_about(3)) for _ in range(8)))
        assert all(isinstance(one["the_sample_card_number"], Found) for one in answers)
        assert (door.token_count, list(door.refusals)) == (1, [])


async def test_a_token_that_was_withdrawn_is_fetched_anew_once(tmp_path: Path) -> None:
    key = pem_files(tmp_path, "own").key
    async with with_token_door(key) as (toy, door):
        connector = toy.connector("rest", stating("oauth2_jwt"), **members(toy, key))
        for _ in range(2):
            answer = await outcome_of(connector, ask_about(3))
            assert isinstance(answer["the_sample_card_number"], Found)
            door.withdraw()
        assert door.token_count == 2


async def test_a_token_that_never_holds_is_asked_for_twice_and_no_more(tmp_path: Path) -> None:
    key = pem_files(tmp_path, "own").key
    async with with_token_door(key, token_for=timedelta(0)) as (toy, door):
        connector = toy.connector("rest", stating("oauth2_jwt"), **members(toy, key))
        assert await outcome_of(connector, ask_about(3)) == Unavailable(reason="fault")
        assert door.token_count == 2


async def test_a_token_endpoint_refuses_a_strangers_statement(tmp_path: Path) -> None:
    key, stranger = pem_files(tmp_path, "own").key, pem_files(tmp_path, "stranger").key
    async with with_token_door(key) as (toy, door):
        connector = toy.connector("rest", stating("oauth2_jwt"), **members(toy, stranger))
        assert await outcome_of(connector, ask_about(3)) == Unavailable(reason="fault")
        assert set(door.refusals) == {"kid"}
        assert (await connector.check()).state == "down"


async def test_desk_officers_have_a_token_of_their_own(tmp_path: Path) -> None:
    key = pem_files(tmp_path, "own").key
    async with with_token_door(key) as (toy, door):
        connector = toy.connector("rest", stating("oauth2_jwt"), **members(toy, key))
        for officer in (None, "999080000201", None, "999080000201"):
            await outcome_of(connector, ask_about(3, officer_ref=officer))
        assert door.token_count == 2


def test_a_key_that_does_not_fit_is_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    toy = Toy("http://127.0.0.1:9")
    good = pem_files(tmp_path, "own")
    weak = pem_files(tmp_path, "weak", rsa.generate_private_key(65537, 1024)).key
    other = pem_files(tmp_path, "curve", ec.generate_private_key(ec.SECP384R1())).key
    for change, file, said in (
        (stating("jwt"), good.certificate, "no PEM"),
        (stating("jwt", algorithm="RS256"), good.key, "does not fit `auth.algorithm`"),
        (stating("jwt", algorithm="RS256"), weak, "less than 2048"),
        (stating("jwt"), other, "another curve"),
    ):
        with pytest.raises(CredentialUnfit, match=said) as caught:
            toy.connector("rest", change, secret_files={"own-key": file})
        assert str(tmp_path) not in caught.value.detail
    with pytest.raises(SecretUnnamed, match="own-key"):
        toy.connector("rest", stating("jwt"), secret_files={})
    with pytest.raises(TransportUnset, match="token_url"):
        toy.connector("rest", stating("oauth2_jwt"), secret_files={"own-key": good.key})
    with pytest.raises(TransportUnset, match="who the gateway is"):
        toy.connector("rest", stating("jwt", user=""), secret_files={"own-key": good.key})


@pytest.mark.parametrize(
    ("kind", "auth", "said"),
    [
        ("rest", {"kind": "jwt", "secret_ref": "k"}, "needs `audience`"),
        ("rest", {"kind": "oauth2_jwt"}, "needs `secret_ref`"),
        ("rest", {"kind": "wss_password", "secret_ref": "k"}, "belongs to kind `soap`"),
        ("rest", {"kind": "basic", "secret_ref": "k", "audience": "x"}, "`audience` belongs to auth kind"),
        ("rest", {"kind": "basic", "secret_ref": "k", "certificate_ref": "c"}, "`certificate_ref` belongs to"),
        ("soap", {"kind": "wss_certificate", "secret_ref": "k"}, "needs `certificate_ref`"),
        ("soap", {"kind": "wss_password", "secret_ref": "k", "sent_as": "text"}, "over TLS only"),
        ("soap", {"kind": "wss_certificate", "secret_ref": "k", "certificate_ref": "A1" + "b" * 60}, "secret itself"),
    ],
)
def test_a_manifest_that_cannot_prove_itself_is_told_so(kind: str, auth: dict[str, Any], said: str) -> None:
    manifest = manifest_of(kind, lambda tree: tree.update(auth=auth))
    assert any(said in one.text for one in lint(manifest))
