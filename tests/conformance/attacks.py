"""What no basic plan has: answers mixed up between providers, floods of keys, clocks that differ, tokens that lie.

Many are modules of the FAPI 2.0 client plan, which wants PAR and DPoP from the gateway besides.
"""

import json
from urllib.parse import urlencode

from joserfc.jws import JWSRegistry

from gateway.tokens.key_material import import_signing_key, public_jwk
from tests.conformance.plan import Run, modules_of
from tests.conformance.relying_party import (
    ID_TOKEN,
    RULES,
    UpstreamRun,
    accepts,
    claim,
    of,
    refuses,
    token,
)
from tests.conformance.upstream import ALIAS, EVIL, OTHER_KEY, Upstream
from tests.identity_providers.issuer import b64url, hmac_signed, private_jwk

_NOTHING = ("/token", "/userinfo")
_FLOOD = 12


def announced_without_iss(upstream: Upstream) -> None:
    """The document announces `iss`, the answer lacks it."""
    upstream.metadata["authorization_response_iss_parameter_supported"] = True
    upstream.back["iss"] = None


def mixed_up(run: Run) -> None:
    """RFC 9700 §4.4.1: the person chose a provider that is evil; it sends the browser on to the honest one, so that
    the honest one's code would be redeemed where evil listens."""
    honest = of(run)
    assert isinstance(run, UpstreamRun)
    assert run.evil is not None

    def lead(asked: dict[str, str]) -> str:
        back = asked["redirect_uri"].replace(f"/{EVIL}/", f"/{ALIAS}/")
        return f"{honest.url}/authorize?{urlencode({**asked, 'redirect_uri': back})}"

    run.evil.leads_to = lead
    _, refused = run.signs_in(idp_hint=EVIL)
    assert refused is not None
    assert honest.count("/authorize") == run.evil.count("/authorize") == 1
    assert honest.count("/token", "POST") == run.evil.count("/token", "POST") == 0
    run.tell("evil sends the browser on to the honest provider", f"{refused}, no code redeemed anywhere")


def key_flood(run: Run) -> None:
    """RFC 8725 §3.9 in spirit: tokens with ever new key ids do not become a stream of fetches."""
    upstream = of(run)
    assert isinstance(run, UpstreamRun)
    assert run.signs_in()[1] is None
    run.gateway.time.move(60)
    fetched = upstream.count("/keys")
    for number in range(_FLOOD):
        upstream.signing = private_jwk("ES256", f"made-up-{number}")
        assert run.signs_in()[1] == "GW-1208"
    assert upstream.count("/keys") == fetched + 1
    run.note(f"{_FLOOD} ID tokens, each with a key id nobody published", "GW-1208 each, keys fetched once more in all")


def expired(upstream: Upstream) -> None:
    """The ID token expired five minutes ago, once the hour of a new row has passed."""
    now = int(upstream.time.seconds())
    upstream.claims.update(iat=now + 3001, exp=now + 3301)


def elsewhere(upstream: Upstream, good: str) -> str:
    """Sign with another key and say in the header where it is published, and what it is."""
    key = import_signing_key(OTHER_KEY)
    named = {"jku": f"{upstream.url}/other-keys", "jwk": public_jwk(OTHER_KEY)}
    head = b64url(json.dumps({"alg": "ES256", "typ": "JWT", "kid": "other-1", **named}).encode())
    body = good.split(".")[1]
    signature = JWSRegistry.algorithms["ES256"].sign(f"{head}.{body}".encode(), key.native)
    return f"{head}.{body}.{b64url(signature)}"


ATTACKS = modules_of(
    "gate06-client-",
    {
        "response-iss-of-another": (
            "RFC 9207 §2.4",
            refuses(
                "authorization response with another iss",
                lambda upstream: upstream.back.update(iss="https://evil.example"),
                rule="callback: `iss` is not the pinned issuer",
                untouched=_NOTHING,
            ),
        ),
        "response-iss-removed": (
            "RFC 9207 §2.4",
            refuses(
                "authorization response without the iss that was announced",
                announced_without_iss,
                rule="callback: `iss` missing",
                untouched=_NOTHING,
            ),
        ),
        "mix-up": ("RFC 9700 §4.4", mixed_up),
        "aud-array-with-ours-alone": (ID_TOKEN, accepts("ID token, aud is an array of us", claim(aud=["gate06"]))),
        "aud-secondary-without-azp": (
            ID_TOKEN,
            refuses(
                "ID token for us and another, without azp",
                claim(aud=["gate06", "somebody-else"]),
                rule=RULES + "`missing:azp`",
            ),
        ),
        "azp-of-another": (
            ID_TOKEN,
            refuses("ID token, azp is another client", claim(azp="somebody-else"), rule=RULES + "`azp`"),
        ),
        "aud-missing": (ID_TOKEN, refuses("ID token without aud", claim(aud=None), rule=RULES + "`missing:aud`")),
        "iss-missing": (ID_TOKEN, refuses("ID token without iss", claim(iss=None), rule=RULES + "`missing:iss`")),
        "exp-missing": (ID_TOKEN, refuses("ID token without exp", claim(exp=None), rule=RULES + "`missing:exp`")),
        "nonce-missing": (ID_TOKEN, refuses("ID token without nonce", claim(nonce=None), rule=RULES + "`nonce`")),
        "expired": (
            ID_TOKEN,
            refuses(
                "ID token that expired five minutes ago",
                expired,
                rule=RULES + "`exp`",
                code="GW-1213",
            ),
        ),
        "from-the-future": (
            ID_TOKEN,
            refuses(
                "ID token issued ten minutes from now",
                lambda up: up.claims.update(iat=int(up.time.seconds()) + 4201, exp=int(up.time.seconds()) + 4501),
                rule=RULES + "`iat`",
                code="GW-1213",
            ),
        ),
        "hs256-with-the-secret": (
            "RFC 8725 §3.1",
            refuses(
                "ID token signed HS256 with the client secret",
                token(lambda up, good: hmac_signed(good, b"upstream s3cret of/100%")),
                rule=RULES + "`alg`",
            ),
        ),
        "keys-of-its-own": (
            "RFC 8725 §3.10",
            refuses(
                "ID token whose header brings its key by jku and jwk",
                token(elsewhere),
                rule=RULES + "`header`",
                untouched=("/userinfo", "/other-keys"),
            ),
        ),
        "at-hash-of-another-token": (
            "OpenID Connect Core §3.1.3.8",
            refuses("ID token with another at_hash", claim(at_hash="A" * 22), rule=RULES + "`at_hash`"),
        ),
        "token-type-case": (
            "RFC 6749 §5.1",
            accepts("token_type in capitals", lambda upstream: upstream.token_answer.update(token_type="BEARER")),
        ),
        "expires-in-missing": (
            "RFC 6749 §5.1",
            accepts("no expires_in", lambda upstream: upstream.token_answer.update(expires_in=None)),
        ),
        "key-flood": ("OpenID Connect Core §10.1.1", key_flood),
    },
)
