"""Does a register record that somebody died? Only one that knows is asked; the population look-up does not say.

Nothing of the date is told to anybody: what counts is that there is one (design.md §5, verdict `deceased`).
"""

from collections.abc import Mapping

from gateway.connector_runtime.contract import Answer, Found, Unavailable

DEATH = "death_date"
"""The attribute in which registers that know keep a death."""


def recorded_death(answers: Mapping[str, Answer]) -> bool:
    """Tell whether any of the answers, by source, records a death.

    A death entry that cannot be read is still a death entry: it is garbled alone, beside parts that were found. A
    source in trouble as a whole says nothing about anybody.
    """
    return any(_records_death(answer) for answer in answers.values())


def _records_death(answer: Answer) -> bool:
    match answer.get(DEATH):
        case Found():
            return True
        case Unavailable(_, "malformed"):
            return any(isinstance(outcome, Found) for outcome in answer.values())
    return False
