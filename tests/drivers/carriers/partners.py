"""A contract with each carrier, with every part its own dictionary asks for."""

from drivers.carriers import Partner

PARTNERS = {
    "sf": Partner(id="SF1", key="gk", secret="jym"),
    "yto": Partner(id="YTO1", key="pk"),
    "zto": Partner(id="ZTO1", key="pk", net="杭州一部"),
    "sto": Partner(id="STO1", key="pk", net="杭州二部"),
    "yunda": Partner(id="YD1", key="pk"),
    "jt": Partner(id="JT1", key="pk"),
    "jd": Partner(id="JD1", exp_type="特惠送"),
    "ems": Partner(id="EMS1", key="pk"),
    "deppon": Partner(id="DB1"),
}
