"""A shift at the bench: each rule once, in the words of the floor."""

from dataclasses import replace

import pytest

from core.floor.changes import (
    Claimed,
    HandedOver,
    Held,
    Learned,
    LeftOpen,
    NoteConfirmed,
    OperatorIn,
    OperatorOut,
    Picked,
    Reprint,
    Shorted,
    SlipReprint,
    StepDone,
    SupervisorCalled,
    ToteUsed,
    Undone,
    Verified,
    Weighed,
)
from core.floor.intents import Weight
from core.floor.state import Asking
from core.floor.values import Step, Tone
from core.floor.work import Opening, ParcelRef
from core.messages import message
from tests.core.floor.bench_world import (
    BOSS,
    ITEM_BLUE,
    ITEM_CUP,
    ITEM_RED,
    NUMBER,
    SECOND,
    Shelf,
    Shift,
    cup_line,
    order,
    red_line,
)


def shelf_with(**more):
    return Shelf(orders={NUMBER: Opening(NUMBER, order(**more))})


# --- a whole parcel ----------------------------------------------


def test_one_order_from_slip_to_label_with_the_scanner_only():
    bench = Shift()
    assert bench.scan(NUMBER).tone is Tone.ACCEPTED
    assert bench.changes == (Claimed(7),)
    assert bench.scan(ITEM_RED).tone is Tone.ACCEPTED
    assert bench.changes == (Picked(1, 1),)
    bench.scan(ITEM_RED)
    assert bench.scan(ITEM_CUP).tone is Tone.COMPLETE
    assert bench.changes == (Picked(2, 1), StepDone(Step.PICK))
    bench.scans(ITEM_CUP, ITEM_RED)
    done = bench.scan(ITEM_RED)
    assert (done.tone, done.say.id, done.next.id) == (
        Tone.COMPLETE,
        "scan.pack_done",
        "next.weigh",
    )
    assert bench.changes == (Verified(1, 1), StepDone(Step.PACK))
    assert bench.weigh(755).tone is Tone.COMPLETE
    assert bench.changes == (Weighed(755, 750), StepDone(Step.WEIGH))
    assert bench.step is Step.LABEL
    assert bench.view.last_parcel.id == "fate.weighed"


def test_the_next_order_opens_at_once_after_the_weight():
    bench = Shift()
    bench.packed()
    bench.weigh(750)
    bench.shelf.orders[SECOND] = Opening(SECOND, order(order_id=8, number=SECOND))
    assert bench.scan(SECOND).tone is Tone.ACCEPTED
    assert bench.changes == (LeftOpen(7, "finished"), Claimed(8))
    assert bench.view.last_parcel.data["number"] == NUMBER


def test_goods_that_are_scanned_once_are_picked_by_the_same_scan():
    bench = Shift(shelf_with(pick_first=False))
    bench.scans(NUMBER, ITEM_RED, ITEM_RED)
    assert bench.changes == (Verified(1, 1, picked_too=1),)
    bench.scan(ITEM_CUP)
    assert bench.changes == (
        Verified(2, 1, picked_too=1),
        StepDone(Step.PICK),
        StepDone(Step.PACK),
    )


# --- every tone --------------------------------------------------


def test_a_wrong_item_is_refused_and_stays_visible_until_the_next_good_scan():
    bench = Shift()
    bench.scan(NUMBER)
    before = bench.counts()
    wrong = bench.scan(ITEM_BLUE)
    assert (wrong.tone, wrong.say.data["wanted"]) == (Tone.WRONG, "TS-RED-L")
    assert bench.changes == ()
    assert bench.counts() == before
    assert bench.view.last_bad == wrong
    bench.scan(ITEM_RED)
    assert bench.view.last_bad is None


def test_one_too_many_is_not_a_wrong_item():
    bench = Shift()
    over = bench.scans(NUMBER, ITEM_RED, ITEM_RED, ITEM_RED)
    assert (over.tone, over.say.data) == (Tone.TOO_MANY, {"sku": "TS-RED-L", "wanted": 2})
    assert bench.changes == ()


