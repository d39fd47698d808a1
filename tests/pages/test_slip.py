"""The slip for corrections: what it says for every procedure, what it never says, on the page and on paper."""

import re
import subprocess
import unicodedata
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from gateway.pages.layout.frame import Layout
from gateway.pages.public.pages import PublicPages
from gateway.pages.public.slip import reference_of
from gateway.pages.slip_routes import slip_routes
from gateway.policy.bundle import PolicyBundle
from gateway.policy.correction import channels_for, correctable
from gateway.vocabulary.clock import SettableClock, ordered_token

BOOK = PolicyBundle.load()
CODE = "1.004222"
NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
NAME = {"field.applicant.full_name": "yes"}
NUMBER = f"pf_{ordered_token(datetime(2026, 11, 23, 3, 0, tzinfo=UTC), b'0' * 16)}"


@pytest.fixture
def clock():
    return SettableClock(NOW)


@pytest.fixture
def desk(clock):
    pages = PublicPages(Layout(base_path="/dinh-danh"))
    with TestClient(Starlette(routes=slip_routes(BOOK, pages, clock))) as client:
        yield client


def words(text: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))


def paper_text(octets: bytes, folder: Path) -> str:
    file = folder / "slip.pdf"
    file.write_bytes(octets)
    found = subprocess.run(["pdftotext", "-layout", str(file), "-"], check=True, capture_output=True)
    return found.stdout.decode()


@pytest.mark.parametrize("code", sorted(BOOK.procedures))
def test_every_field_that_a_register_fills_has_a_channel_with_keeper_place_and_papers(code):
    procedure = BOOK.procedures[code]
    fields = correctable(BOOK, procedure)
    filled = {
        field.id
        for field in procedure.fields
        if any(not BOOK.attributes[fill.attribute].self_declared for fill in field.fill)
    }
    assert {field.id for field in fields} == filled
    told = channels_for(BOOK, procedure, filled)
    assert {field.id for channel in told for field in channel.fields} == filled
    for channel in told:
        assert channel.papers
        assert channel.url.startswith("https://")
        assert channel.where["vi"]
        assert all(register.keeper["vi"] and register.label["vi"] for f in channel.fields for register in f.registers)


def test_what_is_written_by_hand_or_declared_stands_on_no_slip():
    procedure = BOOK.procedures[CODE]
    assert "applicant.phone" in {field.id for field in procedure.fields}
    assert "applicant.phone" not in {field.id for field in correctable(BOOK, procedure)}
    assert channels_for(BOOK, procedure, {"applicant.phone", "nothing.such"}) == ()


def test_fields_with_one_way_stand_together_and_both_registers_are_named():
    (channel,) = channels_for(BOOK, BOOK.procedures[CODE], {"applicant.full_name", "applicant.sex"})
    assert [field.id for field in channel.fields] == ["applicant.full_name", "applicant.sex"]
    labels = [register.label["vi"] for register in channel.fields[1].registers]
    assert labels == ["CSDL quốc gia về dân cư", "CSDL hộ tịch điện tử"]
    assert "Bộ Tư pháp" in channel.fields[1].registers[1].keeper["vi"]


def test_the_boxes_come_first_and_nothing_is_ticked(desk):
    page = desk.get(f"/corrections/{CODE}")
    assert page.status_code == 200
    assert 'id="slip"' not in page.text
    assert 'id="nothing"' not in page.text
    assert "checked" not in page.text
    assert 'action="/dinh-danh/corrections/1.004222"' in page.text
    assert page.headers["cache-control"] == "no-store"


def test_the_slip_says_form_date_register_keeper_place_and_papers(desk):
    page = desk.post(f"/corrections/{CODE}", data={**NAME, "reference": NUMBER, "as": "page"})
    said = words(page.text)
    for wanted in (
        "Đăng ký thường trú (1.004222)",
        "CT01, bản ngày 01/07/2025",
        f"{NUMBER} (10:00 23/11/2026)",
        "Ngày lập phiếu 24/11/2026",  # eight in the evening in London is the next morning in Vietnam
        "Lấy từ CSDL quốc gia về dân cư; cơ quan quản lý: Cục Cảnh sát quản lý hành chính",
        "thủ tục cải chính hộ tịch 1.004859",
        "Giấy khai sinh",
    ):
        assert wanted in said
    assert f"{NUMBER}" in page.text
    assert 'data-field="applicant.full_name"' in page.text
    assert 'data-field="applicant.sex"' not in page.text


