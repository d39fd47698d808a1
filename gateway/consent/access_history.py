"""Who used a person's data, and what an event of the log means to them in words.

An event is read from its leaf, never from memory of its step: what a person is shown is what the log holds. A word
that this version does not know is shown under the event's own name rather than left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from gateway.audit.journal import FoundEvent

Text = Mapping[str, str]
Part = Literal["received", "refused", "unknown", "shown", "checked", "own"]
"""What a person wants to tell apart: somebody received data, asked and was refused, asked with unknown outcome; sources
answered for a page that only the person saw; somebody compared or renewed without new data; the person's own doing."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """The part an event plays and the words that follow the name of whoever acted."""

    part: Part
    vi: str
    en: str

    @property
    def words(self) -> Text:
        """The words by language."""
        return {"vi": self.vi, "en": self.en}


MEANINGS: Mapping[str, Meaning] = {
    "FormReleased": Meaning("received", "nhận biểu mẫu đã điền sẵn", "received a filled form"),
    "LateFieldsReleased": Meaning(
        "received", "nhận thêm thông tin đến muộn của biểu mẫu", "received late items of a form"
    ),
    "PortalAnswered": Meaning(
        "checked",
        "được cấp mã để nhận kết quả đăng nhập",
        "was given a code to collect the outcome of a sign-in",
    ),
    "FormAsked": Meaning(
        "unknown", "yêu cầu điền biểu mẫu; chưa rõ kết quả", "asked for a filled form; outcome unknown"
    ),
    "FormRefused": Meaning("refused", "yêu cầu điền biểu mẫu và bị từ chối", "asked for a filled form and was refused"),
    "OAuthRefused": Meaning("refused", "yêu cầu đăng nhập và bị từ chối", "asked for a sign-in and was refused"),
    "SignInRefused": Meaning("refused", "không nhận được kết quả đăng nhập", "did not get a sign-in"),
    "FormPrepared": Meaning(
        "shown",
        "được nguồn dữ liệu trả lời để ông/bà xem trước; cổng chưa nhận gì",
        "had sources answer for a page that you alone saw; the portal received nothing",
    ),
    "FormVerified": Meaning(
        "checked", "đối chiếu biểu mẫu đã nộp; không nhận thêm thông tin", "compared a submitted form; got nothing new"
    ),
    "CodeRedeemed": Meaning("checked", "hoàn tất việc nhận kết quả đăng nhập", "collected the outcome of a sign-in"),
    "TokensRefreshed": Meaning("checked", "gia hạn quyền truy cập", "renewed its access"),
    "PersonAsked": Meaning(
        "checked",
        "cần đối chiếu người đăng nhập với CSDL quốc gia về dân cư",
        "needed the sign-in compared with the national population database",
    ),
    "PersonMatched": Meaning(
        "checked",
        "được báo kết quả đối chiếu với CSDL quốc gia về dân cư",
        "had the sign-in compared with the national population database",
    ),
    "PersonSignedIn": Meaning("own", "đăng nhập", "signed in"),
    "SessionEnded": Meaning("own", "đăng xuất", "signed out"),
    "LogoutTold": Meaning(
        "checked",
        "được gửi thông báo ông/bà đã kết thúc phiên đăng nhập",
        "was sent word that your sign-in there ended",
    ),
    "SignInAlertSent": Meaning(
        "checked",
        "là nơi đăng nhập được nêu trong thông báo gửi qua kênh nhắn tin của tỉnh",
        "was the place of a sign-in that the province's message service was asked to tell you of",
    ),
    "ActedForAnother": Meaning(
        "own", "thực hiện một việc thay người mình đại diện", "acted for somebody you represent"
    ),
    "GrantRevoked": Meaning("own", "chấm dứt quyền truy cập của cổng", "ended the portal's access"),
    "MisuseReported": Meaning("own", "báo việc dùng sai", "reported a misuse"),
    "ReportTaken": Meaning("checked", "tiếp nhận báo cáo của ông/bà", "took your report in hand"),
    "ReportAnswered": Meaning("checked", "trả lời báo cáo của ông/bà", "answered your report"),
    "ReportClosed": Meaning("checked", "đóng báo cáo của ông/bà", "closed your report"),
    "PortalBlocked": Meaning("own", "chặn cổng", "blocked the portal"),
    "PortalUnblocked": Meaning("own", "bỏ chặn cổng", "unblocked the portal"),
    "BrowserTrusted": Meaning("own", "đổi trình duyệt tin cậy", "changed the trusted browsers"),
    "ConsentGiven": Meaning("own", "đồng ý cho dùng thông tin", "agreed to a use of data"),
    "ConsentRefused": Meaning("own", "không đồng ý cho dùng thông tin", "refused a use of data"),
    "ConsentWithdrawn": Meaning("own", "rút lại sự đồng ý", "withdrew a consent"),
    "ConsentSuperseded": Meaning("own", "thay sự đồng ý cũ bằng lần trả lời mới", "replaced a consent by a new answer"),
}

