"""Every platform the tests play, and what is special about a shop on it."""

from drivers.channels.douyin import DouyinShop
from drivers.channels.jd import JdShop
from drivers.channels.ktt import KttShop
from drivers.channels.kuaishou import KuaishouShop
from drivers.channels.pdd import PddShop
from drivers.channels.shopify import ShopifyShop
from drivers.channels.taobao import TaobaoShop
from drivers.channels.vendure import VendureShop
from drivers.channels.wechat import WechatShop
from drivers.channels.woocommerce import WooShop
from drivers.simulated import (
    douyin,
    jd,
    ktt,
    kuaishou,
    pdd,
    shop,
    shopify,
    vendure,
    wechat,
    woocommerce,
)
from tests.drivers.channels.shopkit import Kind

TAOBAO = Kind(
    *("taobao", shop.SimulatedTaobao, TaobaoShop),
    *(shop.LISTING, shop.DETAIL, shop.SHIP),
)
JD = Kind(
    *("jd", jd.SimulatedJd, JdShop, jd.LISTING, jd.DETAIL, jd.SHIP),
    refuses_again="10400001",
    tells_wait=False,
)
PDD = Kind(
    *("pdd", pdd.SimulatedPdd, PddShop, pdd.LISTING, pdd.DETAIL, pdd.SHIP),
    refuses_again="30002",
)
KTT = Kind(*("ktt", ktt.SimulatedKtt, KttShop, ktt.LISTING, ktt.DETAIL, ktt.SHIP))
DOUYIN = Kind(
    *("douyin", douyin.SimulatedDouyin, DouyinShop),
    *(douyin.LISTING, douyin.DETAIL, douyin.SHIP),
)
WECHAT = Kind(
    *("wechat", wechat.SimulatedWechat, WechatShop),
    *(wechat.LISTING, wechat.DETAIL, wechat.SHIP),
    usual={"session": "", "refresh_token": ""},
    clocked=False,
)
KUAISHOU = Kind(
    *("kuaishou", kuaishou.SimulatedKuaishou, KuaishouShop),
    *(kuaishou.LISTING, kuaishou.DETAIL, kuaishou.SHIP),
    usual={"app_secret": "secret:sign"},
    single=True,
)
SHOPIFY = Kind(
    *("shopify", shopify.SimulatedShopify, ShopifyShop),
    *(shopify.LISTING, shopify.DETAIL, shopify.SHIP),
    usual={"refresh_token": ""},
    clocked=False,
    asks=False,
    noted=False,
)
WOO = Kind(
    *("woocommerce", woocommerce.SimulatedWoo, WooShop),
    *(woocommerce.LISTING, woocommerce.DETAIL, woocommerce.NOTE),
    usual={"session": "", "refresh_token": ""},
    renews=False,
    clocked=False,
    asks=False,
    noted=False,
    at_once=False,
)
VENDURE = Kind(
    *("vendure", vendure.SimulatedVendure, VendureShop),
    *(vendure.LISTING, "order", vendure.FULFIL),
    usual={"session": "", "refresh_token": ""},
    clocked=False,
    asks=False,
    noted=False,
    remarks=False,
    at_once=False,
)
