"""What stands on the paper: read back by a bar code reader and by looking at the dots."""

import re
from dataclasses import replace

import pytest
import zxingcpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Problem
from core.ports import LabelFacts, Receiver, SlipFacts, SlipLine
from drivers.printers import (
    Raster,
    command_sheet_pdf,
    draw_label,
    draw_sheet,
    draw_slip,
    fonts,
    slip_pdf,
)
from drivers.printers.canvas import Box, Canvas
from drivers.printers.words import CHINESE, ENGLISH

SIZES = ((100, 150), (76, 130), (100, 100))


def codes(raster: Raster) -> dict[str, str]:
    found = zxingcpp.read_barcodes(raster.image().convert("L"))
    return {code.text: code.format.name for code in found}


def ink(raster: Raster, box: Box) -> int:
    """Black dots inside a box."""
    crop = raster.image().crop((box.x, box.y, box.x + box.w, box.y + box.h))
    return crop.convert("L").histogram()[0]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("dots", "waybill"),
    [(8, "JDVA11408814483-1-1-"), (8, "462598779470531"), (12, "SF1234567890123")],
)
def test_codes_of_a_label_scan(
    label: LabelFacts, size: tuple[int, int], dots: int, waybill: str
) -> None:
    raster = draw_label(replace(label, waybill=waybill), dots, size)
    assert (raster.width, raster.height) == (size[0] * dots // 8 * 8, size[1] * dots)
    assert codes(raster) == {waybill: "Code128", label.number: "QRCode"}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dots", [8, 12])
def test_qr_of_a_slip_scans(slip: SlipFacts, size: tuple[int, int], dots: int) -> None:
    (page,) = draw_slip(slip, dots, size)
    assert codes(page) == {slip.qr: "QRCode"}


def test_bars_are_whole_dots_with_quiet_zones(label: LabelFacts) -> None:
    raster = draw_label(label)
    line = raster.image().convert("L").crop((24, 320, 776, 321)).tobytes()
    runs = [len(run) for run in re.findall(rb"\x00+|\xff+", line)]
    before, *bars, after = runs
    module = min(bars)
    assert module >= 2
    assert all(width % module == 0 and width <= 4 * module for width in bars)
    assert min(before, after) >= 10 * module


def test_a_reprint_says_so(label: LabelFacts) -> None:
    first, second = draw_label(label), draw_label(replace(label, copy=2))
    corner = Box(560, 20, 220, 60)
    assert ink(first, corner) == 0
    assert ink(second, corner) > corner.w * corner.h // 2


def test_chinese_is_drawn_and_a_missing_character_is_a_box() -> None:
    def picture(text: str) -> bytes:
        paper = Canvas((40, 10), 8)
        paper.text(paper.page, text, 6)
        return paper.raster().data

    box = picture("\U0001f64f")
    assert any(box)
    assert box == picture("\U0001f680")
    common = "的收货人寄圳喆堃玥臺灣、（）￥×·Ａ"
    drawn = [picture(mark) for mark in common]
    assert box not in drawn
    assert len(set(drawn)) == len(common)


def test_language_changes_the_words_only(label: LabelFacts, slip: SlipFacts) -> None:
    assert draw_label(label, lang="en") != draw_label(label)
    assert codes(draw_label(label, lang="en")) == codes(draw_label(label))
    assert draw_slip(slip, lang="en") != draw_slip(slip)
    assert CHINESE.keys() == ENGLISH.keys()


def test_a_number_that_cannot_be_coded_is_written(label: LabelFacts) -> None:
    for waybill in ("运单一二三", "", "A" * 80):
        raster = draw_label(replace(label, waybill=waybill))
        assert codes(raster) == {label.number: "QRCode"}


def test_goods_keep_their_count_when_cut() -> None:
    line = "SKU-1 · 很长很长很长很长很长的规格说明 ×12"
    cut = fonts.cut(line, 30, 400)
    assert cut.startswith("SKU-1")
    assert cut.endswith("… ×12")
    assert fonts.width(cut, 30) <= 400


def test_urgent_by_tier_or_by_time(slip: SlipFacts) -> None:
    mark = Box(330, 20, 170, 60)
    calm = draw_slip(slip)[0]
    soon = draw_slip(replace(slip, ship_by=slip.issued_at + 3_600_000))[0]
    later = draw_slip(replace(slip, ship_by=slip.issued_at + 9 * 3_600_000))[0]
    urgent = draw_slip(replace(slip, tier="urgent"))[0]
    assert ink(calm, mark) == ink(later, mark) == 0
    assert ink(soon, mark) > 500
    assert ink(urgent, mark) > 500


def test_no_note_is_said_in_words(slip: SlipFacts, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    draw = Canvas.text

    def listen(self: Canvas, box: Box, text: str, *args: float, **kwargs: bool) -> int:
        written.append(text)
        return draw(self, box, text, *args, **kwargs)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(Canvas, "text", listen)
    draw_slip(slip)
    assert "无" in written
    written.clear()
    draw_slip(replace(slip, buyer_note="要发票"), lang="en")
    assert "要发票" in written
    assert "none" not in written


@pytest.mark.parametrize("size", SIZES)
def test_every_line_of_a_long_slip_is_on_some_page(
    slip: SlipFacts, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = tuple(
        SlipLine(sku=f"SKU-{n:03d}", title="名", spec="白", quantity=n) for n in range(1, 41)
    )
    written: set[str] = set()
    draw = Canvas.text

    def listen(self: Canvas, box: Box, text: str, *args: float, **kwargs: bool) -> int:
        assert box.y + box.h <= self.page.h
        written.add(text)
        return draw(self, box, text, *args, **kwargs)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(Canvas, "text", listen)
    pages = draw_slip(replace(slip, lines=lines), 8, size)
    assert len(pages) > 3
    assert {line.sku for line in lines} <= written
    assert {f"×{line.quantity}" for line in lines} <= written


def test_a_payload_too_long_for_a_code_falls_back_to_the_number(slip: SlipFacts) -> None:
    (page,) = draw_slip(replace(slip, qr="字" * 3000))
    assert codes(page) == {slip.number: "QRCode"}


def test_office_pages_and_sheets_are_pdf(slip: SlipFacts, tmp_path) -> None:  # type: ignore[no-untyped-def]  # pytest's own
    slip_pdf(slip, tmp_path / "slip.pdf", "A5")
    items = [(f"PKDONE{n}", f"完成 {n}") for n in range(14)]
    command_sheet_pdf("指令码", items, tmp_path / "sheet.pdf")
    for name in ("slip.pdf", "sheet.pdf"):
        assert (tmp_path / name).read_bytes().startswith(b"%PDF")
    first, second = draw_sheet("指令码", items)
    assert codes(first).keys() == {code for code, _ in items[:12]}
    assert codes(second).keys() == {code for code, _ in items[12:]}
    with pytest.raises(Problem, match="code_not_drawable"):
        command_sheet_pdf("x", [("完成", "完成")], tmp_path / "never.pdf")
    assert not (tmp_path / "never.pdf").exists()
    with pytest.raises(Problem, match="pdf_not_written"):
        slip_pdf(slip, tmp_path / "no" / "slip.pdf")


ODD = st.text(st.characters(codec=None), max_size=80) | st.sampled_from(
    [
        "[/red]",
        "^XZ~HS",
        "\x1b[2J",
        "\ud800",
        "ก็็็็",
        "\u202e你",
        "a" * 5000,
        "字" * 5000,
        "\0",
        "👨‍👩‍👧‍👦",
    ]
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(odd=st.lists(ODD, min_size=6, max_size=6), many=st.integers(0, 60))
def test_no_text_breaks_the_drawing(
    label: LabelFacts, slip: SlipFacts, odd: list[str], many: int
) -> None:
    someone = Receiver(name=odd[0], phone=odd[1], address=odd[2])
    wild = replace(
        label,
        waybill=odd[3],
        carrier=odd[4],
        number=odd[5],
        routing_mark=odd[0],
        receiver=someone,
        goods=tuple(odd * (many // 6)),
        note=odd[1],
        weight_g=many * 1000,
    )
    assert draw_label(wild, 8, (76, 130)).width == 608
    line = SlipLine(sku=odd[0], title=odd[1], spec=odd[2], quantity=many, bin=odd[3])
    pages = draw_slip(
        replace(slip, tier=odd[4], buyer_note=odd[5], qr=odd[3], receiver=someone, lines=(line,)),
        8,
        (76, 130),
    )
    assert pages[0].height == 1040
