"""What a notice page is about, and the words on it that the provider itself knows: who the person is, and which
identity claims are told."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from gateway.consent.notice import Notice
from gateway.openid_provider.authorization import AuthorizationRequest, resource_tokens
from gateway.openid_provider.claims import profile_claims
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.profiles import PROCEDURE_SCOPE, is_own_scope
from gateway.openid_provider.screens import Text
from gateway.policy.bundle import PolicyBundle
from gateway.vocabulary.citizen import Citizen

_NAME: Text = {"vi": "Họ, chữ đệm và tên", "en": "Full name"}
_NUMBER: Text = {"vi": "Số định danh cá nhân", "en": "Personal identification number"}
_PASSPORT: Text = {"vi": "Số hộ chiếu", "en": "Passport number"}
_ORGANISATION: Text = {"vi": "Thay mặt tổ chức", "en": "On behalf of the organisation"}
_TAX_CODE: Text = {"vi": "Mã số thuế của tổ chức", "en": "Tax code of the organisation"}
_BIRTH: Text = {"vi": "Ngày, tháng, năm sinh", "en": "Date of birth"}
_SEX: Text = {"vi": "Giới tính", "en": "Sex"}
_BIRTH_IF_KNOWN: Text = {"vi": "Ngày, tháng, năm sinh (nếu có)", "en": "Date of birth (if known)"}
_SEX_IF_KNOWN: Text = {"vi": "Giới tính (nếu có)", "en": "Sex (if known)"}
_PSEUDONYM: Text = {"vi": "Mã riêng của ông/bà tại dịch vụ này", "en": "A code for you at this service alone"}
_RESOURCE, _CLAIM = "resource:", "claim:"
_USE: Text = {"vi": "Sử dụng {name} thay ông/bà", "en": "Use of {name} on your behalf"}
_OFFLINE: Text = {"vi": "Truy cập sau khi ông/bà đăng xuất", "en": "Access after you have signed out"}


def notice_of(request: AuthorizationRequest, citizen: Citizen, portal: Portal, policy: PolicyBundle) -> Notice:
    """Return what the notice page of a request is about, and what is told after it."""
    return Notice(
        citizen_id=citizen.id,
        acting=citizen.acting,
        client_id=request.client_id,
        scopes=sorted(
            {
                *request.scopes,
                *resource_tokens(request.resources),
                *(PROCEDURE_SCOPE + code for code in request.procedures),
            }
        ),
        about_form=bool(request.procedures),
        dossier=request.dossier,
        told=_told_names(request, citizen, portal, policy),
    )


def _told_names(
    request: AuthorizationRequest, citizen: Citizen, portal: Portal, policy: PolicyBundle
) -> frozenset[str]:
    """Return the names of what a sign-in tells of this very citizen, and of what a form may tell this portal.

    The form's page lists every attribute with its source, whether it has a value yet or not; the book decides what of
    it is told, so another book is another page.
    """
    names = {f"claim:{name}" for claim in told_claims(request.asked, citizen) for name in claim.names}
    for code in request.procedures:
        procedure = policy.procedures.get(code)  # one that does not exist is refused elsewhere
        if procedure is not None:
            limit = procedure.attributes_for("self") if portal.attributes is None else set(portal.attributes)
            names |= {f"{code}:{name}" for name in procedure.attributes_for("self") & limit}
            names.add(f"book:{policy.bundle_id}")
    return frozenset(names)


def masked(text: str, *, head: int, tail: int) -> str:
    """Return the text with its middle hidden; too short a text is hidden whole."""
    hidden = len(text) - head - tail
    if hidden < 1:
        return "•" * len(text)
    return text[:head] + "•" * hidden + text[len(text) - tail :]


def identity_rows(citizen: Citizen) -> tuple[tuple[Text, str, str], ...]:
    """Return (label, masked, full) of who the citizen is."""
    rows = [(_NAME, citizen.full_name, citizen.full_name)]
    if citizen.personal_number:
        rows.append((_NUMBER, masked(citizen.personal_number, head=3, tail=3), citizen.personal_number))
    elif citizen.passport_number:
        rows.append((_PASSPORT, masked(citizen.passport_number, head=1, tail=3), citizen.passport_number))
    if citizen.organisation is not None:
        acted = citizen.organisation
        rows += [(_ORGANISATION, acted.name, acted.name), (_TAX_CODE, acted.tax_code, acted.tax_code)]
    return tuple(rows)


class ToldClaim(NamedTuple):
    """What a sign-in itself tells: its label on the page, and the names under which the portal gets it (claims of
    OpenID Connect Core §5.1, members of `authorization_details`, or the scope `offline_access`)."""

    label: Text
    names: tuple[str, ...]

    def wire(self) -> dict[str, Any]:
        """Return it as a consent record keeps it: names and label, never a value."""
        return {"names": list(self.names), **self.label}


def identity_claims(
    scopes: Iterable[str], citizen: Citizen | None, resources: Mapping[str, Text] | None = None
) -> tuple[Text, ...]:
    """Return the labels of what the portal is told of this very citizen: what is known and the scopes cover, and whom
    the person acts for; without a citizen (an event names scopes alone) what the scopes cover, if it was known.
    Beside scopes stand claims that were asked for by name, as `claim:<name>`, and resources that tokens are for, as
    `resource:<URI>`; `resources` are their names by URI."""
    return tuple(claim.label for claim in told_claims(scopes, citizen, resources))


def told_claims(
    scopes: Iterable[str], citizen: Citizen | None, resources: Mapping[str, Text] | None = None
) -> tuple[ToldClaim, ...]:
    """Return the same with the names of the claims, in the order of the page."""
    told = [ToldClaim(_PSEUDONYM, ("sub",))]
    asked = set(scopes)
    profile = _UNKNOWN_PERSON if citizen is None else _profile_of(citizen)
    if "profile" in asked:
        told += profile
    else:
        named = [(claim.label, tuple(name for name in claim.names if f"claim:{name}" in asked)) for claim in profile]
        told += [ToldClaim(label, names) for label, names in named if names]
    if citizen is not None and citizen.organisation is not None:
        told += [ToldClaim(_ORGANISATION, ("organisation.name",)), ToldClaim(_TAX_CODE, ("organisation.tax_code",))]
    if "offline_access" in asked:
        told.append(ToldClaim(_OFFLINE, ("offline_access",)))
    return (*told, *_uses(asked, resources or {}))


def _uses(asked: Iterable[str], names: Mapping[str, Text]) -> Iterator[ToldClaim]:
    """Yield what other systems the portal may use on the person's behalf, and the rights it has there."""
    theirs = sorted(one for one in asked if one.startswith(_RESOURCE))
    if not theirs:
        return
    rights = tuple(sorted(one for one in asked if not is_own_scope(one) and not one.startswith((_RESOURCE, _CLAIM))))
    for one in theirs:
        identifier = one.removeprefix(_RESOURCE)
        called = names.get(identifier, {})
        named = {way: called.get(way) or next(iter(called.values()), identifier) for way in ("vi", "en")}
        said = {way: f" ({', '.join(rights)})" if rights else "" for way in ("vi", "en")}
        label = {way: _USE[way].format(name=named[way]) + said[way] for way in ("vi", "en")}
        yield ToldClaim(label, (one, *rights))


_NAMES = ("name", "family_name", "middle_name", "given_name")
_UNKNOWN_PERSON = [
    ToldClaim(_NAME, _NAMES),
    ToldClaim(_BIRTH_IF_KNOWN, ("birthdate",)),
    ToldClaim(_SEX_IF_KNOWN, ("gender",)),
]


def _profile_of(citizen: Citizen) -> list[ToldClaim]:
    """Return what scope `profile` tells of a citizen: only names of claims that they have."""
    told = profile_claims(citizen, updated_at=0)
    labels = ((_NAME, _NAMES), (_BIRTH, ("birthdate",)), (_SEX, ("gender",)))
    found = [ToldClaim(label, tuple(name for name in names if name in told)) for label, names in labels]
    return [claim for claim in found if claim.names]
