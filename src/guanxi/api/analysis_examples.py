"""Example answers of the routes about people and their paths, shown in the OpenAPI document."""

from typing import Any, Final

Example = dict[str, Any]

_SPAN: Final[Example] = {"start_ms": 1_767_196_800_000, "end_ms": 1_767_801_600_000, "partial": False}
_BIN: Final[Example] = {"low": 1.0, "high": 2.0, "people": 640}
LINE: Final[Example] = {
    "ref": "account:app:u-0001", "name": "王*芳", "platforms": ["app", "douyin"], "city": "苏州", "orders": 3,
    "amount": 59_700, "last_order_ms": 1_767_323_045_678, "recency_days": 5, "r": 5, "f": 4, "m": 4,
    "segment": "key_value", "segment_zh": "重要价值客户", "segment_en": "Key: value",
    "first_seen_ms": 1_767_225_600_000,
}  # fmt: skip
PEOPLE: Final[Example] = {
    "known": 42, "total": 1, "page": 1, "size": 50, "rows": [LINE], "currency": "CNY", "took_ms": 12.3,
    "states": {"single": 1, "merged": 0, "masked": 0},
}  # fmt: skip
RFM: Final[Example] = {
    "known": 42, "cut_off_ms": 1_767_801_600_000, "window": _SPAN, "variant": "quantile", "buyers": 1000,
    "cuts_recency": [7, 20, 45, 120], "cuts_frequency": [2, 2, 3, 6], "cuts_monetary": [5_001, 12_001, 30_001, 80_001],
    "cells": [{"recency": 5, "frequency": 5, "people": 80, "amount": 9_870_000}],
    "segments": [{
        "id": "key_value", "zh": "重要价值客户", "en": "Key: value", "people": 210, "share": 0.21, "amount": 15_000_000,
        "rule_zh": "R 分高于平均分，F 分高于平均分，M 分高于平均分（最近买过、买得勤、花得多）",
        "rule_en": "R above the mean, F above the mean, M above the mean (bought lately, buys often, spends much)",
        "recency_days": 6.0, "frequency": 5.0, "monetary": 60_000.0,
    }],
    "currency": "CNY", "took_ms": 40.1, "split": "mean", "naming": "classic",
}  # fmt: skip
LABELS: Final[Example] = {
    "known": 42, "segment": "", "people": 1000, "withheld": 12, "currency": "CNY", "took_ms": 18.4,
    "labels": [{
        "id": "age", "zh": "年龄", "en": "Age", "definition_zh": "资料里最近一次填写的年龄段。",
        "definition_en": "The band of age that a profile stated last.", "told": 610, "unknown": 378, "rest": 0,
        "values": [{
            "value": "25-34", "zh": "25-34 岁", "en": "25-34", "people": 244, "share": 0.4, "buyers": 130,
            "amount": 2_470_000,
        }],
    }],
}  # fmt: skip
REPEAT: Final[Example] = {
    "known": 42, "window": _SPAN, "buyers": 1000, "again": 320, "gaps": 2100, "gap_p10_days": 2.0,
    "points": [{"days": 30, "share": 0.24, "at_risk": 700}],
    "gap_median_days": 21.5, "gap_p90_days": 90.0, "took_ms": 30.2,
}  # fmt: skip
TREND: Final[Example] = {
    "known": 42, "window": _SPAN, "kind": "Order Completed", "measure": "events", "by": "platform", "took_ms": 8.0,
    "series": [["app", [{"start_ms": 1_767_196_800_000, "value": 120.0, "partial": False}]]],
}  # fmt: skip
FUNNEL: Final[Example] = {
    "known": 42, "window": _SPAN, "within_ms": 604_800_000, "by": "", "took_ms": 60.0,
    "groups": [["", [{
        "kind": "Product Viewed", "zh": "浏览商品", "people": 1200, "of_previous": None, "of_first": 1.0,
        "median_ms": None,
    }]]],
}  # fmt: skip
COHORTS: Final[Example] = {
    "known": 42, "start": "Order Completed", "back": "Order Completed", "period": "week", "window": _SPAN,
    "rows": [{"start_ms": 1_767_196_800_000, "people": 300, "kept": [300, 60, None]}], "overall": [1.0, 0.2, None],
    "took_ms": 25.0,
}  # fmt: skip
LTV: Final[Example] = {
    "known": 42, "period": "month", "window": _SPAN, "overall": [9_900.0, 12_000.5], "currency": "CNY", "took_ms": 33.0,
    "rows": [{"start_ms": 1_767_196_800_000, "people": 300, "amount": [9_900.0, 12_000.5]}],
}  # fmt: skip
PATHS: Final[Example] = {
    "known": 42, "window": _SPAN, "start": "Product Viewed", "backwards": False, "sessions": 900, "took_ms": 90.0,
    "links": [{"place": 0, "source": "Product Viewed", "target": "Product Added", "sessions": 210}],
    "names": {"Product Viewed": "浏览商品", "Product Added": "加入购物车"},
}  # fmt: skip
DISTRIBUTION: Final[Example] = {
    "known": 42, "window": _SPAN, "of": "Order Completed", "unit": "count", "people": 1000, "mean": 2.1, "median": 1.0,
    "p90": 5.0, "bins": [_BIN], "took_ms": 9.0,
}  # fmt: skip
INTERVALS: Final[Example] = {
    "known": 42, "window": _SPAN, "start": "Order Completed", "back": "Order Completed", "pairs": 1100,
    "median_days": 21.5, "p10_days": 2.0, "p90_days": 90.0, "bins": [_BIN], "took_ms": 12.0,
}  # fmt: skip
