from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING

import httpx
import pytest

from batch.errors import UsageError
from batch.pbx.transport import (
    CaFile,
    Fingerprint,
    FingerprintMismatch,
    Insecure,
    SystemTrust,
    Verification,
    fingerprint_digits,
    open_transport,
    tls_context,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from tests.certificates import Identity
    from tests.pbx.conftest import Behaviour, Serve

    Secured = Callable[[Identity, list[bytes]], Behaviour]

DIGITS = "0f" * 32
INSECURE = Insecure()


def fetch(port: int, verification: Verification, *, scheme: str = "https") -> httpx.Response:
    url = f"{scheme}://127.0.0.1:{port}"
    return get(url, verification, proxy=True)


def get(base_url: str, verification: Verification = INSECURE, *, proxy: bool) -> httpx.Response:
    with httpx.Client(transport=open_transport(base_url, verification, proxy=proxy), timeout=5) as client:
        return client.get(f"{base_url}/openapi/v1.0/trunk/list", params={"access_token": "Sample-token"})


@pytest.mark.parametrize(
    "typed",
    [
        DIGITS,
        DIGITS.upper(),
        ":".join(["0F"] * 32),
        " ".join(["0f"] * 32),
        f"  SHA256:{DIGITS}\n",
        "sha256 Fingerprint=" + ":".join(["0F"] * 32),
    ],
)
def test_a_fingerprint_is_taken_as_browsers_and_openssl_show_it(typed: str) -> None:
    assert fingerprint_digits(typed) == DIGITS


@pytest.mark.parametrize("typed", ["", "0f" * 20, "0f" * 33, "zz" * 32, "Sample"])
def test_what_is_no_sha256_is_a_usage_error_that_says_how_to_get_one(typed: str) -> None:
    with pytest.raises(UsageError) as caught:
        tls_context(Fingerprint(sha256=typed))
    assert "64" in caught.value.message
    assert "openssl" in caught.value.hint


def test_the_pinned_certificate_is_trusted_self_signed_as_it_is(
    serve: Serve, served_over_tls: Secured, identity: Identity
) -> None:
    with serve(served_over_tls(identity, [])) as port:
        assert fetch(port, Fingerprint(sha256=identity.sha256)).json()["errcode"] == 0


def test_the_pinned_certificate_is_trusted_expired_as_it_is(
    serve: Serve, served_over_tls: Secured, expired_identity: Identity
) -> None:
    with serve(served_over_tls(expired_identity, [])) as port:
        assert fetch(port, Fingerprint(sha256=expired_identity.sha256)).status_code == 200


def test_another_certificate_ends_it_before_a_byte_of_http_and_its_fingerprint_is_shown(
    serve: Serve, served_over_tls: Secured, identity: Identity
) -> None:
    received: list[bytes] = []
    with serve(served_over_tls(identity, received)) as port, pytest.raises(httpx.ConnectError) as caught:
        fetch(port, Fingerprint(sha256=DIGITS))
    assert b"".join(received) == b""
    shown = str(caught.value)
    assert shown.count(":") == 31
    assert shown.rpartition(" ")[2].replace(":", "").lower() == identity.sha256


def test_a_tunnel_through_an_https_proxy_is_pinned_as_well(identity: Identity) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(identity.pem)

    def handshake(pinned: ssl.SSLContext) -> None:
        up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
        ours = pinned.wrap_bio(down, up, server_hostname="pbx.example")
        theirs = server.wrap_bio(up, down, server_side=True)
        with pytest.raises(ssl.SSLWantReadError):
            ours.do_handshake()
        with pytest.raises(ssl.SSLWantReadError):
            theirs.do_handshake()
        ours.do_handshake()

    handshake(tls_context(Fingerprint(sha256=identity.sha256)))
    with pytest.raises(FingerprintMismatch):
        handshake(tls_context(Fingerprint(sha256=DIGITS)))


def test_by_default_a_self_signed_certificate_is_not_trusted(
    serve: Serve, served_over_tls: Secured, identity: Identity
) -> None:
    received: list[bytes] = []
    with serve(served_over_tls(identity, received)) as port, pytest.raises(httpx.ConnectError):
        fetch(port, SystemTrust())
    assert received == []


def test_a_ca_file_is_trusted(serve: Serve, served_over_tls: Secured, identity: Identity) -> None:
    with serve(served_over_tls(identity, [])) as port:
        assert fetch(port, CaFile(path=identity.pem)).status_code == 200


def test_insecure_trusts_anybody(serve: Serve, served_over_tls: Secured, expired_identity: Identity) -> None:
    with serve(served_over_tls(expired_identity, [])) as port:
        assert fetch(port, Insecure()).status_code == 200


def test_a_ca_file_that_cannot_be_used_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        tls_context(CaFile(path=tmp_path / "none.pem"))
    (tmp_path / "empty.pem").write_text("not a certificate")
    with pytest.raises(UsageError, match="holds no certificate"):
        tls_context(CaFile(path=tmp_path / "empty.pem"))


def test_proxies_of_the_environment_are_used_only_when_asked_and_never_for_loopback(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []

    def proxy(connection: socket.socket) -> None:
        seen.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with serve(proxy) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert get("http://pbx.invalid", proxy=True).status_code == 200
        for base_url, asked in (("http://pbx.invalid", False), ("http://127.0.0.1:1", True)):
            with pytest.raises(httpx.ConnectError):
                get(base_url, proxy=asked)
    assert len(seen) == 1


@pytest.mark.parametrize("through_proxy", [False, True])
def test_the_http_libraries_log_no_query_at_any_level(
    serve: Serve, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, *, through_proxy: bool
) -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: http://x.example/?access_token=Sample-token\r\nContent-Length: 0\r\n\r\n"
        )

    for name in ("", "httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=name or None)
    with serve(answer) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        url = "http://pbx.invalid" if through_proxy else f"http://127.0.0.1:{port}"
        assert get(url, proxy=through_proxy).status_code == 302
    told = "\n".join(record.getMessage() for record in caplog.records)
    assert "HTTP Request: GET http://" in told
    assert "trunk/list?<hidden>" in told
    assert ("receive_response_headers.complete" in told) == through_proxy
    assert "Sample-" not in told
