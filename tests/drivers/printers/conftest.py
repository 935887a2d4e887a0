import pytest

from core.ports import LabelFacts, Receiver, Sender, SlipFacts, SlipLine

SENDER = Sender(
    name="云栖优选仓",
    phone="0571-88886666",
    province="浙江省",
    city="杭州市",
    district="余杭区",
    address="仓前街道文一西路969号3号库",
)
RECEIVER = Receiver(
    name="欧阳明珠",
    phone="138****5678",
    province="广东省",
    city="深圳市",
    district="南山区",
    address="粤海街道深南大道9988号28楼2803室",
)


@pytest.fixture
def label() -> LabelFacts:
    return LabelFacts(
        waybill="78412345678901",
        carrier="zto",
        number="DB20260120001",
        routing_mark="广州-天河 021",
        sender=SENDER,
        receiver=RECEIVER,
        goods=("TS-001 · 白色 XL ×2", "MUG-07 · 樱花粉 350ml ×1"),
        pieces=1,
        weight_g=1250,
        note="请不要红色包装",
        printed_at=1_769_000_000_000,
    )


@pytest.fixture
def slip() -> SlipFacts:
    return SlipFacts(
        number="DB20260120001",
        shop="云栖旗舰店",
        platform_numbers=("2345678901234567890",),
        warehouse="杭州总仓",
        tier="standard",
        ship_by=None,
        buyer_note="",
        seller_note="",
        receiver=RECEIVER,
        lines=(
            SlipLine(sku="TS-001", title="纯棉T恤", spec="白色 / XL", quantity=2, bin="A-03-12"),
            SlipLine(sku="GIFT-1", title="贴纸", spec="", quantity=1, gift=True),
        ),
        qr="DB20260120001;TS-001*2;GIFT-1*1",
        issued_at=1_769_000_000_000,
    )
