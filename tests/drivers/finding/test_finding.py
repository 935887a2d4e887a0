"""What is plugged in, on machines made of folders."""

import os
from pathlib import Path

import pytest

from drivers.finding import RULES_PATH, Found, Kind, list_devices, udev_rules
from drivers.finding.sysfs import usage_pages


class Machine:
    """A /dev, /sys and /proc to plug things into."""

    def __init__(self, root: Path) -> None:
        self.dev, self.sys, self.proc = root / "dev", root / "sys", root / "proc"
        for folder in (self.dev, self.sys, self.proc):
            folder.mkdir()
        self.allowed = True

    def usb(self, socket: str, vendor: str, product: str, name: str = "", serial: str = "") -> Path:
        home = self.sys / "devices/usb1" / socket
        facts = {"idVendor": vendor, "idProduct": product, "product": name, "serial": serial}
        for key, value in facts.items():
            if value:
                self._write(home / key, value + "\n")
        self._link(self.sys / "bus/usb/devices" / socket, home)
        return home

    def node(self, kind: str, name: str, usb: Path, file: str, protocol: str = "") -> Path:
        interface = usb / f"{usb.name}:1.0"
        if protocol:
            self._write(interface / "bInterfaceProtocol", protocol + "\n")
        device = interface / f"{kind}-{name}"
        device.mkdir(parents=True)
        self._link(self.sys / "class" / kind / name / "device", device)
        self._write(self.dev / file, "")
        return device

    def link(self, path: str, target: str) -> str:
        self._link(self.dev / path, self.dev / target)
        return str(self.dev / path)

    def runs(self, program: str) -> None:
        self._write(self.proc / "77/comm", program + "\n")

    def look(self) -> list[Found]:
        return list_devices(self.dev, self.sys, self.proc, lambda _: self.allowed)

    @staticmethod
    def _write(path: Path, text: str | bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)

    @staticmethod
    def _link(path: Path, target: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def ch340(machine: Machine) -> None:
    usb = machine.usb("1-1", "1a86", "7523", "USB Serial")
    machine.node("tty", "ttyUSB0", usb, "ttyUSB0")


def wedge(machine: Machine, name: str = "Newland FM430 Barcode Scanner") -> str:
    usb = machine.usb("1-2", "1eab", "8003", name, "S1")
    device = machine.node("input", "event5", usb, "input/event5", "00")
    (device / "name").write_text(name)
    return machine.link("input/by-id/usb-Newland_S1-event-kbd", "input/event5")


def test_an_empty_machine(machine: Machine) -> None:
    assert machine.look() == []


def test_this_machine_is_looked_at_without_trouble() -> None:
    assert isinstance(list_devices(), list)


class TestSerial:
    def test_a_numbered_device_goes_by_its_number(self, machine: Machine) -> None:
        usb = machine.usb("1-1", "0c2e", "0b61", "Xenon 1900", "S123")
        machine.node("tty", "ttyACM0", usb, "ttyACM0")
        path = machine.link("serial/by-id/usb-Honeywell_S123-if00", "ttyACM0")
        machine.link("serial/by-path/pci-usb-0:1", "ttyACM0")
        (found,) = machine.look()
        assert (found.path, found.kind, found.seems) == (path, Kind.SERIAL, "scanner")
        assert (found.vendor, found.product, found.name) == ("0c2e", "0b61", "Xenon 1900")
        assert found.usable and found.remedy is None and found.conflicts == ()

    def test_an_adapter_without_number_goes_by_its_socket(self, machine: Machine) -> None:
        ch340(machine)
        machine.link("serial/by-id/usb-1a86_USB_Serial-if00", "ttyUSB0")
        path = machine.link("serial/by-path/pci-usb-0:1", "ttyUSB0")
        (found,) = machine.look()
        assert (found.path, found.node, found.seems) == (path, str(machine.dev / "ttyUSB0"), "")

    def test_without_links_the_node_itself(self, machine: Machine) -> None:
        ch340(machine)
        assert machine.look()[0].path == str(machine.dev / "ttyUSB0")

    def test_rs232_ports_that_exist_and_not_the_phantoms(self, machine: Machine) -> None:
        for name, kind in (("ttyS0", "4"), ("ttyS1", "0")):
            machine._write(machine.sys / "class/tty" / name / "type", kind)
            machine._write(machine.dev / name, "")
        assert [found.node for found in machine.look()] == [str(machine.dev / "ttyS0")]

    def test_a_scale_that_says_so(self, machine: Machine) -> None:
        usb = machine.usb("1-3", "0403", "6001", "CAS Scale")
        machine.node("tty", "ttyUSB1", usb, "ttyUSB1")
        assert machine.look()[0].seems == "scale"


class TestKeys:
    def test_a_scanner_by_name_vendor_or_interface(self, machine: Machine) -> None:
        path = wedge(machine)
        (found,) = machine.look()
        assert (found.path, found.kind, found.seems) == (path, Kind.KEYS, "scanner")

    def test_a_keyboard_is_called_one(self, machine: Machine) -> None:
        usb = machine.usb("1-4", "046d", "c31c", "Logitech Keyboard", "K1")
        machine.node("input", "event2", usb, "input/event2", "01")
        machine.link("input/by-id/usb-Logitech-event-kbd", "input/event2")
        assert machine.look()[0].seems == "keyboard"

    def test_an_unnamed_keyboard_that_cannot_boot_could_be_a_scanner(self, machine) -> None:
        usb = machine.usb("1-4", "ffff", "0035", "HID")
        machine.node("input", "event2", usb, "input/event2", "00")
        machine.link("input/by-id/usb-HID-event-kbd", "input/event2")
        assert machine.look()[0].seems == ""

    def test_mice_are_left_out(self, machine: Machine) -> None:
        usb = machine.usb("1-4", "046d", "c077", "Mouse")
        machine.node("input", "event3", usb, "input/event3")
        machine.link("input/by-id/usb-Mouse-event-mouse", "input/event3")
        assert machine.look() == []


class TestHid:
    @staticmethod
    def plug(machine: Machine, descriptor: bytes) -> list[Found]:
        usb = machine.usb("1-5", "0922", "8003", "M10")
        device = machine.node("hidraw", "hidraw0", usb, "hidraw0")
        (device / "report_descriptor").write_bytes(descriptor)
        (device / "uevent").write_text("HID_ID=0003:00000922:00008003\nHID_NAME=DYMO M10\n")
        return machine.look()

    def test_a_scale_and_a_scanner_by_descriptor(self, machine: Machine) -> None:
        (found,) = self.plug(machine, bytes.fromhex("058d0920a101c0"))
        assert (found.kind, found.seems, found.name) == (Kind.HID_SCALE, "scale", "DYMO M10")
        assert (found.vendor, found.product) == ("0922", "8003")

    def test_the_long_form(self, machine: Machine) -> None:
        (found,) = self.plug(machine, bytes.fromhex("068c000902a101c0"))
        assert found.kind is Kind.HID_SCANNER

    def test_the_bytes_as_data_of_something_else_are_no_scale(self, machine: Machine) -> None:
        assert self.plug(machine, bytes.fromhex("050126058d0902")) == []

    def test_a_name_given_by_our_rule_is_preferred(self, machine: Machine) -> None:
        path = machine.link("packline/hid-0922-8003", "hidraw0")
        assert self.plug(machine, bytes.fromhex("058d"))[0].path == path

    def test_broken_descriptors_end(self) -> None:
        for raw in (b"", b"\x05", b"\xfe", b"\xfe\x09\x00", os.urandom(300)):
            list(usage_pages(raw))


def test_a_usb_printer(machine: Machine) -> None:
    usb = machine.usb("1-6", "0a5f", "0166", "ZD421", "Z1")
    machine.node("usbmisc", "lp0", usb, "usb/lp0")
    (found,) = machine.look()
    assert (found.path, found.kind, found.seems) == (
        str(machine.dev / "usb/lp0"),
        Kind.PRINTER,
        "printer",
    )


class TestRemedies:
    def test_a_port_without_group_rights_wants_the_rules(self, machine: Machine) -> None:
        ch340(machine)
        (machine.dev / "ttyUSB0").chmod(0o600)
        machine.allowed = False
        (found,) = machine.look()
        assert not found.usable and found.remedy is not None
        assert found.remedy.id == "finding.install_rules"
        assert found.remedy.data == {"path": found.node, "rules": RULES_PATH}

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to another group")
    def test_a_port_of_a_group_names_the_group_to_join(self, machine: Machine) -> None:
        ch340(machine)
        path = wedge(machine)
        for node in ("ttyUSB0", "input/event5"):
            os.chown(machine.dev / node, -1, 20)
            (machine.dev / node).chmod(0o660)
        machine.allowed = False
        remedies = {found.path: found.remedy for found in machine.look()}
        port = remedies[str(machine.dev / "ttyUSB0")]
        assert (port.id, port.data["group"]) == ("finding.join_group", "dialout")
        assert remedies[path].id == "finding.install_rules"  # never the group of all keyboards

    def test_modem_manager_is_said_for_usb_ports_only(self, machine: Machine) -> None:
        ch340(machine)
        wedge(machine)
        machine.runs("ModemManager")
        conflicts = {found.kind: [m.id for m in found.conflicts] for found in machine.look()}
        assert conflicts == {Kind.SERIAL: ["finding.modem_manager"], Kind.KEYS: []}

    def test_brltty_and_a_ch340_that_still_has_its_port(self, machine: Machine) -> None:
        ch340(machine)
        machine.runs("brltty")
        assert [m.id for m in machine.look()[0].conflicts] == ["finding.brltty"]

    def test_brltty_and_a_ch340_whose_port_is_gone(self, machine: Machine) -> None:
        machine.usb("1-1", "1a86", "7523", "USB Serial")
        assert machine.look() == []
        machine.runs("brltty")
        (found,) = machine.look()
        assert (found.path, found.usable) == ("", False)
        assert [m.id for m in found.conflicts] == ["finding.brltty"]


class TestRules:
    def test_every_kind_has_its_rule_and_keyboards_have_none(self, machine: Machine) -> None:
        ch340(machine)
        wedge(machine)
        keyboard = machine.usb("1-4", "046d", "c31c", "Keyboard")
        machine.node("input", "event2", keyboard, "input/event2", "01")
        machine.link("input/by-path/pci-event-kbd", "input/event2")
        printer = machine.usb("1-6", "0a5f", "0166", "ZD421")
        machine.node("usbmisc", "lp0", printer, "usb/lp0")
        rules = udev_rules(machine.look())
        assert rules.startswith(f"# {RULES_PATH}\n")
        assert (
            'SUBSYSTEM=="input", KERNEL=="event*", ENV{ID_INPUT_KEY}=="1", '
            'ATTRS{idVendor}=="1eab", ATTRS{idProduct}=="8003", GROUP="packline", MODE="0660", '
            'SYMLINK+="packline/scanner-%k", ENV{LIBINPUT_IGNORE_DEVICE}="1"\n'
        ) in rules
        assert (
            'SUBSYSTEM=="tty", ATTRS{idVendor}=="1a86", ATTRS{idProduct}=="7523", '
            'GROUP="packline", MODE="0660", ENV{ID_MM_PORT_IGNORE}="1"\n'
        ) in rules
        assert 'ATTR{idProduct}=="7523", ENV{ID_MM_DEVICE_IGNORE}="1"\n' in rules
        assert 'KERNEL=="lp[0-9]*", SUBSYSTEM=="usbmisc", ATTRS{idVendor}=="0a5f"' in rules
        assert "046d" not in rules

    def test_known_makes_have_a_rule_before_they_are_plugged_in(self) -> None:
        rules = udev_rules([])
        whole = rules.replace("\\\n", "")
        for line in whole.splitlines():
            assert not line or line.startswith("#") or line.count('"') % 2 == 0
        assert 'KERNEL=="lp[0-9]*", SUBSYSTEM=="usbmisc", GROUP="packline"' in whole
        (hid,) = (line for line in whole.splitlines() if line.startswith('KERNEL=="hidraw*"'))
        assert all(vendor in hid for vendor in ("0922", "0eb8", "0c2e", "1eab"))
        (tty,) = (line for line in whole.splitlines() if line.startswith('SUBSYSTEM=="tty"'))
        assert "1a86" in tty and "046d" not in whole

    def test_twins_share_a_rule(self) -> None:
        twin = Found("a", "a", Kind.HID_SCALE, "scale", "M10", "0922", "8003")
        rules = udev_rules([twin, twin])
        assert rules.count('SYMLINK+="packline/hid-0922-8003"') == 1

    def test_a_name_cannot_smuggle_a_rule_in(self, machine: Machine) -> None:
        wedge(machine, 'Scan\nRUN+="/bin/sh"')
        lines = udev_rules(machine.look()).splitlines()
        assert not any(line.startswith("RUN") for line in lines)
        assert '# Scan RUN+="/bin/sh"' in lines