def test_six_wrong_things_have_six_different_answers():
    bench = Shift()
    bench.scan(NUMBER)
    codes = (ITEM_BLUE, "SF1234567890123", "@@", "C-03", "PKZZZ99", "STBENCH2")
    answers = [bench.scan(code) for code in codes]
    assert len({answer.say.id for answer in answers}) == 6
    assert bench.told[-1] == Claimed(7)


def test_a_product_on_the_empty_bench_says_what_is_wanted():
    bench = Shift()
    answer = bench.scan(ITEM_RED)
    assert (answer.tone, answer.say.id, answer.next.id) == (
        Tone.WRONG,
        "scan.no_single",
        "next.slip",
    )


def single(**more):
    """An order that is one cup, as the store answers for a cup on a free bench."""
    work = order(order_id=8, number=SECOND, lines=(cup_line(line_id=9),), **more)
    return {"CUP-1": Opening(SECOND, work)}


def test_an_item_on_a_free_bench_opens_and_checks_the_order_that_is_this_one_piece():
    bench = Shift(Shelf(singles=single()))
    answer = bench.scan(ITEM_CUP)
    assert (answer.tone, answer.say.id, answer.next.id) == (
        Tone.COMPLETE,
        "scan.single",
        "next.weigh",
    )
    assert bench.changes == (
        Claimed(8),
        Verified(9, 1, picked_too=1),
        StepDone(Step.PICK),
        StepDone(Step.PACK),
    )
    assert bench.weigh(350).tone is Tone.COMPLETE


def test_the_next_single_item_follows_the_one_whose_label_is_coming():
    bench = Shift(Shelf(orders={NUMBER: Opening(NUMBER, order(lines=(cup_line(),)))}))
    bench.scans(NUMBER, ITEM_CUP, ITEM_CUP)
    bench.weigh(350)
    bench.shelf.singles = single()
    assert bench.scan(ITEM_CUP).say.data["number"] == SECOND
    assert bench.changes[:2] == (LeftOpen(7, "finished"), Claimed(8))


def test_an_item_never_opens_an_order_while_another_is_in_hand():
    bench = Shift(Shelf(singles=single() | {"TS-RED-L": single()["CUP-1"]}))
    bench.scans(NUMBER, ITEM_RED, ITEM_RED)
    assert bench.scan(ITEM_RED).say.id == "scan.too_many"
    assert bench.state.work.number == NUMBER


def test_a_single_item_with_a_note_waits_for_it_and_can_be_undone():
    bench = Shift(Shelf(singles=single(note_open=True, buyer_note="轻放")))
    bench.scan(ITEM_CUP)
    assert bench.state.question.asking is Asking.NOTE
    bench.scan("PKNO001")
    assert bench.scan("PKUNDO1").tone is Tone.COMMAND
    assert bench.state.step is Step.PICK
    assert bench.state.work.number == SECOND


def test_while_parcels_are_handed_over_an_item_opens_nothing():
    bench = Shift(Shelf(singles=single()))
    bench.scan("PKHAND1")
    assert bench.scan(ITEM_CUP).say.id == "scan.is_product_not_waybill"


def test_what_is_picked_waits_in_a_tote_and_comes_out_on_another_bench():
    bench = Shift()
    bench.scans(NUMBER, ITEM_RED, ITEM_RED, ITEM_CUP)
    assert bench.scan("TT007").say.id == "scan.tote_ok"
    assert bench.changes == (ToteUsed("TT007"),)
    packing = Shift(Shelf(totes={"TT007": Opening(NUMBER, bench.state.work)}))
    assert packing.scan("TT007").say.data["number"] == NUMBER
    assert packing.step is Step.PACK
    assert packing.scan("TT007").say.id == "scan.tote_here"


