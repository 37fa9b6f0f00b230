from __future__ import annotations

from batch.secrets import Secret
from batch.trunks.diff import ChangeKind, Desired, EntryChange, ListDifference, compare, compare_lists
from batch.trunks.live import CallerId, Did, Extension
from tests.builders import dids, live


def numbers(text: str) -> tuple[Did, ...]:
    return tuple(Did(c) for c in text)


def moved(old: str, new: str) -> str:
    return "".join(change.new.number for change in compare_lists(numbers(old), numbers(new)).of(ChangeKind.MOVED))


def test_only_fields_that_differ_are_a_difference() -> None:
    trunk = live(port="5060", domain="", hostname="old", password="Sample-1", username="u")
    wanted: dict[str, str | int | Secret] = {
        "port": 5060,
        "domain": "",
        "hostname": "new",
        "password": Secret("Sample-2"),
        "username": "u",
    }
    found = compare(trunk, Desired(fields=wanted))
    assert found.fields == {"hostname": ("old", "new"), "password": (Secret("Sample-1"), Secret("Sample-2"))}
    assert bool(found)
    assert "Sample-" not in repr(found)


def test_a_password_that_is_the_same_is_no_difference() -> None:
    assert not compare(live(password="Sample-1"), Desired(fields={"password": Secret("Sample-1")}))


def test_a_list_that_is_left_alone_never_differs() -> None:
    found = compare(live(did_list=dids("1", "2")), Desired())
    assert (bool(found), found.lists) == (False, {})


def test_added_removed_renamed_and_changed_are_told_apart() -> None:
    one, two = Extension("extension", 1), Extension("extension", 2)
    old = [
        CallerId("shared", "1", "a", "", frozenset({one})),
        CallerId("shared", "2", "b", "", frozenset({one})),
        CallerId("range", "3-4", "", "1-2"),
    ]
    new = [
        CallerId("shared", "1", "A", "", frozenset({one})),
        CallerId("shared", "2", "b", "", frozenset({two})),
        CallerId("shared", "5", "", "", frozenset({two})),
    ]
    assert compare_lists(old, new) == ListDifference(
        changes=(
            EntryChange(ChangeKind.ADDED, new[2], new[2]),
            EntryChange(ChangeKind.REMOVED, old[2], old[2]),
            EntryChange(ChangeKind.RENAMED, old[0], new[0]),
            EntryChange(ChangeKind.CHANGED, old[1], new[1]),
        ),
        stays=2,
    )


def test_as_few_entries_as_possible_are_called_moved() -> None:
    assert moved("abcdef", "fabcde") == "f"
    assert moved("abcdef", "bcdefa") == "a"
    assert moved("abcdef", "abdcef") in {"c", "d"}
    assert moved("abc", "cba") in {"bc", "ac", "ab", "cb", "ca", "ba"}
    assert moved("abcdef", "xbydzf") == ""


def test_a_moved_entry_says_from_where_to_where_counting_from_one() -> None:
    found = compare_lists(numbers("abc"), numbers("cab"))
    assert found.changes == (EntryChange(ChangeKind.MOVED, Did("c"), Did("c"), was=3, becomes=1),)


def test_doubles_on_the_pbx_are_told_apart_by_their_turn() -> None:
    found = compare_lists([Did("1", "a"), Did("1", "b"), Did("2")], [Did("1", "a"), Did("2")])
    removed = EntryChange(ChangeKind.REMOVED, Did("1", "b"), Did("1", "b"))
    assert (found.changes, found.stays) == ((removed,), 2)


def test_an_emptied_list_loses_everything() -> None:
    found = compare_lists(numbers("ab"), ())
    assert [(change.kind, change.old) for change in found.changes] == [
        (ChangeKind.REMOVED, Did("a")),
        (ChangeKind.REMOVED, Did("b")),
    ]
    assert found.stays == 0
