"""Labels: the classic ones by age, sex, region and work, read from what people stated."""

from guanxi.traits.labels.regions import CITIES, REGIONS, TIERS, city_of, province_of, region_of, tier_of
from guanxi.traits.labels.rows import LABELS, STATED, Label, find_label, label_columns, label_words
from guanxi.traits.labels.values import UNKNOWN, age_of, age_order, age_words, job_of, sex_of

__all__ = [
    "CITIES",
    "LABELS",
    "REGIONS",
    "STATED",
    "TIERS",
    "UNKNOWN",
    "Label",
    "age_of",
    "age_order",
    "age_words",
    "city_of",
    "find_label",
    "job_of",
    "label_columns",
    "label_words",
    "province_of",
    "region_of",
    "sex_of",
    "tier_of",
]
