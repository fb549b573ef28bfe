"""Rate limiting: how often each client may ask: by its key where it has a good one, else by its address.

What is not to be had without asking the database, whether a key is good, costs nothing where it is asked too often:
an address that has used up what it may do is refused before, unless the key was good a while ago.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import TYPE_CHECKING

from flask import Flask, current_app, request

from api.settings import Rate
from api.web.tallies import Tallies

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_NAME = "onrecord.limits"
# Where what is left for a client stands in its request's environment.
_QUOTA = "onrecord.quota"
# Keys are counted even where they may ask as often as they like: by that it is known that they were good.
_NO_LIMIT = Rate(2**62, 3600)


class TooMany(Exception):
    """A client has used up what it may do for now; `wait` is in how many whole seconds it may go on."""

    def __init__(self, whose: str, rate: Rate, wait: int) -> None:
        super().__init__(f"One {whose} may ask {rate}; go on in {wait} s.")
        self.wait = wait


class Quota:
    """What clients of one sort may do, and how answers tell them so (draft-ietf-httpapi-ratelimit-headers)."""

    def __init__(self, whose: str, rate: Rate | None) -> None:
        self.whose, self.rate = whose, rate
        self.policy = f'"{whose}";q={rate.count};w={rate.seconds}' if rate else ""


class _Limits:
    """What an application counts."""

    def __init__(self, of_keys: Rate | None, of_addresses: Rate | None) -> None:
        self.tallies = Tallies()
        self.keys, self.addresses = Quota("key", of_keys), Quota("address", of_addresses)
        # Not so for keys: what is secret is not kept.
        self.of_address = lru_cache(4096)(lambda address: self.tallies.tag(f"address {network(address)}"))

    def of_key(self, token: str) -> bytes:
        return self.tallies.tag(f"key {token}")


def limit(app: Flask, *, of_keys: Rate | None, of_addresses: Rate | None) -> None:
    """Count the requests of an app; of what is None there may be any number."""
    app.extensions[_NAME] = _Limits(of_keys, of_addresses)


def count_address() -> None:
    """Count a request for its address; raises TooMany."""
    limits = _limits()
    if limits.addresses.rate:
        _count(limits, limits.addresses, limits.of_address(request.environ.get("REMOTE_ADDR", "")))


def count_key(token: str) -> None:
    """Count a request for its key, which is good; raises TooMany."""
    limits = _limits()
    _count(limits, limits.keys, limits.of_key(token))


def before_looking_up(token: str) -> None:
    """Raise TooMany where a key, or for one that is new here its address, has used up what it may do."""
    limits = _limits()
    quota, tag = limits.keys, limits.of_key(token)
    if not limits.tallies.knows(tag):
        quota, tag = limits.addresses, limits.of_address(request.environ.get("REMOTE_ADDR", ""))
    if quota.rate and (wait := limits.tallies.used_up(tag, quota.rate.count)):
        _refuse(quota, quota.rate, wait)


def refused_key(token: str) -> None:
    """Count a request for its address, since its key turned out not to be good; raises TooMany."""
    limits = _limits()
    limits.tallies.forget(limits.of_key(token))
    count_address()


def left() -> dict[str, int] | None:
    """Return the quota of the request that is being answered, None where there is no limit."""
    found: tuple[Quota, int, int] | None = request.environ.get(_QUOTA)
    if found is None or found[0].rate is None:
        return None
    quota, remaining, reset = found
    assert quota.rate is not None
    return {"limit": quota.rate.count, "window": quota.rate.seconds, "remaining": remaining, "reset": reset}


def headers(environ: WSGIEnvironment) -> list[tuple[str, str]]:
    """Return the headers that tell a client what it may still do; none where there is no limit."""
    found: tuple[Quota, int, int] | None = environ.get(_QUOTA)
    if found is None:
        return []
    quota, remaining, reset = found
    return [("RateLimit-Policy", quota.policy), ("RateLimit", f'"{quota.whose}";r={remaining};t={reset}')]


def network(address: str) -> str:
    """Return what is counted as one client: an IPv4 address, or the /64 of an IPv6 address, which one household has.

    Some proxies add the port; what is no address at all counts as it is.
    """
    bare = address.strip()
    bare = bare[1:].partition("]")[0] if bare.startswith("[") else bare
    bare = bare.partition(":")[0] if bare.count(":") == 1 else bare
    try:
        found = ip_address(bare.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))
    return str(found)


def _count(limits: _Limits, quota: Quota, tag: bytes) -> None:
    rate = quota.rate or _NO_LIMIT
    remaining, ends = limits.tallies.count(tag, rate.count, rate.seconds)
    if quota.rate is None:
        return
    if remaining < 0:
        _refuse(quota, rate, ends)
    request.environ[_QUOTA] = (quota, remaining, ceil(ends))


def _refuse(quota: Quota, rate: Rate, ends: float) -> None:
    # Never 0: who goes on at once is refused again.
    wait = max(1, ceil(ends))
    request.environ[_QUOTA] = (quota, 0, wait)
    raise TooMany(quota.whose, rate, wait)


def _limits() -> _Limits:
    limits: _Limits = current_app.extensions[_NAME]
    return limits
