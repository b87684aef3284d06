"""Pictures of recorded runs: they show what was there, in every kind of file, the same twice."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from math import cos, radians, sin
from pathlib import Path

import numpy as np
import pytest
from made_runs import crossing, down, make_run, row
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner, Result

from gridfleet.cli import render as render_cli
from gridfleet.cli.main import app
from gridfleet.render import camera, frames, strip
from gridfleet.render.canvas import RenderError
from gridfleet.render.colours import LOOKS
from gridfleet.render.mesh import box, flat, lit, plane, rgb
from gridfleet.render.studio import Shot, Studio

SMALL = Shot(width=480, height=320)
Pixels = NDArray[np.int64]


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return crossing(tmp_path_factory.mktemp("made") / "run")


def taken(folder: Path, shot: Shot, *times_s: float) -> list[Image.Image]:
    return list(frames.frames(folder, shot, list(times_s), 1))


def looks_like(picture: Image.Image, colour: str) -> NDArray[np.bool_]:
    """bool[height, width], pixels of that hue: in light and in shade its parts keep their ratio."""
    pixels = np.asarray(picture).astype(float)
    wanted = np.array(rgb(colour), dtype=float)
    along = pixels @ wanted / (np.linalg.norm(pixels, axis=2) + 1e-9) / np.linalg.norm(wanted)
    return (along > 0.995) & (pixels.max(axis=2) > 60)


def test_a_unit_is_seen_where_it_is(run: Path) -> None:
    """In its colour, where the camera's formula puts it, at every time."""
    studio = Studio(run, SMALL)
    height = SMALL.height - strip.height_px(SMALL.height)
    for time_s in (0.0, 3.5, 9.0):
        picture = studio.picture(time_s)
        view = studio.view(studio.poses.moment(time_s))
        places = np.array([(4.5 + 0.3 * time_s, 1.5, 0.32), (6.5, 3.5, 0.32)])
        spots = view.pixel_of(places, SMALL.width, height)
        for spot, word in zip(spots, ("drives empty", "stopped"), strict=True):
            rows, cols = np.nonzero(looks_like(picture, LOOKS[word][0])[:height])
            assert len(rows) > 20, (time_s, word)
            middle = np.median(cols), np.median(rows)
            np.testing.assert_allclose(middle, spot, atol=9, err_msg=f"{word} at {time_s}")
    studio.close()


def test_a_carried_pod_wears_the_colour_of_its_unit(tmp_path: Path) -> None:
    colour = LOOKS["drives loaded"][0]
    rows = [row(0.0, 0, 4.5, 1.5, 0.0, "loaded", pod=0, lift=1.0), down(0.0, 1, 2.5, 2.5)]
    picture = taken(make_run(tmp_path / "run", rows), SMALL, 0.0)[0]
    below = strip.height_px(SMALL.height)
    assert looks_like(picture, colour)[:-below].sum() > 60


def test_times_differ_and_the_same_time_does_not(run: Path) -> None:
    a, b, again = taken(run, SMALL, 2.0, 2.5, 2.0)
    assert a.tobytes() == again.tobytes()
    assert a.tobytes() != b.tobytes()
    assert taken(run, SMALL, 2.0)[0].tobytes() == a.tobytes()


def test_pods_make_shadows_and_no_shadow_is_darker_where_two_meet(tmp_path: Path) -> None:
    unit = row(0.0, 0, 6.5, 3.5)
    floors = {}
    for name, pods in (("none", []), ("one", [(4.5, 1.5)]), ("two", [(4.5, 1.5), (4.5, 2.5)])):
        rows = [*(down(0.0, i, x, y) for i, (x, y) in enumerate(pods)), unit]
        picture = taken(make_run(tmp_path / name, rows), SMALL, 0.0)[0]
        floors[name] = np.asarray(picture.convert("L")).astype(int)
    shaded = {name: floors["none"] - floors[name] for name in ("one", "two")}
    # Plain concrete in shadow: one step darker, wherever it is.
    is_plain = (floors["none"] > 215) & (floors["none"] < 235)
    depth = np.median(shaded["one"][is_plain & (shaded["one"] > 20)])
    common = is_plain & (np.abs(shaded["one"] - depth) < 6) & (shaded["two"] > 0)
    assert common.sum() > 100
    assert np.median(shaded["two"][common]) == pytest.approx(depth, abs=6)


def test_the_follow_camera_sees_its_unit(run: Path) -> None:
    shot = Shot("follow", 0, 320, 240)
    for picture in taken(run, shot, 1.0, 8.0):
        blue = looks_like(picture, LOOKS["drives empty"][0])[:200]
        cols = np.nonzero(blue)[1]
        assert len(cols) > 100
        assert abs(np.median(cols) - 160) < 12


