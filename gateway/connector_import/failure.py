"""Why a description cannot become a connector (CN-190)."""

from gateway.connector_runtime.failure import ConnectorFailure


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
