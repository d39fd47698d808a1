"""Why a form was refused (PF-101 to PF-119, PF-127 and PF-128) and why a field has no value that can be taken as it is
(PF-120 to PF-126)."""

from gateway.vocabulary.failure import Failure, RefusedBy


class FormIncomplete(Failure):
    """Some values could not be fetched; the form opens all the same and each field says why."""

    code = "PF-101"
    title = "some values could not be fetched"
    http_status = 200
    refused_by: RefusedBy = "source"
    vi = "Một số thông tin chưa lấy được, ông/bà tự điền."
    en = "Some values could not be fetched; please fill them in yourself."
    fix = "Read `status` and `why` of each field; nothing is refused."


class RequestMalformed(Failure):
    """The body is not the JSON that is asked for; `missing` names members that are not there."""

    code = "PF-102"
    title = "malformed request"
    refused_by: RefusedBy = "portal"
    vi = "Cổng dịch vụ gửi yêu cầu không đúng dạng."
    en = "The portal's request is malformed."
    fix = "Compare the body with the operation in `/openapi.json`; `errors` names each member that is wrong."


class CitizenNotPresent(Failure):
    """The token belongs to a client alone: nobody has signed in behind it."""

    code = "PF-103"
    title = "no citizen behind the token"
    http_status = 403
    vi = "Cần người dân đăng nhập mới lấy được biểu mẫu điền sẵn."
    en = "A form is filled only for a citizen who signed in."
    fix = "Use the access token of the citizen's sign-in, not one of client_credentials."


class SessionOver(Failure):
    """The session the grant was made in has ended, and no dossier named at sign-in keeps the right to read."""

    code = "PF-104"
    title = "citizen's session has ended"
    http_status = 403
    vi = "Phiên làm việc đã hết. Ông/bà đăng nhập lại để lấy thông tin."
    en = "The session has ended. Please sign in again."
    fix = "Sign the citizen in again, or name the dossier at sign-in: it may be read for 30 days."


class ProcedureNotInScope(Failure):
    """The token was not granted for this procedure."""

    code = "PF-105"
    title = "procedure not in the token's scope"
    http_status = 403
    vi = "Lần đăng nhập này không dành cho thủ tục đó."
    en = "This sign-in was not for that procedure."
    fix = "Ask for `procedure:<code>` or by `authorization_details` at sign-in; a grant serves what it names."


class DossierNotNamed(Failure):
    """The request names a dossier that was not named at sign-in."""

    code = "PF-106"
    title = "dossier not named at sign-in"
    http_status = 403
    vi = "Lần đăng nhập này không dành cho hồ sơ đó."
    en = "This sign-in was not for that dossier."
    fix = "Name the dossier in `authorization_details` at sign-in; a prefill names the same one or none."


class EvidenceNotStored(Failure):
    """The event could not be stored, so no source was asked and nothing is given out."""

    code = "PF-107"
    title = "evidence could not be stored"
    http_status = 503
    vi = "Chưa ghi được bằng chứng nên hệ thống không lấy thông tin. Thử lại sau ít phút."
    en = "The evidence could not be stored, so nothing was fetched or told. Try again in a few minutes."
    fix = "No evidence, no values: check the database with `gate06 doctor`; it refuses writes."


class FormUnknown(Failure):
    """No form of this id may be read with this token, or its values are no longer kept."""

    code = "PF-108"
    title = "form unknown"
    http_status = 404
    vi = "Không tìm thấy biểu mẫu này, hoặc thời hạn 10 phút đã hết."
    en = "There is no such form, or its 10 minutes are over."
    fix = "Ask for a new form; late fields are kept for ten minutes for the citizen and client they belong to."


class SourcesDisagree(Failure):
    """Two sources hold different values; both are shown and the citizen confirms one."""

    code = "PF-109"
    title = "sources disagree"
    http_status = 409
    refused_by: RefusedBy = "source"
    vi = "Thông tin giữa hai cơ quan chưa khớp. Ông/bà chọn thông tin đúng; cơ quan quản lý sẽ kiểm tra."
    en = "Two registers do not agree. Choose the right value; the registers will look into it."
    fix = "Show every entry of `conflict` with its source and let the citizen confirm one."


class VerifyThrottled(Failure):
    """Too many changed values were compared with one manifest: it will not serve for guessing."""

    code = "PF-110"
    title = "manifest compared too often"
    http_status = 429
    vi = "Biểu mẫu này đã bị đối chiếu sai quá nhiều lần."
    en = "This form was compared with changed values too often."
    fix = "Ask for a new form with a new manifest; a manifest allows 20 answers that hold a `changed`."


class BodyTooLarge(Failure):
    """The body is longer than any form."""

    code = "PF-111"
    title = "body too large"
    http_status = 413
    refused_by: RefusedBy = "portal"
    vi = "Cổng dịch vụ gửi yêu cầu quá lớn."
    en = "The portal's request is too large."
    fix = "A prefill request has at most 16 KB, a verification at most 1 MB."


