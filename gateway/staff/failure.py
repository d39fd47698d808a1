"""What staff are refused, and how each refusal is mended."""

from gateway.vocabulary.failure import Failure


class NobodySignedIn(Failure):
    """A changing verb was run and nobody is signed in who could answer for it."""

    code = "GW-2401"
    title = "nobody is signed in"
    http_status = 401
    vi = "Chưa có ai đăng nhập để chịu trách nhiệm cho thao tác này."
    en = "Nobody is signed in who could answer for this."
    fix = "Run `gate06 login` and sign in with your staff account; a sign-in lasts half an hour."


class SignInFileUnsafe(Failure):
    """The file that holds the sign-in can be read by others, or is not one of ours."""

    code = "GW-2402"
    title = "sign-in file is not safe"
    http_status = 403
    vi = "Tệp lưu phiên đăng nhập của lệnh không an toàn."
    en = "The file that holds the command's sign-in is not safe."
    fix = "Delete the file that is named and run `gate06 login`; it must belong to you and have the mode 0600."


class RoleMissing(Failure):
    """The operator does not hold a role that this verb wants."""

    code = "GW-2403"
    title = "role missing"
    http_status = 403
    vi = "Vai trò của cán bộ không được phép làm việc này."
    en = "Your role does not allow this."
    fix = "Ask a colleague with the role that is named; roles come with the next staff sign-in."


class ApprovalUnknown(Failure):
    """No approval has this id."""

    code = "GW-2411"
    title = "approval unknown"
    http_status = 404
    vi = "Không có yêu cầu phê duyệt này."
    en = "There is no such approval."
    fix = "See `gate06 approval list`."


class ApproverIsRequester(Failure):
    """Whoever asked for an act cannot be the second person who agrees to it, whatever account they come with."""

    code = "GW-2412"
    title = "requester cannot approve"
    http_status = 403
    vi = "Người yêu cầu không được tự phê duyệt."
    en = "Whoever asked cannot approve it."
    fix = "A second member of staff with the right role runs `gate06 approval approve`."


class ApprovalDecided(Failure):
    """Somebody decided it already, or at this very moment; the first decision counts."""

    code = "GW-2413"
    title = "approval already decided"
    http_status = 409
    vi = "Yêu cầu này đã được quyết định."
    en = "This has been decided already."
    fix = "See `gate06 approval list --all`; ask anew if it is still wanted."


class ApprovalExpired(Failure):
    """Nobody decided in time."""

    code = "GW-2414"
    title = "approval expired"
    http_status = 409
    vi = "Yêu cầu phê duyệt đã hết hạn."
    en = "The request for approval has expired."
    fix = "Run the verb again: it asks anew."


class ReasonMissing(Failure):
    """A request or a rejection without a reason cannot be answered for."""

    code = "GW-2415"
    title = "reason missing"
    http_status = 400
    vi = "Cần nêu lý do."
    en = "A reason is needed."
    fix = "Give `--reason` with a sentence; it names no citizen."


class SecondPersonNeeded(Failure):
    """The act is stored and waits for its second person."""

    code = "GW-2416"
    title = "waits for a second person"
    http_status = 409
    vi = "Việc này cần người thứ hai phê duyệt."
    en = "This needs the approval of a second person."
    fix = "A second member of staff runs `gate06 approval approve` with the id that is named."


class WordsNamePerson(Failure):
    """Words for the record hold what looks like a citizen's number, telephone, e-mail address or date of birth."""

    code = "GW-2417"
    title = "words for the record name a person"
    http_status = 400
    vi = "Lý do có phần giống số định danh, số điện thoại, địa chỉ thư hoặc ngày sinh của người dân."
    en = "The reason has what looks like a citizen's number, telephone, e-mail address or date of birth."
    fix = (
        "Write it without the person: the dossier's or report's number says whom it is about; a day as month and year."
    )
