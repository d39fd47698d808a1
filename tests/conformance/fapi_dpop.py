"""The modules of the FAPI 2.0 plan that are about proofs of possession (RFC 9449)."""

from typing import Any

from tests.conformance.fapi_client import FapiClient
from tests.conformance.plan import ANY, NONE, Check, Run
from tests.possession import Holder, b64

DPOP = "RFC 9449"
_NONE = b'{"alg":"none","typ":"dpop+jwt"}'


def scheme_case(run: Run) -> None:
    client = FapiClient(run)
    token = client.tokens()["access_token"]
    proof = client.holder.prove("GET", client.address("userinfo"), client.now, token=token)
    run.see(client.ask([("authorization", f"dPoP {token}"), ("dpop", proof)], "the scheme written dPoP"), 200, sub=ANY)


def nbf_exp(run: Run) -> None:
    client = FapiClient(run)
    token, at = client.tokens()["access_token"], int(client.now)
    run.see(client.person(token, "a proof with nbf and exp", nbf=at - 5, exp=at + 60), 200, sub=ANY)


def skewed(by_s: int, words: str) -> Check:
    """Return a check of proofs made some seconds off, at PAR, token endpoint and resource."""

    def check(run: Run) -> None:
        client = FapiClient(run)

        def proof(method: str, endpoint: str, **more: Any) -> str:
            return client.holder.prove(method, client.address(endpoint), client.now + by_s, **more)

        code = client.code(f"a proof {words}", proof=proof("POST", "pushed_authorization_request"))
        wire = client.redeem(code, f"a proof {words}", proof=proof("POST", "token"))
        token = run.see(wire, 200, access_token=ANY)["access_token"]
        last = [("authorization", f"DPoP {token}"), ("dpop", proof("GET", "userinfo", token=token))]
        run.see(client.ask(last, f"a proof {words}"), 200, sub=ANY)

    return check


def mismatched_at_par(run: Run) -> None:
    client = FapiClient(run)
    proof = client.holder.prove("POST", client.address("pushed_authorization_request"), client.now)
    wire = client.push("dpop_jkt of another key than the proof's", proof=proof, dpop_jkt=Holder().jkt)
    assert wire.members["error"] in {"invalid_request", "invalid_dpop_proof"}
    run.see(wire, 400, error=ANY, request_uri=NONE)


def bound(by: str, *, other_key: bool) -> Check:
    """Return a check of a code bound to a key, by a proof at PAR or by `dpop_jkt`, redeemed with it or another."""

    def check(run: Run) -> None:
        client = FapiClient(run)
        if by == "proof":
            proof = client.holder.prove("POST", client.address("pushed_authorization_request"), client.now)
            code = client.code("a proof", proof=proof)
        else:
            code = client.code("dpop_jkt", dpop_jkt=client.holder.jkt)
        if not other_key:
            run.see(client.redeem(code, "a proof of the same key"), 200, access_token=ANY, token_type="DPoP")
            return
        client.holder = Holder()
        wire = client.redeem(code, "a proof of another key")
        assert wire.members["error"] in {"invalid_grant", "invalid_dpop_proof"}
        run.see(wire, 400, error=ANY, access_token=NONE)

    return check


def negatives(run: Run) -> None:
    """The sub-checks at the resource: what is wrong with a proof is refused, what nobody knows is let be."""
    client = FapiClient(run)
    token = client.tokens()["access_token"]
    url = client.address("userinfo")
    host, _, path = url.partition("//")[2].partition("/")

    def refused(told: str, wire: Any) -> None:
        assert wire.status == 401, (told, wire.status)
        assert wire.headers["www-authenticate"].startswith("DPoP ")
        run.see(wire, 401, error=ANY, sub=NONE)

    def accepted(told: str, **bend: Any) -> None:
        run.see(client.person(token, told, **bend), 200, sub=ANY)

    def bent(told: str, **bend: Any) -> None:
        refused(told, client.person(token, told, **bend))

    def raw(told: str, *headers: tuple[str, str]) -> None:
        refused(told, client.ask([("authorization", f"DPoP {token}"), *headers], told))

    def good() -> str:
        return client.holder.prove("GET", url, client.now, token=token)

    run.see(client.ask([("authorization", f"DPoP {token}"), ("DPOP", good())], "the header written DPOP"), 200, sub=ANY)
    raw("two DPoP headers", ("dpop", good()), ("dpop", good()))
    raw("a malformed proof", ("dpop", "not.a.jwt"))
    raw("no proof")
    for member in ("typ", "alg", "jwk", "jti", "htm", "htu", "iat", "ath"):
        bent(f"a proof without {member}", without=(member,))
    bent("typ JWT", header={"typ": "JWT"})
    weak = Holder("RS256")
    raw("a proof signed RS256", ("dpop", weak.prove("GET", url, client.now, token=token)))
    head, body, _ = good().split(".")
    raw("a proof of alg none", ("dpop", f"{b64(_NONE)}.{body}."))
    raw("a wrong signature", ("dpop", f"{head}.{body}.{b64(bytes(64))}"))
    bent("the private key in jwk", header={"jwk": {**client.holder.bare, "d": client.holder.jwk["d"]}})
    bent("htm POST", htm="POST")
    bent("htu of another address", htu=client.address("token"))
    bent("iat an hour ago", iat=int(client.now) - 3600)
    bent("iat in an hour", iat=int(client.now) + 3600)
    bent("ath of another token", token="another")
    raw("a proof of another key", ("dpop", Holder().prove("GET", url, client.now, token=token)))
    once = good()
    run.see(client.ask([("authorization", f"DPoP {token}"), ("dpop", once)], "a good proof"), 200, sub=ANY)
    raw("the same proof again", ("dpop", once))
    accepted("htu with a query", htu=f"{url}?a=b")
    accepted("htu with a fragment", htu=f"{url}#a")
    accepted("htu in capitals", htu=f"HTTP://{host.upper()}/{path}")
    accepted("a claim nobody knows", unknown="x")
    accepted("a header member nobody knows", header={"unknown": "x"})
    wire = client.ask([("authorization", f"Bearer {token}")], "the bound token as Bearer")
    run.see(wire, 401, error=ANY, sub=NONE)
    accepted("a good proof at the end")


DPOP_ROWS: dict[str, tuple[str, Check]] = {
    "access-token-type-header-case-sensitivity": ("RFC 9110 §11.1", scheme_case),
    "check-dpop-proof-nbf-exp": (f"{DPOP} §4.3", nbf_exp),
    "ensure-dpopproof-with-iat-10seconds-before-succeeds": ("FAPI 2.0 SP §5.3.2.1-13", skewed(-10, "10 s old")),
    "ensure-dpopproof-with-iat-10seconds-after-succeeds": ("FAPI 2.0 SP §5.3.2.1-13", skewed(10, "10 s ahead")),
    "ensure-mismatched-dpop-jkt-fails": (f"{DPOP} §10.1", mismatched_at_par),
    "ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt": (f"{DPOP} §10.1", bound("proof", other_key=True)),
    "ensure-token-endpoint-fails-with-mismatched-dpop-jkt": (f"{DPOP} §10", bound("dpop_jkt", other_key=True)),
    "ensure-dpopproof-at-par-binding-success": (f"{DPOP} §10.1", bound("proof", other_key=False)),
    "ensure-dpop-auth-code-binding-success": (f"{DPOP} §10", bound("dpop_jkt", other_key=False)),
    "dpop-negative-tests": (f"{DPOP} §4.3, §7", negatives),
}