_UNUSED = Meaning(
    "checked",
    "được cấp mã để nhận kết quả đăng nhập, nhưng chưa dùng mã và chưa nhận gì",
    "was given a code to collect the outcome of a sign-in; it has not used it and received nothing",
)
"""A code that nobody came for: known only where every event about the person is read, and only of a code whose
redemption would name it (`collected_by`); of others the history does not say what followed."""

_COLLECTED = Meaning("received", "được báo ai vừa đăng nhập", "was told who signed in")
_ACTED: Mapping[str, Meaning] = {
    "FormReleased": Meaning(
        "received",
        "nhân danh ông/bà nhận biểu mẫu đã điền sẵn của người ông/bà đại diện",
        "received, in your name, a filled form of the person you represent",
    ),
    "LateFieldsReleased": Meaning(
        "received",
        "nhân danh ông/bà nhận thêm thông tin đến muộn về người ông/bà đại diện",
        "received, in your name, late items of a form of the person you represent",
    ),
    "FormAsked": Meaning(
        "unknown",
        "nhân danh ông/bà yêu cầu biểu mẫu của một người được khai là do ông/bà đại diện; chưa rõ kết quả",
        "asked, in your name, for a form of a person stated to be represented by you; outcome unknown",
    ),
    "FormRefused": Meaning(
        "refused",
        "nhân danh ông/bà yêu cầu biểu mẫu của một người được khai là do ông/bà đại diện và bị từ chối",
        "asked, in your name, for a form of a person stated to be represented by you and was refused",
    ),
}
"""What a portal did in the name of whoever signed in, about somebody they represent."""

_OF_THE_OTHER_PARTY: Mapping[str, Meaning] = {
    "FormReleased": Meaning(
        "received",
        "nhận phần của ông/bà trong tờ khai mà bên kia của hồ sơ lập",
        "received your part in a form that the other party of the dossier had filled",
    ),
    "FormAsked": Meaning(
        "unknown",
        "yêu cầu phần của ông/bà trong tờ khai mà bên kia của hồ sơ lập; chưa rõ kết quả",
        "asked for your part in a form that the other party of the dossier had filled; outcome unknown",
    ),
    "FormRefused": Meaning(
        "refused",
        "yêu cầu phần của ông/bà trong tờ khai mà bên kia của hồ sơ lập và bị từ chối",
        "asked for your part in a form that the other party of the dossier had filled and was refused",
    ),
}

CLAIMED: Mapping[str, Text] = {
    "PF-112": {
        "vi": "Người nói trên không được chứng minh là đại diện của ông/bà, hoặc ông/bà không còn là người chưa thành "
        "niên, nên không thông tin nào được gửi.",
        "en": "That person was not shown to represent you, or you are of age, so nothing was sent.",
    },
    "PF-113": {
        "vi": "Chưa kiểm tra được người nói trên có đại diện cho ông/bà hay không nên không thông tin nào được gửi.",
        "en": "It could not be checked whether that person represents you, so nothing was sent.",
    },
}
"""Why somebody who said they represent the person was refused, as that person reads it: the failure itself speaks to
the one who asked."""

