"""A sheet of A4 that is kept or printed: one column, one typeface, text that can be searched, copied and read aloud.

Letters are written in NFC, as a search for a Vietnamese name types them. Headings, paragraphs and lists are tagged
(`tagged_paper`), labels with what belongs to them as a list, and what is drawn for a pen is no text. The typeface is
Source Sans 3 in two weights, converted for paper (docs/licences.md). fpdf2 is read in when the first sheet is made:
few workers need it.
"""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

_FOLDER = Path(__file__).parent / "static"
_FAMILY = "paper"
_MARGIN_MM = 20
_LABEL_MM = 52
_POINT_MM = 5
_SIZE = 10.5
_LINE_MM = 5.5


class Sheet:
    """One document. `title` is its name in a reader's window, `made_at` (UTC) its date."""

    def __init__(self, title: str, *, language: str, made_at: datetime) -> None:
        from gateway.pages.layout.tagged_paper import TaggedPaper

        self._paper: TaggedPaper = TaggedPaper()
        self._paper.set_margin(_MARGIN_MM)
        self._paper.set_auto_page_break(True, margin=_MARGIN_MM)
        self._paper.add_font(_FAMILY, fname=_FOLDER / "paper-regular.ttf")
        self._paper.add_font(_FAMILY, style="B", fname=_FOLDER / "paper-strong.ttf")
        self._paper.name(_nfc(title), language, made_at)
        self._paper.add_page()
        self._in_list = False
        self._below = (1, 0.0)

    def head(self, text: str) -> None:
        """Write the document's name."""
        self._write("/H1", text, size=17, strong=True, after=3)

    def section(self, text: str) -> None:
        """Write the name of a section; it never stands alone at the foot of a page."""
        self._paper.ln(2)
        self._write("/H2", text, size=12, strong=True, after=1, with_next_mm=2 * _LINE_MM)

    def line(self, text: str) -> None:
        """Write a paragraph."""
        self._write("/P", text, size=_SIZE, after=1.5)

    def row(self, label: str, text: str) -> None:
        """Write a label with what belongs to it, side by side."""
        self._beside("/Lbl", label, self._height(text, _MARGIN_MM + _LABEL_MM))
        self._set("/LBody", text, left=_MARGIN_MM + _LABEL_MM)
        self._end_item()

    def blank(self, label: str) -> None:
        """Write a label with a dotted line for somebody's pen."""
        paper = self._paper
        paper.ln(2.5)
        self._beside("/Lbl", label, _LINE_MM)
        base = paper.get_y() + _LINE_MM - 1.2
        with paper.artifact():
            paper.set_dash_pattern(dash=0.3, gap=0.9)
            paper.line(_MARGIN_MM + _LABEL_MM, base, paper.w - _MARGIN_MM, base)
            paper.set_dash_pattern()
        paper.set_y(paper.get_y() + _LINE_MM)
        self._end_item()
        paper.ln(1)

    def points(self, texts: Sequence[str]) -> None:
        """Write a list."""
        for text in texts:
            self._beside("/Lbl", "–", self._height(text, _MARGIN_MM + _POINT_MM), strong=False, width=_POINT_MM)
            self._set("/LBody", text, left=_MARGIN_MM + _POINT_MM)
            self._end_item()
            self._paper.ln(0.5)
        self._end_list()

    def octets(self) -> bytes:
        """Return the PDF."""
        self._end_list()
        return self._paper.octets()

    def _write(
        self, kind: str, text: str, *, size: float, after: float, strong: bool = False, with_next_mm: float = 0
    ) -> None:
        self._end_list()
        self._choose(strong=strong, size=size)
        self._set(kind, text, size=size, strong=strong, line=size * 0.52, with_next_mm=with_next_mm)
        self._paper.ln(after)

    def _beside(self, kind: str, label: str, height: float, *, strong: bool = True, width: float = _LABEL_MM) -> None:
        """Begin an item of a list: write its label and stay at its height, with room for what belongs to it."""
        paper = self._paper
        if not self._in_list:
            paper.begin("/L")
            self._in_list = True
        paper.begin("/LI")
        self._choose(strong=strong)
        self._make_room(max(height, self._measure(label, width)))
        top = paper.get_y()
        with paper.tagged(kind):
            self._put(self._lines(label, width), width, _LINE_MM, left=_MARGIN_MM)
        self._below = (paper.page_no(), paper.get_y())
        paper.set_y(top)

    def _end_item(self) -> None:
        paper = self._paper
        if paper.page_no() == self._below[0] and paper.get_y() < self._below[1]:
            paper.set_y(self._below[1])
        paper.end()

    def _end_list(self) -> None:
        if self._in_list:
            self._paper.end()
            self._in_list = False

    def _set(
        self,
        kind: str,
        text: str,
        *,
        left: float = _MARGIN_MM,
        size: float = _SIZE,
        strong: bool = False,
        line: float = _LINE_MM,
        with_next_mm: float = 0,
    ) -> None:
        """Write a text whole on one page; one that is longer than a page goes on in an element of the same kind."""
        paper = self._paper
        self._choose(strong=strong, size=size)
        width = paper.w - _MARGIN_MM - left
        lines = self._lines(text, width)
        longest = int((paper.h - 2 * _MARGIN_MM) / line)
        for start in range(0, len(lines), longest):
            part = lines[start : start + longest]
            self._make_room(len(part) * line + with_next_mm)
            with paper.tagged(kind):
                self._put(part, width, line, left=left)

    def _make_room(self, height: float) -> None:
        if self._paper.will_page_break(height):
            self._paper.add_page()

    def _height(self, text: str, left: float) -> float:
        """Return how high a text becomes that begins at `left`; never more than a page."""
        self._choose()
        longest = self._paper.h - 2 * _MARGIN_MM
        return min(self._measure(text, self._paper.w - _MARGIN_MM - left), longest)

    def _measure(self, text: str, width: float) -> float:
        return len(self._lines(text, width)) * _LINE_MM

    def _lines(self, text: str, width: float) -> list[str]:
        """Return the lines that a text makes in the chosen letters, each with the space it was broken at, so that a
        reader does not speak two words as one; a hash broken in its middle gets none."""
        rest = _nfc(text)
        broken: list[str] = []
        lines = self._paper.multi_cell(width, _LINE_MM, rest, align="L", dry_run=True, output="LINES")
        assert isinstance(lines, list)
        for line in lines:
            rest = rest[rest.index(line) + len(line) :]
            broken.append(line + " " if rest[:1].isspace() else line)
        return broken

    def _put(self, lines: Sequence[str], width: float, height: float, *, left: float) -> None:
        for line in lines:
            self._paper.set_x(left)
            self._paper.cell(width, height, line, new_x="LMARGIN", new_y="NEXT")

    def _choose(self, *, strong: bool = False, size: float = _SIZE) -> None:
        self._paper.set_font(_FAMILY, style="B" if strong else "", size=size)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
