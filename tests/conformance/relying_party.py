"""The gateway as relying party: what it makes of an identity provider that is right, and of one that is not.

oidcc-client-basic- and oidcc-client-config-certification-test-plan, and what no plan has: mix-up, floods, clocks.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.cli.citizen import PageReader
from tests.conformance.client import Client
from tests.conformance.plan import ANY, NONE, Check, NotApplicable, Run, modules_of
from tests.conformance.running import CALLBACK
from tests.conformance.upstream import ALIAS, WORDS, Upstream
from tests.identity_providers.issuer import private_jwk, with_header, without_kid

Twist = Callable[[Upstream], None]
_CALLS = ("/discovery", "/keys", "/par", "/authorize", "/token", "/userinfo")
_POSTED = {"/par", "/token"}
REFUSED = "GW-1208"


@dataclass
class UpstreamRun(Run):
    """A run of the relying-party side: the upstream is new for each row, and whatever was fetched before is too old."""

    upstream: Upstream | None = None
    evil: Upstream | None = None
    alias: str = ALIAS
    page: str = ""

    def signs_in(self, **changes: str | None) -> tuple[Client, str | None]:
        """Sign in once; return the client, and the code of the page where the sign-in was refused."""
        client = Client(self)
        wire, landing = client.ask(**{"idp_hint": self.alias, **changes}, buttons=("consent-allow",))
        self.page = landing.text
        if landing.arrived == CALLBACK and "code" in wire.members:
            return client, None
        assert landing.arrived is None, wire.members
        codes = PageReader(landing.text).codes
        assert len(codes) == 1, landing.text[:3000]
        return client, codes[0]

    def tell(self, sent: str, outcome: str) -> None:
        """Keep what the upstream did, which of its endpoints were called afterwards, and how it ended."""
        assert self.upstream is not None
        called = [path.strip("/") for path in _CALLS if self.upstream.count(path, "POST" if path in _POSTED else "GET")]
        self.note(sent, f"{outcome}; called: {', '.join(called)}")


def accepts(sent: str, twist: Twist = lambda upstream: None) -> Check:
    """Return a check of an upstream whose answers are good: the person is signed in at the client."""

    def check(run: Run) -> None:
        upstream = of(run, twist)
        _, refused = run.signs_in()  # type: ignore[attr-defined]
        assert refused is None, run.gateway.said()[-3000:]
        assert upstream.count("/userinfo") == upstream.tries
        run.tell(sent, "signed in")  # type: ignore[attr-defined]

    return check


def refuses(
    sent: str, twist: Twist, *, rule: str, code: str = REFUSED, untouched: tuple[str, ...] = ("/userinfo",)
) -> Check:
    """Return a check of an upstream that must not be believed: a page with `code`, the `rule` for operators alone, and
    no call of the endpoints `untouched`."""

    def check(run: Run) -> None:
        upstream = of(run, twist)
        before = len(run.gateway.said())
        client, refused = run.signs_in()  # type: ignore[attr-defined]
        assert refused == code, run.gateway.said()[-3000:]
        assert WORDS not in run.page  # type: ignore[attr-defined]
        told = run.gateway.said()[before:]
        assert rule in told, told
        assert not any(upstream.count(path, method) for path in untouched for method in ("GET", "POST"))
        run.tell(sent, f"{refused}, told to operators: {rule}")  # type: ignore[attr-defined]
        silent, _ = client.ask(prompt="none")
        run.see(silent, silent.status, error="login_required", code=NONE)

    return check


def of(run: Run, twist: Twist = lambda upstream: None) -> Upstream:
    """Return the upstream of a run, made new and then twisted; what the gateway remembers of it has aged."""
    assert isinstance(run, UpstreamRun)
    assert run.upstream is not None
    assert run.evil is not None
    run.upstream.make_new()
    run.evil.make_new()
    twist(run.upstream)
    run.gateway.time.move(3601)
    return run.upstream


def claim(**claims: object) -> Twist:
    """Return a twist of the ID token's claims (None leaves one out)."""
    return lambda upstream: upstream.claims.update(claims)


