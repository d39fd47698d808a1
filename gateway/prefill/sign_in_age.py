"""How old a sign-in may be for a procedure's form, and the challenge where it is older (RFC 9470).

Only age is answered so: a level that is too low is not raised by signing in again (design.md §3). An officer's sign-in
is measured nowhere: the procedure speaks of the citizen's, and nobody at a desk is the citizen.
"""

from datetime import datetime, timedelta

from gateway.policy.procedure import Procedure
from gateway.prefill.bearer import Bearer
from gateway.tokens.jose import DPOP_PROOF
from gateway.vocabulary.assurance_level import reaches
from gateway.vocabulary.failure import Failure, RefusedBy

_ALGS = " ".join(sorted(DPOP_PROOF.algorithms))


class SignInTooOld(Failure):
    """The person authenticated longer ago than the procedure allows: a new sign-in mends it (RFC 9470 §3)."""

    code = "GW-1606"
    title = "sign-in too old"
    oauth_error = "insufficient_user_authentication"
    http_status = 401
    refused_by: RefusedBy = "policy"
    vi = "Thủ tục này chỉ điền sẵn khi ông/bà vừa đăng nhập. Đăng nhập lại để tiếp tục; những gì đã điền vẫn còn."
    en = "This procedure is filled only soon after a sign-in. Sign in again to go on; what you filled in stays."
    fix = (
        "Send the person to `/authorize` with the `max_age` of the answer's `WWW-Authenticate` header, then ask again "
        "with the new token."
    )

    def __init__(self, max_age_s: int = 0, *, bound: bool = False) -> None:
        detail = f"the sign-in is older than {max_age_s} s: ask for a new one with `max_age`"
        scheme = f'DPoP realm="gate06", algs="{_ALGS}"' if bound else 'Bearer realm="gate06"'
        challenge = (
            f'{scheme}, error="{self.oauth_error}", '
            f'error_description="The sign-in is older than the procedure allows", max_age="{max_age_s}"'
        )
        super().__init__(detail, headers={"WWW-Authenticate": challenge})


def require_recent_sign_in(bearer: Bearer, procedure: Procedure, now: datetime) -> None:
    """Let a citizen's request through whose sign-in is young enough for the procedure, or that a new one would not
    mend. Raises SignInTooOld."""
    allowed, citizen = procedure.max_age_s, bearer.citizen
    if allowed is None or citizen is None or bearer.officer is not None:
        return
    if not reaches(procedure.level_of(citizen.account_level, citizen.organisation), procedure.minimum_level):
        return  # the rules refuse it, with 403
    if bearer.auth_time is None or now - bearer.auth_time > timedelta(seconds=allowed):
        raise SignInTooOld(allowed, bound=bearer.bound)
