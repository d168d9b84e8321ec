"""The kernel's first half: who opens what when, and what could be shown there.

Every choice compares one uniform, keyed by person, day and what is chosen, with a threshold; decisions and terms move
thresholds only. Times are milliseconds of the local day. Nothing here keeps state, so shards run in any order.
"""

import math
from typing import Any, Final

import numpy as np

from guanxi.world.draws import u01
from guanxi.world.jit import compiled

CHANCES: Final = 6  # a person may open so many sessions a day
ASKS: Final = 2  # slates of one session at most
CANDIDATES: Final = 10
SLATE: Final = 5
HOUR_MS: Final = 3_600_000

# Bits of a session's flag.
LOGGED_IN: Final = 1
SIGNED_IN: Final = 2
SIGN_IN_FAILED: Final = 4


@compiled
def logistic(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return 1.0 / (1.0 + math.exp(-x))


@compiled
def lean_on(p: Any, term: Any) -> Any:
    """The probability `p` moved by log-odds; 0 and 1 stay."""
    if term == 0.0 or p <= 0.0 or p >= 1.0:
        return p
    odds = p / (1.0 - p) * math.exp(term)
    return odds / (1.0 + odds)


@compiled
def pick(cdf: Any, first: Any, last: Any, u: Any) -> Any:
    """Index in [first, last) whose share of a running sum holds u of the whole; `cdf[first - 1]` is where it begins."""
    low = cdf[first - 1] if first > 0 else 0.0
    target = low + u * (cdf[last - 1] - low)
    a, b = first, last - 1
    while a < b:
        middle = (a + b) // 2
        if cdf[middle] > target:
            b = middle
        else:
            a = middle + 1
    return a


@compiled
def affinity(taste: Any, item_taste: Any, bonus: Any, dearness: Any, sensitivity: Any, item: Any) -> Any:
    """How much a person likes an item: tastes, what all like in it, and what the price takes away."""
    total = 0.0
    for axis in range(taste.shape[0]):
        total += taste[axis] * item_taste[item, axis]
    return total + bonus[item] - sensitivity * dearness[item]


@compiled
def open_sessions(
    keys: Any, day: Any, low: Any, high: Any, mean: Any, base: Any, told: Any, account_start: Any, weights: Any,
    rhythm: Any, hours: Any, probability: Any, out_person: Any, out_account: Any, out_at: Any, out_slot: Any,
    out_flag: Any,
) -> Any:  # fmt: skip
    """Fill sessions of the people [low, high); return how many.

    keys             uint64: open, account, hour, moment, flag
    mean             (people,) expected sessions today
    base, told       (people,) log-odds of each chance to open, without decisions and by them
    weights          (accounts,) running sum of attention within each person's accounts, weighted for today
    hours            (rhythms, 24) running sums
    probability      signed in before, signs in, fails first
    """
    n = 0
    for person in range(low, high):
        chance = min(0.97, 1.0 - math.exp(-mean[person] / CHANCES))
        p = lean_on(chance, base[person] + told[person])
        first, last = account_start[person], account_start[person + 1]
        if last == first:
            continue
        for slot in range(CHANCES):
            if u01(keys[0], person, day, slot) >= p:
                continue
            account = first
            target = u01(keys[1], person, day, slot) * weights[last - 1]
            while account < last - 1 and weights[account] <= target:
                account += 1
            hour = 0
            at_hour = u01(keys[2], person, day, slot)
            while hour < 23 and hours[rhythm[person], hour] <= at_hour:
                hour += 1
            out_person[n], out_account[n], out_slot[n] = person, account, slot
            # Not the last half hour of the day: what a session holds stays in its day.
            moment = u01(keys[3], person, day, slot)
            out_at[n] = np.int64((hour + moment) * HOUR_MS) if hour < 23 else np.int64((hour + 0.5 * moment) * HOUR_MS)
            flag = 0
            u = u01(keys[4], person, day, slot)
            if u < probability[0]:
                flag = LOGGED_IN
                if u < probability[1] * probability[0]:
                    flag |= SIGNED_IN
                    if u < probability[1] * probability[0] * probability[2]:
                        flag |= SIGN_IN_FAILED
            out_flag[n] = flag
            n += 1
    return n


@compiled
def ask_slates(
    keys: Any, day: Any, low: Any, sessions: Any, s_person: Any, s_at: Any, s_slot: Any, chance: Any, stage: Any,
    category_cdf: Any, item_start: Any, item_cdf: Any, taste: Any, item_taste: Any, bonus: Any, dearness: Any,
    sensitivity: Any, a_session: Any, a_at: Any, a_slot: Any, a_items: Any,
) -> Any:  # fmt: skip
    """Fill the slates that sessions ask for, candidates as the house ranks them, best first; return how many.

    keys     uint64: slate, candidate
    chance   of a first and of a second slate
    taste    (high - low, 16) of this shard's people
    returns  -1 when the arrays are too short
    """
    n = 0
    scores = np.empty(CANDIDATES)
    for s in range(sessions):
        person = s_person[s]
        u = u01(keys[0], person, day, s_slot[s])
        for k in range(ASKS):
            if u >= chance[k]:
                break
            if n >= a_session.shape[0]:
                return -1
            a_session[n], a_slot[n] = s, s_slot[s] * ASKS + k
            a_at[n] = s_at[s] + 4_000 + 420_000 * k
            _candidates(keys[1], day, person, low, a_slot[n], stage, category_cdf, item_start, item_cdf, taste,
                        item_taste, bonus, dearness, sensitivity, a_items[n], scores)  # fmt: skip
            n += 1
    return n


@compiled
def _candidates(
    key: Any, day: Any, person: Any, low: Any, place: Any, stage: Any, category_cdf: Any, item_start: Any,
    item_cdf: Any, taste: Any, item_taste: Any, bonus: Any, dearness: Any, sensitivity: Any, items: Any, scores: Any,
) -> Any:  # fmt: skip
    categories = category_cdf.shape[1]
    count = item_cdf.shape[0]
    for c in range(CANDIDATES):
        slot = place * 2 * CANDIDATES + 2 * c
        category = pick(category_cdf[stage[person]], 0, categories, u01(key, person, day, slot))
        first, last = item_start[category], item_start[category + 1]
        item = pick(item_cdf, first, last, u01(key, person, day, slot + 1)) if last > first else category % count
        fresh = False
        while not fresh:  # each candidate once: the next item when one is there already
            fresh = True
            for other in range(c):
                if items[other] == item:
                    item = (item + 1) % count
                    fresh = False
                    break
        score = affinity(taste[person - low], item_taste, bonus, dearness, sensitivity[person], item)
        place_of = c
        while place_of > 0 and scores[place_of - 1] < score:
            scores[place_of], items[place_of] = scores[place_of - 1], items[place_of - 1]
            place_of -= 1
        scores[place_of], items[place_of] = score, item


@compiled
def house_slates(key: Any, slate: Any, asks: Any, size: Any, epsilon: Any, places: Any, propensity: Any) -> None:
    """Choose as the house does: the best that is left, or with `epsilon` any that is left, place by place.

    slate       (asks,) uint64 keys of the asks; draws are keyed by them
    places      (asks, size) out: ranks of the chosen candidates
    propensity  (asks, size) out: how likely each was, given the places before
    """
    left = np.empty(CANDIDATES, np.int64)
    for n in range(asks):
        for c in range(CANDIDATES):
            left[c] = c
        count = CANDIDATES
        for place in range(size):
            u = u01(key, slate[n], 0, place)
            chosen = 0
            if u < epsilon:
                chosen = min(count - 1, int(u / epsilon * count))
            propensity[n, place] = epsilon / count + (1.0 - epsilon if chosen == 0 else 0.0)
            places[n, place] = left[chosen]
            for c in range(chosen, count - 1):
                left[c] = left[c + 1]
            count -= 1
