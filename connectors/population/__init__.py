"""The national population database (CSDL quốc gia về dân cư), asked through NDXP by `TraCuuThongTinCongDan`.

`envelope` writes the question in the service's element order, `document` reads XML without trusting it,
`answer_tree` finds the person in it, `fields` reads one attribute each, `connector` maps all of it to outcomes.
`simulator` plays the service over the personas and the people of `people`; nothing imports it.
"""
