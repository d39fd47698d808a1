"""What an identity provider is: two methods, and one more for those that can end their session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from gateway.vocabulary.assurance_level import LevelTooLow
from gateway.vocabulary.citizen import AccountType
from gateway.vocabulary.failure import Failure, RefusedBy
from gateway.vocabulary.officer import StaffAccount
from gateway.vocabulary.organisation import Organisation
from gateway.vocabulary.partial_date import PartialDate


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """What the gateway wants of a sign-in. `state` is fresh and unguessable, chosen by the caller."""

    state: str
    redirect_uri: str
    acr_values: tuple[str, ...] = ()
    prompt_login: bool = False
    max_age: int | None = None
    login_hint: str | None = None
    ui_locales: str | None = None


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser, and what the adapter must be given back (stored server-side, sealed)."""

    url: str
    memory: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """What came back: `parameters` decoded as a form would (the last of duplicates is refused by the caller),
    `raw_query` as received, for dialects that a form decoder breaks."""

    parameters: Mapping[str, str]
    raw_query: str
    redirect_uri: str
    state: str
    memory: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """Who authenticated, in our words. (`issuer`, `subject`, `account_type`) is the key of the account; the
    personal number is an attribute, never the key. `acr` is ours (`urn:gate06:vneid:1|2`) or None. All of it is about
    the human being; `organisation` is whom an account of type organisation acts for, and None otherwise; `staff`
    is there exactly when the provider is of the staff realm."""

    provider: str
    issuer: str
    subject: str
    full_name: str
    account_type: AccountType = "citizen"
    personal_number: str | None = None
    old_number: str | None = None
    passport_number: str | None = None
    birth_date: PartialDate | None = None
    sex: str | None = None
    account_level: int | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    auth_time: datetime | None = None
    session_id: str | None = None
    id_token: str | None = None
    vouches_for_number: bool = False
    organisation: Organisation | None = None
    staff: StaffAccount | None = None


class IdentityProvider(Protocol):
    """One upstream, under the alias an operator gave it."""

    @property
    def alias(self) -> str:
        """The name in settings, in `idp_hint` and in the callback path."""
        ...

    @property
    def label(self) -> Mapping[str, str]:
        """The words on its button, by language (`vi`, `en`)."""
        ...

    @property
    def realm(self) -> Literal["citizen", "staff"]:
        """Whose sign-in it serves."""
        ...

    @property
    def reauthenticates(self) -> bool:
        """Whether it honours `prompt=login` and `max_age`."""
        ...

    async def begin(self, request: Begin) -> Departure:
        """Return where to send the browser. Raises IdentityProviderUnavailable or UpstreamAnswerInvalid."""
        ...

    async def complete(self, callback: Callback) -> Authentication:
        """Read the callback. Raises a SignInFailure subclass: each cause has its own class and page."""
        ...


@runtime_checkable
class EndsSession(Protocol):
    """An identity provider whose browser session can be ended by sending the browser there."""

    def sign_out_url(self, *, id_token: str | None, return_to: str, state: str) -> str | None:
        """Return the address that ends the upstream session and comes back, or None."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutNotice:
    """Whose session ended at an identity provider: by its `sub`, its `sid` or both; `token_id` is the token's `jti`."""

    issuer: str
    subject: str | None
    session_id: str | None
    token_id: str


@runtime_checkable
class HearsLogout(Protocol):
    """An identity provider that tells by itself when a session there has ended."""

    async def read_logout(self, logout_token: str) -> LogoutNotice:
        """Return what a verified token says. Raises UpstreamAnswerInvalid, IdentityProviderUnavailable."""
        ...


@runtime_checkable
class Probes(Protocol):
    """An identity provider that can be asked whether it is up, and that warms its caches by it."""

    async def probe(self) -> None:
        """Return when it answers as it should. Raises IdentityProviderUnavailable or UpstreamAnswerInvalid."""
        ...


class UpstreamReply(Protocol):
    """An answer of an identity provider: status, lower-cased header names, body capped by the client."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Header fields by lower-cased name."""
        ...

    @property
    def body(self) -> bytes:
        """The body, at most `limit` octets."""
        ...


class UpstreamClient(Protocol):
    """The way out to identity providers: no redirects, strict TLS, capped answers.

    The shape of the outbound client that connectors get: one implementation serves both. It raises an exception
    of its own for every call that gave no answer.
    """

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_for: float = 2.0,
        limit: int = 1_048_576,
    ) -> UpstreamReply:
        """Send one request; `timeout_for` in seconds, `limit` in octets."""
        ...


class AssertionSigner(Protocol):
    """Signs our client assertions (RFC 7523) with a key that our `jwks_uri` publishes; the key ring is one."""

    def sign(self, claims: Mapping[str, Any], *, typ: str | None, alg: str = "ES256") -> str:
        """Return the compact JWS of `claims`."""
        ...


class SignInFailure(Failure):
    """A sign-in that did not succeed upstream. Subclasses name the cause; `retryable` says if trying again helps."""

    oauth_error = "access_denied"
    http_status = 403
    refused_by: RefusedBy = "identity_provider"
    retryable: bool = True


