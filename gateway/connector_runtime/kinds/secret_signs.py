"""Signs of a secret in a text: what a generator made, a login, a key in PEM, a literal under a name that means one.

Each is told from the words of an address, a code list or a sentence. What cannot be told from a word is let pass: the
people who approve a manifest read it, too.
"""

import re
import unicodedata
from itertools import pairwise
from typing import Final

SLOTS: Final = re.compile(r"\{[^{}]*\}")
"""What is filled in when a question is written."""

_RANDOM = re.compile(r"[A-Za-z0-9+/=_.-]{20,}")
_UNBROKEN = 32
_TURNS = re.compile(r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_MANY_TURNS = 3
_ADDRESS_CUTS = 3
_SHORTER = re.compile(r"(?<![A-Za-z0-9+/=_.-])[A-Za-z0-9+/]{16,}={0,2}(?![A-Za-z0-9+/=_.-])")
_SHORTEST = re.compile(r"(?<![A-Za-z0-9])(?=[A-Z0-9]*[a-z])(?=[a-z0-9]*[A-Z])[A-Za-z0-9]{8,15}(?![A-Za-z0-9])")
_MOST_TURNS = 5
_HEX = re.compile(r"(?i)(?<![A-Za-z0-9])(?=[0-9]*[a-f])(?=(?:[a-f]*[0-9]){4})[0-9a-f]{16,}(?![A-Za-z0-9])")
_CAPITALS = re.compile(r"(?<![A-Za-z0-9])(?=[A-Z]*[0-9])(?=[0-9]*[A-Z])[A-Z0-9]{20,}(?![A-Za-z0-9])")
_DIGITS = re.compile(r"(?<![0-9.])[0-9]{20,}(?![0-9.])")
_UNSPOKEN = re.compile(r"(?i)(?<![a-z])(?=[a-z]*[b-df-hj-np-tv-xz]{6})[a-z]{16,}(?![a-z])")
_UUID = re.compile(r"(?i)(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])")

# words of a name, or neighbours among them; the last ones also as endings, since `wspassword` is cut nowhere
_WORDS = frozenset(
    {"pass", "mk", "pw", "pin", "otp", "auth", "authorization", "cookie", "sig", "signature", "signatures"}
    | {"chiakhoa", "baomat"}
)
_ENDINGS = (
    *("password", "passwd", "passphrase", "passcode", "pwd", "matkhau", "bimat", "matruycap"),
    *("secret", "secretkey", "apikey", "appkey", "accesskey", "privatekey", "authkey", "subscriptionkey"),
    *("token", "credential", "credentials"),
)
_MAYBE = frozenset({"key", "khoa"})  # also a column's, also a hospital's department
_ABOUT = frozenset(
    {"type", "kind", "alg", "algorithm", "method", "format", "mode", "level", "version", "user", "username"}
)
_GRADES = frozenset({"muc", "cap"})
_CUTS = re.compile(r"[^A-Za-z]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_HARMLESS = frozenset({"", "0", "1", "true", "false", "yes", "no", "null", "none"})
_MIXED = re.compile(r"(?=.*[A-Za-z])(?=.*[0-9])\S{5,}")
_LONG_WORD = re.compile(r"[a-z]{13,}|[A-Z]{13,}")
# what a service calls the column it looks people up by, run together
_OF_A_COLUMN = re.compile(r"(?i)dinhdanh|cancuoc|number|ident|citizen|person|cccd|cmnd|certificate|license|mathe|sothe")

_ACCOUNTS = frozenset({"user", "username", "login", "account", "taikhoan", "nguoidung", "tendangnhap", "userid", "uid"})
_LOGIN = re.compile(r"[^\s:/{}]{2,40}[:/|][^\s:/{}]{4,}")
_KNOWN_LOGIN = re.compile(
    r"(?i)(?:admin|administrator|root|sa|system|user|guest|test|gate06|quantri)\d{0,4}:[^\s:/{}]{3,}"
)
_IN_ADDRESS = re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://[^\s/@:]*:[^\s/@]+@")
_SCHEME = re.compile(r"(?i)(?:basic|bearer|digest|apikey|token|negotiate|hmac|aws4-hmac-sha256)\s+\S{3,}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]+-----")

_SAID = re.compile(
    r"""(?ix) (?:pass(?:word|wd)? | secret | api[_-]?key | token | mật\s*khẩu)"""
    r"""["']? \s* [:=] \s* ["']? (?!\{) ([^\s"',}<]{8,})"""
)
# in a sentence a short one counts, when letters are mixed with digits or signs: `password is Abc@123`
_TOLD = re.compile(
    r"""(?ix) \b (?:pass(?:word|wd|code|phrase)? | pwd | pw | pin | secret | (?:api|app|access)[\s_-]?key | token
    | m[ậa]t\s*kh[ẩa]u | b[íi]\s*m[ậa]t | ch[ìi]a\s*kh[óo]a) ["'`]? \s* (?:[:=] | \b(?:is|was|l[àa])\b) \s* ["'`]?
    (?=[^\s"'`]*[a-z]) (?=[^\s"'`]*[0-9@!\#%^&*]) [^\s"'`{}()<>$/]{6,}"""
)


def looks_like_a_secret(text: str) -> bool:
    """Tell whether a literal text is more likely a secret than a name: long, unbroken, letters and digits mixed, a
    UUID, a hexadecimal or base64 text, letters nobody can say. A slot in the middle hides nothing. Namespaces of a body
    are no texts and are not looked at."""
    cut, joined = SLOTS.sub(" ", text), SLOTS.sub("", text)
    if _UUID.search(cut) or any(sign.search(cut) for sign in (_HEX, _CAPITALS, _DIGITS, _UNSPOKEN)):
        return True
    shorter = [word for word in _SHORTER.findall(cut) if len(_TURNS.findall(word)) >= _MANY_TURNS]
    shorter += [word for word in _SHORTEST.findall(cut) if len(_TURNS.findall(word)) >= _MOST_TURNS]
    return bool(shorter) or any(_is_mixed(word) for word in (*_RANDOM.findall(cut), *_RANDOM.findall(joined)))


def is_name_of_a_secret(text: str) -> bool:
    """Tell whether a text can be a secret's name: short, of letters, digits, dots and dashes, and no secret itself."""
    return _NAME.fullmatch(text) is not None and not looks_like_a_secret(text)


def _is_mixed(word: str) -> bool:
    kinds = sum(bool(re.search(kind, word)) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    cuts = len(re.findall(r"[._/-]", word))
    if kinds == 3:
        # `VN/GOV/000.00.19.H56/gate06` is somebody's address at a bus
        return cuts < _ADDRESS_CUTS or len(_TURNS.findall(word)) >= _MANY_TURNS
    return len(word) >= _UNBROKEN and kinds > 0 and not cuts


def is_random(word: str) -> bool:
    """Tell a generator's text from the words of an address: letters and digits take turns in it."""
    if _UUID.search(word) or _HEX.search(word):
        return True
    return looks_like_a_secret(word) and len(_TURNS.findall(word)) >= _MANY_TURNS


def holds_a_proof(text: str) -> bool:
    """Tell whether a text shows somebody's proof wherever it stands: an address with a password, a block of PEM."""
    return _IN_ADDRESS.search(text) is not None or _PEM.search(text) is not None


def sets_a_secret(text: str) -> bool:
    """Tell whether a line sets one: `token = …`, in whatever language it is written."""
    return _SAID.search(text) is not None


def says_a_secret(text: str) -> bool:
    """Tell whether a sentence or a comment says one: `mật khẩu: Abc@123`, `admin:abc`."""
    logins = (word for word in text.split() if _KNOWN_LOGIN.fullmatch(word))
    return sets_a_secret(text) or _TOLD.search(text) is not None or holds_a_proof(text) or any(logins)


def tells_a_login(name: str, text: str) -> bool:
    """Tell whether a literal is a login: a scheme with its proof (`Basic …`), an account with a password behind it."""
    literal = SLOTS.sub("", text).strip()
    if holds_a_proof(literal) or _SCHEME.fullmatch(literal) or _KNOWN_LOGIN.fullmatch(literal):
        return True
    words = _words(name)
    named = not _ACCOUNTS.isdisjoint({*words, "".join(words)})
    return named and _LOGIN.fullmatch(literal) is not None


def means_a_secret(name: str, text: str, *, in_header: bool = False) -> bool:
    """Tell whether a literal stands under a name that means a secret; a `key` may hold the name of a column, outside a
    header, but no mixture and no long word that is none."""
    literal = SLOTS.sub("", text).strip()
    if literal.casefold() in _HARMLESS:
        return False
    words = _words(name)
    if not words or words[-1] in _ABOUT or words[0] in _GRADES:
        return False
    if _are_of_a_secret(words):
        return True
    if _MAYBE.isdisjoint(words):
        return False
    unknown = _LONG_WORD.search(literal) is not None and _OF_A_COLUMN.search(literal) is None
    return in_header or unknown or bool(_MIXED.fullmatch(literal)) or _are_of_a_secret(_words(literal))


def _are_of_a_secret(words: list[str]) -> bool:
    joined = [first + second for first, second in pairwise(words)]
    return any(one in _WORDS or one.endswith(_ENDINGS) for one in (*words, *joined, "".join(words)))


def _words(name: str) -> list[str]:
    """Cut a name at signs, capitals and digits; numbers and a version's `v` say nothing."""
    plain = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    plain = "".join(one for one in plain if one.isascii())
    return [one.casefold() for one in _CUTS.split(plain) if one and one.casefold() != "v"]
