"""Every page at 400 %: a window of 1280 × 1024 shows 320 × 256 CSS pixels (WCAG 1.4.10), each of them four by four."""

import pytest
from playwright.sync_api import Page

from tests.pages.browser import overflows, press
from tests.pages.page_samples import VIEWS

pytestmark = pytest.mark.browser
PUBLIC = [
    "/corrections/1.004222",
    "/evidence",
    "/",
    "/errors",
    "/errors/GW-1203",
    "/status",
    "/errors/GW-0000",
    "/broken",
]
# the page that posts an answer is gone before it can be looked at; without its script it is below
PATHS = [f"/view/{name}" for name in VIEWS if name != "form_post"] + PUBLIC
WINDOW = {"width": 320, "height": 256}

# What sticks out on either side or is cut off by its own box. Words for screen readers alone are meant to be cut.
CUT_OFF = """() => [...document.body.querySelectorAll('*')].filter(one => {
  if (one.closest('.said, .skip, svg, thead') || one.getClientRects().length === 0) return false;
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  const cut = style.overflowX !== 'visible' && one.scrollWidth > one.clientWidth + 1;
  const low = style.overflowY === 'hidden' && one.scrollHeight > one.clientHeight + 1;
  return box.left < -0.5 || box.right > 320.5 || (one.tagName !== 'SELECT' && (cut || low));
}).map(one => one.outerHTML.slice(0, 120))"""

# What is pressed and is too low for a thumb; what is folded away elsewhere is open here.
SMALL = """() => [...document.querySelectorAll('button, a.button, summary, .switch')]
  .filter(one => one.getClientRects().length && one.getBoundingClientRect().height < 44)
  .map(one => one.outerHTML.slice(0, 120))"""

# What stays in place while the page is scrolled takes part of 256 pixels away, or covers what has the focus.
STUCK = """() => [...document.body.querySelectorAll('*')]
  .filter(one => ['fixed', 'sticky'].includes(getComputedStyle(one).position))
  .map(one => one.outerHTML.slice(0, 120))"""

# Whether the element with the focus is in the window, not covered at what of it is there, and marked by a ring.
FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body || one === document.documentElement) return null;
  const boxes = [...one.getClientRects()].filter(box => box.width > 0 && box.height > 0);
  const name = one.id || one.outerHTML.slice(0, 100);
  const box = boxes.find(box => box.bottom > 4 && box.top < innerHeight - 4);
  if (!box) return {name, fault: 'out of the window'};
  const whole = one.getBoundingClientRect();
  if (whole.height <= innerHeight && (whole.top < -1 || whole.bottom > innerHeight + 1)) {
    return {name, fault: 'cut by the edge of the window'};
  }
  const x = (Math.max(box.left, 0) + Math.min(box.right, innerWidth)) / 2;
  const y = (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2;
  const there = document.elementFromPoint(x, y);
  if (!there || !(one.contains(there) || there.contains(one) || there.closest('label')?.htmlFor === one.id)) {
    return {name, fault: 'covered by ' + (there ? there.outerHTML.slice(0, 80) : 'nothing')};
  }
  const style = getComputedStyle(one);
  if (one.id !== 'main' && (style.outlineStyle !== 'solid' || style.outlineWidth !== '3px')) {
    return {name, fault: 'no ring'};
  }
  return {name, fault: null};
}"""


@pytest.fixture
def page(chromium):
    context = chromium.new_context(viewport=WINDOW, device_scale_factor=4, bypass_csp=True)
    yield context.new_page()
    context.close()


def faults(page: Page) -> dict[str, object]:
    """Return what is wrong with the page that is shown."""
    found: dict[str, object] = {}
    if (wider := overflows(page)) > 0:
        found["scrolls sideways by"] = wider
    if cut := page.evaluate(CUT_OFF):
        found["cut off"] = cut
    if small := page.evaluate(SMALL):
        found["too small"] = small
    if stuck := page.evaluate(STUCK):
        found["stuck"] = stuck
    lost = []
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    for _ in range(90):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None:
            break
        if focused["fault"]:
            lost.append((focused["name"], focused["fault"]))
    if lost:
        found["focus"] = lost
    return found


@pytest.mark.parametrize("language", ["vi", "en"])
def test_nothing_is_cut_covered_or_lost_at_400_percent(page, address, language):
    found = {}
    for path in PATHS:
        page.goto(f"{address}{path}?ui_locales={language}")
        assert page.evaluate("[innerWidth, innerHeight, devicePixelRatio]") == [320, 256, 4]
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        if wrong := faults(page):
            found[path] = wrong
    assert found == {}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_page_that_posts_an_answer_fits_without_its_script(chromium, address, language):
    context = chromium.new_context(viewport=WINDOW, device_scale_factor=4, java_script_enabled=False, bypass_csp=True)
    page = context.new_page()
    page.goto(f"{address}/view/form_post?ui_locales={language}")
    assert faults(page) == {}
    context.close()


def test_the_slip_itself_fits_too(page, address):
    page.goto(f"{address}/corrections/1.000894")
    for box in page.locator(".choice input").all():
        box.check()
    press(page, "#show")
    page.locator("#slip").wait_for()
    assert faults(page) == {}


@pytest.mark.parametrize(
    ("style", "fault"),
    [
        (".card { width: 400px }", "scrolls sideways by"),
        ("h1 { white-space: nowrap; overflow: hidden }", "cut off"),
        ("button { min-height: 0 !important; padding: 0 !important; font-size: 9px !important }", "too small"),
        ("header { position: sticky; top: 0; z-index: 9 }", "stuck"),
        (":focus-visible { outline: none !important }", "focus"),
        ("footer::after { content: ''; position: fixed; inset: 0; z-index: 9 }", "focus"),
        ("#consent-allow { position: absolute; left: -600px }", "focus"),
    ],
)
def test_the_measure_sees_what_it_is_for(page, address, style, fault):
    """Each way to spoil a page is found: otherwise an empty list says nothing."""
    page.goto(f"{address}/view/notice?ui_locales=vi")
    assert faults(page) == {}
    page.add_style_tag(content=style)
    assert fault in faults(page)
