"""Sales channels: each connector tells the truth of one shop on one platform, in core's words.

A connector lists changes, reads orders and reports waybills. It never decides what happens to an
order, never keeps one, and never maps a platform's status: that is core's, by
``data/channels/*.toml``. One file per platform; ``calls`` is the way all of them use HTTP.
"""

from drivers.channels.taobao import TaobaoShop

__all__ = ["TaobaoShop"]
