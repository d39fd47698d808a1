"""Every plan there is, and the plans that are still to come with the number of their modules (protocol.md §1.1)."""

from tests.conformance.attacks import ATTACKS
from tests.conformance.basic import BASIC
from tests.conformance.discovery import CONFIG
from tests.conformance.foreign_provider import FOREIGN
from tests.conformance.logout import LOGOUT
from tests.conformance.plan import Plan
from tests.conformance.relying_party import RP_BASIC, RP_CONFIG

OP_PLANS = (
    Plan(name="oidcc-basic-certification-test-plan", title="OpenID Connect Basic OP", count=38, modules=BASIC),
    Plan(name="oidcc-config-certification-test-plan", title="OpenID Connect Config OP", count=1, modules=CONFIG),
    Plan(
        name="oidcc-rp-initiated-logout-certification-test-plan",
        title="RP-Initiated Logout OP",
        count=11,
        modules=LOGOUT,
    ),
)
RP_PLANS = (
    Plan(
        name="oidcc-client-basic-certification-test-plan",
        title="OpenID Connect Basic RP: the gateway towards identity providers",
        count=16,
        modules=RP_BASIC,
    ),
    Plan(
        name="oidcc-client-config-certification-test-plan",
        title="OpenID Connect Config RP",
        count=6,
        modules=RP_CONFIG,
    ),
    Plan(
        name="gate06-relying-party-attacks",
        title="Our own: what an identity provider, or somebody between, may try on the gateway as relying party",
        count=18,
        modules=ATTACKS,
    ),
    Plan(
        name="gate06-relying-party-npm",
        title="Our own: npm oidc-provider as identity provider",
        count=4,
        modules=FOREIGN,
    ),
)
PLANS = (*OP_PLANS, *RP_PLANS)
TO_COME = {
    "oidcc-formpost-basic-certification-test-plan": 38,
    "oidcc-backchannel-rp-initiated-logout-certification-test-plan": 2,
    "fapi2-security-profile-final-test-plan": 56,
    "fapi2-message-signing-final-test-plan": 70,
    "fapi2-security-profile-final-client-test-plan": 24,
}
