"""The modules that fapi2-message-signing-final-test-plan adds: what may be wrong with a signed request."""

from collections.abc import Callable
from typing import Any

from gateway.tokens.key_material import generate_private_jwk
from tests.conformance.fapi_client import KEYS, NAMES, FapiClient
from tests.conformance.plan import ANY, NONE, Check, Run, Wire, modules_of
from tests.identity_providers.issuer import with_header
from tests.possession import CHANCE

MS = "FAPI 2.0 MS §5.3.1"
JAR = "RFC 9101"
Make = Callable[[FapiClient], str]


def pushed(client: FapiClient, told: str, request: str) -> Wire:
    """Push one request object and nothing else."""
    form: dict[str, str | None] = {"client_id": client.client_id, "request": request}
    return client.post("pushed_authorization_request", form, label=f"POST PAR endpoint with {told}", proof=None)


def accepted(told: str, make: Make) -> Check:
    """Return a check of a request object that is good: it leads to tokens."""

    def check(run: Run) -> None:
        client = FapiClient(run)
        request_uri = run.see(pushed(client, told, make(client)), 201, request_uri=ANY)["request_uri"]
        wire, _ = client.visit(str(request_uri))
        run.see(client.redeem(run.see(wire, wire.status, code=ANY)["code"]), 200, access_token=ANY)

    return check


def refused(told: str, make: Make) -> Check:
    """Return a check of a request object that is not believed."""

    def check(run: Run) -> None:
        client = FapiClient(run)
        wire = pushed(client, told, make(client))
        run.see(wire, 400, error="invalid_request_object", error_uri=ANY, request_uri=NONE)

    return check


def changed(**changes: Any) -> Make:
    """Return what makes a request object with other claims; a number is seconds from now."""

    def make(client: FapiClient) -> str:
        at = int(client.now)
        told = {name: at + one if isinstance(one, int) else one for name, one in changes.items()}
        return client.request_object(client.good_request(), **told)

    return make


def several_audiences(client: FapiClient) -> str:
    return client.request_object(client.good_request(), aud=[client.run.gateway.issuer, "https://other.example"])


def signed_by(key: Callable[[FapiClient], dict[str, str]]) -> Make:
    """Return what makes a request object signed by another key."""
    return lambda client: client.request_object(client.good_request(), key(client))


def unsigned(client: FapiClient) -> str:
    return with_header(client.request_object(client.good_request()), {"alg": "none"}, "")


def badly_signed(client: FapiClient) -> str:
    head, body, _ = client.request_object(client.good_request()).split(".")
    return f"{head}.{body}.{'A' * 86}"


def plain_refused(run: Run) -> None:
    client = FapiClient(run)
    wire = client.post(
        "pushed_authorization_request", client.good_request(), label="POST PAR endpoint, unsigned", proof=None
    )
    run.see(wire, 400, error="invalid_request", request_uri=NONE)


SIGNING = modules_of(
    "fapi2-security-profile-final-",
    {
        "ensure-server-accepts-request-object-with-multiple-aud": (
            f"{MS}",
            accepted("a request object for us and another", several_audiences),
        ),
        "ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted": (
            MS,
            accepted("a request object with nbf 8 s ahead and exp an hour after it", changed(nbf=8, exp=3608)),
        ),
        "ensure-request-object-without-exp-fails": (MS, refused("a request object without exp", changed(exp=None))),
        "ensure-request-object-without-nbf-fails": (MS, refused("a request object without nbf", changed(nbf=None))),
        "ensure-expired-request-object-fails": (
            MS,
            refused("a request object that expired 5 minutes ago", changed(exp=-300, nbf=-600, iat=-600)),
        ),
        "ensure-request-object-with-bad-aud-fails": (
            MS,
            refused("a request object for another issuer", changed(aud="https://evil.example")),
        ),
        "ensure-request-object-with-exp-over-60-fails": (
            MS,
            refused("a request object with exp 70 minutes after nbf", changed(nbf=-1800, exp=2400)),
        ),
        "ensure-request-object-with-nbf-over-60-fails": (
            MS,
            refused("a request object with nbf 70 minutes ago", changed(nbf=-4200)),
        ),
        "ensure-signed-request-object-with-RS256-fails": (
            "FAPI 2.0 SP §5.4",
            refused(
                "a request object signed RS256", signed_by(lambda client: generate_private_jwk("RS256", "f1", CHANCE))
            ),
        ),
        "ensure-request-object-signature-algorithm-is-not-none": (
            f"{JAR} §10.5",
            refused("a request object of alg none", unsigned),
        ),
        "ensure-request-object-with-invalid-signature-fails": (
            f"{JAR} §6.2",
            refused("a request object with a wrong signature", badly_signed),
        ),
        "ensure-matching-key-in-authorization-request": (
            f"{JAR} §6.2",
            refused(
                "a request object signed by another client", signed_by(lambda client: KEYS[NAMES[client.run.mode][1]])
            ),
        ),
        "ensure-unsigned-request-at-par-endpoint-fails": (MS, plain_refused),
        "par-reject-request_uri-in-par-authorization-request": (
            f"{JAR} §4",
            refused("a request object holding a request_uri", changed(request_uri="urn:example:request")),
        ),
    },
)
