"""What is known of the invented people without any sample: a sample that says otherwise has been bent to a mistake."""

from typing import Any

from gateway.connector_runtime.contract import Question
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import Persona
from gateway.vocabulary.personal_number import strip_grouping


def differs_from_truth(person: Persona, attribute: str, value: Any, question: Question) -> bool:
    """Tell whether a value is certainly not the person's own name, birth date or number.

    Only attributes that plainly mean the person are looked at; a register may write a name in capitals.
    """
    kind = next((one for one in ("full_name", "birth_date", "personal_number") if _means(attribute, one)), None)
    if kind == "full_name":
        return str(value).casefold() != person.full_name.casefold()
    if kind == "birth_date":
        return isinstance(value, PartialDate) and str(value) != person.birth_date
    if kind == "personal_number":
        return strip_grouping(str(value)) not in {question.personal_number, question.old_number}
    return False


def _means(attribute: str, kind: str) -> bool:
    """Tell whether an attribute is the person's own; `father_full_name` is not."""
    if not attribute.endswith(kind):
        return False
    before = attribute[: -len(kind)].rstrip("_").split("_")
    others = {"father", "mother", "spouse", "guardian", "relative", "child", "head", "owner", "representative"}
    return not others & set(before)
