"""What is refused on a connector's way into service (CN-2xx), and how each refusal is mended."""

from gateway.vocabulary.failure import Failure


class ReleaseUnknown(Failure):
    """No version with this number was ever handed in."""

    code = "CN-201"
    title = "connector version unknown"
    http_status = 404
    vi = "Không có phiên bản kết nối này."
    en = "There is no such version of a connector."
    fix = "See `gate06 connector list`; a version is handed in with `gate06 connector submit FOLDER`."


class VersionTaken(Failure):
    """The number was submitted before: what is decided about it counts for the content it had then."""

    code = "CN-202"
    title = "version number is taken"
    http_status = 409
    vi = "Số phiên bản này đã được nộp; nội dung mới cần số mới."
    en = "This version was submitted before; other content needs another number."
    fix = "Raise `version` in the manifest; `gate06 connector diff` says by how much at least."


class StepOutOfOrder(Failure):
    """The version is not in a state in which this can be done."""

    code = "CN-203"
    title = "step out of order"
    http_status = 409
    vi = "Phiên bản kết nối chưa ở bước cho phép làm việc này."
    en = "The version is not at the step where this can be done."
    fix = "Look at its state; the order is draft, tested, submitted, approved, published, suspended, retired."


class ReportRefused(Failure):
    """The exam's report is about something else, is not whole (checks, service, edition), or holds a failed check."""

    code = "CN-204"
    title = "exam report refused"
    http_status = 422
    vi = "Báo cáo kiểm tra không dùng được cho phiên bản này."
    en = "The exam's report does not count for this version."
    fix = (
        "Run `gate06 connector test FOLDER --service URL --json FILE` on exactly this manifest, mend what fails, "
        "and hand in the new report whole."
    )


class VersionTooSmall(Failure):
    """The number promises less change than there is."""

    code = "CN-205"
    title = "version number too small"
    http_status = 409
    vi = "Số phiên bản nhỏ hơn mức thay đổi."
    en = "The version number is too small for what changed."
    fix = "Use the number that is named: removed or changed fields need a new major, added ones a new minor."


class ApproverPrepared(Failure):
    """Whoever drafted, tested or submitted a version cannot be one of the two who approve it."""

    code = "CN-206"
    title = "whoever prepared it cannot approve it"
    http_status = 403
    vi = "Người soạn hoặc nộp phiên bản không được phê duyệt phiên bản đó."
    en = "Whoever prepared or submitted a version cannot approve it."
    fix = "Two other members of staff approve it, each signed in with their own account."


class ApprovedByYou(Failure):
    """Two approvals are two persons; an account more is not another person."""

    code = "CN-207"
    title = "one person approves once"
    http_status = 409
    vi = "Ông/bà đã phê duyệt; cần thêm một người khác."
    en = "You have approved it already; somebody else has to, too."
    fix = "Ask a colleague with the role; two accounts of one person count as one."


class ContentChanged(Failure):
    """What is approved or published is named by its hashes, and these are not those of the version."""

    code = "CN-208"
    title = "content is not what was seen"
    http_status = 409
    vi = "Nội dung không còn đúng với bản đã xem hoặc đã duyệt."
    en = "The content is not the one that was seen or approved."
    fix = "Look at the version again, then name its `manifest_sha256` and `report_sha256`."


class ReleaseChanged(Failure):
    """Somebody else took a step with this version at the same moment."""

    code = "CN-209"
    title = "version changed meanwhile"
    http_status = 409
    vi = "Phiên bản này vừa được người khác xử lý."
    en = "Somebody else has just taken a step with this version."
    fix = "Look at its state and try again if it is still wanted."


class StillNeeded(Failure):
    """Retiring it would empty fields that are used: within 30 days, or before 90 days beside a new major are over."""

    code = "CN-210"
    title = "connector is still needed"
    http_status = 409
    vi = "Kết nối đang được dùng; ngừng hẳn sẽ làm trống các mục đã nêu."
    en = "The connector is in use; retiring it would empty what is named."
    fix = "Look at `gate06 connector impact`, choose a later `on`, or force it with a reason."


class StepMalformed(Failure):
    """The body of a step is not JSON, lacks something or holds what nobody reads."""

    code = "CN-211"
    title = "step's body is malformed"
    http_status = 400
    vi = "Yêu cầu thiếu hoặc sai giá trị."
    en = "The request lacks a value or holds a wrong one."
    fix = "Correct the member that `reason` names; `/openapi.json` describes the body."


class PackageUnnamed(Failure):
    """A code connector runs code of a package: submission and approvals name that package and its version."""

    code = "CN-212"
    title = "package not named"
    http_status = 409
    vi = "Kết nối bằng mã phải nêu đúng gói phần mềm và phiên bản gói."
    en = "A code connector needs its package and the package's version named."
    fix = "Submit with `package`, and approve with the same `package`; a connector without code names none."


class ManifestRefused(Failure):
    """The manifest that was handed in cannot be read, or is of another connector or version."""

    code = "CN-213"
    title = "manifest refused"
    http_status = 422
    vi = "Tệp khai báo kết nối không hợp lệ."
    en = "The connector's manifest is not valid."
    fix = "Correct what `reason` names; `gate06 connector check FOLDER` finds the rest."


class StepTooLarge(Failure):
    """A manifest or a report is longer than anybody writes."""

    code = "CN-214"
    title = "body too large"
    http_status = 413
    vi = "Nội dung gửi lên quá dài."
    en = "What was sent is too long."
    fix = "A manifest has at most 256 KiB, a report at most 256 KiB, a body at most 640 KiB."


class AttributeUnknown(Failure):
    """The catalogue has no attribute with this id."""

    code = "CN-215"
    title = "attribute unknown"
    http_status = 404
    vi = "Danh mục không có thông tin này."
    en = "The catalogue has no such attribute."
    fix = "See `GET /v1/attributes`; ids are those of `policies/attributes`."


class NotQuarantined(Failure):
    """There is no quarantine to end: none was found, its version was mended, or somebody released it already."""

    code = "CN-216"
    title = "connector is not quarantined"
    http_status = 404
    vi = "Kết nối này không bị cách ly."
    en = "This connector is not quarantined."
    fix = "See `/v1/quarantines` or `gate06 doctor`: they name what is quarantined, by its table in the settings."
