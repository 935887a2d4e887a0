"""Text from outside is hostile: cleaned once, at the door."""

import re
import unicodedata

_SPACES = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
# C0 and C1 controls, bidi and zero-width controls, interlinear and tag characters, lone
# surrogates, noncharacters: none of them is part of a name, a note or an address, and each
# can move a terminal's cursor, reorder a line or hide text.
_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_MASK = re.compile(r"\*|^##|^\$\$|^~|^#.*#$|●|×{2}")


def clean(text: object, limit: int = 2000) -> str:
    """Any outside value as one line of plain text of at most ``limit`` characters, NFC."""
    if text is None:
        return ""
    value = str(text)[: limit * 4]
    if value.isprintable() and unicodedata.is_normalized("NFC", value):
        return value.strip()[:limit]  # the ordinary case: nothing hostile is printable
    value = unicodedata.normalize("NFC", value)
    value = _HOSTILE.sub("", _SPACES.sub(" ", value))
    return value.strip()[:limit]


def within(text: str, limit: int) -> str:
    """The text in at most ``limit`` UTF-8 bytes, cut between characters, with a sign that it was.

    Platforms count bytes: a Chinese character takes three.
    """
    raw = text.encode()
    if len(raw) <= limit:
        return text
    mark = "…" if limit >= 3 else ""
    return raw[: max(0, limit - len(mark.encode()))].decode(errors="ignore") + mark


def is_masked(value: str) -> bool:
    """Whether a platform hid (or did not give) this value; such a value equals nothing."""
    return not value or _MASK.search(value) is not None


def phone_tail(phone: str) -> str:
    """The last four digits people ask for; "" when fewer than four are visible at the end."""
    match = re.search(r"(\d{4})(?:-\d+)?$", phone.strip())
    return match.group(1) if match else ""