class SignInCancelled(SignInFailure):
    """The person chose not to go on at the identity provider."""

    code = "GW-1101"
    title = "sign-in cancelled"
    refused_by: RefusedBy = "citizen"
    vi = "Ông/bà đã chọn không tiếp tục đăng nhập."
    en = "You chose not to go on with the sign-in."
    fix = "Keep the draft, offer the sign-in again and a way to fill the form by hand."


class SignInNotConfirmed(SignInFailure):
    """Nobody confirmed in time. The identity provider says so itself, by the error it comes back with: as a Keycloak
    `temporarily_unavailable`, as a WSO2 `login_required`, `interaction_required`, `account_selection_required` or
    `consent_required` (OpenID Connect Core §3.1.2.6), the national dialects `authentication_timeout` too. A provider
    that does not answer us is another failure: GW-1209."""

    code = "GW-1204"
    title = "identity provider did not confirm"
    vi = "Ứng dụng VNeID chưa xác nhận. Mở ứng dụng, kiểm tra mạng rồi thử lại."
    en = "The VNeID app has not confirmed. Open the app, check the connection and try again."
    fix = "Retry; the cause lies with the app or the phone."


class AccountLevelTooLow(LevelTooLow, SignInFailure):
    """The upstream itself refused because the account's level is below what was essential (GW-1203)."""

    refused_by: RefusedBy = "identity_provider"
    retryable = False


class NoOwnAccount(SignInFailure):
    """The person has no electronic identity account of their own; for a minor the guardian acts."""

    code = "GW-1206"
    title = "no own account"
    retryable = False
    vi = "Người này chưa có tài khoản định danh điện tử riêng. Cha, mẹ hoặc người giám hộ đăng nhập và làm thay."
    en = "This person has no electronic identity account of their own. A parent or guardian signs in and acts for them."
    fix = "Let the guardian sign in and act for the person."


class AccountOnOtherPhone(SignInFailure):
    """The account is in use on another phone: it works on one at a time, and the code for a new one goes to the old."""

    code = "GW-1207"
    title = "account in use on another phone"
    vi = "Tài khoản định danh điện tử đang dùng trên điện thoại khác. Mỗi lúc chỉ dùng được trên một máy."
    en = "The electronic identity account is in use on another phone. It works on one phone at a time."
    fix = "Keep the draft; the person moves the account to the new phone by the code sent to the old one."


class AccountNotActivated(SignInFailure):
    """The electronic identity account exists but was never activated."""

    code = "GW-1205"
    title = "account not activated"
    vi = "Tài khoản định danh điện tử chưa được kích hoạt. Mở ứng dụng VNeID để kích hoạt."
    en = "The electronic identity account is not activated yet. Open the VNeID app to activate it."
    fix = "Show how to activate the account; retry afterwards."


class AccountLocked(SignInFailure):
    """The electronic identity account is locked."""

    code = "GW-1301"
    title = "account locked"
    retryable = False
    vi = "Tài khoản định danh điện tử đang bị khóa. Gọi 1900 0368 hoặc đến công an cấp xã để mở khóa."
    en = "The electronic identity account is locked. Call 1900 0368 or visit the commune police to unlock it."
    fix = "Show the contact block; a new sign-in does not help."


class AccountClosed(SignInFailure):
    """The electronic identity account is closed; the reason is not told to anybody here."""

    code = "GW-1302"
    title = "account closed at the identity provider"
    retryable = False
    vi = "Không thể dùng tài khoản này."
    en = "This account cannot be used."
    fix = "Do not tell others why. The person or the family asks the commune police."


class UpstreamAnswerInvalid(SignInFailure):
    """The identity provider's answer failed a check (state, issuer, audience, nonce, signature, decryption)."""

    code = "GW-1208"
    title = "identity provider's answer refused"
    oauth_error = "server_error"
    http_status = 502
    vi = "Không xác nhận được kết quả đăng nhập. Quay lại và đăng nhập lại."
    en = "The sign-in result could not be verified. Go back and sign in again."
    fix = "Read the operator log by trace id: it names the check that failed."


class ClocksDiffer(UpstreamAnswerInvalid):
    """The answer's times do not fit our clock: one of the two clocks is wrong; `operator_detail` says by how much."""

    code = "GW-1213"
    title = "clocks of gateway and identity provider differ"
    vi = "Đồng hồ của hai hệ thống lệch nhau nên chưa xác nhận được kết quả đăng nhập. Thử lại sau ít phút."
    en = "The clocks of two systems differ, so the sign-in result could not be verified. Try again in a few minutes."
    fix = "Compare the gateway's clock with a time server first (`gate06 doctor`), then with the identity provider's."


class IdentityProviderUnavailable(SignInFailure):
    """The identity provider cannot be reached, does not answer in time, or answers 429, 5xx or `server_error`."""

    code = "GW-1209"
    title = "identity provider unavailable"
    oauth_error = "temporarily_unavailable"
    http_status = 503
    vi = "Hệ thống định danh điện tử (VNeID) hiện không kết nối được. Thử lại sau ít phút."
    en = "The electronic identity system (VNeID) cannot be reached now. Try again in a few minutes."
    fix = "Retry later; operators see the upstream's row in `gate06 doctor` and on the status page."
