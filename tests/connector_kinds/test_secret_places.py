"""Secrets that pass for something else: a long word, a login, a short key, a block of PEM, one cut in two by a slot;
and what a register's own words look like."""

from pathlib import Path

import pytest

from gateway.connector_exam.checks_manifest import _suspicious
from tests.connector_kinds.test_secrets import LONG, problems_of

QUERY, HEADERS = "{ birth =", "headers = {"
PATH = 'path = "/readers/{personal_number}"'
URL = "http://127.0.0.1:8010"


@pytest.mark.parametrize(
    "member",
    [
        'key = "correcthorsebatterystaple"',
        'key = "saigonmuadong"',
        'key = "mat-khau-cua-toi"',
        'user = "admin:hoasen"',
        'username = "gate06:Mua2026"',
        'tai_khoan = "so-noi-vu/hoasen"',
        'x = "admin:hoasen!"',
        'x = "a8F3kQ9z"',
        'otp = "123456"',
        'x = "deadbeef01234567"',
        'x = "aGVsbG8gd29ybGQh"',
        'x = "Basic YWRtaW46aG9h"',
        f'x = "{LONG[:10]}{{request_id}}{LONG[10:]}"',
        'x = "-----BEGIN PRIVATE KEY----- MIIB"',
        'x = "https://admin:hoasen@so.example/"',
    ],
)
def test_a_secret_of_the_query_is_found(tmp_path: Path, member: str) -> None:
    assert [code for code, _ in problems_of("rest", tmp_path, QUERY, f"{{ {member}, birth =")] == ["CN-107"]


@pytest.mark.parametrize(
    "header",
    [
        '"X-From" = "Bearer hoasen"',
        '"X-From" = "abcdefghijklmnopqrstuvwxyzabcdefghij"',
        '"X-From" = "837465920183746592018374"',
        '"X-From" = "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="',
        '"X-From" = "QKJZHVXWPRTNMLSDFGHB"',
        '"X-From" = "JBSWY3DPEHPK3PXP"',
        '"X-From" = "AKJAJOSFODNN7EXAMPLE"',
        '"X-Key" = "hoasenviet"',
    ],
)
def test_a_secret_of_a_header_is_found(tmp_path: Path, header: str) -> None:
    assert [code for code, _ in problems_of("rest", tmp_path, HEADERS, f"{HEADERS} {header}, ")] == ["CN-107"]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (URL, f"{URL}/;token=hoasen", "endpoint.url"),
        (URL, f"{URL}#hoasenkey9", "endpoint.url"),
        (URL, f"{URL}/http://admin:hoasen@so.example", "endpoint.url"),
        (PATH, PATH.replace("readers", "readers;apikey=hoasen"), "operations.lookup.path"),
        (PATH, PATH.replace("readers", "deadbeef01234567"), "operations.lookup.path"),
        (PATH, PATH.replace("readers", "readers/a8F3kQ9zLm2P"), "operations.lookup.path"),
        ('path = "/health"', 'path = "/health?u=admin:hoasen"', "operations.check.path"),
        ('kind = "apikey"', 'kind = "basic"\nuser = "gate06:hoasen"', "auth.user"),
        ('secret_ref = "toy-key"', 'secret_ref = "Hoasen2026!"', "auth.secret_ref"),
        ('summary = { vi = "', 'summary = { vi = "mật khẩu: hoasen2026 ', "summary.vi"),
        ('summary = { vi = "', 'summary = { vi = "https://admin:hoasen@so.example/ ', "summary.vi"),
        ('contacts = ["', 'contacts = ["Cổng: admin:hoasen ", "', "owner.contacts.0"),
    ],
)
def test_a_secret_of_any_other_place_is_found(tmp_path: Path, old: str, new: str, place: str) -> None:
    assert ("CN-107", place) in problems_of("rest", tmp_path, old, new)


@pytest.mark.parametrize(
    "member",
    [
        '<l:Param name="apiKey" value="hoa"/>',
        '<l:P name="password">hoa</l:P>',
        '<l:P id="otp"><l:X/></l:P><l:Otp>123456</l:Otp>',
        "<l:MaTruyCap>Tinh20@2026</l:MaTruyCap>",
        "<l:P><l:Name>apiKey</l:Name><l:Value>hoa</l:Value></l:P>",
    ],
)
def test_a_pair_of_name_and_value_in_a_message_is_read_as_one(tmp_path: Path, member: str) -> None:
    found = problems_of("soap", tmp_path, "<l:RequestId>", f"{member}<l:RequestId>")
    assert found == [("CN-107", "operations.lookup.body")]


