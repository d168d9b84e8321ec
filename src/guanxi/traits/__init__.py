"""Traits: named functions of events, with unit, window and privacy class; metrics are their sums over people."""

from guanxi.traits.batch import Batch
from guanxi.traits.clause_sql import CLOCK
from guanxi.traits.family import traits
from guanxi.traits.fields import column_of
from guanxi.traits.intake import Intake
from guanxi.traits.measure import Measure, measures
from guanxi.traits.sql import TraitQuery, trait_queries
from guanxi.traits.sql_prepared import prepared_frame, prepared_query
from guanxi.traits.ties import SHARED_MS, midnight_before, neighbour_means, neighbours, own_trait, tie_roles
from guanxi.traits.trait import (
    LIFE,
    MEMORY_MS,
    OF_CODE,
    OF_VALUE,
    PARTIES,
    Aggregate,
    PartyRole,
    Privacy,
    Trait,
    Use,
    check,
    length_ms,
)
from guanxi.traits.words import TOPICS

__all__ = [
    "CLOCK",
    "LIFE",
    "MEMORY_MS",
    "OF_CODE",
    "OF_VALUE",
    "PARTIES",
    "SHARED_MS",
    "TOPICS",
    "Aggregate",
    "Batch",
    "Intake",
    "Measure",
    "PartyRole",
    "Privacy",
    "Trait",
    "TraitQuery",
    "Use",
    "check",
    "column_of",
    "length_ms",
    "measures",
    "midnight_before",
    "neighbour_means",
    "neighbours",
    "own_trait",
    "prepared_frame",
    "prepared_query",
    "tie_roles",
    "trait_queries",
    "traits",
]
