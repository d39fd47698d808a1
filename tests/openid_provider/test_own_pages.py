"""The citizen's own pages over HTTP: who comes in, what they see, what they stop, and what nobody else sees."""

import csv
import io
import json
import re
from base64 import b64decode
from datetime import timedelta

import httpx2
import provider_house as world
import pytest
from own_visitor import (
    OTHER,
    authorize_url,
    citizen_id,
    enter,
    hidden,
    members,
    obtain_tokens,
    press,
    reach_sign_in,
    receipts,
    redeem,
    tell,
    tokens_of,
    words,
)

from examples.offline_verifier import verify as verifier
from gateway.audit.checkpoint import parse_note
from gateway.audit.event import FormAsked, FormReleased
from gateway.audit.merkle import check_inclusion, leaf_hash
from gateway.audit.proof import latest_note
from gateway.identity_providers.contract import SignInCancelled
from gateway.openid_provider.own_pages.export import harmless
from gateway.vocabulary.store import Kind

pytestmark = pytest.mark.anyio
FORM = "openid profile procedure:1.004222"
PATHS = ("/me", "/me/usage", "/me/connections", "/me/notices", "/me/report")
ACTS = {
    "/me/connections/withdraw": {"portal": "portal"},
    "/me/connections/unblock": {"portal": "portal"},
    "/me/notices/not-me": {"notice": "x"},
    "/me/browser/trust": {},
    "/me/browser/forget": {},
    "/me/report": {"concern": "other", "once": "o"},
    "/me/sign-out": {},
}


async def log_names(provider: world.Provider) -> list[str]:
    await provider.sequence()
    size = await provider.house.log.tree.size()
    return [json.loads(leaf)["event"] for leaf in await provider.journal.entries(0, size)]


# who comes in


@pytest.mark.parametrize("path", [*PATHS, "/me/usage/export", "/me/usage/rc_x/proof", "/me/report/BC-1"])
async def test_a_stranger_is_sent_to_sign_in_and_sees_nothing(provider: world.Provider, path: str) -> None:
    answer = await provider.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{world.ISSUER}/interaction/")
    assert answer.headers["cache-control"] == "no-store"


async def test_a_sign_in_of_its_own_comes_back_without_a_code_or_a_notice(provider: world.Provider) -> None:
    page = await enter(provider, "/me/connections")
    assert page.status_code == 200
    assert str(page.url) == f"{world.ISSUER}/me/connections"
    names = await log_names(provider)
    assert "PersonSignedIn" in names
    assert not {"PortalAnswered", "CodeRedeemed"}.intersection(names)
    assert await provider.house.listing.select(Kind.GRANT) == []
    assert await provider.house.listing.select(Kind.CODE) == []


async def test_the_own_client_is_no_portal(provider: world.Provider) -> None:
    refused = await provider.get(authorize_url(client_id="~me", redirect_uri=f"{world.ISSUER}/me"))
    assert refused.status_code == 400
    assert "GW-1002" in refused.text


async def test_who_leaves_the_sign_in_is_told_nothing_and_goes_to_the_first_page(provider: world.Provider) -> None:
    begun = await provider.get("/me")
    attempt = begun.headers["location"]
    choice = await provider.get(attempt)
    assert "Dữ liệu của tôi" in choice.text
    left = await press(provider, choice, attempt, cancel="1")
    assert left.headers["location"] == f"{world.ISSUER}/"
    again = await provider.get(attempt)
    assert again.status_code == 409
    assert f"{world.ISSUER}/me" in again.text


async def test_a_failed_sign_in_leads_back_to_itself_and_to_no_portal(provider: world.Provider) -> None:
    provider.upstream.answer = SignInCancelled()
    begun = await provider.get("/me")
    attempt = begun.headers["location"]
    chosen = await press(provider, await provider.get(attempt), attempt, provider="fake")
    state = members(chosen.headers["location"])["state"]
    failed = await provider.get(f"/upstream/fake/callback?code=x&state={state}")
    assert 'id="retry"' in failed.text
    assert 'id="return"' not in failed.text


