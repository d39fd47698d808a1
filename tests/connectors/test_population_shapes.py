"""Every shape an answer was seen in (domain.md §5.4), and every way an answer can be no answer."""

import gzip
from datetime import date

import pytest

from connectors.population.connector import NAMES
from connectors.population.fields import READERS
from gateway.connector_runtime.contract.answer_tree import Reading, read_answer
from gateway.connector_runtime.contract.document import Malformed, Unreadable, read_document
from gateway.connector_runtime.contract.values import Row, read_date
from gateway.vocabulary.address import Address
from gateway.vocabulary.areas import shipped_lists
from gateway.vocabulary.partial_date import PartialDate

QCVN = "http://www.mic.gov.vn/dancu/1.0"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
TODAY = date(2026, 11, 23)
NAME = "<HoVaTen><Ten>TRẦN THỊ BƯỞI</Ten></HoVaTen>"


def envelope(inner: str, attributes: str = 'ThoiDiemDuLieu="20261122"') -> bytes:
    return (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><CongdanCollection xmlns="{QCVN}" {attributes}>'
        f"{inner}</CongdanCollection></s:Body></s:Envelope>"
    ).encode()


def read(body: bytes) -> Reading:
    return read_answer(read_document(body), NAMES, lists=shipped_lists(), today=TODAY)


def row(inner: str, attributes: str = 'ThoiDiemDuLieu="20261122"') -> Row:
    reading = read(envelope(f"<CongDan>{NAME}{inner}</CongDan>", attributes))
    assert reading.row is not None
    return reading.row


def value(name: str, inner: str, attributes: str = 'ThoiDiemDuLieu="20261122"') -> object:
    return READERS[name](row(inner, attributes))


@pytest.mark.parametrize(
    "body",
    [
        f'<soapenv:Envelope xmlns:soapenv="{SOAP}"><soapenv:Body><ns1:CongdanCollection xmlns:ns1="{QCVN}">'
        "<ns1:CongDan><ns1:HoVaTen><ns1:Ten>BƯỞI</ns1:Ten></ns1:HoVaTen></ns1:CongDan></ns1:CongdanCollection>"
        "</soapenv:Body></soapenv:Envelope>",
        f'<S:Envelope xmlns:S="{SOAP}"><S:Body><dc:CongdanCollection xmlns:dc="{QCVN}">'
        "<dc:CongDan><dc:HoVaTen><dc:Ten>BƯỞI</dc:Ten></dc:HoVaTen></dc:CongDan></dc:CongdanCollection>"
        "</S:Body></S:Envelope>",
        "<Envelope><Body><CongDanCollection><CongDan><HoVaTen>BƯỞI</HoVaTen></CongDan></CongDanCollection></Body></Envelope>",
        f'<e:Envelope xmlns:e="{SOAP}"><e:Header/><e:Body><r:TraCuuThongTinCongDanResponse xmlns:r="urn:r">'
        f'<CongdanCollection xmlns="{QCVN}"><CongDan><HoVaTen><Ten>BƯỞI</Ten></HoVaTen></CongDan></CongdanCollection>'
        "</r:TraCuuThongTinCongDanResponse></e:Body></e:Envelope>",
        "<CongdanCollection><CongDan><HoVaTen><Ten>BƯỞI</Ten></HoVaTen></CongDan></CongdanCollection>",
        "<CongDan><HoVaTen><Ten>BƯỞI</Ten></HoVaTen></CongDan>",
    ],
)
def test_prefixes_and_wrappers_do_not_count(body: str) -> None:
    reading = read(body.encode())
    assert reading.row is not None
    assert READERS["full_name"](reading.row) == "BƯỞI"


