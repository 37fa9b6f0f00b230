"""The person in front of a fleet: what they are shown, told and asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from batch.commands.check import Checked
from batch.fleet.pbxs import Pbx
from batch.schema.problems import Problem
from batch.wording import counted


class FleetInterface(Protocol):
    """The person in front of a fleet."""

    def tell(self, text: str) -> None:
        """Say something by the way."""

    def approve(self, planned: FleetPlanned) -> bool:
        """Show the plan and ask whether to go on."""

    def ask(self, question: str) -> bool:
        """Ask whether to go on with the next wave."""

    def begins(self, pbxs: Sequence[str], what: str) -> None:
        """Hear which PBXs come next, and what is done with them."""

    def hears(self, pbx: str, progress: Mapping[str, int] | None) -> None:
        """Hear how far a PBX is; None once it has ended."""


class Nobody:
    """Nobody is there, as where a script calls: what it calls is approved."""

    def tell(self, text: str) -> None:
        """Nobody listens."""

    def approve(self, planned: FleetPlanned) -> bool:  # noqa: ARG002
        """It is."""
        return True

    def ask(self, question: str) -> bool:  # noqa: ARG002
        """It is."""
        return True

    def begins(self, pbxs: Sequence[str], what: str) -> None:
        """Nobody listens."""

    def hears(self, pbx: str, progress: Mapping[str, int] | None) -> None:
        """Nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPlanned:
    """The plans of all PBXs, as one."""

    checked: Checked
    pbxs: Mapping[str, Pbx]
    digest: str
    stopping: Sequence[Problem] = ()
    """What is wrong and belongs to no PBX: nothing is sent for that."""
    command: str = "apply"

    @property
    def address(self) -> str:
        """Which PBXs it is about, as people know them."""
        return f"{counted(len(self.pbxs), 'PBX')}: {', '.join(self.pbxs)}"

    @property
    def plannable(self) -> list[Pbx]:
        """Those that can be done."""
        return [pbx for pbx in self.pbxs.values() if pbx.digest]

    @property
    def to_write(self) -> int:
        """How many trunks would be written."""
        return sum(pbx.updates for pbx in self.plannable)

    @property
    def left(self) -> list[Pbx]:
        """Those that were chosen and cannot be done."""
        return [pbx for pbx in self.pbxs.values() if pbx.chosen and not pbx.digest]

    @property
    def exit_code(self) -> int:
        """0 if all may be done, 5 if some, else 3, 4 or 6, as of the PBXs; hazards of one keep all back."""
        codes = [3 if pbx.exit_code is None else pbx.exit_code for pbx in self.left]
        expected = self.checked.settings.expect.strip().casefold() in {"", self.digest}
        if self.stopping:
            return 3
        if 4 in codes or not expected:
            return 4
        if self.plannable:
            return 5 if codes else 0
        return next((code for code in (3, 2, 6) if code in codes), 5) if codes else 0
