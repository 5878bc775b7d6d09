"""One look for all charts: colours that mean the same thing everywhere, type, margins, and saving.

The colours are Okabe and Ito's, which readers with a colour-vision deficiency tell apart.
"""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure
from matplotlib.transforms import Affine2D, TransformedBbox
from PIL import Image
from PIL.PngImagePlugin import PngInfo

PROVINCE = "#0072B2"
MEDIAN = "#4D4D4D"
LEADER = "#D55E00"
OTHERS = "#C8CDD3"
TARGET = "#CC79A7"
INK, MUTED, RULE, GRID = "#1F2328", "#6A737D", "#D9DEE3", "#ECEFF2"
WIDTH, MARGIN = 8.0, 0.22  # inches
INNER = WIDTH - 2 * MARGIN
RASTER_DPI = 150
STYLE = mpl.rc_params_from_file(Path(__file__).with_name("house.mplstyle"), use_default_template=False)


@contextmanager
def house() -> Iterator[None]:
    """The house style for as long as the block runs; a glyph that the font lacks is an error."""
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph .* missing")
        yield


def figure(body: float, title: str, subtitle: str, source: str) -> tuple[Figure, tuple]:
    """A figure with its title, subtitle and source line, and the rectangle left for the axes.

    `body` is the height of the axes' area in inches; the words get the room they need above and below it.
    Returns the figure and (left, bottom, width, height) in figure fractions, to hand to `add_axes` or `panels`.
    """
    titles, subtitles, sources = textwrap.wrap(title, 72), textwrap.wrap(subtitle, 106), textwrap.wrap(source, 134)
    under = 0.16 + 0.235 * len(titles)
    head, foot = under + 0.175 * len(subtitles) + 0.16, 0.16 + 0.135 * len(sources)
    height, left = head + body + foot, MARGIN / WIDTH
    made = Figure(figsize=(WIDTH, height), facecolor="white")
    FigureCanvasAgg(made)
    made.text(left, 1 - 0.16 / height, "\n".join(titles), size=13, weight="bold", va="top")
    made.text(left, 1 - (under + 0.03) / height, "\n".join(subtitles), size=9.5, color=MUTED, va="top")
    made.text(left, 0.1 / height, "\n".join(sources), size=7, color=MUTED, va="bottom", linespacing=1.25)
    return made, (left, foot / height, 1 - 2 * left, body / height)


def panels(made: Figure, area: tuple, rows: int, columns: int, gap: tuple, pad: tuple) -> list[Axes]:
    """A grid of axes in `area`: `gap` (x, y) between them and `pad` (left, bottom, right, top), in inches."""
    width, height = made.get_size_inches()
    x0, y0 = area[0] * width + pad[0], area[1] * height + pad[1]
    w = (area[2] * width - pad[0] - pad[2] + gap[0]) / columns  # with the gap beside it
    h = (area[3] * height - pad[1] - pad[3] + gap[1]) / rows
    corners = [(x0 + column * w, y0 + row * h) for row in reversed(range(rows)) for column in range(columns)]
    size = ((w - gap[0]) / width, (h - gap[1]) / height)
    return [made.add_axes((x / width, y / height, *size)) for x, y in corners]


class _Both(RendererSVG):
    """Draws an SVG and, with each stroke, the same larger on a raster: the figure is laid out once for the two."""

    draw_path_collection = RendererBase.draw_path_collection  # which ends in one draw_path a path

    def __init__(self, width: float, height: float, file: io.StringIO, alt: str):
        metadata = {"Date": None, "Creator": "vnegov", "Description": alt}
        super().__init__(72 * width, 72 * height, file, metadata=metadata)
        self.raster = RendererAgg(RASTER_DPI * width, RASTER_DPI * height, RASTER_DPI)
        self.scale = Affine2D().scale(RASTER_DPI / 72)

    def draw_path(self, gc, path, transform, rgbFace=None):
        super().draw_path(gc, path, transform, rgbFace)
        self.raster.draw_path(self._larger(gc), path, transform + self.scale, rgbFace)

    def draw_markers(self, gc, marker, marker_transform, path, transform, rgbFace=None):
        super().draw_markers(gc, marker, marker_transform, path, transform, rgbFace)
        places = (marker_transform + self.scale, path, transform + self.scale)
        self.raster.draw_markers(self._larger(gc), marker, *places, rgbFace)

    def draw_text(self, gc, x, y, *words, **how):
        super().draw_text(gc, x, y, *words, **how)
        self.raster.draw_text(self._larger(gc), *self.scale.transform((x, y)), *words, **how)

    def _larger(self, gc):
        if clip := gc.get_clip_rectangle():
            given, gc = gc, self.new_gc()
            gc.copy_properties(given)
            gc.set_clip_rectangle(TransformedBbox(clip, self.scale))
        return gc


def render(made: Figure, alt: str) -> dict[str, bytes]:
    """The figure as SVG and PNG bytes, the same from run to run: no dates, no random ids."""
    svg, png, note = io.StringIO(), io.BytesIO(), PngInfo()
    made.set_dpi(72)  # the SVG's
    width, height = made.get_size_inches()
    both = _Both(width, height, svg, alt)
    made.draw(both)
    both.finalize()
    note.add_itxt("Description", alt)
    _indexed(np.asarray(both.raster.buffer_rgba())).save(png, format="PNG", pnginfo=note)
    # readers without the font get one of the same widths
    drawn = svg.getvalue().replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif")
    return {"svg": drawn.encode("utf-8"), "png": png.getvalue()}


def _indexed(pixels: np.ndarray) -> Image.Image:
    """Pixels (height, width, RGBA) in few colours, a third of the bytes: the 32 commonest, and that of each shade."""
    packed = pixels.view(np.uint32)[..., 0]
    inked = packed != 0xFFFFFFFF
    found = np.unique(packed[inked])
    place = np.searchsorted(found, packed[inked])
    colours = found.view(np.uint8).reshape(-1, 4)[:, :3]
    order = np.argsort(-np.bincount(place), kind="stable")
    _, first = np.unique(found[order] & 0xF0F0F0, return_index=True)
    kept = colours[order[np.union1d(first, range(min(32, len(order))))[:255]]]
    nearest = ((colours[:, None].astype(np.int32) - kept) ** 2).sum(axis=2).argmin(axis=1)
    indices = np.zeros(packed.shape, np.uint8)
    indices[inked] = 1 + nearest[place]
    picture = Image.fromarray(indices).convert("P")
    picture.putpalette(b"\xff\xff\xff" + kept.tobytes())
    return picture
