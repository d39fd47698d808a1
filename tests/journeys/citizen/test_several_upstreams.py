"""Several upstreams at once: npm's `oidc-provider` twice beside both national dialects, and every way to mix them up.

Each mix-up must end on a page or an error, without a session and without a code sent to anybody it is not for (RFC 9207
§4, RFC 9700 §4.4).
"""

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx2
import pytest

from tests.journeys.citizen.upstreams import Upstream, running, write_settings
from tests.journeys.clerk import Clerk
from tests.journeys.stack import Stack
from tests.services import free_port

pytestmark = pytest.mark.npm


@pytest.fixture(scope="module")
def upstreams() -> dict[str, Upstream]:
    return {alias: Upstream(alias, free_port()) for alias in ("honest", "greedy")}


@pytest.fixture(scope="module")
def stack(upstreams: dict[str, Upstream], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("demo")
    write_settings(folder / "upstreams.toml", *upstreams.values())
    demo = Stack(folder, arguments=("--config", "upstreams.toml"))
    # first the upstreams: the gateway asks at its start, and remembers for two seconds who did not answer
    with running(demo.issuer, *upstreams.values()), demo:
        yield demo


class Visitor:
    """A browser that stops before an address of the gateway's callback, so that a test can bend it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.browser = httpx2.Client(trust_env=False)
        self.clerk = Clerk(stack, self.browser)

    def leave(self, idp: str, hint: str) -> str:
        """Start a sign-in; return the address of the upstream that the gateway sends the browser to."""
        asked = self.clerk.authorize_url(scope="openid profile", idp_hint=idp, login_hint=hint)
        answer = self.browser.get(asked)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def walk_to_callback(self, url: str) -> str:
        """Follow an upstream's pages until it sends the browser back to the gateway."""
        for _ in range(15):
            if url.startswith(f"{self.stack.issuer}/upstream/"):
                return url
            url = urljoin(url, self.browser.get(url).headers["location"])
        raise AssertionError("the upstream does not come back")

    def sign_in(self, idp: str, hint: str) -> str:
        """Sign in whole; return the pairwise subject that stands on the notice's way to the portal."""
        answer = self.browser.get(self.walk_to_callback(self.leave(idp, hint)), follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer.text

    def signed_in(self) -> bool:
        """Tell whether the gateway knows anybody in this browser."""
        answer = self.browser.get(self.clerk.authorize_url(scope="openid", prompt="none"))
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))["error"] != "login_required"

    def refused(self, callback: str) -> httpx2.Response:
        """Open a bent callback; nobody is signed in by it."""
        answer = self.browser.get(callback, follow_redirects=True)
        assert answer.status_code in {400, 403, 409, 502}, answer.text
        assert not self.signed_in()
        return answer


@pytest.fixture
def visitor(stack: Stack) -> Iterator[Visitor]:
    opened = Visitor(stack)
    yield opened
    opened.browser.close()


def with_query(url: str, **changes: str | None) -> str:
    query = {**dict(parse_qsl(urlsplit(url).query)), **changes}
    kept = {name: value for name, value in query.items() if value is not None}
    return f"{url.partition('?')[0]}?{urlencode(kept)}"


def at(url: str, alias: str) -> str:
    """Return a callback at another provider's address."""
    head, _, tail = url.partition("/upstream/")
    return f"{head}/upstream/{alias}/{tail.partition('/')[2]}"


def code_of(page: httpx2.Response) -> str:
    return page.text.partition('data-code="')[2].partition('"')[0]


@pytest.mark.parametrize("alias", ["honest", "greedy"])
def test_each_signs_in(visitor, upstreams, alias):
    redeemed = upstreams[alias].calls("POST /token")
    page = visitor.sign_in(alias, "buoi")
    assert "Trần Thị Bưởi" in page
    assert visitor.signed_in()
    assert upstreams[alias].calls("POST /token") == redeemed + 1


def test_a_sign_out_at_the_upstream_ends_the_session_here(visitor, upstreams):
    visitor.sign_in("honest", "buoi")
    assert visitor.signed_in()
    address = f"{upstreams['honest'].issuer}/session/end"
    asked = visitor.browser.get(address, params={"client_id": "gate06"})
    xsrf = asked.text.partition('name="xsrf" value="')[2].partition('"')[0]
    answer = visitor.browser.post(f"{address}/confirm", data={"xsrf": xsrf, "logout": "yes"})
    assert answer.status_code in {302, 303}, answer.text
    assert not visitor.signed_in(), "npm oidc-provider posts its logout token before it answers the browser"


def test_all_four_stand_on_the_sign_in_page(stack):
    with httpx2.Client(trust_env=False, follow_redirects=True) as browser:
        page = browser.get(Clerk(stack, browser).authorize_url(scope="openid")).text
    primary = page.partition('id="login"')[2].partition("</button>")[0]
    assert primary.endswith('value="vneid">Đăng nhập bằng tài khoản định danh điện tử')
    others = page.partition("Cách khác")[2]
    assert [f'value="{alias}"' in others for alias in ("national_portal", "honest", "greedy", "vneid")] == [
        *(True, True, True),
        False,
    ]


def test_a_callback_at_the_other_providers_address_is_refused_before_anything_is_redeemed(visitor, upstreams):
    redeemed = {alias: one.calls("POST /token") for alias, one in upstreams.items()}
    callback = visitor.walk_to_callback(visitor.leave("honest", "buoi"))
    assert code_of(visitor.refused(at(callback, "greedy"))) == "GW-1208"
    assert {alias: one.calls("POST /token") for alias, one in upstreams.items()} == redeemed


