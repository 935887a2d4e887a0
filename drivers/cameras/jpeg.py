"""What counts as a whole photo."""

from core.errors import Problem

START, END = b"\xff\xd8\xff", b"\xff\xd9"
LIMIT_MB = 20
"""Larger than any bench camera sends; keeps a wrong address from filling the memory."""


def whole(photo: bytes, camera: str) -> bytes:
    """The photo from its start marker to its end marker. Raises Problem when it is none.

    Some cameras pad the end with zeros or a line break; those are cut off.
    """
    if not photo.startswith(START):
        kind = "HTML" if photo.lstrip()[:1] == b"<" else "other data" if photo else "nothing"
        raise Problem("camera.not_jpeg", camera=camera, kind=kind)
    body = photo.rstrip(b"\0\r\n")
    if not body.endswith(END):
        raise Problem("camera.truncated", camera=camera, bytes=len(photo))
    return body
