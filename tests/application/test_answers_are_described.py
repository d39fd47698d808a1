"""Answers of a real journey hold no member, no status and no header that `/openapi.json` does not tell of.

`test_openapi.py` sends what it makes up and checks what comes against the document; schemas are open, so that members
may be added. Here the document is read as if they were closed: what is answered and not described is a lie by silence.
"""

import time
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.docs.walk import redeem, sign_in
from tests.journeys.stack import Stack

COMMON_HEADERS = frozenset(
    {"content-type", "content-length", "date", "server", "connection", "transfer-encoding", "cache-control", "vary"}
    | {"content-language", "pragma", "x-content-type-options", "referrer-policy", "strict-transport-security"}
    | {"content-security-policy", "x-frame-options", "cross-origin-opener-policy", "cross-origin-resource-policy"}
)
"""Of HTTP and of every page alike; nothing a client of one operation has to be told."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("demo")) as running:
        yield running


class Reader:
    """Asks the gateway and holds every answer against the document."""

    def __init__(self, stack: Stack) -> None:
        self.http = httpx2.Client(base_url=stack.issuer, trust_env=False, timeout=60)
        self.document = self.http.get("/openapi.json").json()
        self.basic = (("sample-portal"), stack.secret("portal.secret"))
        self.seen: set[tuple[str, int]] = set()

    def ask(self, method: str, path: str, template: str = "", *, status: int, bearer: str = "", **more: Any) -> Any:
        """Ask, check, return what the answer holds."""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        answer = self.http.request(method, path, headers=headers, **more)
        assert answer.status_code == status, answer.text
        self.check(template or path, method.lower(), answer)
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text

    def check(self, template: str, method: str, answer: httpx2.Response) -> None:
        """Hold one answer against its description."""
        told = self.document["paths"][template][method]["responses"][str(answer.status_code)]
        self.seen.add((template, answer.status_code))
        described = {name.lower() for name in told.get("headers", {})} | COMMON_HEADERS
        assert set(answer.headers) <= described, (template, answer.status_code, set(answer.headers) - described)
        kind = answer.headers.get("content-type", "").partition(";")[0]
        if "content" not in told:
            assert not answer.content, (template, answer.status_code)
            return
        assert kind in told["content"], (template, answer.status_code, kind)
        if "json" in kind:
            silent = list(self.undescribed(told["content"][kind]["schema"], answer.json(), ""))
            assert silent == [], (template, answer.status_code, silent)

    def undescribed(self, schema: dict[str, Any], value: Any, at: str) -> Iterator[str]:
        """Yield the places of a value that its schema says nothing of."""
        if "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        ways = schema.get("oneOf") or schema.get("anyOf")
        if ways:
            found = [list(self.undescribed(way, value, at)) for way in ways]
            yield from min(found, key=len)
        elif isinstance(value, dict):
            known, others = schema.get("properties", {}), schema.get("additionalProperties", False)
            for part in schema.get("allOf", ()):
                known = {**known, **part.get("properties", {})}
            for name, inner in value.items():
                if name in known:
                    yield from self.undescribed(known[name], inner, f"{at}.{name}")
                elif isinstance(others, dict):
                    yield from self.undescribed(others, inner, f"{at}.{name}")
                elif others is not True:
                    yield f"{at}.{name}"
        elif isinstance(value, list):
            for inner in value:
                yield from self.undescribed(schema.get("items", {}), inner, f"{at}[]")


@pytest.fixture(scope="module")
def reader(stack) -> Reader:
    return Reader(stack)


def own_token(reader: Reader) -> str:
    asked = {"grant_type": "client_credentials"}
    return reader.ask("POST", "/token", status=200, data=asked, auth=reader.basic)["access_token"]


@pytest.mark.parametrize("persona", [1, 3, 7, 8, 14])
def test_a_journey_from_code_to_receipt(stack, reader, persona):
    code = sign_in(stack, f"persona:{persona}")["code"]
    tokens = reader.ask(
        "POST",
        "/token",
        status=200,
        auth=reader.basic,
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": f"{stack.portal_url}/callback",
            "code_verifier": "v" * 43,
        },
    )
    citizen, own = tokens["access_token"], own_token(reader)
    for method in ("GET", "POST"):
        reader.ask(method, "/userinfo", status=200, bearer=citizen)
    reader.ask("POST", "/introspect", status=200, data={"token": citizen}, auth=reader.basic)
    reader.ask("POST", "/introspect", status=200, data={"token": "unknown"}, auth=reader.basic)
    form = reader.ask("POST", "/v1/prefill", status=200, bearer=citizen, json={"procedure": "1.004222"})
    if persona != 14:
        reader.ask("GET", f"/v1/prefill/{form['id']}", "/v1/prefill/{form_id}", status=200, bearer=citizen)
    values = {name: one["value"] for name, one in form["fields"].items() if one["value"] is not None}
    body = {"manifest": form["manifest"], "values": {**values, "applicant.full_name": "khác"}}
    reader.ask("POST", "/v1/prefill/verify", status=200, bearer=own, json=body)
    read_evidence(reader, form["receipt"], own)
    reader.ask("POST", "/revoke", status=200, data={"token": citizen}, auth=reader.basic)
    reader.ask("POST", "/v1/prefill", status=401, bearer=citizen, json={"procedure": "1.004222"})


def read_evidence(reader: Reader, receipt: str, own: str) -> None:
    reader.ask("GET", f"/v1/receipts/{receipt}", "/v1/receipts/{receipt}", status=200, bearer=own)
    for _ in range(600):
        if reader.http.get("/v1/log/inclusion", params={"receipt": receipt}).status_code == 200:
            break
        time.sleep(0.1)
    proof = reader.ask("GET", "/v1/log/inclusion", status=200, params={"receipt": receipt})
    asked = {"receipt": receipt, "size": proof["size"]}
    assert "leaf" in reader.ask("GET", "/v1/log/inclusion", status=200, bearer=own, params=asked)
    reader.ask("GET", "/v1/log/consistency", status=200, params={"from": 1})
    reader.ask("GET", "/v1/log/checkpoint", status=200)


def test_refusals_are_described_to_the_last_member(stack, reader):
    own = own_token(reader)
    citizen = redeem(stack, sign_in(stack, "persona:3")["code"])["access_token"]
    refused = reader.ask("POST", "/v1/prefill", status=403, bearer=own, json={"procedure": "1.004222"})
    told = reader.ask("GET", f"/v1/receipts/{refused['receipt']}", "/v1/receipts/{receipt}", status=200, bearer=own)
    assert told["code"] == refused["code"]
    reader.ask("POST", "/v1/prefill", status=404, bearer=citizen, json={"procedure": "9.999999"})
    for body in ({}, {"procedure": 1}, {"procedure": "1.004222", "fields": ["nobody.knows"]}):
        answer = reader.http.post("/v1/prefill", headers={"Authorization": f"Bearer {citizen}"}, json=body)
        reader.check("/v1/prefill", "post", answer)
        assert answer.status_code in {400, 403, 404, 422}
    reader.ask("GET", "/v1/prefill/pf_nobody", "/v1/prefill/{form_id}", status=404, bearer=citizen)
    reader.ask("GET", "/v1/receipts/rf_nobody", "/v1/receipts/{receipt}", status=404, bearer=own)
    reader.ask("GET", "/v1/receipts/rf_nobody", "/v1/receipts/{receipt}", status=401)
    reader.ask("GET", "/v1/log/inclusion", status=400)
    reader.ask("GET", "/v1/log/inclusion", status=404, params={"receipt": f"rc_{'0' * 32}"})
    reader.ask("GET", "/v1/log/consistency", status=400, params={"from": 10**9})
    reader.ask("POST", "/v1/prefill/verify", status=401, json={})


@pytest.mark.parametrize(
    ("path", "form", "credentials", "status"),
    [
        ("/token", {"grant_type": "authorization_code", "code": "unknown"}, True, 400),
        ("/token", {"grant_type": "password"}, True, 400),
        ("/token", {}, True, 400),
        ("/token", {"grant_type": "client_credentials"}, False, 401),
        ("/token", {"grant_type": "client_credentials", "resource": "https://nobody.example/"}, True, 400),
        ("/token", {"grant_type": "refresh_token", "refresh_token": "unknown"}, True, 400),
        ("/introspect", {}, True, 400),
        ("/introspect", {"token": "x"}, False, 401),
        ("/revoke", {}, True, 400),
        ("/revoke", {"token": "x"}, False, 401),
    ],
)
def test_oauth_errors_are_described(stack, reader, path, form, credentials, status):
    wrong = ("sample-portal", "not the secret")
    reader.ask("POST", path, status=status, data=form, auth=reader.basic if credentials else wrong)


def test_too_many_changed_answers_are_described(stack, reader):
    own, citizen = own_token(reader), redeem(stack, sign_in(stack, "persona:6")["code"])["access_token"]
    form = reader.ask("POST", "/v1/prefill", status=200, bearer=citizen, json={"procedure": "1.004222"})
    body = {"manifest": form["manifest"], "values": {"applicant.full_name": "khác"}}
    for _ in range(20):
        reader.ask("POST", "/v1/prefill/verify", status=200, bearer=own, json=body)
    reader.ask("POST", "/v1/prefill/verify", status=429, bearer=own, json=body)


def test_a_form_with_late_fields_is_described(stack, reader):
    citizen = redeem(stack, sign_in(stack, "persona:13")["code"])["access_token"]
    form = reader.ask("POST", "/v1/prefill", status=200, bearer=citizen, json={"procedure": "1.004222"})
    assert form["late"]


@pytest.mark.parametrize("fault", ["down", "malformed", "denied_officer", "no_match"])
def test_a_register_in_trouble_is_described(stack, reader, fault):
    stack.put_fault(stack.sources_url, target=11, fault=fault)
    citizen = redeem(stack, sign_in(stack, "persona:11")["code"])["access_token"]
    form = reader.ask("POST", "/v1/prefill", status=200, bearer=citizen, json={"procedure": "1.004222"})
    stack.clear_faults()
    assert form["fields"]["applicant.full_name"]["why"]


@pytest.mark.parametrize(
    "path", ["/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]
)
def test_what_a_library_reads_first_is_described(stack, reader, path):
    reader.ask("GET", path, status=200)


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/status"])
def test_health_is_described(stack, reader, path):
    reader.ask("GET", path, status=200)


def test_silence_would_be_found(stack):
    """The reader bites: a member the document forgets is named with its place."""
    forgetful = Reader(stack)
    del forgetful.document["components"]["schemas"]["OAuthError"]["properties"]["error_uri"]
    header = {"Authorization": f"Basic {b64encode(b'nobody:x').decode()}"}
    answer = forgetful.http.post("/token", data={"grant_type": "client_credentials"}, headers=header)
    with pytest.raises(AssertionError, match=r"\.error_uri"):
        forgetful.check("/token", "post", answer)
