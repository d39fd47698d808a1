"""`/openapi.json` is true: it names every route, every status, every content type, and nothing else."""

import time
import warnings
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from fastapi import FastAPI
from starlette.routing import Route

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as st
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.core.failures import FailureGroup
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

from gateway.application.assembly import assemble, make_pages
from gateway.application.openapi import PAGES, describe
from gateway.settings import read_settings
from gateway.vocabulary.clock import SystemClock, SystemRandomness
from tests.docs.walk import redeem, sign_in
from tests.journeys.stack import Stack
from tests.journeys.staff.desk import staff_token
from tests.possession import Holder

pytestmark = pytest.mark.anyio

ISSUER = "http://127.0.0.1:8000"
DOCUMENT = describe(ISSUER)
OPERATIONS = [(path, method) for path, item in DOCUMENT["paths"].items() for method in item]
ROUNDS = [(path, method, "nobody") for path, method in OPERATIONS] + [
    (path, method, scheme)
    for path, method in OPERATIONS
    for scheme in {name: None for way in DOCUMENT["paths"][path][method]["security"] for name in way}
]
ROUNDS += [
    (path, method, "citizen")
    for path, method in OPERATIONS
    if path.startswith(("/v1/prefill", "/v1/connectors", "/userinfo"))
]
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@pytest.fixture
async def application(tmp_path) -> AsyncIterator[FastAPI]:
    environ = {
        "GATE06_PROFILE": "dev",
        "GATE06_ISSUER": ISSUER,
        "GATE06_STORE__URL": f"sqlite:///{tmp_path}/store.db",
        "GATE06_STORE__MASTER_KEY": "11" * 32,
    }
    chosen = read_settings(files=[], environ=environ)
    running = await assemble(chosen, make_pages(chosen), SystemClock(), SystemRandomness())
    yield running.application
    await running.close()


def table_of(application: FastAPI) -> set[tuple[str, str]]:
    """Return (path, method) of every route; HEAD comes with GET and is not told apart."""
    routes = [route for route in application.router.routes if isinstance(route, Route)]
    assert len(routes) == len(application.router.routes)
    return {(route.path, method.lower()) for route in routes for method in route.methods - {"HEAD"}}


async def test_every_route_is_described_or_is_a_page_with_its_reason(application):
    described = {(path.replace("{path}", "{path:path}"), method) for path, method in OPERATIONS}
    routes = table_of(application)
    pages = {(path, method) for path, method in routes if path in PAGES}
    assert described | pages == routes
    assert not described & pages
    assert {path for path, _ in pages} == set(PAGES)
    assert all(PAGES.values())


async def test_the_document_is_served_as_it_is_made(application):
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=application), base_url=ISSUER) as client:
        answer = await client.get("/openapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == DOCUMENT


def test_names_are_unique_and_references_lead_somewhere():
    names = [DOCUMENT["paths"][path][method]["operationId"] for path, method in OPERATIONS]
    assert len(names) == len(set(names))
    known = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert set(references(DOCUMENT)) == known
    schemes = set(DOCUMENT["components"]["securitySchemes"])
    used = {name for path, method in OPERATIONS for way in DOCUMENT["paths"][path][method]["security"] for name in way}
    assert used | {"sign_in"} == schemes


def references(tree: object) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from references(value)


@pytest.fixture(scope="module")
def stack(tmp_path_factory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="module")
def token(stack) -> str:
    """A token the sample portal got for itself."""
    answer = httpx2.post(
        f"{stack.issuer}/token",
        data={"grant_type": "client_credentials"},
        auth=("sample-portal", stack.secret("portal.secret")),
    )
    return answer.json()["access_token"]


@pytest.fixture(scope="module")
def citizen(stack) -> str:
    """The token of somebody who signed in."""
    return redeem(stack, sign_in(stack, "persona:3")["code"])["access_token"]


@pytest.fixture(scope="module")
def staff(stack) -> str:
    """The token of a member of staff who may do most with connectors."""
    return staff_token(stack, "ha.nhung")


@pytest.fixture(scope="module")
def bound(stack) -> str:
    """A token of the sample portal that is bound to a key."""
    address = f"{stack.issuer}/token"
    answer = httpx2.post(
        address,
        data={"grant_type": "client_credentials"},
        auth=("sample-portal", stack.secret("portal.secret")),
        headers={"dpop": Holder().prove("POST", address, time.time())},
    )
    assert answer.json()["token_type"] == "DPoP"
    return answer.json()["access_token"]


@pytest.fixture(scope="module")
def promised(stack):
    return schemathesis.openapi.from_dict(httpx2.get(f"{stack.issuer}/openapi.json").json())


@pytest.fixture(scope="module")
def bearers(token, citizen, staff, bound) -> dict[str, dict[str, str]]:
    """The tokens there are, by who holds them."""
    held = {"access_token": token, "citizen": citizen, "staff_token": staff}
    shown = {name: {"Authorization": f"Bearer {value}"} for name, value in held.items()}
    return shown | {"bound_token": {"Authorization": f"DPoP {bound}"}}


@pytest.mark.parametrize(("path", "method", "caller"), ROUNDS, ids=[f"{m} {p} {caller}" for p, m, caller in ROUNDS])
def test_no_answer_is_outside_the_document(stack, bearers, promised, path, method, caller):
    """Whatever is sent, by nobody or by a known client: nothing but what the document promises, and never a 5xx."""
    headers = {"nobody": {}, "client_secret_basic": {"Authorization": basic(stack)}} | bearers
    headers = headers[caller]
    operation = promised[path][method.upper()]
    sent = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes_of(path, method)))

    @settings(
        max_examples=25,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=sent)
    def explore(case):
        response = case.call(base_url=stack.issuer, headers=headers, allow_redirects=False)
        case.validate_response(response, checks=CHECKS)

    explore()


