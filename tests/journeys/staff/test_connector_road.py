"""A connector's way over real HTTP: drafted, examined, submitted, approved by two people, published, asked; each step
by a member of staff signed in on their own, each an event with their name. Nothing is asked before."""

import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from gateway.connector_runtime.examination import EXAM
from tests.connector_lifecycle.samples import PACKAGE, manifest_text, own_manifest, report_on, report_without
from tests.docs.walk import redeem, sign_in
from tests.journeys.stack import Stack
from tests.journeys.staff.desk import staff_token

ONLY_PUBLISHED = '[connectors]\nunpublished = "refuse"\n'
NOTICE = {"vi": "Sổ dân cư tạm dừng đến hết ngày 30/11.", "en": "The register is paused until 30 November."}
SEEN = 8


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, services: None) -> Iterator[Stack]:
    """A gateway that asks what is published and nothing else, as production does."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "own.toml").write_text(ONLY_PUBLISHED)
    with Stack(folder, arguments=["--config", "own.toml"]) as running:
        yield running


class Person:
    """A member of staff with a token of their own."""

    def __init__(self, stack: Stack, account: str) -> None:
        self.http = httpx2.Client(base_url=stack.issuer, trust_env=False, timeout=60)
        self.http.headers["authorization"] = f"Bearer {staff_token(stack, account)}"

    def step(self, name: str, where: str, **members: Any) -> httpx2.Response:
        """Take a step with `connector/version`."""
        connector, version = where.split("/")
        return self.http.post(f"/v1/connectors/{connector}/versions/{version}/{name}", json=members)


@pytest.fixture(scope="module")
def people(stack: Stack) -> dict[str, Person]:
    accounts = ("ha.nhung", "vi.thang", "lo.pan", "lo.pan.phong", "dinh.hoa", "tran.buoi", "nguyen.oanh")
    return {account: Person(stack, account) for account in accounts}


def citizen_token(stack: Stack) -> str:
    return redeem(stack, sign_in(stack, "persona:3")["code"])["access_token"]


def field(stack: Stack, name: str = "applicant.full_name") -> dict[str, Any]:
    bearer = {"Authorization": f"Bearer {citizen_token(stack)}"}
    answer = httpx2.post(f"{stack.issuer}/v1/prefill", headers=bearer, json={"procedure": "1.004222"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["fields"][name]
    return found


def field_when(stack: Stack, good: Any) -> dict[str, Any]:
    """Ask until every worker has looked at what is stored (every other second)."""
    for _ in range(600):
        found = field(stack)
        if good(found):
            return found
        time.sleep(0.5)
    raise AssertionError(found)


def refused(answer: httpx2.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_from_a_draft_to_a_filled_form_and_back(stack: Stack, people: dict[str, Person]) -> None:
    before = field(stack)
    assert (before["status"], before["value"], before["why"]["code"]) == ("unavailable", None, "CR-030")
    nhung, thang, pan, hoa = (people[name] for name in ("ha.nhung", "vi.thang", "lo.pan", "dinh.hoa"))
    text = own_manifest("population")
    drafted = nhung.http.post("/v1/connectors", json={"manifest": text})
    assert (drafted.status_code, drafted.json()["state"]) == (201, "draft"), drafted.text
    number, digest = drafted.json()["version"], drafted.json()["manifest_sha256"]
    where = f"population/{number}"
    refused(nhung.step("submit", where, reason="thử"), 409, "CN-203")
    failing = report_on(text, checks=[{"id": "safety.redirect", "outcome": "failed"}])
    refused(nhung.step("test", where, report=failing), 422, "CN-204")
    holed = nhung.step("test", where, report=report_without(text, "safety.reach", "evidence.logs"))
    refused(holed, 422, "CN-204")
    assert holed.json()["missing"] == ["safety.reach", "evidence.logs"]
    assert "2 of 24 checks are missing: `safety.reach`, `evidence.logs`" in holed.text
    refused(nhung.step("test", where, report=report_on(text, exam=EXAM - 1)), 422, "CN-204")
    tested = nhung.step("test", where, report=report_on(text))
    assert tested.json()["state"] == "tested"
    refused(nhung.step("submit", where, reason="đưa vào dùng"), 409, "CN-212")
    refused(nhung.step("submit", where, package=PACKAGE), 400, "GW-2415")
    assert nhung.step("submit", where, reason="đưa vào dùng", package=PACKAGE).json()["state"] == "submitted"
    # what was submitted is fixed
    refused(nhung.http.post("/v1/connectors", json={"manifest": f"{text}\n# khác\n"}), 409, "CN-202")
    seen = {"manifest_sha256": digest, "report_sha256": tested.json()["report_sha256"], "package": PACKAGE}
    refused(thang.step("publish", where), 409, "CN-203")
    refused(nhung.step("approve", where, **seen), 403, "CN-206")
    refused(thang.step("approve", where, **seen), 403, "GW-2403")
    refused(pan.step("approve", where, **{**seen, "manifest_sha256": "0" * 64}), 409, "CN-208")
    refused(pan.step("approve", where, **{**seen, "package": "another==1"}), 409, "CN-212")
    first = pan.step("approve", where, **seen)
    assert (first.json()["state"], first.json()["approvals"]) == ("submitted", 1)
    refused(pan.step("approve", where, **seen), 409, "CN-207")
    refused(people["lo.pan.phong"].step("approve", where, **seen), 409, "CN-207")
    second = hoa.step("approve", where, **seen)
    assert (second.json()["state"], second.json()["approvals"]) == ("approved", 2)
    assert field(stack)["status"] == "unavailable", "approved is not published"
    assert thang.step("publish", where).json()["state"] == "published"
    filled = field_when(stack, lambda one: one["status"] == "verified")
    assert filled["source"] == "population"

    suspended = hoa.step("suspend", where, reason="sự cố dữ liệu", notice=NOTICE)
    assert suspended.json()["state"] == "suspended"
    silent = field_when(stack, lambda one: one["status"] != "verified")
    assert silent["why"] == {"code": "CR-030", **NOTICE, "retry_after": 300}
    assert hoa.step("resume", where, reason="đã xử lý").json()["state"] == "published"
    field_when(stack, lambda one: one["status"] == "verified")

    impact = people["nguyen.oanh"].http.get(f"/v1/connectors/population/versions/{number}/impact").json()
    assert {"1.004222"} <= {one["procedure"] for one in impact["fields"]}
    assert "sample-portal" in {one["client_id"] for one in impact["portals"]}
    refused(thang.step("retire", where, reason="thay"), 409, "CN-210")
    assert thang.step("retire", where, reason="thay", force=True).json()["state"] == "retired"
    assert field_when(stack, lambda one: one["status"] != "verified")["why"]["code"] == "CR-030"
    shown = people["nguyen.oanh"].http.get(f"/v1/connectors/population/versions/{number}").json()
    names = [(step["step"], step["name"]) for step in shown["steps"]]
    assert names[3:6] == [("approve", "Lò Văn Pằn"), ("approve", "Đinh Thị Hoà"), ("publish", "Vi Văn Thắng")]


def test_each_step_is_an_event_of_whoever_took_it(stack: Stack, people: dict[str, Person]) -> None:
    told = [event for event in stack.events() if event["event"].startswith("Connector")]
    taken = [event for event in told if event["event"] != "ConnectorStepRefused"]
    assert [event["event"].removeprefix("Connector") for event in taken] == [
        *("Drafted", "Tested", "Submitted", "Approved", "Approved", "Published", "Suspended", "Resumed", "Retired")
    ]
    assert {event["actor"]["kind"] for event in told} == {"operator"}
    assert all(event["actor"]["ref"].startswith("staff:") for event in told)
    assert all(event["connector"] == "population" and len(event["manifest_sha256"]) == 64 for event in taken)
    first, second = (event["actor"]["ref"] for event in taken if event["event"] == "ConnectorApproved")
    submitted = next(event["actor"]["ref"] for event in taken if event["event"] == "ConnectorSubmitted")
    assert len({first, second, submitted}) == 3
    outcomes = [event["outcome"] for event in told if event["event"] == "ConnectorStepRefused"]
    assert {"CN-206", "CN-207", "CN-208", "CN-212", "GW-2403"} <= set(outcomes)


def paths_of(stack: Stack) -> list[tuple[str, str]]:
    paths = httpx2.get(f"{stack.issuer}/openapi.json").json()["paths"]
    return [(method, path) for path, item in paths.items() if path.startswith("/v1/connectors") for method in item]


def test_a_register_with_a_service_is_examined_at_its_service(people: dict[str, Person]) -> None:
    nhung, text = people["ha.nhung"], own_manifest("land")
    drafted = nhung.http.post("/v1/connectors", json={"manifest": text}).json()
    where = f"land/{drafted['version']}"
    unasked = nhung.step("test", where, report=report_on(text, service=False))
    refused(unasked, 422, "CN-204")
    assert (unasked.json()["missing"], "the running service was not asked" in unasked.text) == (["service"], True)
    assert nhung.step("test", where, report=report_on(text)).json()["state"] == "tested"
    told = nhung.http.get("/v1/connectors/land").json()["versions"][0]
    assert (told["state"], told["tier"]) == ("tested", "bronze")


def test_nobody_but_staff_comes_in(stack: Stack, people: dict[str, Person]) -> None:
    """A citizen's token, a portal's own, none, a made-up one: 401 everywhere; a desk officer's: 403 everywhere."""
    portal = httpx2.post(
        f"{stack.issuer}/token",
        data={"grant_type": "client_credentials"},
        auth=("sample-portal", stack.secret("portal.secret")),
    ).json()["access_token"]
    strangers = [{"authorization": f"Bearer {one}"} for one in (citizen_token(stack), portal, "sa_made_up")]
    known = report_on(manifest_text())
    bodies: dict[str, dict[str, Any]] = {
        "test": {"report": known},
        "approve": {"manifest_sha256": "0" * 64, "report_sha256": "0" * 64},
        "suspend": {"reason": "x", "notice": NOTICE},
        "connectors": {"manifest": manifest_text()},
    }
    paths = paths_of(stack)
    assert len(paths) == 14
    for method, path in paths:
        number = own_manifest("population").partition('version = "')[2].partition('"')[0]
        url = path.replace("{connector}", "population").replace("{version}", number)
        sent = (
            {"json": bodies.get(path.rpartition("/")[2], {})}
            if method == "post"
            else {"params": {"from": "1", "to": "1"}}
        )
        for headers in (*strangers, {}):
            answer = httpx2.request(method, stack.issuer + url, headers=headers, **sent)
            assert (answer.status_code, "www-authenticate" in answer.headers) == (401, True), (method, path)
        desk = people["tran.buoi"].http.request(method, url, **sent)
        refused(desk, 403, "GW-2403")
    listed = people["nguyen.oanh"].http.get("/v1/connectors")
    assert listed.status_code == 200
    refused(people["nguyen.oanh"].http.post("/v1/connectors", json=bodies["connectors"]), 403, "GW-2403")
    assert "trial" not in {one["connector"] for one in listed.json()["connectors"]}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "CN-211"),
        (b'{"manifest": "a", "manifest": "b"}', 400, "CN-211"),
        (b'{"manifest": "x = ["}', 422, "CN-213"),
        (b'{"manifest": "schema = 1", "more": 1}', 400, "CN-211"),
        (b"x" * 700_000, 413, "CN-214"),
    ],
)
def test_a_bad_body_is_told_where_it_is_bad(people: dict[str, Person], body: bytes, status: int, code: str) -> None:
    answer = people["ha.nhung"].http.post("/v1/connectors", content=body)
    refused(answer, status, code)


def test_the_catalogue_is_everybodys_and_counts_without_people(stack: Stack, people: dict[str, Person]) -> None:
    rows = {row["id"]: row for row in httpx2.get(f"{stack.issuer}/v1/attributes").json()["attributes"]}
    name = rows["full_name"]
    population = next(source for source in name["sources"] if source["id"] == "population")
    assert name["authority"]["vi"]
    assert name["correction"]["url"].startswith("https://")
    assert population["legal_basis"]
    assert population["connected"] is False, "it was retired"
    assert all(row["sensitivity"] in {"basic", "sensitive"} for row in rows.values())
    one = httpx2.get(f"{stack.issuer}/v1/attributes/full_name").json()
    assert one["id"] == "full_name"
    refused(httpx2.get(f"{stack.issuer}/v1/attributes/no_such"), 404, "CN-215")
