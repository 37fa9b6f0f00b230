from __future__ import annotations

import errno
import socket
import ssl

import httpx
import pytest

from batch.pbx.messages import InvalidResponse, NoResponse, NotSent
from batch.pbx.transport import FAILURES, FingerprintMismatch, reply_of

SECRET_URL = "https://pbx.example/openapi/v1.0/trunk/list?access_token=Sample-token"


def leaves(kind: type[BaseException]) -> set[type[BaseException]]:
    below = kind.__subclasses__()
    return {leaf for child in below for leaf in leaves(child)} if below else {kind}


def failed(error: httpx.RequestError, cause: BaseException | None = None) -> httpx.RequestError:
    """Chain an exception as httpx and httpcore do: theirs from httpcore's, while the cause was being handled."""
    error.__cause__ = OSError("in between, as httpcore has it")
    error.__cause__.__context__ = cause
    return error


def tls_error(code: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "tls")
    error.reason = code
    return error


def test_the_table_has_every_exception_that_a_request_can_raise() -> None:
    assert leaves(httpx.RequestError) == set(FAILURES)


@pytest.mark.parametrize("kind", FAILURES)
def test_every_exception_gives_a_reply_in_words_that_tell_no_url(kind: type[httpx.RequestError]) -> None:
    reply = reply_of(kind(SECRET_URL), timeout=30, elapsed=1.5)
    assert reply.reason
    assert reply.elapsed == 1.5
    assert "Sample-" not in repr(reply)
    assert "http" not in reply.reason.replace("neither http nor https", "").replace("HTTP", "")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ReadTimeout(""), NoResponse(reason="no answer within 30 s", timed_out=True)),
        (httpx.ConnectTimeout(""), NotSent(reason="no connection within 30 s", timed_out=True)),
        (httpx.ReadError(""), NoResponse(reason="the connection broke before an answer")),
        (httpx.ProxyError(""), NotSent(reason="the proxy refused to connect")),
        (httpx.TooManyRedirects(""), InvalidResponse(reason="the answer sends from place to place", http_status=0)),
        (httpx.RequestError(""), NoResponse(reason="the connection broke")),
        (
            httpx.RemoteProtocolError("\x15\x03\x03\x00\x02\x02\x16"),
            NoResponse(reason="http was spoken to an https port", speaks="https"),
        ),
    ],
)
def test_what_each_means(error: httpx.RequestError, expected: NotSent | NoResponse | InvalidResponse) -> None:
    assert reply_of(error, timeout=30, elapsed=0.0) == expected


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (ConnectionRefusedError(111, "x"), "connection refused"),
        (ConnectionResetError(104, "x"), "the connection was reset while being opened"),
        (socket.gaierror(-2, "x"), "no such host"),
        (OSError(errno.EHOSTUNREACH, "x"), "no route to the host"),
        (
            tls_error("WRONG_VERSION_NUMBER"),
            "https was spoken to a port that does not speak it (an http port?)",
        ),
        (tls_error("HANDSHAKE_FAILURE"), "no TLS connection could be agreed on"),
        (OSError(errno.EMFILE, "x"), "no connection could be made"),
        (None, "no connection could be made"),
    ],
)
def test_why_there_was_no_connection_is_said_in_words(cause: BaseException | None, words: str) -> None:
    speaks = "http" if "an http port" in words else ""
    reply = reply_of(failed(httpx.ConnectError("x"), cause), timeout=30, elapsed=0.0)
    assert reply == NotSent(reason=words, speaks=speaks)


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        (18, "self-signed certificate", "check it and use --fingerprint or --ca-file"),
        (10, "certificate has expired", "renew it on the PBX, or trust it as it is with --fingerprint"),
        (9, "certificate is not yet valid", "check the date and time of this machine and of the PBX"),
        (62, "Hostname mismatch", "give --url a name that is in it, or trust it with --fingerprint"),
        (64, "IP address mismatch", "give --url a name that is in it, or trust it with --fingerprint"),
    ],
)
def test_why_a_certificate_is_not_trusted_comes_with_what_to_do_and_is_for_good(
    code: int, message: str, advice: str
) -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, f"{message}."
    reply = reply_of(failed(httpx.ConnectError("x"), error), timeout=30, elapsed=0.0)
    assert reply == NotSent(reason=f"the certificate is not trusted ({message}): {advice}", distrusted=True)


def test_another_certificate_than_the_pinned_one_is_for_good() -> None:
    words = "the certificate is not the one given with --fingerprint; the fingerprint met is AB:CD"
    reply = reply_of(failed(httpx.ConnectError("x"), FingerprintMismatch("AB:CD")), timeout=30, elapsed=0.0)
    assert reply == NotSent(reason=words, distrusted=True)


def test_what_breaks_after_the_status_is_half_an_answer_but_for_time_outs() -> None:
    broken = reply_of(httpx.RemoteProtocolError(""), timeout=30, elapsed=1.0, http_status=200)
    assert broken == InvalidResponse(reason="the answer broke off", http_status=200, elapsed=1.0)
    packed = reply_of(httpx.DecodingError(""), timeout=30, elapsed=1.0, http_status=200)
    assert packed == InvalidResponse(reason="the answer could not be unpacked", http_status=200, elapsed=1.0)
    late = reply_of(httpx.ReadTimeout(""), timeout=30, elapsed=1.0, http_status=200)
    assert late == NoResponse(reason="no answer within 30 s", elapsed=1.0, timed_out=True)