@pytest.mark.parametrize(
    "member",
    [
        '<l:Param name="apiKey" value="{secret:word}"/>',
        '<l:P name="password">{secret:word}</l:P>',
        '<l:P name="kenh" value="tinh"/>',
        '<l:P id="hoso">tinh</l:P>',
        "<l:P><l:Name>kenh</l:Name><l:Value>tinh</l:Value></l:P>",
        "<l:Mau>Mau01TK02</l:Mau>",
    ],
)
def test_a_pair_that_names_no_secret_or_holds_a_slot_is_none(tmp_path: Path, member: str) -> None:
    assert problems_of("soap", tmp_path, "<l:RequestId>", f"{member}<l:RequestId>") == []


@pytest.mark.parametrize(
    ("member", "told"),
    [('{ name = "apiKey", value = "hoa" }', True), ('{ name = "kenh", value = "hoa" }', False)],
)
def test_a_pair_of_a_table_is_read_as_one(tmp_path: Path, member: str, told: bool) -> None:
    new = f'method = "POST"\nbody = {{ parts = [{member}] }}\n{PATH}'
    found = problems_of("rest", tmp_path, f'method = "GET"\n{PATH}', new)
    assert found == ([("CN-107", "operations.lookup.body.parts.0.value")] if told else [])


def test_the_query_of_an_action_is_read(tmp_path: Path) -> None:
    found = problems_of("soap", tmp_path, 'action = "', 'action = "urn:tim?password=abc123')
    assert found == [("CN-107", "operations.lookup.action")]


def test_a_comment_of_a_message_is_sent_too(tmp_path: Path) -> None:
    found = problems_of("soap", tmp_path, "<l:RequestId>", "<!-- mật khẩu: hoasen2026 --><l:RequestId>")
    assert ("CN-107", "operations.lookup.body") in found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (QUERY, '{ key = "sodinhdanhcanhan", birth ='),
        (QUERY, '{ key = "so_giay_chung_nhan", birth ='),
        (QUERY, '{ key = "citizenIdentifier", birth ='),
        (QUERY, '{ user = "so-noi-vu", birth ='),
        (QUERY, '{ ten_dang_nhap = "gate06", birth ='),
        (QUERY, '{ loai = "xsd:string", birth ='),
        (QUERY, '{ thu_tuc = "1.004222.000.00.00.H56", birth ='),
        (QUERY, '{ gio = "07:30:00", birth ='),
        (QUERY, '{ nghiep_vu = "TraCuuBanDoc2024", birth ='),
        (QUERY, '{ giay_to = "giaychungnhanquyensudungdat", birth ='),
        (QUERY, '{ trang = "https://so.example/tra-cuu", birth ='),
        (HEADERS, f'{HEADERS} "X-Api-Key-Id" = "{{secret:library}}", '),
        (HEADERS, f'{HEADERS} "Accept" = "application/vnd.so-noi-vu.v2+json", '),
        (HEADERS, f'{HEADERS} "X-Road-Client" = "VN/GOV/000.00.19.H56/gate06", '),
        (HEADERS, f'{HEADERS} "Idempotency-Key" = "{{request_id}}", '),
        (PATH, PATH.replace("readers", "Thuongnghiep/nghiepvu;version=2")),
        ('summary = { vi = "', 'summary = { vi = "Mật khẩu do Sở cấp, xem https://so.example/huong-dan. '),
    ],
)
def test_the_words_of_a_register_are_no_secrets(tmp_path: Path, old: str, new: str) -> None:
    assert problems_of("rest", tmp_path, old, new) == []


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("mật khẩu: hoasen2026", True),
        ("đăng nhập admin:hoasen2026", True),
        ("https://gate06:hoasen@so.example/", True),
        ("khóa deadbeef01234567", True),
        ("cột khóa là so_dinh_danh, xem https://so.example/a", False),
    ],
)
def test_a_comment_is_read_by_the_exam(comment: str, told: bool) -> None:
    assert bool(list(_suspicious(f"[auth]  # {comment}", commented=True))) is told
