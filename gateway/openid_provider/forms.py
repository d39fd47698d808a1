"""What the provider needs of prefill: a preview of a form to show before anything is told.

The two live on one floor and do not know each other: the values they exchange are vocabulary, and `application`
hands the one that prepares to the one that asks through this protocol.
"""

from typing import Protocol

from gateway.vocabulary.form_preview import FormAsk, FormPreview, PreviewField, Text

__all__ = ["FormAsk", "FormPreparation", "FormPreview", "PreviewField", "Text"]


class FormPreparation(Protocol):
    """Asks the sources inside the deadline and keeps the answers with the grant."""

    async def prepare(self, ask: FormAsk) -> FormPreview:
        """Return the preview; sources in trouble become fields with a reason, never an exception.

        Raises a Failure when the form is refused as a whole (procedure not allowed, evidence cannot be stored).
        """
        ...
