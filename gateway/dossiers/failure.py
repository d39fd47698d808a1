"""Why something said of a dossier was not taken (DS-101 to DS-110), why a whole message was not (DS-120 to DS-124), why
something is not shown (DS-125 to DS-131), and why a list of units was refused (DS-201)."""

from gateway.vocabulary.failure import Failure, RefusedBy


class NotTaken(Failure):
    """One thing said was not taken; the others of its message were. It waits as a dead letter."""

    refused_by: RefusedBy = "gateway"


class EventMalformed(NotTaken):
    """An event is no CloudEvent 1.0: a member is missing or is not what it has to be."""

    code = "DS-101"
    title = "event is no CloudEvent"
    vi = "Sự kiện không đúng định dạng CloudEvents 1.0."
    en = "The event is not in the form of CloudEvents 1.0."
    fix = "Send `specversion` 1.0, `id`, `source`, `type`, `time` with an offset, and `data` as a JSON object."


class TypeUnknown(NotTaken):
    """The type of an event is none of those a dossier has."""

    code = "DS-102"
    title = "event type unknown"
    vi = "Loại sự kiện của hồ sơ không có trong danh mục."
    en = "There is no event of this type for dossiers."
    fix = "Use one of the types of docs/dossiers.md; they begin with `gate06.dossier.`."


class DossierCodeRefused(NotTaken):
    """The dossier's code is missing or is none."""

    code = "DS-103"
    title = "dossier code malformed"
    vi = "Mã hồ sơ thiếu hoặc không đúng dạng."
    en = "The dossier's code is missing or malformed."
    fix = "Send `MaHoSo` as agency, day and counter: `H55.19-230601-0001`."


class MemberRefused(NotTaken):
    """A member of the national message is not what it has to be; the detail names it."""

    code = "DS-104"
    title = "member malformed"
    vi = "Một trường của thông điệp hồ sơ không đúng dạng."
    en = "A member of the dossier's message is malformed."
    fix = "Compare the member that is named with docs/dossiers.md; times are yyyyMMddHHmmss, Vietnam time."


class StatusContradicts(NotTaken):
    """The status in the data is not one that the type of the event can have."""

    code = "DS-105"
    title = "status contradicts the event"
    vi = "Trạng thái hồ sơ không khớp với loại sự kiện."
    en = "The dossier's status contradicts the type of the event."
    fix = "Leave `TrangThaiHoSo` out of the event's data, or send the type that belongs to it."


class UnitNotYours(NotTaken):
    """The sender may not speak for the unit that received the dossier, nor for the one that has it."""

    code = "DS-106"
    title = "unit not the sender's"
    http_status = 403
    vi = "Hệ thống gửi không được phép báo tin thay đơn vị này."
    en = "The sending system may not speak for this unit."
    fix = "Add the unit to `dossier_units` of the client, then replay the dead letter."


class IdSaidOther(NotTaken):
    """The same source and id said something else of this dossier before: an id names one event for ever."""

    code = "DS-107"
    title = "id used for something else"
    http_status = 409
    vi = "Mã sự kiện này đã được dùng cho nội dung khác."
    en = "This event id was used for something else before."
    fix = "Give a correction an id of its own; the later time counts."


class TimeAhead(NotTaken):
    """The time of an event is ahead of the gateway's clock by more than a sender's clock may be wrong."""

    code = "DS-108"
    title = "event from the future"
    vi = "Thời điểm của sự kiện ở tương lai."
    en = "The event's time lies in the future."
    fix = "Set the sender's clock by a time server; five minutes are tolerated."


class TooMuchSaid(NotTaken):
    """So many things were said of one dossier that something is wrong with the sender."""

    code = "DS-109"
    title = "too many events for one dossier"
    http_status = 409
    vi = "Hồ sơ này đã nhận quá nhiều sự kiện."
    en = "Too many events were sent for this dossier."
    fix = "Look for a loop in the sending system; a dossier takes 500 events."


class ReceiptProvesNothing(NotTaken):
    """A prefill's receipt is none, is another portal's, or was used for another dossier already."""

    code = "DS-110"
    title = "receipt proves nothing here"
    http_status = 409
    vi = "Biên nhận điền sẵn không dùng được cho hồ sơ này."
    en = "The receipt of the filled form is not good for this dossier."
    fix = "Send in `BienNhanDienSan` the `receipt` of the form that this dossier was filed with, each for one dossier."


