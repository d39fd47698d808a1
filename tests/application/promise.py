"""What `/openapi.json` promises, put to the running stack: whatever is sent, only promised answers come."""

import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from hypothesis import strategies as st
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.core.failures import FailureGroup
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

from gateway.application.openapi import describe
from tests.docs.walk import redeem, sign_in
from tests.journeys.stack import Stack
from tests.journeys.staff.desk import staff_token
from tests.openid_provider.grammar import ERRORS
from tests.possession import Holder

__all__ = ["CHECKS", "DOCUMENT", "ISSUER", "OPERATIONS", "FailureGroup", "explore", "schemathesis"]

ISSUER = "http://127.0.0.1:8000"
DOCUMENT = describe(ISSUER)
OPERATIONS = [(path, method) for path, item in DOCUMENT["paths"].items() for method in item]
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
_CITIZENS = ("/v1/prefill", "/v1/connectors", "/userinfo")


def rounds() -> Iterator[tuple[str, str, str]]:
    """Yield path, method and caller: nobody, each way to say who one is, and a citizen where one has business."""
    for path, method in OPERATIONS:
        yield path, method, "nobody"
    for path, method in OPERATIONS:
        for scheme in {name: None for way in DOCUMENT["paths"][path][method]["security"] for name in way}:
            yield path, method, scheme
    for path, method in OPERATIONS:
        if path.startswith(_CITIZENS):
            yield path, method, "citizen"


def promised_by(stack: Stack) -> Any:
    """Return the document that the stack serves, as schemathesis reads it."""
    return schemathesis.openapi.from_dict(httpx2.get(f"{stack.issuer}/openapi.json").json())


def basic(stack: Stack) -> str:
    """Return the credentials of the sample portal."""
    request = httpx2.Request("GET", stack.issuer)
    auth = httpx2.BasicAuth("sample-portal", stack.secret("portal.secret"))
    return next(auth.sync_auth_flow(request)).headers["authorization"]


def own_token(stack: Stack, holder: Holder | None = None) -> str:
    """Return a token the sample portal got for itself, bound to a key where there is one."""
    address = f"{stack.issuer}/token"
    proof = {} if holder is None else {"dpop": holder.prove("POST", address, time.time())}
    headers = {"authorization": basic(stack), **proof}
    answer = httpx2.post(address, data={"grant_type": "client_credentials"}, headers=headers)
    assert answer.json()["token_type"] == ("Bearer" if holder is None else "DPoP")
    return str(answer.json()["access_token"])


def callers(stack: Stack) -> dict[str, dict[str, str]]:
    """Return the headers of everybody who calls, by who they are."""
    held = {
        "access_token": own_token(stack),
        "citizen": redeem(stack, sign_in(stack, "persona:3")["code"])["access_token"],
        "staff_token": staff_token(stack, "ha.nhung"),
    }
    shown = {name: {"Authorization": f"Bearer {value}"} for name, value in held.items()}
    shown["bound_token"] = {"Authorization": f"DPoP {own_token(stack, Holder())}"}
    return {"nobody": {}, "client_secret_basic": {"Authorization": basic(stack)}, **shown}


def explore(
    operation: Any, stack: Stack, headers: Mapping[str, str], *, examples: int, chance: int = 0
) -> Counter[int]:
    """Send `examples` cases of an operation, good and bent; return how often each status came. Raises on an answer the
    document does not promise, on a 5xx, and on an error that no standard registers."""
    path, method = operation.path, operation.method.lower()
    sent = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes_of(path, method)))
    seen: Counter[int] = Counter()

    @seed(chance)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=sent)
    def one_by_one(case: Any) -> None:
        response = case.call(base_url=stack.issuer, headers=dict(headers), allow_redirects=False)
        case.validate_response(response, checks=CHECKS)
        seen[response.status_code] += 1
        if response.status_code >= 400 and "error_uri" in response.text:
            assert response.json()["error"] in ERRORS, response.text

    one_by_one()
    return seen


def modes_of(path: str, method: str) -> list[GenerationMode]:
    """What is meant to be good everywhere; what is bent wherever there is something to bend."""
    operation = DOCUMENT["paths"][path][method]
    bendable = "requestBody" in operation or operation.get("parameters")
    return [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if bendable else [])]