@pytest.mark.parametrize(
    ("inner", "name"),
    [
        ("<HoVaTen>TRẦN THỊ BƯỞI</HoVaTen>", "TRẦN THỊ BƯỞI"),
        ("<HoVaTen><Ho/><ChuDem/><Ten>TRẦN  THỊ\nBƯỞI</Ten></HoVaTen>", "TRẦN THỊ BƯỞI"),
        ("<HoVaTen><Ho>TRẦN</Ho><ChuDem>THỊ</ChuDem><Ten>BƯỞI</Ten></HoVaTen>", "TRẦN THỊ BƯỞI"),
        ("<HoVaTen><Ten>Trần Thị Bưởi</Ten></HoVaTen>", "Trần Thị Bưởi"),
        ("<HoVaTen><Ten>BU\u031bO\u031b\u0309I</Ten></HoVaTen>", "BƯỞI"),
    ],
)
def test_names_stay_as_written_but_composed(inner: str, name: str) -> None:
    reading = read(envelope(f"<CongDan>{inner}</CongDan>"))
    assert reading.row is not None
    assert READERS["full_name"](reading.row) == name


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        ("<Nam>1999</Nam><NgayThangNam>19990307</NgayThangNam>", "1999-03-07"),
        ("<NgayThangNam>1999-03-07</NgayThangNam>", "1999-03-07"),
        ("<NgayThangNam>07/03/1999</NgayThangNam>", "1999-03-07"),
        ("<NgayThangNam>1999-03-07T00:00:00+07:00</NgayThangNam>", "1999-03-07"),
        ("<Nam>1941</Nam>", "1941"),
        ("<Nam>1941</Nam><NgayThangNam/>", "1941"),
        ("<Nam>1941</Nam><NgayThangNam>00000000</NgayThangNam>", "1941"),
        ("<NgayThangNam>19410000</NgayThangNam>", "1941"),
        ("<NgayThangNam>1941-00-00</NgayThangNam>", "1941"),
        ("<NgayThangNam>00/00/1941</NgayThangNam>", "1941"),
        ("<ThangNam>199903</ThangNam><Nam>1999</Nam>", "1999-03"),
        ("<ThangNam>1999-03</ThangNam>", "1999-03"),
        ("<ThangNam>03/1999</ThangNam>", "1999-03"),
        ("<NgayThangNam>19990300</NgayThangNam>", "1999-03"),
        ("1999-03-07", "1999-03-07"),
        ("1999", "1999"),
    ],
)
def test_dates_in_every_form_keep_their_precision(inner: str, text: str) -> None:
    assert str(value("birth_date", f"<NgayThangNamSinh>{inner}</NgayThangNamSinh>")) == text


@pytest.mark.parametrize(
    "inner",
    [
        "<NgayThangNam>19990231</NgayThangNam>",
        "<Nam>1998</Nam><NgayThangNam>19990307</NgayThangNam>",
        "<NgayThangNam>199903071</NgayThangNam>",
        "<NgayThangNam>một ngày</NgayThangNam>",
        "<Nam>99</Nam>",
        "<Nam>1941</Nam><Nam>1942</Nam>",
    ],
)
def test_a_date_that_makes_no_sense_is_unreadable_not_unknown(inner: str) -> None:
    with pytest.raises(Unreadable):
        value("birth_date", f"<NgayThangNamSinh>{inner}</NgayThangNamSinh>")


def test_day_and_month_are_never_swapped() -> None:
    assert read_date("05/12/1975") == PartialDate(1975, 12, 5)


def test_three_codes_with_a_district_are_of_the_former_list() -> None:
    found = value(
        "permanent_residence",
        "<ThuongTru><MaTinhThanh>19</MaTinhThanh><MaQuanHuyen>164</MaQuanHuyen><MaPhuongXa>05467</MaPhuongXa>"
        "<ChiTiet> Tổ  1 </ChiTiet><QuocGia>VN</QuocGia></ThuongTru>",
    )
    assert isinstance(found, Address)
    assert found.scheme == "pre2025"
    assert found.commune is not None
    assert found.commune.name == "Phường Cam Giá"
    assert (found.detail, found.as_received) == ("Tổ 1", " Tổ  1 ")
    assert [one.commune.code for one in found.candidates] == ["05467", "05500"]


def test_the_same_commune_code_without_a_district_is_another_place() -> None:
    found = value(
        "permanent_residence",
        "<ThuongTru><MaTinhThanh>19</MaTinhThanh><MaPhuongXa>05467</MaPhuongXa></ThuongTru>",
    )
    assert isinstance(found, Address)
    assert (found.scheme, found.district, found.candidates) == ("post2025", None, ())
    assert found.commune is not None
    assert found.commune.name == "Phường Gia Sàng"


@pytest.mark.parametrize(
    ("code", "attributes", "scheme", "parts"),
    [
        ("19", 'ThoiDiemDuLieu="20261122"', "post2025", ("19", None, None)),
        ("164", 'ThoiDiemDuLieu="20261122"', "pre2025", ("19", "164", None)),
        ("05860", 'ThoiDiemDuLieu="20261122"', "post2025", ("19", None, "05860")),
        ("05875", 'ThoiDiemDuLieu="20261122"', "pre2025", ("19", "172", "05875")),
        ("05881", 'ThoiDiemDuLieu="20250630"', "pre2025", ("19", "172", "05881")),
        ("06", 'ThoiDiemDuLieu="20261122"', "pre2025", ("06", None, None)),
    ],
)
def test_one_unit_code_of_two_three_or_five_digits(code: str, attributes: str, scheme: str, parts: tuple) -> None:
    found = value("native_place", f"<QueQuan><MaDonViHanhChinh>{code}</MaDonViHanhChinh></QueQuan>", attributes)
    assert isinstance(found, Address)
    assert found.scheme == scheme
    units = (found.province, found.district, found.commune)
    assert tuple(unit.code if unit else None for unit in units) == parts


