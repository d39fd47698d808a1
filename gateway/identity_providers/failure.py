"""What an operator got wrong about an identity provider: found when the gateway starts, never during a sign-in."""

from gateway.vocabulary.failure import Failure


class IdentityProviderMisconfigured(Failure):
    """A table `[[identity_provider]]` cannot be turned into a provider; `detail` names the alias and the member."""

    code = "GW-9011"
    title = "identity provider misconfigured"
    http_status = 500
    vi = "Dịch vụ đăng nhập chưa được thiết lập xong."
    en = "The sign-in service is not set up completely."
    fix = "Mend the named member of `[[identity_provider]]` in `gate06.toml`, then start again."
