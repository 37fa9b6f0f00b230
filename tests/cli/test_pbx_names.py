"""What the cells of the column PBX may say: the name of a profile that has an address, each PBX by one name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.cli.shell import Shell, write_book

PROFILES = """
[berlin]
url = "https://192.0.2.10:8088"
[munich]
url = "https://192.0.2.20:8088"
[cologne]
client_id = "c"
"""


Faults = Callable[..., Sequence[tuple[str, str, str, str]]]


@pytest.fixture
def faults(tmp_path: Path, shell: Shell) -> Faults:
    """Check a workbook with a trunk on each of some PBXs; tell cell, code, message and what to type instead."""
    profiles = tmp_path / "trunk-batch.toml"
    profiles.write_text(PROFILES, encoding="utf-8")

    def found(*pbxs: str) -> Sequence[tuple[str, str, str, str]]:
        rows = [("PBX", "Name"), *((pbx, f"Trunk-{number}") for number, pbx in enumerate(pbxs, 1))]
        book = write_book(tmp_path / "offices.xlsx", trunks=rows)
        problems = shell("check", book, "--profile-file", profiles, "--json").json["problems"]
        return [(one["cell"], one["code"], one["message"], one["fix"]) for one in problems]

    return found


def test_a_name_that_is_no_profile_is_told_which_was_meant(faults: Faults) -> None:
    message = "trunk-batch.toml has no profile 'berln'; did you mean berlin?"
    assert faults("munich", "berln") == [
        ("A3", "pbx-unknown", message, "Type berlin, or add a profile [berln]."),
    ]


def test_a_name_that_is_like_none_is_told_which_there_are(faults: Faults) -> None:
    message = "trunk-batch.toml has no profile 'oslo'. It has berlin, munich, cologne."
    assert faults("oslo") == [
        ("A2", "pbx-unknown", message, "Add a profile [oslo] with its url, or type its address."),
    ]


def test_a_profile_without_an_address_is_told_what_to_add(faults: Faults) -> None:
    fix = 'Add url = "https://…" to [cologne] in trunk-batch.toml.'
    assert faults("cologne") == [("A2", "pbx-unknown", "The profile cologne has no address.", fix)]


def test_an_address_that_is_none_is_told_why(faults: Faults) -> None:
    ((cell, code, message, _),) = faults("ftp://192.0.2.30")
    assert (cell, code) == ("A2", "pbx-unknown")
    assert message.startswith("The PBX ftp://192.0.2.30: ")


def test_two_names_for_one_pbx_are_refused_however_they_are_spelled(faults: Faults) -> None:
    message = "HTTPS://192.0.2.10:8088/ and berlin are one PBX: both have the address https://192.0.2.10:8088."
    assert faults("berlin", "HTTPS://192.0.2.10:8088/", "munich") == [
        ("A3", "pbx-twice", message, "Type berlin in all its rows."),
    ]


def test_names_and_an_address_that_no_profile_has_are_taken(faults: Faults) -> None:
    assert faults("berlin", "munich", "https://192.0.2.30:8088") == []
