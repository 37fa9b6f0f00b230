from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.trunks.census import Census, CensusDiffers, Fate, Holdings, take_census
from batch.trunks.live import Did


def held(**trunks: str) -> Holdings:
    """Make what trunks hold, from ``London="4420=Desk 4421"``; trunks are numbered in alphabetical order."""
    return Holdings(
        dids={
            place: [Did(*entry.partition("=")[::2]) for entry in trunks[name].split()]
            for place, name in enumerate(sorted(trunks), 1)
        },
        names=dict(enumerate(sorted(trunks), 1)),
    )


def told(census: Census) -> list[str]:
    """Return each line shortly: ``moved A:4420 B:4420``."""
    sides = ((line, (line.before, line.after)) for line in census.lines)
    return [
        " ".join([line.fate, *(f"{census.before.names[one.trunk]}:{one.did.number}" if one else "-" for one in both)])
        for line, both in sides
    ]


def orphaned(census: Census) -> list[str]:
    return [line.here.did.number for line in census.lines if line.orphaned]


def doubled(census: Census) -> list[str]:
    return [line.here.did.number for line in census.lines if line.doubled]


def test_each_did_is_kept_renamed_moved_added_or_removed() -> None:
    before = held(A="442079460100=Desk 442079460101=Hall 442079460102 442079460103", B="442079460200")
    after = held(A="442079460100=Desk 442079460101=Lobby 442079460104", B="442079460200 442079460102")
    census = take_census(before, after)
    assert told(census) == [
        "renamed A:442079460101 A:442079460101",
        "removed A:442079460103 -",
        "added - A:442079460104",
        "moved A:442079460102 B:442079460102",
    ]
    assert census.says == "5 DIDs before, 5 after: 2 kept, 1 renamed, 1 moved, 1 added, 1 removed."
    assert orphaned(census) == ["442079460103"]
    assert doubled(census) == []


@pytest.mark.parametrize("other", ["02079460100", "00442079460100", "442079460100"])
def test_a_number_in_another_notation_is_the_same_number(other: str) -> None:
    before, after = held(A=other, B=""), held(A="+442079460100", B="")
    census = take_census(before, after, "gb")
    assert told(census) == [f"renamed A:{other} A:+442079460100"]
    assert census.lines[0].e164 == "+442079460100"
    assert not census.lines[0].taken
    assert told(take_census(before, held(A="", B="+442079460100"), "GB")) == [f"moved A:{other} B:+442079460100"]


def test_a_number_goes_with_that_of_its_own_trunk_first() -> None:
    before = held(A="02079460100", B="02079460100")
    census = take_census(before, held(A="+442079460100", B="+442079460100"), "GB")
    assert told(census) == ["renamed A:02079460100 A:+442079460100", "renamed B:02079460100 B:+442079460100"]
    assert doubled(census) == []


def test_the_region_is_guessed_from_all_numbers_before_and_after() -> None:
    census = take_census(held(A="02079460100"), held(A="+442079460100"))
    assert census.region.says == "GB, guessed from 1 number"
    assert told(census) == ["renamed A:02079460100 A:+442079460100"]


def test_without_a_region_national_numbers_are_compared_as_they_are() -> None:
    census = take_census(held(A="02079460100"), held(A="02079460101"))
    assert told(census) == ["removed A:02079460100 -", "added - A:02079460101"]
    assert census.region.code == ""


@pytest.mark.parametrize(
    ("before", "after", "numbers"),
    [
        ({"A": "442079460100", "B": ""}, {"A": "442079460100", "B": "442079460100"}, ["442079460100"]),
        ({"A": "442079460100", "B": ""}, {"A": "442079460100", "B": "02079460100"}, ["02079460100"]),
        ({"A": "02079460100", "B": ""}, {"A": "+442079460100", "B": "02079460100"}, ["02079460100"]),
        ({"A": "", "B": ""}, {"A": "442079460100", "B": "442079460100"}, ["442079460100", "442079460100"]),
        ({"A": "442079460100", "B": "442079460100"}, {"A": "442079460100=X", "B": "442079460100"}, []),
        ({"A": "442079460100", "B": "", "C": "442079460100"}, {"A": "", "B": "442079460100", "C": "442079460100"}, []),
        ({"A": "442079460100"}, {"A": "442079460100 02079460100"}, []),
        ({"A": "4420794601XX", "B": ""}, {"A": "4420794601XX", "B": "442079460100"}, ["442079460100"]),
        ({"A": "4420794601XX", "B": ""}, {"A": "4420794601XX", "B": "02079460100"}, ["02079460100"]),
        ({"A": "442079460100", "B": ""}, {"A": "442079460100", "B": "020794601XX"}, ["020794601XX"]),
        ({"A": "442079460100", "B": ""}, {"A": "", "B": "4420794601XX"}, []),
        ({"A": "442079460100"}, {"A": "442079460100 4420794601XX"}, []),
        ({"A": "4420.", "B": "."}, {"A": "4420.", "B": ". 442079460100"}, []),
    ],
)
def test_a_number_that_the_plan_puts_on_two_trunks_is_doubled(
    before: Mapping[str, str], after: Mapping[str, str], numbers: Sequence[str]
) -> None:
    assert doubled(take_census(held(**before), held(**after), "GB")) == numbers


