"""Seven departments hand in a folder each, and one procedure of the province fills from all of them.

The folders say what a department would say: no code, limits of their own, and the words people read in an outage. They
are asked through the running gateway, which knows them from its settings alone.
"""

from dataclasses import dataclass
from pathlib import Path

from tests.connector_runtime.toy import NAMES

PROCEDURE = "9.700007"
SOURCES = tuple(f"register_{number}" for number in range(1, 8))
PAUSED_FOR_S = 2

_MANIFEST = """\
schema = 1
id = "{source}"
version = "1.0.0"
kind = "rest"
lifecycle = "draft"
name = {{ vi = "Sổ của {source}", en = "Register {source}" }}
summary = {{ vi = "Sổ giả định", en = "An invented register" }}
inputs = ["personal_number"]

[owner]
org = "Sở giả định"
contacts = ["Đầu mối kỹ thuật", "Điện thoại: 0000 000 000"]

[legal]
basis = ["Quy chế giả định"]
purposes = ["prefill"]
data_class = "basic"
retention = "none"

[notice.unavailable]
vi = "{notice_vi}"
en = "{notice_en}"

[endpoint]
url = "{url}/{source}"
allowed_hosts = ["127.0.0.1"]

[operations.lookup]
path = "/people/{{personal_number}}"

[record]
at = "."
about = {{ personal_number = "number" }}

[limits]
coalesce = false
window_for = {window_for}
late_for = 1
paused_for = {paused_for}
"""
_ROW = '\n[[fields]]\nto = "{source}_{name}"\nfrom = "{name}"\ntype = "text"\n'
_SOURCE = '\n[[sources]]\nid = "{source}"\nlabel = {{ vi = "Sổ của {source}", en = "Register {source}" }}\n'
_ATTRIBUTE = """
[[attributes]]
id = "{source}_{name}"
label = {{ vi = "Mục {name} của {source}", en = "{name} of {source}" }}
type = "text"
mask = "hidden"
class = "basic"
sources = ["{source}"]
correction = "desk"
"""
_BOOK = """\
domain = "departments"
authority = { vi = "Các sở giả định", en = "Invented departments" }

[corrections.desk]
vi = "Bộ phận một cửa"
en = "The one-stop desk"
url = "https://mot-cua.example.vn"
"""
_PROCEDURE = f"""\
code = "{PROCEDURE}"
title = {{ vi = "Thủ tục giả định của bảy sở", en = "Invented procedure of seven departments" }}
agency = {{ vi = "UBND tỉnh (giả định)", en = "Provincial committee (invented)" }}
purpose = {{ vi = "Điền sẵn tờ khai giả định", en = "To fill in an invented form" }}
kept_for = {{ vi = "Nhiều nhất 10 phút", en = "At most 10 minutes" }}
basis = "law"
minimum_level = 2

[form]
name = "Tờ khai giả định"
version = "2026-11-01"
read = "unverified"
note = "invented"

[[legal_basis]]
vi = "Quy chế giả định"
en = "Invented rules"
read = "unverified"
note = "invented"
"""
_FIELD = """
[[fields]]
id = "{source}.{name}"
item = "{item}"
label = {{ vi = "Mục {item}", en = "Item {item}" }}
type = "text"
required = false
lock = "editable"
fill = [{{ source = "{source}", attribute = "{source}_{name}", relations = ["self", "guardian", "officer"] }}]
"""


def notice_of(source: str) -> dict[str, str]:
    """Return what the owner of a register tells people while it does not answer."""
    return {"vi": f"{source} đang bảo trì, ông/bà tự điền mục này.", "en": f"{source} is under maintenance."}


@dataclass(frozen=True, slots=True)
class Departments:
    """What a gateway is told of them: one more settings file, and the folder of their policy book."""

    toml: str
    book: Path


def hand_in(folder: Path, url: str, *, window_for: int = 2) -> Departments:
    """Write every department's folder, the attributes and the procedure; `url` is where their registers run, and an
    outage is made of the calls of `window_for` seconds."""
    connectors, book = folder / "departments", folder / "book"
    for source in SOURCES:
        notice = notice_of(source)
        text = _MANIFEST.format(
            source=source,
            url=url,
            notice_vi=notice["vi"],
            notice_en=notice["en"],
            paused_for=PAUSED_FOR_S,
            window_for=window_for,
        )
        (connectors / source).mkdir(parents=True)
        rows = "".join(_ROW.format(source=source, name=name) for name in NAMES)
        (connectors / source / "manifest.toml").write_text(text + rows, "utf-8")
    fields = [(source, name) for source in SOURCES for name in NAMES]
    attributes = "".join(_ATTRIBUTE.format(source=source, name=name) for source, name in fields)
    sources = "".join(_SOURCE.format(source=source) for source in SOURCES)
    asked = "".join(
        _FIELD.format(source=source, name=name, item=item) for item, (source, name) in enumerate(fields, start=1)
    )
    for part in ("attributes", "procedures"):
        (book / part).mkdir(parents=True)
    (book / "attributes" / "departments.toml").write_text(_BOOK + sources + attributes, "utf-8")
    (book / "procedures" / f"{PROCEDURE}_bay-so.toml").write_text(_PROCEDURE + asked, "utf-8")
    tables = "".join(f'\n[connectors.{source}]\nzone = "lab"\n' for source in SOURCES)
    return Departments(
        toml=f'[connectors]\npath = ["{connectors}"]\n{tables}\n[policies]\npath = ["{book}"]\n', book=book
    )
