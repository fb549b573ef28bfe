"""Web addresses made comparable."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def canonical(url: str) -> str:
    """Return the form in which two addresses of one page are equal.

    Scheme and host in lower case, no default port, fragment, `utm_*` parameters or final slash,
    the other parameters sorted (RFC 3986, sections 6.2.2 and 6.2.3, and what trackers add).
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    if parts.port not in (None, _DEFAULT_PORTS.get(parts.scheme.lower())):
        host = f"{host}:{parts.port}"
    kept = sorted(
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not name.lower().startswith("utm_")
    )
    return urlunsplit((parts.scheme.lower(), host, parts.path.rstrip("/"), urlencode(kept), ""))
