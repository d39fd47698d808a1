"""Reading what somebody else sends, never more of it than is wanted."""

from collections.abc import AsyncIterator

from gateway.vocabulary.failure import Failure


async def read_capped(parts: AsyncIterator[bytes], limit: int, refusal: type[Failure]) -> bytes:
    """Return all parts as one. Raises `refusal` as soon as they are more than `limit` octets."""
    kept: list[bytes] = []
    length = 0
    async for part in parts:
        length += len(part)
        if length > limit:
            raise refusal
        kept.append(part)
    return b"".join(kept)
