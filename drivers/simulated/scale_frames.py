"""What each scale protocol puts on the wire for a load: written from the vendors' layouts.

Independent of the decoders on purpose, so that the one can be held against the other. All show
kilograms with three decimals, except where a protocol knows only grams.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """What lies on the simulated scale; grams, net of tare."""

    grams: int = 0
    stable: bool = True
    over: bool = False
    tared: bool = False


def kilograms(grams: int, width: int = 0, fill: str = " ") -> str:
    """``1.234`` right-justified; a minus sign first when the padding is zeros."""
    sign = "-" if grams < 0 else ""
    text = f"{abs(grams) // 1000}.{abs(grams) % 1000:03d}"
    if fill == "0":
        return sign + text.rjust(width - len(sign), "0")
    return (sign + text).rjust(width)


def _xor(data: bytes) -> int:
    total = 0
    for byte in data:
        total ^= byte
    return total


def _sign(load: Load, plus: str = "+") -> str:
    return "-" if load.grams < 0 else plus


def yaohua_a9(load: Load) -> bytes:
    """tF=0 continuous; an overloaded A9 shows dashes and sends nothing."""
    if load.over:
        return b""
    body = f"{_sign(load)}{abs(load.grams):06d}3".encode()
    return b"\x02" + body + f"{_xor(body):02X}".encode() + b"\x03"


def yaohua_a9_command(load: Load) -> bytes:
    """tF=1: the answer to "gross weight" of indicator A."""
    body = f"AB{_sign(load)}{abs(load.grams):06d}3".encode()
    return b"\x02" + body + f"{_xor(body):02X}".encode() + b"\x03"


def yaohua_a12(load: Load) -> bytes:
    if load.over:
        return b"         OL23\r\n"
    body = f"W{'N' if load.tared else 'G'}{kilograms(load.grams, 7, '0')}kg".encode()
    return body + f"{_xor(body):02X}".encode() + b"\r\n"


def yaohua_rev(load: Load) -> bytes:
    text = "-" if load.grams < 0 else "0"
    return b"=" + (text + kilograms(abs(load.grams), 7, "0"))[::-1].encode()


def yaohua_fwd(load: Load) -> bytes:
    return f"={_sign(load)}{kilograms(abs(load.grams), 8, '0')}".encode()


def wn_text(load: Load) -> bytes:
    return b"" if load.over else f"wn{kilograms(load.grams, 7, '0')}kg\r\n".encode()


def st_gs(load: Load) -> bytes:
    mode = "NT" if load.tared else "GS"
    if load.over:
        return f"OL,{mode},+999999kg\r\n".encode()
    flag = "ST" if load.stable else "US"
    return f"{flag},{mode},{_sign(load)}{kilograms(abs(load.grams), 7)}kg\r\n".encode()


def and_std(load: Load) -> bytes:
    if load.over:
        return b"OL,+9999.999 kg\r\n"
    flag = "ST" if load.stable else "US"
    return f"{flag},{_sign(load)}{kilograms(abs(load.grams), 8, '0')} kg\r\n".encode()


def cas_22(load: Load) -> bytes:
    mode = "NT" if load.tared else "GS"
    lamp = 0x80 | (0x40 if load.stable else 0) | (0 if load.tared else 4) | (load.grams == 0)
    flag, data = ("ST" if load.stable else "US"), kilograms(load.grams, 8)
    if load.over:
        flag, data = "OL", " " * 8
    return f"{flag},{mode},1".encode() + bytes((lamp,)) + f",{data} kg\r\n".encode()


def cas_pd2_ecr(load: Load) -> bytes:
    if load.over:
        body = b"SFFFFFFFkg"
    else:
        flag = "S" if load.stable else "U"
        body = f"{flag}{_sign(load, ' ')}{kilograms(abs(load.grams), 6, '0')}kg".encode()
    return b"\x01\x02" + body + bytes((_xor(body),)) + b"\x03\x04"


def mt_sics(load: Load) -> bytes:
    if load.over:
        return b"S +\r\n"
    return f"S {'S' if load.stable else 'D'} {kilograms(load.grams, 10)} kg\r\n".encode()


def toledo_8217(load: Load) -> bytes:
    if load.over:
        return b"\x02?\x42\r"
    if not load.stable:
        return b"\x02?\x41\r"
    if load.grams < 0:
        return b"\x02?\x44\r"
    net = "N" if load.tared else ""
    return f"\x02{kilograms(load.grams, 6, '0')}{net}\r".encode()


def toledo_continuous(load: Load) -> bytes:
    status = 0x30 | load.tared | (load.grams < 0) << 1 | load.over << 2
    status |= (not load.stable) << 3
    frame = bytes((0x02, 0x2D, status, 0x20)) + f"{abs(load.grams):6d}     0\r".encode()
    return frame + bytes((-sum(frame) & 0x7F,))


def sma(load: Load) -> bytes:
    state = "O" if load.over else "Z" if load.grams == 0 and load.stable else " "
    mode, motion = "N" if load.tared else "G", " " if load.stable else "M"
    return f"\n{state}1{mode}{motion} {kilograms(load.grams, 10)}kg_\r".encode()


def nci_scp01(load: Load) -> bytes:
    first = 0x30 | (not load.stable) | (load.grams == 0) << 1
    second = 0x30 | (load.grams < 0) | load.over << 1
    status = b"\n" + bytes((first, second)) + b"\r\x03"
    if load.over or load.grams < 0:
        return status
    return f"\n{kilograms(load.grams, 7, '0')}KG\r".encode() + status


def ohaus(load: Load) -> bytes:
    if load.over:
        return b""
    mark, legend = " " if load.stable else "?", "N" if load.tared else "G"
    return f"{_sign(load, ' ')}{kilograms(abs(load.grams), 7)} kg   {mark}{legend}\r\n".encode()


def kern(load: Load) -> bytes:
    return mt_sics(load)


def sartorius_sbi(load: Load) -> bytes:
    if load.over:
        return b"     High     \r\n"
    unit = "kg " if load.stable else "   "
    return f"{_sign(load)}{kilograms(abs(load.grams), 9)} {unit}\r\n".encode()


def dibal_pos(load: Load) -> bytes:
    """An unstable or empty-below-zero load gets no answer with a weight: state 1."""
    good = load.stable and not load.over and load.grams >= 0
    body = f"99{0 if good else 1}{load.grams if good else 0:05d}0000000".encode()
    return body + bytes((_xor(body),)) + b"\r\n"


def _bcd(grams: int) -> bytes:
    return bytes.fromhex(f"{abs(grams):06d}")[::-1]


def bcd_ff5(load: Load) -> bytes:
    status = 4 | (load.grams < 0) << 5 | load.stable << 6 | load.over << 7
    return bytes((0xFF, status)) + _bcd(load.grams)


def bcd_ff6(load: Load) -> bytes:
    status = 3 | (load.grams < 0) << 5 | load.stable << 6 | load.over << 7
    return bytes((0xFF, status)) + _bcd(load.grams) + b"\x00"


def rice_lake(load: Load) -> bytes:
    state = "O" if load.over else " " if load.stable else "M"
    mode = "N" if load.tared else "G"
    digits = kilograms(abs(load.grams), 7)
    return f"\x02{_sign(load, ' ')}{digits}K{mode}{state}\r\n".encode()


def cardinal(load: Load) -> bytes:
    state = "o" if load.over else " " if load.stable else "m"
    mode = "n" if load.tared else "g"
    digits = kilograms(abs(load.grams), 6, "0")
    return f"\r{_sign(load)}{digits}{state} kg {mode}  \x03".encode()


def ups_worldship(load: Load) -> bytes:
    if load.over:
        return b"\r\x03"
    return f"{kilograms(load.grams, 6)} kg. {'GR' if load.stable else 'gr'}  \r\n\x03".encode()


def hid_scale(load: Load) -> bytes:
    if load.over:
        status = 6
    elif load.grams < 0:
        status = 5
    elif not load.stable:
        status = 3
    else:
        status = 4 if load.grams else 2
    return bytes((3, status, 2, 0)) + min(abs(load.grams), 0xFFFF).to_bytes(2, "little")


def generic_ascii(load: Load) -> bytes:
    if load.over:
        return b""
    return f"{_sign(load, ' ')}{kilograms(abs(load.grams), 8)}kg\r\n".encode()


ENCODERS: dict[str, Callable[[Load], bytes]] = {
    encoder.__name__: encoder
    for encoder in (
        yaohua_a9,
        yaohua_a12,
        yaohua_rev,
        yaohua_fwd,
        wn_text,
        st_gs,
        and_std,
        cas_22,
        cas_pd2_ecr,
        mt_sics,
        toledo_8217,
        toledo_continuous,
        sma,
        nci_scp01,
        ohaus,
        kern,
        sartorius_sbi,
        dibal_pos,
        bcd_ff5,
        bcd_ff6,
        rice_lake,
        cardinal,
        ups_worldship,
        hid_scale,
        generic_ascii,
    )
}
"""Protocol name to what it sends for a load."""


def on_the_wire(data: bytes, parity: str = "N") -> list[int]:
    """The line's bits, start and stop included; ``E``/``O`` send seven bits and a parity bit."""
    bits: list[int] = []
    for byte in data:
        value = byte
        if parity != "N":
            ones = (byte & 0x7F).bit_count() & 1
            value = byte & 0x7F | (ones ^ (parity == "O")) << 7
        bits += [0, *(value >> place & 1 for place in range(8)), 1]
    return bits


def heard(data: bytes, sent_baud: int, read_baud: int, parity: str = "N") -> bytes:
    """What an 8N1 receiver at ``read_baud`` makes of frames sent back to back."""
    bits = [1] * 20 + on_the_wire(data, parity) + [1] * 20
    step = sent_baud / read_baud
    at, result = 0.0, bytearray()
    while True:
        while at < len(bits) and bits[int(at)]:
            at += step / 16
        if at + 9.5 * step >= len(bits):
            return bytes(result)
        samples = [bits[int(at + (place + 1.5) * step)] for place in range(9)]
        if samples[8] or any(samples):
            result.append(sum(bit << place for place, bit in enumerate(samples[:8])))
        at += 9.5 * step
