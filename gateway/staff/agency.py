"""What people call the agencies whose codes the staff sign-in and the events carry."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Text = Mapping[str, str]


class Agency(BaseModel):
    """An agency of the province. `code` is what its officers' accounts say (`agency_code`), `name` what a citizen reads
    on their own pages; a name in one language stands for both."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    code: Annotated[str, Field(min_length=1, max_length=40)]
    name: str | Text

    @property
    def display_name(self) -> Text:
        """The name by language."""
        return {"vi": self.name, "en": self.name} if isinstance(self.name, str) else self.name


def names_of(agencies: Iterable[Agency]) -> Mapping[str, Text]:
    """Return what agencies are called, by code."""
    return {agency.code: agency.display_name for agency in agencies}
