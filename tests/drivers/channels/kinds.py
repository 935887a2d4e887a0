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
    name="taobao",
    server=shop.SimulatedTaobao,
    shop=TaobaoShop,
    listing=shop.LISTING,
    detail=shop.DETAIL,
    ship=shop.SHIPPING[0],
)
JD = Kind(
    name="jd",
    server=jd.SimulatedJd,
    shop=JdShop,
    listing=jd.LISTING,
    detail=jd.DETAIL,
    ship=jd.SHIP,
    refuses_again="10400001",
)
PDD = Kind(
    name="pdd",
    server=pdd.SimulatedPdd,
    shop=PddShop,
    listing=pdd.LISTING,
    detail=pdd.DETAIL,
    ship=pdd.SHIP,
    refuses_again="30002",
)
KTT = Kind(
    name="ktt",
    server=ktt.SimulatedKtt,
    shop=KttShop,
    listing=ktt.LISTING,
    detail=ktt.DETAIL,
    ship=ktt.SHIP,
)
DOUYIN = Kind(
    name="douyin",
    server=douyin.SimulatedDouyin,
    shop=DouyinShop,
    listing=douyin.LISTING,
    detail=douyin.DETAIL,
    ship=douyin.SHIP,
)
WECHAT = Kind(
    name="wechat",
    server=wechat.SimulatedWechat,
    shop=WechatShop,
    usual={"session": "", "refresh_token": ""},
    listing=wechat.LISTING,
    detail=wechat.DETAIL,
    ship=wechat.SHIP,
    clocked=False,
)
KUAISHOU = Kind(
    name="kuaishou",
    server=kuaishou.SimulatedKuaishou,
    shop=KuaishouShop,
    usual={"app_secret": "secret:sign", "carriers": {"zto": "1", "sf": "4"}},
    listing=kuaishou.LISTING,
    detail=kuaishou.DETAIL,
    ship=kuaishou.SHIP,
    single=True,
)
SHOPIFY = Kind(
    name="shopify",
    server=shopify.SimulatedShopify,
    shop=ShopifyShop,
    usual={"refresh_token": ""},
    listing=shopify.LISTING,
    detail=shopify.DETAIL,
    ship=shopify.SHIP,
    clocked=False,
    asks=False,
    noted=False,
    waits=True,
)
WOO = Kind(
    name="woocommerce",
    server=woocommerce.SimulatedWoo,
    shop=WooShop,
    usual={"session": "", "refresh_token": ""},
    listing=woocommerce.LISTING,
    detail=woocommerce.DETAIL,
    ship=woocommerce.NOTE,
    renews=False,
    clocked=False,
    asks=False,
    noted=False,
    at_once=False,
)
VENDURE = Kind(
    name="vendure",
    server=vendure.SimulatedVendure,
    shop=VendureShop,
    usual={"session": "", "refresh_token": ""},
    listing=vendure.LISTING,
    detail="order",
    ship=vendure.FULFIL,
    clocked=False,
    asks=False,
    noted=False,
    remarks=False,
    at_once=False,
)
