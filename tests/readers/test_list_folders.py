"""Lists with a file for each trunk: what the files are called, and how they become one sheet."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from batch.errors import WorkbookError
from batch.readers.detect import fingerprint, read_workbook
from batch.readers.list_folders import list_file_names, trunk_of

NAMES = (
    "London-1",
    "london-1",
    "Who?",
    "a*b",
    "50+",
    "CON",
    "nul.5",
    "COM1",
    ".hidden",
    "end.",
    "Zürich",
    "Zu\N{COMBINING DIAERESIS}rich",
    "北京",
    "\N{TELEPHONE RECEIVER}" * 60,
)
TAKEN_BY_NONE = set('<>:"/\\|?*')


def test_every_trunk_has_a_file_that_every_system_takes_and_that_leads_back_to_it() -> None:
    names = list_file_names(NAMES)
    assert [trunk_of(Path(name)) for name in names.values()] == list(NAMES)
    assert len({name.casefold() for name in names.values()}) == len(NAMES)
    for name in names.values():
        assert not TAKEN_BY_NONE & set(name)
        assert name[0] not in ". "
        assert name.removesuffix(".csv")[-1] not in ". "
        assert len(name.encode()) <= 255
    assert names["London-1"] == "London-1.csv"
    assert names["Who?"] == "Who%3F.csv"
    assert names["CON"] == "%43%4F%4E.csv"


def test_a_name_that_is_too_long_for_a_file_has_none() -> None:
    assert list_file_names(["\N{TELEPHONE RECEIVER}" * 63]) == {}


def folder(tmp_path: Path, **files: str) -> Path:
    place = tmp_path / "portal"
    (place / "dids").mkdir(parents=True)
    (place / "trunks.csv").write_text("Name\nLondon-1\nWho?\n")
    for name, text in files.items():
        (place / "dids" / f"{name}.csv").write_text(text)
    return place


def test_the_files_of_a_list_become_one_sheet_with_the_trunk_in_front(tmp_path: Path) -> None:
    place = folder(
        tmp_path,
        **{
            "London-1": "DID/DDI,DID/DDI Name\n442079460100,Reception\n442079460101,\n",
            "Who%3F": "DID/DDI,Site\n442079460200,Bath\n",
            "empty": "DID/DDI\n",
        },
    )
    read = read_workbook(place)
    assert [sheet.name for sheet in read.sheets] == ["Trunks", "DIDs"]
    assert read.sheets[1].columns == [
        ["Trunk", "London-1", "London-1", "Who?"],
        ["DID/DDI", "442079460100", "442079460101", "442079460200"],
        ["DID/DDI Name", "Reception", "", ""],
        ["Site", "", "", "Bath"],
    ]
    assert read.remarks["DIDs"] == (
        "DIDs was put together from 3 files: dids/London-1.csv is rows 2-3, dids/Who%3F.csv is row 4."
    )


def test_a_file_that_names_its_trunks_keeps_them(tmp_path: Path) -> None:
    place = folder(tmp_path, other="Trunk name,DID\nLondon-1,442079460100\n")
    assert read_workbook(place).sheets[1].columns[0] == ["Trunk", "London-1"]


def test_its_hash_counts_every_file(tmp_path: Path) -> None:
    place = folder(tmp_path, **{"London-1": "DID\n1\n"})
    before = read_workbook(place).sha256
    assert before == fingerprint(place)
    (place / "dids" / "London-1.csv").write_text("DID\n2\n")
    assert read_workbook(place).sha256 == fingerprint(place) != before


def test_a_list_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    place = folder(tmp_path, **{"London-1": "DID\n1\n"})
    (place / "dids.csv").write_text("Trunk,DID\nLondon-1,1\n")
    with pytest.raises(WorkbookError, match=r"holds dids\.csv and a folder with files of DIDs"):
        read_workbook(place)


def zipped(place: Path, target: Path, inside: str) -> Path:
    with zipfile.ZipFile(target, "w") as package:
        for path in sorted(place.rglob("*.csv")):
            package.writestr(f"{inside}{path.relative_to(place).as_posix()}", path.read_bytes())
    return target


@pytest.mark.parametrize("inside", ["", "portal/"])
def test_a_zip_of_such_a_folder_is_the_same(tmp_path: Path, inside: str) -> None:
    place = folder(tmp_path, **{"London-1": "DID\n1\n", "Who%3F": "DID\n2\n"})
    read = read_workbook(zipped(place, tmp_path / "p.zip", inside))
    assert [sheet.columns for sheet in read.sheets] == [sheet.columns for sheet in read_workbook(place).sheets]


TELNYX = "phone_number,status,connection_name\n+442079460100,active,SBC\n"


def test_a_file_of_another_system_is_known_by_its_headers_whatever_its_name(tmp_path: Path) -> None:
    place = folder(tmp_path)
    (place / "from carrier.csv").write_text(f"Numbers of 2026\n{TELNYX}")
    (place / "notes.csv").write_text("a,b\n1,2\n")
    (place / "picture.csv").write_bytes(b"\x89PNG\0\0")
    read = read_workbook(place)
    assert [sheet.name for sheet in read.sheets] == ["Trunks", "DIDs"]
    assert read.remarks["DIDs"] == "from carrier.csv was read as UTF-8, with commas between the values."
    assert read.remarks["Trunks"].endswith(" Not read: notes.csv, picture.csv.")
    assert read.sha256 == fingerprint(place)


def test_a_folder_that_holds_nothing_else_is_a_workbook(tmp_path: Path) -> None:
    (tmp_path / "numbers.csv").write_text(TELNYX)
    assert [sheet.name for sheet in read_workbook(tmp_path).sheets] == ["DIDs"]


def test_a_file_with_the_plain_name_goes_before_one_that_is_known_by_its_headers(tmp_path: Path) -> None:
    place = folder(tmp_path)
    (place / "dids.csv").write_text("Trunk,DID\nLondon-1,1\n")
    (place / "numbers.csv").write_text(TELNYX)
    assert read_workbook(place).remarks["DIDs"].startswith("dids.csv")


def test_two_files_that_are_known_as_one_list_are_refused(tmp_path: Path) -> None:
    place = folder(tmp_path)
    for name in ("a.csv", "b.csv"):
        (place / name).write_text(TELNYX)
    with pytest.raises(WorkbookError) as refused:
        read_workbook(place)
    assert "put them into a folder dids in it, each called after its trunk" in refused.value.hint
