"""Web addresses made comparable."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def canonical(url: str) -> str:
    """Return the form in which two addresses of one page are equal.

    Scheme and host in lower case, no default port, fragment, `utm_*` parameters or final slash,
    the other parameters sorted (RFC 3986, sections 6.2.2 and 6.2.3, and what trackers add).
    """
    parts = urlsplit(url)
    scheme, path = parts.scheme.lower(), parts.path.rstrip("/")
    return urlunsplit((scheme, _host(parts, scheme), path, _query(parts.query) if parts.query else "", ""))


def _host(parts: SplitResult, scheme: str) -> str:
    if not any(sign in parts.netloc for sign in ":@["):
        # What most addresses have: a name and nothing else, which takes no reading.
        return parts.netloc.lower()
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    return host if parts.port in (None, _DEFAULT_PORTS.get(scheme)) else f"{host}:{parts.port}"


def _query(text: str) -> str:
    parameters = parse_qsl(text, keep_blank_values=True)
    return urlencode(sorted(each for each in parameters if not each[0].lower().startswith("utm_")))
