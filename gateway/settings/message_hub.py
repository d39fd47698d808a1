"""The message hub of the settings, with its files read."""

from pathlib import Path
from urllib.parse import urlsplit

from gateway.openid_provider.sign_in_alert import Hub
from gateway.settings.tree import ConfigurationRefused, Settings
from gateway.tokens.event_token import read_receiver_key
from gateway.tokens.key_material import KeyRefused


def read_hub(settings: Settings) -> Hub | None:
    """Return the message hub, None where there is none. Raises ConfigurationRefused for one that cannot be told."""
    given = settings.message_hub
    if not given.url or given.key_file is None:
        return None
    if given.url.startswith("http:") and not settings.dev:
        raise ConfigurationRefused(["`message_hub.url` must be https"])
    try:
        key = read_receiver_key(_read("key_file", given.key_file))
    except KeyRefused as refusal:
        problem = f"`message_hub.key_file`: a public JWK of type EC, curve P-256 is wanted (`{refusal.rule}`)"
        raise ConfigurationRefused([problem]) from None
    bearer = None
    if given.bearer_file is not None:
        bearer = _read("bearer_file", given.bearer_file).decode("ascii", "replace").strip()
    sector = given.sector or urlsplit(given.url).hostname or given.audience
    return Hub(url=given.url, audience=given.audience, key=key, sector=sector, bearer=bearer)


def _read(name: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise ConfigurationRefused([f"`message_hub.{name}`: `{file}` cannot be read"]) from None
