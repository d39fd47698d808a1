"""How storage fails beyond `StorageUnavailable`."""

from gateway.vocabulary.failure import Failure
from gateway.vocabulary.store import StorageUnavailable


class SealBroken(StorageUnavailable):
    """A stored row does not open with the key and address it belongs to: altered, swapped or foreign."""

    code = "GW-9003"
    title = "stored record refused"
    http_status = 500
    oauth_error = "server_error"
    vi = "Hệ thống từ chối một bản ghi không toàn vẹn. Hãy đăng nhập lại hoặc báo đơn vị vận hành."
    en = "The service refused a stored record that is not intact. Sign in again or tell the operator."
    fix = "A row was altered or moved outside the gateway: compare it with a backup and read the database log."


class MasterKeyWrong(Failure):
    """The master key does not open this store."""

    code = "GW-9004"
    title = "master key does not open this store"
    http_status = 500
    vi = "Khóa chủ không mở được kho dữ liệu này."
    en = "The master key does not open this store."
    fix = "Start with the master key the store was made with, and list it as retired while you rotate to a new one."


class StoreMissing(Failure):
    """There is no database at the address, and a verb that only reads makes none."""

    code = "GW-9006"
    title = "no database there"
    http_status = 404
    vi = "Không có kho dữ liệu ở địa chỉ này."
    en = "There is no database at this address."
    fix = "Correct `--store`, or start `gate06 serve` once: it makes the database."


class StoreMisfit(Failure):
    """The store URL, the database or Redis is not what this version needs."""

    code = "GW-9005"
    title = "store does not fit"
    http_status = 500
    vi = "Cấu hình kho dữ liệu không phù hợp với phiên bản này."
    en = "The store does not fit this version of the gateway."
    fix = "Read the detail: mend the store URL, run the migrations, or upgrade PostgreSQL to 15 and Redis to 7.0."
