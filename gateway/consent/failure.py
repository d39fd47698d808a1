"""Refusals that have to do with consent (PF-131 to PF-139), and with answering a report (GW-1812 to GW-1814)."""

from gateway.vocabulary.failure import Failure, RefusedBy


class ConsentWithdrawnBefore(Failure):
    """The citizen withdrew the consent that the sign-in rests on."""

    code = "PF-131"
    title = "consent withdrawn"
    http_status = 403
    refused_by: RefusedBy = "citizen"
    vi = "Ông/bà đã rút lại sự đồng ý nên không thông tin nào được gửi nữa."
    en = "You withdrew your consent, so nothing is sent any more."
    fix = "Delete what rests on the consent alone. Ask anew only when the citizen comes back: send them to sign in."


class ConsentOver(Failure):
    """The time for which the citizen agreed has passed."""

    code = "PF-132"
    title = "consent expired"
    http_status = 403
    refused_by: RefusedBy = "citizen"
    vi = "Thời hạn của sự đồng ý đã hết. Ông/bà đăng nhập lại nếu vẫn muốn chia sẻ."
    en = "The time you agreed to is over. Sign in again if you still want to share."
    fix = "Send the citizen to sign in again; a consent lasts 30 days with a dossier, one day without."


class ConsentSupersededBefore(Failure):
    """The citizen answered the page anew since; the sign-in rests on the former answer."""

    code = "PF-133"
    title = "consent superseded"
    http_status = 403
    refused_by: RefusedBy = "citizen"
    vi = "Ông/bà đã trả lời lại trang đồng ý; lần đăng nhập này dựa trên câu trả lời cũ."
    en = "You have answered the consent page again; this sign-in rests on the former answer."
    fix = "Use the tokens of the newest sign-in of this person for the dossier."


class FieldNotAgreed(Failure):
    """The citizen left the box of this field empty."""

    code = "PF-134"
    title = "field not agreed to"
    http_status = 200
    refused_by: RefusedBy = "citizen"
    vi = "Ông/bà không đồng ý chia sẻ mục này nên tự điền."
    en = "You did not agree to share this item, so you fill it in yourself."
    fix = "Nothing to mend: show the field empty and let the citizen write."


class OtherPartyNotAgreed(Failure):
    """The field belongs to the other party of the dossier, who agreed to other fields and not to this one."""

    code = "PF-135"
    title = "other party did not agree to the field"
    http_status = 200
    refused_by: RefusedBy = "citizen"
    vi = "Bên kia không đồng ý chia sẻ mục này; người đó tự điền."
    en = "The other party did not agree to share this item; they fill it in themselves."
    fix = "Nothing to mend: let the other party write it."


class NotAParty(Failure):
    """Two other persons are the parties of this dossier."""

    code = "PF-136"
    title = "not a party of this dossier"
    http_status = 403
    oauth_error = "access_denied"
    vi = "Hồ sơ này đã có đủ hai bên. Ông/bà không phải là một trong hai người đó."
    en = "This dossier has its two parties already, and you are neither of them."
    fix = "Open a new dossier: the parties of one are the first two persons who agree on it and never change."


class TooManyDossiersJoined(Failure):
    """The person became a party of many dossiers today, each a place that nobody else can take any more."""

    code = "PF-139"
    title = "too many dossiers joined today"
    http_status = 429
    oauth_error = "access_denied"
    vi = "Hôm nay ông/bà đã là một bên của quá nhiều hồ sơ cần hai người. Hồ sơ này chưa ghi nhận ông/bà."
    en = "You became a party of too many dossiers of two persons today. This dossier has not taken you in."
    fix = "Try again tomorrow, or hand the dossier in at the one-stop desk. Dossiers joined before go on as they are."


class ConsentUnknown(Failure):
    """There is no such consent of this person."""

    code = "PF-137"
    title = "consent unknown"
    http_status = 404
    vi = "Không tìm thấy sự đồng ý này trong phiên đăng nhập của ông/bà."
    en = "No such consent belongs to who is signed in here."
    fix = "Open the address in the browser in which the person is signed in; nobody sees another person's consents."


class ConsentNotStored(Failure):
    """The withdrawal met other changes of the same consent again and again."""

    code = "PF-138"
    title = "consent changed meanwhile"
    http_status = 503
    vi = "Chưa ghi được việc rút lại sự đồng ý. Thử lại ngay."
    en = "The withdrawal could not be stored yet. Try again at once."
    fix = "Repeat the request; sign-ins of the same person at the same portal were changing the record."


class ReportStepOutOfOrder(Failure):
    """A report is taken first, then answered, then closed; somebody may have been quicker."""

    code = "GW-1812"
    title = "report step out of order"
    http_status = 409
    vi = "Báo cáo chưa ở bước này, hoặc có người vừa xử lý."
    en = "The report is not at this step, or somebody has just taken it."
    fix = "See `gate06 report show NUMBER`: take it, then answer it, then close it."


class AnswerMissing(Failure):
    """An answer is empty or longer than a page."""

    code = "GW-1813"
    title = "answer missing"
    http_status = 400
    vi = "Cần viết câu trả lời cho người dân, dài không quá 4.000 ký tự."
    en = "An answer for the citizen is needed, of at most 4,000 characters."
    fix = "Give `--text` or `--text-file` with plain sentences the citizen can act on."


class ReportAboutOneself(Failure):
    """Whoever did what a citizen reported is not the one who answers for it."""

    code = "GW-1814"
    title = "report about oneself"
    http_status = 403
    vi = "Báo cáo này về việc do chính cán bộ thực hiện; người khác phải xử lý."
    en = "This report is about something you did yourself; somebody else handles it."
    fix = "A colleague with the role takes the report."
