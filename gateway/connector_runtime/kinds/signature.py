"""What a register signs of its answer: verified before the record is read, with the keys the operator was given."""

from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Any

import orjson

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.contract import SourceTrouble, Unavailable
from gateway.connector_runtime.contract.document import Unreadable
from gateway.connector_runtime.manifest_failure import SecretUnnamed, SourceKeysUnfit
from gateway.connector_runtime.manifest_parts import SignatureRow
from gateway.connector_runtime.mapping.path import parse_path
from gateway.connector_runtime.mapping.tree import json_members, plain, walk
from gateway.tokens.jose import FixedKeys, JoseRefused, KeySource, verify
from gateway.tokens.jose_policy import SOURCE_ANSWER
from gateway.tokens.key_material import KeyRefused


class Seal:
    """A compiled `[signature]` table and the keys of the source. Raises PathInvalid for an unreadable path."""

    def __init__(self, row: SignatureRow, keys: KeySource) -> None:
        self._at = parse_path(row.at, "json")
        self._over = parse_path(row.over, "json")
        self._is_required = row.policy == "required"
        self._keys = keys

    def require(self, root: Any, *, now: datetime) -> None:
        """Let a signed answer pass. Raises SourceTrouble (malformed); the answer's text is not repeated."""
        try:
            told = plain(walk(root, self._at, json_members))
            signed = walk(root, self._over, json_members)
        except Unreadable:
            raise _refused("the signature of the answer cannot be read") from None
        if told is None or told == "":
            if self._is_required:
                raise _refused("the answer is not signed")
            return
        if not isinstance(told, str) or not isinstance(signed, dict):
            raise _refused("what is signed is not there")
        head, _, tail = told.partition("..")  # RFC 7515 Appendix F: the payload is left out and put in again here
        try:
            verify(f"{head}.{_payload(signed)}.{tail}", SOURCE_ANSWER, self._keys, now=now)
        except (JoseRefused, UnicodeEncodeError):
            raise _refused("the signature of the answer does not verify") from None


def open_seal(row: SignatureRow, settings: ConnectorSettings) -> Seal:
    """Return the seal of a manifest. Raises SecretUnnamed, SourceKeysUnfit, OSError (unreadable file)."""
    if row.keys_ref not in settings.secret_files:
        raise SecretUnnamed(f"`signature.keys_ref` names `{row.keys_ref}`, which the settings' `secret_files` do not")
    try:
        keys = FixedKeys.of_jwks(orjson.loads(settings.secret_files[row.keys_ref].read_bytes()), strict=True)
    except (ValueError, AttributeError, KeyRefused):
        raise SourceKeysUnfit(f"the file of `{row.keys_ref}` is no JWK Set of public keys") from None
    if not len(keys):
        raise SourceKeysUnfit(f"the file of `{row.keys_ref}` holds no key")
    return Seal(row, keys)


def _payload(signed: dict[str, Any]) -> str:
    """Return the base64url of an object's RFC 8785 bytes. Numbers with a point are texts by now and never verify."""
    return urlsafe_b64encode(orjson.dumps(_sorted(signed))).rstrip(b"=").decode("ascii")


def _sorted(value: Any) -> Any:
    # RFC 8785 §3.2.3 sorts by UTF-16 code units, orjson by octets: they differ beyond the basic plane
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value, key=lambda one: one.encode("utf-16-be"))}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


def _refused(detail: str) -> SourceTrouble:
    return SourceTrouble(Unavailable(reason="malformed"), detail)
