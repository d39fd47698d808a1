"""Which session a grant was made in, remembered per worker, so that a token, its grant and its session load at once."""

_REMEMBERED = 16_384


class SessionHints:
    """Session keys by grant id. A grant never changes its session, and a hint opens nothing: the grant's own record is
    loaded beside it and decides. Nothing of a citizen stands here."""

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}

    def get(self, grant_id: str) -> str | None:
        """Return the key of the session, when this worker has seen the grant."""
        return self._keys.get(grant_id)

    def remember(self, grant_id: str, session_key: str) -> None:
        """Remember a grant's session; the oldest are forgotten first."""
        if grant_id in self._keys:
            return
        if len(self._keys) >= _REMEMBERED:
            del self._keys[next(iter(self._keys))]
        self._keys[grant_id] = session_key
