"""One look for all charts: colours that mean the same thing everywhere, type, margins, and saving.

The colours are Okabe and Ito's, which readers with a colour-vision deficiency tell apart.
"""

from __future__ import annotations

import io
import os
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

PROVINCE = "#0072B2"
MEDIAN = "#4D4D4D"
LEADER = "#D55E00"
OTHERS = "#C8CDD3"
TARGET = "#CC79A7"
LEVELS = {"levels": "#56B4E9", "decree42": "#009E73"}
INK, MUTED, RULE = "#1F2328", "#6A737D", "#D9DEE3"
WIDTH = 8.0
DPI, RASTER_DPI = 120, 150
FONT = "DejaVu Sans"
_MARGIN = 0.22
STYLE = {
    "font.family": FONT,
    "font.size": 9,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.axisbelow": True,
    "grid.color": "#ECEFF2",
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "svg.hashsalt": "vnegov",
    "svg.fonttype": "none",  # text stays text: it can be read aloud, searched and translated
    "figure.dpi": DPI,
}


@contextmanager
def house() -> Iterator[None]:
    """The house style for as long as the block runs; a glyph that the font lacks is an error."""
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph .* missing")
        yield


def figure(body: float, title: str, subtitle: str, source: str, width: float = WIDTH) -> tuple[Figure, tuple]:
    """A figure with its title, subtitle and source line, and the rectangle left for the axes.

    `body` is the height of the axes' area in inches; the words get the room they need above and below it.
    Returns the figure and (left, bottom, width, height) in figure fractions, to hand to `add_axes` or `grid`.
    """
    letters = int(width * 15)
    title_lines = textwrap.wrap(title, int(letters * 0.6))
    subtitle_lines = textwrap.wrap(subtitle, int(letters * 0.89))
    source_lines = textwrap.wrap(source, int(letters * 1.12))
    head = 0.16 + 0.235 * len(title_lines) + 0.175 * len(subtitle_lines) + 0.16
    foot = 0.16 + 0.135 * len(source_lines)
    height = head + body + foot
    made = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(made)
    left = _MARGIN / width
    y = height - 0.16
    for line in title_lines:
        made.text(left, y / height, line, size=13, weight="bold", va="top")
        y -= 0.235
    for line in subtitle_lines:
        made.text(left, (y - 0.03) / height, line, size=9.5, color=MUTED, va="top")
        y -= 0.175
    for i, line in enumerate(reversed(source_lines)):
        made.text(left, (0.10 + 0.135 * i) / height, line, size=7, color=MUTED, va="bottom")
    return made, (left, foot / height, 1 - 2 * left, body / height)


def panels(made: Figure, area: tuple, rows: int, columns: int, gap: tuple, pad: tuple) -> list[Axes]:
    """A grid of axes in `area`: `gap` (x, y) between them and `pad` (left, bottom, right, top), in inches."""
    width, height = made.get_size_inches()
    x0, y0 = area[0] * width + pad[0], area[1] * height + pad[1]
    w = (area[2] * width - pad[0] - pad[2] - gap[0] * (columns - 1)) / columns
    h = (area[3] * height - pad[1] - pad[3] - gap[1] * (rows - 1)) / rows
    return [
        made.add_axes(
            ((x0 + c * (w + gap[0])) / width, (y0 + (rows - 1 - r) * (h + gap[1])) / height, w / width, h / height)
        )
        for r in range(rows)
        for c in range(columns)
    ]


def spread(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Positions as near to those wanted as leaves `gap` between neighbours, within low..high; order is kept."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed: list[float] = []
    for i in order:
        placed.append(max(wanted[i], placed[-1] + gap if placed else low))
    overshoot = high
    for k in range(len(placed) - 1, -1, -1):
        placed[k] = min(placed[k], overshoot)
        overshoot = placed[k] - gap
    result = [0.0] * len(wanted)
    for k, i in enumerate(order):
        result[i] = placed[k]
    return result


def render(made: Figure, alt: str) -> dict[str, bytes]:
    """The figure as SVG and PNG bytes, the same from run to run: no dates, no random ids."""
    svg, png = io.BytesIO(), io.BytesIO()
    made.savefig(svg, format="svg", metadata={"Date": None, "Creator": "vnegov", "Description": alt})
    made.set_dpi(RASTER_DPI)
    canvas = FigureCanvasAgg(made)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    picture = picture.quantize(128, method=Image.Quantize.MAXCOVERAGE)
    note = PngInfo()
    note.add_itxt("Description", alt)
    picture.save(png, format="PNG", pnginfo=note)
    # readers without the font get one of the same widths
    drawn = svg.getvalue().replace(f"'{FONT}'".encode(), f"'{FONT}', Verdana, sans-serif".encode())
    return {"svg": drawn, "png": png.getvalue()}


def write(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it: readers see the old bytes or the new, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
