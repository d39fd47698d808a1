"""Why a source gave no value (CR-…) and what is wrong with a connector (CN-…)."""

from typing import ClassVar

from gateway.vocabulary.failure import Failure, RefusedBy
from gateway.vocabulary.provenance import Absent, Found, Outcome, Refused, Unavailable


class SourceFailure(Failure):
    """A call to a source that ended without the value; never the citizen's fault."""

    refused_by: RefusedBy = "source"


class NoMatch(SourceFailure):
    """The source found no such person, or one of number, name and birth date differs; it does not say which."""

    code = "CR-001"
    title = "source found no matching record"
    http_status = 404
    vi = "Cơ quan quản lý dữ liệu không tìm thấy bản ghi khớp với thông tin của ông/bà. Ông/bà tự điền mục này."
    en = "The source found no record that matches. Please fill in this field yourself."
    fix = "Nothing to mend here: the record is absent or differs, and the source does not say which."


class Ambiguous(SourceFailure):
    """The source named several people for one question; none of them is used."""

    code = "CR-002"
    title = "source named several people"
    http_status = 409
    vi = (
        "Cơ quan quản lý dữ liệu trả về nhiều người trùng thông tin nên không dùng kết quả này. Ông/bà tự điền mục này."
    )
    en = "The source returned several people, so nothing of it is used. Please fill in this field yourself."
    fix = "Report the request id to the owner of the source: one number must not answer with several people."


class ValueEmpty(SourceFailure):
    """The person's record is there and this part of it is empty."""

    code = "CR-003"
    title = "source has no value"
    http_status = 404
    vi = "Cơ quan quản lý dữ liệu chưa có thông tin này. Ông/bà tự điền mục này."
    en = "The source does not have this yet. Please fill in this field yourself."
    fix = "Nothing to mend: the field is empty in the register."


class SourceUnavailable(SourceFailure):
    """The source could not be reached."""

    code = "CR-004"
    title = "source unavailable"
    http_status = 503
    oauth_error = "temporarily_unavailable"
    vi = "Chưa lấy được thông tin này vì hệ thống nguồn đang không trả lời. Ông/bà tự điền hoặc thử lại sau."
    en = "The source does not answer at the moment. Fill in this field yourself or try again later."
    fix = "Check the source with `gate06 doctor`; calls go on by themselves once it answers."


class SourceTimedOut(SourceFailure):
    """The source did not answer inside the deadline, and nobody waits any more."""

    code = "CR-005"
    title = "source did not answer in time"
    http_status = 504
    oauth_error = "temporarily_unavailable"
    vi = "Hệ thống nguồn trả lời quá chậm nên chưa lấy được thông tin này. Ông/bà tự điền hoặc thử lại sau."
    en = "The source took too long. Fill in this field yourself or try again later."
    fix = "Look at the source's response times; the deadline is `GATE06_PREFILL__DEADLINE_MS`."


class SourceMalformed(SourceFailure):
    """The source answered something that is not an answer: a page, half a document, a date that does not exist."""

    code = "CR-006"
    title = "source answered unreadably"
    http_status = 502
    vi = "Hệ thống nguồn trả về dữ liệu không đọc được nên không dùng. Ông/bà tự điền mục này."
    en = "The source's answer could not be read and is not used. Please fill in this field yourself."
    fix = "Ask the owner of the source what it sent for this request id; nothing was guessed from it."


class SourceOversize(SourceFailure):
    """The source answered more than is believable for one person."""

    code = "CR-007"
    title = "source answered too much"
    http_status = 502
    vi = "Hệ thống nguồn trả về dữ liệu quá lớn nên không dùng. Ông/bà tự điền mục này."
    en = "The source's answer was too large and is not used. Please fill in this field yourself."
    fix = "Ask the owner of the source; answers above 1 MB are dropped unread."


class SourceFault(SourceFailure):
    """The bus or the service refused the call as such: credentials, a SOAP fault, an unknown error code."""

    code = "CR-008"
    title = "source refused the call"
    http_status = 502
    vi = "Hệ thống nguồn báo lỗi nên chưa lấy được thông tin này. Ông/bà tự điền hoặc thử lại sau."
    en = "The source reported an error. Fill in this field yourself or try again later."
    fix = "Check the connector's user, secret, API key and clock: `gate06 doctor` probes the bus."


