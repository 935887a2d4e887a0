"""Our ZPL drawn by somebody else's interpreter, held against our dots and scanned again.

``npm install zpl-renderer-js`` in a folder and ``PACKLINE_ZPL_RENDERER`` naming it (and ``node`` in
the path); without it these tests are skipped. Seen on 2026-11-28 with zpl-renderer-js 3.4.0:
every label and slip comes out dot by dot, at both resolutions and in all three sizes.
"""

import base64
import io
import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from core.ports import LabelFacts, SlipFacts
from drivers.printers import Raster, draw_label, draw_slip, zpl

HOME = os.environ.get("PACKLINE_ZPL_RENDERER", "")
pytestmark = pytest.mark.skipif(
    not Path(HOME, "node_modules", "zpl-renderer-js").is_dir() or not shutil.which("node"),
    reason="PACKLINE_ZPL_RENDERER names no folder with zpl-renderer-js, or there is no node",
)
RENDER = """
const told = JSON.parse(require("fs").readFileSync(0, "utf8"));
require("zpl-renderer-js").ready.then(async ({ api }) => {
  const drawn = await api.zplToBase64MultipleAsync(told.zpl, told.width, told.height, told.dots);
  console.log(JSON.stringify(drawn));
});
"""
SIZES = ((100, 150), (76, 130), (100, 100))


def drawn(job: bytes, size: tuple[int, int], dots: int) -> list[Image.Image]:
    """What the other interpreter makes of a job."""
    told = {"zpl": job.decode("ascii"), "width": size[0], "height": size[1], "dots": dots}
    done = subprocess.run(
        ["node", "-e", RENDER],
        input=json.dumps(told),
        cwd=HOME,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    pictures = json.loads(done.stdout)
    return [Image.open(io.BytesIO(base64.b64decode(one))).convert("L") for one in pictures]


def same(picture: Image.Image, raster: Raster) -> bool:
    """Dot by dot."""
    dots = picture.point([0] * 128 + [255] * 128)
    return dots.size == (raster.width, raster.height) and (
        dots.tobytes() == raster.image().convert("L").tobytes()
    )


def codes(picture: Image.Image) -> dict[str, str]:
    return {code.text: code.format.name for code in zxingcpp.read_barcodes(picture)}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dots", [8, 12], ids=["203dpi", "300dpi"])
def test_a_label_is_drawn_dot_by_dot_and_scans(
    label: LabelFacts, size: tuple[int, int], dots: int
) -> None:
    facts = replace(label, waybill="SF1234567890123")
    raster = draw_label(facts, dots, size)
    (picture,) = drawn(zpl.job(raster, f"packline {facts.waybill}"), size, dots)
    assert same(picture, raster)
    assert codes(picture) == {"SF1234567890123": "Code128", label.number: "QRCode"}


def test_the_pages_of_a_slip_come_out_as_many_labels(slip: SlipFacts) -> None:
    size = (76, 130)
    long = replace(slip, lines=slip.lines * 12)
    pages = draw_slip(long, 8, size)
    pictures = drawn(b"".join(zpl.job(page) for page in pages), size, 8)
    assert len(pages) > 1
    assert all(same(*pair) for pair in zip(pictures, pages, strict=True))
    assert codes(pictures[0]) == {long.qr: "QRCode"}


def test_somebody_else_sees_a_dot_that_is_missing(label: LabelFacts) -> None:
    """The comparison can fail."""
    raster = draw_label(label, 8, (100, 100))
    spoilt = Raster(raster.width, raster.height, b"\x01" + raster.data[1:])
    (picture,) = drawn(zpl.job(spoilt), (100, 100), 8)
    assert not same(picture, raster) and same(picture, spoilt)
