"""What is written below every picture: the floor, what the colours mean, and the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gridfleet.clock import as_clock
from gridfleet.render.colours import DARK, LOOKS
from gridfleet.render.mesh import rgb

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

SHARE = 0.067
"""Of the height of the picture."""
LEAST_PX, LEAST_FONT_PX = 18, 7.0
SWATCH = 2.8
"""Room for a colour and the gap behind its word, in sizes of the font."""
INK, PALE = (246, 247, 249), (176, 184, 194)


def height_px(height: int) -> int:
    """Of the strip of a picture of that height; always even."""
    return max(round(height * SHARE), LEAST_PX) // 2 * 2


class Strip:
    """title: what is told of the run. One strip for all pictures of a clip but for the time.

    In a picture too small for all of it the legend is left out, then the title."""

    def __init__(self, width: int, height: int, title: str) -> None:
        from PIL import Image, ImageDraw

        self._image = Image.new("RGB", (width, height), DARK)
        draw = ImageDraw.Draw(self._image)
        edge, middle = height * 0.45, height / 2
        self._clock_font = _font(height * 0.56)
        self._clock_at = width - edge, middle
        room = width - 4 * edge - self._clock_font.getlength("00:00:00")
        size_px = height * 0.36
        while size_px > LEAST_FONT_PX and _length(title, size_px) + _legend(size_px) > room:
            size_px -= 0.5
        size_px, taken = max(size_px, LEAST_FONT_PX), _length(title, size_px)
        if taken <= room:
            draw.text((edge, middle), title, fill=INK, font=_font(size_px), anchor="lm")
        if taken + _legend(size_px) <= room:
            spare = room - taken - _legend(size_px)
            _draw_legend(draw, 2 * edge + taken + spare / 2, middle, size_px)

    def under(self, picture: Image, time_s: float) -> Image:
        """The picture with the strip below it."""
        from PIL import Image, ImageDraw

        strip = self._image.copy()
        draw = ImageDraw.Draw(strip)
        draw.text(self._clock_at, as_clock(time_s), fill=INK, font=self._clock_font, anchor="rm")
        whole = Image.new("RGB", (picture.width, picture.height + strip.height))
        whole.paste(picture, (0, 0))
        whole.paste(strip, (0, picture.height))
        return whole


def _font(size_px: float) -> FreeTypeFont:
    from PIL import ImageFont

    return ImageFont.load_default(size_px)  # type: ignore[return-value]


def _length(text: str, size_px: float) -> float:
    return _font(size_px).getlength(text)


def _legend(size_px: float) -> float:
    """Its length in pixels."""
    return sum(_length(word, size_px) + SWATCH * size_px for word in LOOKS)


def _draw_legend(draw: ImageDraw, x: float, middle: float, size_px: float) -> None:
    half = size_px * 0.48
    for word, (colour, _) in LOOKS.items():
        swatch = (x, middle - half, x + 2 * half, middle + half)
        draw.rounded_rectangle(swatch, half * 0.4, fill=rgb(colour))
        at = x + size_px * 1.4, middle
        draw.text(at, word, fill=PALE, font=_font(size_px), anchor="lm")
        x += _length(word, size_px) + SWATCH * size_px
