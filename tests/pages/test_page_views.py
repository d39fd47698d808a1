"""Every view, in both languages: ids, language, each field once, masks, escapes."""

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from gateway.openid_provider.screens import FailurePage, LogoutConfirm, Page, View
from gateway.pages.layout.frame import make_environment
from gateway.pages.layout.mask import spell_mask
from gateway.pages.screens import PageScreens
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.form_preview import PreviewField
from tests.pages.own_page_samples import OWN_VIEWS
from tests.pages.page_samples import CAUSES, FIELDS, FORM, PORTAL, QUESTION, VIEWS, failing, make_layout

POSTS_ITSELF = "zrpAE+o3EiCoNwn6QfUzYEJleiBrChiZnz5QbttfFEc="  # the SHA-256 of the one script of all pages
VOID = {"meta", "link", "input", "br", "img", "path", "circle"}
both = pytest.mark.parametrize("language", ["vi", "en"])


class Outline(HTMLParser):
    """Collects the elements of a page and fails on a tag that is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.text = ""
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def by_id(self, name: str) -> dict[str, str | None]:
        found = [attrs for _, attrs in self.elements if attrs.get("id") == name]
        assert len(found) == 1, name
        return found[0]

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


def show(view: View, language: str = "vi") -> Page:
    return PageScreens(make_layout()).show(view, languages=language)


def read(view: View, language: str = "vi") -> Outline:
    return Outline(show(view, language).body.decode())


@both
@pytest.mark.parametrize("name", VIEWS)
def test_a_page_is_whole_without_a_script_and_names_its_language(name, language):
    page = show(VIEWS[name], language)
    outline = Outline(page.body.decode())
    assert outline.all("html") == [{"lang": language}]
    assert page.headers["content-language"] == language
    assert outline.all("script") == ([{}] if name == "form_post" else [])
    assert not any(key.startswith("on") or key == "style" for _, attrs in outline.elements for key in attrs)
    assert len(outline.all("h1")) == 1
    ids = [attrs["id"] for _, attrs in outline.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert next(attrs["href"] for attrs in outline.all("a")) == "#main"
    assert "1900 0368" in outline.text


@both
@pytest.mark.parametrize("name", VIEWS)
def test_nothing_is_fetched_from_elsewhere(name, language):
    outline = read(VIEWS[name], language)
    for tag, attrs in outline.elements:
        if tag in {"link", "img"}:
            assert (attrs.get("href") or attrs.get("src") or "").startswith("/static/"), tag


@both
def test_the_help_block_is_last_and_the_same_on_every_page(language):
    tails = {show(view, language).body.decode().partition("<footer")[2] for view in VIEWS.values()}
    assert len(tails) == 1


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("sign_in", ["login", "cancel"]),
        ("notice", ["consent-allow", "consent-deny"]),
        ("consent", ["consent-allow", "consent-deny"]),
        ("claims", ["consent-allow", "consent-deny"]),
        ("logout", ["logout-yes", "logout-no"]),
        ("form_post", ["continue"]),
    ],
)
@both
def test_the_first_form_is_the_action_to_take(name, ids, language):
    outline = read(VIEWS[name], language)
    forms = outline.all("form")
    assert forms[0]["method"] == "post"
    assert forms[0]["action"] == VIEWS[name].action
    for one in ids:
        outline.by_id(one)
    # the language stands above the form and belongs to it, so that it takes the ticked boxes along
    inside = [attrs for attrs in outline.all("button") if "form" not in attrs]
    assert inside[0].get("id") == ids[0]


def test_the_first_provider_is_the_main_button_and_the_rest_stand_below():
    outline = read(VIEWS["sign_in"])
    assert outline.by_id("login") | {"class": ""} == {"class": "", "id": "login", "name": "provider", "value": "vneid"}
    assert "Đăng nhập bằng tài khoản định danh điện tử" in outline.text
    assert [b["value"] for b in outline.all("button") if b["name"] == "provider"] == ["vneid", "national"]
    assert {"type": "hidden", "name": "csrf", "value": "c-1"} in outline.all("input")


@both
def test_each_field_stands_once_with_mask_source_and_date(language):
    outline = read(VIEWS["notice"], language)
    rows = [attrs["data-field"] for attrs in outline.all("tr") if "data-field" in attrs]
    assert rows == [field.id for field in FIELDS]
    assert outline.text.count("Số định danh chủ hộ" if language == "vi" else "Number of the head") == 1
    assert outline.text.count("22/11/2026") == 5
    said = "9 9 9, 5 ký tự đã che, 0 0 0 3." if language == "vi" else "9 9 9, 5 characters hidden, 0 0 0 3."
    assert outline.text.count(said) == 2  # once as the person, once as the field
    hidden = [attrs for attrs in outline.all("span") if attrs.get("aria-hidden") == "true"]
    assert len(hidden) == 6
    assert not any("open" in attrs for attrs in outline.all("details"))


def test_a_field_without_a_value_says_why():
    text = read(VIEWS["notice"]).text
    assert "Chưa lấy được" in text
    assert "Nguồn chưa trả lời. Ông/bà tự điền." in text
    assert "Hai nguồn ghi khác nhau" in text
    assert "Không có ở nguồn này" in text
    assert "Ông/bà tự khai trên biểu mẫu" in text
    assert "Cơ quan giữ dữ liệu không gửi thông tin này" in text


@both
@pytest.mark.parametrize("shown", [None, "x"])
@pytest.mark.parametrize(
    "status",
    [
        *("verified", "self_declared", "unavailable", "not_applicable", "withheld", "conflict", "stale", "not_asked"),
        "new",
    ],
)
def test_a_row_of_any_status_can_be_shown(status, shown, language):
    field = PreviewField(id="a.b", label={"vi": "Một"}, status=status, source_label={}, masked=shown, shown=shown)
    view = replace(VIEWS["notice"], form=replace(FORM, fields=(field,)))
    assert len(read(view, language).all("td")) == 4


@both
def test_a_consent_page_lists_what_is_needed_and_offers_the_rest_in_empty_boxes(language):
    outline = read(VIEWS["consent"], language)
    named = [attrs["data-field"] for tag in ("tr", "div", "li") for attrs in outline.all(tag) if "data-field" in attrs]
    assert sorted(named) == sorted(field.id for field in FIELDS), "each item stands once"
    rows = [attrs["data-field"] for attrs in outline.all("tr") if "data-field" in attrs]
    assert rows == [field.id for field in FIELDS[:4]]
    boxes = [attrs for attrs in outline.all("input") if attrs["type"] == "checkbox"]
    assert [box["name"] for box in boxes] == ["share.applicant.residence", "share.head.full_name", "trust"]
    assert not any("checked" in box for box in boxes[:2])
    assert {"type": "hidden", "name": "notice", "value": "0f" * 32} in outline.all("input")
    words = {"vi": "Chỉ hỏi sau khi ông/bà đồng ý", "en": "Asked only after you agree"}[language]
    assert outline.text.count(words) == 2  # nothing was asked; the four values are the sign-in's
    assert outline.text.count({"vi": "theo lần đăng nhập này", "en": "as in this sign-in"}[language]) == 4
    assert "22/11/2026" not in outline.text


@both
def test_a_consent_page_names_recipient_other_party_basis_and_the_right_to_withdraw(language):
    text = read(VIEWS["consent"], language).text
    said = {
        "vi": ("Bên nhận: Văn phòng UBND tỉnh", "Bên kia của hồ sơ này là S••", "rút lại bất cứ lúc nào", "30 ngày"),
        "en": (
            "Recipient: Provincial people's office",
            "The other party of this dossier is S••",
            "withdraw at any time",
        ),
    }[language]
    for words in said:
        assert words in text
    alone = replace(VIEWS["consent"], form=replace(QUESTION, other=None))
    assert "S••" not in read(alone, language).text


@both
def test_a_consent_page_says_what_the_sign_in_itself_tells(language):
    said = {
        "vi": "Gửi đi từ lần đăng nhập này, nếu ông/bà đồng ý Mã riêng tại dịch vụ này Họ tên",
        "en": "Sent from this sign-in, if you agree A code for this service Name",
    }[language]
    assert said in " ".join(read(VIEWS["consent"], language).text.split())
    nothing = read(replace(VIEWS["consent"], claims=()), language)
    assert said.partition(",")[0] not in nothing.text
    assert not [attrs for attrs in nothing.all("ul") if attrs.get("id") == "claims"]


def test_what_a_form_needs_an_item_for_is_said():
    field = replace(FIELDS[0], need={"vi": "Để xóa đăng ký cũ", "en": "To end the old registration"})
    view = replace(VIEWS["notice"], form=replace(FORM, fields=(field,)))
    assert "Để xóa đăng ký cũ" in read(view).text


def test_notice_does_not_pretend_a_choice_and_consent_does_offer_one():
    notice, consent = read(VIEWS["notice"]).text, read(VIEWS["consent"]).text
    assert "Đồng ý" not in notice
    assert "Tiếp tục" in notice
    assert "Rời khỏi, không gửi gì" in notice
    assert "Đồng ý chia sẻ" in consent
    assert "Không đồng ý" in consent
    assert "Cổng dịch vụ công tỉnh (cơ quan: Văn phòng UBND tỉnh) cần những thông tin sau để giải quyết" in notice
    for text in (notice, consent):
        assert "Luật Cư trú 2020, Điều 22" in text
        assert "10 phút sau khi đăng nhập" in text


@both
def test_both_answers_weigh_the_same(language):
    for name in ("notice", "consent", "claims"):
        outline = read(VIEWS[name], language)
        assert outline.by_id("consent-allow")["class"] == outline.by_id("consent-deny")["class"]


@both
def test_hostile_words_stay_words(language):
    html = show(VIEWS["hostile"], language).body.decode()
    assert "<script" not in html
    assert "<img" not in html
    assert "<b>Niê" not in html
    assert "H&#39;Ƀil &lt;b&gt;Niê&lt;/b&gt; &amp; Kđăm" in html
    assert 'value="&#34;&gt;&lt;script&gt;"' in html


def test_form_post_runs_the_one_script_its_policy_names_and_no_other():
    html = show(VIEWS["form_post"]).body.decode()
    script = html.partition("<script>")[2].partition("</script>")[0]
    assert b64encode(sha256(script.encode()).digest()).decode() == POSTS_ITSELF


def test_form_post_carries_the_parameters_untouched():
    outline = read(VIEWS["form_post"])
    assert [(one["name"], one["value"]) for one in outline.all("input")] == [("code", 'a"b'), ("state", "<s>")]
    assert "portal.example" in outline.text


@both
@pytest.mark.parametrize("name", CAUSES)
def test_each_cause_has_its_own_heading_and_action(name, language):
    outline = read(VIEWS[name], language)
    kind = CAUSES[name]
    text = " ".join(outline.text.split())
    constant = "Yêu cầu này chưa hoàn tất." if language == "vi" else "This request was not completed."
    assert constant in text
    assert (kind.vi if language == "vi" else kind.en) in text
    error = outline.by_id("error")
    assert error["data-code"] == kind.code
    assert error["data-error"] == kind.oauth_error
    for part in (kind.code, kind.oauth_error, "rf_0123456789", "4bf92f3577b34da6"):
        assert part in text
    assert outline.by_id("return")["href"] == "https://portal.example/cb?error=x&state=s"
    if kind.retryable:
        assert outline.by_id("retry")["href"] == "/again"
    else:
        assert not any(attrs.get("id") == "retry" for _, attrs in outline.elements)
    assert outline.all("ol")


def test_the_headings_of_the_causes_differ():
    headings = {re.search(r"<h1>(.*?)</h1>", show(VIEWS[name]).body.decode())[1] for name in CAUSES}
    assert len(headings) == len(CAUSES)


def test_level_too_low_shows_the_way_to_level_2_in_steps():
    outline = read(VIEWS["level"])
    assert len(outline.all("ol")) == 1
    assert outline.text.count("mức độ 2") >= 2
    assert "công an xã, phường" in outline.text


def test_an_unknown_cause_still_has_a_sentence_and_a_code():
    class Odd(Failure):
        code = "GW-8888"
        title = "odd"
        vi = "Chuyện lạ."
        en = "Odd."
        fix = "None."

    outline = Outline(show(FailurePage(failure=Odd("secret detail"))).body.decode())
    assert "Chuyện lạ." in outline.text
    assert "GW-8888" in outline.text
    assert "secret detail" not in outline.text


def test_the_developer_sees_both_texts_character_by_character():
    html = show(VIEWS["redirect"], "en").body.decode()
    assert "callback<mark>∅</mark>" in html
    assert "callback<mark>/</mark>" in html
    assert "First difference at character 32" in html
    assert "other/path</dd>" in html
    assert "developer" not in show(failing(CAUSES["locked"])).body.decode()


@both
def test_the_language_link_shows_the_same_page_again(language):
    other = "en" if language == "vi" else "vi"
    outline = read(VIEWS["sign_in"], language)
    link = next(a for a in outline.all("a") if a.get("hreflang"))
    assert link["href"] == f"/view/sign_in?ui_locales={other}"
    assert link["lang"] == other
    silent = read(LogoutConfirm(portal=PORTAL, action="/x", csrf="c"), language)
    assert not any(a.get("hreflang") for a in silent.all("a"))


@both
@pytest.mark.parametrize("name", ["notice", "consent", "claims"])
def test_where_boxes_may_be_ticked_every_button_takes_them_along(name, language):
    outline = read(VIEWS[name], language)
    answer = outline.by_id("answer")
    assert answer["action"] == VIEWS[name].action
    switch, more = outline.by_id("language"), outline.by_id("more-time")
    assert (switch["form"], more["form"]) == ("answer", "answer")
    assert (switch["name"], switch["value"]) == ("ui_locales", "en" if language == "vi" else "vi")
    assert not any(a.get("hreflang") for a in outline.all("a"))


@pytest.mark.parametrize(
    ("languages", "shown"),
    [
        ("", "vi"),
        ("fr", "vi"),
        ("en vi", "en"),
        ("vi en", "vi"),
        ("en-GB,en;q=0.9", "en"),
        ("en;q=0.5, vi;q=0.8", "vi"),
    ],
)
def test_the_language_follows_the_request(languages, shown):
    page = PageScreens(make_layout()).show(VIEWS["sign_in"], languages=languages)
    assert page.headers["content-language"] == shown


def test_words_in_the_other_language_say_so():
    assert '<span lang="vi">&lt;script&gt;' not in show(VIEWS["hostile"], "vi").body.decode()
    view = FailurePage(failure=CAUSES["locked"](), portal=type(PORTAL)(name={"vi": "Cổng A"}))
    assert '<span lang="vi">Cổng A</span>' in show(view, "en").body.decode()


def test_headers_close_every_door():
    for name, view in VIEWS.items():
        headers = show(view).headers
        policy = headers["content-security-policy"].split("; ")
        assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
        assert not any("unsafe" in part or "http" in part for part in policy)
        scripts = [part for part in policy if "script" in part]
        assert scripts == ([f"script-src 'sha256-{POSTS_ITSELF}'"] if name == "form_post" else []), name
        assert ("form-action 'none'" in policy) == (not Outline(show(view).body.decode()).all("form")), name
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["permissions-policy"]
        assert all(key == key.lower() for key in headers)


def test_a_name_that_was_not_given_fails():
    with pytest.raises(UndefinedError):
        make_environment().from_string("{{ nothing.here }}").render()


def test_the_trial_band_is_on_every_page_of_a_trial_only():
    for view in VIEWS.values():
        trial = PageScreens(make_layout(trial=True)).show(view, languages="vi")
        assert "MÔI TRƯỜNG THỬ" in trial.body.decode()
        assert "MÔI TRƯỜNG THỬ" not in show(view).body.decode()


@pytest.mark.parametrize(
    ("masked", "said"),
    [
        ("999•••••0003", "9 9 9, 5 ký tự đã che, 0 0 0 3"),
        ("••/••/1975", "2 ký tự đã che, /, 2 ký tự đã che, /1975"),
        ("Nữ", "Nữ"),
        ("****", "4 ký tự đã che"),
    ],
)
def test_a_mask_is_said_in_words(masked, said):
    assert spell_mask(masked, "vi") == said


@pytest.mark.parametrize(
    ("masked", "said"),
    [
        ("•••, Tỉnh Thái Nguyên", "3 characters hidden, Tỉnh Thái Nguyên"),
        ("Trần T•", "Trần T, 1 character hidden"),
    ],
)
def test_a_mask_is_said_in_english(masked, said):
    assert spell_mask(masked, "en") == said


def test_what_stays_vietnamese_on_an_english_page_says_so():
    """WCAG 3.1.2: a name is read aloud as Vietnamese, a number and a translated value are not."""
    for name in ("notice", "consent", "my_record"):
        page = show(VIEWS[name], "en").body.decode()
        told = re.findall(r'<(?:span|p) class="shown"( lang="vi")?>([^<]*)<', page)
        letters = [(bool(lang), text) for lang, text in told if any(one.isalpha() for one in text)]
        assert any(lang for lang, _ in letters), name
        assert all(not lang for lang, text in told if not any(one.isalpha() for one in text)), name
        assert 'class="shown" lang="vi"' not in show(VIEWS[name]).body.decode()


@both
@pytest.mark.parametrize(
    ("name", "button"),
    [
        ("my_usage", "filter"),
        ("my_connections", "withdraw-1"),
        ("my_notices", "not-me-1"),
        ("my_report", "send"),
        ("my_report_general", "send"),
        ("my_record", "sign-out"),
    ],
)
def test_on_an_own_page_the_first_form_is_the_action_to_take_and_signing_out_the_last(name, button, language):
    outline = read(VIEWS[name], language)
    buttons = [attrs.get("id") for attrs in outline.all("button")]
    assert (buttons[0], buttons[-1]) == (button, "sign-out")
    # the slip for corrections does nothing with anybody's session, and knows none
    forms = [attrs for attrs in outline.all("form") if "/corrections/" not in attrs["action"]]
    posts = [attrs for attrs in forms if attrs["method"] == "post"]
    csrf = [attrs for attrs in outline.all("input") if attrs.get("name") == "csrf"]
    assert [attrs["value"] for attrs in csrf] == ["c-9"] * len(posts)


@both
@pytest.mark.parametrize("name", [name for name in OWN_VIEWS if name != "my_report_ended"])
def test_an_own_page_says_where_it_is_and_until_when(name, language):
    outline = read(VIEWS[name], language)
    tabs = [attrs for attrs in outline.all("a") if attrs.get("aria-current") == "page"]
    assert len(tabs) == (0 if name.startswith("my_report") else 1)
    assert "10:00" in outline.text
    title = outline.text.partition(" · ")[0]
    assert not any(value in title for value in ("Bưởi", "BƯỞI", "999"))


def test_an_entry_of_the_history_has_state_sentence_reason_proof_and_report():
    outline = read(VIEWS["my_usage"])
    parts = [attrs["data-part"] for attrs in outline.all("li") if "data-part" in attrs]
    assert set(parts) == {"received", "refused", "unknown", "shown", "checked", "own"}
    links = [attrs["href"] for attrs in outline.all("a") if attrs.get("href")]
    assert len([one for one in links if one.endswith("/proof")]) == len(parts)
    assert len([one for one in links if "/report?about=rc_" in one]) == len(parts)
    assert "(cán bộ Tòng Thị Én, Bộ phận Một cửa xã Trà Hồ H55.10.07)" in outline.text
    assert "st_7" not in outline.text
    assert "do người đại diện của ông/bà thực hiện" in outline.text
    assert "Không được lấy thông tin này." in outline.text
    assert "PF-007" in outline.text
    assert "Ghi từ ngày 02/03/2025" in outline.text
    assert outline.text.count("giờ Việt Nam") > len(parts)


@pytest.mark.parametrize("name", ["my_usage_empty", "my_connections_empty", "my_notices_empty"])
def test_a_list_that_is_empty_says_so(name):
    read(VIEWS[name]).by_id("empty")
