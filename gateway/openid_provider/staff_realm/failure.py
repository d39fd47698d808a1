"""What the staff realm refuses: the device grant in the words of RFC 8628 §3.5, and accounts it cannot believe."""

from gateway.vocabulary.failure import Failure, RefusedBy


class AuthorizationPending(Failure):
    """Nobody has confirmed the code yet (RFC 8628 §3.5)."""

    code = "GW-1411"
    title = "authorization pending"
    oauth_error = "authorization_pending"
    vi = "Chưa có ai xác nhận mã. Chờ rồi hỏi lại."
    en = "Nobody has confirmed the code yet. Wait, then ask again."
    fix = "Ask again after `interval` seconds; a person has to confirm the code at `verification_uri`."


class SlowDown(Failure):
    """The client asks faster than it was told to; its interval grows by five seconds (RFC 8628 §3.5)."""

    code = "GW-1412"
    title = "asked too often"
    oauth_error = "slow_down"
    vi = "Hỏi quá nhanh. Chờ lâu hơn rồi hỏi lại."
    en = "Asked too fast. Wait longer, then ask again."
    fix = "Add five seconds to the interval, for this and every later question."


class ExpiredDeviceCode(Failure):
    """Nobody confirmed the code in time (RFC 8628 §3.5)."""

    code = "GW-1413"
    title = "device code expired"
    oauth_error = "expired_token"
    vi = "Mã đã hết hạn. Chạy lại lệnh để có mã mới."
    en = "The code has expired. Run the command again for a new one."
    fix = "Start again at the device authorization endpoint; a code lives ten minutes."


class CommandRefused(Failure):
    """The member of staff refused the command (RFC 8628 §3.5)."""

    code = "GW-1414"
    title = "the command was refused"
    oauth_error = "access_denied"
    vi = "Cán bộ đã từ chối lệnh này."
    en = "The command was refused at the confirmation page."
    fix = "Nothing was granted. If it was a slip, run `gate06 login` again."


class TooManyCodes(Failure):
    """Somebody typed more codes than a person does: guessing is stopped per member of staff (RFC 8628 §5.1)."""

    code = "GW-1415"
    title = "too many codes tried"
    http_status = 429
    oauth_error = "access_denied"
    vi = "Đã thử quá nhiều mã. Chờ 15 phút rồi thử lại."
    en = "Too many codes were tried. Wait 15 minutes, then try again."
    fix = "Wait; then run `gate06 login` again and type the code it shows."


class DeviceLoginOff(Failure):
    """No identity provider of the staff realm is set up, so no command can be signed in."""

    code = "GW-1416"
    title = "staff sign-in is not set up"
    http_status = 404
    oauth_error = "unauthorized_client"
    vi = "Cổng này chưa thiết lập đăng nhập cho cán bộ."
    en = "Staff sign-in is not set up at this gateway."
    fix = 'Add an `[[identity_provider]]` with `realm = "staff"` to the settings.'


class StaffAccountContradicts(Failure):
    """An account shows another staff number than it did, or a number that belongs to somebody else's account."""

    code = "GW-2404"
    title = "staff account contradicts what is known"
    http_status = 403
    oauth_error = "access_denied"
    refused_by: RefusedBy = "gateway"
    vi = "Tài khoản cán bộ không khớp với lần đăng nhập trước. Liên hệ người quản trị."
    en = "The staff account does not agree with an earlier sign-in. Ask the administrator."
    fix = "An upstream account changed hands or its staff number was corrected: look at the staff register."


class NotForStaff(Failure):
    """A token of a citizen's sign-in, or of a portal itself, was shown where an officer's belongs."""

    code = "GW-1603"
    title = "not a token of the staff realm"
    http_status = 401
    oauth_error = "invalid_token"
    vi = "Cần phiên đăng nhập của cán bộ."
    en = "A staff sign-in is needed."
    fix = "Sign in as staff: `gate06 login`, or the desk's own sign-in."


class PageOutdated(Failure):
    """A form of the operators' pages that is not of the officer who is signed in, or of a sign-in that has ended."""

    code = "GW-1417"
    title = "page of another sign-in"
    vi = "Trang này được mở trước lần đăng nhập hiện tại. Chưa có gì được thực hiện. Mở lại trang và bấm lại."
    en = "This page was opened before the present sign-in. Nothing was done. Open the page again and press once more."
    fix = "Open the page again: a page stays good while the same officer signs in anew in the same browser."