def test_a_tote_that_cannot_be_used_says_why():
    bench = Shift(Shelf(totes={"TT002": Opening(SECOND, order(number=SECOND))}))
    assert bench.scan("TT001").say.id == "scan.tote_empty"
    bench.scan(NUMBER)
    assert bench.scan("TT002").say.data == {"tote": "TT002", "number": SECOND}
    bench.scans(*(ITEM_RED, ITEM_RED, ITEM_CUP) * 2)
    assert bench.scan("TT001").say.id == "scan.tote_not_now"
    assert not any(isinstance(change, ToteUsed) for change in bench.told)
    bench = Shift()
    bench.scan("PKHAND1")
    assert bench.scan("TT001").say.id == "scan.is_tote"


def test_a_code_nobody_knows():
    assert Shift().scan("@@").tone is Tone.UNKNOWN


def test_help_says_what_this_step_wants():
    bench = Shift()
    assert bench.scan("PKHELP1").say.id == "wanted.home"
    bench.scan(NUMBER)
    answer = bench.scan("PKHELP1")
    assert (answer.tone, answer.say.id) == (Tone.COMMAND, "wanted.pick")


# --- bins, quantity, by hand -------------------------------------


def test_a_bin_is_optional_by_default_and_checked_when_scanned():
    bench = Shift()
    bench.scan(NUMBER)
    assert bench.scan("A-01").tone is Tone.ACCEPTED
    assert bench.scan("C-03").say.id == "scan.wrong_bin"
    assert bench.scan(ITEM_RED).tone is Tone.ACCEPTED


def test_where_bins_are_required_the_bin_comes_first():
    bench = Shift(shelf_with(bin_required=True))
    assert bench.scan(NUMBER).next.id == "next.bin"
    assert bench.scan(ITEM_RED).say.id == "scan.bin_first"
    assert bench.scan("A-01").next.id == "next.pick"
    assert bench.scans(ITEM_RED, ITEM_RED).next.id == "next.bin"
    assert bench.scan(ITEM_CUP).say.id == "scan.bin_first"


def test_quantity_counts_for_one_scan_only_and_never_past_the_order():
    bench = Shift(shelf_with(lines=(red_line(wanted=12),)))
    bench.scans(NUMBER, "PKQTY10", ITEM_RED)
    assert bench.changes == (Picked(1, 10),)
    assert bench.scans("PKQTY03", ITEM_RED).tone is Tone.TOO_MANY
    assert bench.changes == ()
    bench.scan(ITEM_RED)
    assert bench.changes == (Picked(1, 1),)


def test_quantity_spreads_over_lines_of_the_same_product():
    lines = (red_line(wanted=1), red_line(line_id=3, wanted=2))
    bench = Shift(shelf_with(lines=lines))
    bench.scans(NUMBER, "PKQTY03", ITEM_RED)
    assert bench.changes == (Picked(1, 1), Picked(3, 2), StepDone(Step.PICK))
    bench.scan("PKUNDO1")
    assert bench.changes == (Undone(Picked(3, 2), Step.PICK), Undone(Picked(1, 1), Step.PICK))
    assert bench.counts() == [(1, 1, 0, 0, 0), (3, 2, 0, 0, 0)]
    bench.scan(ITEM_RED)
    assert bench.changes == (Picked(1, 1),)


def test_done_closes_what_needs_no_scan_and_nothing_else():
    bench = Shift(shelf_with(lines=(red_line(wanted=1), cup_line(by_hand=True))))
    bench.scan(NUMBER)
    assert bench.scan("PKDONE1").say.id == "scan.not_done"
    assert bench.scan(ITEM_RED).next.id == "next.by_hand"
    assert bench.scan("PKDONE1").tone is Tone.COMPLETE
    assert bench.changes == (Picked(2, 1, by_hand=True), StepDone(Step.PICK))


def test_an_unreadable_unit_needs_a_supervisor():
    bench = Shift()
    bench.scans(NUMBER, "PKFRCE1")
    bench.scan("BG0009")
    assert bench.changes == (Picked(1, 1, by_hand=True, forced_by=BOSS.id),)
    assert bench.state.operator.name == "李雷"


