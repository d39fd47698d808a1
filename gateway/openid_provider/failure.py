"""What the protocol endpoints refuse, in the words of the standards (RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1)."""

from gateway.identity_providers.contract import SignInFailure, UpstreamAnswerInvalid
from gateway.vocabulary.failure import Failure, RefusedBy

_BROKEN_LINK_VI = "Đường dẫn đăng nhập bị lỗi. Quay lại trang dịch vụ và thử lại."
_BROKEN_LINK_EN = "The sign-in link is broken. Go back to the service and try again."
_PAUSED_VI = "Dịch vụ tạm thời không đăng nhập được. Quay lại trang dịch vụ và thử lại sau."
_PAUSED_EN = "The service cannot sign you in for now. Go back to it and try again later."


class InvalidRequest(Failure):
    """A parameter is missing, repeated, too long or malformed (RFC 6749 §4.1.2.1)."""

    code = "GW-1001"
    title = "invalid request"
    oauth_error = "invalid_request"
    refused_by: RefusedBy = "gateway"
    vi = _BROKEN_LINK_VI
    en = _BROKEN_LINK_EN
    fix = "The description names the parameter that is missing, repeated or malformed."


class InvalidRedirect(Failure):
    """The client or its redirect URI is unknown: nothing is sent anywhere (RFC 6749 §4.1.2.1, RFC 9700 §4.1)."""

    code = "GW-1002"
    title = "client or redirect_uri not registered"
    oauth_error = "invalid_request"
    vi = _BROKEN_LINK_VI
    en = _BROKEN_LINK_EN
    fix = "Register the exact redirect_uri, character by character; in dev the page shows both side by side."


class UnsupportedResponseType(Failure):
    """Only the code flow is offered."""

    code = "GW-1003"
    title = "response type not supported"
    oauth_error = "unsupported_response_type"
    vi = _BROKEN_LINK_VI
    en = _BROKEN_LINK_EN
    fix = "Use response_type=code."


class InvalidScope(Failure):
    """A scope is malformed, or asks for a procedure the portal is not registered for."""

    code = "GW-1004"
    title = "scope refused"
    oauth_error = "invalid_scope"
    vi = _BROKEN_LINK_VI
    en = _BROKEN_LINK_EN
    fix = "Ask for scopes and procedures of the portal's registration; `gate06 portal check` lists them."


class UnauthorizedClient(Failure):
    """The client's registration does not allow this grant or response."""

    code = "GW-1005"
    title = "client may not do this"
    oauth_error = "unauthorized_client"
    http_status = 400
    vi = _PAUSED_VI
    en = _PAUSED_EN
    fix = "Add the grant type to the client's registration."


class RequestNotSupported(Failure):
    """The client has no keys, so no request object can be its own (OpenID Connect Core §3.1.2.6, §6.1)."""

    code = "GW-1006"
    title = "request objects not supported"
    oauth_error = "request_not_supported"
    vi = _BROKEN_LINK_VI
    en = _BROKEN_LINK_EN
    fix = "Send plain parameters, or register `jwks` or `jwks_uri` and sign the request."


class RequestUriNotSupported(Failure):
    """Nothing is fetched from an address for a request: only pushed requests have one."""

    code = "GW-1007"
    title = "request_uri not supported"
    oauth_error = "request_uri_not_supported"
    vi = _BROKEN_LINK_VI
    en = _BROKEN_LINK_EN
    fix = "Push the request to `/par` and send the `request_uri` it answers."


class RegistrationNotSupported(Failure):
    """A client cannot register itself inside an authorization request (OpenID Connect Core §3.1.2.6)."""

    code = "GW-1008"
    title = "registration parameter not supported"
    oauth_error = "registration_not_supported"
    vi = _BROKEN_LINK_VI
    en = _BROKEN_LINK_EN
    fix = "Register the client beforehand and leave `registration` out."


class InvalidAuthorizationDetails(Failure):
    """`authorization_details` is malformed, of another type, or names a form not for this portal (RFC 9396 §5)."""

    code = "GW-1009"
    title = "authorization details refused"
    oauth_error = "invalid_authorization_details"
    vi = _BROKEN_LINK_VI
    en = _BROKEN_LINK_EN
    fix = 'Send `[{"type": "prefill", "procedure": "<code>", "dossier": "<yours>"}]` for a procedure you may ask for.'


class NoticeDeclined(Failure):
    """The citizen left at the notice page."""

    code = "GW-1102"
    title = "the citizen left"
    oauth_error = "access_denied"
    http_status = 403
    refused_by: RefusedBy = "citizen"
    vi = "Ông/bà đã chọn không tiếp tục. Chưa có thông tin nào được gửi đi."
    en = "You chose not to go on. Nothing was sent."
    fix = "Keep the draft and offer to fill the form by hand."


class LoginRequired(Failure):
    """Nobody is signed in, or not recently enough, and no page may be shown (OpenID Connect Core §3.1.2.6)."""

    code = "GW-1201"
    title = "sign-in required"
    oauth_error = "login_required"
    http_status = 403
    vi = "Phiên làm việc đã hết. Đăng nhập lại để tiếp tục."
    en = "The session has ended. Sign in again to go on."
    fix = "Repeat the request without prompt=none."


