"""Addresses: where a PBX's API is, from what people type."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from batch.errors import UsageError

API_PATH: Final = "openapi/v1.0"
"""The API's folder below the base URL, with its version."""

_HINT: Final = (
    "Give it as https://HOST:8088 (a PBX on premises) or https://DOMAIN (Cloud), for example https://192.0.2.10:8088."
)
_HOST: Final = re.compile(r"[^\W_](?:[\w.-]*\w)?\.?")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LAST_PORT: Final = 65535


def base_url_of(text: str) -> str:
    """Make the base URL from what was typed: scheme, host, port and perhaps a path, without a final slash.

    ``pbx.example``, ``https://PBX.example:8088/`` and ``https://pbx.example:8088/openapi/v1.0`` all do. No scheme
    means https. A default port is left out, so that one PBX has one spelling.

    Raises:
        UsageError: for anything that is not such an address. A password in it is not repeated.
    """
    typed = text.strip()
    parts = _split(typed if "://" in typed else f"https://{typed}")
    if "@" in parts.netloc:
        raise UsageError("The PBX's address holds a user name or password.", f"Leave that part out. {_HINT}")
    if parts.query or parts.fragment or "?" in typed or "#" in typed:
        raise UsageError("The PBX's address holds a query or a fragment.", f"Leave that part out. {_HINT}")
    if parts.scheme not in _DEFAULT_PORTS:
        raise UsageError(f"The PBX's address begins with {parts.scheme}://, not https://.", _HINT)
    path = parts.path.rstrip("/")
    for tail in (API_PATH, API_PATH.partition("/")[0]):
        path = path.removesuffix(f"/{tail}").rstrip("/")
    if re.fullmatch(r"(?:/[\w.~-]+)*", path) is None:
        raise UsageError("The path in the PBX's address cannot be one.", _HINT)
    return f"{parts.scheme}://{_host_and_port(parts)}{path}"


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise UsageError("The PBX's address is not an address.", _HINT) from None


def _host_and_port(parts: SplitResult) -> str:
    host = parts.hostname or ""
    try:
        port = parts.port
    except ValueError:
        raise UsageError(f"The port in the PBX's address is not a number up to {_LAST_PORT}.", _HINT) from None
    if ":" in host:  # urlsplit gives back an IPv6 address without its brackets
        host = f"[{host}]"
    elif _HOST.fullmatch(host) is None:
        raise UsageError("The PBX's address has no host that could be one.", _HINT)
    return host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"


def likely_addresses(base_url: str) -> str:
    """Name, in words, the addresses at which a PBX on this host usually answers."""
    host = urlsplit(base_url).hostname or "HOST"
    host = f"[{host}]" if ":" in host else host
    return f"https://{host}:8088 for a PBX on premises, https://{host} for Cloud"


def is_overheard(base_url: str) -> bool:
    """Tell whether what is sent there can be read on the way: without encryption, and to another machine."""
    return urlsplit(base_url).scheme == "http" and not is_loopback(base_url)


def is_loopback(base_url: str) -> bool:
    """Tell whether the address is this very machine, by its spelling alone (nothing is looked up)."""
    host = (urlsplit(base_url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
