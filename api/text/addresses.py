"""Web addresses made comparable, and their hosts."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

_PARTS = re.compile(r"(https?)://(\[[^\]]*\]|[^/?#:]*)(?::([0-9]*))?([/?#].*)?", re.I | re.S)
_DEFAULT_PORTS = {"http": 80, "https": 443}
# What tells from where somebody came, and nothing of the page.
_CLICKS = frozenset(
    "fbclid gclid dclid gbraid wbraid msclkid mc_cid mc_eid igshid yclid twclid _ga _gl".split()  # noqa: SIM905
)
_CAMPAIGN = "utm_"
_ESCAPE = re.compile("%([0-9A-Fa-f]{2})?")
# RFC 3986, section 2.3: these mean the same escaped or not; of all others only the escape's case is free.
_UNRESERVED = re.compile("[A-Za-z0-9._~-]")
# What cannot stand in an address unescaped; most addresses have none of it.
_UNSAFE = re.compile(r"[^!$&'()*+,;=:@/?#%A-Za-z0-9._~-]")
_HOST = re.compile(r"[a-z0-9._-]*").fullmatch


@lru_cache(maxsize=1024)
def canonical(url: str) -> str:
    """Return the form in which two addresses of one page are equal; what is no web address comes back as it is.

    By RFC 3986, section 6.2.2: case, percent-encoding and dot segments, in path and query alike. The host is put into
    ASCII (UTS 46). Without default port, final slash, click identifiers, and fragments that name no page; the query's
    parameters sorted. What is reserved stays as it was written: %2F is no slash, and + is no space.
    """
    found = _PARTS.fullmatch(url)
    if found is None:
        return url
    scheme, name, port, rest = found[1].lower(), found[2], found[3], _safe(found[4] or "")
    beside, _, fragment = rest.partition("#")
    path, _, query = beside.partition("?")
    at = f":{int(port)}" if port and int(port) != _DEFAULT_PORTS[scheme] else ""
    query = _sorted(_normal(query))
    fragment = _normal(fragment)
    # Such fragments are pages of their own, of applications that run in the browser.
    kept = f"#{fragment}" if fragment.startswith(("/", "!")) else ""
    return f"{scheme}://{host(name)}{at}{_path(_normal(path))}{query and '?'}{query}{kept}"


def host_of(url: str) -> str:
    """Return the host of a web address that is canonical."""
    found = _PARTS.fullmatch(url)
    return found[2] if found else ""


def host(name: str) -> str:
    """Return a host in small ASCII letters, without a final dot (UTS 46); numbers of IPv6 as RFC 5952 writes them."""
    if name.startswith("["):
        try:
            return f"[{IPv6Address(name[1:-1])}]"
        except ValueError:
            return name.lower()
    small = name.lower()
    return (small if small.isascii() else _ascii(name)).rstrip(".")


def _ascii(name: str) -> str:
    # Imported here, since few hosts need it.
    import idna

    try:
        mapped = idna.uts46_remap(name, std3_rules=False, transitional=False)
    except idna.IDNAError:
        mapped = name.lower()
    labels = [label if label.isascii() else _label(label) for label in re.split("[.\u3002\uff0e\uff61]", mapped)]
    found = ".".join(labels)
    # What looks like the signs that part an address must not become them.
    return found if _HOST(found) else ".".join(map(_label, name.lower().split(".")))


def _label(label: str) -> str:
    return "xn--" + label.encode("punycode").decode() if not label.isascii() else label


def _safe(rest: str) -> str:
    """Return what follows the host with all escaped that cannot stand there; escapes stay as they are."""
    if not _UNSAFE.search(rest):
        return rest
    # Imported here, since it takes long and few addresses need it.
    from w3lib.url import safe_url_string

    # Without a scheme, so that it takes no liberties with what is reserved: in a query of HTTP it escapes apostrophes.
    return safe_url_string(f"//x{rest}").removeprefix("//x")


def _normal(part: str) -> str:
    """Return a part of an address with only what is reserved escaped, in capital letters (RFC 3986, 6.2.2.1 and 2)."""
    return _ESCAPE.sub(_escape, part) if "%" in part else part


def _escape(found: re.Match[str]) -> str:
    if found[1] is None:
        # A percent sign without digits can only have meant itself.
        return "%25"
    sign = chr(int(found[1], 16))
    return sign if _UNRESERVED.fullmatch(sign) else found[0].upper()


def _path(path: str) -> str:
    """Return a path without dot segments (RFC 3986, section 5.2.4) and final slashes."""
    if "/." in path:
        kept: list[str] = []
        segments = path.split("/")[1:]
        for place, segment in enumerate(segments):
            if segment == "..":
                del kept[-1:]
            if segment not in (".", ".."):
                kept.append(segment)
            elif place == len(segments) - 1:
                kept.append("")
        path = "".join(f"/{segment}" for segment in kept)
    return path.rstrip("/")


def _sorted(query: str) -> str:
    """Return a query's parameters in order, without those that tell of clicks."""
    pairs = sorted(each.partition("=") for each in query.split("&") if each)
    return "&".join("".join(each) for each in pairs if each[0] not in _CLICKS and not each[0].startswith(_CAMPAIGN))


def reach(name: str) -> tuple[str, str]:
    """Return between which keys of `host_key` those of a host and of all below it lie; the second is outside."""
    key = host_key(host(name))
    return (key, f"{key[:-1]}/") if key.endswith(".") else (key, f"{key} ")


def host_key(name: str) -> str:
    """Return a host in the order of domains: `news.example.org` is `org.example.news.`, and a number is itself."""
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return "".join(f"{label}." for label in reversed(name.split(".")))
    return name
