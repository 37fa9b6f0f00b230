"""Charts of the printable page: bars with their labels and numbers, drawn as SVG that stands in the HTML itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from batch.sheets.styles import DARK, PLAIN_BAR
from batch.visible import visible

FONT: Final = "Segoe UI, Helvetica Neue, Arial, Liberation Sans, sans-serif"
_WIDTH: Final = 360
_LABELS: Final = 112
"""Where the bars begin."""
_AMOUNTS: Final = 64
"""Room behind the longest bar for its number."""
_STEP: Final = 20
_THICK: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar."""

    label: str
    amount: int
    colour: str = PLAIN_BAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars of one kind, from the top down."""

    title: str
    bars: Sequence[Bar]


def drawn(chart: Chart) -> str:
    """Return the chart as SVG. Every bar has a border, so that it is seen in print without colour too."""
    most = max((bar.amount for bar in chart.bars), default=0)
    lines = [_drawn_bar(bar, place, most) for place, bar in enumerate(chart.bars)]
    told = ", ".join(f"{bar.label} {bar.amount:,}" for bar in chart.bars)
    height = len(chart.bars) * _STEP + 4
    shape = f'viewBox="0 0 {_WIDTH} {height}" font-family="{FONT}" font-size="11"'
    return (
        f'<svg {shape} role="img" aria-label="{escape(visible(f"{chart.title}: {told}"))}">{"".join(lines)}'
        f'<line x1="{_LABELS}" y1="0" x2="{_LABELS}" y2="{height}" stroke="{DARK}"/></svg>'
    )


def _drawn_bar(bar: Bar, place: int, most: int) -> str:
    top = place * _STEP + 4
    middle = top + _THICK / 2 + 4
    longest = _WIDTH - _LABELS - _AMOUNTS
    width = max(1.0, longest * bar.amount / most) if bar.amount else 0.0
    box = (
        f'<rect x="{_LABELS}" y="{top}" width="{width:.1f}" height="{_THICK}" fill="{bar.colour}" stroke="{DARK}"/>'
        if width
        else ""
    )
    return (
        f'<text x="{_LABELS - 6}" y="{middle:g}" text-anchor="end">{escape(visible(bar.label))}</text>{box}'
        f'<text x="{_LABELS + width + 5:.1f}" y="{middle:g}">{bar.amount:,}</text>'
    )