def token(twisted: Callable[[Upstream, str], str]) -> Twist:
    """Return a twist of the whole ID token."""

    def twist(upstream: Upstream) -> None:
        upstream.twist_token = lambda good: twisted(upstream, good)

    return twist


def sign_with(alg: str, kid: str) -> Twist:
    """Return a twist to another key, published."""

    def twist(upstream: Upstream) -> None:
        upstream.signing = private_jwk(alg, kid)
        upstream.published = [upstream.signing]

    return twist


def two_keys(upstream: Upstream) -> None:
    """Two keys that would both fit, and a token that names neither."""
    upstream.published = [private_jwk("ES256", "key-2"), upstream.signing]
    upstream.twist_token = lambda good: without_kid(good, upstream.signing)


def badly_signed(good: str) -> str:
    """Return a token with a signature of the right length that is not one."""
    return good[:-8] + ("AAAAAAAA" if good[-8:] != "AAAAAAAA" else "BBBBBBBB")


def bad_rs256(upstream: Upstream) -> None:
    """RS256, with a signature of the right length that is not one."""
    sign_with("RS256", "rsa-1")(upstream)
    upstream.twist_token = badly_signed


def bearer_body(run: Run) -> None:
    """The suite takes either way; the gateway shows its token in the header, the module before."""
    accepts("a good upstream, which gets the token in the header and would not find it in a form")(run)
    raise NotApplicable("oidcc-client-test-userinfo-bearer-header")


def scope_claims(run: Run) -> None:
    upstream = of(run)
    client, refused = run.signs_in(scope="openid profile")  # type: ignore[attr-defined]
    assert refused is None
    assert upstream.asked["scope"] == "openid profile"
    wire, _ = client.ask(scope="openid profile", prompt="none")
    answer = client.redeem(run.see(wire, wire.status, code=ANY)["code"])
    run.see(client.userinfo(answer.members["access_token"]), 200, name="Trần Thị Bưởi", birthdate="1975-05-12")
    run.tell("scope=openid profile, claims at userinfo", "signed in")  # type: ignore[attr-defined]


def secret_basic(run: Run) -> None:
    upstream = of(run)
    _, refused = run.signs_in()  # type: ignore[attr-defined]
    assert refused is None
    assert upstream.token_headers[0]["authorization"].startswith("Basic ")
    assert not {"client_secret", "client_id"} & upstream.token_forms[0].keys()
    run.tell("a token endpoint that wants client_secret_basic", "signed in, both halves form-encoded")  # type: ignore[attr-defined]


