from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import httpx
import pytest

from batch.pbx.connections import CONNECTED, ConnectionPerRequest
from batch.pbx.transport import Insecure, tls_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.certificates import Identity
    from tests.pbx.conftest import Behaviour, Serve


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(transport=ConnectionPerRequest(tls_context(Insecure())), timeout=5) as opened:
        yield opened


def answering(words: bytes) -> Behaviour:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(words)

    return answer


def test_each_request_has_a_connection_of_its_own_that_is_closed_with_its_answer(
    serve: Serve, client: httpx.Client
) -> None:
    connections: list[socket.socket] = []
    extensions = {CONNECTED: connections.append}
    with serve(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")) as port:
        for _ in range(2):
            found = client.post(f"http://127.0.0.1:{port}/a?b=c", content=b"{}", extensions=extensions)
            assert (found.status_code, found.content) == (200, b"{}")
    assert len(connections) == 2
    assert all(connection.fileno() == -1 for connection in connections)


def test_whoever_watches_hears_of_the_encrypted_connection_too(
    serve: Serve,
    served_over_tls: Callable[[Identity, list[bytes]], Behaviour],
    identity: Identity,
    client: httpx.Client,
) -> None:
    connections: list[socket.socket] = []
    with serve(served_over_tls(identity, [])) as port:
        client.get(f"https://127.0.0.1:{port}/", extensions={CONNECTED: connections.append})
    assert [type(connection) for connection in connections] == [socket.socket, ssl.SSLSocket]


def test_a_header_may_hold_any_byte_that_http_allows(serve: Serve, client: httpx.Client) -> None:
    answer = answering(b"HTTP/1.1 200 Sch\xf6n\r\nX-Name: B\xfcro\r\nContent-Length: 2\r\n\r\n{}")
    with serve(answer) as port:
        found = client.get(f"http://127.0.0.1:{port}/")
    assert found.headers.raw[0] == (b"X-Name", b"B\xfcro")


@pytest.mark.parametrize(
    "words",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n{}",
        b"HTTP/1.1 twohundred\r\n\r\n{}",
        b"220 mail.example ESMTP\r\n",
        b"",
    ],
)
def test_half_an_answer_and_none_that_is_http_are_told_from_a_whole_one(
    serve: Serve, client: httpx.Client, words: bytes
) -> None:
    with serve(answering(words)) as port, pytest.raises(httpx.RemoteProtocolError):
        client.get(f"http://127.0.0.1:{port}/")


def test_a_host_that_no_name_can_be_is_not_connected_to(client: httpx.Client) -> None:
    with pytest.raises(httpx.ConnectError):
        client.get(f"http://{'a' * 70}.invalid/")
