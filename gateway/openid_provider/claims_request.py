"""The `claims` parameter (OpenID Connect Core §5.5): single claims by name, for userinfo and for the ID token.

A name that is not known, or not among what the portal may get, is passed over: asking is no error (§5.5.1). A `value`
counts for `sub` and `acr` alone; for any other claim it would be a value of a person, which a request does not keep.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from gateway.openid_provider.failure import InvalidRequest
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.profiles import CLAIMS_OF_SCOPE
from gateway.vocabulary.strict_json import JsonRefused, parse_json

_SHORT = Annotated[str, StringConstraints(max_length=256)]


class _Wish(BaseModel):
    """One claim: whether it is essential, and the value or values wanted of it. Other members are passed over."""

    model_config = ConfigDict(frozen=True, strict=True, hide_input_in_errors=True)

    essential: bool = False
    value: Any = None
    values: Annotated[list[Any], Field(max_length=20)] | None = None

    def wanted(self) -> tuple[str, ...]:
        """Return the values wanted, where they are texts."""
        listed = [self.value, *(self.values or ())]
        return tuple(one for one in listed if isinstance(one, str) and len(one) <= 256)


class _Claims(BaseModel):
    """The parameter. Members beside the two are passed over (§5.5)."""

    model_config = ConfigDict(frozen=True, strict=True, hide_input_in_errors=True)

    userinfo: Annotated[dict[_SHORT, _Wish | None], Field(max_length=50)] | None = None
    id_token: Annotated[dict[_SHORT, _Wish | None], Field(max_length=50)] | None = None


@dataclass(frozen=True, slots=True)
class AskedClaims:
    """Names of claims for userinfo and for the ID token; `subject` whom the answer must be about, `acr` the levels one
    of which it must reach (§5.5.1.1)."""

    userinfo: tuple[str, ...] = ()
    id_token: tuple[str, ...] = ()
    subject: str | None = None
    acr: tuple[str, ...] = ()

    def within(self, scopes: Container[str]) -> "AskedClaims":
        """Return what a client may ask for that is registered for these scopes."""
        allowed = {name for scope, names in CLAIMS_OF_SCOPE.items() if scope in scopes for name in names}
        return replace(
            self,
            userinfo=tuple(name for name in self.userinfo if name in allowed),
            id_token=tuple(name for name in self.id_token if name in allowed),
        )


_NOTHING = AskedClaims()


def read_asked_claims(parameters: Parameters) -> AskedClaims:
    """Return what `claims` asks for, nothing without the parameter. Raises InvalidRequest."""
    text = parameters.get("claims")
    if text is None:
        return _NOTHING
    try:
        asked = _Claims.model_validate(parse_json(text.encode("utf-8", "surrogatepass")))
    except (JsonRefused, ValidationError):
        raise InvalidRequest("`claims` must be a JSON object as OpenID Connect Core §5.5 describes it") from None
    userinfo, id_token = asked.userinfo or {}, asked.id_token or {}
    return AskedClaims(
        userinfo=tuple(userinfo),
        id_token=tuple(id_token),
        subject=_subject(userinfo, id_token),
        acr=_essential_acr(id_token),
    )


def _subject(*asked: Mapping[str, _Wish | None]) -> str | None:
    """Return the one subject that is wanted; whoever names several gets none of them."""
    wanted = {value for wishes in asked if (wish := wishes.get("sub")) is not None for value in wish.wanted()}
    if not wanted:
        return None
    return wanted.pop() if len(wanted) == 1 else ""


def _essential_acr(id_token: Mapping[str, _Wish | None]) -> tuple[str, ...]:
    wish = id_token.get("acr")
    return wish.wanted() if wish is not None and wish.essential else ()
