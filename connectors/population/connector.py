"""The population connector: one question, one call on whichever bus, an outcome for every attribute."""

from connectors.population.fields import READERS
from gateway.connector_runtime.contract import Answer, Equipment, Health, Question, SourceTrouble, Unavailable
from gateway.connector_runtime.contract.answer_tree import AnswerNames, find_error
from gateway.connector_runtime.contract.document import descendants, text_of
from gateway.connector_runtime.contract.lookup import Operation
from gateway.connector_runtime.contract.person import refuse_error
from gateway.connector_runtime.contract.register import PlatformRegister

NAMESPACE = "http://dancuquocgia.bca"
LOOK_UP = "TraCuuThongTinCongDan"
VERIFY = "XacThucThongTinCongDan"
NAMES = AnswerNames(row="congdan", collection="congdancollection", count="socongdan")

_SAID = {"true": True, "1": True, "false": False, "0": False}


class PopulationConnector:
    """Asks the population database about one person by number, name and birth date, never by a number alone."""

    def __init__(self, equipment: Equipment) -> None:
        self._register = PlatformRegister(equipment, NAMES, READERS)
        self._look_up = Operation(name=LOOK_UP, namespace=NAMESPACE, code=equipment.options["integration_code"])
        self._verify = Operation(
            name=VERIFY, namespace=NAMESPACE, code=equipment.options["verification_code"], has_own_name=True
        )

    async def answer(self, question: Question) -> Answer:
        """Map every attribute asked to an outcome. Raises SourceTrouble when the call as a whole failed."""
        return await self._register.answer(question, self._look_up)

    async def verify(self, question: Question) -> bool:
        """Return whether number, name and birth date belong to one person in the register (`VerifiesMatch`)."""
        if not (question.personal_number or question.old_number):
            return False  # whoever has no number is not in this register, and nobody is asked
        tree = await self._register.call(question, self._verify)
        refuse_error(find_error(tree, NAMES.row), fault=next(descendants(tree, "fault"), None) is not None)
        told = [text_of(one).lower() for one in descendants(tree, "tontai")]
        if len(told) != 1 or told[0] not in _SAID:
            raise SourceTrouble(Unavailable(reason="malformed"), "the answer does not say `TonTai` once")
        return _SAID[told[0]]

    async def check(self) -> Health:
        """Probe the bus; nobody is asked about."""
        return await self._register.check()
