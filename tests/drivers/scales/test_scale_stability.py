"""One load, one weight: the rules of stability, by frames and milliseconds."""

from decimal import Decimal

from drivers.scales import Rules, Stability, decoder, stable_weights
from drivers.simulated.scale_frames import ENCODERS, Load


class Pan:
    """Writes timelines as a shift reads: ``pan.rests(1231, 8)``."""

    def __init__(self, protocol: str, every_ms: int = 100) -> None:
        self.protocol, self.every_ms, self.at = protocol, every_ms, 0
        self.timeline: list[tuple[int, bytes]] = []

    def sends(self, data: bytes) -> "Pan":
        self.timeline.append((self.at, data))
        self.at += self.every_ms
        return self

    def rests(self, grams: int, frames: int = 8) -> "Pan":
        for _ in range(frames):
            self.sends(ENCODERS[self.protocol](Load(grams)))
        return self

    def moves(self, *grams: int) -> "Pan":
        for one in grams:
            self.sends(ENCODERS[self.protocol](Load(one, stable=False)))
        return self

    def waits(self, ms: int) -> "Pan":
        self.at += ms
        return self

    def books(self, *weights: str) -> None:
        booked = stable_weights(self.protocol, self.timeline)
        assert [str(weight) for _, weight in booked] == list(weights)


def test_one_parcel_one_reading_until_the_pan_was_empty() -> None:
    for name in ("wn_text", "yaohua_a9", "st_gs", "mt_sics", "toledo_8217"):
        pan = Pan(name).rests(0, 4).rests(1231, 30).rests(0, 4).rests(500, 30)
        pan.books("1.231", "0.500")


def test_a_second_plateau_without_an_empty_pan_is_not_booked() -> None:
    Pan("st_gs").rests(0, 3).rests(1231).rests(1900).books("1.231")
    Pan("yaohua_a9").rests(0, 3).rests(1231).rests(1900, 20).books("1.231")


def test_one_corrupt_zero_does_not_make_a_second_parcel() -> None:
    Pan("yaohua_a9").rests(0, 3).rests(1231, 9).rests(0, 1).rests(1231, 20).books("1.231")


def test_unflagged_wants_five_equal_over_half_a_second() -> None:
    Pan("yaohua_a9").rests(0, 3).rests(1231, 5).books()
    Pan("yaohua_a9").rests(0, 3).rests(1231, 6).books("1.231")
    Pan("yaohua_a9", every_ms=200).rests(0, 3).rests(1231, 4).books()
    Pan("yaohua_a9", every_ms=20).rests(0, 3).rests(1231, 20).books()


def test_slow_creep_is_not_stable_but_flicker_is() -> None:
    creep = Pan("wn_text").rests(0, 3)
    for grams in range(1200, 1240):
        creep.rests(grams, 3 + grams % 2)
    creep.books()
    flicker = Pan("wn_text").rests(0, 3)
    for _ in range(12):
        flicker.rests(1231, 1).rests(1232, 1)
    booked = stable_weights("wn_text", flicker.timeline)
    assert len(booked) == 1 and str(booked[0][1]) in {"1.231", "1.232"}


def test_a_gap_a_reject_or_an_overload_starts_again() -> None:
    Pan("wn_text").rests(0, 3).rests(1231, 4).waits(1500).rests(1231, 4).books()
    Pan("wn_text").rests(0, 3).rests(1231, 4).sends(b"wn0?1.231kg\r\n").rests(1231, 4).books()
    over = ENCODERS["yaohua_a12"](Load(over=True))
    Pan("yaohua_a12").rests(0, 3).rests(1231, 4).sends(over).rests(1231, 4).books()


def test_about_zero_never_books() -> None:
    Pan("st_gs").rests(0, 3).rests(19, 30).books()
    Pan("st_gs").rests(0, 3).rests(-300, 30).books()


def test_tare_and_counting_never_book() -> None:
    Pan("wn_text").rests(0, 3).sends(b"wt001.200kg\r\n" * 9).waits(600).sends(
        b"wt001.200kg\r\n" * 9
    ).books()
    pieces = Pan("and_std")
    for _ in range(20):
        pieces.sends(b"QT,+00012345 PC\r\n")
    pieces.books()


def test_of_a_three_line_block_only_the_net_line_is_the_load() -> None:
    pan = Pan("wn_text").rests(0, 3)
    for _ in range(10):
        pan.sends(b"ww001.500kg\r\nwt000.300kg\r\nwn001.200kg\r\n")
    pan.books("1.200")


def test_the_first_frame_after_opening_is_stale() -> None:
    Pan("st_gs").rests(1231, 1).books()
    Pan("st_gs").rests(1231, 2).books("1.231")


def test_after_garbage_a_flag_needs_a_second_opinion() -> None:
    pan = Pan("st_gs").rests(0, 3).sends(b"\x91\x07garbage\r\n").rests(1231, 1)
    pan.books()
    pan.rests(1231, 1).books("1.231")


def judge_at(judge: Stability, at: int, grams: int, name: str = "st_gs") -> Decimal | None:
    (reading,) = decoder(name).feed(ENCODERS[name](Load(grams)))
    booked = judge.feed(at, reading)
    return booked.grams if booked else None


def test_nothing_older_than_the_trigger() -> None:
    judge = Stability()
    judge.arm(1000)
    assert [judge_at(judge, at, 1231) for at in (0, 100, 900)] == [None] * 3
    assert judge_at(judge, 1000, 1231) == 1231
    assert judge_at(judge, 1100, 1231) is None


def test_once_armed_it_answers_only_what_was_asked() -> None:
    judge = Stability()
    judge.arm(0)
    assert [judge_at(judge, at, 1231) for at in (0, 100)] == [None, 1231]
    judge_at(judge, 200, 0)
    assert judge_at(judge, 300, 700) is None
    judge.arm(400)
    assert judge_at(judge, 400, 700) == 700


def test_the_same_load_books_again_only_when_told_so() -> None:
    judge = Stability()
    judge.arm(0)
    assert [judge_at(judge, at, 1231) for at in (0, 100)] == [None, 1231]
    judge.arm(200)
    assert judge_at(judge, 200, 1300) is None
    judge.arm(300, same_load=True)
    assert judge_at(judge, 300, 1300) == 1300


def test_the_scales_own_division_can_be_set() -> None:
    judge = Stability(Rules(division=Decimal("0.005"), frames=3))
    judge_at(judge, 0, 0, "wn_text")
    answers = [judge_at(judge, at * 100, 1230 + 5 * (at % 2), "wn_text") for at in range(1, 20)]
    assert [a for a in answers if a] and {a for a in answers if a} <= {1230, 1235}


def test_a_line_that_never_pauses_is_booked_all_the_same() -> None:
    """More than a thousand frames a second, as 115,200 baud can carry: half a second is many."""
    frame = ENCODERS["yaohua_rev"](Load(1250))
    timeline = [(at * 1000 // 1280, frame) for at in range(2000)]
    (booked,) = stable_weights("yaohua_rev", timeline)
    assert booked[1] == Decimal("1.250") and 500 <= booked[0] < 520