def test_an_attribute_means_every_field_it_may_fill(desk):
    page = desk.post(f"/corrections/{CODE}", data={"attribute.full_name": "yes"})
    assert re.findall(r'data-field="([^"]+)"', page.text) == ["applicant.full_name"]


def test_pressing_without_a_tick_says_so_and_makes_no_paper(desk):
    for pressed in ("page", "pdf"):
        page = desk.post(f"/corrections/{CODE}", data={"as": pressed})
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert 'id="nothing"' in page.text
    # who only came from another page pressed nothing yet
    assert 'id="nothing"' not in desk.post(f"/corrections/{CODE}", data={"reference": NUMBER}).text


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_paper_is_a4_its_text_nfc_and_it_says_what_the_page_says(desk, tmp_path, language):
    data = {**NAME, "field.head.full_name": "yes", "reference": NUMBER, "as": "pdf", "language": language}
    paper = desk.post(f"/corrections/{CODE}", data=data)
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.headers["cache-control"] == "no-store"
    assert "applicant" not in paper.headers["content-disposition"]
    text = paper_text(paper.content, tmp_path)
    assert text == unicodedata.normalize("NFC", text)
    shown = subprocess.run(["pdfinfo", str(tmp_path / "slip.pdf")], check=True, capture_output=True).stdout.decode()
    assert "595.28 x 841.89 pts (A4)" in shown
    wanted = {
        "vi": ("Phiếu đề nghị chỉnh sửa thông tin", "CT01, bản ngày 01/07/2025", "10:00 23/11/2026", "Giấy khai sinh"),
        "en": ("Request to correct an entry", "CT01, version of 01/07/2025", "10:00 23/11/2026", "Birth certificate"),
    }[language]
    for one in wanted:
        assert one in text
    assert text.count("....") == 0, "the lines for a pen are drawn and nothing reads dots aloud"
    assert "Tagged:          yes" in shown


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "BƯỞI",
        "pf_123",
        "pf_" + "g" * 44,
        "xx_" + "0" * 44,
        NUMBER + "0",
        f"{NUMBER}\n",
        "<b>" + NUMBER,
        "rc_" + "f" * 44,
    ],
)
def test_only_a_number_of_ours_is_printed_on_it(desk, reference):
    page = desk.post(f"/corrections/{CODE}", data={**NAME, "reference": reference, "as": "page"})
    assert page.status_code == 200
    assert 'id="reference"' not in page.text
    assert reference_of({"reference": reference}) is None


def test_the_language_of_the_form_and_of_its_button(desk):
    shown = desk.post(f"/corrections/{CODE}", data={**NAME, "language": "en"})
    assert '<html lang="en">' in shown.text
    switched = desk.post(f"/corrections/{CODE}", data={**NAME, "language": "en", "ui_locales": "vi"})
    assert '<html lang="vi">' in switched.text
    assert 'data-field="applicant.full_name"' in switched.text


def test_an_unknown_procedure_or_field_and_a_broken_form(desk):
    assert desk.get("/corrections/9.999999").status_code == 404
    assert desk.post("/corrections/<script>", data=NAME).status_code == 404
    assert 'id="slip"' not in desk.post(f"/corrections/{CODE}", data={"field.<script>": "yes"}).text
    twice = desk.post(
        f"/corrections/{CODE}",
        content="reference=a&reference=b",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert twice.status_code == 400


def test_paper_is_limited_and_the_page_is_not(desk, clock):
    data = {**NAME, "as": "pdf"}
    kinds = [desk.post(f"/corrections/{CODE}", data=data).headers["content-type"] for _ in range(61)]
    assert set(kinds[:60]) == {"application/pdf"}
    assert kinds[60] == "text/html; charset=utf-8"
    busy = desk.post(f"/corrections/{CODE}", data=data)
    assert 'id="busy"' in busy.text
    assert 'data-field="applicant.full_name"' in busy.text
    clock.move(timedelta(seconds=2))
    assert desk.post(f"/corrections/{CODE}", data=data).headers["content-type"] == "application/pdf"
