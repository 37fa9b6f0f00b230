"""The user interface that the flow needs: somebody who is asked and told, or nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from batch.commands.connection import Operator

if TYPE_CHECKING:
    from batch.commands.plan import Planned
    from batch.runs.outcomes import Outcome


class Progress(Protocol):
    """Somebody who watches a run."""

    def settled(self, outcome: Outcome) -> None:
        """Hear of one trunk's ending."""


class UserInterface(Operator, Protocol):
    """The person in front: where there is none, `Unattended` stands in."""

    def confirm(self, planned: Planned) -> bool:
        """Ask whether to go on."""

    def watch(self, total: int) -> Progress:
        """Show the progress of so many trunks."""


class Unattended:
    """Nobody is there: goes on without asking, for scripts that call the Python API."""

    def prompt_secret(self, text: str) -> str:  # noqa: ARG002
        """Nobody can be asked."""
        return ""

    def tell(self, text: str) -> None:
        """Nobody listens."""

    def requested(self, entry: Mapping[str, Any]) -> None:
        """Nobody listens."""

    def confirm(self, planned: Planned) -> bool:  # noqa: ARG002
        """Whoever called `apply` has decided."""
        return True

    def watch(self, total: int) -> Progress:  # noqa: ARG002
        """Nobody watches."""
        return self

    def settled(self, outcome: Outcome) -> None:
        """Nobody watches."""