# --- ambiguity ---------------------------------------------------


def test_two_meanings_that_fit_are_asked():
    bench = Shift()
    asked = bench.scans(NUMBER, "X1")
    assert (asked.tone, asked.say.id) == (Tone.COMMAND, "ask.which")
    assert [choice.code for choice in bench.view.choices] == ["PKCH001", "PKCH002"]
    bench.scan("PKCH002")
    assert bench.changes == (Picked(2, 1),)


def test_of_two_meanings_the_one_that_fits_is_taken():
    bench = Shift(shelf_with(lines=(cup_line(),)))
    assert bench.scans(NUMBER, "X1").tone is Tone.COMPLETE


# --- commands ----------------------------------------------------


def test_a_bounced_command_is_carried_out_once():
    bench = Shift()
    bench.scans(NUMBER, ITEM_RED, ITEM_RED, "PKUNDO1")
    bench.now -= 900
    assert bench.scan("PKUNDO1") is None
    assert bench.counts()[0] == (1, 2, 1, 0, 0)
    bench.scan("PKUNDO1")
    assert bench.counts()[0] == (1, 2, 0, 0, 0)


def test_two_real_units_in_quick_succession_count_twice():
    bench = Shift()
    bench.scans(NUMBER, ITEM_RED)
    bench.now -= 999
    bench.scan(ITEM_RED)
    assert bench.counts()[0] == (1, 2, 2, 0, 0)


def test_a_command_acts_on_the_question_and_not_underneath():
    bench = Shift()
    bench.scans(NUMBER, ITEM_RED, "PKHOLD1")
    assert bench.scan("PKUNDO1").say.id == "scan.answer_first"
    assert bench.scan(ITEM_RED).say.id == "scan.answer_first"
    assert bench.counts()[0] == (1, 2, 1, 0, 0)
    bench.scan("PKNO001")
    assert bench.view.choices == ()


def test_hold_asks_why_and_the_order_leaves_with_its_progress():
    bench = Shift()
    bench.scans(NUMBER, ITEM_RED, "PKHOLD1", "PKCH003")
    assert bench.changes == (Held("question"), LeftOpen(7, "held"))
    assert bench.step is None


def test_leaving_loses_nothing():
    bench = Shift()
    bench.scans(NUMBER, ITEM_RED, "PKCANC1")
    assert bench.changes == (LeftOpen(7, "left"),)


def test_another_slip_while_one_is_open_says_which():
    bench = Shift()
    bench.shelf.orders[SECOND] = Opening(SECOND, order(order_id=8, number=SECOND))
    answer = bench.scans(NUMBER, SECOND)
    assert (answer.tone, answer.say.data) == (Tone.WRONG, {"number": SECOND, "open": NUMBER})
    assert bench.scan(NUMBER).say.id == "scan.already_open"


def test_next_takes_the_most_urgent_order():
    bench = Shift()
    assert bench.scan("PKNEXT1").say.data["number"] == NUMBER
    assert bench.scan("PKNEXT1").say.id == "scan.finish_first"
    bench.scan("PKCANC1")
    bench.shelf.upcoming = ""
    assert bench.scan("PKNEXT1").say.id == "scan.queue_empty"


def test_calls_slips_reprints():
    bench = Shift()
    bench.scans(NUMBER, "PKCALL1")
    assert bench.changes == (SupervisorCalled(),)
    bench.scan("PKSLIP1")
    assert bench.changes == (SlipReprint(),)
    assert bench.scan("PKPRNT1").say.id == "scan.no_label_yet"
    bench.state = replace(bench.state, work=replace(bench.state.work, waybill="SF1"))
    bench.scan("PKPRNT1")
    assert bench.changes == (Reprint(),)


def test_keys_do_what_commands_do():
    bench = Shift()
    bench.scans(NUMBER, ITEM_RED)
    bench.press("PKUNDO1")
    assert bench.changes == (Undone(Picked(1, 1)),)


