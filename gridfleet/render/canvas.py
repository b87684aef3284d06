"""What is drawn on: Panda3D's software renderer, which needs neither a screen nor a graphics card.

It is the only file that knows Panda3D. Pictures are drawn twice as large and made smaller, which
smooths edges. The same scene gives the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gridfleet.render.camera import View
from gridfleet.render.mesh import VERTEX, Mesh
from layouts import GridfleetError

if TYPE_CHECKING:
    from PIL.Image import Image

SMOOTH = 2
"""Pixels drawn for each that is shown, each way."""
MOST_PIXELS = 4096
"""Longest side that the renderer draws."""
_SETTINGS = """
load-display p3tinydisplay
window-type offscreen
audio-library-name null
notify-level error
"""
_MISSING = (
    "pictures need Panda3D, which is not installed; install it with: "
    "pip install 'gridfleet[pictures]'"
)


class RenderError(GridfleetError, RuntimeError):
    """A picture that cannot be made; the text names the cure."""


def load() -> Any:
    """The module panda3d.core. Raises RenderError where it is missing."""
    try:
        from panda3d import core
    except ModuleNotFoundError:
        raise RenderError(_MISSING) from None
    except ImportError as error:
        raise RenderError(f"Panda3D cannot be loaded: {error}") from None
    return core


class Canvas:
    """width, height: of the picture in pixels. sky: its background.

    Raises RenderError where there is no renderer, or none for pictures of that size.
    """

    def __init__(self, width: int, height: int, sky: tuple[int, int, int]) -> None:
        self._core = core = load()
        self._size = width, height
        self._smooth = SMOOTH if SMOOTH * max(width, height) <= MOST_PIXELS else 1
        core.load_prc_file_data("", _SETTINGS)
        self._engine = core.GraphicsEngine()
        self._buffer = self._make_buffer(width * self._smooth, height * self._smooth)
        self._buffer.set_clear_color(tuple(part / 255 for part in (*sky, 255)))
        self._shot = core.Texture()
        self._buffer.add_render_texture(self._shot, core.GraphicsOutput.RTM_copy_ram)
        self.root = core.NodePath("floor")
        # In the order in which it was built: other orders depend on addresses in memory, and who
        # is drawn first wins where two are equally near.
        self.root.set_bin("fixed", 0)
        self._lens = core.PerspectiveLens()
        self._lens.set_aspect_ratio(width / height)
        self._camera = self.root.attach_new_node(core.Camera("camera", self._lens))
        self._buffer.make_display_region().set_camera(self._camera)

    def _make_buffer(self, width: int, height: int) -> Any:
        core = self._core
        selection = core.GraphicsPipeSelection.get_global_ptr()
        selection.load_aux_modules()
        pipe = selection.make_pipe("TinyOffscreenGraphicsPipe")
        if pipe is None:
            raise RenderError(
                "Panda3D's software renderer cannot be loaded; on Linux it needs the library "
                "libX11.so.6 (Debian: apt-get install libx11-6), though no screen"
            )
        kind = core.FrameBufferProperties()
        kind.set_rgba_bits(8, 8, 8, 0)
        kind.set_depth_bits(24)
        size = core.WindowProperties.size(width, height)
        flags = core.GraphicsPipe.BF_refuse_window
        buffer = self._engine.make_output(pipe, "picture", 0, kind, size, flags)
        if buffer is None:
            raise RenderError(
                f"no picture of {width} x {height} pixels can be drawn; try a smaller"
            )
        return buffer

    def texture(self, image: Image, *, is_smooth: bool = True) -> Any:
        """A texture of the picture; sides must be powers of two. A fourth channel is opacity."""
        core = self._core
        data = np.asarray(image)[::-1]
        n_parts = data.shape[2]
        parts = {3: core.Texture.F_rgb, 4: core.Texture.F_rgba}[n_parts]
        texture = core.Texture()
        texture.setup_2d_texture(image.width, image.height, core.Texture.T_unsigned_byte, parts)
        order = [2, 1, 0, 3][:n_parts]
        texture.set_ram_image(np.ascontiguousarray(data[..., order]).tobytes())
        texture.set_wrap_u(core.SamplerState.WM_clamp)
        texture.set_wrap_v(core.SamplerState.WM_clamp)
        if is_smooth:
            texture.set_minfilter(core.SamplerState.FT_linear_mipmap_nearest)
            texture.set_magfilter(core.SamplerState.FT_linear)
        return texture

    def model(self, mesh: Mesh, texture: Any = None) -> Any:
        """A node of the mesh that hangs nowhere yet."""
        core = self._core
        assert mesh.dtype == VERTEX
        data = core.GeomVertexData(
            "mesh", core.GeomVertexFormat.get_v3n3c4t2(), core.Geom.UH_static
        )
        data.unclean_set_num_rows(len(mesh))
        data.modify_array_handle(0).copy_data_from(mesh.tobytes())
        triangles = core.GeomTriangles(core.Geom.UH_static)
        triangles.set_index_type(core.Geom.NT_uint32)
        first = np.arange(0, len(mesh), 4, dtype=np.uint32)[:, None]
        corners = (first + np.array([0, 1, 2, 0, 2, 3], dtype=np.uint32)).tobytes()
        indices = triangles.modify_vertices()
        indices.unclean_set_num_rows(len(mesh) // 4 * 6)
        indices.modify_handle().copy_data_from(corners)
        geometry = core.Geom(data)
        geometry.add_primitive(triangles)
        node = core.GeomNode("mesh")
        node.add_geom(geometry)
        path = core.NodePath(node)
        if texture is not None:
            path.set_texture(texture)
        return path

    def see_through(self, node: Any) -> None:
        """Where its texture is not opaque, what is behind shows."""
        node.set_transparency(self._core.TransparencyAttrib.M_binary)

    def darken(self, node: Any, order: int) -> None:
        """The node is a shadow. Of shadows over one another only the one of the lowest order is
        seen, if it lies highest."""
        node.set_transparency(self._core.TransparencyAttrib.M_alpha)
        node.set_bin("fixed", order)

    def fade(self, node: Any, is_faded: bool) -> None:
        """Let what is behind the node shine through, or no more."""
        if is_faded:
            node.set_transparency(self._core.TransparencyAttrib.M_alpha, 1)
            node.set_alpha_scale(0.22)
            node.set_depth_write(False)
            node.set_bin("fixed", 60)
        else:
            node.clear_transparency()
            node.clear_color_scale()
            node.clear_depth_write()
            node.clear_bin()

    def shoot(self, view: View) -> Image:
        """The picture, as the view has it."""
        from PIL import Image

        self._lens.set_fov(*view.angles_deg)
        self._lens.set_near_far(view.near_m, view.far_m)
        self._camera.set_pos(*view.eye)
        self._camera.look_at(*view.target)
        self._engine.render_frame()
        width, height = (side * self._smooth for side in self._size)
        pixels = np.frombuffer(self._shot.get_ram_image(), dtype=np.uint8)
        picture = Image.frombuffer("RGB", (width, height), pixels, "raw", "BGRX", 0, -1)
        return picture.reduce(self._smooth) if self._smooth > 1 else picture

    def close(self) -> None:
        self._engine.remove_all_windows()
