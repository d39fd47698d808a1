"""The contrasts of the look, computed from the tokens in the styles (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

GATEWAY = Path("gateway/pages/layout/static/page.css")
PORTAL = Path("examples/portal/static/portal.css")
TEXT = [
    ("text", "page"),
    ("text", "surface"),
    ("text", "tint"),
    ("muted", "page"),
    ("muted", "surface"),
    ("primary", "surface"),
    ("primary", "tint"),
    ("on-primary", "primary"),
    ("link", "page"),
    ("link", "surface"),
    ("danger", "surface"),
    ("warn", "surface"),
    ("ok", "surface"),
    ("on-band", "band"),
    ("band-link", "band"),
    ("on-trial", "trial"),
]
EDGES = [("border", "surface"), ("border", "page"), ("primary", "page"), ("focus", "focus-edge")]


def tokens(file: Path) -> dict[str, dict[str, str]]:
    css = file.read_text("utf-8")
    blocks = re.findall(r":root\s*\{([^}]*)\}", css)
    light = dict(re.findall(r"--([\w-]+):\s*(#[0-9A-Fa-f]{6})", blocks[0]))
    dark = light | dict(re.findall(r"--([\w-]+):\s*(#[0-9A-Fa-f]{6})", blocks[1]))
    return {"light": light, "dark": dark}


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_is_21():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


@pytest.mark.parametrize("file", [GATEWAY, PORTAL], ids=["gateway", "portal"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(file, scheme):
    known = tokens(file)[scheme]
    for front, back in TEXT:
        if front in known and back in known:
            assert contrast(known[front], known[back]) >= 4.5, (front, back)


@pytest.mark.parametrize("file", [GATEWAY, PORTAL], ids=["gateway", "portal"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_and_focus_can_be_seen(file, scheme):
    known = tokens(file)[scheme]
    for front, back in EDGES:
        assert contrast(known[front], known[back]) >= 3, (front, back)
    # the focus is a bright ring inside a dark one: one of the two stands out on any ground
    for ground in ("page", "surface", "band"):
        if ground in known:
            assert max(contrast(known[edge], known[ground]) for edge in ("focus", "focus-edge")) >= 3, ground
