"""One thing that is wrong with a manifest, as its linters tell it."""

from dataclasses import dataclass

from gateway.connector_runtime.failure import ConnectorFailure

Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong: the class of failure, the key it stands at, and a sentence."""

    failure: type[ConnectorFailure]
    key: Key
    text: str
