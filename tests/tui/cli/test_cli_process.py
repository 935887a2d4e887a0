"""The command as a process: what a shell, a pipe and a cron job meet."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import core
from drivers.simulated.scanner import SimulatedScanner
from tests.tui.cli.place import READY, WAYBILL

ROOT = Path(core.__file__).parent.parent


def start(*words, **told):
    """Run the real program; nothing it says may be a traceback."""
    environ = dict(os.environ) | {"PYTHONPATH": str(ROOT), "LC_ALL": "en_US.UTF-8"}
    done = subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        env=environ | told.pop("environ", {}),
        timeout=30,
        check=False,
        **told,
    )
    assert b"Traceback" not in done.stderr
    return done


def test_a_place_begun_and_looked_up_by_processes(tmp_path):
    assert start("-m", "tui.cli", "init", cwd=tmp_path).returncode == 0
    again = start("-m", "tui.cli", "init", cwd=tmp_path)
    assert again.returncode == 1
    assert b"nothing was touched" in again.stderr
    people = start("-m", "tui.cli", "people", "--json", cwd=tmp_path)
    assert json.loads(people.stdout)[0]["role"] == "supervisor"


def test_where_imports_neither_screens_nor_network(place):
    done = start(
        "-c",
        "import sys; from tui.cli import main; status = main(sys.argv[1:])\n"
        "heavy = {'textual', 'httpx', 'apscheduler', 'serial', 'PIL', 'segno', 'babel'}\n"
        "print(sorted(heavy & sys.modules.keys()), file=sys.stderr); sys.exit(status)",
        *("where", WAYBILL),
        cwd=place.folder,
    )
    assert done.returncode == 0
    assert WAYBILL in done.stdout.decode()
    compiled = not any(
        not path.with_suffix(".mo").exists()
        or path.with_suffix(".mo").stat().st_mtime < path.stat().st_mtime
        for path in (ROOT / "data/locales/en/LC_MESSAGES").glob("*.po")
    )
    assert done.stderr.decode().strip() == ("[]" if compiled else "['babel']")


def test_a_terminal_that_knows_no_chinese_still_gets_an_answer(place):
    done = start(
        *("-m", "tui.cli", "where", READY),
        cwd=place.folder,
        environ={"PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0
    assert READY.encode() in done.stdout


def test_bytes_of_a_scale_through_a_pipe(tmp_path):
    done = start(
        *("-m", "tui.cli", "scale", "decode", "st_gs"),
        cwd=tmp_path,
        input=b"ST,GS,+  1.250kg\r\nUS,GS,+  0.0",
    )
    assert done.returncode == 0
    first, last = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["grams"], first["stable"]) == ("1250", True)
    assert (last["frames"], last["rejected"]) == (1, 0)
    assert start("-m", "tui.cli", "scale", "decode", "st_gs", cwd=tmp_path, input=b"").returncode


class Terminal:
    """The program on a real pseudo-terminal."""

    def __init__(self, *words, cwd):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.chdir(cwd)
            environ = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "en_US.UTF-8"}
            os.execve(sys.executable, [sys.executable, "-m", "tui.cli", *map(str, words)], environ)
        self.pid = pid
        self.seen = b""

    def until(self, text):
        """Wait until something is shown."""
        deadline = time.monotonic() + 20
        while text.encode() not in self.seen:
            assert time.monotonic() < deadline, self.seen.decode()
            if select.select([self.fd], [], [], 0.1)[0]:
                self.seen += os.read(self.fd, 65536)

    def type(self, text):
        os.write(self.fd, text.encode())

    def status(self):
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_setting_up_at_a_terminal(place, tmp_path):
    """A code that is typed into the terminal is understood as such; Enter and s skip."""
    scanner = SimulatedScanner(tmp_path / "scanner")
    words = ("devices", "setup", "--station", "B1", "--scanner", scanner.path)
    screen = Terminal(*words, "--scale", scanner.path, cwd=place.folder)
    screen.until("PACKLINE-2026\r\n")
    screen.type("6901234567892\n")
    screen.until("was typed here")
    screen.until("press Enter")
    screen.type("s\n")
    screen.until("Nothing was learnt")
    assert screen.status() == 1
    screen = Terminal(*words, "--scale", scanner.path, cwd=place.folder)
    screen.until("PACKLINE-2026\r\n")
    screen.type("\n")
    screen.until("No scanner set up")
    os.close(screen.fd)
    scanner.close()