# --- short and damaged -------------------------------------------


def test_a_short_order_is_held_unless_partial_parcels_are_allowed():
    bench = Shift()
    bench.scans(NUMBER, ITEM_RED, "PKSHRT1", "PKCH001")
    assert bench.changes == (Shorted(1, 1, "empty"), Held("short"), LeftOpen(7, "held"))


def test_a_partial_parcel_goes_on_with_what_is_there():
    bench = Shift(shelf_with(partial_ok=True))
    bench.scans(NUMBER, ITEM_RED, "PKSHRT1", "PKCH002")
    assert bench.changes == (Shorted(1, 1, "lost"),)
    assert bench.counts()[0] == (1, 1, 1, 0, 1)
    bench.scan("PKUNDO1")
    assert bench.counts()[0] == (1, 2, 1, 0, 0)


def test_damage_while_packing_takes_the_picked_unit_out():
    bench = Shift(shelf_with(partial_ok=True))
    bench.scans(NUMBER, ITEM_RED, ITEM_RED, ITEM_CUP, ITEM_RED, "PKDAMG1")
    assert bench.view.choices[0].code == "PKYES01"
    bench.scan("PKYES01")
    assert bench.changes == (Shorted(1, 1, "damaged", unpicked=1),)
    assert bench.counts()[0] == (1, 1, 1, 1, 1)


def test_an_order_short_of_everything_is_held_even_where_partial_is_allowed():
    bench = Shift(shelf_with(partial_ok=True, lines=(red_line(),)))
    bench.scans(NUMBER, "PKSHRT1", "PKCH001")
    assert Held("short") in bench.changes


# --- the error lock ----------------------------------------------


def test_the_error_lock_waits_for_the_right_item_or_undo():
    bench = Shift(error_lock=True)
    bench.scans(NUMBER, ITEM_BLUE)
    assert bench.scan(ITEM_CUP).say.id == "scan.locked"
    assert bench.scan(ITEM_RED).tone is Tone.ACCEPTED
    bench.scan(ITEM_BLUE)
    assert bench.scan("PKUNDO1").say.id == "scan.unlocked"
    assert bench.counts()[0] == (1, 2, 1, 0, 0)
    assert bench.scan(ITEM_CUP).tone is Tone.ACCEPTED


def test_without_the_lock_a_wrong_item_stops_nothing():
    bench = Shift()
    assert bench.scans(NUMBER, ITEM_BLUE, ITEM_CUP).tone is Tone.ACCEPTED


# --- notes and changes -------------------------------------------


def test_a_note_is_confirmed_before_the_weight():
    bench = Shift(shelf_with(buyer_note="不要红色", note_open=True))
    assert bench.packed().tone is Tone.COMPLETE
    assert bench.view.choices
    assert bench.weigh(750) is None
    assert bench.scan("PKYES01").tone is Tone.COMPLETE
    assert bench.changes == (NoteConfirmed(), Weighed(750, 750), StepDone(Step.WEIGH))


def test_a_note_answered_no_stays_in_the_way():
    bench = Shift(shelf_with(buyer_note="加急", note_open=True))
    bench.packed()
    assert bench.scan("PKNO001").next.id == "next.note"
    assert bench.weigh(750).say.id == "scan.note_first"
    bench.scan("PKYES01")
    assert bench.step is Step.LABEL


def test_the_note_can_be_read_at_any_time():
    bench = Shift(shelf_with(buyer_note="[/red]加急", note_open=True))
    bench.scans(NUMBER, "PKNOTE1", "PKYES01")
    assert bench.changes == (NoteConfirmed(),)
    assert bench.scan("PKNOTE1").say.data["note"] == "[/red]加急"


def test_an_edit_must_be_read_before_the_weight():
    bench = Shift()
    bench.packed()
    bench.hear("edit", message("news.address"))
    assert bench.view.changes == (message("news.address"),)
    assert bench.weigh(750) is None
    bench.scan("PKYES01")
    assert bench.step is Step.LABEL


