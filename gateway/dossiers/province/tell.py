"""A dossier's life as a one-stop system tells it: CloudEvents 1.0 (structured JSON), the national message's members."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from gateway.dossiers.dossier import Channel
from gateway.dossiers.province.life import Life
from gateway.vocabulary.working_days import VIETNAM

_CHANNELS = {Channel.COUNTER: "1", Channel.ONLINE: "2", Channel.POST: "3"}


def tell(life: Life, source: str) -> Iterator[dict[str, Any]]:
    """Yield the events of a dossier in the order they happened; `source` is who tells."""
    told = sorted(_said(life), key=lambda one: one[0])
    for number, (at, kind, said) in enumerate(told, 1):
        yield {
            "specversion": "1.0",
            "id": f"{life.code}/{number}",
            "source": source,
            "type": f"gate06.dossier.{kind}",
            "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "datacontenttype": "application/json",
            "data": {"MaHoSo": life.code, **said},
        }


Said = tuple[datetime, str, dict[str, Any]]


def _said(life: Life) -> Iterator[Said]:
    yield life.filed_at, "received", _filing(life)
    yield (
        life.received_at,
        "accepted",
        {"NgayTiepNhan": _time(life.received_at), "NgayHenTra": _time(life.due_at), "TrangThaiHoSo": "2"},
    )
    for at in life.steps:
        yield at, "transferred", {"DonViXuLy": life.unit, "TrangThaiHoSo": "4"}
    for asked, answered in life.supplements:
        yield asked, "supplement_requested", {"TrangThaiHoSo": "5"}
        if answered is not None:
            yield answered, "supplemented", {"TrangThaiHoSo": "4"}
    if life.fee is not None:
        yield life.received_at, "paid", _payment(life)
    if life.ended_at is not None:
        yield from _ending(life, life.ended_at)


def _filing(life: Life) -> dict[str, Any]:
    name, number = life.owner
    return {
        "MaTTHC": life.procedure,
        "KenhThucHien": _CHANNELS[life.channel],
        "ChuHoSo": name,
        "SoGiayToChuHoSo": number,
        "LoaiDoiTuong": "1",
        "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": number}],
        "DonViXuLy": life.unit,
        "NgayNopHoSo": _time(life.filed_at),
        "TrangThaiHoSo": "1",
        "HoSoCoThanhPhanSoHoa": "1" if life.reuse_claimed else "0",
        "TaiKhoanDuocXacThucVoiVNeID": "1" if life.vneid_claimed else "0",
        "TaiLieuNop": [
            {
                "TepDinhKemId": "p1",
                "MaThanhPhanHoSo": "TP01",
                "DuocSoHoa": "1" if life.input_file else "0",
                **({"DuongDanTaiTepTin": f"https://files.example/{life.code}/p1"} if life.input_file else {}),
            }
        ],
    }


def _payment(life: Life) -> dict[str, Any]:
    return {
        "DuocThanhToanTrucTuyen": "1" if life.paid_online else "3",
        "DanhSachLePhi": [{"MaPhiLePhi": "LP01", "Gia": str(life.fee)}],
    }


def _ending(life: Life, ended_at: datetime) -> Iterator[Said]:
    result = {
        "GiayToId": "r1",
        "MaGiayToKetQua": "KQ01",
        "MaThanhPhanHoSo": "KQ01",
        "DuongDanTepTinKetQua": f"https://files.example/{life.code}/r1",
    }
    results = {"DanhSachGiayToKetQua": [result]} if life.result_file else {}
    ended = {"NgayKetThucXuLy": _time(ended_at)}
    if life.outcome == "withdrawn":
        yield ended_at, "withdrawn", {**ended, **results, "TrangThaiHoSo": "7"}
    elif life.outcome == "stopped":
        yield ended_at, "stopped", {**ended, **results, "TrangThaiHoSo": "8"}
    else:
        yield ended_at, "finished", {**ended, **results, "TrangThaiHoSo": "9"}
    if life.returned_at is not None:
        yield life.returned_at, "returned", {"NgayTra": _time(life.returned_at), "TrangThaiHoSo": "10"}


def _time(at: datetime) -> str:
    """Return a time as the national message writes it: yyyyMMddHHmmss in Vietnam."""
    return at.astimezone(VIETNAM).strftime("%Y%m%d%H%M%S")
