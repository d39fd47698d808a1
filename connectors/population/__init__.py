"""The national population database (CSDL quốc gia về dân cư), asked through NDXP or a province's LGSP.

`fields` reads one attribute each, `connector` names its two operations (look up, verify) and its answer; what it has in
common with other registers of the platform stands under the contract. `simulator` plays the service over the personas
and 2,000 people, behind both buses; nothing imports it.
"""
