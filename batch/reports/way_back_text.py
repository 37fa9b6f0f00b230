"""Text about a way back: what goes back, and what does not and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from batch.commands.command_lines import command, where
from batch.runs.returns import left_behind
from batch.trunks.way_back import Restoration, Return
from batch.wording import BRIEF, Shown, counted, named, shortened

if TYPE_CHECKING:
    from batch.commands.undo import WayBackWritten


def way_back_text(returns: Sequence[Return], shown: Shown = BRIEF) -> Iterator[str]:
    """Count what becomes of each field and entry, and list what does not go back; nothing where nothing does."""
    if not returns:
        return
    count = Counter(line.fate for line in returns)
    yield f"Way back: {', '.join(f'{count[fate]:,} {fate}' for fate in Restoration if count[fate])}"
    told = [*_behind_text(left_behind(returns), shown)]
    yield from told[: shown.items]
    if left := len(told) - len(told[: shown.items]):
        yield f"  … and {left:,} more; the sheet Way back, -v or --json shows every one."


def _behind_text(behind: Sequence[Return], shown: Shown) -> Iterator[str]:
    """Tell what does not go back; what of a trunk does not for the same reason stands together."""
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for line in behind:
        if line.fate is Restoration.KEPT:
            sides = f"{_value(line.before)} before, {_value(line.wrote)} by the run, {_value(line.now)} now"
            yield f"  {line.trunk}, {line.field}: kept, since somebody changed it: {sides}"
        else:
            alike[line.trunk, line.why].append(line.field)
    for (trunk, why), fields in alike.items():
        yield f"  {trunk}, {named(fields, shown)}: cannot be restored. {why}".rstrip()


def _value(text: str) -> str:
    return shortened(text) or "(blank)"


def written_text(written: WayBackWritten, shown: Shown = BRIEF) -> Iterator[str]:
    """Tell of a way back that was written as a workbook."""
    yield f"Wrote {written.path}: what {counted(written.trunks, 'trunk')} held before the run {written.run.name}."
    if written.passwords:
        yield f"Old passwords are not in it: {named(written.passwords, shown)}. undo itself has them."
    yield f"Next: {command('plan', written.path, where(written.settings))}"
