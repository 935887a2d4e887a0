"""The few words that stand on paper, per language; paper has no gettext and no terminal."""

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "to": "收",
    "from": "寄",
    "goods": "商品",
    "note": "买家留言",
    "note_short": "留言",
    "seller_note": "卖家备注",
    "none": "无",
    "pieces": "{n} 件",
    "weight": "{kg} kg",
    "reprint": "补打 第{n}份",
    "printed": "打印 {time}",
    "more": "…另 {n} 行，详见执行单",
    "no_code": "运单号无法成码，请手工输入",
    "slip": "仓库执行单",
    "urgent": "加急",
    "ship_by": "最晚发货 {time}",
    "no_ship_by": "最晚发货 未定",
    "shop": "店铺",
    "platform_numbers": "平台单号",
    "warehouse": "仓",
    "receiver": "收货人",
    "bin": "货位",
    "gift": "赠品",
    "total": "共 {kinds} 种 {units} 件",
    "page": "第 {n}/{of} 页",
    "issued": "开单 {time}",
}
ENGLISH: Mapping[str, str] = {
    "to": "TO",
    "from": "FR",
    "goods": "Goods",
    "note": "Buyer note",
    "note_short": "Note",
    "seller_note": "Seller note",
    "none": "none",
    "pieces": "{n} pcs",
    "weight": "{kg} kg",
    "reprint": "REPRINT {n}",
    "printed": "at {time}",
    "more": "… {n} more lines: see the slip",
    "no_code": "No bar code for this number: type it",
    "slip": "Execution slip",
    "urgent": "URGENT",
    "ship_by": "Ship by {time}",
    "no_ship_by": "Ship by: not set",
    "shop": "Shop",
    "platform_numbers": "Order",
    "warehouse": "Warehouse",
    "receiver": "Receiver",
    "bin": "Bin",
    "gift": "GIFT",
    "total": "{kinds} SKUs, {units} units",
    "page": "page {n}/{of}",
    "issued": "issued {time}",
}
CARRIERS: Mapping[str, tuple[str, str]] = {
    "sf": ("顺丰速运", "SF Express"),
    "yto": ("圆通速递", "YTO Express"),
    "zto": ("中通快递", "ZTO Express"),
    "sto": ("申通快递", "STO Express"),
    "yunda": ("韵达快递", "Yunda Express"),
    "jt": ("极兔速递", "J&T Express"),
    "jd": ("京东快递", "JD Logistics"),
    "ems": ("中国邮政", "EMS"),
    "youzheng": ("中国邮政", "China Post"),
    "deppon": ("德邦快递", "Deppon Express"),
    "cainiao": ("菜鸟速递", "Cainiao Express"),
    "danniao": ("丹鸟快递", "Danniao"),
    "best": ("百世快递", "Best Express"),
    "own": ("自营配送", "Own delivery"),
}
TIERS: Mapping[str, tuple[str, str]] = {
    "urgent": ("加急", "Urgent"),
    "same_day": ("当日达", "Same day"),
    "next_day": ("次日达", "Next day"),
    "standard": ("普通", "Standard"),
}
URGENT = frozenset({"urgent"})
"""Tiers that carry the urgent marker whatever the time left."""


def words(lang: str) -> Mapping[str, str]:
    """The table for ``zh_CN`` (and anything that begins with zh) or English."""
    return CHINESE if lang.startswith("zh") else ENGLISH


def _named(table: Mapping[str, tuple[str, str]], code: str, lang: str) -> str:
    pair = table.get(code.lower())
    return pair[0 if lang.startswith("zh") else 1] if pair else code


def carrier_name(code: str, lang: str) -> str:
    """What people call a carrier; an unknown code stands for itself."""
    return _named(CARRIERS, code, lang)


def tier_name(code: str, lang: str) -> str:
    """What people call a tier; an unknown one stands for itself."""
    return _named(TIERS, code, lang)
