"""Extensions and groups by id, and the cells that name them."""

from __future__ import annotations

from batch.trunks.live import Extension, Inventory
from batch.writers.exportable import Directory


def directory(extensions: dict[str, int], groups: dict[str, int]) -> Directory:
    return Directory(Inventory(trunks=(), extensions=extensions, groups=groups))


def test_only_what_a_cell_can_name_is_offered() -> None:
    found = directory({"1001": 1, "10a": 2, "12345678": 3, "": 4}, {"Sales": 1, "a;b": 2, "": 3, "x\u200by": 4})
    assert found.extensions == ("1001",)
    assert found.groups == ("Sales", '"a;b"')


def test_members_are_named_in_their_order_each_in_the_cell_of_its_kind() -> None:
    members = [Extension("ext_group", 1), Extension("extension", 7), Extension("extension", 1)]
    assert directory({"1001": 1}, {"Sales": 1}).cells_of(members) == ("#7, 1001", "Sales")


def test_nobody_is_two_blank_cells() -> None:
    assert directory({}, {}).cells_of(()) == ("", "")
