"""Traits: named functions of events, with unit, window and privacy class; metrics are their sums over people."""

from guanxi.traits.batch import Batch
from guanxi.traits.clause_sql import CLOCK
from guanxi.traits.clause_words import clause_words
from guanxi.traits.family import traits
from guanxi.traits.fields import column_of
from guanxi.traits.intake import Intake
from guanxi.traits.ladder import Ladder, Standing, ladder_of, ladder_of_names
from guanxi.traits.measure import Measure, measures
from guanxi.traits.own import TraitCatalogue, read_own, read_rows, shipped_traits
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
    scale_of,
)
from guanxi.traits.words import TOPICS, name_code, sentence

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
    "Ladder",
    "Measure",
    "PartyRole",
    "Privacy",
    "Standing",
    "Trait",
    "TraitCatalogue",
    "TraitQuery",
    "Use",
    "check",
    "clause_words",
    "column_of",
    "ladder_of",
    "ladder_of_names",
    "length_ms",
    "measures",
    "midnight_before",
    "name_code",
    "neighbour_means",
    "neighbours",
    "own_trait",
    "prepared_frame",
    "prepared_query",
    "read_own",
    "read_rows",
    "scale_of",
    "sentence",
    "shipped_traits",
    "tie_roles",
    "trait_queries",
    "traits",
]
