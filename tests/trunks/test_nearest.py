from __future__ import annotations

from batch.wording import nearest_names


def test_each_text_has_its_nearest_name_or_none() -> None:
    names = ["London-1", "London-2", "Paris-1"]
    assert nearest_names(["Londn-2", "paris 1", "Quito", "", "London-1"], names) == {
        "Londn-2": "London-2",
        "paris 1": "Paris-1",
        "London-1": "London-1",
    }
    assert nearest_names(["London"], []) == {}
    assert nearest_names([], ["London"]) == {}


def test_of_many_unknown_texts_the_first_thousand_are_compared_and_all_are_looked_up() -> None:
    names = [f"Site-{i:05d}" for i in range(2_000)]
    found = nearest_names([*(f"Sit-{i:05d}" for i in range(2_000)), "SITE 01999"], names)
    assert len(found) == 1_001
    assert (found["Sit-00999"], found["SITE 01999"]) == ("Site-00999", "Site-01999")
