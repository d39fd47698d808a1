"""What an operator may write in `[[identity_provider]]`, and what is refused before anything starts."""

import dataclasses

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError

from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.identity_providers.failure import IdentityProviderMisconfigured
from gateway.identity_providers.registry import build
from gateway.identity_providers.vneid.simulator import Client, create_application
from gateway.vocabulary.clock import SystemClock, SystemRandomness
from gateway.vocabulary.persona import persona

OIDC = {
    "alias": "idp",
    "kind": "openid_connect",
    "label": "Test",
    "issuer": "https://idp.test",
    "client_id": "gate06",
    "client_secret": "secret-canary",
}


FAPI2 = {"profile": "fapi2", "client_secret": None}


def read(**changes):
    return IdentityProviderSettings.model_validate({k: v for k, v in {**OIDC, **changes}.items() if v is not None})


def read_vneid(pem, **changes):
    return read(**{"kind": "vneid", "alias": "vneid", "private_key": pem, **changes})


def put_up(*settings, **wishes):
    return build(settings, None, None, SystemClock(), SystemRandomness(), **wishes)


def test_defaults_by_kind(rsa_pem):
    plain, direct = read(), read_vneid(rsa_pem)
    assert plain.token_endpoint_auth_method == "client_secret_basic"
    assert (plain.scope, plain.reauthenticates, plain.claims.full_name) == ("openid profile", True, "name")
    assert direct.token_endpoint_auth_method == "client_secret_post"
    assert (direct.scope, direct.reauthenticates, direct.claims.personal_number) == ("openid", False, "citizenPid")
    assert direct.acr == {"1": "urn:gate06:vneid:1", "2": "urn:gate06:vneid:2"}
    assert direct.endpoint("token") == "https://idp.test/token"
    assert read_vneid(rsa_pem, token_endpoint="https://t.test/x").endpoint("token") == "https://t.test/x"
    assert plain.label == {"vi": "Test", "en": "Test"}


def test_the_national_portal_has_defaults_of_its_own(rsa_pem):
    portal = read(kind="national_portal", alias="portal")
    assert (portal.scope, portal.token_endpoint_auth_method) == ("openid", "client_secret_post")
    assert (portal.claims.subject, portal.claims.personal_number) == ("TechID", "SoDinhDanh")
    assert portal.acr == {"1": "urn:gate06:vneid:1", "2": "urn:gate06:vneid:2"}
    assert portal.reauthenticates is False
    paths = [portal.endpoint(name).removeprefix("https://idp.test/") for name in ("authorize", "userinfo", "logout")]
    assert paths == ["oauth2/authorize", "oauth2/userinfo", "oidc/logout"]
    for change in (
        {"private_key": rsa_pem},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"claims": {"subject": ""}},
        {"claims": {"account_type": ""}},
        {"client_secret": None},
    ):
        with pytest.raises(ValidationError):
            read(**{"kind": "national_portal", **change})


def test_claims_are_changed_one_by_one_and_switched_off_by_an_empty_name(rsa_pem):
    changed = read_vneid(rsa_pem, claims={"personal_number": "soDinhDanh", "passport_number": ""})
    assert changed.claims.personal_number == "soDinhDanh"
    assert changed.claims.passport_number == ""
    assert changed.claims.full_name == "fullName"


@pytest.mark.parametrize(
    "changes",
    [
        {"unknown": 1},
        {"claims": {"religion": "tonGiao"}},
        {"alias": "Not An Alias"},
        {"kind": "saml"},
        {"issuer": "ftp://idp.test"},
        {"issuer": "https://idp.test?x=1"},
        {"issuer": "https://user:pass@idp.test"},
        {"issuer": "idp.test"},
        {"scope": "profile"},
        {"label": {"vi": "chỉ một"}},
        {"label": {"vi": "a", "en": "b", "fr": "c"}},
        {"acr": {"high": "loa-3"}},
        {"client_secret": None},
        {"client_secret_file": "also-a-file"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "none"},
        {"token_endpoint": "https://idp.test/token"},
        {"private_key": "pem"},
        {"claims": {"subject": "personal_number"}},
        {"claims": {"full_name": ""}},
        {"timeout_for": 0},
        {"realm": "robots"},
        {"profile": "fapi3"},
        {"profile": ["fapi2"]},
        {"profile": "fapi2"},  # and a secret
        {**FAPI2, "token_endpoint_auth_method": "client_secret_basic", "client_secret": "secret-canary"},
        {**FAPI2, "require_pushed_authorization_requests": False},
        {**FAPI2, "dpop_bound_access_tokens": False},
        {**FAPI2, "id_token_signed_response_alg": "RS256"},
        {**FAPI2, "token_endpoint_auth_signing_alg": "RS256"},
        {**FAPI2, "id_token_signed_response_alg": "none"},
        {**FAPI2, "response_mode": "form_post"},
        {"require_signed_request_object": True},
        {"token_endpoint_auth_signing_alg": "PS256"},
        {"kind": "vneid"},
        {"kind": "vneid", "private_key": "pem", "token_endpoint_auth_method": "client_secret_basic"},
    ],
)
def test_a_table_that_is_refused(changes):
    with pytest.raises(ValidationError) as refusal:
        read(**changes)
    assert "secret-canary" not in str(refusal.value)


