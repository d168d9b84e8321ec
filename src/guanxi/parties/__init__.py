"""Parties: what can stand in a relation, and which references name the same one."""

from guanxi.parties.evidence import EVIDENCE, SHARED, EvidenceRow, SameAs, SharedRow, Side, Strength, same_as
from guanxi.parties.platforms import PLATFORM_ID, PLATFORMS, Platform, platforms
from guanxi.parties.resolution import RESOLVED, Change, Resolution
from guanxi.parties.types import (
    MASKED,
    ROLE_TYPES,
    TYPES,
    PartyType,
    default_type,
    is_masked,
    may_be_one,
    party_type,
    rank,
)
from guanxi.parties.view import EVIDENCE_SHOWN, PartyView, party_view

__all__ = [
    "EVIDENCE",
    "EVIDENCE_SHOWN",
    "MASKED",
    "PLATFORMS",
    "PLATFORM_ID",
    "RESOLVED",
    "ROLE_TYPES",
    "SHARED",
    "TYPES",
    "Change",
    "EvidenceRow",
    "PartyType",
    "PartyView",
    "Platform",
    "Resolution",
    "SameAs",
    "SharedRow",
    "Side",
    "Strength",
    "default_type",
    "is_masked",
    "may_be_one",
    "party_type",
    "party_view",
    "platforms",
    "rank",
    "same_as",
]
