"""What every provider is by its settings alone: its alias, its words, its realm."""

from collections.abc import Mapping
from typing import Literal

from gateway.identity_providers.configuration import IdentityProviderSettings


class Registered:
    """One table `[[identity_provider]]`, as the contract asks for it. The dialects build on it."""

    def __init__(self, settings: IdentityProviderSettings) -> None:
        self._settings = settings

    @property
    def alias(self) -> str:
        """The name in settings."""
        return self._settings.alias

    @property
    def label(self) -> Mapping[str, str]:
        """The words on its button."""
        return self._settings.label

    @property
    def realm(self) -> Literal["citizen", "staff"]:
        """Whose sign-in it serves."""
        return self._settings.realm

    @property
    def reauthenticates(self) -> bool:
        """Whether it honours `prompt=login` and `max_age`; where it does not, its sign-out comes first."""
        return self._settings.reauthenticates
