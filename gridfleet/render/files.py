"""Pictures and clips as files, written in one piece: PNG, animated WebP and GIF, MP4."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridfleet.render.canvas import RenderError
from gridfleet.typed_files import suggest
from layouts import GridfleetError

if TYPE_CHECKING:
    from PIL.Image import Image

STILL, CLIPS = ".png", (".webp", ".gif", ".mp4")
MOST_ANIMATED = 280_000_000
"""Pixels of an animated WebP or GIF, which is held in memory as a whole: some 300 pictures at 720p.
An MP4 is written as it comes."""
WEBP_QUALITY, MP4_QUALITY = 80, 7
"""Of 100, and of 10."""


def check_path(path: Path, *, is_clip: bool) -> None:
    """Raises RenderError for a file that cannot be written, before any work is done."""
    suffix, known = path.suffix.lower(), CLIPS if is_clip else (STILL,)
    if suffix not in known:
        if suffix in (STILL, *CLIPS):
            cure = "give --from and --to for a clip" if not is_clip else "give --at for a picture"
            raise RenderError(f"{path}: a {suffix} file is of the other kind; {cure}")
        raise RenderError(f"{path}: unknown kind of file {suffix!r}; {suggest(suffix, known)}")
    if path.is_dir():
        raise RenderError(f"{path} is a folder; name a file in it with --out")
    if not path.parent.is_dir():
        raise RenderError(f"{path}: there is no folder {path.parent}; create it first")
    if not os.access(path.parent, os.W_OK):
        raise RenderError(f"{path}: its folder cannot be written; choose another with --out")
    if suffix == ".mp4":
        _ffmpeg()


def check_clip(path: Path, width: int, height: int, n_frames: int) -> None:
    """Raises RenderError for clips that the kind of file cannot hold."""
    if path.suffix.lower() == ".mp4":
        if width % 2 or height % 2:
            raise RenderError(f"--size {width}x{height}: an MP4 needs even numbers of pixels")
    elif width * height * n_frames > MOST_ANIMATED:
        raise RenderError(
            f"{path}: {n_frames:,} pictures of {width}x{height} are too many for a {path.suffix}; "
            "write an .mp4, or give a smaller --size, fewer --fps or a higher --speed"
        )


def write_still(path: Path, picture: Image) -> None:
    """Raises RenderError."""
    with _in_one_piece(path) as temporary:
        picture.save(temporary, format="PNG", optimize=True)


def write_clip(path: Path, pictures: Iterator[Image], fps: float) -> None:
    """The pictures as a clip, as the suffix says. Raises RenderError; leaves no half file."""
    writers = {".webp": _write_webp, ".gif": _write_gif, ".mp4": _write_mp4}
    with _in_one_piece(path) as temporary:
        writers[path.suffix.lower()](temporary, pictures, fps)


@contextmanager
def _in_one_piece(path: Path) -> Iterator[Path]:
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    except GridfleetError:  # of who takes the pictures
        raise
    except OSError as error:
        what = error.strerror or str(error)
        raise RenderError(f"{path}: cannot be written: {what}") from None
    finally:
        temporary.unlink(missing_ok=True)


def _write_webp(path: Path, pictures: Iterator[Image], fps: float) -> None:
    first = next(pictures)
    with path.open("wb") as file:
        first.save(
            file, format="WEBP", save_all=True, append_images=pictures,
            duration=round(1000 / fps), loop=0, quality=WEBP_QUALITY, method=2,
        )  # fmt: skip


def _write_gif(path: Path, pictures: Iterator[Image], fps: float) -> None:
    """All pictures in the colours of the first: nothing flickers, and the file stays small."""
    from PIL import Image

    first = next(pictures).quantize(256, dither=Image.Dither.NONE)
    rest = (picture.quantize(palette=first, dither=Image.Dither.NONE) for picture in pictures)
    with path.open("wb") as file:
        first.save(
            file, format="GIF", save_all=True, append_images=rest, duration=round(1000 / fps),
            loop=0,
        )  # fmt: skip


def _write_mp4(path: Path, pictures: Iterator[Image], fps: float) -> None:
    first = next(pictures)
    writer = _ffmpeg().write_frames(
        str(path), first.size, fps=fps, codec="libx264", quality=MP4_QUALITY, macro_block_size=2,
        ffmpeg_log_level="error", output_params=["-preset", "veryfast", "-movflags", "+faststart"],
    )  # fmt: skip
    writer.send(None)
    try:
        writer.send(first.tobytes())
        for picture in pictures:
            writer.send(picture.tobytes())
    finally:
        writer.close()


def _ffmpeg() -> Any:
    try:
        import imageio_ffmpeg
    except ModuleNotFoundError:
        raise RenderError(
            "an MP4 needs imageio-ffmpeg, which is not installed; install it with: pip install "
            "'gridfleet[video]', or write a .webp or .gif"
        ) from None
    return imageio_ffmpeg
