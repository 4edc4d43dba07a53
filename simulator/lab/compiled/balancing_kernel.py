"""Balancing (rules/balancing.py, rules/random_balancing.py): the same orders of preference, over linked rows.

An instance is in one tier at a time. Least outstanding has a list for each number of requests in progress; round robin
has one list (number 0). Both link the instances. The random rules use an array, newest first uses a heap.
"""

from __future__ import annotations

import numpy as np

from simulator.lab.compiled.compiled import inlined, kernel
from simulator.lab.compiled.state import (
    FRONT,
    LEAST_OUTSTANDING,
    NEWEST_FIRST,
    NO_TIER,
    NOBODY,
    RESERVE,
    ROUND_ROBIN,
    TWO_CHOICES,
    World,
)


@inlined
def list_at(w: World, tier: int, number: int) -> int:
    """Return the index of the list's own entry in `befores` and `afters`."""
    return tier * (lists_before(w) >> 1) + number


@inlined
def lists_before(w: World) -> int:
    """Return the number of list entries, which precede those of the instances."""
    return w.befores.shape[0] - w.instances.shape[0]


@inlined
def append(w: World, tier: int, number: int, row: int) -> None:
    """Append the instance to a list: insert it before the list's own entry."""
    place, end = lists_before(w) + row, list_at(w, tier, number)
    last = w.befores[end]
    w.befores[place], w.afters[place] = last, end
    w.afters[last] = w.befores[end] = place


@inlined
def unlink(w: World, row: int) -> None:
    """Remove the instance from the list that contains it."""
    place = lists_before(w) + row
    before, after = w.befores[place], w.afters[place]
    w.afters[before], w.befores[after] = after, before


@inlined
def first_in(w: World, tier: int, number: int) -> int:
    own = list_at(w, tier, number)
    first = w.afters[own]
    row: int = NOBODY if first == own else np.uint32(first - lists_before(w))  # type: ignore[assignment]
    return row


@kernel
def join_round(w: World, tier: int, row: int) -> None:
    instance = w.instances[row]
    if instance.outstanding >= w.pool[0].capacity:
        if instance.linked:
            instance.linked = 0
            unlink(w, row)
    elif not instance.linked:
        instance.linked = 1
        append(w, tier, 0, row)


@kernel
def strike(w: World, tier: int, row: int) -> None:
    """Remove an entry from the array of instances with a free slot; the last entry moves to its index."""
    instance = w.instances[row]
    at = instance.free_at
    if at == NOBODY:
        return
    instance.free_at = NOBODY
    count = w.tiers[tier].free - 1
    w.tiers[tier].free = count
    last = w.free[tier, count]
    if last != row:
        w.free[tier, at] = last
        w.instances[last].free_at = at


@kernel
def sort_in(w: World, tier: int, row: int) -> None:
    instance = w.instances[row]
    if instance.outstanding >= w.pool[0].capacity:
        strike(w, tier, row)
    elif instance.free_at == NOBODY:
        count = w.tiers[tier].free
        instance.free_at = count
        w.free[tier, count] = row
        w.tiers[tier].free = count + 1


@kernel
def list_newest(w: World, tier: int, row: int) -> None:
    """Push the instance on the heap of instances that may have a free slot, at most once."""
    if w.instances[row].outstanding >= w.pool[0].capacity or w.listed[tier, row]:
        return
    w.listed[tier, row] = 1
    heap = w.newest[tier]
    number = w.instances[row].number
    at = w.tiers[tier].heap
    w.tiers[tier].heap = at + 1
    while at > 0:
        above = (at - 1) >> 1
        if w.instances[heap[above]].number > number:
            break
        heap[at] = heap[above]
        at = above
    heap[at] = row


@kernel
def unlist_newest(w: World, tier: int) -> None:
    """Pop the top of the heap."""
    heap = w.newest[tier]
    w.listed[tier, heap[0]] = 0
    count = w.tiers[tier].heap - 1
    w.tiers[tier].heap = count
    if count == 0:
        return
    last = heap[count]
    number = w.instances[last].number
    at = 0
    while True:
        below = 2 * at + 1
        if below >= count:
            break
        if below + 1 < count and w.instances[heap[below + 1]].number > w.instances[heap[below]].number:
            below += 1
        if number > w.instances[heap[below]].number:
            break
        heap[at] = heap[below]
        at = below
    heap[at] = last


