"""A process that raises alerts and tells them until it is killed; says each number it committed."""

import sys
from pathlib import Path

from core.config import read_config
from core.watch import raise_alert
from tui.wiring import Works


def main() -> None:
    """Raise ``count`` alerts from ``first`` on, one by one, and go on telling until killed."""
    works = Works(read_config(Path(sys.argv[1])))
    first, count = int(sys.argv[2]), int(sys.argv[3])
    works.engine.start()
    for number in range(first, first + count):
        works.store.do(lambda tx, n=number: raise_alert(tx, "called", f"B{n:03d}"))
        print(number, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
