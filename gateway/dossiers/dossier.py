"""A dossier as the province counts it: what the national message says of it, without the person it is about.

Every value is what a system sent; what nobody said is None and never invented. Texts are NFC, times aware UTC,
tuples in the order of their ids or times. The owner's name, number, address, phone and whatever was typed freely are
sealed beside it and never part of this shape. Member names of the national message stand in the comments
(`docs/dossiers.md` lists them).
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum


class DossierStatus(IntEnum):
    """The ten statuses of the national message (TrangThaiHoSo)."""

    NEW = 1
    ACCEPTED = 2
    NOT_ACCEPTED = 3
    IN_PROCESS = 4
    SUPPLEMENT_REQUESTED = 5
    FINANCIAL_DUTY = 6
    WITHDRAWN = 7
    STOPPED = 8
    DONE = 9
    RETURNED = 10


class Channel(StrEnum):
    """Where it was filed (KenhThucHien 1, 2, 3)."""

    COUNTER = "counter"
    ONLINE = "online"
    POST = "post"


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplement:
    """A request for more papers (DanhSachHoSoBoSung) and its answer; in between the office's clock stands still."""

    asked_at: datetime
    due_at: datetime | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """A fee of the dossier (MaPhiLePhi, Gia); whole VND, 0 when it is waived."""

    code: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper that was filed (TaiLieuNop): its file's id, and the part of the procedure it is for (MaThanhPhanHoSo).

    `digitised` is DuocSoHoa, `reused` DuocTaiSuDung other than 0, `from_store` DuocLayTuKhoDMQG, `replaced_by` the type
    of result that stood in for it (MaKetQuaThayThe).
    """

    id: str
    component: str
    has_file: bool
    digitised: bool | None = None
    reused: bool | None = None
    from_store: bool | None = None
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A paper that the dossier ended with (DanhSachGiayToKetQua): GiayToId, MaGiayToKetQua, MaThanhPhanHoSo.

    `has_file` says that an electronic result exists, `has_link` that it can be fetched (DuongDanTepTinKetQua).
    """

    id: str
    code: str | None = None
    component: str | None = None
    has_file: bool = False
    has_link: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What the sending system says and nothing of ours proves; shown apart from what receipts prove.

    HoSoCoThanhPhanSoHoa, TaiKhoanDuocXacThucVoiVNeID and the codes of DSKetNoiCSDL.
    """

    has_digitised_part: bool | None = None
    vneid_verified: bool | None = None
    databases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A step of the timeline: the status from `at` on, and the unit that had it."""

    status: DossierStatus
    at: datetime
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """One dossier, folded from everything that was said of it.

    `code` is MaHoSo, `procedure` MaTTHC, `receiving_unit` and `handling_unit` agency codes such as `H55.19`. The times
    are NgayTiepNhan, NgayHenTra, NgayKetThucXuLy, NgayNopHoSo and NgayTra. `paid_online` is DuocThanhToanTrucTuyen: 1
    through the national portal, 2 through a gateway of its own, 3 not online. `receipts` are prefill receipts whose
    dossier is this one. `updated_at` is the time of the newest thing said, not of its arrival.
    """

    code: str
    updated_at: datetime
    procedure: str | None = None
    receiving_unit: str | None = None
    handling_unit: str | None = None
    channel: Channel | None = None
    status: DossierStatus | None = None
    received_at: datetime | None = None
    due_at: datetime | None = None
    ended_at: datetime | None = None
    filed_at: datetime | None = None
    returned_at: datetime | None = None
    supplements: tuple[Supplement, ...] = ()
    fees: tuple[Fee, ...] = ()
    paid_online: int | None = None
    inputs: tuple[Paper, ...] = ()
    results: tuple[Result, ...] = ()
    claimed: Claims = field(default_factory=Claims)
    receipts: tuple[str, ...] = ()
    moments: tuple[Moment, ...] = ()