# --- weighing ----------------------------------------------------


def test_a_light_parcel_names_the_missing_item():
    bench = Shift()
    bench.packed()
    answer = bench.weigh(395)
    assert answer.tone is Tone.WRONG
    assert answer.say.data["why"] == message("weight.missing", sku="CUP-1", grams=350)
    assert bench.changes == ()
    assert bench.weigh(752).tone is Tone.COMPLETE


def test_forcing_needs_a_supervisor_as_the_very_next_scan():
    bench = Shift()
    bench.packed()
    bench.weigh(500)
    assert bench.scan("PKFRCE1").next.id == "next.supervisor_badge"
    assert bench.scan("BG0002").say.id == "scan.not_supervisor"
    assert bench.scan("BG0009").tone is Tone.ACCEPTED
    assert bench.step is Step.WEIGH
    bench.scans("PKFRCE1", ITEM_CUP)
    assert bench.step is Step.WEIGH
    bench.scan("PKFRCE1")
    assert bench.scan("BG0009").say.id == "scan.weight_forced"
    assert bench.changes == (Weighed(500, 750, BOSS.id), StepDone(Step.WEIGH))


def test_a_new_reading_cancels_the_force_that_was_meant_for_the_old_one():
    bench = Shift()
    bench.packed()
    bench.weigh(500)
    bench.scan("PKFRCE1")
    bench.weigh(300)
    assert bench.state.question is None


def test_a_dead_scale_is_forced_with_the_expected_weight_and_says_so():
    bench = Shift()
    bench.packed()
    bench.scans("PKFRCE1", "BG0009")
    assert bench.changes[0] == Weighed(750, 750, BOSS.id, measured=False)


def test_unknown_weights_never_block_and_are_learned():
    bench = Shift(shelf_with(lines=(red_line(), cup_line(unit_g=None))))
    bench.packed()
    assert bench.view.weight.expected_g is None
    assert bench.weigh(760).tone is Tone.COMPLETE
    assert bench.changes == (Weighed(760, None), Learned(103, 360), StepDone(Step.WEIGH))


def test_the_last_parcels_weight_never_becomes_this_ones():
    bench = Shift()
    bench.packed()
    bench.weigh(750)
    bench.shelf.orders[SECOND] = Opening(SECOND, order(order_id=8, number=SECOND))
    items = (ITEM_RED, ITEM_RED, ITEM_CUP)
    assert bench.scans(SECOND, *items, *items).next.id == "next.empty_scale"
    assert bench.weigh(750).say.id == "scan.scale_not_empty"
    assert bench.weigh(3).say.id == "scan.scale_ready"
    assert bench.weigh(750).tone is Tone.COMPLETE


def test_a_weight_from_before_the_last_check_does_not_count():
    bench = Shift()
    bench.packed()
    assert bench.weigh(750, at=bench.now - 5000) is None
    assert bench.step is Step.WEIGH
    before = bench.view.weight.wish
    assert bench.scan("PKWGHT1").say.id == "scan.weighing"
    assert (bench.view.weight.wish, bench.view.weight.same_load) == (before + 1, True)


def test_take_the_weight_now():
    bench = Shift()
    bench.packed()
    bench.state = replace(bench.state, rearmed=False)
    assert bench.weigh(750).say.id == "scan.scale_not_empty"
    assert bench.scan("PKWGHT1").tone is Tone.COMPLETE


def test_a_reading_that_did_not_fit_asks_for_another_one():
    bench = Shift()
    bench.packed()
    before = bench.view.weight.wish
    bench.weigh(400)
    assert bench.view.weight.wish == before + 1
    assert bench.scan("PKWGHT1").say.id == "scan.weighing"
    assert bench.weigh(750).tone is Tone.COMPLETE


def test_a_reader_that_saw_the_scale_empty_vouches_for_it():
    bench = Shift()
    bench.packed()
    bench.state = replace(bench.state, rearmed=False)
    assert bench._do(Weight(750, bench.now + 1000, emptied=True)).tone is Tone.COMPLETE