_STAFF = frozenset({"officer", "operator"})
_ENDED_BY_PORTAL = Meaning("checked", "trả lại quyền truy cập", "gave its access back")
_REPLAYED = Meaning(
    "refused", "dùng lại mã đã dùng; quyền truy cập bị thu hồi", "used a spent code again; its access was revoked"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One entry of the history. `attributes` are names (scopes of `PortalAnswered`), never values; `states` gives the
    status of each attribute a form planned, `reasons` the code of what left one without a value (events of before this
    was written have none); `officer` is the reference of a member of staff who acted, `officer_name` what they were
    called then where that is looked up, `agency` the code of their agency; `by_other` tells that another person acted
    for this one (a guardian), or was stated to; `index` is None until the event is in the tree."""

    receipt: str
    at: datetime
    index: int | None
    event: str
    meaning: Meaning
    portal: str | None
    procedure: str | None
    dossier: str | None
    attributes: tuple[str, ...]
    states: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    basis: str | None
    policy_ids: tuple[str, ...]
    outcome: str
    officer: str | None = None
    officer_name: str = ""
    agency: str | None = None
    by_other: bool = False

    @property
    def claimed(self) -> bool:
        """Tell whether the other person only said that they represent this one: no register showed it."""
        return self.by_other and self.outcome in CLAIMED


def history_of(found: Iterable[FoundEvent]) -> list[Access]:
    """Return the entries of events, in their order. A question whose answer is there too is one entry, the answer:
    what is left as “asked” has no known outcome (design.md §9), and a code that is left was not used."""
    told = [(event, orjson.loads(event.leaf)) for event in found]
    answered = {leaf["asked"] for _, leaf in told if isinstance(leaf.get("asked"), str)}
    entries = [
        (access_of(event, leaf), leaf) for event, leaf in told if not answered & {event.receipt, _mirrored(leaf)}
    ]
    return [replace(entry, meaning=_UNUSED) if leaf.get("collected_by") else entry for entry, leaf in entries]


def _mirrored(leaf: Mapping[str, Any]) -> str | None:
    """Return the receipt of what a guardian's own entry is about: it goes with that one's answer."""
    return leaf.get("about") if leaf["event"] == "ActedForAnother" else None


def access_of(event: FoundEvent, leaf: Mapping[str, Any]) -> Access:
    """Read an event. `leaf` is its JSON (design.md §15)."""
    actor, states, reasons, agency = leaf["actor"], leaf.get("outcomes"), leaf.get("reasons"), leaf.get("agency")
    by_officer = actor["kind"] in _STAFF
    return Access(
        receipt=event.receipt,
        at=event.at,
        index=event.index,
        event=leaf["event"],
        meaning=meaning_of(leaf),
        portal=leaf["portal"],
        procedure=leaf["procedure"],
        dossier=leaf["dossier"],
        attributes=tuple(leaf["attributes"]),
        states=states if isinstance(states, dict) else {},
        reasons=reasons if isinstance(reasons, dict) else {},
        basis=leaf["basis"],
        policy_ids=tuple(leaf["policy_ids"]),
        outcome=leaf["outcome"],
        officer=(actor["ref"] or "") if by_officer else None,
        agency=agency if by_officer and isinstance(agency, str) else None,
        by_other=actor["kind"] == "citizen" and actor["ref"] != leaf["subject_ref"],
    )


def meaning_of(leaf: Mapping[str, Any]) -> Meaning:
    """Return what an event means; a revocation is the person's, the portal's, or what a replay led to."""
    name = leaf["event"]
    if name == "ActedForAnother" and leaf.get("did") in _ACTED:
        return _ACTED[leaf["did"]]
    if leaf.get("for") == "other_party" and name in _OF_THE_OTHER_PARTY:
        return _OF_THE_OTHER_PARTY[name]
    if name == "CodeRedeemed" and leaf.get("asked"):
        return _COLLECTED
    if name == "GrantRevoked" and leaf["actor"]["kind"] == "portal":
        return _REPLAYED if leaf["outcome"] == "replay" else _ENDED_BY_PORTAL
    return MEANINGS.get(name) or Meaning("checked", f"sự kiện {name}", f"event {name}")


def months_between(first: datetime, last: datetime) -> list[str]:
    """Return the months (`YYYY-MM`, UTC) from one instant's to another's: the months that references are made for."""
    begun, ended = first.astimezone(UTC), last.astimezone(UTC)
    count = (ended.year - begun.year) * 12 + ended.month - begun.month
    numbers = (begun.year * 12 + begun.month - 1 + step for step in range(count + 1))
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in numbers]


def last_use(history: Sequence[Access], client_id: str) -> datetime | None:
    """Return when a portal last did something about the person; None when the history shows nothing of it."""
    return max((one.at for one in history if one.portal == client_id and one.meaning.part != "own"), default=None)
