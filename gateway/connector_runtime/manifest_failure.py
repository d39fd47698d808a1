"""What is wrong with a connector that has no code, found before anybody is asked (CN-1xx, authoring)."""

from gateway.connector_runtime.failure import ConnectorFailure


class InlineSecret(ConnectorFailure):
    """A manifest holds what looks like a secret itself, not the name of one."""

    code = "CN-107"
    title = "secret inside a manifest"
    vi = "Tệp khai báo kết nối chứa bí mật; chỉ được ghi tên của bí mật."
    en = "The connector's manifest holds a secret; it may only name one."
    fix = (
        "Write a short name as `secret_ref`, or `{secret:NAME}` where the service wants it in query, header or body, "
        "and put the secret into a file that `secret_files` of the settings names. Replace a secret that stood here."
    )


class TemplateWrong(ConnectorFailure):
    """A template uses an input nobody declared, or is no template."""

    code = "CN-108"
    title = "template cannot be filled"
    vi = "Mẫu câu hỏi dùng đầu vào chưa khai báo hoặc viết sai."
    en = "A template uses an input that is not declared, or cannot be read."
    fix = "Declare the input in `inputs`, or correct the slot that the message names."


class FieldWrong(ConnectorFailure):
    """A field row cannot be compiled: a path, an expression, a code list."""

    code = "CN-109"
    title = "field row cannot be used"
    vi = "Một dòng trường dữ liệu không dùng được."
    en = "A field row cannot be used."
    fix = "Correct the member of the row that the message names; the connector guide lists what may stand there."


class SecretUnnamed(ConnectorFailure):
    """`auth.secret_ref` or a slot `{secret:NAME}` names a secret that the operator's settings do not have."""

    code = "CN-110"
    title = "secret is not in the settings"
    vi = "Cấu hình không có bí mật mà tệp khai báo kết nối nhắc đến."
    en = "The settings hold no secret of the name that the manifest gives."
    fix = (
        "Add `[connectors.NAME.secret_files]` with that name and the path of the file that holds the secret; "
        "`gate06 connector try` and `examine` take it by `--secret-file NAME=FILE`."
    )


class AttributeUnlisted(ConnectorFailure):
    """A field's `to` is in no catalogue file, or of another type there."""

    code = "CN-111"
    title = "field does not fit the catalogue"
    vi = "Trường dữ liệu không có trong danh mục thuộc tính hoặc khác kiểu."
    en = "The field is not in the attribute catalogue, or is of another type there."
    fix = "Correct `to` or `type`, or add the attribute (label, type, mask, class, correction) under `attributes/`."


class PathFindsNothing(ConnectorFailure):
    """A path finds nothing in any sample."""

    code = "CN-112"
    title = "path finds nothing in the samples"
    vi = "Đường dẫn không tìm thấy gì trong các mẫu trả lời."
    en = "A path finds nothing in any sample."
    fix = "Write the path as the samples have it; the message names the nearest one."


class SampleDiffers(ConnectorFailure):
    """A sample maps to something else than its expected outcomes."""

    code = "CN-113"
    title = "sample maps to something else"
    vi = "Kết quả đọc mẫu khác với kết quả mong đợi."
    en = "A sample maps to something else than expected."
    fix = "Correct the field row, or the `.expected.json` beside the sample when the row is right."


class TooFewSamples(ConnectorFailure):
    """A connector without three pairs of sample and expected outcomes."""

    code = "CN-114"
    title = "too few samples"
    vi = "Kết nối cần ít nhất ba mẫu trả lời có kết quả mong đợi."
    en = "A connector needs three samples with expected outcomes at least."
    fix = "Record one with `gate06 connector try --persona N --record`, for three invented people."


class DateWithoutDay(ConnectorFailure):
    """A date field that wants a day met one without."""

    code = "CN-115"
    title = "date without a day"
    vi = "Ngày tháng trong mẫu không có ngày mà trường yêu cầu đủ ngày."
    en = "A sample's date has no day and the field wants one."
    fix = 'Write `precision = "from_source"` in the row: the year stays a year.'


class HostNotAllowed(ConnectorFailure):
    """A source's address is not among the manifest's hosts."""

    code = "CN-120"
    title = "host is not allowed"
    vi = "Địa chỉ hệ thống nguồn không nằm trong danh sách được phép của kết nối."
    en = "The source's address is not among the hosts the connector may reach."
    fix = "Correct `url`, or add the host to `endpoint.allowed_hosts`; that is a change to be approved."


class SourceKeysUnfit(ConnectorFailure):
    """The keys of a source that signs its answers cannot be read."""

    code = "CN-180"
    title = "keys of the source cannot be used"
    vi = "Không đọc được khóa công khai của hệ thống nguồn."
    en = "The source's public keys cannot be read."
    fix = "Put the JWK Set that the source publishes, public members alone, into the file that `secret_files` names."


class CredentialUnfit(ConnectorFailure):
    """A key or certificate that the gateway proves itself with, or believes, cannot be used."""

    code = "CN-181"
    title = "key or certificate cannot be used"
    vi = "Khóa hoặc chứng thư số của kết nối không dùng được."
    en = "A key or certificate of the connector cannot be used."
    fix = "`gate06 connector credentials NAME` names the file and what is wrong: kind, strength, days, permissions."


class TransportReserved(ConnectorFailure):
    """A connector names a bus whose protocol is not published yet."""

    code = "CN-182"
    title = "transport is kept for later"
    vi = "Trục kết nối này chưa được công bố nên chưa dùng được."
    en = "The protocol of this bus is not published yet, so it cannot be used."
    fix = "Use `ndxp` or a bus of the province until it is; docs/connector_transports.md says where it will go."


class CredentialsRefused(ConnectorFailure):
    """The source refused who asked."""

    code = "CN-131"
    title = "source refused the credentials"
    vi = "Hệ thống nguồn từ chối thông tin xác thực của cổng kết nối."
    en = "The source refused the gateway's credentials."
    fix = "Replace the file that `secret_files` names, or have the account enabled at the source."


class ViewWritable(ConnectorFailure):
    """The role of a view may do more than read it: write, read elsewhere, create, or act as another role."""

    code = "CN-170"
    title = "role of the view can do more than read it"
    vi = "Tài khoản cơ sở dữ liệu của kết nối có quyền ngoài việc đọc khung nhìn."
    en = "The connector's database role can do more than read the view."
    fix = (
        "Run the statement that the message names as the database's owner, and test again until nothing more is found: "
        "the role may have SELECT on the one view and nothing else."
    )


class ViewUnfit(ConnectorFailure):
    """A view lacks a column the manifest names, one to look up by is no text, or one that is told no single value."""

    code = "CN-171"
    title = "view does not fit the manifest"
    vi = "Khung nhìn dữ liệu không khớp với tệp khai báo kết nối."
    en = "The view does not fit the manifest."
    fix = "Correct the column that the message names, in the view or in the manifest."
