"""Transport: the way to one PBX and its TLS; THE table from httpx's exceptions to replies; nothing in any log.

One transport and one TLS context per PBX, shared by all threads. Of a library's message only what OpenSSL says of a
certificate gets out: a URL holds the token.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import logging
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

import httpx

from batch.errors import UsageError
from batch.pbx.addresses import is_loopback
from batch.pbx.connections import ConnectionPerRequest
from batch.pbx.messages import InvalidResponse, NoResponse, NotSent

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


def open_transport(base_url: str, verification: Verification, *, proxy: bool) -> httpx.BaseTransport:
    """Make the way to one PBX, which any thread may send through; close it when done.

    With ``proxy`` the proxies that the environment names are used, but never for loopback.

    Raises:
        UsageError: if the CA file cannot be read, the fingerprint is none, or a proxy that the environment names is
            of a kind that is not known.
    """
    verify = tls_context(verification) if base_url.startswith("https:") else _trusting_nobody()
    if not proxy or is_loopback(base_url):
        return ConnectionPerRequest(verify)
    try:
        return ThroughProxies(verify)
    except (ImportError, ValueError, httpx.InvalidURL):  # what httpx says of it would repeat a proxy's password
        raise UsageError(
            "A proxy that the environment names cannot be used: only http:// and https:// proxies are.",
            "Correct HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, or leave out --proxy.",
        ) from None


class ThroughProxies(httpx.BaseTransport):
    """Sends through the proxy, if any, that the environment names for an address."""

    def __init__(self, verify: ssl.SSLContext) -> None:
        """Make one; ``verify`` decides whom to trust over https."""
        hide_queries()
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._client = httpx.Client(verify=verify, trust_env=True, limits=limits)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the beginning of what came back."""
        return self._client.send(request, stream=True, follow_redirects=False)

    def close(self) -> None:
        """Close the client under it."""
        self._client.close()


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


_Failed: TypeAlias = NotSent | NoResponse | InvalidResponse

FAILURES: Final[Mapping[type[httpx.RequestError], type[_Failed]]] = MappingProxyType(
    {
        # Certainly nothing of the request reached the PBX.
        httpx.ConnectTimeout: NotSent,
        httpx.ConnectError: NotSent,
        httpx.PoolTimeout: NotSent,
        httpx.ProxyError: NotSent,
        httpx.UnsupportedProtocol: NotSent,
        # Some or all of it may have.
        httpx.WriteTimeout: NoResponse,
        httpx.WriteError: NoResponse,
        httpx.ReadTimeout: NoResponse,
        httpx.ReadError: NoResponse,
        httpx.CloseError: NoResponse,
        httpx.LocalProtocolError: NoResponse,
        httpx.RemoteProtocolError: NoResponse,
        # Something answered.
        httpx.DecodingError: InvalidResponse,
        httpx.TooManyRedirects: InvalidResponse,
    }
)
"""What each exception means. Once a status has been read, a failure that is not a time-out is half an answer."""

_WORDS: Final[Mapping[type[httpx.RequestError], str]] = MappingProxyType(
    {
        httpx.ConnectTimeout: "no connection within {timeout:g} s",
        httpx.PoolTimeout: "no connection was free within {timeout:g} s",
        httpx.WriteTimeout: "the request could not be sent within {timeout:g} s",
        httpx.ReadTimeout: "no answer within {timeout:g} s",
        httpx.ProxyError: "the proxy refused to connect",
        httpx.UnsupportedProtocol: "the address is neither http nor https",
        httpx.WriteError: "the connection broke while sending",
        httpx.ReadError: "the connection broke before an answer",
        httpx.CloseError: "the connection broke while closing",
        httpx.LocalProtocolError: "the request could not be put into HTTP",
        httpx.RemoteProtocolError: "the connection was closed without an HTTP answer",
        httpx.DecodingError: "the answer could not be unpacked",
        httpx.TooManyRedirects: "the answer sends from place to place",
    }
)

