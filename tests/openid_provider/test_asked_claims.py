"""The `claims` parameter (OpenID Connect Core §5.5): what was asked for by name is shown, told, and nothing beyond."""

import json
from typing import Any

import provider_house as world
import pytest
from journey import agree, authorize_url, basic, members, obtain_tokens, sign_in, told

from gateway.tokens.jose import ID_TOKEN, verify
from gateway.vocabulary.assurance_level import acr_meeting

pytestmark = pytest.mark.anyio
ACR1, ACR2 = "urn:gate06:vneid:1", "urn:gate06:vneid:2"


def claims(**asked: Any) -> str:
    return json.dumps(asked)


async def outcome(provider: world.Provider, **asked: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Walk a journey from the start; return the claims of the ID token and of userinfo."""
    provider.http.cookies.clear()
    tokens = await obtain_tokens(provider, **asked)
    told_in_token = verify(tokens["id_token"], ID_TOKEN, provider.house.keys, now=provider.clock.now())
    person = await provider.get("/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"})
    return told_in_token, person.json()


async def test_single_claims_go_where_they_were_asked_for(provider: world.Provider) -> None:
    asked = claims(
        userinfo={"name": {"essential": True}, "birthdate": None, "email": None, "https://x/y": {"value": 1}},
        id_token={"gender": None, "auth_time": {"essential": True}, "unknown": None},
        other={"name": None},
    )
    token, person = await outcome(provider, scope="openid", claims=asked)
    assert set(person) == {"sub", "name", "birthdate"}
    assert token["gender"] == "female"
    assert not {"name", "birthdate", "unknown", "email"} & set(token)


async def test_the_notice_names_them_and_nothing_else(provider: world.Provider) -> None:
    page = await sign_in(provider, scope="openid", claims=claims(userinfo={"name": None}))
    assert "Họ, chữ đệm và tên" in page.text
    assert "Giới tính" not in page.text
    await agree(provider, page)
    same = await provider.get(authorize_url(scope="openid", claims=claims(userinfo={"name": None}), prompt="none"))
    assert "code" in told(same)
    more = claims(userinfo={"name": None}, id_token={"gender": None})
    again = await provider.get(authorize_url(scope="openid", claims=more, prompt="none"))
    assert told(again)["error"] in {"interaction_required", "consent_required"}


async def test_it_adds_to_the_scopes(provider: world.Provider) -> None:
    token, person = await outcome(provider, claims=claims(id_token={"name": None}))
    assert person["gender"] == "female"
    assert (token["name"], "gender" in token) == ("TRẦN THỊ BƯỞI", False)


async def test_a_portal_without_profile_gets_none(provider: world.Provider) -> None:
    portal = provider.house.clients.get("portal")
    assert portal is not None
    narrow = type(portal).model_validate(portal.model_dump(exclude_defaults=True) | {"scope": "openid"})
    provider.house.clients.replace_seeds([narrow])
    asked = claims(userinfo={"name": {"essential": True}}, id_token={"name": None})
    token, person = await outcome(provider, scope="openid", claims=asked)
    assert set(person) == {"sub"}
    assert "name" not in token


async def test_a_refresh_tells_the_same(provider: world.Provider) -> None:
    asked = claims(userinfo={"name": None}, id_token={"gender": None})
    tokens = await obtain_tokens(provider, scope="openid offline_access", prompt="consent", claims=asked)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    again = (await provider.http.post("/token", data=form, headers=basic())).json()
    told_in_token = verify(again["id_token"], ID_TOKEN, provider.house.keys, now=provider.clock.now())
    assert told_in_token["gender"] == "female"


async def test_what_is_no_such_object_is_refused(provider: world.Provider) -> None:
    bent = [
        *("[]", "null", "1", "{", '"x"', '{"userinfo":[]}', '{"id_token":{"name":true}}', '{"userinfo":{"name":[]}}'),
        *(
            '{"userinfo":{},"userinfo":{}}',
            '{"id_token":{"acr":{"essential":"yes"}}}',
            '{"id_token":{"acr":{"values":1}}}',
        ),
        *(claims(userinfo={str(n): None for n in range(51)}), '{"userinfo":' * 500),
    ]
    for text in bent:
        answer = members((await provider.get(authorize_url(claims=text))).headers["location"])
        assert answer["error"] == "invalid_request", text
        assert "claims" in answer["error_description"]


async def test_a_subject_that_is_asked_for_must_sign_in(provider: world.Provider) -> None:
    token, _ = await outcome(provider)
    for where in ("userinfo", "id_token"):
        right = claims(**{where: {"sub": {"value": token["sub"]}}})
        assert "code" in told(await provider.get(authorize_url(claims=right, prompt="none")))
        for wish in ({"value": "somebody"}, {"values": [token["sub"], "somebody"]}):
            wrong = claims(**{where: {"sub": wish}})
            refused = told(await provider.get(authorize_url(claims=wrong, prompt="none")))
            assert refused["error"] == "login_required"


async def test_an_essential_level_that_is_not_reached_fails(provider: world.Provider) -> None:
    provider.upstream.answer = world.person(account_level=1, acr=ACR1)
    wanted = claims(id_token={"acr": {"essential": True, "values": [ACR2]}})
    page = await sign_in(provider, claims=wanted)
    assert "GW-1203" in page.text
    refused = told(await provider.get(authorize_url(claims=wanted, prompt="none")))
    assert refused["error"] == "unmet_authentication_requirements"
    wished = claims(id_token={"acr": {"values": [ACR2]}})
    token, _ = await outcome(provider, claims=wished)
    assert token["acr"] == ACR1


async def test_a_higher_level_meets_a_lower_one(provider: world.Provider) -> None:
    for wish in ({"value": ACR1}, {"values": [ACR1, "urn:other"]}):
        token, _ = await outcome(provider, claims=claims(id_token={"acr": {"essential": True} | wish}))
        assert token["acr"] == ACR1
    unknown = claims(id_token={"acr": {"essential": True, "value": "urn:other"}})
    refused = told(await provider.get(authorize_url(claims=unknown, prompt="none")))
    assert refused["error"] == "unmet_authentication_requirements"


@pytest.mark.parametrize(
    ("wanted", "reached", "stated"),
    [
        ((), ACR2, ACR2),
        ((), None, None),
        ((ACR2,), ACR2, ACR2),
        ((ACR1,), ACR2, ACR1),
        ((ACR1, ACR2), ACR2, ACR2),
        ((ACR2,), ACR1, None),
        ((ACR1,), None, None),
        (("urn:other",), ACR2, None),
    ],
)
def test_levels(wanted: tuple[str, ...], reached: str | None, stated: str | None) -> None:
    assert acr_meeting(wanted, reached) == stated