@pytest.mark.parametrize(
    ("before", "after", "numbers"),
    [
        ({"A": "442079460100", "B": ""}, {"A": "", "B": "442079460100"}, []),
        ({"A": "442079460100", "B": "02079460100"}, {"A": "", "B": "02079460100"}, []),
        ({"A": "442079460100 02079460100"}, {"A": "02079460100"}, []),
        ({"A": "442079460100", "B": "4420794601XX"}, {"A": "", "B": "4420794601XX"}, []),
        ({"A": "442079460100", "B": "4420."}, {"A": "", "B": "4420."}, []),
        ({"A": "442079460100", "B": "."}, {"A": "", "B": "."}, ["442079460100"]),
        ({"A": "44207946010X"}, {"A": "44207946010[0-4] 44207946010[5-9]"}, []),
        ({"A": "44207946010[01]"}, {"A": "442079460100 02079460101"}, []),
        ({"A": "44207946010[01]"}, {"A": "442079460100"}, ["44207946010[01]"]),
        ({"A": "44207946010X", "B": "4420794601XX"}, {"A": "", "B": "4420794601XX"}, []),
        ({"A": "4420794601XX"}, {"A": "44207946010X"}, ["4420794601XX"]),
        ({"A": "020794601XX"}, {"A": "+4420794601XX"}, []),
        ({"A": "44207946."}, {"A": "4420."}, []),
        ({"A": "44207946."}, {"A": "442079460100"}, ["44207946."]),
        ({"A": "1001"}, {"A": ""}, ["1001"]),
    ],
)
def test_a_number_that_is_on_no_trunk_afterwards_is_orphaned(
    before: Mapping[str, str], after: Mapping[str, str], numbers: Sequence[str]
) -> None:
    assert orphaned(take_census(held(**before), held(**after), "GB")) == numbers


def test_patterns_count_for_what_they_cover_and_those_without_an_end_are_said() -> None:
    census = take_census(
        held(A="4420794601XX 4421. 442079460200"), held(A="4420794601XX 4421. 442079460200 44220[27-9]")
    )
    assert [(held.numbers, held.endless) for held in (census.before, census.after)] == [(101, 1), (105, 1)]
    assert census.says == (
        "3 DIDs before, 4 after: 3 kept, 0 renamed, 0 moved, 1 added, 0 removed. "
        "With patterns they are 101 numbers before, 105 after, and 1 pattern without an end."
    )


def test_a_did_that_stands_twice_on_a_trunk_counts_twice() -> None:
    census = take_census(held(A="4420 4420", B=""), held(A="4420", B="4420"))
    assert told(census) == ["moved A:4420 B:4420"]
    assert census.counts[Fate.KEPT] == 1


def test_the_prefixes_are_those_of_a_carriers_blocks_and_hold_every_did() -> None:
    before = held(A="02079460100 442079460101 +33123456789 1001 4420794602XX")
    census = take_census(before, held(A="02079460100 442079460101 1001 442079460300"), "GB")
    assert {prefix: {**counts} for prefix, counts in census.prefixes.items()} == {
        "+3312345": {"before": 1, "after": 0, "kept": 0, "removed": 1},
        "+44207946": {"before": 3, "after": 3, "kept": 2, "removed": 1, "added": 1},
        "other": {"before": 1, "after": 1, "kept": 1},
    }


def test_what_is_taken_off_a_trunk_is_what_that_has_in_no_notation_any_more() -> None:
    before = held(A="442079460100 442079460101 442079460102", B="")
    census = take_census(before, held(A="442079460101 44207946010[23]", B="442079460100"))
    assert [line.taken for line in census.lines] == [False, False, True]


NUMBERS = [f"{head}207946010{last}" for head in ("0", "44", "+44", "0044") for last in range(4)]
LISTS = st.lists(
    st.sampled_from([*NUMBERS, "44207946010X", "020794601XX", "4420.", ".", "1001", "Sales"]).map(Did)
    | st.builds(Did, st.sampled_from(NUMBERS), st.sampled_from(["", "Desk", "Hall"])),
    max_size=8,
)
WORLDS = st.fixed_dictionaries(dict.fromkeys(range(1, 5), LISTS)).map(
    lambda dids: Holdings(dids=dids, names={trunk: f"T{trunk}" for trunk in dids})
)


@given(WORLDS, WORLDS, st.sampled_from(["", "GB", "US"]))
def test_the_sums_of_any_two_worlds_balance(before: Holdings, after: Holdings, region: str) -> None:
    census = take_census(before, after, region)
    counts = census.counts
    both = counts[Fate.KEPT] + counts[Fate.RENAMED] + counts[Fate.MOVED]
    assert both + counts[Fate.REMOVED] == sum(map(len, before.dids.values()))
    assert both + counts[Fate.ADDED] == sum(map(len, after.dids.values()))
    assert Counter(line.fate for line in census.lines) + Counter({Fate.KEPT: counts[Fate.KEPT]}) == Counter(counts)
    gone = [line.before for line in census.lines if line.before]
    new = [line.after for line in census.lines if line.after]
    old = Counter((trunk, did) for trunk, dids in before.dids.items() for did in dids)
    old.subtract((trunk, did) for trunk, did in gone)
    old.update((trunk, did) for trunk, did in new)
    assert +old == Counter((trunk, did) for trunk, dids in after.dids.items() for did in dids)
    assert sum(count["before"] for count in census.prefixes.values()) == before.count
    assert sum(count["after"] for count in census.prefixes.values()) == after.count


@given(WORLDS)
def test_a_world_that_stays_as_it_is_has_nothing_to_tell(world: Holdings) -> None:
    census = take_census(world, replace(world, dids={trunk: list(dids) for trunk, dids in world.dids.items()}))
    assert (list(census.lines), census.counts[Fate.KEPT]) == ([], world.count)


def test_a_census_that_does_not_balance_is_no_census(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Holdings, "count", 3)
    with pytest.raises(CensusDiffers, match="4 DIDs are accounted for before, and the trunks have 3") as caught:
        take_census(held(A="1 2 3 4"), held(A="1 2 3"))
    assert caught.value.exit_code == 1
