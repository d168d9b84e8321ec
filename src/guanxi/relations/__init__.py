"""Relations: ties between parties, derived from events by declared rows."""

from guanxi.relations.derive import EVIDENCE_KEPT, derive, extend, resolved
from guanxi.relations.parts import Part
from guanxi.relations.rules import FAMILIES, PLATFORM, Family, TieRule, read_rules, shipped_rules
from guanxi.relations.stated import RELATION_STATED
from guanxi.relations.ties import STATED, TIE_COLUMNS, Direction, Ties

__all__ = [
    "EVIDENCE_KEPT",
    "FAMILIES",
    "PLATFORM",
    "RELATION_STATED",
    "STATED",
    "TIE_COLUMNS",
    "Direction",
    "Family",
    "Part",
    "TieRule",
    "Ties",
    "derive",
    "extend",
    "read_rules",
    "resolved",
    "shipped_rules",
]
