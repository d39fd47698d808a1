"""Paper whose text is tagged (ISO 32000-1 §14.7, §14.8): a screen reader finds headings, paragraphs and lists, in the
order in which they were written, and what only decorates is marked as an artifact.

fpdf2 tags pictures alone and hangs them all on the document. The tree with its groups is built here on the parts that
fpdf2 keeps for itself (`struct_builder`, `_out`, `_add_structure_tree`): its version is locked, and
`tests/pages/test_tagged_paper.py` has another program read the tree.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from xml.sax.saxutils import escape

from fpdf import FPDF, ViewerPreferences
from fpdf.output import OutputProducer, PDFPage
from fpdf.structure_tree import StructElem, StructureTreeBuilder
from fpdf.syntax import PDFObject


class Structure(StructureTreeBuilder):
    """The tree: groups (`/L`, `/LI`) that nest, and leaves that each stand for a run of marks on one page."""

    def __init__(self) -> None:
        super().__init__()
        self._open: list[StructElem] = [self.doc_struct_elem]
        self._all: list[StructElem] = []
        self._marked: Counter[int] = Counter()

    def begin(self, kind: str, page: int) -> None:
        """Open a group inside the one that is open."""
        self._open.append(self._add(kind, [], page))

    def end(self) -> None:
        """Close the group that was opened last."""
        self._open.pop()

    def mark(self, kind: str, page: int) -> tuple[int, int]:
        """Add a leaf; return its number on the page (MCID) and the page's number in the parent tree."""
        number = self._marked[page]
        self._marked[page] += 1
        parents = self.spid_per_page_number.setdefault(page, len(self.spid_per_page_number))
        self.struct_tree_root.parent_tree.nums[parents].append(self._add(kind, [number], page))
        return number, parents

    def settle(self, pages: dict[int, PDFPage]) -> None:
        """Tell every element its page: the library does so for the document's own children only."""
        for element in self._all:
            element.pg = pages[element.page_number() or 1]  # type: ignore[assignment]  # declared as None alone

    def __iter__(self) -> Iterator[PDFObject]:
        yield self.struct_tree_root
        yield self.doc_struct_elem
        yield self.struct_tree_root.parent_tree
        yield from self._all

    def _add(self, kind: str, kids: list[int], page: int) -> StructElem:
        parent = self._open[-1]
        element = StructElem(struct_type=kind, parent=parent, kids=kids, page_number=page)
        parent.k.append(element)
        self._all.append(element)
        return element


class TaggedPaper(FPDF):
    """An A4 document that builds its tree as it is written."""

    def __init__(self) -> None:
        super().__init__(format="A4")
        self._structure = Structure()
        self.struct_builder = self._structure
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)

    def name(self, title: str, language: str, made_at: datetime) -> None:
        """Say what the document is called, its language and its date, in both places that programs look at; the second
        says that it is meant to be PDF/UA-1 (ISO 14289-1 §5, §7.1)."""
        self.set_title(title)
        self.set_lang(language)
        self.set_creation_date(made_at)
        at = made_at.isoformat(timespec="seconds")
        self.set_xmp_metadata(_METADATA.format(title=escape(title), language=language, at=at))

    def begin(self, kind: str) -> None:
        """Open a group, such as `/L`; what is written until `end` stands in it."""
        self._structure.begin(kind, self.page)

    def end(self) -> None:
        """Close the group that was opened last."""
        self._structure.end()

    @contextmanager
    def tagged(self, kind: str) -> Iterator[None]:
        """Everything written inside is one element, such as `/P`; it must not reach beyond the page."""
        number, parents = self._structure.mark(kind, self.page)
        self.pages[self.page].struct_parents = parents
        yield from self._marked(f"{kind} <</MCID {number}>> BDC")

    @contextmanager
    def artifact(self) -> Iterator[None]:
        """What is written inside only decorates: no reader speaks of it."""
        yield from self._marked("/Artifact BMC")

    def octets(self) -> bytes:
        """Return the document."""
        return bytes(self.output(output_producer_class=TaggedOutput))

    def _marked(self, begin: str) -> Iterator[None]:
        page = self.page
        self._out(begin)
        yield
        assert self.page == page, "a marked run of text reaches beyond its page"
        self._out("EMC")


_METADATA = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<xmp:CreateDate>{at}</xmp:CreateDate>
<pdfuaid:part>1</pdfuaid:part>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>"""


class TaggedOutput(OutputProducer):
    """Writes the document, with the tree's elements told their pages."""

    def _add_structure_tree(self) -> PDFObject | None:
        structure = self.fpdf.struct_builder
        assert isinstance(structure, Structure)
        structure.settle({page.index(): page for page in self.pdf_objs if isinstance(page, PDFPage)})
        return super()._add_structure_tree()
