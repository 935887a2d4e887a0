"""The bench on screen: scans go in whole and in order, answers come out large."""

from dataclasses import replace

import pytest

from core.errors import Problem
from core.floor.values import Tone
from tests.tui.desk import at_desk
from tests.tui.house import (
    ASKING,
    IDLE,
    NOBODY,
    PACKING,
    PICKING,
    WEIGHING,
    FakeHouse,
    answer,
    said,
)
from tui import glyphs
from tui.sources import LiveWeight
from tui.tones import LOOKS
from tui.words import say


async def test_a_typed_code_is_one_scan():
    async with at_desk() as desk:
        await desk.scan("6901234567892")
        assert desk.house.bench.scans == ["6901234567892"]


async def test_a_thousand_codes_back_to_back_arrive_whole_and_in_order():
    codes = [f"69{n:011d}" for n in range(1000)]
    async with at_desk() as desk:
        for code in codes:
            desk.type(code)
            desk.key("enter")
        await desk.until(lambda: len(desk.house.bench.scans) >= len(codes))
        assert desk.house.bench.scans == codes


@pytest.mark.parametrize("ends", [("enter",), ("ctrl+j",), ("enter", "ctrl+j"), ("tab",)])
async def test_every_suffix_ends_a_code_once(ends):
    async with at_desk() as desk:
        for _ in range(3):
            desk.type("DB20260120018")
            await desk.press(*ends)
        assert desk.house.bench.scans == ["DB20260120018"] * 3
        assert desk.house.bench.keys == []


async def test_letters_and_marks_in_a_code_press_nothing():
    async with at_desk() as desk:
        await desk.scan("q/?SKU-1x")
        assert desk.house.bench.scans == ["q/?SKU-1x"]
        assert desk.app.pane.name_of == "bench"


async def test_a_pasted_code_is_a_scan():
    from textual import events

    async with at_desk() as desk:
        desk.app.post_message(events.Paste("6901234567892\n6901234567893\n"))
        await desk.until(lambda: len(desk.house.bench.scans) == 2)
        assert desk.house.bench.scans == ["6901234567892", "6901234567893"]


async def test_a_scan_over_an_open_help_page_is_still_a_scan():
    async with at_desk() as desk:
        await desk.press("f1")
        await desk.sees("帮助：工位")
        await desk.scan("6901234567892")
        assert desk.house.bench.scans == ["6901234567892"]
        await desk.misses("帮助：工位")


async def test_a_scan_into_the_open_menu_is_still_a_scan():
    async with at_desk() as desk:
        await desk.press("f10")
        await desk.sees("要做什么")
        await desk.scan("6901234567892")
        assert desk.house.bench.scans == ["6901234567892"]


@pytest.mark.parametrize("tone", list(Tone))
async def test_each_tone_has_its_own_word_on_screen(tone):
    house = FakeHouse()
    house.bench.answers["69"] = answer(tone)
    async with at_desk(house) as desk:
        await desk.scan("69")
        await desk.sees(f"{LOOKS[tone].sign} {say(f'tone.{tone.value}')}")


def test_tones_differ_in_sign_place_and_word():
    looks = list(LOOKS.values())
    assert len({look.sign for look in looks}) == len(looks) == len(Tone)
    assert len({look.place for look in looks}) == len(looks)
    refusing = [look for look in looks if look.shouts]
    assert len({look.bells for look in refusing}) == len(refusing) == 4


async def test_the_last_bad_scan_stays_until_the_core_drops_it():
    house = FakeHouse()
    bad = answer(Tone.WRONG, code="6900000000009")
    house.bench.answers["69"] = bad
    house.bench.answers["good"] = replace(bad, outcome=PACKING.outcome)
    house.bench.answers["next"] = PACKING
    async with at_desk(house) as desk:
        await desk.scan("69")
        await desk.sees("上次被拒", "6900000000009")
        await desk.scan("good")
        await desk.sees("✔ 对了", "上次被拒")
        await desk.scan("next")
        await desk.misses("上次被拒")


async def test_digits_and_enter_answer_a_question():
    async with at_desk(FakeHouse(ASKING)) as desk:
        await desk.sees("1   待问客服", "3   其他")
        await desk.scan("2")
        assert desk.house.bench.keys == ["PKCH002"]
        assert desk.house.bench.scans == []


async def test_a_digit_that_answers_nothing_is_not_passed_on():
    async with at_desk(FakeHouse(ASKING)) as desk:
        await desk.scan("9")
        assert desk.house.bench.keys == desk.house.bench.scans == []