class BodyNotJson(Failure):
    """The body is not declared as JSON. Read as something else it would be a request that a foreign page can send."""

    code = "PF-115"
    title = "body is not declared as JSON"
    http_status = 415
    refused_by: RefusedBy = "portal"
    vi = "Cổng dịch vụ gửi yêu cầu không đúng kiểu nội dung."
    en = "The portal's request is of another content type."
    fix = "Send JSON with the header `Content-Type: application/json`."

    def __init__(self) -> None:
        super().__init__(headers={"accept": "application/json"})  # RFC 9110 §15.5.16


class GuardianshipNotShown(Failure):
    """The register's record of the person does not show a minor whom the one who signed in may represent. The answer is
    the same whether there is no such record, the child is somebody else's, or the person is of age."""

    code = "PF-112"
    title = "guardianship not shown"
    http_status = 403
    vi = (
        "Không lập biểu mẫu thay được: dữ liệu của cơ quan quản lý không cho thấy ông/bà là cha, mẹ "
        "hoặc người đại diện của một người chưa đủ 18 tuổi như đã khai."
    )
    en = (
        "The form cannot be filled for this person: the registers do not show you as parent or legal representative "
        "of a minor as stated."
    )
    fix = "Compare number, name and birth date with the birth certificate; the register decides, nothing more is told."


class GuardianshipNotChecked(Failure):
    """The register that shows who represents a minor did not answer, so nothing of the minor may be told."""

    code = "PF-113"
    title = "guardianship could not be checked"
    http_status = 503
    refused_by: RefusedBy = "source"
    vi = "Chưa kiểm tra được quan hệ đại diện nên hệ thống chưa lập biểu mẫu thay. Thử lại sau ít phút."
    en = "It could not be checked whom you represent, so the form was not filled. Try again in a few minutes."
    fix = "The source is down or slow: see `/status`; ask again after `Retry-After`, or let the form be filled by hand."


class GuardianshipTriedTooOften(Failure):
    """One person asked too often for the forms of people whom the registers do not show them to represent."""

    code = "PF-114"
    title = "asked too often for others"
    http_status = 429
    vi = "Đã nhiều lần đề nghị lập biểu mẫu thay mà dữ liệu không cho thấy quan hệ đại diện. Thử lại vào ngày mai."
    en = "You have asked too often for people whom the registers do not show you to represent. Try again tomorrow."
    fix = "Ten such refusals a day are allowed for one person; compare the child's papers before the next attempt."


class OfficerHasNoCode(Failure):
    """The officer's sign-in says no code by which registers know them, and nothing else may stand in its place."""

    code = "PF-116"
    title = "no code that registers know the officer by"
    http_status = 403
    refused_by: RefusedBy = "identity_provider"
    vi = "Tài khoản cán bộ chưa có mã để tra cứu cơ sở dữ liệu. Liên hệ quản trị hệ thống của tỉnh."
    en = "The officer's account has no code to ask registers with. Turn to the province's system administrator."
    fix = (
        "Have the staff sign-in give the code and name its claim (`claims.register_code`), or set "
        "`register_code_from_reference` at that identity provider; then sign in anew."
    )


class NumberUnreadable(Failure):
    """What stands in the place of a person's number is none that the registers can be asked by; `reason` says which
    member it is and what it looks like, never the number."""

    code = "PF-117"
    title = "number cannot be used"
    refused_by: RefusedBy = "portal"
    vi = (
        "Số định danh cá nhân có 12 chữ số; số CMND cũ có 9 chữ số chỉ dùng khi cán bộ tra cứu tại quầy. "
        "Kiểm tra lại số trên giấy tờ."
    )
    en = (
        "A personal number has 12 digits; an old 9-digit number serves an officer's desk only. "
        "Compare the number with the paper."
    )
    fix = (
        "Send `represented.personal_number` as it stands on the card: spaces, dots and dashes may group the digits. "
        "10 or 11 digits have lost zeros in front (a spreadsheet): read them from the paper, they are never filled up. "
        "A guardian names a child by the 12 digits: no child has an old number."
    )


class RecordStopsForm(Failure):
    """A register records something that ends the person's own forms. Which record says what is told to nobody, neither
    to the portal nor on a page."""

    code = "PF-118"
    title = "civil status record stops the form"
    http_status = 403
    oauth_error = "access_denied"
    vi = "Hồ sơ hộ tịch cần được kiểm tra nên không điền sẵn được biểu mẫu. Mang giấy tờ đến Ủy ban nhân dân cấp xã."
    en = "The civil status record has to be checked, so no form is filled. Take your papers to the commune office."
    fix = "Do not tell others why. The person or the family has the record looked at; nothing is to be mended here."


