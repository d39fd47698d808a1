"""Things said of dossiers, for tests: CloudEvents, national messages, and a random history of one dossier."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from gateway.dossiers.offer import Reading
from gateway.dossiers.statement import Statement

CODE = "H99.40-261105-0001"
NUMBER = "999175000003"
NOW = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
START = datetime(2026, 11, 5, 1, 0, tzinfo=UTC)


class PlainIndex:
    """A blind index that tests can read; what is stored is made by the real one."""

    def blind(self, purpose: str, value: str) -> str:
        return f"{purpose}:{hash((purpose, value)) & 0xFFFF:04x}"


def vietnam(at: datetime) -> str:
    """Return a time as the national message writes it."""
    return (at + timedelta(hours=7)).strftime("%Y%m%d%H%M%S")


def event(
    kind: str, at: datetime = START, *, identity: str = "", source: str = "mot-cua", **data: Any
) -> dict[str, Any]:
    """Return a structured CloudEvent about `CODE`, unless the data name another."""
    return {
        "specversion": "1.0",
        "id": identity or f"{kind}-{at:%d%H%M%S}",
        "source": source,
        "type": f"gate06.dossier.{kind}",
        "time": at.isoformat(),
        "data": {"MaHoSo": CODE, **data},
    }


def whole(code: str = CODE, **members: Any) -> dict[str, Any]:
    """Return a row of a national message, with an owner whose values are searched for elsewhere."""
    return {
        "MaHoSo": code,
        "MaTTHC": "1.004222.000.00.00.H99",
        "KenhThucHien": "2",
        "ChuHoSo": "TRẦN THỊ BƯỞI",
        "SoDienThoai": "0999175003",
        "Email": "buoi@example.vn",
        "TrichYeuHoSo": "Đăng ký thường trú cho bà Bưởi",
        "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": NUMBER}],
        "NgayTiepNhan": vietnam(START),
        "NgayHenTra": vietnam(START + timedelta(days=10)),
        "TrangThaiHoSo": "4",
        "DonViXuLy": "H99.40",
        **members,
    }


def reading(sender: str = "mot-cua", now: datetime = NOW) -> Reading:
    """Return what reads a sender's words."""
    return Reading(sender, now, PlainIndex())


def said(raw: Any, way: Any = "event", *, sender: str = "mot-cua", at: datetime | None = None) -> Statement:
    """Return what one thing says; a refusal is raised."""
    told = reading(sender).offer(way, raw, at).told
    if not isinstance(told, Statement):
        raise told
    return told


def history(random: Random) -> list[Statement]:
    """Return things said of one dossier by two systems: events, messages, trace rows, corrections, equal times."""
    found = []
    for number in range(random.randint(1, 25)):
        at = START + timedelta(minutes=random.choice((0, 1, 7, 60, 600, 6000)) + random.randint(0, 3))
        sender = random.choice(("mot-cua", "dvc"))
        way = random.choice(("event", "event", "event", "whole", "step"))
        if way == "event":
            found.append(said(_event(random, at, number), sender=sender))
        elif way == "whole":
            found.append(said(_whole(random), "whole", sender=sender, at=at))
        else:
            row = {"MaHoSo": CODE, "ThoiDiemXuLy": vietnam(at), "TrangThai": str(random.randint(1, 10))}
            found.append(said(row, "step", sender=sender))
    return found


def _event(random: Random, at: datetime, number: int) -> dict[str, Any]:
    kind = random.choice(
        ("received", "accepted", "supplement_requested", "supplemented", "transferred", "paid", "finished", "returned")
    )
    data: dict[str, Any] = {"DonViXuLy": random.choice(("H99.40", "H99.S02"))} if kind == "transferred" else {}
    return event(kind, at, identity=f"e{number}", **data, **_some(random))


def _whole(random: Random) -> dict[str, Any]:
    return whole(TrangThaiHoSo=str(random.randint(1, 10)), **_some(random))


def _some(random: Random) -> dict[str, Any]:
    members = {
        "MaTTHC": random.choice(("1.004222", "1.001193")),
        "NgayHenTra": vietnam(START + timedelta(days=random.randint(5, 9))),
        "NgayKetThucXuLy": vietnam(START + timedelta(days=random.randint(2, 8))),
        "DuocThanhToanTrucTuyen": random.randint(1, 3),
        "HoSoCoThanhPhanSoHoa": random.choice(("0", "1")),
        "DanhSachLePhi": [{"MaPhiLePhi": f"P{random.randint(1, 2)}", "Gia": str(random.choice((0, 20_000)))}],
        "TaiLieuNop": [
            {
                "TepDinhKemId": f"T{random.randint(1, 3)}",
                "MaThanhPhanHoSo": "TP1",
                "DuongDanTaiTepTin": random.choice(("", "https://kho.example/t")),
                "DuocTaiSuDung": random.randint(0, 2),
                "IsDeleted": random.choice(("0", "0", "1")),
            }
        ],
        "DanhSachGiayToKetQua": [
            {
                "GiayToId": f"K{random.randint(1, 2)}",
                "DuongDanTepTinKetQua": random.choice(("", "https://kho.example/k")),
            }
        ],
        "DSKetNoiCSDL": [{"MaCSDL": str(random.randint(1, 7))}],
    }
    names = [name for name in members if random.random() < 0.4]
    return {name: members[name] for name in names}
