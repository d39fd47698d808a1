"""The civil status connector: one question, one SOAP call, an outcome for every attribute."""

from connectors.civil_status.fields import READERS
from gateway.connector_runtime.contract import Answer, Equipment, Health, Question
from gateway.connector_runtime.contract.answer_tree import AnswerNames
from gateway.connector_runtime.contract.lookup import Operation
from gateway.connector_runtime.contract.register import PlatformRegister

NAMESPACE = "http://hotich.moj.gov.vn"
LOOK_UP = "TraCuuThongTinHoTich"
NAMES = AnswerNames(row="hotich", collection="hotichcollection", count="sohotich")


class CivilStatusConnector:
    """Asks the civil status register about one person by number, name and birth date."""

    def __init__(self, equipment: Equipment) -> None:
        self._register = PlatformRegister(equipment, NAMES, READERS)
        self._look_up = Operation(name=LOOK_UP, namespace=NAMESPACE, code=equipment.options["integration_code"])

    async def answer(self, question: Question) -> Answer:
        """Map every attribute asked to an outcome. Raises SourceTrouble when the call as a whole failed."""
        return await self._register.answer(question, self._look_up)

    async def check(self) -> Health:
        """Probe the bus; nobody is asked about."""
        return await self._register.check()
