"""What people call the offices whose codes the staff sign-in and the events carry."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gateway.vocabulary.naming import name_by_language

Text = Mapping[str, str]


class Office(BaseModel):
    """An office whose officers sign in. `code` is what their accounts say (`agency_code`), `name` what a citizen reads
    on their own pages; a Vietnamese name alone stands on English pages, too, marked as what it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    code: Annotated[str, Field(min_length=1, max_length=40)]
    name: str | Text

    @property
    def display_name(self) -> Text:
        """The name in the languages it was given in."""
        return name_by_language(self.name) if isinstance(self.name, str) else self.name


def names_of(offices: Iterable[Office]) -> Mapping[str, Text]:
    """Return what offices are called, by code."""
    return {office.code: office.display_name for office in offices}
