"""The kernel's second half: what is viewed, liked, put in the cart and ordered of what was shown or searched for."""

import math
from typing import Any, Final

from guanxi.world.draws import u01
from guanxi.world.jit import compiled
from guanxi.world.kernel import LOGGED_IN, SLATE, affinity, lean_on, logistic, pick

FOUND: Final = 2  # items viewed of a search at most
PURCHASES: Final = 5  # slots of planned purchases a person holds
TABLE: Final = 256  # bins of the hazard table
REACH: Final = 8.0  # ages of the hazard table, in mean gaps

# Bits of a view's flag.
REACTED: Final = 1
CARTED: Final = 2
ORDERED: Final = 4


@compiled
def view_slates(
    keys: Any, day: Any, low: Any, asks: Any, a_session: Any, a_at: Any, chosen: Any, s_person: Any,
    s_flag: Any, taste: Any, item_taste: Any, bonus: Any, dearness: Any, sensitivity: Any, base: Any,
    person_terms: Any, item_terms: Any, patience: Any, v_ask: Any, v_place: Any, v_item: Any, v_at: Any, v_dwell: Any,
    v_flag: Any,
) -> Any:  # fmt: skip
    """Fill the views of slates; return how many, -1 when the arrays are too short.

    keys           uint64: view, react, cart, order, dwell
    chosen         (asks, SLATE) items, -1: no item in that place
    base           log-odds: view, react, cart, order
    person_terms   (4, people); item_terms (4, items): log-odds on the same four choices, categories already in
    """
    n = 0
    for ask in range(asks):
        session = a_session[ask]
        person = s_person[session]
        at = a_at[ask]
        for place in range(SLATE):
            item = chosen[ask, place]
            if item < 0:
                continue
            like = affinity(taste[person - low], item_taste, bonus, dearness, sensitivity[person], item)
            x = base[0] + 0.5 * like - 0.12 * place + person_terms[0, person] + item_terms[0, item]
            # The shock belongs to the option: a changed slate keeps every item's own.
            slot = item
            if u01(keys[0], person, day, slot) >= logistic(x):
                continue
            if n >= v_ask.shape[0]:
                return -1
            dwell = -math.log1p(-u01(keys[4], person, day, slot)) * (6.0 + 20.0 * patience[person])
            v_ask[n], v_place[n], v_item[n] = ask, place, item
            v_at[n] = at + 3_000 + 70_000 * place
            v_dwell[n] = min(max(dwell, 0.3), 600.0)
            v_flag[n] = _acts(keys, day, person, item, slot, like, base, person_terms, item_terms,
                              s_flag[session] & LOGGED_IN)  # fmt: skip
            n += 1
    return n


@compiled
def _acts(
    keys: Any, day: Any, person: Any, item: Any, slot: Any, like: Any, base: Any, person_terms: Any, item_terms: Any,
    logged_in: Any,
) -> Any:  # fmt: skip
    flag = 0
    x = base[1] + 0.3 * like + person_terms[1, person] + item_terms[1, item]
    if u01(keys[1], person, day, slot) < logistic(x):
        flag |= REACTED
    x = base[2] + 0.5 * like + person_terms[2, person] + item_terms[2, item]
    if u01(keys[2], person, day, slot) < logistic(x):
        flag |= CARTED
    x = base[3] + 0.6 * like + person_terms[3, person] + item_terms[3, item]
    if logged_in and u01(keys[3], person, day, slot) < logistic(x):
        flag |= ORDERED | CARTED
    return flag


@compiled
def search(
    keys: Any, day: Any, sessions: Any, s_person: Any, s_at: Any, s_slot: Any, chance: Any, person_terms: Any,
    stage: Any, category_cdf: Any, item_start: Any, item_cdf: Any, q_session: Any, q_category: Any, q_at: Any,
    q_item: Any, q_dwell: Any,
) -> Any:  # fmt: skip
    """Fill the searches of sessions and the items viewed of each (-1: none); return how many.

    keys   uint64: search, what, found, dwell
    """
    n = 0
    categories = category_cdf.shape[1]
    for s in range(sessions):
        person, slot = s_person[s], s_slot[s]
        if u01(keys[0], person, day, slot) >= lean_on(chance, person_terms[person]):
            continue
        if n >= q_session.shape[0]:
            return -1
        kind = pick(category_cdf[stage[person]], 0, categories, u01(keys[1], person, day, slot))
        q_session[n], q_category[n] = s, kind
        q_at[n] = s_at[s] + 1_000_000
        for found in range(FOUND):
            where = slot * FOUND + found
            first, last = item_start[kind], item_start[kind + 1]
            u = u01(keys[2], person, day, where)
            q_item[n, found] = -1
            if last > first and u < 0.8:
                q_item[n, found] = pick(item_cdf, first, last, u / 0.8)
            q_dwell[n, found] = min(max(-18.0 * math.log1p(-u01(keys[3], person, day, where)), 0.3), 600.0)
        n += 1
    return n


@compiled
def plan_purchases(
    keys: Any, day: Any, low: Any, high: Any, rate: Any, mean_rate: Any, category: Any, share: Any, last: Any,
    alive: Any, hazard: Any, traffic: Any, base: Any, told: Any, by_category: Any, cell_start: Any,
    cell_category: Any, cell_value: Any,
    skip: Any, leave: Any, by_day: Any, d_person: Any, d_slot: Any, d_skipped: Any, expected: Any,
) -> Any:  # fmt: skip
    """Decide which planned purchases come today; return how many, -1 when the arrays are too short.

    keys         uint64: buy, skip, leave
    rate         (people,) of all planned purchases, relative to the mean; mean_rate: a day
    share        (high - low, PURCHASES) of the slots in it, sums to 1; category, last (day of it): of all
    alive        (people,) in and out: 0 has left for good
    hazard       (TABLE,) of a gap over its mean age
    base, told   (people,) log-odds without decisions and by them
    by_category  (categories,) log-odds
    leave        (high - low,) chance to leave, per purchase, or per day when `by_day`
    expected     (2, people) out: expected purchases today with and without what was told
    """
    n = 0
    for person in range(low, high):
        expected[0, person] = expected[1, person] = 0.0
        if not alive[person]:
            continue
        left = False
        if by_day and u01(keys[2], person, day, PURCHASES) < leave[person - low]:
            alive[person] = 0
            continue
        for slot in range(PURCHASES):
            gap = 1.0 / (rate[person] * mean_rate * share[person - low, slot])
            age = (day - last[person, slot]) / gap
            bin_ = min(TABLE - 1, int(age * (TABLE / REACH)))
            chance = 1.0 - math.exp(-hazard[bin_] / gap * traffic)
            pressure = base[person] + by_category[category[person, slot]]
            if cell_start.shape[0] > 1:
                for cell in range(cell_start[person], cell_start[person + 1]):
                    if cell_category[cell] == category[person, slot]:
                        pressure += cell_value[cell]
            calm = lean_on(chance, pressure)
            moved = lean_on(chance, pressure + told[person])
            expected[0, person] += moved * (1.0 - skip)
            expected[1, person] += calm * (1.0 - skip)
            if u01(keys[0], person, day, slot) >= moved:
                continue
            if n >= d_person.shape[0]:
                return -1
            d_person[n], d_slot[n] = person, slot
            d_skipped[n] = u01(keys[1], person, day, slot) < skip
            if not d_skipped[n] and not by_day and u01(keys[2], person, day, slot) < leave[person - low]:
                left = True
            n += 1
        if left:
            alive[person] = 0
    return n
