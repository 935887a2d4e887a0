"""Where a parcel goes, out of one address cell or many columns.

An address is cut into province, city and district only where its own words say so; whatever is
not certain stays in the rest. Masked values are kept as they are.
"""

import re
from typing import NamedTuple

_MUNICIPALITIES = "北京|上海|天津|重庆"
_PROVINCE = re.compile(
    rf"^((?:{_MUNICIPALITIES})市?|(?:河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南"
    r"|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾)省?|内蒙古(?:自治区)?"
    r"|广西(?:壮族自治区)?|西藏(?:自治区)?|宁夏(?:回族自治区)?|新疆(?:维吾尔自治区)?"
    r"|香港(?:特别行政区)?|澳门(?:特别行政区)?)"
)
# A name may hold 市, 镇 or 乡 itself (镇江市, 市中区); 小区, 城市 and 超市 are no districts.
_CITY = re.compile(r"^([^\s区县旗路街号\d]{1,9}?(?:(?<![超城夜菜])市(?!区|中区)|自治州|地区|盟))")
_DISTRICT = re.compile(
    r"^([^\s路街号\d]{1,9}?(?:(?<![小社园校景厂院])区|县|(?<![超城门夜菜集])市(?!区)|旗))"
)
_POSTCODE = re.compile(r"\s*[(（]\d{6}[)）]$")
_COMMA = re.compile(r"\s*[,，]\s*")
_PHONE = re.compile(r"^(?:\+?86[- ]?)?([\d*]{3,4}-?[\d*]{4,12}(?:-\d{1,6})?)$")


class Place(NamedTuple):
    """An address cut as far as it is certain."""

    province: str
    city: str
    district: str
    rest: str


def cut(address: str) -> Place:
    """``广东省 广州市 天河区 测试路1号(510000)`` in four parts; all in ``rest`` when unsure."""
    text = _POSTCODE.sub("", address).strip()
    province, rest = _take(_PROVINCE, text)
    if not province:
        return Place("", "", "", text)
    city, rest = _take(_CITY, rest)
    district, rest = _take(_DISTRICT, rest)
    if not city and re.fullmatch(rf"(?:{_MUNICIPALITIES})市?", province):
        city = province[:2] + "市"
    return Place(province, city, district, rest)


def _take(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    match = pattern.match(text)
    return (match[1], text[match.end() :].lstrip()) if match else ("", text)


def person_in(address: str) -> tuple[str, str, str] | None:
    """``姓名，86-手机号，地址`` as (name, phone, address); None when the cell is not like that."""
    parts = _COMMA.split(address, maxsplit=2)
    phone = _PHONE.match(parts[1]) if len(parts) == 3 else None
    return (parts[0], phone[1], parts[2]) if phone else None
