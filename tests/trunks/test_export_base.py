from __future__ import annotations

import json

from batch.readers.workbook import RawSheet
from batch.schema.file_metadata import FileKind, FileMetadata, metadata_lines, metadata_of, read_lines
from batch.trunks.live import LiveTrunk
from batch.trunks.merge import base_lines, base_lines_of, read_base
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


class TestAnExportOfManyPbxs:
    def test_has_the_trunks_of_each_apart_where_ids_are_the_same(self) -> None:
        lines = [*base_lines([live(8, "Old-B"), live(9, "Rome")], "berlin"), *base_lines([live(8, "Old-P")], "paris")]
        found = workbook(hidden(("8", "damaged"), ("8", '{"pbx":["x"]}'), *lines), metadata=METADATA)
        names = {
            pbx: {n: trunk.name for n, trunk in (read_base(found, pbx) or {}).items()} for pbx in ("berlin", "paris")
        }
        assert names == {"berlin": {8: "Old-B", 9: "Rome"}, "paris": {8: "Old-P"}}
        assert read_base(found, "rome") == {}
        assert sorted(read_base(found) or ()) == [8, 9]

    def test_gives_each_part_the_lines_of_its_own_export(self) -> None:
        trunks = {"berlin": [live(8, "B", did_list=dids("100")), live(9)], "paris": [live(8, "P" * 40_000)]}
        lines = [line for pbx, of in trunks.items() for line in base_lines(of, pbx)]
        parts = base_lines_of(workbook(hidden(("8", "damaged"), *lines), metadata=METADATA))
        assert parts == {pbx: list(base_lines(of)) for pbx, of in trunks.items()}
        assert kept(*parts["berlin"])[8].whole.keys() == kept(*base_lines(trunks["berlin"]))[8].whole.keys()
        assert base_lines_of(book(["Name", "London"])) == {}

    def test_says_of_each_part_where_it_came_from_and_nothing_of_the_others(self) -> None:
        whole = FileMetadata(
            kinds=frozenset({FileKind.EXPORT, FileKind.MARKED, FileKind.RESULTS}),
            made_at="2026-11-23T02:14:07+01:00",
            pbxs={"berlin": "https://192.0.2.1:8088", "paris": "https://192.0.2.2:8088"},
            sheets=frozenset({"Glossary"}),
            finished=frozenset({8}),
            orders=frozenset({"ab"}),
        )
        assert read_lines(metadata_lines(whole)) == whole
        assert metadata_of(whole, "paris") == FileMetadata(
            kinds=frozenset({FileKind.EXPORT, FileKind.RESULTS}),
            made_at=whole.made_at,
            pbx="https://192.0.2.2:8088",
            orders=whole.orders,
        )
        assert metadata_of(whole, "rome").kinds == {FileKind.RESULTS}
