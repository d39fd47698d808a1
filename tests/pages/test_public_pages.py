"""What anybody may read, and the static files."""

import gzip
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import gateway
import gateway.openid_provider.failure
from gateway.pages.layout.assets import FOLDER, Assets
from gateway.pages.layout.words import Words, read_phrases
from gateway.pages.public.errors import list_entries, render_error_catalogue
from gateway.pages.public.status import StatusReport
from gateway.vocabulary.failure import Failure
from tests.pages.page_samples import make_application, make_layout, make_public_pages, read_status

HTML = {"accept": "text/html"}
ISSUED = "rf_" + "0a" * 22


@pytest.fixture
def client():
    with TestClient(make_application()) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/errors", "/errors/GW-1203", "/errors/GW-1002", "/status"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_public_page_speaks_both_languages(client, path, language):
    page = client.get(path, params={"ui_locales": language}, headers=HTML)
    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.text
    assert page.headers["content-language"] == language
    assert "form-action 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text


@pytest.mark.parametrize(
    ("typed", "found", "left_out"),
    [("gw-1203", "GW-1203", "GW-1204"), ("dang nhap", "GW-1201", "GW-1203"), ("ĐĂNG NHẬP", "GW-1201", "GW-1203")],
)
def test_the_catalogue_of_errors_is_searched_however_it_is_typed(client, typed, found, left_out):
    page = client.get("/errors", params={"q": typed, "ui_locales": "vi"}).text
    assert f"/errors/{found}?" in page
    assert f"/errors/{left_out}?" not in page
    assert 'id="found"' in page
    assert "q=" in re.search(r'class="switch" href="([^"]+)"', page)[1], "the other language shows the same"


def test_a_search_that_finds_nothing_says_so_and_leads_back(client):
    page = client.get("/errors", params={"q": "<script>không có"}).text
    assert "<script>" not in page
    assert 'id="found">Không tìm thấy mục nào.' in page
    assert 'href="/errors?ui_locales=vi"' in page
    assert 'id="found"' not in client.get("/errors", params={"q": "   "}).text


def test_what_no_keyboard_types_is_not_repeated(client):
    page = client.get("/errors?q=%00GW%1b-12%E2%80%AE03%7F").text
    assert 'value="GW-1203"' in page
    assert not {"\0", "\x1b", "\u202e", "\x7f"} & set(page)


def test_accept_language_counts_without_ui_locales(client):
    assert '<html lang="en">' in client.get("/", headers={"accept-language": "en-GB"}).text
    assert '<html lang="vi">' in client.get("/").text


def test_the_first_page_says_what_this_is_and_whom_to_be(client):
    text = client.get("/").text
    assert "http://127.0.0.1:8003/" in text
    assert "Hoàng Văn Sỹ" in text
    assert "/.well-known/openid-configuration" in text


def test_every_code_has_a_page_that_says_what_why_and_fix(client):
    entries = list_entries()
    assert len(entries) > 20
    for entry in entries:
        page = client.get(f"/errors/{entry.failure.code}")
        assert page.status_code == 200
        for words in (entry.failure.code, entry.failure.oauth_error or "HTTP"):
            assert words in page.text
        assert 'lang="en"' in page.text
        assert f'href="/errors/{entry.failure.code}?' in client.get("/errors").text


def test_an_unknown_code_is_not_found(client):
    page = client.get("/errors/GW-0007")
    assert page.status_code == 404
    assert "Không có trang này" in page.text


def test_a_receipt_is_shown_only_when_it_looks_like_one(client):
    assert f'id="receipt">{ISSUED}' in client.get(f"/errors/GW-1203?receipt={ISSUED}").text
    for strange in ("<b>x", "rf 1", "x" * 200, "rf_CHUYEN_50000_STK_0123", "CHUYEN_50000_STK_0123", ISSUED[:-1]):
        assert 'id="receipt"' not in client.get("/errors/GW-1203", params={"receipt": strange}).text


def test_the_catalogue_has_every_code_once():
    text = render_error_catalogue()
    headings = re.findall(r"^### (\S+) ", text, re.M)
    assert headings == sorted(set(headings))
    assert set(headings) == {entry.failure.code for entry in list_entries()}
    assert text.count("- vi: ") == text.count("- en: ") == text.count("- Fix: ") == len(headings)
    assert render_error_catalogue() == text


def test_status_is_json_for_programs_and_a_page_for_people(client):
    document = client.get("/status").json()
    assert document["status"] == "degraded"
    assert [part["status"] for part in document["parts"]] == ["up", "degraded", "down"]
    assert document["checked_at"] == "2026-11-23T03:00:00Z"
    text = client.get("/status", headers=HTML).text
    assert "10:00 23/11/2026 (giờ Việt Nam)" in text
    assert "Hoạt động" in text


@pytest.mark.anyio
async def test_the_whole_is_down_only_when_all_parts_are():
    report = await read_status()
    assert report.state == "degraded"
    assert StatusReport(checked_at=report.checked_at, rows=report.rows[2:]).state == "down"
    assert StatusReport(checked_at=report.checked_at, rows=()).state == "up"


