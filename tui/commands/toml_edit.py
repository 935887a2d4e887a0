"""A station's devices written into ``packline.toml`` without touching anything else.

Works on lines, so comments, order and spacing stay; then reads the result back and gives it out
only when it says exactly what was meant. A file written in another style is left to its owner.
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Devices = Mapping[str, Any]
"""``scanners`` (a list of tables) and ``scale``, ``printer``, ``camera`` (a table each)."""
HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\-]+)\s*\]\]?\s*(#.*)?$")
LISTS = frozenset({"scanners"})


def with_station(text: str, code: str, warehouse: str, devices: Devices) -> str | None:
    """The text with these devices at that station; None when it cannot be done safely.

    Only the kinds in ``devices`` are replaced. A station that is not there is added at the end.
    """
    if '"""' in text or "'''" in text:
        return None  # a header may stand inside a long text
    meant = told(text, code, warehouse, devices)
    lines = text.splitlines()
    where = find_station(lines, code)
    if where is None:
        head = ["", "[[stations]]", f"code = {value(code)}", f"warehouse = {value(warehouse)}"]
        edited = [*lines, *head, "", *block(devices)]
    else:
        start, end = where
        kept = without(lines[start:end], devices)
        while kept and not kept[-1].strip():
            kept.pop()
        edited = [*lines[:start], *kept, "", *block(devices), *lines[end:]]
    result = "\n".join(edited).rstrip("\n") + "\n"
    try:
        return result if tomllib.loads(result) == meant else None
    except tomllib.TOMLDecodeError:
        return None


def told(text: str, code: str, warehouse: str, devices: Devices) -> dict[str, Any]:
    """What the file should say afterwards."""
    content = tomllib.loads(text)
    stations = content.setdefault("stations", [])
    for station in stations:
        if station.get("code") == code:
            station.update(devices)
            return content
    stations.append({"code": code, "warehouse": warehouse, **devices})
    return content


def find_station(lines: Sequence[str], code: str) -> tuple[int, int] | None:
    """First line of a station and the first line after it; None when it has no table of its own."""
    starts = [at for at, line in enumerate(lines) if header(line) == ("[[", "stations")]
    for start in starts:
        end = start + 1
        while end < len(lines) and (header(lines[end]) is None or inside(lines[end])):
            end += 1
        end = without_lead(lines, start + 1, end)
        body = "\n".join(lines[start:end])
        try:
            if tomllib.loads(body)["stations"][0].get("code") == code:
                return start, end
        except tomllib.TOMLDecodeError:
            return None
    return None


def without_lead(lines: Sequence[str], least: int, end: int) -> int:
    """Comments and blanks above the next header belong to it, not to the table before."""
    while end > least and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return end


def header(line: str) -> tuple[str, str] | None:
    """The brackets and the name of a table's header."""
    match = HEADER.match(line)
    return (match[1], match[2]) if match else None


def inside(line: str) -> bool:
    """Whether a header belongs to the station above it."""
    found = header(line)
    return found is not None and found[1].startswith("stations.")


def without(lines: Sequence[str], devices: Devices) -> list[str]:
    """The station's lines without the tables that are replaced."""
    kept, skipping = [], False
    for line in lines:
        found = header(line)
        if found is not None:
            skipping = found[1].removeprefix("stations.") in devices
        if not skipping:
            kept.append(line)
    return kept


def block(devices: Devices) -> list[str]:
    """The tables as lines."""
    lines: list[str] = []
    for kind, found in devices.items():
        for table in found if kind in LISTS else [found]:
            lines.append(f"[[stations.{kind}]]" if kind in LISTS else f"[stations.{kind}]")
            lines += [f"{key} = {value(each)}" for key, each in table.items()]
            lines.append("")
    return lines[:-1] if lines else []


def value(thing: object) -> str:
    """A value as TOML; JSON's strings, numbers, booleans and lists are TOML's too."""
    return json.dumps(thing, ensure_ascii=False)


def replace_file(path: Path, text: str) -> None:
    """Put a new text in place of a file, whole or not at all, with the rights it had."""
    real = path.resolve()
    partial = real.with_name(real.name + ".part")
    mode = real.stat().st_mode & 0o777
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchmod(handle, mode)
        file.write(text)
        file.flush()
        os.fsync(handle)
    partial.replace(real)