def test_a_profile_fixes_what_it_is_about_and_leaves_the_rest_open():
    strict = read(**FAPI2)
    assert strict.token_endpoint_auth_method == "private_key_jwt"
    assert strict.require_pushed_authorization_requests
    assert strict.dpop_bound_access_tokens
    assert (strict.response_mode, strict.require_signed_request_object) == ("query", False)
    signed = read(**FAPI2, require_signed_request_object=True, response_mode="jwt", realm="staff")
    assert (signed.require_signed_request_object, signed.response_mode) == (True, "jwt")
    plain = read()
    assert not plain.require_pushed_authorization_requests
    assert not plain.dpop_bound_access_tokens
    with pytest.raises(ValidationError, match=r"the profile `fapi2` wants `dpop_bound_access_tokens = true`"):
        read(**FAPI2, dpop_bound_access_tokens=False)
    with pytest.raises(ValidationError, match="takes no RS256 in `id_token_signed_response_alg`: use ES256"):
        read(**FAPI2, id_token_signed_response_alg="RS256")


@pytest.mark.parametrize("kind", ["vneid", "national_portal"])
def test_the_national_dialects_have_no_profile(kind, rsa_pem):
    key = {"private_key": rsa_pem} if kind == "vneid" else {}
    assert read(kind=kind, **key).profile == "baseline"
    for member, value in (("profile", "fapi2"), ("profile", "baseline"), ("dpop_bound_access_tokens", True)):
        with pytest.raises(ValidationError):
            read(kind=kind, **key, **{member: value})


def test_secrets_print_as_stars(rsa_pem):
    assert "secret-canary" not in repr(read())
    assert "BEGIN" not in repr(read_vneid(rsa_pem))
    with pytest.raises(ValidationError):
        read().alias = "other"


def test_several_stand_side_by_side_in_order(rsa_pem):
    both = put_up(read_vneid(rsa_pem), read(realm="staff"), read(alias="plain", reauthenticates=False))
    assert list(both) == ["vneid", "idp", "plain"]
    assert (both["idp"].realm, both["vneid"].realm) == ("staff", "citizen")
    assert (both["idp"].reauthenticates, both["plain"].reauthenticates) == (True, False)
    assert both["vneid"].label == {"vi": "Test", "en": "Test"}


def test_what_cannot_be_built_says_which_and_why(rsa_pem, tmp_path):
    with pytest.raises(IdentityProviderMisconfigured, match="`idp` is there twice"):
        put_up(read(), read())
    with pytest.raises(IdentityProviderMisconfigured, match="`issuer` must be https"):
        put_up(read(issuer="http://idp.test"))
    with pytest.raises(IdentityProviderMisconfigured, match="`userinfo_endpoint` must be https"):
        put_up(read_vneid(rsa_pem, userinfo_endpoint="http://idp.test/u"))
    with pytest.raises(IdentityProviderMisconfigured, match="file of `client_secret_file` cannot be read"):
        put_up(read(client_secret=None, client_secret_file=str(tmp_path / "absent")))
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(IdentityProviderMisconfigured, match="secret is empty"):
        put_up(read(client_secret=None, client_secret_file=str(tmp_path / "empty")))
    put_up(read(issuer="http://idp.test"), http_allowed=True)
    put_up(read(issuer="http://127.0.0.1:8001"))


def pem_of(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_a_private_key_that_is_refused(rsa_pem, tmp_path):
    weak = pem_of(rsa.generate_private_key(65537, 1024))
    curve = pem_of(ec.generate_private_key(ec.SECP256R1()))
    for pem in (weak, curve, "no pem"):
        with pytest.raises(IdentityProviderMisconfigured, match="RSA key in PEM of 2048 bits"):
            put_up(read_vneid(pem))
    (tmp_path / "key.pem").write_text(rsa_pem)
    put_up(read_vneid(None, private_key_file=str(tmp_path / "key.pem")))


def test_the_simulator_starts_neither_empty_nor_with_real_looking_people(rsa_public_pem):
    client = Client(
        client_id="a", client_secret="secret-canary", redirect_uris=("http://a/b",), public_key=rsa_public_pem
    )
    issuer = "http://127.0.0.1:8001"
    with pytest.raises(ValueError, match="never starts empty"):
        create_application(issuer=issuer, clients=[client], people=[])
    with pytest.raises(ValueError, match="at least one client"):
        create_application(issuer=issuer, clients=[])
    for change in ({"personal_number": "019090000001"}, {"old_number": "090000001"}):
        real = dataclasses.replace(persona(3), **change)
        with pytest.raises(ValueError, match="persona `3` has a real-looking number"):
            create_application(issuer=issuer, clients=[client], people=[real])
    assert "secret-canary" not in repr(client)
