"""What is read of a message, what is refused by name and without its value, and what of a person is never kept."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from gateway.dossiers.failure import NotTaken
from gateway.dossiers.members import WORDS, read_members, read_status, read_time
from tests.dossiers.told import CODE, NOW, NUMBER, START, event, reading, said, vietnam, whole

PERSONAL = (NUMBER, "BƯỞI", "Bưởi", "0999175003", "buoi@example.vn", "Cán bộ")


def refused(way: Any, raw: Any) -> NotTaken:
    told = reading().offer(way, raw).told
    assert isinstance(told, NotTaken), told
    return told


def test_a_message_is_read_into_our_names() -> None:
    members = said(whole(), "whole", at=NOW).members
    assert members["procedure"] == "1.004222"
    assert members["received_at"] == int(START.timestamp())
    assert (members["channel"], members["status"], members["handling_unit"]) == ("online", 4, "H99.40")
    assert members["owner"].startswith("personal_number:")
    assert members["check"].startswith("dossier-check:")


def test_nothing_of_a_person_is_in_what_is_kept() -> None:
    row = {
        "MaHoSo": CODE,
        "ThoiDiemXuLy": vietnam(START),
        "TrangThai": "4",
        "NguoiXuLy": "Cán bộ Một",
        "NoiDungXuLy": NUMBER,
    }
    kept = [said(whole(), "whole", at=NOW), said(row, "step"), said(event("transferred", **whole()))]
    octets = b"".join(orjson.dumps(one.body()) for one in kept).decode()
    assert not [value for value in PERSONAL if value in octets]


@pytest.mark.parametrize(
    "text", ["20261105080000", "05/11/2026 08:00:00", "2026-11-05T08:00:00+07:00", "2026-11-05T01:00:00Z"]
)
def test_times_of_all_forms_are_the_same_time(text: str) -> None:
    assert read_time(text) == int(START.timestamp())


@pytest.mark.parametrize(
    "value", ["", "2026", "20261305080000", "2026-11-05T08:00:00", "05-11-2026", None, True, [], "x" * 14]
)
def test_what_is_no_time_is_none(value: Any) -> None:
    with pytest.raises(ValueError):
        read_time(value)


def test_words_of_sector_feeds_and_numbers_are_statuses() -> None:
    assert {read_status(word) for word in WORDS} <= set(range(1, 11))
    assert (read_status("Processing"), read_status(9), read_status("10")) == (4, 9, 10)
    for value in ("0", 11, "xong", "1_0", None, True):
        with pytest.raises(ValueError):
            read_status(value)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("NgayHenTra", "hôm nay"),
        ("TrangThaiHoSo", "12"),
        ("KenhThucHien", "4"),
        ("MaTTHC", "Đăng ký"),
        ("DuocThanhToanTrucTuyen", "0"),
        ("HoSoCoThanhPhanSoHoa", "có"),
        ("TaiLieuNop", "T1"),
        ("TaiLieuNop", ["T1"]),
        ("TaiLieuNop", [{}] * 201),
        ("TaiLieuNop", [{"MaThanhPhanHoSo": "TP1"}]),
        ("TaiLieuNop", [{"TepDinhKemId": "T1", "DuocTaiSuDung": "3"}]),
        ("DanhSachLePhi", [{"MaPhiLePhi": "P1", "Gia": "-1"}]),
        ("DanhSachLePhi", [{"MaPhiLePhi": "P1", "Gia": "2.5"}]),
        ("DanhSachLePhi", [{"Gia": "1"}]),
        ("DanhSachGiayToKetQua", [{"TenGiayTo": "Giấy"}]),
        ("DanhSachHoSoBoSung", [{"NoiDungBoSung": "x"}]),
        ("DSKetNoiCSDL", [{"MaCSDL": ""}]),
    ],
)
def test_a_malformed_member_is_named_and_not_repeated(member: str, value: Any) -> None:
    why = refused("event", event("accepted", **{member: value}))
    assert why.code == "DS-104"
    assert f"`{member}" in why.detail
    assert "hôm nay" not in why.detail


def test_what_is_missing_null_or_empty_was_not_said() -> None:
    assert read_members({"NgayHenTra": "", "TrangThaiHoSo": None, "KenhThucHien": " ", "TaiLieuNop": None}) == {}
    assert read_members({"DonViXuLy": "Ủy ban nhân dân xã"}) == {}
    assert read_members({"TaiLieuNop": []}) == {"inputs": {}}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"specversion": "0.3"}, "DS-101"),
        ({"id": ""}, "DS-101"),
        ({"id": "x" * 201}, "DS-101"),
        ({"id": 7}, "DS-101"),
        ({"source": None}, "DS-101"),
        ({"time": None}, "DS-101"),
        ({"time": "2026-11-05T08:00:00"}, "DS-101"),
        ({"time": "2026-11-35T08:00:00Z"}, "DS-101"),
        ({"data": "x"}, "DS-101"),
        ({"data_base64": "e30="}, "DS-101"),
        ({"datacontenttype": "text/xml"}, "DS-101"),
        ({"type": "gate06.dossier.lost"}, "DS-102"),
        ({"type": "gate06.dossier.whole"}, "DS-102"),
        ({"data": {}}, "DS-103"),
        ({"data": {"MaHoSo": "999175000003"}}, "DS-103"),
        ({"time": (NOW + timedelta(minutes=6)).isoformat()}, "DS-108"),
    ],
)
def test_an_event_that_is_none_is_refused(change: dict[str, Any], code: str) -> None:
    assert refused("event", event("accepted") | change).code == code


def test_what_is_no_object_is_refused_too() -> None:
    assert [refused("event", one).code for one in (None, 7, "x", [])] == ["DS-101"] * 4
    assert [refused("whole", one).code for one in (None, 7, "x", [])] == ["DS-101"] * 4


def test_a_status_that_contradicts_the_type_is_refused_and_one_that_fits_is_taken() -> None:
    assert refused("event", event("finished", TrangThaiHoSo="4")).code == "DS-105"
    assert said(event("stopped", TrangThaiHoSo="3")).members["status"] == 3
    assert said(event("paid", TrangThaiHoSo="6")).members["status"] == 6


def test_a_transfer_names_the_unit() -> None:
    assert refused("event", event("transferred")).code == "DS-104"
    assert refused("event", event("transferred", DonViXuLy="Phòng Một")).code == "DS-104"
    assert said(event("transferred", DonViXuLy="H99.S02")).members["handling_unit"] == "H99.S02"


def test_a_clock_that_is_a_little_ahead_is_tolerated_and_fractions_are_read() -> None:
    assert said(event("accepted", NOW + timedelta(minutes=4)))
    assert said(event("accepted") | {"time": "2026-11-05t01:00:00.123456789z"}).at.microsecond == 123456


def test_a_message_of_a_file_is_dated_by_the_newest_time_in_it() -> None:
    one = said(whole(NgayKetThucXuLy=vietnam(START + timedelta(days=2))), "whole")
    assert one.at == START + timedelta(days=2)
    assert refused("whole", {"MaHoSo": CODE, "TrangThaiHoSo": "4"}).code == "DS-104"
    assert refused("step", {"MaHoSo": CODE, "TrangThai": "4"}).code == "DS-104"
    assert (
        refused("step", {"MaHoSo": CODE, "TrangThai": "4", "ThoiDiemXuLy": vietnam(NOW + timedelta(days=1))}).code
        == "DS-108"
    )


def test_the_id_that_is_shown_is_the_senders_own_or_none() -> None:
    assert reading().offer("event", event("accepted", identity="e-1") | {"time": "x"}).id == "e-1"
    assert reading().offer("event", {"id": "a\x00b"}).id is None
    assert reading().offer("whole", {"MaHoSo": CODE}).id == CODE
    assert reading().offer("whole", {"MaHoSo": NUMBER}).id is None