def test_404_and_500_say_nothing_of_the_cause():
    pages = make_public_pages(make_layout())
    assert pages.missing("vi").status == 404
    broken = pages.broken("en", trace_id="abc")
    assert broken.status == 500
    assert b"GW-9001" in broken.body
    assert b"abc" in broken.body
    assert b"Traceback" not in broken.body


def test_static_files_have_addresses_that_never_change_meaning(client):
    style = re.search(r'href="(/static/[0-9a-f]{12}/page\.css)"', client.get("/").text)[1]
    answer = client.get(style)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-encoding"] == "gzip"
    for address in re.findall(r"url\((/static/[^)]+)\)", answer.text):
        font = client.get(address)
        assert font.status_code == 200
        assert font.headers["content-type"] == "font/woff2"
        assert font.content[:4] == b"wOF2"
    assert client.get("/static/000000000000/page.css").status_code == 404
    assert client.get("/static/../routes.py").status_code == 404
    assert client.get("/static/page.css").status_code == 404


def test_styles_are_light_and_fetch_nothing_foreign():
    css = Assets().content("page.css").decode()
    assert len(gzip.compress(css.encode())) <= 12_000
    foreign = [link for link in re.findall(r"url\(([^)]+)\)", css) if not link.startswith(("/static/", '"data:'))]
    assert foreign == []
    assert "@import" not in css
    assert "letter-spacing" not in css
    assert "italic" not in css
    assert "uppercase" not in css


def test_the_licence_of_the_fonts_stands_beside_them():
    assert "SIL OPEN FONT LICENSE" in (FOLDER / "source-sans-3-LICENSE.txt").read_text("utf-8")


def test_an_issuer_with_a_path_keeps_it_in_every_address():
    pages = make_public_pages(make_layout(base_path="/gate/"))
    html = pages.home("vi").body.decode()
    ours = list(re.findall(r'(?:href|src)="(/[^"]*)"', html))
    assert ours
    assert all(link.startswith("/gate/") for link in ours)


@pytest.mark.parametrize("file", sorted(Path("gateway/pages").rglob("*.toml")), ids=lambda file: file.name)
def test_every_phrase_exists_in_both_languages_and_keeps_its_places(file):
    for key, text in read_phrases(file).items():
        places = {language: sorted(re.findall(r"\{(\w+)\}", words)) for language, words in text.items()}
        assert places["vi"] == places["en"], key
        assert "vui lòng" not in text["vi"].lower(), key
        assert "kỹ thuật" not in text["vi"].lower(), key
        for words in text.values():
            assert all(len(sentence.split()) <= 26 for sentence in re.split(r"[.:;]", words)), key


@pytest.mark.parametrize("file", sorted(Path("gateway/pages").rglob("*.html")), ids=lambda file: file.name)
def test_no_phrase_is_left_over(file):
    phrases = tomllib.loads(file.with_suffix(".toml").read_text("utf-8"))
    template = file.read_text("utf-8")
    imported = [
        Path("gateway/pages", name).read_text("utf-8") for name in re.findall(r'import "([\w/]+\.html)"', template)
    ]
    name = str(file.relative_to("gateway/pages"))
    importing = [one for one in map(Path.read_text, Path("gateway/pages").rglob("*.html")) if f'"{name}"' in one]
    everything = "".join((template, *imported, *importing))
    literal = set(re.findall(r"t\('([\w-]+)'", everything))
    families = re.findall(r"t\('(\w+_)' ~", everything)
    for key in phrases:
        made = "." in key or key in {"out", "stayed", "up", "degraded", "down"}
        assert (
            key in literal
            or made
            or any(key.startswith(family) for family in families)
            or key.startswith(("consent_note", "law_note"))
        ), key


def test_a_phrase_without_a_language_is_refused(tmp_path):
    file = tmp_path / "half.toml"
    file.write_text('[heading]\nvi = "Một"\n')
    with pytest.raises(ValueError, match="needs exactly the languages"):
        read_phrases(file)


def test_numbers_and_dates_follow_the_language():
    from datetime import UTC, date, datetime
    from decimal import Decimal

    vietnamese, english = Words({}, "vi"), Words({}, "en")
    assert vietnamese.day(date(2026, 2, 5)) == english.day(date(2026, 2, 5)) == "05/02/2026"
    assert vietnamese.number(228601) == "228.601"
    assert vietnamese.number(Decimal("35.04")) == "35,04"
    assert english.number(228601) == "228,601"
    assert vietnamese.moment(datetime(2026, 2, 5, 18, 7, tzinfo=UTC)) == "01:07 06/02/2026"


def test_no_two_failures_share_a_code() -> None:
    root = Path(gateway.__file__).parent
    for file in root.rglob("*.py"):
        if "(Failure)" in file.read_text():
            import_module(".".join(file.relative_to(root.parent).with_suffix("").parts))
    waiting, seen = [Failure], {}
    while waiting:
        for child in waiting.pop().__subclasses__():
            waiting.append(child)
            if "code" in child.__dict__ and child.__module__.startswith(("gateway.", "connectors.")):
                assert seen.setdefault(child.code, child) is child
    assert len(seen) > 60
