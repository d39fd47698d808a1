"""Every plan there is, and the plans that are still to come with the number of their modules."""

from tests.conformance.attacks import ATTACKS
from tests.conformance.backchannel import BACKCHANNEL
from tests.conformance.basic import BASIC
from tests.conformance.discovery import CONFIG
from tests.conformance.fapi import FAPI
from tests.conformance.fapi_relying_party import OWN, RP_FAPI, RP_SIGNING
from tests.conformance.fapi_signing import SIGNING
from tests.conformance.foreign_provider import FOREIGN
from tests.conformance.logout import LOGOUT
from tests.conformance.plan import Plan
from tests.conformance.relying_party import RP_BASIC, RP_CONFIG

OP_PLANS = (
    Plan(name="oidcc-basic-certification-test-plan", title="OpenID Connect Basic OP", count=38, modules=BASIC),
    Plan(
        name="oidcc-formpost-basic-certification-test-plan",
        title="OpenID Connect Form Post Basic OP: every answer of the authorization endpoint is posted",
        count=38,
        modules=BASIC,
        mode="form_post",
    ),
    Plan(name="oidcc-config-certification-test-plan", title="OpenID Connect Config OP", count=1, modules=CONFIG),
    Plan(
        name="oidcc-rp-initiated-logout-certification-test-plan",
        title="RP-Initiated Logout OP",
        count=11,
        modules=LOGOUT,
    ),
    Plan(
        name="oidcc-backchannel-rp-initiated-logout-certification-test-plan",
        title="Back-Channel Logout OP",
        count=2,
        modules=BACKCHANNEL,
    ),
    Plan(
        name="fapi2-security-profile-final-test-plan",
        title="FAPI 2.0 Security Profile OP: plain FAPI, OpenID Connect, private_key_jwt, DPoP",
        count=56,
        modules=FAPI,
    ),
    Plan(
        name="fapi2-message-signing-final-test-plan",
        title="FAPI 2.0 Message Signing OP: the same with every request signed, and what may be wrong with one",
        count=70,
        modules=(*FAPI, *SIGNING),
        mode="jar",
    ),
    Plan(
        name="fapi2-message-signing-final-test-plan-jarm",
        title="FAPI 2.0 Message Signing OP once more, with every answer signed, too: the variant `jarm` of that plan",
        count=70,
        modules=(*FAPI, *SIGNING),
        mode="jarm",
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
        name="fapi2-security-profile-final-client-test-plan",
        title="FAPI 2.0 Security Profile RP: plain FAPI, OpenID Connect, private_key_jwt, DPoP",
        count=24,
        modules=RP_FAPI,
    ),
    Plan(
        name="fapi2-message-signing-final-client-test-plan",
        title="FAPI 2.0 Message Signing RP: the same with every request and every answer signed",
        count=32,
        modules=RP_SIGNING,
    ),
    Plan(
        name="gate06-relying-party-fapi2",
        title="Our own: an identity provider of FAPI 2.0 that refuses, asks without end, or binds nothing",
        count=8,
        modules=OWN,
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
        count=7,
        modules=FOREIGN,
    ),
)
PLANS = (*OP_PLANS, *RP_PLANS)
TO_COME: dict[str, int] = {}
