"""One of each of the citizen's own pages, with a portal whose name tries to break out of HTML."""

from dataclasses import replace
from datetime import UTC, date, datetime

from gateway.consent.misuse_report import CONCERNS
from gateway.consent.outcome_words import outcome_words
from gateway.openid_provider.own_pages.views import (
    Connection,
    ConsentRow,
    MisuseDone,
    MisuseForm,
    MyConnections,
    MyNotices,
    MyRecord,
    MyUsage,
    NamedPortal,
    NoticeRow,
    Office,
    OwnFrame,
    OwnView,
    ReportAct,
    ReportRow,
    Tab,
    Use,
)

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
PORTAL = NamedPortal(
    key="portal",
    name={"vi": "Cổng dịch vụ công tỉnh", "en": "Provincial services portal"},
    agency={"vi": "Văn phòng UBND tỉnh", "en": "Provincial people's office"},
)
HOSTILE = NamedPortal(
    key='"><script>', name={"vi": "<script>alert(1)</script>", "en": '"><img src=x onerror=alert(1)>'}, agency={}
)
OWN = NamedPortal(key="~me", name={"vi": "Dữ liệu của tôi", "en": "My data"}, agency={})
VNEID = {"vi": "Tài khoản định danh điện tử", "en": "Electronic identity account"}
OFFICE = Office(code="H55.10.07", name={"vi": "Bộ phận Một cửa xã Trà Hồ", "en": "One-stop desk of Tra Ho"})
NAME = {"vi": "Họ, chữ đệm và tên", "en": "Full name"}
NUMBER = {"vi": "Số định danh cá nhân", "en": "Personal number"}
RESIDENCE = {"vi": "Nơi thường trú", "en": "Permanent residence"}
TITLE = {"vi": "Đăng ký thường trú", "en": "Registration of permanent residence"}


def frame(tab: Tab, name: str) -> OwnFrame:
    """Return what a sample carries; it is shown under `/view/{name}`."""
    return OwnFrame(tab=tab, home="/me", here=f"/view/{name}", csrf="c-9", ends_at=AT)


def use(number: int, part: str, vi: str, en: str, **changes: object) -> Use:
    """Return an entry of the history."""
    members: dict[str, object] = {
        "receipt": f"rc_{number:032x}",
        "at": AT,
        "part": part,
        "by": PORTAL,
        "words": {"vi": vi, "en": en},
        "officer": None,
        "by_other": False,
        "title": TITLE,
        "procedure": "1.004222",
        "dossier": "H26.12-261123-0001",
        "items": (NAME, RESIDENCE),
        "missing": (({"vi": "Chủ hộ", "en": "Head of household"}, "unavailable"),),
        "basis": "law",
        "laws": ({"vi": "Luật Cư trú 2020, Điều 22", "en": "Law on Residence 2020, Article 22"},),
        "rules": (
            {
                "vi": "Mẫu CT01 của thủ tục 1.004222 cần thông tin này cho chính người nộp (1.004222/applicant)",
                "en": "Form CT01 of procedure 1.004222 needs it for the person (1.004222/applicant)",
            },
        ),
        "outcome": "partial",
        "reason": None,
        "proof": f"/me/usage/rc_{number:032x}/proof",
    }
    told = members | changes
    return Use(**(told | {"outcome_words": outcome_words(str(told["outcome"]))}))  # type: ignore[arg-type]