@pytest.mark.parametrize("persona", [1, 7, 14])
def test_filled_forms_are_as_described(stack, token, promised, persona):
    """A year without a day, an address of a merged commune, nobody's number: each is what the schema says."""
    bearer = redeem(stack, sign_in(stack, f"persona:{persona}")["code"])["access_token"]
    asked = promised["/v1/prefill"]["POST"].Case(body={"procedure": "1.004222"}, media_type="application/json")
    form = keep_promise(asked, stack, bearer)
    if persona != 14:  # nothing was asked about somebody without a number, so nothing is kept to give again
        again = promised["/v1/prefill/{form_id}"]["GET"].Case(path_parameters={"form_id": form["id"]})
        assert keep_promise(again, stack, bearer)["id"] == form["id"]
    values = {name: one["value"] for name, one in form["fields"].items() if one["value"] is not None}
    body = {"manifest": form["manifest"], "values": values}
    compared = promised["/v1/prefill/verify"]["POST"].Case(body=body, media_type="application/json")
    assert keep_promise(compared, stack, token)["manifest"] == "valid"


def keep_promise(case, stack: Stack, bearer: str):
    response = case.call(base_url=stack.issuer, headers={"Authorization": f"Bearer {bearer}"})
    case.validate_response(response, checks=CHECKS)
    assert response.status_code == 200
    return response.json()


def modes_of(path: str, method: str) -> list[GenerationMode]:
    """What is meant to be good everywhere; what is bent wherever there is something to bend."""
    operation = DOCUMENT["paths"][path][method]
    bendable = "requestBody" in operation or operation.get("parameters")
    return [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if bendable else [])]


def test_a_broken_promise_would_be_found(stack):
    """The checks bite: a document that forgets the refusal is caught by the first question."""
    forgetful = describe(ISSUER)
    del forgetful["paths"]["/userinfo"]["get"]["responses"]["401"]
    operation = schemathesis.openapi.from_dict(forgetful)["/userinfo"]["GET"]
    case = operation.Case()
    response = case.call(base_url=stack.issuer)
    with pytest.raises(FailureGroup):
        case.validate_response(response, checks=CHECKS)


@pytest.mark.parametrize(
    "path",
    ["/v1/prefill/pf_aaaaaaaaaaaaaaaaaaaaaa", "/v1/log/inclusion", "/v1/receipts/rf_1", "/v1/nothing", "/jwks/x"],
)
def test_a_refusal_names_the_trace_that_the_header_names(stack, token, path):
    for sent in ({}, {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}):
        answer = httpx2.get(f"{stack.issuer}{path}", headers={"Authorization": f"Bearer {token}", **sent})
        assert answer.json()["trace_id"] == answer.headers["x-trace-id"]
        assert (answer.headers["x-trace-id"] == "ab" * 16) is bool(sent)


def basic(stack: Stack) -> str:
    request = httpx2.Request("GET", stack.issuer)
    auth = httpx2.BasicAuth("sample-portal", stack.secret("portal.secret"))
    return next(auth.sync_auth_flow(request)).headers["authorization"]
