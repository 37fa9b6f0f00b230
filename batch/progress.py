"""Progress: done, failed, rate and time left, on stderr."""

from __future__ import annotations

from tqdm import tqdm

from batch.runs.outcomes import AS_WANTED, Outcome


class Bar:
    """A bar that counts trunks."""

    def __init__(self, total: int, *, hidden: bool) -> None:
        """Show a bar for so many trunks, unless hidden."""
        self._bar = tqdm(total=total, unit="trunk", disable=hidden or not total, dynamic_ncols=True, leave=True)
        self._left = total
        self._failed = 0

    def settled(self, outcome: Outcome) -> None:
        """Count one."""
        if outcome.ending not in AS_WANTED:
            self._failed += 1
            self._bar.set_postfix(failed=self._failed, refresh=False)
        self._bar.update()
        self._left -= 1
        if not self._left:
            self._bar.close()