def test_a_negative_weight_says_empty_and_zero():
    bench = Shift()
    bench.packed()
    assert bench.weigh(-80).say.id == "scan.weight_negative"


def test_a_weight_during_picking_says_nothing():
    bench = Shift()
    bench.scan(NUMBER)
    assert bench.weigh(750) is None
    assert bench.changes == ()


def test_the_box_counts_in_the_expected_weight():
    bench = Shift()
    bench.scans(NUMBER, "PKBOX03")
    assert bench.state.work.expected_g == 850
    assert bench.scan("PKBOX04").tone is Tone.UNKNOWN


def test_a_weight_code_brings_its_own_weight():
    bench = Shift(shelf_with(lines=(cup_line(wanted=2, unit_g=None),), pick_first=False))
    ref = bench.shelf.codes[ITEM_CUP][0]
    bench.shelf.codes = {"21A": (replace(ref, grams=510),), "21B": (replace(ref, grams=480),)}
    bench.scans(NUMBER, "21A", "21B")
    assert bench.state.work.expected_g == 990
    assert bench.weigh(995).tone is Tone.COMPLETE


# --- undo --------------------------------------------------------


def test_undo_goes_back_scan_by_scan_and_says_what_follows():
    bench = Shift()
    bench.packed()
    bench.weigh(750)
    answer = bench.scan("PKUNDO1")
    assert answer.say.id == "scan.undone_weight"
    assert bench.changes == (Undone(Weighed(750, 750), Step.WEIGH),)
    assert bench.scan("PKUNDO1").say.id == "scan.undone_reopens"
    assert bench.changes == (Undone(Verified(2, 1), Step.PACK),)
    assert bench.scan("PKUNDO1").say.id == "scan.undone_pack"
    bench.scan("PKUNDO1")
    assert bench.scan("PKUNDO1").say.id == "scan.undone_pick"
    assert bench.step is Step.PICK


def test_a_weight_taken_before_an_undo_does_not_count_after_it():
    bench = Shift()
    bench.packed()
    bench.scan("PKUNDO1")
    bench.scan(ITEM_CUP)
    assert bench.weigh(750, at=bench.now - 1500) is None


def test_undoing_a_weight_whose_label_is_bought_asks_first():
    bench = Shift()
    bench.packed()
    bench.weigh(750)
    bench.state = replace(bench.state, work=replace(bench.state.work, waybill="SF1"))
    assert bench.scan("PKUNDO1").say.id == "ask.void"
    bench.scan("PKYES01")
    assert bench.changes == (Undone(Weighed(750, 750), Step.WEIGH),)


def test_a_printed_label_is_not_undone_at_the_bench():
    bench = Shift()
    bench.packed()
    bench.weigh(750)
    bench.state = replace(bench.state, work=replace(bench.state.work, waybill="SF1", labelled=True))
    assert bench.scan("PKUNDO1").say.id == "scan.label_printed"
    assert bench.changes == ()


def test_nothing_to_undo():
    bench = Shift()
    assert bench.scans(NUMBER, "PKUNDO1").say.id == "scan.nothing_to_undo"


# --- people ------------------------------------------------------


def test_nobody_signed_in_means_nothing_is_recorded():
    bench = Shift(signed_in=False)
    assert bench.scan(NUMBER).say.id == "scan.badge_first"
    assert bench.scan("BG7777").tone is Tone.UNKNOWN
    assert bench.told == []
    bench.scan("BG0001")
    assert bench.changes == (OperatorIn(1),)


def test_another_badge_takes_the_bench_and_keeps_the_order():
    bench = Shift()
    bench.scans(NUMBER, ITEM_RED)
    before = bench.counts()
    bench.scan("BG0002")
    assert bench.changes == (OperatorOut(1), OperatorIn(2))
    assert bench.counts() == before
    assert bench.scan("BG0002").say.id == "scan.badge_again"


