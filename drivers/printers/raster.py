"""A picture of one-bit dots: the only thing a label printer is ever sent."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

INK_BELOW = 170
"""Grey levels under this are ink: strokes of two dots survive at 203 dpi, dense hanzi stay open."""
_INK = [255 if grey < INK_BELOW else 0 for grey in range(256)]
_PAPER = [255 - bit for bit in range(256)]


@dataclass(frozen=True, slots=True)
class Raster:
    """Rows of dots from the top, most significant bit on the left, 1 is black."""

    width: int
    """Dots; always a multiple of 8."""
    height: int
    data: bytes
    """``height`` rows of ``width // 8`` bytes."""

    def __post_init__(self) -> None:
        if self.width % 8 or len(self.data) != self.row_bytes * self.height:
            raise ValueError(f"{self.width}x{self.height} dots do not fit {len(self.data)} bytes")

    @property
    def row_bytes(self) -> int:
        """Bytes in one row."""
        return self.width // 8

    def rows(self) -> list[bytes]:
        """The rows from the top."""
        step = self.row_bytes
        return [self.data[at : at + step] for at in range(0, len(self.data), step)]

    def inverted(self) -> bytes:
        """The same dots with 0 as black, as TSPL and EPL want them."""
        return self.data.translate(bytes(_PAPER))

    def image(self) -> "Image":
        """The dots as a Pillow picture (mode ``1``), black on white."""
        from PIL import Image

        return Image.frombytes("1", (self.width, self.height), self.inverted())

    def png(self) -> bytes:
        """The dots as a PNG file, for previews and for evidence."""
        out = io.BytesIO()
        self.image().save(out, "PNG")
        return out.getvalue()


def from_grey(image: "Image") -> Raster:
    """The dots of a grey drawing whose width is a multiple of 8."""
    return Raster(image.width, image.height, image.point(_INK, "1").tobytes())
