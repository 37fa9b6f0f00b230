from __future__ import annotations

import pytest

from batch.errors import UsageError
from batch.pbx.addresses import base_url_of, is_loopback, likely_addresses


@pytest.mark.parametrize(
    ("typed", "base_url"),
    [
        ("pbx.example", "https://pbx.example"),
        (" pbx.example:8088 ", "https://pbx.example:8088"),
        ("https://PBX.example:8088/", "https://pbx.example:8088"),
        ("https://pbx.example:8088/openapi/v1.0", "https://pbx.example:8088"),
        ("https://pbx.example:8088/openapi/v1.0/", "https://pbx.example:8088"),
        ("https://pbx.example/openapi", "https://pbx.example"),
        ("https://pbx.example:443", "https://pbx.example"),
        ("http://192.0.2.10:80/", "http://192.0.2.10"),
        ("http://192.0.2.10:8088", "http://192.0.2.10:8088"),
        ("https://[2001:db8::1]:8088", "https://[2001:db8::1]:8088"),
        ("https://gateway.example/pbx-7/openapi/v1.0", "https://gateway.example/pbx-7"),
        ("HTTPS://büro.example", "https://büro.example"),
    ],
)
def test_what_people_type_becomes_one_base_url(typed: str, base_url: str) -> None:
    assert base_url_of(typed) == base_url
    assert base_url_of(base_url) == base_url


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "https://",
        "ftp://pbx.example",
        "https://pbx.example:port",
        "https://pbx.example:99999",
        "https://pbx example",
        "https://[::1",
        "https://pbx.example?access_token=Sample-token",
        "pbx.example#x",
        "https://admin:Sample-password@pbx.example",
        "https://pbx.example/a b",
        "https://<pbx>",
    ],
)
def test_nonsense_is_a_usage_error_that_shows_how_and_repeats_no_secret(typed: str) -> None:
    with pytest.raises(UsageError) as caught:
        base_url_of(typed)
    assert "https://HOST:8088" in caught.value.hint
    assert "Sample-" not in caught.value.message + caught.value.hint


def test_the_usual_addresses_are_named_for_a_host() -> None:
    assert likely_addresses("http://192.0.2.10:80") == (
        "https://192.0.2.10:8088 for a PBX on premises, https://192.0.2.10 for Cloud"
    )
    assert "https://[2001:db8::1]:8088" in likely_addresses("https://[2001:db8::1]")


def test_loopback_is_known_by_its_spelling() -> None:
    for url in ("http://localhost:1", "http://a.localhost", "http://127.3.2.1", "https://[::1]:8088"):
        assert is_loopback(url)
    for url in ("http://pbx.example", "https://192.0.2.1", "https://localhost.example"):
        assert not is_loopback(url)
