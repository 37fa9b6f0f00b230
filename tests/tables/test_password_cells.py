"""Passwords are found by their value, whatever they stand in, and no sooner than they are there."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batch.tables.password_cells import SecretSearch

LETTERS = st.text("ab1é<&_ -", max_size=12)
SECRETS = st.lists(LETTERS, max_size=6)


def slowly(secrets: Sequence[str], text: str) -> bool:
    """Tell whether one of the secrets is in a text, by looking for each at each place."""
    for secret in secrets:
        for start in range(len(text)):
            end = start + len(secret)
            alone = (len(secret) >= 8 and not secret.isdecimal()) or not (
                (start and text[start - 1].isalnum() and secret[:1].isalnum())
                or (text[end : end + 1].isalnum() and secret[-1:].isalnum())
            )
            if len(secret) >= 4 and text[start:end] == secret and alone:
                return True
    return False


@given(secrets=SECRETS, texts=st.lists(LETTERS, max_size=8))
@example(secrets=["<&<&"], texts=["a<&<&"])
@example(secrets=["ab1é", "ab1é<&_ "], texts=["ab1é<&_ a", "xab1é"])
def test_exactly_the_texts_that_hold_a_password_are_found(secrets: list[str], texts: list[str]) -> None:
    search = SecretSearch(secrets)
    assert search.among(texts) == [place for place, text in enumerate(texts) if slowly(secrets, text)]
    for text in texts:
        assert (search.hidden(text) != text) == slowly(secrets, text)
        if slowly(secrets, text):
            assert search.may_be_in(text.encode())


@given(secrets=SECRETS, before=LETTERS, after=LETTERS)
def test_nothing_of_a_password_is_left(secrets: list[str], before: str, after: str) -> None:
    search = SecretSearch(secrets)
    for secret in secrets:
        if len(secret) >= 8 and not secret.isdecimal():
            hidden = search.hidden(f"{before}|{secret}|{after}")
            assert "<hidden>" in hidden
            assert not slowly(secrets, hidden.replace("<hidden>", "\n"))


def test_the_longest_of_several_is_hidden_whole() -> None:
    search = SecretSearch(["Sample-one", "Sample-one-more"])
    assert search.hidden("Sample-one-more, Sample-one") == "<hidden>, <hidden>"


@pytest.mark.parametrize("size", [1, 1 << 20, (1 << 20) + 2])
def test_a_password_is_found_where_a_large_part_is_looked_at_in_pieces(size: int) -> None:
    search = SecretSearch(["Sample-one"])
    assert search.may_be_in(b"x" * (size - 1) + b"Sample-one")
    assert not search.may_be_in(b"x" * (size - 1) + b"Sample-on")


def test_what_is_hidden_already_and_what_is_too_short_is_no_password() -> None:
    assert not SecretSearch(["<hidden>", "abc", ""])
