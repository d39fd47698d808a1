"""Members of a portal's registration that a command sets by their own names (RFC 7591, JARM §3, RFC 9101 §10.5)."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Final

import typer

from gateway.settings import ConfigurationRefused

Members = Annotated[
    list[str] | None,
    typer.Option("--member", help="NAME=VALUE, as in a seed file; without a VALUE as if never set; may be repeated."),
]
SETTABLE: Final = (
    "id_token_signed_response_alg",
    *(f"id_token_encrypted_response_{part}" for part in ("alg", "enc")),
    "userinfo_signed_response_alg",
    *(f"userinfo_encrypted_response_{part}" for part in ("alg", "enc")),
    "authorization_signed_response_alg",
    *(f"authorization_encrypted_response_{part}" for part in ("alg", "enc")),
    "request_object_signing_alg",
    "require_signed_request_object",
    "require_pushed_authorization_requests",
)
_WORDS = {"true": True, "false": False}


def read_members(given: Sequence[str] | None) -> dict[str, Any]:
    """Return the members that `--member` names; None stands for one that is taken back.

    Raises ConfigurationRefused: no `=`, a name that has an option of its own or is not known, a name twice.
    """
    members: dict[str, Any] = {}
    for text in given or ():
        name, sign, value = text.partition("=")
        if not sign:
            raise ConfigurationRefused([f"`--member {text}`: write NAME=VALUE"])
        if name not in SETTABLE:
            near = get_close_matches(name, SETTABLE, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"it is one of {', '.join(SETTABLE)}"
            raise ConfigurationRefused([f"`--member {name}`: {hint}"])
        if name in members:
            raise ConfigurationRefused([f"`--member {name}` stands twice"])
        members[name] = _WORDS.get(value, value) if value else None
    return members