@pytest.mark.parametrize(
    "inner",
    ["<MaDonViHanhChinh>1234</MaDonViHanhChinh>", "<MaTinhThanh>XX</MaTinhThanh>", "<MaPhuongXa>123456</MaPhuongXa>"],
)
def test_a_unit_code_that_is_none_is_unreadable(inner: str) -> None:
    with pytest.raises(Unreadable):
        value("native_place", f"<QueQuan>{inner}</QueQuan>")


def test_a_place_abroad_and_a_place_of_words_only() -> None:
    abroad = value("native_place", "<QueQuan><ChiTiet>Göteborg</ChiTiet><QuocGia>SE</QuocGia></QueQuan>")
    words = value("native_place", "<QueQuan>Bản Chang</QueQuan>")
    assert isinstance(abroad, Address)
    assert isinstance(words, Address)
    assert (abroad.country, abroad.province, abroad.detail) == ("SE", None, "Göteborg")
    assert (words.province, words.as_received) == (None, "Bản Chang")


@pytest.mark.parametrize("name", ["NoiOHienTai", "NoiOHienNay"])
def test_the_present_address_has_two_names(name: str) -> None:
    found = value("current_residence", f"<{name}><MaTinhThanh>19</MaTinhThanh></{name}>")
    assert isinstance(found, Address)


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        ("<DanToc>02</DanToc>", "02"),
        ("<DanToc><Ma>02</Ma><TenKhac/></DanToc>", "02"),
        ("<DanToc><MaDanToc>99</MaDanToc><TenGoiKhac>Pà Hưng</TenGoiKhac></DanToc>", "Pà Hưng"),
        ("<DanToc><Ma>99</Ma></DanToc>", "99"),
        ("<DanToc>00</DanToc>", None),
        ("<DanToc/>", None),
        ("", None),
    ],
)
def test_codes_plain_or_structured(inner: str, text: str | None) -> None:
    assert value("ethnic_group", inner) == text


@pytest.mark.parametrize(
    ("code", "sex"), [("1", "male"), ("2", "female"), ("3", "other"), ("02", "female"), ("0", None)]
)
def test_sex_codes(code: str, sex: str | None) -> None:
    assert value("sex", f"<GioiTinh>{code}</GioiTinh>") == sex


def test_an_unlisted_sex_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        value("sex", "<GioiTinh>7</GioiTinh>")


def test_the_religion_zero_zero_is_unknown_not_none() -> None:
    assert value("religion", "<TonGiao>00</TonGiao>") is None


def test_an_empty_nationality_is_not_vietnamese() -> None:
    assert value("nationality", "<QuocTich/>") is None


@pytest.mark.parametrize(
    "name",
    ["<HoVaTen>NÔNG VĂN THẮNG</HoVaTen>", "<HoVaTen><Ho>NÔNG</Ho><ChuDem>VĂN</ChuDem><Ten>THẮNG</Ten></HoVaTen>"],
)
def test_relatives_plain_or_split_and_never_mixed_up_with_the_person(name: str) -> None:
    inner = (
        f"<SoDinhDanh>999175000003</SoDinhDanh><VoChong>{name}<QuocTich>VN</QuocTich>"
        f"<SoDinhDanh>999070000105</SoDinhDanh><SoCMND>000000000</SoCMND></VoChong>"
        f"<ChuHo><QuanHe>CH02</QuanHe><SoDinhDanh>999070000105</SoDinhDanh>{name}</ChuHo>"
        f"<NguoiDaiDien><HoVaTen>AI KHÁC</HoVaTen></NguoiDaiDien>"
    )
    assert value("spouse_name", inner) == value("head_name", inner) == "NÔNG VĂN THẮNG"
    assert value("spouse_number", inner) == value("head_number", inner) == "999070000105"
    assert value("head_relation", inner) == "CH02"
    assert value("full_name", inner) == "TRẦN THỊ BƯỞI"
    assert value("father_name", inner) is None


@pytest.mark.parametrize("number", ["99907000010", "9990700001055", "99907000010x"])
def test_a_number_of_the_wrong_shape_is_never_padded(number: str) -> None:
    with pytest.raises(Unreadable):
        value("father_number", f"<Cha><SoDinhDanh>{number}</SoDinhDanh></Cha>")


def test_numbers_may_come_grouped() -> None:
    assert value("personal_number", "<SoDinhDanh>9991 7500.0003</SoDinhDanh>") == "999175000003"


@pytest.mark.parametrize("zeros", ["", "0", "00", "000000000"])
def test_zeros_mean_unknown(zeros: str) -> None:
    inner = f"<SoCMND>{zeros}</SoCMND><NhomMau>{zeros}</NhomMau><SoSoHoKhau>{zeros}</SoSoHoKhau>"
    assert [value(name, inner) for name in ("old_number", "blood_type", "household_number")] == [None, None, None]


