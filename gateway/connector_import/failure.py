"""Why a description cannot become a connector (CN-190)."""

from gateway.connector_runtime.failure import ConnectorFailure


class DescriptionChanged(ConnectorFailure):
    """A description is another one than the manifest was made from."""

    code = "CN-160"
    title = "service description changed"
    vi = "Tài liệu mô tả dịch vụ đã khác với bản dùng để tạo kết nối."
    en = "The service's description is not the one the connector was made from."
    fix = (
        "Import it under another name and compare the two manifests; take over what changed, then write the hash that "
        "the message names as `endpoint.description_hash`."
    )


class DescriptionRefused(ConnectorFailure):
    """A description that cannot be read, is not safe to read, or describes no question about one person.

    The detail is `file: place: what`.
    """

    code = "CN-190"
    title = "service description cannot be imported"
    vi = "Không chuyển được tài liệu mô tả dịch vụ thành kết nối."
    en = "The service's description cannot be made into a connector."
    fix = (
        "Correct the place that the message names; for a service of several operations choose one by `--operation`. "
        "`gate06 connector new` makes a folder without a description."
    )