def test_a_greedy_upstream_that_sends_on_to_the_honest_one_gets_no_code(visitor, upstreams, stack):
    """The mix-up of RFC 9700 §4.4.1: the greedy one answers the departure with the honest one's own page."""
    redeemed = upstreams["greedy"].calls("POST /token")
    left = visitor.leave("greedy", "buoi")
    honest = f"{upstreams['honest'].issuer}/auth"
    own = f"{stack.issuer}/upstream/honest/callback"
    callback = visitor.walk_to_callback(with_query(f"{honest}?{urlsplit(left).query}", redirect_uri=own))
    answered = dict(parse_qsl(urlsplit(callback).query))
    assert answered["code"]
    assert answered["iss"] == upstreams["honest"].issuer
    assert code_of(visitor.refused(callback)) == "GW-1208"
    assert code_of(visitor.refused(at(callback, "greedy"))) == "GW-1208"
    assert upstreams["greedy"].calls("POST /token") == redeemed


def test_at_the_right_address_a_foreign_iss_is_refused_before_the_code_leaves(visitor, upstreams):
    redeemed = {alias: one.calls("POST /token") for alias, one in upstreams.items()}
    for iss in (upstreams["honest"].issuer, "https://evil.test", None):
        callback = visitor.walk_to_callback(visitor.leave("greedy", "buoi"))
        assert code_of(visitor.refused(with_query(callback, iss=iss))) == "GW-1208"
    assert {alias: one.calls("POST /token") for alias, one in upstreams.items()} == redeemed


def test_a_code_of_another_attempt_is_not_redeemed_into_this_one(visitor, stack):
    """Code injection (RFC 9700 §4.5): nonce and challenge of the other attempt do not fit."""
    thief = Visitor(stack)
    stolen = dict(parse_qsl(urlsplit(thief.walk_to_callback(thief.leave("honest", "son"))).query))["code"]
    thief.browser.close()
    callback = visitor.walk_to_callback(visitor.leave("honest", "buoi"))
    assert code_of(visitor.refused(with_query(callback, code=stolen))) == "GW-1208"


def test_a_code_of_the_other_provider_is_not_redeemed(visitor):
    foreign = dict(parse_qsl(urlsplit(visitor.walk_to_callback(visitor.leave("honest", "buoi"))).query))["code"]
    callback = visitor.walk_to_callback(visitor.leave("greedy", "buoi"))
    assert code_of(visitor.refused(with_query(callback, code=foreign))) == "GW-1208"


def test_a_state_of_another_browser_signs_nobody_in(visitor, stack):
    thief = Visitor(stack)
    lure = thief.walk_to_callback(thief.leave("honest", "son"))
    assert code_of(visitor.refused(lure)) == "GW-1210"
    thief.browser.close()


def test_two_states_of_one_browser_do_not_change_places(visitor):
    first = visitor.walk_to_callback(visitor.leave("honest", "buoi"))
    second = visitor.walk_to_callback(visitor.leave("greedy", "son"))
    states = [dict(parse_qsl(urlsplit(url).query))["state"] for url in (first, second)]
    assert code_of(visitor.refused(with_query(first, state=states[1]))) == "GW-1208"
    assert code_of(visitor.refused(with_query(second, state=states[0]))) == "GW-1208"


NATIONAL = [("vneid", "national_portal"), ("national_portal", "vneid"), ("vneid", "honest"), ("honest", "vneid")]


@pytest.mark.parametrize(("left", "arrived"), NATIONAL)
def test_the_national_dialects_are_not_mixed_up_either(visitor, stack, upstreams, left, arrived):
    """They know no `iss`, nonce or challenge: address and state alone keep them apart."""
    hint = "persona:3" if left != "honest" else "buoi"
    callback = visitor.walk_to_callback(visitor.leave(left, hint))
    calls, redeemed = stack.calls(stack.vneid_url), upstreams["honest"].calls("POST /token")
    assert code_of(visitor.refused(at(callback, arrived))) == "GW-1208"
    assert (stack.calls(stack.vneid_url), upstreams["honest"].calls("POST /token")) == (calls, redeemed)
    answer = visitor.browser.get(callback, follow_redirects=True)
    assert answer.status_code == 200, "the bent address did not spend the state of the right one"
    assert visitor.signed_in()


def test_a_callback_is_answered_once(visitor):
    callback = visitor.walk_to_callback(visitor.leave("honest", "buoi"))
    assert visitor.browser.get(callback).status_code == 303
    again = visitor.browser.get(callback)
    assert (again.status_code, code_of(again)) == (409, "GW-1211")


def test_a_stranger_upstream_links_to_the_same_citizen_as_the_national_ones(stack):
    """Four ways in, one citizen: the operator marked each of them `vouches_for_number`."""
    subjects = set()
    for idp, hint in (("vneid", "persona:3"), ("national_portal", "persona:3"), ("honest", "buoi"), ("greedy", "buoi")):
        with httpx2.Client(trust_env=False) as browser:
            clerk = Clerk(stack, browser)
            tokens = clerk.sign_in(scope="openid profile", idp_hint=idp, login_hint=hint)
            subjects.add(clerk.userinfo(tokens)["sub"])
    assert len(subjects) == 1
