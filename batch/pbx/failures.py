"""Failures: THE table from httpx's exceptions to replies, and why each happened in plain words.

No word of a library's message gets out, but for what OpenSSL says of a certificate: a URL holds the token.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

import httpx

from batch.pbx.replies import Garbled, NoAnswer, NotSent
from batch.pbx.transport import FingerprintMismatch


class Kind(Enum):
    """Which of the replies an exception stands for."""

    NOT_SENT = "not sent"
    NO_ANSWER = "no answer"
    GARBLED = "garbled"


FAILURES: Final[Mapping[type[httpx.RequestError], Kind]] = MappingProxyType(
    {
        # Certainly nothing of the request reached the PBX.
        httpx.ConnectTimeout: Kind.NOT_SENT,
        httpx.ConnectError: Kind.NOT_SENT,
        httpx.PoolTimeout: Kind.NOT_SENT,
        httpx.ProxyError: Kind.NOT_SENT,
        httpx.UnsupportedProtocol: Kind.NOT_SENT,
        # Some or all of it may have.
        httpx.WriteTimeout: Kind.NO_ANSWER,
        httpx.WriteError: Kind.NO_ANSWER,
        httpx.ReadTimeout: Kind.NO_ANSWER,
        httpx.ReadError: Kind.NO_ANSWER,
        httpx.CloseError: Kind.NO_ANSWER,
        httpx.LocalProtocolError: Kind.NO_ANSWER,
        httpx.RemoteProtocolError: Kind.NO_ANSWER,
        # Something answered.
        httpx.DecodingError: Kind.GARBLED,
        httpx.TooManyRedirects: Kind.GARBLED,
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
        62: "give --url a name that stands in it, or trust it with --fingerprint",
        64: "give --url a name that stands in it, or trust it with --fingerprint",
    }
)
"""What to do by OpenSSL's number (``X509_V_ERR_…``): not valid yet, expired, for another host, for another address."""
_PLAIN_PORT: Final = frozenset(
    {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"}
)
"""What OpenSSL says when the other side does not speak TLS."""
_UNREACHABLE: Final = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})


def reply_of(
    error: httpx.RequestError, *, timeout: float, elapsed: float, http_status: int | None = None
) -> NotSent | NoAnswer | Garbled:
    """Make the reply that an exception stands for.

    Args:
        error: what httpx raised.
        timeout: the seconds that were allowed, for the words.
        elapsed: seconds since the request started.
        http_status: the status, if one was read before it happened.
    """
    timed_out = isinstance(error, httpx.TimeoutException)
    kind = _kind_of(error)
    if http_status is not None and not timed_out:
        reason = _WORDS[httpx.DecodingError] if isinstance(error, httpx.DecodingError) else "the answer broke off"
        return Garbled(reason=reason, http_status=http_status, elapsed=elapsed)
    reason = _reason_of(error, timeout)
    match kind:
        case Kind.NOT_SENT:
            distrusted = any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error))
            return NotSent(reason=reason, elapsed=elapsed, timed_out=timed_out, distrusted=distrusted)
        case Kind.NO_ANSWER:
            return NoAnswer(reason=reason, elapsed=elapsed, timed_out=timed_out)
        case Kind.GARBLED:
            return Garbled(reason=reason, http_status=0, elapsed=elapsed)


def _kind_of(error: httpx.RequestError) -> Kind:
    for known in type(error).__mro__:
        if known in FAILURES:
            return FAILURES[known]
    return Kind.NO_ANSWER  # an exception newer than the table: assume the worst


def _reason_of(error: httpx.RequestError, timeout: float) -> str:
    if isinstance(error, httpx.ConnectError):
        return _why_not_connected(error)
    if isinstance(error, httpx.RemoteProtocolError) and _is_tls_noise(error):
        return "http was spoken to an https port"
    words = next((_WORDS[known] for known in type(error).__mro__ if known in _WORDS), "the connection broke")
    return words.format(timeout=timeout)


def _is_tls_noise(error: httpx.RemoteProtocolError) -> bool:
    """Tell whether what came began like a TLS alert: h11 says this of a first byte that no text has."""
    return str(error) == "illegal request line"


def _why_not_connected(error: httpx.ConnectError) -> str:
    for cause in _causes(error):
        match cause:
            case FingerprintMismatch(words=words):
                return words
            case ssl.SSLCertVerificationError(verify_message=words, verify_code=code):
                return f"the certificate is not trusted ({words.rstrip('.')}): {_TLS_ADVICES.get(code, _TLS_ADVICE)}"
            case ssl.SSLError(reason=code) if code in _PLAIN_PORT:
                return "https was spoken to a port that does not speak it (an http port?)"
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
