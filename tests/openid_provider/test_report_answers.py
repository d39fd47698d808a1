"""A report is taken, answered and closed by staff over HTTP; its author reads it at /me, and nobody else does."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, get_args

import httpx2
import provider_house as world
import pytest
import staff_journey as staff
from journey import hidden
from own_visitor import OTHER, enter, press, words

from gateway.staff.event import OperatorActed
from gateway.vocabulary.officer import StaffAccount, StaffRole
from gateway.vocabulary.store import Kind

pytestmark = pytest.mark.anyio

ANSWER = "Đã kiểm tra: cổng hỏi vì hồ sơ của ông/bà.\nKhông có ai khác xem."
QUEUE = "/staff/reports"
NUMBER = re.compile(r"BC-2026-\w{4}-\w{4}")


async def report(provider: world.Provider, **form: str) -> str:
    page = await enter(provider, "/me/report")
    sent = await press(provider, page, "/me/report", once=hidden(page.text, "once"), concern="not_me", **form)
    assert sent.status_code == 303, words(sent)
    return str(sent.headers["location"]).rpartition("/")[2]


@asynccontextmanager
async def operator(
    provider: world.Provider, *roles: StaffRole, number: str = "999180000101", name: str = "Đinh Thị Hoà"
) -> AsyncIterator[world.Provider]:
    """Yield a browser in which a member of staff is signed in."""
    account = StaffAccount(number=number, agency="H55.01", roles=roles)
    async with provider.another_browser() as browser:
        browser.staff.answer = world.officer(subject=f"cb-{number}", full_name=name, staff=account)
        begun = await browser.get(QUEUE)
        await staff.pass_sign_in(browser, str(begun.headers["location"]))
        yield browser


async def take_step(browser: world.Provider, number: str, step: str, **form: str) -> httpx2.Response:
    page = await browser.get(f"{QUEUE}/{number}")
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    sent = {"csrf": csrf[1] if csrf else "", **form}
    return await browser.http.post(f"{QUEUE}/{number}/{step}", data=sent)


def state_of(page: httpx2.Response) -> str:
    found = re.search(r'id="state" data-state="(\w+)"', page.text)
    assert found, page.text
    return found[1]


async def test_the_author_sees_every_step_and_reads_the_answer(provider: world.Provider) -> None:
    number = await report(provider)
    page = await provider.get(f"/me/report/{number}")
    assert state_of(page) == "received"
    assert 'id="due"' in page.text
    async with operator(provider, "security_officer") as browser:
        assert f'data-report="{number}"' in (await browser.get(QUEUE)).text
        steps = (("take", {}), ("answer", {"text": ANSWER}), ("close", {"reason": "đã rõ"}))
        for (step, form), state in zip(steps, ("in_hand", "answered", "closed"), strict=True):
            done = await take_step(browser, number, step, **form)
            assert (done.status_code, done.headers["location"]) == (303, f"{world.ISSUER}{QUEUE}/{number}")
            assert state_of(await browser.get(f"{QUEUE}/{number}")) == state
            assert state_of(await provider.get(f"/me/report/{number}")) == state
    page = await provider.get(f"/me/report/{number}")
    assert "cán bộ Đinh Thị Hoà" in words(page)
    assert "staff:" not in page.text
    assert all(line in words(page) for line in ANSWER.split("\n"))
    assert 'id="due"' not in page.text
    assert "Đã đóng" in words(await provider.get("/me/notices"))
    history = words(await provider.get("/me/usage"))
    assert "tiếp nhận báo cáo của ông/bà" in history
    assert "trả lời báo cáo của ông/bà" in history


async def test_each_step_is_an_event_with_who_and_without_a_word_of_the_text(provider: world.Provider) -> None:
    number = await report(provider)
    async with operator(provider, "service_admin") as browser:
        for step, form in (
            ("take", {"reason": "r-one"}),
            ("answer", {"text": "t-two"}),
            ("close", {"reason": "r-three"}),
        ):
            await take_step(browser, number, step, **form)
    told: list[dict[str, Any]] = [event for event in await world.events_of(provider) if event.get("object") == number]
    assert [(one["event"], one["verb"], one["outcome"]) for one in told] == [
        ("ReportTaken", "report.take", "in_hand"),
        ("ReportAnswered", "report.answer", "answered"),
        ("ReportClosed", "report.close", "closed"),
    ]
    assert {one["role"] for one in told} == {"service_admin"}
    assert all(one["actor"]["ref"].startswith("staff:") and one["subject_ref"] for one in told)
    everything = repr(await world.events_of(provider))
    assert not [text for text in ("r-one", "t-two", "r-three", "Đinh") if text in everything]
    assert OperatorActed.name not in everything
    (record,) = await provider.house.listing.select(Kind.MISUSE_REPORT)
    assert [step["reason"] for step in record.body["steps"]] == ["r-one", "", "r-three"]


@pytest.mark.parametrize("role", get_args(StaffRole))
async def test_only_two_roles_take_steps_and_four_look(provider: world.Provider, role: StaffRole) -> None:
    number = await report(provider)
    looks = role in {"security_officer", "service_admin", "auditor", "observer"}
    acts = role in {"security_officer", "service_admin"}
    async with operator(provider, role) as browser:
        for path in (QUEUE, f"{QUEUE}/{number}"):
            page = await browser.get(path)
            assert (page.status_code, "GW-2403" in page.text) == ((200, False) if looks else (403, True))
            if not looks:
                assert "cán bộ an toàn thông tin" in page.text, "the page names the roles it wants"
                leads = f'id="onward" href="{world.ISSUER}/staff/connectors"' in page.text
                assert leads is (role != "desk_officer"), "nobody is led to a page that refuses them too"
                assert "/staff/sign-out" in page.text
        if looks:
            assert ("disabled" in page.text) == (not acts)
            done = await take_step(browser, number, "take")
            assert done.status_code == (303 if acts else 400 if 'name="csrf"' not in page.text else 403), done.text
    names = [event["event"] for event in await world.events_of(provider)]
    assert names.count("ReportTaken") == int(acts)


async def test_a_report_is_never_answered_by_who_did_what_is_reported(provider: world.Provider) -> None:
    async with operator(provider, "security_officer", "service_admin", name="Lò Văn Pằn") as involved:
        first = await report(provider)
        await take_step(involved, first, "take")
        await enter(provider)
        about = re.findall(r'data-receipt="([^"]+)" data-part="checked"', (await provider.get("/me/usage")).text)[0]
        page = await provider.get(f"/me/report?about={about}")
        sent = await press(provider, page, "/me/report", once=hidden(page.text, "once"), concern="other", about=about)
        second = str(sent.headers["location"]).rpartition("/")[2]
        refused = await take_step(involved, second, "take")
        assert (refused.status_code, "GW-1814" in refused.text) == (403, True)
        async with operator(provider, "security_officer", number="999180000102") as other:
            assert (await take_step(other, second, "take")).status_code == 303


async def test_steps_out_of_order_empty_answers_and_reasons_left_out_are_refused(provider: world.Provider) -> None:
    number = await report(provider)
    async with operator(provider, "security_officer") as browser:
        assert "GW-1812" in (await take_step(browser, number, "answer", text="x")).text
        assert (await take_step(browser, number, "take")).status_code == 303
        again = await take_step(browser, number, "take")
        assert (again.status_code, "GW-1812" in again.text) == (409, True)
        assert "GW-1813" in (await take_step(browser, number, "answer", text="  ")).text
        assert (await take_step(browser, number, "answer", text="Đã xem.")).status_code == 303
        assert "GW-2415" in (await take_step(browser, number, "close")).text
        assert (await take_step(browser, number, "erase")).status_code == 404
        for unknown in ("BC-2026-0000-0000", "x"):
            assert "GW-1811" in (await browser.get(f"{QUEUE}/{unknown}")).text
        # a form of nobody's session
        forged = await browser.http.post(f"{QUEUE}/{number}/close", data={"csrf": "x", "reason": "x"})
        assert forged.status_code == 400
    assert state_of(await provider.get(f"/me/report/{number}")) == "answered"


async def test_words_that_name_a_person_are_kept_nowhere(provider: world.Provider) -> None:
    number = await report(provider)
    async with operator(provider, "security_officer") as browser:
        refused = await take_step(browser, number, "take", reason="chị có số 999175000003")
        assert (refused.status_code, "GW-2417" in refused.text) == (400, True)
        assert "999175000003" not in refused.text
        await take_step(browser, number, "take")
        refused = await take_step(browser, number, "answer", text="Số của ông/bà: 999 175 000 003")
        assert (refused.status_code, "GW-2417" in refused.text) == (400, True)
        hotline = await take_step(browser, number, "answer", text="Gọi 0203 3888 999 trước ngày 12/05/2027.")
        assert hotline.status_code == 303


async def test_two_who_take_it_at_once_one_does(provider: world.Provider) -> None:
    number = await report(provider)
    async with (
        operator(provider, "security_officer") as one,
        operator(provider, "security_officer", number="999180000102") as two,
    ):
        done = {(await take_step(browser, number, "take")).status_code for browser in (one, two)}
    assert done == {303, 409}


async def test_another_persons_report_with_its_answer_is_as_good_as_none(provider: world.Provider) -> None:
    number = await report(provider)
    async with operator(provider, "security_officer") as browser:
        await take_step(browser, number, "take")
        await take_step(browser, number, "answer", text="Chỉ cho một người.")
    async with provider.another_browser() as other:
        other.upstream.answer = world.person(**OTHER)
        await enter(other)
        foreign, unknown = await other.get(f"/me/report/{number}"), await other.get("/me/report/BC-2026-0000-0000")
        assert (foreign.status_code, unknown.status_code) == (404, 404)
        assert "Chỉ cho một người" not in foreign.text
        assert strip(foreign.text) == strip(unknown.text)
        assert "trả lời báo cáo" not in words(await other.get("/me/usage"))
    async with operator(provider, "security_officer") as browser, provider.another_browser() as stranger:
        assert (await stranger.get(f"{QUEUE}/{number}")).status_code == 303
        assert (await provider.get(f"{QUEUE}/{number}")).status_code == 303, "a citizen's session opens no staff page"
        assert (await browser.get(f"/me/report/{number}")).status_code == 303, "nor a staff session a citizen's page"


async def test_what_is_overdue_says_so_and_an_erased_persons_report_is_gone(provider: world.Provider) -> None:
    number = await report(provider)
    provider.clock.move(timedelta(days=30))
    async with operator(provider, "observer") as browser:
        page = await browser.get(QUEUE)
        assert f'data-report="{number}" data-overdue="yes"' in page.text
        assert "quá hạn" in words(page)
        (record,) = await provider.house.listing.select(Kind.MISUSE_REPORT)
        await provider.house.store._keys.erase(str(record.subject))  # type: ignore[attr-defined]
        assert number not in (await browser.get(QUEUE)).text
        assert (await browser.get(f"{QUEUE}/{number}")).status_code == 404


def strip(page: str) -> str:
    """Return a refusal without what differs at every request."""
    return re.sub(r"(rf|tr)_\w+|[0-9a-f]{16,}|BC-\d{4}-\w{4}-\w{4}", "…", page)
