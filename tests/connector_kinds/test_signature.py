"""The `[signature]` table: what is signed, what is not, and what only looks so."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.dossier_store.simulator import Signer
from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.contract import SourceTrouble, Unavailable
from gateway.connector_runtime.failure import ConnectorFailure
from gateway.connector_runtime.folders import BUILT_IN
from gateway.connector_runtime.kinds.lint import lint
from gateway.connector_runtime.kinds.signature import Seal, open_seal
from gateway.connector_runtime.manifest import read_manifest
from gateway.connector_runtime.manifest_parts import SignatureRow
from gateway.tokens.jose import FixedKeys

NOW = datetime(2026, 11, 27, tzinfo=UTC)
SIGNER = Signer(None)
ROW = SignatureRow(at="signature", over="result", keys_ref="keys")
LOOSE = ROW.model_copy(update={"policy": "when_present"})
RESULT: dict[str, Any] = {"z": "Đỗ Minh Hoà", "a": {"c": [1, True, None], "b": "\u20ac"}}


def seal_of(row: SignatureRow = ROW) -> Seal:
    return Seal(row, FixedKeys.of_jwks(SIGNER.jwks(), strict=True))


def signed(result: Any = RESULT, **changes: Any) -> dict[str, Any]:
    return {"signature": SIGNER.sign(result), "result": result} | changes


def head(**members: Any) -> str:
    return urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("row", [ROW, LOOSE])
def test_what_the_source_signed_passes_in_whatever_order_it_comes(row: SignatureRow) -> None:
    turned = {name: RESULT[name] for name in reversed(RESULT)}
    seal_of(row).require(signed(result=turned, signature=SIGNER.sign(RESULT)), now=NOW)


@pytest.mark.parametrize(
    "bend",
    [
        lambda whole: whole["result"].update(z="Đỗ Minh Hòa"),
        lambda whole: whole["result"].update(more="x"),
        lambda whole: whole.update(result=None),
        lambda whole: whole.update(result=[RESULT, RESULT]),
        lambda whole: whole.update(signature=Signer(None).sign(RESULT)),
        lambda whole: whole.update(signature=whole["signature"].replace("..", ".e30.")),
        lambda whole: whole.update(signature=head(alg="none") + ".." + "AA"),
        lambda whole: whole.update(signature=head(alg="HS256", kid="kho-1") + ".." + "AA"),
        lambda whole: whole.update(signature=head(alg="ES256", b64=False, crit=["b64"]) + ".." + "AA"),
        lambda whole: whole.update(signature="chữ ký"),
        lambda whole: whole.update(signature=7),
        lambda whole: whole.update(signature={"value": whole["signature"]}),
    ],
)
@pytest.mark.parametrize("row", [ROW, LOOSE])
def test_a_wrong_signature_never_passes(row: SignatureRow, bend: Callable[[dict[str, Any]], object]) -> None:
    whole: dict[str, Any] = json.loads(json.dumps(signed()))
    bend(whole)
    with pytest.raises(SourceTrouble) as refused:
        seal_of(row).require(whole, now=NOW)
    assert refused.value.outcome == Unavailable(reason="malformed")
    assert "Hoà" not in refused.value.operator_detail


@pytest.mark.parametrize("none", [None, ""])
def test_the_policy_says_whether_an_unsigned_answer_passes(none: str | None) -> None:
    seal_of(LOOSE).require(signed(signature=none), now=NOW)
    with pytest.raises(SourceTrouble):
        seal_of(ROW).require(signed(signature=none), now=NOW)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"keys": []}', "CN-180"),
        ("{}", "CN-180"),
        ("no JSON", "CN-180"),
        ("[]", "CN-180"),
        (json.dumps({"keys": [SIGNER.jwks()["keys"][0] | {"d": "AA"}]}), "CN-180"),
    ],
)
def test_keys_are_read_before_anybody_is_asked(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "keys").write_text(text, "ascii")
    with pytest.raises(ConnectorFailure) as refused:
        open_seal(ROW, ConnectorSettings(secret_files={"keys": tmp_path / "keys"}))
    assert refused.value.code == code


def test_keys_that_the_settings_do_not_name_are_missed() -> None:
    with pytest.raises(ConnectorFailure) as refused:
        open_seal(ROW, ConnectorSettings())
    assert refused.value.code == "CN-110"


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ('over = "result"', 'over = "$.result"', ("signature", "over")),
        ('at = "signature"', 'at = "signatures[0]"', ("signature", "at")),
    ],
)
def test_a_path_that_cannot_be_followed_is_found_by_the_check(before: str, after: str, key: tuple[str, str]) -> None:
    text = (BUILT_IN / "dossier_store/manifest.toml").read_text("utf-8")
    assert list(lint(read_manifest(text, "manifest.toml"))) == []
    assert [one.key for one in lint(read_manifest(text.replace(before, after, 1), "manifest.toml"))] == [key]