class SourceLate(SourceFailure):
    """The source is still working; its answer may come within a few seconds."""

    code = "CR-009"
    title = "source is still working"
    http_status = 503
    oauth_error = "temporarily_unavailable"
    vi = "Hệ thống nguồn đang xử lý, thông tin có thể đến sau ít giây."
    en = "The source is still working; the value may arrive in a few seconds."
    fix = "Ask again with GET /v1/prefill/{id}; the form names its late fields."


class SourceClosed(SourceFailure):
    """Calls to the source are paused: too many failed or too many are under way."""

    code = "CR-010"
    title = "calls to the source are paused"
    http_status = 503
    oauth_error = "temporarily_unavailable"
    vi = "Hệ thống nguồn đang gặp sự cố nên tạm ngừng hỏi. Ông/bà tự điền hoặc thử lại sau ít phút."
    en = "The source is in trouble and is not asked for the moment. Fill in this field yourself or try again later."
    fix = "Nothing to do: one call is tried from time to time and all go on when it succeeds."


class PurposeDenied(SourceFailure):
    """The source does not let this procedure look up people."""

    code = "CR-011"
    title = "procedure may not ask the source"
    http_status = 403
    vi = "Thủ tục này chưa được cơ quan quản lý dữ liệu cho phép tra cứu. Ông/bà tự điền mục này."
    en = "The source does not allow this procedure to look up records. Please fill in this field yourself."
    fix = "Register the procedure code with the owner of the source; permission is given per procedure."


class OfficerDenied(SourceFailure):
    """The officer's account has no right at the source."""

    code = "CR-012"
    title = "officer may not ask the source"
    http_status = 403
    vi = "Tài khoản cán bộ tra cứu chưa được cấp quyền. Ông/bà tự điền mục này."
    en = "The officer's account has no right at the source. Please fill in this field yourself."
    fix = "Have the officer's account enabled at the source, or correct `officer` in the connector's settings."


class BadQuestion(SourceFailure):
    """Something the source demands was missing, so it was not asked, or it said so itself."""

    code = "CR-013"
    title = "question to the source is incomplete"
    http_status = 502
    refused_by: RefusedBy = "connector"
    vi = "Chưa đủ thông tin để hỏi hệ thống nguồn. Ông/bà tự điền mục này."
    en = "There was not enough to ask the source with. Please fill in this field yourself."
    fix = "The source wants number, name and birth date, a procedure code, an officer and an agency code: check them."


class OtherPerson(SourceFailure):
    """The answer was about somebody else; all of it was dropped."""

    code = "CR-014"
    title = "source answered about somebody else"
    http_status = 502
    vi = "Hệ thống nguồn trả về dữ liệu không đúng người nên đã bị loại bỏ. Ông/bà tự điền mục này."
    en = "The source's answer was about somebody else and was dropped. Please fill in this field yourself."
    fix = "Report the request id to the owner of the source at once."


class NotKept(SourceFailure):
    """The source never holds this for such a person (a foreign resident without a personal number, for example)."""

    code = "CR-015"
    title = "source does not keep this"
    http_status = 404
    vi = "Hệ thống nguồn không quản lý thông tin này đối với ông/bà. Ông/bà tự điền mục này."
    en = "The source does not hold this for you. Please fill in this field yourself."
    fix = "Nothing to mend: the attribute or the kind of person is outside this register."


class QuotaSpent(SourceFailure):
    """The number of calls agreed with the source's owner for one day is used up."""

    code = "CR-016"
    title = "quota of the source is spent"
    http_status = 429
    oauth_error = "temporarily_unavailable"
    vi = "Hôm nay đã hết lượt tra cứu hệ thống nguồn theo thỏa thuận. Ông/bà tự điền hoặc thử lại vào ngày mai."
    en = "The look-ups agreed with the source for today are used up. Fill in this field yourself or try again tomorrow."
    fix = "The quotas are `daily_total`, `daily_per_portal` and `daily_per_procedure` under the connector's `limits`."


class SourceReplayed(SourceFailure):
    """A signed answer that is old, or belongs to another question; all of it was dropped."""

    code = "CR-017"
    title = "source's answer is not to this question"
    http_status = 502
    vi = "Câu trả lời của hệ thống nguồn không thuộc lần hỏi này nên không dùng. Ông/bà tự điền mục này."
    en = "The source's answer does not belong to this question and is not used. Please fill in this field yourself."
    fix = (
        "Compare the clocks of source and gateway. Where they agree, somebody answers with what was signed for another "
        "question: report the request id to the owner of the source at once."
    )