def test_lock_keeps_the_order():
    bench = Shift()
    bench.scans(NUMBER, ITEM_RED, "PKLOCK1")
    assert bench.scan(ITEM_RED).say.id == "scan.badge_first"
    assert bench.scan("BG0001").say.id == "scan.hello_open"
    assert bench.counts()[0] == (1, 2, 1, 0, 0)


def test_a_station_card_says_which_bench_this_is():
    assert Shift().scan("STBENCH1").tone is Tone.COMMAND
    assert Shift().scan("STBENCH2").tone is Tone.WRONG


# --- refusals and news -------------------------------------------


def test_an_order_that_may_not_be_packed_says_why():
    refusal = message("open.held", number=NUMBER, reasons="退款")
    bench = Shift(Shelf(orders={NUMBER: Opening(NUMBER, refusal=refusal, stop=True)}))
    answer = bench.scan(NUMBER)
    assert (answer.tone, answer.say) == (Tone.STOP, refusal)
    assert bench.scan("DB20260120999").tone is Tone.UNKNOWN


def test_an_order_somebody_has_names_who_and_a_supervisor_may_take_it():
    claim = message("open.claimed", number=NUMBER, name="韩梅梅", station="B2")
    bench = Shift(Shelf(orders={NUMBER: Opening(NUMBER, order(), claimed_by=2, claim=claim)}))
    assert bench.scan(NUMBER).say == claim
    bench.scans("BG0009", NUMBER)
    assert bench.changes == (Claimed(7, taken_over=True),)


@pytest.mark.parametrize("kind", ["refund", "cancel", "hold", "taken"])
def test_bad_news_stops_the_bench_until_it_is_seen(kind):
    bench = Shift()
    bench.scans(NUMBER, ITEM_RED)
    what = message("news.hold", number=NUMBER, reasons="x") if kind == "hold" else None
    if kind == "taken":
        what = message("news.taken", number=NUMBER, station="B2")
    before = bench.counts()
    assert bench.hear(kind, what).tone is Tone.STOP
    for code in (ITEM_RED, "PKCANC1", "PKUNDO1", "PKDONE1", "A-01"):
        assert bench.scan(code).tone is Tone.STOP
        assert bench.changes == ()
    assert bench.counts() == before
    bench.scan("PKYES01")
    assert bench.changes == (LeftOpen(7, kind),)
    assert bench.step is None


def test_a_refund_after_the_weight_still_stops():
    bench = Shift()
    bench.packed()
    bench.weigh(750)
    assert bench.hear("refund").tone is Tone.STOP
    assert bench.hear("edit", message("news.address")).tone is Tone.STOP


# --- handover ----------------------------------------------------


def test_handover_takes_waybills_once():
    bench = Shift()
    bench.scan("PKHAND1")
    assert bench.view.mode == "handover"
    assert bench.scan("SF1234567890123").tone is Tone.ACCEPTED
    assert bench.changes == (HandedOver(5, "SF1234567890123"),)
    again = ParcelRef(5, "SF1234567890123", SECOND, handed_over=True)
    bench.shelf.waybills["SF1234567890123"] = again
    assert bench.scan("SF1234567890123").tone is Tone.TOO_MANY
    assert bench.scan(ITEM_RED).say.id == "scan.is_product_not_waybill"
    assert bench.scan(NUMBER).say.id == "scan.is_order"
    assert bench.scan("PKHAND1").say.id == "scan.handover_off"


def test_a_parcel_that_must_stay_stops_the_handover():
    bench = Shift()
    refusal = message("handover.cancelled", waybill="SF1234567890123", number=SECOND)
    bench.shelf.waybills["SF1234567890123"] = ParcelRef(
        5, "SF1234567890123", SECOND, refusal=refusal
    )
    assert bench.scans("PKHAND1", "SF1234567890123").tone is Tone.STOP
    assert bench.changes == ()


def test_handover_waits_for_the_open_order():
    bench = Shift()
    assert bench.scans(NUMBER, "PKHAND1").say.id == "scan.finish_first"
