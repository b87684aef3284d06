"""What is written below every picture: the floor, what the colours mean, and the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gridfleet.clock import as_clock
from gridfleet.render.colours import DARK, LOOKS
from gridfleet.render.mesh import rgb

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

SHARE = 0.067
"""Of the height of the picture."""
LEAST_PX = 18
INK, PALE = (246, 247, 249), (176, 184, 194)


def height_px(height: int) -> int:
    """Of the strip of a picture of that height; always even."""
    return max(round(height * SHARE), LEAST_PX) // 2 * 2


class Strip:
    """title: what is told of the run. One strip for all pictures of a clip but for the time."""

    def __init__(self, width: int, height: int, title: str) -> None:
        from PIL import Image, ImageDraw, ImageFont

        self._image = Image.new("RGB", (width, height), DARK)
        draw = ImageDraw.Draw(self._image)
        middle, edge = height / 2, height * 0.45
        self._clock_font: FreeTypeFont = ImageFont.load_default(height * 0.56)  # type: ignore[assignment]
        self._clock_at = width - edge, middle
        right = width - 2 * edge - self._clock_font.getlength("00:00:00")
        size_px = height * 0.36
        while size_px >= 7:
            font: FreeTypeFont = ImageFont.load_default(size_px)  # type: ignore[assignment]
            left = edge + font.getlength(title) + edge
            widths = [size_px * 1.5 + font.getlength(word) + size_px * 1.3 for word in LOOKS]
            if left + sum(widths) <= right:
                break
            size_px -= 0.5
        draw.text((edge, middle), title, fill=INK, font=font, anchor="lm")
        if left + sum(widths) > right:
            return
        x = left + (right - left - sum(widths)) / 2
        for (word, (colour, _)), wide in zip(LOOKS.items(), widths, strict=True):
            half = size_px * 0.48
            draw.rounded_rectangle(
                (x, middle - half, x + 2 * half, middle + half), half * 0.4, fill=rgb(colour)
            )
            draw.text((x + size_px * 1.4, middle), word, fill=PALE, font=font, anchor="lm")
            x += wide

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