async def test_enter_answers_a_question_with_one_answer():
    only = replace(ASKING, choices=ASKING.choices[:1])
    async with at_desk(FakeHouse(only)) as desk:
        await desk.press("enter")
        assert desk.house.bench.keys == ["PKCH001"]


async def test_function_keys_are_commands():
    async with at_desk() as desk:
        await desk.press("f6", "f7", "f8", "f9")
        assert desk.house.bench.keys == ["PKUNDO1", "PKHOLD1", "PKSHRT1", "PKPRNT1"]


async def test_a_key_that_cannot_be_had_says_why():
    async with at_desk(FakeHouse(IDLE)) as desk:
        await desk.press("f7")
        await desk.sees(say("refusal.no_order"))
        assert desk.house.bench.keys == []


async def test_before_login_only_the_badge_is_asked_for():
    async with at_desk(FakeHouse(NOBODY)) as desk:
        await desk.sees("请扫工牌")
        await desk.press("f6")
        await desk.sees(say("refusal.no_operator"))


async def test_a_problem_is_shown_in_words_and_a_defect_with_a_number():
    house = FakeHouse()
    house.bench.answers["a1"] = Problem("refusal.no_operator")
    house.bench.answers["b1"] = RuntimeError("secret detail")
    async with at_desk(house) as desk:
        await desk.scan("a1")
        await desk.sees("请先扫工牌")
        await desk.scan("b1")
        await desk.sees("请报编号")
        assert desk.app.troubles == 0
        assert "secret detail" not in desk.text()


async def test_a_poll_that_fails_is_told_once_and_the_bench_goes_on(caplog):
    async with at_desk() as desk:

        def broken() -> bool:
            raise OSError("disk gone")

        desk.house.changed = broken  # type: ignore[method-assign]
        await desk.sees("请报编号")
        await desk.until(lambda: desk.app.troubles >= 2)
        assert len([r for r in caplog.records if r.name == "tui.trouble"]) == 1
        await desk.scan("6901234567892")
        assert desk.house.bench.scans == ["6901234567892"]
        desk.app.troubles = 0


async def test_typing_by_hand_is_echoed_and_can_be_corrected():
    async with at_desk() as desk:
        await desk.press("D", "B", "9")
        await desk.sees("已输入： DB9")
        await desk.press("backspace")
        await desk.sees("已输入： DB ")
        await desk.press("7", "enter")
        assert desk.house.bench.scans == ["DB7"]
        await desk.misses("已输入")


async def test_the_count_is_shown_only_when_it_is_more_than_one():
    drawn = glyphs.big("×3", 2)[0].strip()
    async with at_desk() as desk:
        await desk.sees(drawn)
    one = replace(PACKING, current=2)
    async with at_desk(FakeHouse(one)) as desk:
        await desk.sees(glyphs.big("SOCK-7", 2)[0].strip())
        assert glyphs.big("×1", 2)[1] not in desk.text()


async def test_picking_shows_the_bin_larger_than_everything():
    async with at_desk(FakeHouse(PICKING)) as desk:
        for line in glyphs.big("A-03-12", 2):
            await desk.sees(line)


async def test_the_live_weight_moves_while_weighing():
    async with at_desk(FakeHouse(WEIGHING)) as desk:
        desk.app.show_weight(LiveWeight(1235, stable=True))
        await desk.sees(glyphs.big("1235", 2)[0].rstrip(), "应在 1,190 – 1,270 g", "稳定")
        desk.app.show_weight(LiveWeight(None, trouble=said("cable")))
        await desk.sees("cable")


async def test_a_view_from_a_device_thread_is_painted():
    async with at_desk() as desk:
        desk.house.painter.show_bench(answer(Tone.STOP))
        await desk.sees("■ 停")


async def test_a_stop_rings_until_it_is_answered_and_silence_is_visible():
    rung: list[Tone] = []
    async with at_desk() as desk:
        desk.app.sounder.play = rung.append  # type: ignore[method-assign]
        desk.app.show_bench(answer(Tone.STOP))
        await desk.until(lambda: rung == [Tone.STOP])
        desk.app.pane.tick()
        desk.app.pane.tick()
        assert rung == [Tone.STOP, Tone.STOP]
        desk.app.perform("go.mute")
        await desk.sees("静音")
        assert desk.house.taste.muted