class ClientTokenWanted(Failure):
    """A form is compared for the portal itself: a citizen's token, which others may hold, is no key to that."""

    code = "PF-119"
    title = "a token of the portal itself is wanted"
    http_status = 403
    refused_by: RefusedBy = "portal"
    vi = "Việc đối chiếu biểu mẫu do cổng dịch vụ yêu cầu, không phải bằng phiên của người dân."
    en = "A form is compared for the portal itself, not with a citizen's token."
    fix = "Use a client_credentials token; a public client has its server part listed with `verifies` do it."


class FilledByHand(Failure):
    """No source fills this field for this person."""

    code = "PF-120"
    title = "filled in by hand"
    http_status = 200
    vi = "Mục này do ông/bà tự điền."
    en = "Please fill in this field yourself."
    fix = "Nothing to mend: the procedure's file says why no source fills it."


class NothingDeclared(Failure):
    """The person declared nothing at sign-in that could be put here."""

    code = "PF-121"
    title = "nothing declared at sign-in"
    http_status = 200
    vi = "Ông/bà chưa khai thông tin này khi đăng nhập, xin tự điền."
    en = "You declared nothing of this at sign-in; please fill it in."
    fix = "Nothing to mend: contact details come from the person, never from a register."


class NoPersonalNumber(Failure):
    """The person has no personal number, and the register is asked by it."""

    code = "PF-122"
    title = "register is asked by personal number"
    http_status = 200
    vi = "Ông/bà không có số định danh cá nhân nên hệ thống không tra cứu mục này. Ông/bà tự điền."
    en = "You have no personal number, so this register is not asked. Please fill in this field yourself."
    fix = "Nothing to mend: foreign residents fill in the form by hand."


class RecordContradicts(Failure):
    """A record came back whose name or sex contradicts the person who signed in; nothing of it is shown."""

    code = "PF-123"
    title = "record contradicts the sign-in"
    http_status = 409
    refused_by: RefusedBy = "source"
    vi = "Bản ghi của cơ quan quản lý khác với thông tin đăng nhập nên không dùng. Ông/bà tự điền, hỏi công an cấp xã."
    en = "The register's record contradicts your sign-in and is not used. Fill it in and ask the commune police."
    fix = "The number leads to another person's record, or one of the two is wrong: only the registers can say."


class ConditionUnknown(Failure):
    """The field may be filled under a condition that only the citizen knows."""

    code = "PF-124"
    title = "depends on what the citizen says"
    http_status = 200
    vi = "Chỉ đúng trong một trường hợp; ông/bà xác nhận hoặc thay thông tin khác."
    en = "True in one case only; please confirm or replace it."
    fix = "Show `why` beside the field and let the citizen confirm or change the value."


class OtherPartyAwaited(Failure):
    """The field is about the other party of the form, who has not signed in on this dossier."""

    code = "PF-126"
    title = "waits for the other party"
    http_status = 200
    vi = "Phần của bên kia. Chính người đó đăng nhập và đồng ý trên cùng hồ sơ này thì thông tin mới được điền."
    en = "The other party's part. It is filled after they sign in and agree on this same dossier themselves."
    fix = "Let the other party sign in at the portal with the same dossier, or let them fill in their part by hand."


class OldNumberNotNamed(Failure):
    """No register says one personal number for the old number, name and birth date an officer gave. Whose data it is
    would stand in nobody's history, so nothing is told."""

    code = "PF-127"
    title = "old number leads to no one person"
    http_status = 403
    refused_by: RefusedBy = "source"
    vi = (
        "Không lập biểu mẫu được: từ số CMND cũ chưa xác định được số định danh cá nhân của một người. "
        "Kiểm tra số, họ tên, ngày sinh trên giấy tờ, hoặc dùng số định danh 12 chữ số."
    )
    en = (
        "The form was not filled: the registers name no single personal number for the old number. "
        "Compare number, name and birth date with the paper, or use the number of 12 digits."
    )
    fix = "Ask again with `represented.personal_number` of 12 digits; nothing is told by an old number alone."


class OldNumberNotChecked(Failure):
    """No register that holds personal numbers could say whose the old number is, so nothing is told."""

    code = "PF-128"
    title = "old number could not be checked"
    http_status = 503
    refused_by: RefusedBy = "source"
    vi = "Chưa tra được số định danh từ số CMND cũ nên hệ thống chưa lập biểu mẫu. Thử lại sau ít phút."
    en = "It could not be checked whose the old number is, so the form was not filled. Try again in a few minutes."
    fix = "The source is down or slow: see `/status`; ask again after `Retry-After`, or with the number of 12 digits."


class ValueStale(Failure):
    """The value was fetched a while ago and the source could not be asked now."""

    code = "PF-125"
    title = "value fetched earlier"
    http_status = 200
    refused_by: RefusedBy = "source"
    vi = "Thông tin được lấy từ trước, hiện chưa đối chiếu lại được. Ông/bà kiểm tra giúp."
    en = "This value was fetched earlier and could not be checked again now. Please look at it."
    fix = "Show `retrieved_at`; the source was not reached this time."