_TLS_ADVICE: Final = "check it and use --fingerprint or --ca-file"
_TLS_ADVICES: Final[Mapping[int, str]] = MappingProxyType(
    {
        9: "check the date and time of this machine and of the PBX",
        10: "renew it on the PBX, or trust it as it is with --fingerprint",
        62: "give --url a name that is in it, or trust it with --fingerprint",
        64: "give --url a name that is in it, or trust it with --fingerprint",
    }
)
"""What to do by OpenSSL's number (``X509_V_ERR_…``): not valid yet, expired, for another host, for another address."""
PLAIN_PORT: Final = frozenset(
    {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"}
)
"""What OpenSSL says when the other side does not speak TLS."""
_TLS_ALERT: Final = "\x15"
HTTPS_PORT: Final = "http was spoken to an https port"
_HTTP_PORT: Final = "https was spoken to a port that does not speak it (an http port?)"
_UNREACHABLE: Final = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})


def reply_of(error: httpx.RequestError, *, timeout: float, elapsed: float, http_status: int | None = None) -> _Failed:
    """Make the reply that an exception stands for.

    Args:
        error: what httpx raised.
        timeout: the seconds that were allowed, for the words.
        elapsed: seconds since the request started.
        http_status: the status, if one was read before it happened.
    """
    timed_out = isinstance(error, httpx.TimeoutException)
    if http_status is not None and not timed_out:
        reason = _WORDS[httpx.DecodingError] if isinstance(error, httpx.DecodingError) else "the answer broke off"
        return InvalidResponse(reason=reason, http_status=http_status, elapsed=elapsed)
    kind, reason = _kind_of(error), _reason_of(error, timeout)
    if kind is NotSent:
        distrusted = any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error))
        speaks = "http" if reason == _HTTP_PORT else ""
        return NotSent(reason=reason, elapsed=elapsed, timed_out=timed_out, distrusted=distrusted, speaks=speaks)
    if kind is NoResponse:
        speaks = "https" if reason == HTTPS_PORT else ""
        return NoResponse(reason=reason, elapsed=elapsed, timed_out=timed_out, speaks=speaks)
    return InvalidResponse(reason=reason, http_status=0, elapsed=elapsed)


def _kind_of(error: httpx.RequestError) -> type[_Failed]:
    for known in type(error).__mro__:
        if known in FAILURES:
            return FAILURES[known]
    return NoResponse  # an exception newer than the table: assume the worst


def _reason_of(error: httpx.RequestError, timeout: float) -> str:
    if isinstance(error, httpx.ConnectError):
        return _why_not_connected(error)
    if isinstance(error, httpx.RemoteProtocolError) and _is_tls_noise(error):
        return HTTPS_PORT
    words = next((_WORDS[known] for known in type(error).__mro__ if known in _WORDS), "the connection broke")
    return words.format(timeout=timeout)


def _is_tls_noise(error: httpx.RemoteProtocolError) -> bool:
    """Tell whether what came in place of a status line began like a TLS alert."""
    return str(error).startswith(_TLS_ALERT)


def _why_not_connected(error: httpx.ConnectError) -> str:
    for cause in _causes(error):
        match cause:
            case FingerprintMismatch(words=words):
                return words
            case ssl.SSLCertVerificationError(verify_message=words, verify_code=code):
                return f"the certificate is not trusted ({words.rstrip('.')}): {_TLS_ADVICES.get(code, _TLS_ADVICE)}"
            case ssl.SSLError(reason=code) if code in PLAIN_PORT:
                return _HTTP_PORT
            case ssl.SSLError():
                return "no TLS connection could be agreed on"
            case socket.gaierror():
                return "no such host"
            case ConnectionRefusedError():
                return "connection refused"
            case ConnectionResetError():
                return "the connection was reset while being opened"
            case OSError(errno=number) if number in _UNREACHABLE:
                return "no route to the host"
    return "no connection could be made"


def _causes(error: BaseException) -> Iterator[BaseException]:
    step: BaseException | None = error
    while step is not None:
        yield step
        step = step.__cause__ or step.__context__
