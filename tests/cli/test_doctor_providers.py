"""What `gate06 doctor` says of an identity provider that cannot do what its table asks, and of one that can."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.doctor_providers import check_providers
from gateway.cli.doctor_row import Row
from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.settings import Settings
from gateway.settings.tree import EgressZones
from tests.conformance.fapi_upstream import FapiUpstream
from tests.conformance.moved_clock import MovedTime
from tests.conformance.upstream import served_upstream

pytestmark = pytest.mark.anyio


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[FapiUpstream]:
    with served_upstream(FapiUpstream) as served:
        served.time = MovedTime(tmp_path / "clock")
        yield served


async def row_of(table: dict[str, object]) -> Row:
    settings = Settings(
        issuer="https://gate.example",
        egress=EgressZones(identity_providers="lab"),
        identity_provider=(IdentityProviderSettings.model_validate(table),),
    )
    (row,) = await check_providers(settings)
    assert row.check == f"sign-in at {table['alias']}"
    return row


async def test_what_a_sign_in_does_there_is_told(upstream: FapiUpstream) -> None:
    row = await row_of(upstream.settings())
    assert row.in_order
    assert row.detail == (
        "profile fapi2, requests pushed, tokens bound to a key, our ES256 keys at https://gate.example/jwks"
    )


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"pushed_authorization_request_endpoint": None}, "`pushed_authorization_request_endpoint` is missing"),
        ({"dpop_signing_alg_values_supported": ["PS256"]}, "`dpop_signing_alg_values_supported` is without ES256"),
        ({"authorization_response_iss_parameter_supported": None}, "wants `iss` in every answer"),
        ({"require_signed_request_object": True}, "`require_signed_request_object` is true; set the member"),
        ({"issuer": "https://other.example"}, "`issuer` is not the pinned one"),
    ],
)
async def test_what_does_not_fit_is_named(upstream: FapiUpstream, changed: dict[str, object], named: str) -> None:
    upstream.metadata |= changed
    row = await row_of(upstream.settings())
    assert not row.in_order
    assert named in row.detail
    assert "[[identity_provider]]" in row.fix


async def test_signed_answers_have_to_be_offered(upstream: FapiUpstream) -> None:
    upstream.metadata |= {"response_modes_supported": ["query", "form_post"]}
    table = {**upstream.settings(), "response_mode": "jwt"}
    assert "`response_modes_supported` is without jwt" in (await row_of(table)).detail
    upstream.metadata |= {"response_modes_supported": ["query", "jwt"]}
    assert (await row_of(table)).in_order


async def test_one_that_is_gone_is_looked_for_elsewhere(upstream: FapiUpstream) -> None:
    upstream.statuses["discovery"] = 503
    row = await row_of(upstream.settings())
    assert (row.in_order, row.detail, row.fix) == (
        False,
        "discovery: status 503",
        "check the network zone and the address",
    )