@kernel
def add_place(w: World, tier: int, row: int) -> None:
    p = w.pool[0]
    instance = w.instances[row]
    instance.tier = tier
    p.added += 1
    instance.added = p.added
    if p.balancing == LEAST_OUTSTANDING:
        append(w, tier, instance.outstanding, row)
        w.tiers[tier].lowest = min(w.tiers[tier].lowest, instance.outstanding)
    else:
        note_free(w, tier, row)


@kernel
def note_free(w: World, tier: int, row: int) -> None:
    """Record that the instance's number of requests has changed. Least outstanding does not call this."""
    balancing = w.pool[0].balancing
    if balancing == ROUND_ROBIN:
        join_round(w, tier, row)
    elif balancing == NEWEST_FIRST:
        list_newest(w, tier, row)
    else:
        sort_in(w, tier, row)


@kernel
def discard_place(w: World, row: int) -> None:
    balancing = w.pool[0].balancing
    instance = w.instances[row]
    tier = instance.tier
    if tier == NO_TIER:
        return
    instance.tier = NO_TIER
    if balancing == LEAST_OUTSTANDING:
        unlink(w, row)
    elif balancing == ROUND_ROBIN:
        if instance.linked:
            instance.linked = 0
            unlink(w, row)
    elif balancing != NEWEST_FIRST:
        strike(w, tier, row)


@inlined
def take_least(w: World, tier: int) -> int:
    capacity = w.pool[0].capacity
    count = w.tiers[tier].lowest
    row = NOBODY
    while count < capacity:
        row = first_in(w, tier, count)
        if row != NOBODY:
            break
        count += 1
    w.tiers[tier].lowest = count
    if row == NOBODY:
        return NOBODY
    unlink(w, row)
    w.instances[row].outstanding = count + 1
    append(w, tier, count + 1, row)
    return row


@kernel
def take_newest(w: World, tier: int) -> int:
    capacity = w.pool[0].capacity
    while w.tiers[tier].heap > 0:
        row: int = w.newest[tier, 0]
        instance = w.instances[row]
        if instance.tier == tier and instance.outstanding < capacity:
            instance.outstanding += 1
            return row
        unlist_newest(w, tier)
    return NOBODY


@kernel
def take_in_turn(w: World, tier: int) -> int:
    row = first_in(w, tier, 0)
    if row == NOBODY:
        return NOBODY
    w.instances[row].linked = 0
    unlink(w, row)
    w.instances[row].outstanding += 1
    join_round(w, tier, row)
    return row


@kernel
def draw_lot(w: World) -> float:
    p = w.pool[0]
    lot: float = w.lots[p.lot]
    p.lot += 1
    return lot


@kernel
def take_by_lot(w: World, tier: int) -> int:
    count = w.tiers[tier].free
    if count == 0:
        return NOBODY
    free = w.free[tier]
    row: int = free[int(draw_lot(w) * count)]
    if w.pool[0].balancing == TWO_CHOICES and count > 1:
        second = int(draw_lot(w) * (count - 1))
        if second >= w.instances[row].free_at:
            second += 1
        other = free[second]
        if w.instances[other].outstanding < w.instances[row].outstanding:
            row = other
    instance = w.instances[row]
    instance.outstanding += 1
    if instance.outstanding >= w.pool[0].capacity:
        strike(w, tier, row)
    return row


@inlined
def take_of(w: World, tier: int) -> int:
    balancing = w.pool[0].balancing
    if balancing == LEAST_OUTSTANDING:
        return take_least(w, tier)
    if balancing == ROUND_ROBIN:
        return take_in_turn(w, tier)
    if balancing == NEWEST_FIRST:
        return take_newest(w, tier)
    return take_by_lot(w, tier)


@inlined
def take(w: World) -> int:
    """Take a slot of the preferred instance, in the reserve tier if the front tier is full; NOBODY if none is free."""
    row = take_of(w, FRONT)
    return row if row != NOBODY else take_of(w, RESERVE)


@inlined
def free_slot(w: World, row: int) -> None:
    """Record that one slot of an instance in service has become free."""
    instance = w.instances[row]
    tier = instance.tier
    if w.pool[0].balancing == LEAST_OUTSTANDING:
        count = instance.outstanding
        unlink(w, row)
        instance.outstanding = count - 1
        append(w, tier, count - 1, row)
        w.tiers[tier].lowest = min(w.tiers[tier].lowest, count - 1)
    else:
        instance.outstanding -= 1
        note_free(w, tier, row)