NOTHING: dict[str, object] = dict.fromkeys(("items", "missing", "laws", "rules"), ())
BARE = NOTHING | dict.fromkeys(("title", "procedure", "dossier", "basis"))
USES = (
    use(1, "received", "nhận biểu mẫu đã điền sẵn", "received a filled form"),
    use(
        2,
        "received",
        "nhận biểu mẫu đã điền sẵn",
        "received a filled form",
        officer="staff:st_7",
        officer_name="Tòng Thị Én",
        office=OFFICE,
    ),
    use(3, "received", "nhận biểu mẫu đã điền sẵn", "received a filled form", by_other=True),
    use(
        4,
        "refused",
        "yêu cầu điền biểu mẫu và bị từ chối",
        "asked for a filled form and was refused",
        outcome="PF-007",
        reason={"vi": "Không được lấy thông tin này.", "en": "This may not be told."},
    ),
    use(5, "unknown", "yêu cầu điền biểu mẫu; chưa rõ kết quả", "asked for a filled form; outcome unknown"),
    use(6, "shown", "được nguồn dữ liệu trả lời để ông/bà xem trước", "had sources answer for you alone"),
    use(7, "checked", "đối chiếu biểu mẫu đã nộp", "compared a submitted form", by=HOSTILE, outcome="intact"),
    use(
        8,
        "own",
        "đăng nhập",
        "signed in",
        by=OWN,
        outcome="signed_in",
        **BARE,
    ),
    use(9, "checked", "sự kiện mới", "a new event", by=None, outcome="odd", **BARE),
)
USAGE = MyUsage(
    frame=frame("usage", "my_usage"),
    uses=USES,
    count=61,
    year=2026,
    years=(2026, 2025),
    newer="/me/usage?page=1",
    older="/me/usage?page=3",
    cut=True,
    since=date(2025, 3, 2),
    exports=(("csv", "/me/usage/export?format=csv"), ("jsonl", "/me/usage/export?format=jsonl")),
)
REPORT = ReportRow(number="BC-2026-7K3M-Q9ZD", at=AT, concern="not_me", service=PORTAL, blocked=True)
ANSWERED = replace(
    REPORT,
    state="answered",
    acts=(
        ReportAct(state="in_hand", at=AT, who="Đinh Thị Hoà", text=""),
        ReportAct(state="answered", at=AT, who="<b>Lò Văn Pằn</b>", text="Đã kiểm tra.\n<script>alert(1)</script>"),
    ),
)
NOTICES = (
    NoticeRow(key="n-1", at=AT, service=PORTAL, provider=VNEID, rule="suspicious"),
    NoticeRow(key="n-2", at=AT, service=HOSTILE, provider=VNEID, rule="otherwise"),
)
FORM = MisuseForm(
    frame=frame("report", "my_report"),
    action="/view/my_report",
    once="once-1",
    shown="shown-1",
    use=USES[0],
    service=PORTAL,
    services=(),
    concerns=CONCERNS,
)
OWN_VIEWS: dict[str, OwnView] = {
    "my_record": MyRecord(
        frame=frame("record", "my_record"),
        person=(
            (NAME, "TRẦN THỊ BƯỞI", "TRẦN THỊ BƯỞI"),
            ({"vi": "Số định danh", "en": "Number"}, "999•••••0003", "999175000003"),
        ),
        account_level=2,
        provider=VNEID,
        signed_in_at=AT,
    ),
    "my_usage": USAGE,
    "my_usage_empty": replace(USAGE, frame=frame("usage", "my_usage_empty"), uses=(), count=0, year=None),
    "my_connections": MyConnections(
        frame=frame("connections", "my_connections"),
        connections=(
            Connection(
                service=PORTAL,
                since=AT,
                covers=(NAME,),
                forms=(TITLE,),
                dossiers=("H26.12-261123-0001",),
                last_used=AT,
                until=AT,
            ),
            Connection(service=HOSTILE, since=AT, covers=(NAME,), forms=(), dossiers=(), last_used=None, until=AT),
        ),
        consents=tuple(
            ConsentRow(service=PORTAL, title=TITLE, state=state, at=AT, address="/consents/cs_1")
            for state in ("given", "partly", "refused", "withdrawn", "expired", "superseded")
        ),
        blocked=((PORTAL, AT),),
    ),
    "my_connections_empty": MyConnections(
        frame=frame("connections", "my_connections_empty"), connections=(), blocked=()
    ),
    "my_connections_undone": MyConnections(
        frame=replace(frame("connections", "my_connections_undone"), undone=True), connections=(), blocked=()
    ),
    "my_notices": MyNotices(
        frame=frame("notices", "my_notices"), notices=NOTICES, reports=(REPORT,), trusted=False, browsers=2
    ),
    "my_notices_empty": MyNotices(
        frame=frame("notices", "my_notices_empty"), notices=(), reports=(), trusted=True, browsers=1
    ),
    "my_report": FORM,
    "my_report_general": replace(
        FORM, frame=frame("report", "my_report_general"), use=None, service=None, services=(PORTAL, HOSTILE)
    ),
    "my_report_unanswered": replace(
        FORM, frame=frame("report", "my_report_unanswered"), action="/view/my_report", unanswered=True, block=True
    ),
    "my_report_done": MisuseDone(
        frame=frame("report", "my_report_done"), report=REPORT, receipt="rc_0123", again="/me"
    ),
    "my_report_answered": MisuseDone(
        frame=frame("report", "my_report_answered"), report=ANSWERED, receipt="rc_0123", again="/me"
    ),
    "my_report_ended": MisuseDone(frame=None, report=replace(REPORT, blocked=False), receipt="rc_0123", again="/me"),
}