class SourceNotConnected(SourceFailure):
    """The policy book fills this from a register that this installation has no connector for."""

    code = "CR-020"
    title = "source is not connected here"
    http_status = 503
    vi = "Tỉnh chưa kết nối với hệ thống nguồn của mục này. Ông/bà tự điền mục này."
    en = "The province is not connected to the source of this field yet. Please fill in this field yourself."
    fix = "Set the register up under `[connectors]`; `gate06 doctor` names those of the policy book that are missing."


class SourceHeld(SourceFailure):
    """The connector's version is not in service here: not published, changed since, suspended or retired."""

    code = "CR-030"
    title = "source is not in service"
    http_status = 503
    refused_by: RefusedBy = "gateway"
    vi = "Hiện chưa lấy thông tin này từ cơ quan quản lý dữ liệu. Ông/bà tự điền mục này."
    en = "This is not fetched from the source at present. Please fill in this field yourself."
    fix = "See `gate06 connector list`: exactly this content of the connector has to be approved and published."


_WHY: dict[tuple[type, str], type[Failure]] = {
    (Absent, "empty"): ValueEmpty,
    (Absent, "no_match"): NoMatch,
    (Absent, "ambiguous"): Ambiguous,
    (Absent, "not_kept"): NotKept,
    (Refused, "purpose_denied"): PurposeDenied,
    (Refused, "officer_denied"): OfficerDenied,
    (Refused, "bad_request"): BadQuestion,
    (Refused, "other_person"): OtherPerson,
    (Unavailable, "unreachable"): SourceUnavailable,
    (Unavailable, "timeout"): SourceTimedOut,
    (Unavailable, "malformed"): SourceMalformed,
    (Unavailable, "replayed"): SourceReplayed,
    (Unavailable, "oversize"): SourceOversize,
    (Unavailable, "fault"): SourceFault,
    (Unavailable, "late"): SourceLate,
    (Unavailable, "closed"): SourceClosed,
    (Unavailable, "quota"): QuotaSpent,
    (Unavailable, "suspended"): SourceHeld,
}


def why(outcome: Outcome) -> type[Failure] | None:
    """Return the failure class that says why a field has no value; None for a value that was found."""
    if isinstance(outcome, Found):
        return None
    return _WHY[type(outcome), outcome.reason]


class ConnectorFailure(Failure):
    """Something about a connector's files or settings; the gateway does not start with it."""

    http_status: ClassVar[int] = 500
    refused_by: RefusedBy = "gateway"


class UnknownManifestKey(ConnectorFailure):
    """A manifest or its options hold a key nobody reads."""

    code = "CN-101"
    title = "unknown key in a connector's manifest"
    vi = "Tệp khai báo kết nối có khóa không được biết đến."
    en = "The connector's manifest holds an unknown key."
    fix = "Correct the key that the message names; it suggests the nearest known one."


class InvalidManifest(ConnectorFailure):
    """A manifest lacks something or holds a value of the wrong kind."""

    code = "CN-102"
    title = "invalid connector manifest"
    vi = "Tệp khai báo kết nối thiếu hoặc sai giá trị."
    en = "The connector's manifest lacks a value or holds a wrong one."
    fix = "Correct the key that the message names."


class UnknownConnector(ConnectorFailure):
    """Settings name a connector that is not installed, or an installed one cannot be loaded."""

    code = "CN-103"
    title = "connector is not installed"
    vi = "Cấu hình nhắc đến một kết nối chưa được cài đặt."
    en = "The settings name a connector that is not installed."
    fix = "Install the package that brings the connector, or correct its name in `[connectors]`."


class SecretUnreadable(ConnectorFailure):
    """A `…_file` of a connector's credentials cannot be read."""

    code = "CN-104"
    title = "connector's secret cannot be read"
    vi = "Không đọc được tệp bí mật của kết nối."
    en = "A secret file of the connector cannot be read."
    fix = "Check the path and the permissions of the file named by `secret_file` or `api_key_file`."


class TransportUnset(ConnectorFailure):
    """A transport lacks a setting without which it cannot reach its bus."""

    code = "CN-105"
    title = "transport is not set up"
    vi = "Kết nối thiếu cấu hình của trục truyền dữ liệu."
    en = "The connector's transport lacks a setting."
    fix = "Add the setting that the message names to the connector's table."


class CannotVerify(ConnectorFailure):
    """A source was asked whether a person exists and its connector does not have that ability."""

    code = "CN-106"
    title = "connector cannot verify"
    vi = "Kết nối này không có chức năng xác thực thông tin công dân."
    en = "This connector cannot say whether a person's data match."
    fix = "Name a source whose connector has `verify` (the population register)."
