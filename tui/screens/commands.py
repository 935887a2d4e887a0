"""What the bench's keys stand for: commands that could be scanned instead."""

COMMANDS = {
    "bench.undo": "PKUNDO1",
    "bench.hold": "PKHOLD1",
    "bench.short": "PKSHRT1",
    "bench.reprint": "PKPRNT1",
    "bench.done": "PKDONE1",
    "bench.force": "PKFRCE1",
    "bench.next": "PKNEXT1",
    "bench.damaged": "PKDAMG1",
    "bench.slip": "PKSLIP1",
    "bench.note": "PKNOTE1",
    "bench.weigh": "PKWGHT1",
    "bench.call": "PKCALL1",
    "bench.leave": "PKCANC1",
    "bench.lock": "PKLOCK1",
    "bench.handover": "PKHAND1",
    "bench.again": "PKVOID1",
    "bench.put_back": "PKBACK1",
}
"""Each bench action is the command that could be scanned instead."""
NEEDS_ORDER = frozenset(COMMANDS) - {
    "bench.undo",
    "bench.reprint",
    "bench.call",
    "bench.lock",
    "bench.handover",
    "bench.again",
    "bench.put_back",
}
