"""`/openapi.json` is true: it names every route, every status, every content type, and nothing else."""

from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from fastapi import FastAPI
from starlette.routing import Route

from gateway.application.assembly import assemble, make_pages
from gateway.application.openapi import PAGES, describe
from gateway.settings import read_settings
from gateway.vocabulary.clock import SystemClock, SystemRandomness
from tests.application import promise
from tests.application.promise import CHECKS, DOCUMENT, ISSUER, OPERATIONS, explore
from tests.docs.walk import redeem, sign_in
from tests.journeys.stack import Stack

pytestmark = pytest.mark.anyio

ROUNDS = list(promise.rounds())


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
    return promise.own_token(stack)


@pytest.fixture(scope="module")
def promised(stack):
    return promise.promised_by(stack)


@pytest.fixture(scope="module")
def callers(stack) -> dict[str, dict[str, str]]:
    return promise.callers(stack)


@pytest.mark.parametrize(("path", "method", "caller"), ROUNDS, ids=[f"{m} {p} {caller}" for p, m, caller in ROUNDS])
def test_no_answer_is_outside_the_document(stack, callers, promised, path, method, caller):
    """Whatever is sent, by nobody or by a known client: nothing but what the document promises, and never a 5xx."""
    seen = explore(promised[path][method.upper()], stack, callers[caller], examples=25)
    assert seen.total() > 0


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


def test_a_broken_promise_would_be_found(stack):
    """The checks bite: a document that forgets the refusal is caught by the first question."""
    forgetful = describe(ISSUER)
    del forgetful["paths"]["/userinfo"]["get"]["responses"]["401"]
    operation = promise.schemathesis.openapi.from_dict(forgetful)["/userinfo"]["GET"]
    case = operation.Case()
    response = case.call(base_url=stack.issuer)
    with pytest.raises(promise.FailureGroup):
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
