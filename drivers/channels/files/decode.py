"""From the bytes of an export to its text: which encoding, and is it text at all."""

import codecs
from typing import NamedTuple

from core.messages import Message, message

WORKBOOK = b"PK\x03\x04"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 65_536


class Decoded(NamedTuple):
    """The text of a file; U+FFFD stands where bytes could not be read."""

    text: str
    encoding: str


def decode(data: bytes) -> Decoded | Message:
    """The file's text, or why it cannot be an order export. Never raises."""
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        return message("files.empty")
    if data.startswith(_OLD_WORKBOOK):
        return message("files.workbook")
    if data[:512].lstrip().lower().startswith((b"<html", b"<!doctype", b"<table", b"<?xml")):
        return message("files.web_page")
    found = _by_bom(data) or _wide(data) or _narrow(data)
    if _is_binary(found.text[:_SAMPLE]):
        return message("files.not_text")
    return Decoded(found.text.replace("\x00", ""), found.encoding)


def _by_bom(data: bytes) -> Decoded | None:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return Decoded(data[len(mark) :].decode(encoding, "replace"), encoding)
    return None


def _wide(data: bytes) -> Decoded | None:
    """UTF-16 without a mark: digits and commas leave zeros on one side of each pair."""
    sample = data[:_SAMPLE]
    high, low = sample[0::2].count(0), sample[1::2].count(0)
    if (high + low) * 10 < len(sample) or min(high, low) * 20 > high + low:
        return None
    encoding = "utf-16-le" if low > high else "utf-16-be"
    return Decoded(data.decode(encoding, "replace"), encoding)


def _narrow(data: bytes) -> Decoded:
    """UTF-8 when it fits, even with a few damaged bytes; else GB18030, which GBK is part of."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return Decoded(data.decode(encoding), encoding)
        except UnicodeDecodeError:
            damaged = data.decode(encoding, "replace")
            foreign = len(data) - len(data.decode("ascii", "ignore"))
            if damaged.count("�") * 20 < foreign or encoding == "gb18030":
                return Decoded(damaged, encoding)
    raise AssertionError("the last encoding always answers")


def _is_binary(sample: str) -> bool:
    odd = sum(1 for c in sample if (c < " " and c not in "\t\r\n\x00") or c == "�")
    return odd * 50 > len(sample) and odd > 4
