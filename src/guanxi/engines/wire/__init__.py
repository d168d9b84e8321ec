"""The wire: what stock SDKs send, read into raw events; pure, no sockets here."""

from typing import Final

from guanxi.engines.wire.growingio import GrowingIO
from guanxi.engines.wire.posthog import PostHog
from guanxi.engines.wire.request import Adapter, Errors, Malformed, WireAnswer, WireBatch, WireRequest
from guanxi.engines.wire.segment import Segment
from guanxi.engines.wire.sensors import Sensors
from guanxi.engines.wire.thinkingdata import ThinkingData

#: Every family of SDKs that can be pointed at Guanxi; their paths do not overlap.
ADAPTERS: Final[tuple[Adapter, ...]] = (Segment(), PostHog(), Sensors(), ThinkingData(), GrowingIO())

__all__ = [
    "ADAPTERS",
    "Adapter",
    "Errors",
    "Malformed",
    "WireAnswer",
    "WireBatch",
    "WireRequest",
]