def test_what_stands_in_the_way_of_the_follow_camera_is_faint(tmp_path: Path) -> None:
    shot = Shot("follow", 0, 320, 240)
    seen = []
    for name, pods in (("free", []), ("behind", [(3.0, 1.5)])):
        rows = [*(down(0.0, i, x, y) for i, (x, y) in enumerate(pods)), row(0.0, 0, 5.5, 1.5)]
        picture = np.asarray(taken(make_run(tmp_path / name, rows), shot, 0.0)[0]).astype(int)
        seen.append(picture[:200])
    is_unit = looks_like(Image.fromarray(seen[0].astype(np.uint8)), LOOKS["drives empty"][0])
    blues = [(picture[..., 2] - picture[..., 0])[is_unit].mean() for picture in seen]
    assert blues[1] > 0.4 * blues[0]


@pytest.mark.parametrize("seed", range(20))
def test_the_overview_frames_any_floor(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size_m = tuple(rng.uniform(3, 200, 2))
    width, height = (int(side) for side in rng.integers(64, 2000, 2))
    view = camera.overview(size_m, 2.0, 1.0, width, height)
    ends = [(-1.0, side + 1.0) for side in size_m]
    corners = np.array([(x, y, z) for x in ends[0] for y in ends[1] for z in (0.0, 2.0)])
    spots = view.pixel_of(corners, width, height)
    assert (spots >= 0).all(), f"seed {seed}"
    assert (spots <= (width, height)).all(), f"seed {seed}"
    # One pair of opposite sides is touched, but for the room that is left on purpose.
    shares = np.ptp(spots, axis=0) / (width, height)
    assert shares.max() > 0.93, f"seed {seed}"


def test_meshes_face_outwards() -> None:
    """A face that looked inwards would not be drawn."""
    mesh = box((1.0, 2.0, 3.0), (2.0, 4.0, 6.0), (255, 255, 255)).reshape(-1, 4)
    outwards = mesh["place"].mean(axis=1) - (1.5, 3.0, 4.5)
    assert ((outwards * mesh["normal"][:, 0]).sum(axis=1) > 0).all()
    lid = flat([(cos(a), sin(a)) for a in (0.0, 2.0, 4.0)], 1.0, (1, 2, 3))
    assert (lid["normal"][:, 2] == 1).all()
    tiles = plane((8.0, 4.0), (0.5, 0.25), 1.0)
    assert len(tiles) == 4 * 32
    assert tiles["spot"].min(axis=0).tolist() == [0.0, 0.75]
    assert tiles["spot"].max(axis=0).tolist() == [0.5, 1.0]


def test_light_falls_on_what_faces_it() -> None:
    mesh = lit(box((0, 0, 0), (1, 1, 1), (200, 200, 200)), (1.0, 0.0, -1.0), 0.5, 0.4)
    of = {tuple(normal): colour[0] for normal, colour in zip(
        mesh["normal"].round().astype(int).tolist(), mesh["colour"].tolist(), strict=True
    )}  # fmt: skip
    assert of[0, 0, 1] == of[-1, 0, 0] == round(200 * (0.5 + 0.4 * cos(radians(45))))
    assert of[1, 0, 0] == of[0, 1, 0] == 100


# ---------------------------------------------------------------------- the command


def test_a_picture_of_mid_run_by_default(run: Path, monkeypatch: pytest.MonkeyPatch,
                                         tmp_path: Path) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    result = call("render", run, "--size", "320x200")
    assert result.exit_code == 0, result.output
    assert result.stdout == "picture: run-00005.png (0:00:05)\n"
    with Image.open(tmp_path / "run-00005.png") as picture:
        assert (picture.size, picture.mode) == ((320, 200), "RGB")


@pytest.mark.parametrize("suffix", [".webp", ".gif"])
def test_clips(run: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"clip{suffix}"
    arguments = ("render", run, "--from", "0:00:01", "--to", 3, "--fps", 4, "--size", "160x120",
                 "--out", out, "--json")  # fmt: skip
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["frames"], told["from_s"], told["to_s"]) == (8, 1.0, 2.75)
    first = out.read_bytes()
    assert told["bytes"] == len(first)
    with Image.open(out) as clip:
        assert clip.size == (160, 120)
        lasts_ms = 0
        for number in range(clip.n_frames):  # pictures that are alike may be one
            clip.seek(number)
            clip.load()
            lasts_ms += clip.info["duration"]
        assert lasts_ms == 2000
        assert 4 <= clip.n_frames <= 8
    assert call(*arguments).exit_code == 0
    assert out.read_bytes() == first


def test_an_mp4(run: Path, tmp_path: Path) -> None:
    import imageio_ffmpeg

    out = tmp_path / "clip.mp4"
    result = call("render", run, "--from", 0, "--to", 8, "--speed", 4, "--fps", 5, "--size",
                  "160x120", "--out", out, "--unit", 0)  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "10 pictures" in result.stdout
    n_frames, lasts_s = imageio_ffmpeg.count_frames_and_secs(str(out))
    assert (n_frames, lasts_s) == (10, 2.0)


def test_processes_change_nothing(run: Path) -> None:
    shot, times = Shot(width=96, height=64), [0.2 * number for number in range(frames.WORTH_MORE)]
    alone = [picture.tobytes() for picture in frames.frames(run, shot, times, 1)]
    shared = [picture.tobytes() for picture in frames.frames(run, shot, times, 2)]
    assert alone == shared


def test_what_goes_wrong_in_a_process_is_told(tmp_path: Path) -> None:
    rows = [row(float(second), 1, 5.5, 1.5) for second in range(9)]
    gone = make_run(tmp_path / "run", [row(0.0, 0, 1.5, 1.5), *rows])
    shot = Shot("follow", 0, 96, 64)
    with pytest.raises(RenderError, match="unit 0 is not on the floor at that time"):
        list(frames.frames(gone, shot, [8.0] * frames.WORTH_MORE, 2))


BAD = {
    "no folder": (("render", "nowhere"), "nowhere does not exist; name the result folder"),
    "no run": (("render", "{tmp}"), "is no run; name the result folder"),
    "too late": (("--at", "0:01:00"), "0:01:00 is outside the run, whose poses are of 0:00:00 to"),
    "no time": (("--at", "5:00"), "--at is '5:00'; write seconds, or h:mm:ss like 0:05:30"),
    "backwards": (("--from", 5, "--to", 2), "--from 0:00:05 --to 0:00:02: give an end after"),
    "both": (("--at", 5, "--to", 2), "--at is for a picture, --from and --to are for a clip"),
    "suffix": (("--out", "a.jpg"), "a.jpg: unknown kind of file '.jpg'; did you mean '.png'?"),
    "clip as png": (("--from", 1, "--out", "a.png"), "give --at for a picture"),
    "picture as mp4": (("--at", 1, "--out", "a.mp4"), "give --from and --to for a clip"),
    "camera": (("--camera", "folow"), "unknown camera 'folow'; did you mean 'follow'?"),
    "unit": (("--unit", 9), "unit 9 is not in the run; its units are 0 to 1"),
    "unit above": (("--unit", 1, "--camera", "overview"), "--unit is for --camera follow"),
    "size": (("--size", "big"), "--size is 'big'; write 1280x720"),
    "small": (("--size", "20x20"), "a picture of 20x20 pixels; give 64 to 4096 each way"),
    "odd": (("--from", 1, "--size", "101x100", "--out", "a.mp4"), "an MP4 needs even numbers"),
    "large": (("--from", 1, "--fps", 900, "--out", "a.gif"), "too many for a .gif; write an .mp4"),
    "fps": (("--from", 1, "--fps", 0), "--fps is 0; give more than 0"),
    "fps of a picture": (("--fps", 5), "--fps is for clips; give --from or --to"),
    "no parent": (("--out", "no/such/a.png"), "there is no folder no/such; create it first"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_bad_input(run: Path, tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, said = BAD[what]
    given = [str(one).format(tmp=tmp_path) for one in arguments]
    result = call(*(given if given[0] == "render" else ["render", run, *given]))
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert result.stderr.startswith("error: ")
    assert not list(tmp_path.iterdir())


def test_a_run_without_poses_names_the_command(run: Path, tmp_path: Path) -> None:
    folder = crossing(tmp_path / "plain")
    (folder / "poses.parquet").unlink()
    result = call("render", folder)
    assert result.exit_code == 2
    assert (
        f"gridfleet simulate --scenario {folder} --poses 10 --out {folder}-poses" in result.stderr
    )


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("panda3d", "pictures need Panda3D, which is not installed; install it with: pip install"),
        ("imageio_ffmpeg", "an MP4 needs imageio-ffmpeg, which is not installed; install it with"),
    ],
)
def test_what_is_missing_is_named(
    run: Path, tmp_path: Path, module: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    result = call("render", run, "--from", 1, "--out", tmp_path / "a.mp4")
    assert result.exit_code == 2
    assert said in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("suffix", "fps"), [(".webp", 2), (".gif", 2), (".mp4", 5)])
def test_ctrl_c_leaves_nothing(
    run: Path, tmp_path: Path, suffix: str, fps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(pictures: Iterator[Image.Image], *_: object) -> Iterator[Image.Image]:
        yield next(pictures)
        raise KeyboardInterrupt

    monkeypatch.setattr(render_cli, "_told", interrupted)
    arguments = ("--size", "96x64", "--fps", fps, "--out", tmp_path / f"clip{suffix}")
    result = call("render", run, "--from", 1, *arguments)
    assert result.exit_code == 130
    assert result.stderr == "interrupted: nothing was written\n"
    assert not list(tmp_path.iterdir())
