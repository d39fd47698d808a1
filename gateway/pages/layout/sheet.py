"""A sheet of A4 that is kept or printed: one column, one typeface, text that can be searched and copied.

Letters are written in NFC, as a search for a Vietnamese name types them. The typeface is Source Sans 3 in two
weights, converted for paper (docs/licences.md). fpdf2 is read in when the first sheet is made: few workers need it.
"""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass

_FOLDER = Path(__file__).parent / "static"
_FAMILY = "paper"
_MARGIN_MM = 20
_LABEL_MM = 52
_DOTS = "." * 110


class Sheet:
    """One document. `title` is its name in a reader's window, `made_at` (UTC) its date."""

    def __init__(self, title: str, *, language: str, made_at: datetime) -> None:
        from fpdf import FPDF

        self._paper: FPDF = FPDF(format="A4")
        self._paper.set_margin(_MARGIN_MM)
        self._paper.set_auto_page_break(True, margin=_MARGIN_MM)
        self._paper.add_font(_FAMILY, fname=_FOLDER / "paper-regular.ttf")
        self._paper.add_font(_FAMILY, style="B", fname=_FOLDER / "paper-strong.ttf")
        self._paper.set_title(_nfc(title))
        self._paper.set_lang(language)
        self._paper.set_creation_date(made_at)
        self._paper.add_page()

    def head(self, text: str) -> None:
        """Write the document's name."""
        self._write(text, size=17, strong=True, after=3)

    def section(self, text: str) -> None:
        """Write the name of a section."""
        self._paper.ln(2)
        self._write(text, size=12, strong=True, after=1)

    def line(self, text: str) -> None:
        """Write a paragraph."""
        self._write(text, size=10.5, after=1.5)

    def row(self, label: str, text: str) -> None:
        """Write a label with what belongs to it; a long text goes on below, indented."""
        paper = self._paper
        paper.set_font(_FAMILY, style="B", size=10.5)
        top = paper.get_y()
        paper.multi_cell(_LABEL_MM, 5.5, _nfc(label), align="L", new_x="LMARGIN", new_y="NEXT")
        below = (paper.page_no(), paper.get_y())
        if paper.get_y() > top:
            paper.set_xy(_MARGIN_MM + _LABEL_MM, top)
        paper.set_font(_FAMILY, size=10.5)
        paper.multi_cell(0, 5.5, _nfc(text), align="L", new_x="LMARGIN", new_y="NEXT")
        if paper.page_no() == below[0] and paper.get_y() < below[1]:
            paper.set_y(below[1])

    def blank(self, label: str) -> None:
        """Write a label with a dotted line for somebody's pen."""
        self._paper.ln(2.5)
        self.row(label, _DOTS)

    def points(self, texts: Sequence[str]) -> None:
        """Write a list."""
        for text in texts:
            self._write(f"– {text}", size=10.5, after=0.5)

    def octets(self) -> bytes:
        """Return the PDF."""
        return bytes(self._paper.output())

    def _write(self, text: str, *, size: float, after: float, strong: bool = False) -> None:
        self._paper.set_font(_FAMILY, style="B" if strong else "", size=size)
        self._paper.multi_cell(0, size * 0.52, _nfc(text), align="L", new_x="LMARGIN", new_y="NEXT")
        self._paper.ln(after)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
