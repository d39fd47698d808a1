"""Whether an upstream can do what its table asks of it, by its own discovery document.

Asked before a browser is sent there, and by `gate06 doctor`: what does not fit is named with both members, the
document's and the table's, instead of failing in the middle of somebody's sign-in.
"""

from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.identity_providers.contract import UpstreamAnswerInvalid
from gateway.identity_providers.discovery import Metadata
from gateway.identity_providers.profiles import PROFILES

PROOF_ALG = "ES256"
"""What our proofs of possession are signed with."""


def pushes(settings: IdentityProviderSettings, metadata: Metadata) -> bool:
    """Tell whether requests are pushed: the table or the document demands it (RFC 9126 §5)."""
    return settings.require_pushed_authorization_requests or metadata.demands_pushed_requests


def require_capable(settings: IdentityProviderSettings, metadata: Metadata) -> None:
    """Return when document and table fit. Raises UpstreamAnswerInvalid naming the members that do not."""
    signed = settings.response_mode == "jwt"
    if pushes(settings, metadata) and metadata.pushed_authorization_request_endpoint is None:
        raise _unfit("pushed_authorization_request_endpoint", "missing", "requests are to be pushed")
    if settings.dpop_bound_access_tokens and not _offers(metadata.dpop_algorithms, {PROOF_ALG}):
        raise _unfit("dpop_signing_alg_values_supported", f"without {PROOF_ALG}", "`dpop_bound_access_tokens` wants it")
    if signed and not _offers(metadata.response_modes, {"jwt", "query.jwt"}):
        raise _unfit("response_modes_supported", "without jwt", '`response_mode = "jwt"` wants it')
    if metadata.demands_signed_requests and not settings.require_signed_request_object:
        raise _unfit("require_signed_request_object", "true", "set the member of the same name")
    if PROFILES[settings.profile].demands_issuer and not signed and not metadata.answers_with_issuer:
        said = f"the profile `{settings.profile}` wants `iss` in every answer"
        raise _unfit("authorization_response_iss_parameter_supported", "not true", said)


def _offers(offered: frozenset[str] | None, wanted: set[str]) -> bool:
    """Tell whether one of `wanted` is offered; a document that lists nothing forbids nothing."""
    return offered is None or bool(offered & wanted)


def _unfit(member: str, found: str, wanted: str) -> UpstreamAnswerInvalid:
    return UpstreamAnswerInvalid(operator_detail=f"discovery: `{member}` is {found}; {wanted}")
