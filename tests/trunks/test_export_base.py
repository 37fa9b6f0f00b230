from __future__ import annotations

import json

from batch.readers.workbook import RawSheet
from batch.schema.file_metadata import FileKind, FileMetadata
from batch.trunks.live import LiveTrunk
from batch.trunks.merge import base_lines, read_base
from tests.builders import book, dids, live, shared, sheet, workbook

METADATA = FileMetadata(
    kinds=frozenset({FileKind.EXPORT}), pbx="https://pbx.example:8088", made_at="2026-11-23T02:14:07+01:00"
)


def kept(*lines: tuple[str, ...]) -> dict[int, LiveTrunk]:
    base = read_base(workbook(hidden(*lines), metadata=METADATA))
    assert base is not None
    return base


def hidden(*lines: tuple[str, ...]) -> RawSheet:
    return sheet("trunk-batch base", *lines, hidden=True)


def there_and_back(trunk: LiveTrunk) -> LiveTrunk:
    return kept(*base_lines([trunk]))[trunk.id]


def test_what_a_trunk_held_when_it_was_exported_is_read_back() -> None:
    trunk = live(
        8,
        "Lond\N{LATIN SMALL LETTER O WITH DIAERESIS}n",
        hostname="h",
        port="5060",
        shared=1,
        did_list=dids("100=One", "200"),
        outbound_cid_list=[shared("100", 1, groups=[2], name="Acme")],
    )
    base = kept(*base_lines([trunk, live(9, "Paris", "account")]))
    assert sorted(base) == [8, 9]
    read = base[8]
    assert (read.name, read.vendor_type, read.shared, read.value("port")) == (trunk.name, "register", True, 5060)
    assert (read.dids.entries, read.caller_ids.entries) == (trunk.dids.entries, trunk.caller_ids.entries)
    assert [member.number for member in read.caller_ids.entries[0].order] == ["1001", "group2"]


def test_it_holds_no_password_and_nothing_that_the_workbook_cannot_say() -> None:
    lines = list(base_lines([live(8, password="Sample-1", firmware_thing="x")]))
    assert "Sample-1" not in str(lines)
    assert sorted(json.loads("".join(lines[0][1:]))) == ["did_list", "id", "name", "outbound_cid_list", "type"]


def test_a_list_too_long_for_one_cell_goes_over_several() -> None:
    trunk = live(8, did_list=dids(*(f"4420794{i:05d}" for i in range(5000))))
    ((number, *pieces),) = base_lines([trunk])
    assert (number, len(pieces)) == ("8", 7)
    assert max(map(len, pieces)) == 30_000
    assert there_and_back(trunk).dids.entries == trunk.dids.entries


def test_a_list_that_was_not_shown_or_could_not_be_said_is_not_known() -> None:
    assert there_and_back(live(8, did_list=None)).unread.keys() == {"did_list"}


def test_a_line_that_was_damaged_counts_as_a_trunk_that_was_never_exported() -> None:
    (whole,) = base_lines([live(9, "Paris")])
    assert list(kept(("8", '{"id": 8, "na'), ("7", "[]"), ("6", '{"id": "x"}'), ("", ""), whole)) == [9]


def test_a_workbook_without_the_hidden_sheet_has_no_base() -> None:
    assert read_base(book(["Name", "London"])) is None
