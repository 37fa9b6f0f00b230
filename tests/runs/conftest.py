"""What the tests of a run share."""

from __future__ import annotations

import pytest

from tests.runs.fakes import FakePbx, trunk


@pytest.fixture
def pbx() -> FakePbx:
    made = FakePbx()
    made.add(*(trunk(number) for number in range(1, 4)))
    return made
