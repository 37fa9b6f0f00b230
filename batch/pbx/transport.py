"""Transport: the TLS context and the httpx client, and nothing of them in any log.

One client and one TLS context per PBX, shared by all threads; connections are not kept, since the PBX closes each.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import httpx

from batch.errors import UsageError
from batch.pbx.addresses import is_loopback

USER_AGENT: Final = "OpenAPI"
"""A User-Agent is mandatory, and this one is known to do (vendor's API, section 1)."""

_HEX_DIGITS: Final = hashlib.sha256().digest_size * 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemTrust:
    """Trust what this machine trusts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaFile:
    """Trust the certificates in one PEM file."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Trust one certificate, self-signed or expired as it may be."""

    sha256: str
    """Its SHA-256 as typed: hexadecimal, with or without colons, spaces, capitals or a leading ``SHA256:``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Insecure:
    """Trust anybody who answers."""


Verification: TypeAlias = SystemTrust | CaFile | Fingerprint | Insecure


class FingerprintMismatch(ssl.SSLCertVerificationError):
    """The server's certificate is not the pinned one; nothing was sent to it."""

    def __init__(self, met: str) -> None:
        super().__init__()
        self.words = f"the certificate is not the one given with --fingerprint; the fingerprint met is {met}"
        """The whole message, fit to be shown."""

    def __str__(self) -> str:
        return self.words


def open_client(
    base_url: str,
    *,
    timeout: float,
    verification: Verification,
    proxy: bool,
    transport: httpx.BaseTransport | None = None,
) -> httpx.Client:
    """Make the client for one PBX; close it when done.

    Args:
        base_url: as `addresses.base_url_of` gives it.
        timeout: seconds to wait for a connection, for sending, and for each part of an answer.
        verification: whom to trust over https.
        proxy: whether to use the proxies that the environment names; never done for loopback.
        transport: what to send through instead of the network, for tests; it sees to its own encryption.

    Raises:
        UsageError: if the CA file cannot be read, the fingerprint is none, or a proxy that the environment names is
            of a kind that is not known.
    """
    hide_queries()
    encrypts = base_url.startswith("https:") and transport is None
    verify = tls_context(verification) if encrypts else _trusting_nobody()
    try:
        return _client(base_url, timeout, verify, transport, trust_env=proxy and not is_loopback(base_url))
    except (ImportError, ValueError, httpx.InvalidURL):  # what httpx says of it would repeat a proxy's password
        raise UsageError(
            "A proxy that the environment names cannot be used: only http:// and https:// proxies are.",
            "Correct HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, or leave out --proxy.",
        ) from None


def _client(
    base_url: str, timeout: float, verify: ssl.SSLContext, transport: httpx.BaseTransport | None, *, trust_env: bool
) -> httpx.Client:
    return httpx.Client(
        base_url=base_url,
        headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Connection": "close"},
        timeout=httpx.Timeout(timeout, pool=None),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        verify=verify,
        trust_env=trust_env,
        follow_redirects=False,
        transport=transport,
    )


def tls_context(verification: Verification) -> ssl.SSLContext:
    """Make the TLS context that trusts whom it should.

    Raises:
        UsageError: if the CA file cannot be read or the fingerprint is none.
    """
    match verification:
        case SystemTrust():
            return ssl.create_default_context()
        case CaFile(path=path):
            return _trusting_file(path)
        case Fingerprint(sha256=typed):
            return _pinning(fingerprint_digits(typed))
        case Insecure():
            return _trusting_anybody()


def fingerprint_digits(typed: str) -> str:
    """Return the 64 lower-case hexadecimal digits of a SHA-256 fingerprint as typed.

    Raises:
        UsageError: if it is not one.
    """
    digits = re.sub(r"[\s:]|^sha-?256[\s:=]*(?:fingerprint[\s:=]*)?", "", typed.strip().lower())
    if re.fullmatch(rf"[0-9a-f]{{{_HEX_DIGITS}}}", digits) is None:
        raise UsageError(
            f"The fingerprint is not a SHA-256: that has {_HEX_DIGITS} hexadecimal digits.",
            "Show it with: openssl s_client -connect HOST:8088 </dev/null | openssl x509 -noout -sha256 -fingerprint",
        )
    return digits


def _trusting_file(path: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        reason = "holds no certificate in PEM form"
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
    raise UsageError(f"The CA file {path} {reason}.", "Give --ca-file the PEM file of the PBX or of its CA.")


def _trusting_nobody() -> ssl.SSLContext:
    """Make a context without certificates: loading the machine's takes a tenth of a second."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _trusting_anybody() -> ssl.SSLContext:
    context = _trusting_nobody()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _pinning(digits: str) -> ssl.SSLContext:
    """Make a context whose handshake ends in an error unless the certificate is the pinned one.

    Both the socket and the object are pinned: a tunnel through an https proxy uses the latter.
    """

    def compare(certificate: bytes | None) -> None:
        met = hashlib.sha256(certificate or b"").hexdigest()
        if not hmac.compare_digest(met, digits):
            raise FingerprintMismatch(":".join(re.findall("..", met.upper())))

    class PinnedSocket(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - the library's signature
            super().do_handshake(block)
            compare(self.getpeercert(binary_form=True))

    class PinnedObject(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            compare(self.getpeercert(binary_form=True))

    context = _trusting_anybody()
    context.sslsocket_class = PinnedSocket
    context.sslobject_class = PinnedObject
    return context


class _QueryHider(logging.Filter):
    """Takes the query out of every URL in a log record: the token travels there."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = re.sub(r"\?[^\s'\"]*", "?<hidden>", record.getMessage())
        record.args = None
        return True


_HIDER: Final = _QueryHider()
_LOGGERS: Final = ("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")))


def hide_queries() -> None:
    """Make sure that the HTTP libraries log no URL with its query, whatever level somebody sets on them."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_HIDER)
