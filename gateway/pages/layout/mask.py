"""How a masked value sounds: a screen reader says what is hidden, not a row of dots."""

import re

_HIDDEN = re.compile(r"[•*●∗xX]{2,}|[•*●∗]")
_SAID = {"vi": "{count} ký tự đã che", "en": "{count} characters hidden"}
_SAID_OF_ONE = {"vi": "1 ký tự đã che", "en": "1 character hidden"}


def spell_mask(masked: str, language: str) -> str:
    """Return a masked text as it should be read aloud: hidden runs counted, digits one by one.

    `999•••••0003` becomes `9 9 9, 5 ký tự đã che, 0 0 0 3`.
    """
    parts: list[str] = []
    position = 0
    for run in _HIDDEN.finditer(masked):
        parts.append(_spell(masked[position : run.start()]))
        count = len(run.group())
        parts.append(_SAID_OF_ONE[language] if count == 1 else _SAID[language].format(count=count))
        position = run.end()
    parts.append(_spell(masked[position:]))
    return ", ".join(part for part in parts if part)


def _spell(shown: str) -> str:
    """Return what is shown, without the marks that parted it from what is hidden: their pause is there already."""
    return " ".join(shown) if shown.isdigit() else shown.strip(" ,;")