def test_business_fields_of_proxies_are_ignored() -> None:
    inner = "<LoaiTaiKhoan>1</LoaiTaiKhoan><MaSoThue>1</MaSoThue><ThuDienTu>a@example.vn</ThuDienTu>"
    assert value("full_name", inner) == "TRẦN THỊ BƯỞI"


@pytest.mark.parametrize(
    ("attributes", "as_of"),
    [
        ('ThoiDiemDuLieu="20261122"', date(2026, 11, 22)),
        ('ThoiDiemDuLieu="20261122083000"', date(2026, 11, 22)),
        ('ThoiDiemDuLieu="2026-11-22T08:30:00+07:00"', date(2026, 11, 22)),
        ('thoiDiemDuLieu="22/11/2026"', date(2026, 11, 22)),
        (f'xmlns:d="{QCVN}" d:ThoiDiemDuLieu="2026-11-22"', date(2026, 11, 22)),
        ("", TODAY),
        ('ThoiDiemDuLieu="2026"', TODAY),
        ('ThoiDiemDuLieu="hôm qua"', TODAY),
    ],
)
def test_as_of_is_the_sources_date_or_the_day_it_was_fetched(attributes: str, as_of: date) -> None:
    assert row("", attributes).as_of == as_of


PERSON = f"<CongDan>{NAME}</CongDan>"


def test_several_people_are_counted_and_none_is_given_out() -> None:
    reading = read(envelope(PERSON + PERSON))
    assert (reading.count, reading.row) == (2, None)


def test_a_count_above_the_rows_is_several_people_too() -> None:
    assert read(envelope(PERSON, 'SoCongDan="2"')).row is None


@pytest.mark.parametrize(
    "body",
    [
        envelope(""),
        envelope("<CongDan/>"),
        envelope("<CongDan><HoVaTen><Ten/></HoVaTen></CongDan>"),
        envelope("<CongDan><HoVaTen><Ho/><ChuDem/><Ten> </Ten></HoVaTen><SoDinhDanh/></CongDan>"),
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body/></s:Envelope>'.encode(),
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><TraCuuThongTinCongDanResponse/></s:Body></s:Envelope>'.encode(),
    ],
)
def test_nobody_is_no_match(body: bytes) -> None:
    assert read(body) == Reading()


def test_an_empty_row_beside_a_person_does_not_make_two() -> None:
    assert read(envelope("<CongDan><HoVaTen/></CongDan>" + PERSON)).count == 1


@pytest.mark.parametrize("name", ["errorCode", "ErrorCode", "error_code", "MaLoi"])
def test_error_codes_win_over_everything_beside_them(name: str) -> None:
    assert read(envelope(f"<{name}>004</{name}>{PERSON}")) == Reading(error_code="004")


def test_error_code_zero_is_no_error() -> None:
    assert read(envelope(f"<errorCode>0</errorCode>{PERSON}")).count == 1


def test_a_soap_fault_is_told_as_such() -> None:
    fault = (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><faultstring>x</faultstring></s:Fault></s:Body></s:Envelope>'
    )
    assert read(fault.encode()) == Reading(fault=True)


BILLION = (
    '<!DOCTYPE lolz [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1 or str()};" * 10}">' for n in range(1, 10))
    + "]><Envelope><Body>&a9;</Body></Envelope>"
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"<html><body>B\xe1\xba\xa3o tr\xc3\xac</body></html>",
        b'<!doctype html><html lang="vi"><body/></html>',
        b'{"message": "<soap>"}',
        envelope(PERSON)[:-20],
        b"<Envelope/>",
        b"<Envelope><Body/><Body/></Envelope>",
        b"<Envelope><Body><html/></Body></Envelope>",
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><Envelope><Body/></Envelope>',
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Envelope><Body>&e;</Body></Envelope>',
        b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]><Envelope><Body/></Envelope>',
        b"<!DOCTYPE x><Envelope><Body/></Envelope>",
        BILLION.encode(),
        b"<Envelope><Body>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</Body></Envelope>",
        b"<Envelope><Body>" + b" " * 1_048_576 + b"</Body></Envelope>",
        gzip.compress(envelope(PERSON)),
        b'<?xml version="1.0" encoding="nonsense"?><Envelope><Body/></Envelope>',
        "<Envelope><Body/></Envelope>".encode("utf-16")[:-3],
    ],
)
def test_what_is_no_answer_is_malformed_and_quotes_nothing(body: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        read(body)
    assert caught.value.__cause__ is None
    assert "passwd" not in str(caught.value)


def test_nothing_of_a_broken_answer_stays_in_the_exception() -> None:
    with pytest.raises(Malformed) as caught:
        read(b"<Envelope><Body><TRANTHIBUOI999175000003></Body></Envelope>")
    assert "999175000003" not in f"{caught.value!r}"
