"""Refusals of the policy, and what is wrong with a policy book."""

from collections.abc import Sequence

from gateway.vocabulary.assurance_level import LevelTooLow
from gateway.vocabulary.failure import Failure


class UnknownProcedure(Failure):
    """No procedure of that code is in the policy book."""

    code = "PF-001"
    title = "unknown procedure"
    http_status = 404
    oauth_error = "invalid_scope"
    refused_by = "policy"
    vi = "Cổng dịch vụ hỏi một thủ tục mà hệ thống này không có."
    en = "The portal asked for a procedure this gateway does not know."
    fix = "Compare the code with `gate06 policy check --json`, or add `policies/procedures/<code>_<slug>.toml`."


class ProcedureNotAllowed(Failure):
    """The portal is not registered for the procedure."""

    code = "PF-002"
    title = "procedure not allowed to this portal"
    http_status = 403
    oauth_error = "invalid_scope"
    refused_by = "policy"
    vi = "Cổng dịch vụ này chưa được phép lấy thông tin cho thủ tục đó."
    en = "This portal may not get information for that procedure."
    fix = "Add the code to `procedures` in the portal's seed, with the agency's agreement."


class ConsentMissing(Failure):
    """The basis is consent and nobody consented."""

    code = "PF-003"
    title = "consent missing"
    http_status = 403
    oauth_error = "access_denied"
    refused_by = "policy"
    vi = "Ông/bà chưa đồng ý chia sẻ những thông tin này."
    en = "You have not agreed to share this information."
    fix = "Send the citizen through the consent page of the procedure, then ask again."


class BasisNotHeld(Failure):
    """The legal basis claimed is not the procedure's, or does not carry the attributes asked for."""

    code = "PF-004"
    title = "legal basis does not hold"
    http_status = 403
    refused_by = "policy"
    vi = "Căn cứ pháp lý được nêu không cho phép lấy những thông tin này."
    en = "The legal basis given does not allow this information to be told."
    fix = "Use the basis the procedure states; sensitive attributes need the law or the citizen's consent."


class RelationNotAllowed(Failure):
    """The one who asks stands in a relation to the person that does not open these attributes."""

    code = "PF-005"
    title = "relation does not allow it"
    http_status = 403
    refused_by = "policy"
    vi = "Người hỏi không được lấy những thông tin này của người khác."
    en = "The person asking may not get this information about someone else."
    fix = "See `gate06 policy explain`: each procedure lists what self, guardian and officer may get."


class QuestionIncomplete(Failure):
    """A fact the rules need was not given, or the engine could not decide: both refuse."""

    code = "PF-006"
    title = "not enough is known to decide"
    http_status = 403
    refused_by = "policy"
    vi = "Chưa đủ thông tin để biết có được phép hay không, nên hệ thống từ chối."
    en = "Not enough is known to decide, so the answer is no."
    fix = "Give level, basis, consent and relation; the reason in the operator's log names what was absent."


class AttributeNotPermitted(Failure):
    """More was asked than the procedure needs: `excess` names the attributes beyond."""

    code = "PF-007"
    title = "attribute not permitted"
    http_status = 403
    refused_by = "policy"
    vi = "Cổng dịch vụ hỏi nhiều thông tin hơn mức thủ tục này cần."
    en = "The portal asked for more information than this procedure needs."
    fix = "Remove the attributes listed in `excess` from the request or from the portal's seed."


class ApplicantNotAdmitted(Failure):
    """An organisation's account asks for a procedure for persons, or a person for one of organisations."""

    code = "PF-009"
    title = "procedure is not for this kind of applicant"
    http_status = 403
    oauth_error = "access_denied"
    refused_by = "policy"
    vi = "Thủ tục của cá nhân cần tài khoản cá nhân, thủ tục của tổ chức cần tài khoản tổ chức. Đăng nhập lại cho đúng."
    en = "A procedure for persons wants a person's account, one for organisations an organisation's. Sign in with that."
    fix = "The person signs in with their own account; `applicants` of the procedure's file says who may file it."


class PolicyInvalid(Failure):
    """The policy book cannot be used: `problems` lists every complaint as `file:key` and a sentence."""

    code = "PF-008"
    title = "policy book invalid"
    http_status = 500
    refused_by = "policy"
    vi = "Bộ quy tắc chia sẻ thông tin có lỗi, hệ thống chưa thể trả lời."
    en = "The policy book has errors; nothing can be told."
    fix = "Run `gate06 policy check`: it names each file, each key and the nearest known word."

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


REFUSALS: dict[str, type[Failure]] = {
    refusal.code: refusal
    for refusal in (
        UnknownProcedure,
        ProcedureNotAllowed,
        LevelTooLow,
        ConsentMissing,
        BasisNotHeld,
        RelationNotAllowed,
        QuestionIncomplete,
        AttributeNotPermitted,
    )
}
"""What a rule's `@failure` may name, in the order in which one is chosen when several rules refuse."""
