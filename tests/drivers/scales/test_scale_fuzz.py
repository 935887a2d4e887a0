"""No bytes, however cut, make a decoder raise, or noise become a weight; encoders as oracles."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.scales import PROTOCOLS, decoder, stable_weights
from drivers.simulated.scale_frames import ENCODERS, Load, heard

NAMES = sorted(PROTOCOLS)
SERIAL = [name for name in NAMES if not PROTOCOLS[name].hid]
NEEDS_NEXT = {"yaohua_rev", "yaohua_fwd"}
WORDS = [
    b"\x02",
    b"\x03",
    b"\r",
    b"\n",
    b"=",
    b"\xff",
    b"ST,GS,",
    b"S S ",
    b"wn",
    b"+001234",
    b"kg",
]
soup = st.lists(st.one_of(st.binary(max_size=24), st.sampled_from(WORDS)), max_size=12)


@given(chunks=soup)
@settings(max_examples=60, deadline=None)
def test_any_bytes_in_any_pieces_read_the_same_and_never_raise(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    for name in SERIAL:
        one, many = decoder(name), decoder(name)
        together = one.feed(whole)
        apart = [reading for chunk in chunks for reading in many.feed(chunk)]
        assert together == apart, name
    for chunk in chunks:
        decoder("hid_scale").feed(chunk)


@pytest.mark.parametrize("name", NAMES)
def test_memory_stays_bounded_on_endless_garbage(name: str) -> None:
    reader = decoder(name)
    for byte in (b"A", b"\x02", b"=", b"\xff", b"1"):
        for _ in range(50):
            reader.feed(byte * 997)
    tail = getattr(getattr(reader, "_framer"), "_tail", b"")  # noqa: B009
    assert len(tail) <= 128


@pytest.mark.parametrize("name", NAMES)
def test_noise_never_books(name: str) -> None:
    dice = random.Random(name)
    timeline = [(at * 20, dice.randbytes(dice.randint(1, 40))) for at in range(1000)]
    assert stable_weights(name, timeline) == []


@pytest.mark.parametrize("name", SERIAL)
@pytest.mark.parametrize(
    ("sent", "read"), [(9600, 4800), (9600, 19200), (4800, 9600), (2400, 9600)]
)
def test_the_wrong_speed_never_gives_a_weight(name: str, sent: int, read: int) -> None:
    frame = ENCODERS[name](Load(1234))
    garbage = heard(frame * 20, sent, read)
    assert garbage and [r for r in decoder(name).feed(garbage) if r.weight is not None] == []


@pytest.mark.parametrize("name", [n for n in SERIAL if "seven_bit" in PROTOCOLS[n].options])
@pytest.mark.parametrize("parity", ["E", "O"])
def test_a_seven_bit_sender_is_read_as_eight(name: str, parity: str) -> None:
    bits = heard(ENCODERS[name](Load(1234)) * 3, 9600, 9600, parity)
    weights = {r.grams for r in decoder(name, seven_bit=True).feed(bits)}
    assert weights == {1234}


@pytest.mark.parametrize("name", NAMES)
@given(grams=st.integers(-1999, 29_999), stable=st.booleans(), tared=st.booleans())
@settings(max_examples=25, deadline=None)
def test_what_the_scale_sends_is_what_we_read(
    name: str, grams: int, stable: bool, tared: bool
) -> None:
    load = Load(grams, stable, tared=tared)
    reader = decoder(name)
    readings = reader.feed(ENCODERS[name](load))
    if name in NEEDS_NEXT:
        readings += reader.feed(b"=")
    (reading,) = readings
    assert reader.rejected == 0
    if name in {"toledo_8217", "dibal_pos"} and not stable:
        assert reading.weight is None
    elif reading.weight is None:
        assert grams < 0
    elif reading.unit is None:
        assert not stable and reading.weight * 1000 == grams
    else:
        assert reading.grams == grams
        assert reading.stable in (None, stable) or reading.status == "underload"


def test_six_byte_frames_read_as_five_never_book_ten_times_the_weight() -> None:
    frames = [(at * 100, ENCODERS["bcd_ff6"](Load(1230))) for at in range(60)]
    assert stable_weights("bcd_ff5", frames) == []
    assert len(decoder("bcd_ff5").feed(b"".join(data for _, data in frames))) == 1


@pytest.mark.parametrize("name", NAMES)
def test_overload_is_never_bookable(name: str) -> None:
    for reading in decoder(name).feed(ENCODERS[name](Load(29_999, over=True)) + b""):
        assert not reading.bookable or name in NEEDS_NEXT


@pytest.mark.parametrize("name", SERIAL)
def test_decodes_far_faster_than_a_line_can_send(name: str) -> None:
    """At least 50 lines of 115,200 baud at once on an idle core; a fifth of it here, loosely."""
    data = b"".join(ENCODERS[name](Load(grams)) for grams in range(1000, 1600))
    reader = decoder(name)
    started = time.thread_time()
    for at in range(0, len(data), 64):
        reader.feed(data[at : at + 64])
    rate = len(data) / (time.thread_time() - started)
    assert rate > 10 * 11_520, f"{rate / 11_520:.0f} lines"