class OtherPersonSignedIn(Failure):
    """Somebody else signed in than the one `id_token_hint` names (OpenID Connect Core §3.1.2.1)."""

    code = "GW-1214"
    title = "another person signed in"
    oauth_error = "login_required"
    http_status = 403
    vi = "Người vừa đăng nhập không phải người đang làm việc với dịch vụ này."
    en = "The person who signed in is not the one this service is working with."
    fix = "Let the person of the hint sign in, or ask again without `id_token_hint`."


class InteractionRequired(Failure):
    """The citizen has to see a notice first and no page may be shown."""

    code = "GW-1202"
    title = "a notice has to be shown"
    oauth_error = "consent_required"
    http_status = 403
    vi = "Cần xem thông báo về dữ liệu trước khi tiếp tục."
    en = "A notice about your data has to be shown first."
    fix = "Repeat the request without prompt=none."


class AttemptLost(Failure):
    """The browser has no cookie of this attempt: another browser, cookies blocked, or cleared."""

    code = "GW-1210"
    title = "sign-in was started in another browser"
    oauth_error = "access_denied"
    http_status = 400
    vi = "Lần đăng nhập này bắt đầu ở trình duyệt khác hoặc cookie đã bị xóa. Mở lại trang dịch vụ và đăng nhập lại."
    en = "This sign-in was started in another browser, or its cookie is gone. Open the service again and sign in there."
    fix = "The person starts again in one browser; check that a proxy does not strip cookies."


class AttemptFinished(Failure):
    """The attempt has ended already: back button, second tab or double submit."""

    code = "GW-1211"
    title = "sign-in already finished"
    oauth_error = "access_denied"
    http_status = 409
    vi = "Lần đăng nhập này đã xong. Quay lại trang dịch vụ để tiếp tục."
    en = "This sign-in is already finished. Go back to the service to continue."
    fix = "Nothing to do: the first submission counts."


class AttemptExpired(Failure):
    """The attempt took longer than it lives."""

    code = "GW-1212"
    title = "sign-in took too long"
    oauth_error = "access_denied"
    http_status = 400
    vi = "Thao tác quá lâu, lần đăng nhập đã hết hạn. Mở lại trang dịch vụ và bắt đầu lại."
    en = "It took too long and this sign-in has expired. Open the service again and start over."
    fix = "Start the authorization request again; nothing was told to anybody."


class AttemptUnknown(AttemptExpired):
    """No attempt has this address: it never had one, or what had it was over long ago."""

    code = "GW-1215"
    title = "no such sign-in"
    vi = "Không có lần đăng nhập nào ở địa chỉ này, hoặc lần đó đã kết thúc. Mở trang dịch vụ và bắt đầu từ đó."
    en = "There is no sign-in at this address, or it is over. Open the service and start from there."
    fix = "Start an authorization request; do not keep or pass on the address of a page of a sign-in."


class CallbackForged(UpstreamAnswerInvalid):
    """Somebody came back from where we never sent them: the fault is not the identity provider's."""

    http_status = 400


class AccountNeedsReview(Failure):
    """The account contradicts what is linked already: staff must look, nothing is merged silently."""

    code = "GW-1304"
    title = "account contradicts linked identity"
    oauth_error = "access_denied"
    http_status = 403
    vi = "Thông tin tài khoản chưa khớp với lần đăng nhập trước. Đến bộ phận một cửa để được kiểm tra."
    en = "The account does not agree with an earlier sign-in. Visit a one-stop desk to have it checked."
    fix = "Staff resolve the review; the portal offers to fill the form by hand."


class RegisterSilent(SignInFailure):
    """The portal takes only people the population register knows, and the register does not answer."""

    code = "GW-1305"
    title = "population register unavailable"
    oauth_error = "temporarily_unavailable"
    http_status = 503
    refused_by: RefusedBy = "source"
    vi = "Chưa đối chiếu được với CSDL quốc gia về dân cư. Thử lại sau ít phút."
    en = "Your identity could not be compared with the national population database. Try again in a few minutes."
    fix = 'Retry later; a portal that can go on without the comparison registers `match = "preferred"`.'


class RegisterKnowsNobody(SignInFailure):
    """The portal takes only people the register knows; it does not say whether they are absent or their data differ."""

    code = "GW-1306"
    title = "not found in the population register"
    refused_by: RefusedBy = "source"
    retryable = False
    vi = "CSDL quốc gia về dân cư không có người nào khớp với thông tin đăng nhập. Đến công an cấp xã để kiểm tra."
    en = "The national population database has nobody with these data. Ask the commune police to check them."
    fix = "Offer to fill the form by hand; the commune police correct the entry or the electronic identity."


class RegisterContradicts(SignInFailure):
    """The portal takes only people the register knows; its record bears another name or another sex."""

    code = "GW-1307"
    title = "population register contradicts the sign-in"
    refused_by: RefusedBy = "source"
    retryable = False
    vi = "Thông tin đăng nhập khác với CSDL quốc gia về dân cư. Đến công an cấp xã để kiểm tra."
    en = "The national population database says otherwise than the sign-in. Ask the commune police to check."
    fix = "Offer to fill the form by hand; the commune police correct the entry or the electronic identity."


