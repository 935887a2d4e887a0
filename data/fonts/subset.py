"""Cuts the label font: Noto Sans CJK SC down to what Chinese shipping labels are written with.

Run by hand when the upstream font changes (needs ``fonttools``, not needed to run Packline)::

    python data/fonts/subset.py /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc
"""

import sys
from collections.abc import Iterator
from pathlib import Path

FACE_SC = 2
"""Position of "Noto Sans CJK SC" in the Noto Sans CJK collections."""
NAME = "Packline Label Sans"
"""The licence asks that a changed font goes under another name than the original."""
RANGES = (
    (0x20, 0x7E),  # ASCII
    (0xA0, 0xFF),  # Latin-1: degree, multiplication sign, accented names
    (0x2010, 0x2027),  # dashes, quotes, ellipsis
    (0x2030, 0x203B),  # per mille, reference mark
    (0x2460, 0x2473),  # circled numbers
    (0x3000, 0x3020),  # CJK punctuation
    (0xFF01, 0xFF5E),  # full-width forms
    (0xFFE0, 0xFFE6),  # full-width yen and others
)
SINGLES = "€№℃™←↑→↓■□▲△●○★☆✓✔\ufffd"

NAMES = (
    "玥喆堃祎珺昇玮瑄淼珈琦琪瑾璟翊翀翯奕晗晞晟晨昊旻昱煊煜炜烨焱熠燚垚犇骉骁骞赟贇镕钰钘铄锴锳鋆鑫"
    "祺禛禹祯祚禤稑穆竑竣筠箬簃粲綦繇纴绉绗绱缊羿翙耘聿胤芃芮苒苡茗茜荃莀莜莹菡萱萩葳蒽蔚蕙薏藜蘅"
    "虓蜚裎襄觅訸诗谖谞谡豫赜跶轶辂迤逄逯逸遨邕邴郦郗郜鄢鄯酆醴陟隽雎雱霁霂霏霖靓靖颀颋颖飏馡馨騄骐骢"
    "魁鳐鸢鸾鹄麒麟黛龑婳婧嫣嬿孆孖宓寰岚峣峥嵊嵘巽帧彧彣徕怡恺悫惇愔懿戬扆抒挚掞揆擎敔斐旸旿昀昉昕昫"
    "晅晙晔晢晬暄暎暐暠曈曌曜朓栩桢桦梓梣棣椀楠榕槿樾橦欤歆毓沄沅沚沛沣沨泓泠泫泱泷洄洛洢洺浔浠浥浩涵淇"
    "淏淑淙淞淳清渌渟湉湑湜湲溁溥滢滟漪潇澄澍澔澜澧濛濡瀚灏炀炅炆炘炯烜烺焓焜煦熙熹燊爔爽牧玎玓玘玙玚玠玢"
    "玫玲珂珏珑珞珣珩珮珲琀琅琇琎琏琛琨琬琭琮琰琳琴琼瑀瑗瑛瑜瑞瑢瑧瑭瑶璁璇璐璘璞璠璨璩璪璿瓒甯畅畇皓皙皛"
    "睿瞻矜砚硕碧磊礼祐祉囍㛃䶮𠅤"
)
"""Hanzi of personal and place names that both standards leave out."""


def gb2312() -> Iterator[int]:
    """Every code point of GB2312: symbols and hanzi of levels 1 and 2."""
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                yield ord(bytes((row, cell)).decode("gb2312"))
            except UnicodeDecodeError:
                continue


def big5_level_1() -> Iterator[int]:
    """The 5,401 common traditional hanzi: addresses in Hong Kong, Macau and Taiwan."""
    for row in range(0xA4, 0xC7):
        for cell in (*range(0x40, 0x7F), *range(0xA1, 0xFF)):
            try:
                yield ord(bytes((row, cell)).decode("big5"))
            except UnicodeDecodeError:
                continue


def wanted() -> set[int]:
    """The code points that are kept."""
    kept = {*gb2312(), *big5_level_1(), *(ord(mark) for mark in SINGLES + NAMES)}
    for first, last in RANGES:
        kept.update(range(first, last + 1))
    return kept


def cut(source: Path, target: Path) -> None:
    """Write the subset of ``source`` to ``target``."""
    # fontTools ships no types
    from fontTools.subset import (  # type: ignore[import-untyped]
        Options,
        Subsetter,
        load_font,
        save_font,
    )

    options = Options()
    options.font_number = FACE_SC
    options.layout_features = []
    options.hinting = False  # drawn as grey and thresholded: hints only cost space
    options.notdef_outline = True
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "GSUB", "GPOS", "GDEF", "DSIG"]
    font = load_font(str(source), options)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=wanted())
    subsetter.subset(font)
    for record in font["name"].names:
        if record.nameID in (1, 4):
            record.string = NAME
        elif record.nameID in (3, 6):
            record.string = NAME.replace(" ", "") + "-Regular"
    compact = font["CFF "].cff
    compact.fontNames = [NAME.replace(" ", "") + "-Regular"]
    compact.topDictIndex[0].FullName = compact.topDictIndex[0].FamilyName = NAME
    save_font(font, str(target), options)


if __name__ == "__main__":
    cut(Path(sys.argv[1]), Path(__file__).with_name("PacklineLabelSans-Regular.otf"))
