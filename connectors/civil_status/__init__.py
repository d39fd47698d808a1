"""The civil status register (CSDL hộ tịch điện tử): birth, marriage, death, guardianship, asked through NDXP.

`fields` reads one attribute each, `connector` names operation and answer; everything the registers of the exchange
platform have in common stands under the contract. `simulator` plays the register; nothing imports it.
"""