class RegisterUndecided(SignInFailure):
    """The portal takes only people the register knows; several records, or a spelling a person has to judge."""

    code = "GW-1308"
    title = "population register gives no certain answer"
    refused_by: RefusedBy = "source"
    retryable = False
    vi = "Chưa xác định chắc chắn được ông/bà trong CSDL quốc gia về dân cư. Đến bộ phận một cửa để được kiểm tra."
    en = "The national population database gives no certain answer about you. Visit a one-stop desk to have it checked."
    fix = "Staff compare the papers; the portal offers to fill the form by hand."


class PortalClosed(Failure):
    """The citizen has blocked the portal: nothing is told to it, whatever session or notice there is."""

    code = "GW-1309"
    title = "blocked by the citizen"
    oauth_error = "access_denied"
    http_status = 403
    refused_by: RefusedBy = "citizen"
    vi = "Ông/bà đã chặn dịch vụ này. Không thông tin nào được gửi đi."
    en = "You have blocked this service. Nothing was sent to it."
    fix = "Only the citizen lifts the block, at `/me/connections`; offer to fill the form by hand."


class ReportUnknown(Failure):
    """No report of this person has this number."""

    code = "GW-1811"
    title = "report unknown"
    http_status = 404
    vi = "Không tìm thấy báo cáo này."
    en = "There is no such report."
    fix = "Copy the whole number (`BC-…`) from the page that gave it."


class InvalidGrant(Failure):
    """The code or refresh token is unknown, used, expired, revoked, or belongs to somebody else (RFC 6749 §5.2)."""

    code = "GW-1401"
    title = "grant refused"
    oauth_error = "invalid_grant"
    vi = "Thao tác quá lâu, bắt đầu lại."
    en = "It took too long. Start again."
    fix = "Start a new authorization request; a code works once and for a minute."


class InvalidProof(Failure):
    """The code verifier does not answer the challenge (RFC 7636 §4.6)."""

    code = "GW-1402"
    title = "code verifier refused"
    oauth_error = "invalid_grant"
    vi = "Thao tác quá lâu, bắt đầu lại."
    en = "It took too long. Start again."
    fix = "Send the verifier whose S256 hash was the code_challenge; none when none was sent."


class UnsupportedGrantType(Failure):
    """The grant type is not offered."""

    code = "GW-1403"
    title = "grant type not supported"
    oauth_error = "unsupported_grant_type"
    vi = _PAUSED_VI
    en = _PAUSED_EN
    fix = "Use authorization_code, refresh_token or client_credentials."


class InvalidTarget(Failure):
    """The resource is not known, not this client's, not granted, or one of several (RFC 8707 §2)."""

    code = "GW-1404"
    title = "resource refused"
    oauth_error = "invalid_target"
    vi = _PAUSED_VI
    en = _PAUSED_EN
    fix = "Name a `[[resource]]` as it is written, at `/token` one that was granted; the issuer names our own API."


class UnsupportedTokenType(Failure):
    """A signed token cannot be revoked: its resource does not ask us (RFC 7009 §2.2.1)."""

    code = "GW-1405"
    title = "token cannot be revoked"
    oauth_error = "unsupported_token_type"
    vi = _PAUSED_VI
    en = _PAUSED_EN
    fix = "Let the token expire: it lives five minutes at most; or give the resource opaque tokens."


class InvalidClient(Failure):
    """Client authentication failed (RFC 6749 §5.2); why stands in the operator log only."""

    code = "GW-1501"
    title = "client authentication failed"
    oauth_error = "invalid_client"
    http_status = 401
    vi = _PAUSED_VI
    en = _PAUSED_EN
    fix = "Check client_id, secret and the registered token_endpoint_auth_method."


class InvalidToken(Failure):
    """The access token is unknown, expired, revoked or malformed (RFC 6750 §3.1)."""

    code = "GW-1601"
    title = "access token refused"
    oauth_error = "invalid_token"
    http_status = 401
    vi = "Phiên làm việc đã hết. Đăng nhập lại để tiếp tục."
    en = "The session has ended. Sign in again to go on."
    fix = "Get a new access token; send it once, in one place."


class InsufficientScope(Failure):
    """The access token does not carry the scope this needs (RFC 6750 §3.1)."""

    code = "GW-1602"
    title = "scope too small"
    oauth_error = "insufficient_scope"
    http_status = 403
    vi = _PAUSED_VI
    en = _PAUSED_EN
    fix = "Ask for the scope at the authorization endpoint."


class ServerError(Failure):
    """A bug: the caller learns a code and a trace id, the operator the rest."""

    code = "GW-9001"
    title = "internal error"
    oauth_error = "server_error"
    http_status = 500
    vi = "Hệ thống gặp lỗi. Thử lại sau; nếu vẫn lỗi, gọi đường dây hỗ trợ và đọc mã hỗ trợ."
    en = "Something went wrong. Try again later; if it stays, call the help line with the support code."
    fix = "Find the trace id in the operator log."
