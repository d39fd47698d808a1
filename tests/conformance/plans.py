"""Every plan there is, and the plans that are still to come with the number of their modules (protocol.md §1.1)."""

from tests.conformance.basic import BASIC
from tests.conformance.discovery import CONFIG
from tests.conformance.logout import LOGOUT
from tests.conformance.plan import Plan

PLANS = (
    Plan(name="oidcc-basic-certification-test-plan", title="OpenID Connect Basic OP", count=38, modules=BASIC),
    Plan(name="oidcc-config-certification-test-plan", title="OpenID Connect Config OP", count=1, modules=CONFIG),
    Plan(
        name="oidcc-rp-initiated-logout-certification-test-plan",
        title="RP-Initiated Logout OP",
        count=11,
        modules=LOGOUT,
    ),
)
TO_COME = {
    "oidcc-formpost-basic-certification-test-plan": 38,
    "oidcc-backchannel-rp-initiated-logout-certification-test-plan": 2,
    "fapi2-security-profile-final-test-plan": 56,
    "fapi2-message-signing-final-test-plan": 70,
    "oidcc-client-basic-certification-test-plan": 16,
    "oidcc-client-config-certification-test-plan": 6,
    "fapi2-security-profile-final-client-test-plan": 24,
}
