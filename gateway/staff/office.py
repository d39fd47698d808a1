"""What people call the offices whose codes the staff sign-in and the events carry."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Text = Mapping[str, str]


class Office(BaseModel):
    """An office whose officers sign in. `code` is what their accounts say (`agency_code`), `name` what a citizen reads
    on their own pages; a name in one language stands for both."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    code: Annotated[str, Field(min_length=1, max_length=40)]
    name: str | Text

    @property
    def display_name(self) -> Text:
        """The name by language."""
        return {"vi": self.name, "en": self.name} if isinstance(self.name, str) else self.name


def names_of(offices: Iterable[Office]) -> Mapping[str, Text]:
    """Return what offices are called, by code."""
    return {office.code: office.display_name for office in offices}