async def test_a_portals_session_opens_them_for_half_an_hour(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    provider.clock.move(timedelta(minutes=29, seconds=59))
    assert (await provider.get("/me")).status_code == 200
    provider.clock.move(timedelta(seconds=1))
    refused = await provider.get("/me")
    assert refused.status_code == 303
    assert (await provider.get(authorize_url(prompt="none"))).headers["location"].startswith(world.CALLBACK)


async def test_an_old_session_has_to_authenticate_anew(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    provider.clock.move(timedelta(hours=1))
    page = await enter(provider)
    assert page.status_code == 200
    assert provider.upstream.begun[-1].prompt_login
    assert provider.upstream.begun[-1].max_age == 25 * 60


async def test_a_provider_that_answers_with_an_old_authentication_opens_nothing(provider: world.Provider) -> None:
    provider.upstream.answer = world.person(auth_time=provider.clock.now() - timedelta(hours=2))
    begun = await provider.get("/me")
    attempt = begun.headers["location"]
    chosen = await press(provider, await provider.get(attempt), attempt, provider="fake")
    state = members(chosen.headers["location"])["state"]
    await provider.get(f"/upstream/fake/callback?code=x&state={state}")
    refused = await provider.get(attempt)
    assert refused.status_code == 403
    assert "GW-1201" in refused.text
    assert (await provider.get("/me")).status_code == 303


async def test_a_cookie_set_beforehand_is_never_the_session(provider: world.Provider) -> None:
    provider.http.cookies.set("gw_session", "chosen-by-an-attacker", domain="127.0.0.1", path="/")
    await enter(provider)
    assert provider.http.cookies["gw_session"] != "chosen-by-an-attacker"
    async with provider.another_browser() as attacker:
        attacker.http.cookies.set("gw_session", "chosen-by-an-attacker", domain="127.0.0.1", path="/")
        assert (await attacker.get("/me")).status_code == 303


async def test_a_staff_cookie_opens_nothing(provider: world.Provider) -> None:
    await enter(provider)
    cookie = provider.http.cookies["gw_session"]
    async with provider.another_browser() as officer:
        for name in ("gw_staff", "gw_staff_session", "__Host-gw_session"):
            officer.http.cookies.set(name, cookie, domain="127.0.0.1", path="/")
        assert (await officer.get("/me")).status_code == 303


@pytest.mark.parametrize("path", PATHS)
async def test_every_page_is_kept_nowhere_framed_nowhere_and_titled_for_nobody(
    provider: world.Provider, path: str
) -> None:
    await obtain_tokens(provider, scope=FORM)
    page = await enter(provider, path)
    assert page.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
    title = re.search("<title>([^<]*)</title>", page.text)
    assert title
    assert "BƯỞI" not in title[1].upper()
    assert "999175000003" not in str(page.url)
    addresses = re.findall(r'(?:href|action)="([^"]*)"', page.text)
    assert not [one for one in addresses if "999175" in one or await citizen_id(provider) in one]
    assert 'id="sign-out"' in page.text


@pytest.mark.parametrize("path", ACTS)
async def test_a_form_from_elsewhere_does_nothing(provider: world.Provider, path: str) -> None:
    await obtain_tokens(provider)
    page = await enter(provider)
    good = hidden(page.text, "csrf")
    before = await log_names(provider)
    for csrf in ("", "x", good[:-1], good.upper(), "é"):
        answer = await provider.http.post(path, data={"csrf": csrf, **ACTS[path]})
        assert (answer.status_code, "GW-1210" in answer.text) == (400, True)
    async with provider.another_browser() as other:
        other.upstream.answer = world.person(**OTHER)
        foreign = hidden((await enter(other)).text, "csrf")
    assert (await provider.http.post(path, data={"csrf": foreign, **ACTS[path]})).status_code == 400
    assert (await log_names(provider))[: len(before)] == before
    assert not {"GrantRevoked", "MisuseReported", "PortalBlocked", "SessionEnded", "BrowserTrusted"}.intersection(
        await log_names(provider)
    )
    assert (await provider.get("/me")).status_code == 200


@pytest.mark.parametrize("path", ACTS)
async def test_nothing_is_done_for_an_old_sign_in(provider: world.Provider, path: str) -> None:
    await obtain_tokens(provider)
    csrf = hidden((await enter(provider)).text, "csrf")
    provider.clock.move(timedelta(minutes=31))
    answer = await provider.http.post(path, data={"csrf": csrf, **ACTS[path]})
    assert answer.headers["location"].startswith(f"{world.ISSUER}/interaction/")
    assert not {"GrantRevoked", "MisuseReported", "SessionEnded"}.intersection(await log_names(provider))


async def test_signing_out_ends_the_session(provider: world.Provider) -> None:
    page = await enter(provider)
    done = await press(provider, page, "/me/sign-out")
    assert done.status_code == 200
    assert (await provider.get("/me")).status_code == 303
    assert "SessionEnded" in await log_names(provider)


async def test_a_chosen_language_lasts_from_page_to_page(provider: world.Provider) -> None:
    page = await enter(provider)
    assert '<html lang="vi">' in page.text
    assert '<html lang="en">' in (await provider.get("/me?ui_locales=en")).text
    assert '<html lang="en">' in (await provider.get("/me/usage")).text


# who used my data


async def test_entries_stand_newest_first_with_words_and_the_very_next_load_shows_a_disclosure(
    provider: world.Provider,
) -> None:
    await obtain_tokens(provider, scope=FORM)
    page = await enter(provider, "/me/usage")
    assert len(receipts(page)) == 3
    me = await citizen_id(provider)
    receipt = await tell(
        provider,
        FormReleased,
        me,
        attributes=("full_name", "permanent_residence"),
        dossier="H26-1",
        basis="law",
        policy_ids=("1.004222/applicant",),
        extra=(("outcomes", {"full_name": "verified", "head_full_name": "unavailable"}),),
    )
    page = await provider.get("/me/usage")
    assert receipts(page)[0] == receipt
    said = words(page)
    for part in (
        "Cổng thử nhận biểu mẫu đã điền sẵn: Họ, chữ đệm và tên; Nơi thường trú, để giải quyết Đăng ký thường trú",
        "hồ sơ H26-1",
        "10:00 23/11/2026 (giờ Việt Nam)",
        "Luật Cư trú",
        "(1.004222/applicant)",
        "nguồn không trả lời",
        "Ghi từ ngày 23/11/2026",
    ):
        assert part in said, part


@pytest.mark.parametrize("sex", ["female", None])
async def test_what_a_sign_in_did_not_know_is_not_listed_as_told(provider: world.Provider, sex: str | None) -> None:
    provider.upstream.answer = world.person(sex=sex)
    await obtain_tokens(provider, scope="openid profile")
    connections = words(await enter(provider, "/me/connections"))
    assert "Ngày, tháng, năm sinh" in connections
    assert ("Giới tính" in connections) == (sex is not None)
    # the log names scopes and no values: it cannot know
    assert "Giới tính (nếu có)" in words(await provider.get("/me/usage"))


async def test_no_value_ever_stands_in_the_history(provider: world.Provider) -> None:
    await obtain_tokens(provider, scope=FORM)
    page = await enter(provider, "/me/usage")
    for value in ("BƯỞI", "Bưởi", "999175000003", "1975"):
        assert value not in page.text.replace("1975,", "")


async def test_asked_without_an_answer_is_shown_as_unknown(provider: world.Provider) -> None:
    await enter(provider)
    receipt = await tell(provider, FormAsked, await citizen_id(provider), outcome="asked", attributes=("full_name",))
    page = await provider.get("/me/usage")
    assert receipts(page, "unknown") == [receipt]
    assert "Đã hỏi, chưa rõ kết quả" in words(page)


async def test_a_refusal_is_shown_with_its_reason(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    await provider.get(authorize_url(prompt="none", scope=FORM))
    page = await provider.get("/me/usage")
    assert len(receipts(page, "refused")) == 1
    assert "Cần xem thông báo về dữ liệu trước khi tiếp tục" in words(page)
    assert "GW-1202" in words(page)


async def test_another_persons_events_are_nowhere(provider: world.Provider) -> None:
    await obtain_tokens(provider, scope=FORM)
    mine = set(receipts(await enter(provider, "/me/usage")))
    async with provider.another_browser() as other:
        other.upstream.answer = world.person(**OTHER)
        theirs = set(receipts(await enter(other, "/me/usage")))
    assert mine
    assert theirs
    assert not mine & theirs


async def test_months_and_years_are_all_there_and_the_filter_tells_them_apart(provider: world.Provider) -> None:
    await enter(provider)
    me = await citizen_id(provider)
    provider.clock.move(timedelta(days=20))
    december = await tell(provider, FormReleased, me)
    # half past midnight on 1 January in Vietnam is still December in UTC
    provider.clock.move(timedelta(days=18, hours=14, minutes=30))
    new_year = await tell(provider, FormReleased, me)
    provider.clock.move(timedelta(days=60))
    march = await tell(provider, FormReleased, me)
    assert receipts(await enter(provider, "/me/usage"), "received") == [march, new_year, december]
    assert receipts(await provider.get("/me/usage?year=2027"), "received") == [march, new_year]
    assert receipts(await provider.get("/me/usage?year=2026"), "received") == [december]
    assert "Năm này không có mục nào" in (await provider.get("/me/usage?year=2020")).text
    for odd in ("?year=x", "?year=-1", "?page=0", "?page=x", "?page=99999", "?year=٢٠٢٦"):
        assert (await provider.get(f"/me/usage{odd}")).status_code == 200


async def test_pages_hold_twenty_and_lead_on(provider: world.Provider) -> None:
    await enter(provider)
    me = await citizen_id(provider)
    told = [await tell(provider, FormReleased, me) for _ in range(45)][::-1]
    seen: list[str] = []
    address: str | None = "/me/usage"
    while address:
        page = await provider.get(address)
        assert len(receipts(page)) <= 20
        seen += receipts(page, "received")
        older = re.search(r'id="older"[^>]*href="([^"]*)"', page.text)
        address = older[1].replace("&amp;", "&") if older else None
    assert seen == told
    assert receipts(await provider.get("/me/usage?page=99")) == receipts(await provider.get("/me/usage?page=3"))


# files


async def test_the_history_as_json_lines_and_as_a_spreadsheet(provider: world.Provider) -> None:
    await obtain_tokens(provider, scope=FORM)
    await enter(provider)
    me = await citizen_id(provider)
    receipt = await tell(provider, FormReleased, me, dossier="=HYPERLINK(1)", attributes=("full_name",))
    lines = await provider.get("/me/usage/export?format=jsonl")
    entries = [json.loads(line) for line in lines.text.splitlines()]
    assert [one["receipt"] for one in entries] == receipts(await provider.get("/me/usage"))
    assert entries[0]["receipt"] == receipt
    assert entries[0]["dossier"] == "=HYPERLINK(1)"
    assert entries[0]["who"]["client_id"] == "portal"
    assert entries[0]["at"] == "2026-11-23T03:00:00.000Z"
    sheet = await provider.get("/me/usage/export?format=csv")
    assert sheet.content.startswith(b"\xef\xbb\xbf")
    assert "attachment" in sheet.headers["content-disposition"]
    assert sheet.headers["cache-control"] == "no-store"
    rows = list(csv.reader(io.StringIO(sheet.text.removeprefix("\ufeff"))))
    assert len(rows) == 1 + len(entries)
    assert rows[0][0] == "Thời điểm (giờ Việt Nam) / Time (Vietnam)"
    assert all(cell.count(" / ") == 1 for cell in rows[0])
    english = await provider.get("/me/usage/export?format=csv&ui_locales=en")
    for exported, said in ((sheet, "gửi đủ"), (english, "sent in full")):
        (row, *_) = list(csv.DictReader(io.StringIO(exported.text.removeprefix("\ufeff"))))
        assert (row["Kết quả / Outcome"], row["Mã kết quả / Outcome code"]) == (said, "released")
    assert entries[0]["outcome_words"] == {"vi": "gửi đủ", "en": "sent in full"}
    assert rows[1][0] == "23/11/2026 10:00:00"
    assert rows[1][9] == "'=HYPERLINK(1)"
    for exported in (lines, sheet):
        assert "BƯỞI" not in exported.text
        assert "999175" not in exported.text


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert harmless(f"a{cell}") == f"a{cell}"


async def test_a_filtered_list_exports_what_it_shows(provider: world.Provider) -> None:
    await enter(provider)
    exported = await provider.get("/me/usage/export?format=jsonl&year=2020")
    assert exported.content == b""


async def test_a_proof_says_what_the_public_endpoint_says_and_the_event_itself(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    page = await enter(provider, "/me/usage")
    await provider.sequence()
    for receipt in receipts(page):
        answer = await provider.get(f"/me/usage/{receipt}/proof")
        proof = answer.json()
        assert set(proof) == {"kind", "receipt", "index", "size", "leaf_hash", "root", "proof", "checkpoint", "leaf"}
        leaf = b64decode(proof["leaf"])
        assert json.loads(leaf)["receipt"] == receipt
        assert b64decode(proof["leaf_hash"]) == leaf_hash(leaf)
        checkpoint, _, _ = parse_note(proof["checkpoint"])
        hashes = [b64decode(one) for one in proof["proof"]]
        check_inclusion(leaf_hash(leaf), proof["index"], proof["size"], hashes, checkpoint.root)


async def test_a_proof_fits_the_checkpoint_that_somebody_else_keeps(provider: world.Provider) -> None:
    (receipt, *_) = receipts(await enter(provider, "/me/usage"))
    await provider.sequence()
    await tokens_of(provider)
    await provider.sequence()
    size = await provider.house.log.tree.size()
    proof = (await provider.get(f"/me/usage/{receipt}/proof?size={size}")).json()
    latest = await latest_note(provider.house.log)
    kept = verifier.Checkpoint(size, parse_note(latest)[0].root, provider.clock.now(), latest)
    assert verifier.verify(proof, kept)["receipt"] == receipt
    for member, value in (("index", proof["index"] + 1), ("receipt", "rc_x"), ("leaf", "e30="), ("proof", [])):
        with pytest.raises(verifier.Refused):
            verifier.verify(proof | {member: value}, kept)
    assert (await provider.get(f"/me/usage/{receipt}/proof?size={size + 1}")).status_code == 400


async def test_a_proof_that_is_not_there_yet_says_when(provider: world.Provider) -> None:
    page = await enter(provider, "/me/usage")
    early = await provider.get(f"/me/usage/{receipts(page)[0]}/proof")
    assert (early.status_code, "GW-1703" in early.text) == (404, True)


async def test_another_persons_receipt_is_as_good_as_none(provider: world.Provider) -> None:
    await enter(provider)
    async with provider.another_browser() as other:
        other.upstream.answer = world.person(**OTHER)
        (theirs, *_) = receipts(await enter(other, "/me/usage"))
    await provider.sequence()

    def told(answer: httpx2.Response) -> tuple[int, str]:
        return answer.status_code, re.sub("[0-9a-f]{32}|trace[^<]*", "", words(answer))

    for path in ("/me/usage/{}/proof", "/me/report?about={}"):
        foreign = await provider.get(path.format(theirs))
        unknown = await provider.get(path.format("rc_" + "0" * 32))
        assert told(foreign) == told(unknown)
        assert foreign.status_code == 404
        assert "GW-1702" in foreign.text
    form = await provider.get("/me/report")
    sent = await press(provider, form, "/me/report", once="o", concern="not_me", about=theirs)
    assert sent.status_code == 404
    assert "MisuseReported" not in await log_names(provider)


# connections


async def test_a_connection_says_since_when_for_what_and_how_lately(provider: world.Provider) -> None:
    await obtain_tokens(provider, scope=FORM)
    provider.clock.move(timedelta(minutes=5))
    await tokens_of(provider, scope="openid")
    said = words(await enter(provider, "/me/connections"))
    for part in ("Cổng thử", "Từ 10:00 23/11/2026", "Đăng ký thường trú", "Dùng gần nhất 10:05 23/11/2026"):
        assert part in said, part


async def test_withdrawing_ends_every_grant_of_that_portal_and_of_no_other(provider: world.Provider) -> None:
    first = await obtain_tokens(provider)
    second = await tokens_of(provider, scope="openid profile offline_access", prompt="consent")
    app = {"client_id": "app", "redirect_uri": "http://127.0.0.1:8005/callback"}
    begun = await provider.get(authorize_url(**app))
    notice = await provider.get(begun.headers["location"])
    answered = await press(provider, notice, str(notice.url), decision="allow")
    code = members(answered.headers["location"])["code"]
    third = (await redeem(provider, code, authorization=None, **app)).json()
    page = await enter(provider, "/me/connections")
    assert page.text.count("data-portal=") == 2
    done = await press(provider, page, "/me/connections/withdraw", portal="portal")
    assert done.headers["location"] == f"{world.ISSUER}/me/connections"
    for tokens, alive in ((first, 401), (second, 401), (third, 200)):
        headers = {"authorization": f"Bearer {tokens['access_token']}"}
        assert (await provider.get("/userinfo", headers=headers)).status_code == alive
    refreshed = await redeem(provider, None, grant_type="refresh_token", refresh_token=second["refresh_token"])
    assert refreshed.json()["error"] == "invalid_grant"
    page = await provider.get("/me/connections")
    assert page.text.count("data-portal=") == 1
    assert (await log_names(provider)).count("GrantRevoked") == 1
    await press(provider, page, "/me/connections/withdraw", portal="portal")
    await press(provider, page, "/me/connections/withdraw", portal="nobody")
    assert (await log_names(provider)).count("GrantRevoked") == 1


# reports and blocks


async def report(provider: world.Provider, path: str, **form: str) -> httpx2.Response:
    page = await enter(provider, path)
    sent = await press(provider, page, "/me/report", once=hidden(page.text, "once"), **form)
    assert sent.status_code == 303, words(sent)
    return await provider.get(sent.headers["location"])


async def test_a_report_gives_a_number_and_says_so_in_the_history(provider: world.Provider) -> None:
    await obtain_tokens(provider, scope=FORM)
    about = receipts(await enter(provider, "/me/usage"), "received")[0]
    done = await report(provider, f"/me/report?about={about}", about=about, concern="not_asked")
    number = re.search(r'id="number">([^<]+)<', done.text)
    assert number
    assert re.fullmatch(r"BC-2026-\w{4}-\w{4}", number[1])
    assert "chặn" not in (words(done).split("Đã nhận báo cáo")[-1])[:200]
    assert number[1] in (await provider.get("/me/notices")).text
    assert "báo việc dùng sai" in words(await provider.get("/me/usage"))
    (record,) = await provider.house.listing.select(Kind.MISUSE_REPORT)
    assert (record.subject, record.body["about"], record.body["portal"]) == (
        await citizen_id(provider),
        about,
        "portal",
    )


async def test_one_form_sent_twice_is_one_report(provider: world.Provider) -> None:
    page = await enter(provider, "/me/report")
    once = hidden(page.text, "once")
    first = await press(provider, page, "/me/report", once=once, concern="other")
    second = await press(provider, page, "/me/report", once=once, concern="not_me")
    assert first.headers["location"] == second.headers["location"]
    assert (await log_names(provider)).count("MisuseReported") == 1
    third = await press(provider, page, "/me/report", once="another", concern="not_me")
    assert third.headers["location"] != first.headers["location"]


async def test_what_was_not_offered_is_refused(provider: world.Provider) -> None:
    page = await enter(provider, "/me/report")
    for form in ({"concern": "<script>"}, {"portal": "app"}, {"portal": "unknown"}, {"once": ""}):
        answer = await press(provider, page, "/me/report", **{"once": "o", "concern": "other", **form})
        assert answer.status_code == 400, form
    assert "MisuseReported" not in await log_names(provider)


async def test_another_persons_report_is_as_good_as_none(provider: world.Provider) -> None:
    done = await report(provider, "/me/report", concern="other")
    async with provider.another_browser() as other:
        other.upstream.answer = world.person(**OTHER)
        await enter(other)
        foreign = await other.get(str(done.url))
        unknown = await other.get("/me/report/BC-2026-0000-0000")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert "GW-1811" in foreign.text
    assert "GW-1811" in unknown.text


async def block(provider: world.Provider) -> httpx2.Response:
    await enter(provider)
    return await report(provider, "/me/report?portal=portal", portal="portal", concern="other", block="yes")


async def test_blocking_ends_the_grants_and_every_later_sign_in(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider)
    done = await block(provider)
    assert 'id="blocked"' in done.text
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await provider.get("/userinfo", headers=headers)).status_code == 401
    silent = members((await provider.get(authorize_url(prompt="none"))).headers["location"])
    assert silent["error"] == "access_denied"
    assert "GW-1309" in silent["error_uri"]
    begun = await provider.get(authorize_url())
    page = await provider.get(begun.headers["location"])
    assert (page.status_code, "GW-1309" in page.text) == (403, True)
    assert f'href="{world.ISSUER}/me/connections"' in page.text
    back = re.search(r'id="return" href="([^"]+)"', page.text)
    assert back
    assert members(back[1].replace("&amp;", "&"))["error"] == "access_denied"
    assert {"MisuseReported", "PortalBlocked", "GrantRevoked"} <= set(await log_names(provider))
    history = await provider.get("/me/usage")
    assert len(receipts(history, "refused")) == 2
    other = await provider.get(authorize_url(client_id="app", redirect_uri="http://127.0.0.1:8005/callback"))
    assert "consent-allow" in (await provider.get(other.headers["location"])).text


async def test_a_fresh_sign_in_meets_the_block_too_and_another_person_does_not(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    await block(provider)
    async with provider.another_browser() as browser:
        attempt, callback = await reach_sign_in(browser)
        await browser.get(callback)
        assert "GW-1309" in (await browser.get(attempt)).text
    async with provider.another_browser() as browser:
        browser.upstream.answer = world.person(**OTHER)
        attempt, callback = await reach_sign_in(browser)
        await browser.get(callback)
        assert "consent-allow" in (await browser.get(attempt)).text


async def test_a_code_issued_before_the_block_opens_nothing(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    begun = await provider.get(authorize_url())
    code = members(begun.headers["location"])["code"]
    await block(provider)
    assert (await redeem(provider, code)).json()["error"] == "invalid_grant"


async def test_unblocking_opens_the_portal_again(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    await block(provider)
    page = await provider.get("/me/connections")
    assert 'data-blocked="portal"' in page.text
    await press(provider, page, "/me/connections/unblock", portal="portal")
    await press(provider, page, "/me/connections/unblock", portal="portal")
    assert "data-blocked" not in (await provider.get("/me/connections")).text
    assert (await log_names(provider)).count("PortalUnblocked") == 1
    begun = await provider.get(authorize_url())
    assert "consent-allow" in (await provider.get(begun.headers["location"])).text


async def test_the_general_form_blocks_the_portal_that_was_chosen_or_none(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    await report(provider, "/me/report", concern="other", block="yes")
    assert await provider.house.listing.select(Kind.PORTAL_BLOCK) == []
    await report(provider, "/me/report", concern="other", block="yes", portal="portal")
    assert len(await provider.house.listing.select(Kind.PORTAL_BLOCK)) == 1


# alerts


def rules(page: httpx2.Response) -> list[str]:
    return re.findall(r'data-rule="([^"]+)"', page.text)


async def test_a_sign_in_is_told_once_for_each_service(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    assert rules(await enter(provider, "/me/notices")) == ["otherwise"]
    await tokens_of(provider)
    await tokens_of(provider, scope="openid")
    assert len(rules(await provider.get("/me/notices"))) == 1
    begun = await provider.get(authorize_url(client_id="app", redirect_uri="http://127.0.0.1:8005/callback"))
    notice = await provider.get(begun.headers["location"])
    await press(provider, notice, str(notice.url), decision="allow")
    assert len(rules(await provider.get("/me/notices"))) == 2


async def test_a_trusted_browser_is_silent_and_another_one_is_not(provider: world.Provider) -> None:
    page = await enter(provider, "/me/notices")
    assert len(rules(page)) == 1
    trusted = await press(provider, page, "/me/browser/trust")
    assert "HttpOnly" in trusted.headers["set-cookie"]
    provider.clock.move(timedelta(hours=30))
    page = await enter(provider, "/me/notices")
    assert len(rules(page)) == 1
    assert "Ông/bà đã tin cậy trình duyệt này" in page.text
    async with provider.another_browser() as other:
        assert len(rules(await enter(other, "/me/notices"))) == 2
    await press(provider, page, "/me/browser/forget")
    provider.clock.move(timedelta(hours=30))
    assert len(rules(await enter(provider, "/me/notices"))) == 3


async def test_one_persons_trust_is_not_anothers(provider: world.Provider) -> None:
    await press(provider, await enter(provider, "/me/notices"), "/me/browser/trust")
    provider.upstream.answer = world.person(**OTHER)
    provider.clock.move(timedelta(hours=30))
    page = await enter(provider, "/me/notices")
    assert rules(page) == ["otherwise"]
    assert "Ông/bà đã tin cậy" not in page.text


async def test_many_failures_before_a_sign_in_are_suspicious_even_in_a_trusted_browser(
    provider: world.Provider,
) -> None:
    await press(provider, await enter(provider, "/me/notices"), "/me/browser/trust")
    provider.clock.move(timedelta(hours=30))
    attempt = (await provider.get("/me/notices")).headers["location"]
    for failures in range(4):
        chosen = await press(provider, await provider.get(attempt), attempt, provider="fake")
        provider.upstream.answer = SignInCancelled() if failures < 3 else world.person()
        state = members(chosen.headers["location"])["state"]
        await provider.get(f"/upstream/fake/callback?code=x&state={state}")
    await provider.get(attempt)
    assert rules(await provider.get("/me/notices")) == ["suspicious", "otherwise"]


async def test_not_me_ends_everything_and_opens_a_report(provider: world.Provider) -> None:
    async with provider.another_browser() as thief:
        stolen = await obtain_tokens(thief, scope="openid profile offline_access", prompt="consent")
        page = await enter(provider, "/me/notices")
        await press(provider, page, "/me/browser/trust")
        key = re.findall(r'data-notice="([^"]+)"', page.text)[-1]
        done = await press(provider, page, "/me/notices/not-me", notice=key)
        assert re.search(r'id="number">BC-2026-\w{4}-\w{4}<', done.text)
        assert 'id="ended"' in done.text
        assert (await provider.get("/me")).status_code == 303
        assert (await thief.get("/me")).status_code == 303
        headers = {"authorization": f"Bearer {stolen['access_token']}"}
        assert (await provider.get("/userinfo", headers=headers)).status_code == 401
    page = await enter(provider, "/me/notices")
    assert rules(page)[0] == "suspicious"
    assert "BC-2026-" in page.text
    assert 'id="trust"' in page.text
    provider.clock.move(timedelta(days=31))
    assert rules(await enter(provider, "/me/notices"))[0] == "otherwise"


async def test_another_persons_notice_is_as_good_as_none(provider: world.Provider) -> None:
    page = await enter(provider, "/me/notices")
    key = re.findall(r'data-notice="([^"]+)"', page.text)[0]
    async with provider.another_browser() as other:
        other.upstream.answer = world.person(**OTHER)
        theirs = await enter(other, "/me/notices")
        assert (await press(other, theirs, "/me/notices/not-me", notice=key)).status_code == 404
        assert (await other.get("/me")).status_code == 200
    assert (await provider.get("/me")).status_code == 200
    assert "MisuseReported" not in await log_names(provider)