class MessageMalformed(Failure):
    """A body as a whole is not what the operation takes; nothing of it was taken."""

    code = "DS-120"
    title = "message malformed"
    refused_by: RefusedBy = "portal"
    vi = "Nội dung gửi lên không đọc được."
    en = "The message cannot be read."
    fix = "Compare the body with the operation in `/openapi.json`; JSON repeats no member."


class MessageTooLarge(Failure):
    """A body is larger, or holds more events, than is taken at once."""

    code = "DS-121"
    title = "message too large"
    http_status = 413
    refused_by: RefusedBy = "portal"
    vi = "Nội dung gửi lên quá lớn."
    en = "The message is too large."
    fix = "Send at most 500 events and 4 MiB at once."


class MediaTypeUnknown(Failure):
    """A body is declared as something that the operation does not read."""

    code = "DS-122"
    title = "media type not read"
    http_status = 415
    refused_by: RefusedBy = "portal"
    vi = "Kiểu nội dung gửi lên không được hỗ trợ."
    en = "The declared media type is not read here."
    fix = "Declare `application/cloudevents+json`, `application/cloudevents-batch+json` or, for binary, JSON."


class DossierScopeMissing(Failure):
    """The token does not carry the scope that lets a system speak of dossiers, or a person stands behind it."""

    code = "DS-123"
    title = "no right to send dossiers"
    http_status = 403
    vi = "Hệ thống gửi chưa được cấp quyền gửi tin hồ sơ."
    en = "The sending system has no right to send dossiers."
    fix = "Use a client_credentials token with the scope `dossier:write`; the client's settings allow it."


class DossierBusy(Failure):
    """Others wrote the same dossiers again and again at the same time; nothing of the message was taken."""

    code = "DS-124"
    title = "dossiers busy"
    http_status = 503
    vi = "Hồ sơ đang được cập nhật ở nơi khác. Gửi lại sau."
    en = "The dossiers are being written elsewhere. Send the message again."
    fix = "Send the same message again: what was taken already counts once."


class DeadLetterUnknown(Failure):
    """There is no dead letter of this id, or its time is over."""

    code = "DS-125"
    title = "dead letter unknown"
    http_status = 404
    vi = "Không có tin chờ xử lý với mã này."
    en = "There is no dead letter of this id."
    fix = "See `gate06 dossier dead-letters`; they are kept for 14 days."


class DossierUnknown(Failure):
    """Nothing was said of a dossier of this code."""

    code = "DS-126"
    title = "dossier unknown"
    http_status = 404
    vi = "Không có hồ sơ với mã này."
    en = "There is no dossier of this code."
    fix = "Compare the code with the receipt of the dossier."


class DossierNotShown(Failure):
    """No dossier has this number and these digits, or too many wrong ones were sent today: nobody is told which."""

    code = "DS-130"
    title = "dossier not shown"
    http_status = 404
    vi = "Không tìm thấy hồ sơ với số hồ sơ và bốn số này, hoặc hôm nay đã nhập sai quá năm lần."
    en = "There is no dossier with this number and these digits, or five wrong ones were sent today."
    fix = "Compare both with the receipt of the dossier; after five wrong tries wait until tomorrow."


class TrackingMalformed(Failure):
    """A dossier's number or the four digits are not written as such."""

    code = "DS-131"
    title = "number or digits malformed"
    refused_by: RefusedBy = "portal"
    vi = "Số hồ sơ hoặc bốn số cuối viết chưa đúng."
    en = "The dossier's number or the four digits are not written as such."
    fix = "Send `code` as on the receipt (`H55.19-230601-0001`) and `check` as four digits."


class UnitFileRefused(Failure):
    """A file of units cannot be taken; the detail names file, line and column."""

    code = "DS-201"
    title = "list of units refused"
    vi = "Danh sách đơn vị không dùng được."
    en = "The list of units cannot be used."
    fix = "Correct the line that is named; docs/dossiers.md describes the columns. Nothing was imported."
