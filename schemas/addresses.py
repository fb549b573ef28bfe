"""Web addresses (RFC 3986, with hosts and paths in any script): what we take as one."""

import re
from ipaddress import IPv6Address

LONGEST, LONGEST_HOST = 2048, 253
# Hosts keep out what WHATWG's URL standard forbids there, what would make two hosts look the same, and what
# compatibility (NFKC) makes into a colon, slash, question mark, number sign or at sign.
_HOST = (
    r"[^\s\u0000-\u002c\u002f\u003a-\u0040\u005b-\u005e\u0060\u007b-\u009f\u00ad\u061c\u200b\u200e\u200f"
    r"\u202a-\u202e\u2047-\u2049\u2060-\u206f\u2100\u2101\u2105\u2106\u2a74"
    r"\ufe13\ufe16\ufe55\ufe56\ufe5f\ufe6b\ufeff\uff03\uff0f\uff1a\uff1f\uff20]+"
)
_REST = r"[^\s\u0000-\u0020\u007f-\u009f<>\u0022\\]*"
PATTERN = rf"^[Hh][Tt][Tt][Pp][Ss]?://(?:{_HOST}|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?(?:[/?#]{_REST})?$"
HOST_PATTERN = rf"^(?:{_HOST}|\[[0-9A-Fa-f:.]+\])$"
_ONE_HOST = re.compile(rf"({_HOST})|\[([0-9A-Fa-f:.]+)\]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_ADDRESS = re.compile(
    rf"[Hh][Tt][Tt][Pp][Ss]?://(?:({_HOST})|\[([0-9A-Fa-f:.]+)\])(?::([0-9]{{1,5}}))?(?:[/?#]{_REST})?"
)


def check(address: str) -> None:
    """Refuse what is not an http or https address with a host, without user name and password.

    Raises ValueError with a sentence for people. Nothing is looked up and nothing is rewritten.
    """
    if len(address) > LONGEST:
        raise ValueError(f"A web address has at most {LONGEST} characters.")
    found = _ADDRESS.fullmatch(address)
    if not found or _SURROGATES.search(address):
        raise ValueError(_advice(address))
    name, number, port = found.groups()
    if port is not None and not 1 <= int(port) <= 65535:
        raise ValueError("A port runs from 1 to 65535.")
    _check_host(name, number)


def check_host(host: str) -> None:
    """Refuse what is not the host of a web address, alone; raises ValueError with a sentence for people."""
    found = _ONE_HOST.fullmatch(host)
    if not found or _SURROGATES.search(host):
        raise ValueError("A host is a name such as news.example, without https://, port and path.")
    _check_host(*found.groups())


def _check_host(name: str | None, number: str) -> None:
    if name is None:
        _check_number(number)
    elif len(name) > LONGEST_HOST or any(not 1 <= len(label) <= 63 for label in name.removesuffix(".").split(".")):
        raise ValueError("The host is not a name: between its dots stand 1 to 63 characters.")


def _check_number(number: str) -> None:
    try:
        IPv6Address(number)
    except ValueError as error:
        raise ValueError("The host in brackets is not an IPv6 address.") from error


def _advice(address: str) -> str:
    if re.search(r"[\s\u0000-\u0020\u007f-\u009f\\]", address):
        return "A web address has no white space, control characters or backslashes; escape them with %."
    scheme, separator, rest = address.partition("://")
    if not separator or scheme.lower() not in ("http", "https"):
        return "A web address begins with http:// or https://."
    if "@" in re.split("[/?#]", rest)[0]:
        return "A web address must not carry a user name or a password."
    return "This is not a web address with a host, such as https://example.org/article."
