"""Why values may be told, and for whom: the words shared by policy, consent, prefill and evidence.

Source: Law 91/2025/QH15 and Decree 356/2025 as read in domain.md §1.4 (consent, statutory task, contract,
emergency). What a purpose says to people is data: each procedure carries its own text.
"""

from typing import Literal, get_args

Basis = Literal["law", "consent", "contract", "emergency"]
BASES: tuple[Basis, ...] = get_args(Basis)

Relation = Literal["self", "guardian", "officer"]
RELATIONS: tuple[Relation, ...] = get_args(Relation)
