"""What is dear and the same for every test is made once in a process: RSA keys, templates, the machine's certificates.

    spare()

Houses still get keys of their own one after the other; only the eleventh meets the first one's again.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from threading import Lock
from typing import Any

import structlog
import structlog.testing
from httpx2._config import DEFAULT_TIMEOUT_CONFIG
from httpx2._transports import default as httpx2_transport
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

from gateway.pages.layout import frame
from gateway.tokens import keys
from gateway.tokens.key_material import SigningKey
from gateway.vocabulary.clock import Randomness

_POOL = 10


def spare() -> None:
    """Put the remembering ones in the place of the real ones, for this process."""
    keys.generate_private_jwk = _from_a_pool(keys.generate_private_jwk)
    keys.import_signing_key = _remembering(keys.import_signing_key)
    frame.make_environment = _compiling_once(frame.make_environment)
    # a logger that remembers how logs were configured by one test is deaf in the next one that listens to them
    structlog.configure = _forgetting_loggers(structlog.configure)
    structlog.testing.capture_logs = _hearing_all(structlog.testing.capture_logs)
    # every new client reads all certificates, 23 ms each, and speaks plain HTTP here
    httpx2_transport.create_ssl_context = functools.cache(httpx2_transport.create_ssl_context)
    # five seconds of its own accord would make a busy machine turn a test red
    for part in ("connect", "read", "write", "pool"):
        setattr(DEFAULT_TIMEOUT_CONFIG, part, 60.0)


def _forgetting_loggers(configure: Callable[..., None]) -> Callable[..., None]:
    def configure_anew(*arguments: Any, **named: Any) -> None:
        configure(*arguments, **{**named, "cache_logger_on_first_use": False})

    return configure_anew


def _hearing_all(capture: Callable[..., Any]) -> Callable[..., Any]:
    """Whoever listens hears every line, whatever level a test before has configured."""

    @contextlib.contextmanager
    def capture_all(*arguments: Any) -> Iterator[Any]:
        before = structlog.get_config() if structlog.is_configured() else None
        structlog.reset_defaults()
        try:
            with capture(*arguments) as heard:
                yield heard
        finally:
            if before is not None:
                structlog.configure(**before)

    return capture_all


def _from_a_pool(generate: Callable[..., dict[str, str]]) -> Callable[..., dict[str, str]]:
    made: list[dict[str, str]] = []
    turns = count()
    filling = Lock()  # a ring makes its keys in threads

    def generate_private_jwk(alg: str, kid: str, randomness: Randomness) -> dict[str, str]:
        if alg not in {"RS256", "PS256"}:
            return generate(alg, kid, randomness)
        with filling:
            turn = next(turns) % _POOL
            if turn >= len(made):
                made.append(generate(alg, kid, randomness))
            return made[turn] | {"kid": kid, "alg": alg}

    return generate_private_jwk


def _remembering(import_key: Callable[[Mapping[str, Any]], SigningKey]) -> Callable[[Mapping[str, Any]], SigningKey]:
    seen: dict[frozenset[tuple[str, str]], SigningKey] = {}

    def import_signing_key(jwk: Mapping[str, Any]) -> SigningKey:
        members = frozenset((name, str(value)) for name, value in jwk.items() if name not in {"kid", "alg"})
        if members not in seen:
            seen[members] = import_key(jwk)
        return SigningKey(str(jwk["kid"]), str(jwk["alg"]), seen[members].native)

    return import_signing_key


class _Compiled(BytecodeCache):
    """Templates as they were compiled the first time, by name and source."""

    def __init__(self) -> None:
        self.codes: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.codes[bucket.key, bucket.checksum] = bucket.code


def _compiling_once(make: Callable[[], Environment]) -> Callable[[], Environment]:
    compiled = _Compiled()

    def make_environment() -> Environment:
        environment = make()
        environment.bytecode_cache = compiled
        return environment

    return make_environment
