"""What the log refuses to answer, and what it says of itself when it is not well."""

from gateway.vocabulary.failure import Failure


class LogQuestionMalformed(Failure):
    """A parameter of a log question is missing, repeated, not a number, or out of the log's range."""

    code = "GW-1701"
    title = "malformed question to the log"
    http_status = 400
    vi = "Câu hỏi gửi tới nhật ký bằng chứng không đúng dạng."
    en = "The question to the evidence log is malformed."
    fix = "`from` and `to` are tree sizes with 1 ≤ from ≤ to ≤ the size of the latest checkpoint; `receipt` is an id."


class ReceiptUnknown(Failure):
    """No event has this receipt."""

    code = "GW-1702"
    title = "receipt unknown"
    http_status = 404
    vi = "Không tìm thấy biên nhận này."
    en = "There is no such receipt."
    fix = "Copy the whole id (`rc_…` or `rf_…`) from the answer that named it."


class NotYetIncluded(Failure):
    """The event is stored and no checkpoint covers it yet."""

    code = "GW-1703"
    title = "not yet covered by a checkpoint"
    http_status = 404
    vi = "Sự kiện đã lưu, đang chờ đưa vào nhật ký. Thử lại sau một giây."
    en = "The event is stored and waits for the next checkpoint. Try again in a second."
    fix = "Ask again after `retry_after` seconds; if it stays so, the sequencer stands still: see `gate06 doctor`."


class ReceiptNotYours(Failure):
    """A receipt was asked for by a client it does not concern."""

    code = "GW-1704"
    title = "receipt concerns another client"
    http_status = 403
    vi = "Biên nhận này thuộc về hệ thống khác."
    en = "This receipt concerns another client."
    fix = "Ask with a token of the client whose request got the receipt."


class TileUnknown(Failure):
    """A tile path that names no tile of the log."""

    code = "GW-1705"
    title = "no such tile"
    http_status = 404
    vi = "Không có mảnh nhật ký này."
    en = "The log has no such tile."
    fix = "Derive tile paths from a checkpoint's size as C2SP tlog-tiles says; entry bundles are not public."


class CheckpointMissing(Failure):
    """The log has no checkpoint yet."""

    code = "GW-1706"
    title = "no checkpoint yet"
    http_status = 404
    vi = "Nhật ký chưa có điểm chốt nào."
    en = "The log has no checkpoint yet."
    fix = "The first checkpoint is signed within a second after the first event."


class CallerUnknown(Failure):
    """A receipt was asked for without saying who asks."""

    code = "GW-1707"
    title = "caller unknown"
    http_status = 401
    oauth_error = "invalid_token"
    vi = "Cần mã truy cập của hệ thống để xem biên nhận."
    en = "A client's access token is needed to see a receipt."
    fix = "Send `Authorization: Bearer` with an access token the client got by client_credentials."


class LogDamaged(Failure):
    """The stored tree contradicts itself or a checkpoint: nothing more is signed over it."""

    code = "GW-9201"
    title = "evidence log damaged"
    http_status = 503
    vi = "Nhật ký bằng chứng đang được kiểm tra."
    en = "The evidence log is being examined."
    fix = "Run `gate06 audit verify`: it names the first bad index. Restore the database; never rebuild the log."
