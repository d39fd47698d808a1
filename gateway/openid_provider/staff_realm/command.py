"""The client that the command `gate06` is: public, of the staff realm, by the device grant alone."""

from gateway.openid_provider.client_rules import DEVICE_GRANT
from gateway.openid_provider.clients import Portal

COMMAND_CLIENT = "gate06-cli"
OPERATE = "operate"
"""The scope of a command that acts for an operator."""


def command_client() -> Portal:
    """Return the built-in client; a gateway without a staff realm has none."""
    return Portal.model_validate(
        {
            "client_id": COMMAND_CLIENT,
            "client_name": "Lệnh gate06",
            "client_name#en": "The command gate06",
            "token_endpoint_auth_method": "none",
            "grant_types": [DEVICE_GRANT],
            "scope": OPERATE,
            "realm": "staff",
        }
    )
