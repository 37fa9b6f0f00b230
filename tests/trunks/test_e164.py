from __future__ import annotations

import phonenumbers
import pytest

from batch.trunks.e164 import e164, guess_region


@pytest.mark.parametrize(
    ("region", "number", "written"),
    [
        ("GB", "+442079460100", "+442079460100"),
        ("GB", "00442079460100", "+442079460100"),
        ("GB", "442079460100", "+442079460100"),
        ("GB", "02079460100", "+442079460100"),
        ("GB", "0033123456789", "+33123456789"),
        ("GB", "33123456789", "+33123456789"),
        ("US", "442079460100", "+442079460100"),
        ("US", "2125550100", "+12125550100"),
        ("US", "12125550100", "+12125550100"),
        ("US", "01133123456789", "+33123456789"),
        ("IT", "0233123456", "+390233123456"),
        ("DE", "03023125000", "+493023125000"),
        ("DE", "4922147101", "+4922147101"),
        ("DE", "4922147109X", "+4922147109X"),
        ("DE", "41445550199", "+41445550199"),
        ("DE", "22147101", "+4922147101"),
        ("GB", "2079460100", "+442079460100"),
        ("GB", "441632960100", "+441632960100"),
        ("ES", "911234567", "+34911234567"),
        ("ES", "34911234567", "+34911234567"),
        ("XX", "02079460100", ""),
        ("XX", "442079460100", "+442079460100"),
        ("", "00442079460100", "+442079460100"),
        ("", "442079460100", "+442079460100"),
        ("", "02079460100", ""),
        ("", "2125550100", ""),
        ("GB", "1001", ""),
        ("GB", "Sales", ""),
        ("GB", "020794601XX", "+4420794601XX"),
        ("GB", "44207946[01]XX", "+44207946[01]XX"),
        ("GB", "0044207946010.", "+44207946010."),
        ("GB", ".", ""),
        ("GB", "4*4", ""),
    ],
)
def test_a_number_is_written_in_e164_where_it_has_that_form(region: str, number: str, written: str) -> None:
    assert e164(number, region) == written


def test_each_block_is_looked_up_once_and_a_number_with_a_plus_never(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = phonenumbers.parse

    def counting(number: str, region: str | None = None) -> phonenumbers.PhoneNumber:
        parsed.append(number)
        return parse(number, region)

    monkeypatch.setattr(phonenumbers, "parse", counting)
    for last in range(10_000):
        assert e164(f"0207948{last:04}", "GB") == f"+44207948{last:04}" == e164(f"+44207948{last:04}", "GB")
    assert parsed == ["02079480000"]


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        (["+442079460100", "+442079460101", "+33123456789", "02079460100"], "GB, guessed from 2 numbers"),
        (["00442079460100", "33123456789"], "GB, guessed from 1 number"),
        (["442079460100", "2125550100", "1001"], "GB, guessed from 1 number"),
        (["+12125550100"], "US, guessed from 1 number"),
        (
            ["+80012345678", "Sales", "44X"],
            "not known (no number says it): national numbers are compared only as they are",
        ),
    ],
)
def test_the_region_is_guessed_from_the_numbers_that_say_their_country(numbers: list[str], says: str) -> None:
    assert guess_region(numbers).says == says