PREFIX = "oidcc-client-test"
ID_TOKEN = "OpenID Connect Core §3.1.3.7"
RULES = "id token: refused by rule "
RP_BASIC = modules_of(
    PREFIX,
    {
        "": ("OpenID Connect Core §3.1", accepts("good answers")),
        "-invalid-iss": (
            ID_TOKEN,
            refuses("ID token of another issuer", claim(iss="https://evil.example"), rule=RULES + "`iss`"),
        ),
        "-missing-sub": (
            "OpenID Connect Core §2",
            refuses("ID token without sub", claim(sub=None), rule=RULES + "`missing:sub`"),
        ),
        "-invalid-aud": (
            ID_TOKEN,
            refuses("ID token for another client", claim(aud="somebody-else"), rule=RULES + "`aud`"),
        ),
        "-missing-iat": (
            "OpenID Connect Core §2",
            refuses("ID token without iat", claim(iat=None), rule=RULES + "`missing:iat`"),
        ),
        "-kid-absent-single-jwks": (
            "OpenID Connect Core §10.1",
            accepts("ID token without kid, one key published", token(lambda up, good: without_kid(good, up.signing))),
        ),
        "-kid-absent-multiple-jwks": (
            "OpenID Connect Core §10.1",
            refuses("ID token without kid, two keys that fit", two_keys, rule=RULES + "`kid`"),
        ),
        "-idtoken-sig-rs256": (
            "OpenID Connect Core §3.1.3.7",
            accepts("ID token signed with RS256", sign_with("RS256", "rsa-1")),
        ),
        "-idtoken-sig-none": (
            "RFC 8725 §3.1",
            refuses(
                "ID token with alg none",
                token(lambda up, good: with_header(good, {"alg": "none"}, "")),
                rule=RULES + "`form`",
            ),
        ),
        "-invalid-sig-rs256": (
            ID_TOKEN,
            refuses("ID token with a wrong RS256 signature", bad_rs256, rule=RULES + "`signature`"),
        ),
        "-userinfo-bearer-header": ("RFC 6750 §2.1", accepts("userinfo that takes the token in the header")),
        "-userinfo-bearer-body": ("RFC 6750 §2.2", bearer_body),
        "-userinfo-invalid-sub": (
            "OpenID Connect Core §5.3.2",
            refuses(
                "userinfo of another person",
                lambda upstream: upstream.userinfo.update(sub="subject-2"),
                rule="userinfo: `sub` is not that of the id token",
                untouched=(),
            ),
        ),
        "-nonce-invalid": (
            ID_TOKEN,
            refuses("ID token with another nonce", claim(nonce="another"), rule=RULES + "`nonce`"),
        ),
        "-scope-userinfo-claims": ("OpenID Connect Core §5.4", scope_claims),
        "-client-secret-basic": ("RFC 6749 §2.3.1", secret_basic),
    },
)


def key_rotation(run: Run) -> None:
    """A key nobody has seen signs the second sign-in; the old one stays published."""
    upstream = of(run)
    assert run.signs_in()[1] is None  # type: ignore[attr-defined]
    fetched = upstream.count("/keys")
    run.gateway.time.move(60)
    upstream.signing = private_jwk("ES256", "key-2")
    upstream.published.append(upstream.signing)
    assert run.signs_in()[1] is None  # type: ignore[attr-defined]
    assert upstream.count("/keys") == fetched + 1
    run.tell("second ID token signed with a new key", "signed in twice, keys fetched once more")  # type: ignore[attr-defined]


def rotation_just_before_signing(run: Run) -> None:
    """The new key appears between the fetch of the keys and the signature."""
    upstream = of(run)
    assert run.signs_in()[1] is None  # type: ignore[attr-defined]
    run.gateway.time.move(60)
    fetched = upstream.count("/keys")
    upstream.signing = private_jwk("ES256", "key-3")
    upstream.published = [upstream.signing]
    assert run.signs_in()[1] is None  # type: ignore[attr-defined]
    assert upstream.count("/keys") == fetched + 1
    run.tell("key replaced just before signing", "signed in twice, keys fetched once more")  # type: ignore[attr-defined]


RP_CONFIG = modules_of(
    PREFIX,
    {
        "-discovery-openid-config": ("OpenID Connect Discovery §4", accepts("a discovery document")),
        "-discovery-jwks-uri-keys": (
            "OpenID Connect Discovery §3",
            accepts("keys at jwks_uri", sign_with("ES256", "key-9")),
        ),
        "-discovery-issuer-mismatch": (
            "OpenID Connect Discovery §4.3",
            refuses(
                "discovery document of another issuer",
                lambda upstream: upstream.metadata.update(issuer="https://evil.example"),
                rule="discovery: `issuer` is not the pinned one",
                untouched=("/authorize", "/token", "/userinfo"),
            ),
        ),
        "-idtoken-sig-none": RP_BASIC[8].row,
        "-signing-key-rotation": ("OpenID Connect Core §10.1.1", key_rotation),
        "-signing-key-rotation-just-before-signing": ("OpenID Connect Core §10.1.1", rotation_just_before_signing),
    },
)
