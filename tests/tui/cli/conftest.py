"""A small place on a real directory, and the commands run in it."""

import logging
import shutil
from logging.handlers import RotatingFileHandler as FileLog

import pytest

from core.clock import SystemClock
from drivers.channels.calls import Pace
from drivers.simulated.shop import SimulatedTaobao
from tests.tui.cli.place import Place, furnish


@pytest.fixture(autouse=True)
def at_the_desk(monkeypatch, tmp_path):
    """An English terminal of 80 columns on this machine, in an empty folder."""
    for name in ("SSH_CONNECTION", "PACKLINE_CONFIG", "PACKLINE_DEBUG", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    yield
    for log in [each for each in logging.getLogger().handlers if isinstance(each, FileLog)]:
        logging.getLogger().removeHandler(log)
        log.close()


@pytest.fixture(scope="session")
def furnished(tmp_path_factory):
    """Made once: a shop, a bench, two products, one ready order, one labelled, one held."""
    folder = tmp_path_factory.mktemp("place")
    furnish(folder)
    return folder


@pytest.fixture
def place(furnished, tmp_path, capsys):
    """A copy of the furnished place to work in."""
    shutil.copytree(furnished, tmp_path, dirs_exist_ok=True)
    return Place(tmp_path, capsys)


@pytest.fixture
def platform():
    with SimulatedTaobao(SystemClock()) as server:
        yield server


@pytest.fixture
def online(place, platform, monkeypatch):
    """The place with a second shop that is reached over the network, as often as one likes."""
    monkeypatch.setattr(Pace, "take", lambda self: None)
    place.add(
        f'\n[[shops]]\ncode = "net"\nname = "网店"\nchannel = "taobao"\ntier = "standard"\n'
        f'url = "{platform.url}/router/rest"\napp_key = "12345678"\napp_secret = "secret"\n'
        'session = "session"\nrefresh_token = "refresh"\n'
    )
    return place
