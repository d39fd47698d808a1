"""Who used my data: what the list, the files and the proofs say, and that they say it to nobody else."""

import csv
import io
import json
import re
from base64 import b64decode
from datetime import UTC, datetime, timedelta

import httpx2
import provider_house as world
import pytest
from journey import redeem
from own_visitor import (
    FORM,
    OTHER,
    authorize_url,
    citizen_id,
    enter,
    log_names,
    obtain_code,
    obtain_tokens,
    press,
    receipts,
    tell,
    tokens_of,
    words,
)

from examples.offline_verifier import verify as verifier
from gateway.audit.checkpoint import parse_note
from gateway.audit.event import FormAsked, FormReleased
from gateway.audit.merkle import check_inclusion, leaf_hash
from gateway.audit.proof import latest_note
from gateway.openid_provider.own_pages.export import harmless

pytestmark = pytest.mark.anyio


async def test_entries_stand_newest_first_with_words_and_the_very_next_load_shows_a_disclosure(
    provider: world.Provider,
) -> None:
    await obtain_tokens(provider, scope=FORM)
    page = await enter(provider, "/me/usage")
    assert len(receipts(page)) == 2, "the sign-in, and the code with its redemption"
    assert len(receipts(page, "received")) == 1
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
        "không nhận được giá trị",
        "Ghi từ ngày 23/11/2026",
    ):
        assert part in said, part


async def test_a_code_that_no_portal_came_for_gave_nobody_anything(provider: world.Provider) -> None:
    await obtain_code(provider, scope=FORM)
    page = await enter(provider, "/me/usage")
    assert receipts(page, "received") == []
    assert "chưa dùng mã và chưa nhận gì" in words(page)


async def test_a_code_shown_alone_does_not_say_whether_it_was_used(provider: world.Provider) -> None:
    await obtain_tokens(provider, scope=FORM)
    given = next(
        one for one in await world.events_of(provider) if one["event"] == "PortalAnswered" and one["portal"] == "portal"
    )
    assert given["collected_by"] == "CodeRedeemed"
    page = await enter(provider, f"/me/report?about={given['receipt']}")
    assert "được cấp mã" in words(page)
    assert "chưa dùng mã" not in words(page)


async def test_a_code_of_new_years_eve_is_not_called_unused(provider: world.Provider) -> None:
    provider.clock.move(datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC) - provider.clock.now())
    code = await obtain_code(provider, scope=FORM)
    provider.clock.move(timedelta(seconds=2))
    assert "access_token" in (await redeem(provider, code)).json()
    await enter(provider)
    for year in ("2026", "2027"):
        assert "chưa dùng mã" not in words(await provider.get(f"/me/usage?year={year}"))


@pytest.mark.parametrize("sex", ["female", None])
async def test_what_a_sign_in_did_not_know_is_not_listed_as_told(provider: world.Provider, sex: str | None) -> None:
    provider.upstream.answer = world.person(sex=sex)
    await obtain_tokens(provider, scope="openid profile")
    connections = words(await enter(provider, "/me/connections"))
    assert "Ngày, tháng, năm sinh" in connections
    assert ("Giới tính" in connections) == (sex is not None)
    # the log names scopes and no values: it cannot know
    assert "Giới tính (nếu có)" in words(await provider.get("/me/usage"))


async def test_an_empty_item_says_what_its_source_said_and_ours_what_it_came_to(provider: world.Provider) -> None:
    await enter(provider)
    states = {"full_name": "verified", "old_number": "unavailable", "sex": "withheld", "birth_date": "not_applicable"}
    reasons = {"old_number": "CR-003", "sex": "PF-122", "birth_date": "PF-120"}
    extra = (("outcomes", states), ("reasons", reasons))
    await tell(provider, FormReleased, await citizen_id(provider), attributes=("full_name",), extra=extra)
    said = words(await provider.get("/me/usage"))
    for part in ("nguồn có hồ sơ, mục này để trống", "không được gửi", "nguồn không có"):
        assert part in said, part
    assert "nguồn không trả lời" not in said


async def test_items_stand_as_the_form_has_them_and_a_death_never_first(provider: world.Provider) -> None:
    await enter(provider)
    me, asked = (
        await citizen_id(provider),
        ("death_date", "permanent_residence", "unheard_of", "birth_date", "full_name"),
    )
    name, birth, home = "Họ, chữ đệm và tên", "Ngày, tháng, năm sinh", "Nơi thường trú"
    death = "Ngày, tháng, năm chết"
    await tell(provider, FormReleased, me, attributes=asked, procedure=None)
    assert "; ".join((name, birth, home, death, "unheard_of")) in words(await provider.get("/me/usage"))
    await tell(provider, FormReleased, me, attributes=("full_name", "death_date", "sex"), procedure="1.004222")
    assert f"{name}; Giới tính; {death}" in words(await provider.get("/me/usage"))


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
