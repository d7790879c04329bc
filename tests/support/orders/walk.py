"""Orders of events, as a walk over a tree: each event under a savepoint, its followers below it, and back again.

So what two orders begin with happens once. An event that cannot happen then and there has no followers.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from itertools import pairwise, permutations

from django.db import transaction

from tests.support.orders.alphabet import DEPENDENT, DEPENDENT_ONCE_UNDONE, Pair
from tests.support.orders.life import CannotHappenError, Life
from tests.support.orders.proof import Proof

Order = tuple[str, ...]


@dataclass
class Found:
    """What a walk came by: where each order that can happen ended, and what was wrong with it."""

    ends: dict[Order, dict[str, int]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def unmet(self, events: Sequence[str]) -> set[Pair]:
        """Give each event with each that never came right after it."""
        return set(permutations(events, 2)) - {pair for order in self.ends for pair in pairwise(order)}

    def unequal(self) -> list[str]:
        """Tell which orders end differently although only events that know nothing of each other changed places."""
        first: dict[frozenset[Pair | str], Order] = {}
        told = []
        for order, end in self.ends.items():
            kept = {pair for pair in pairs(order) if frozenset(pair) in dependent(order)}
            other = first.setdefault(frozenset({*order, *kept}), order)
            apart = {
                name: (self.ends[other].get(name, 0), end[name])
                for name in end
                if end[name] != self.ends[other].get(name, 0)
            }
            told += [f"{', '.join(other)} | {', '.join(order)}: {apart}"] if apart else []
        return told


class Walk:
    """Lets lives take their course from one beginning."""

    def __init__(self, life: Life, events: Sequence[str]) -> None:
        self.beginning = life
        self.events = events
        self.found = Found()
        self.proof = Proof()

    def all_orders(self, longest: int) -> None:
        """Walk every order up to so many long."""
        self._follow((), self.beginning, longest)

    def orders(self, orders: Iterable[Order]) -> None:
        """Walk some orders, each as far as it can happen."""
        self._along((), self.beginning, orders)

    def drawn(self, longest: int, chance: random.Random) -> None:
        """Walk one order of that length, drawn by chance from what can happen."""
        self._draw((), self.beginning, longest, chance)

    def _left(self, order: Order) -> list[str]:
        return [event for event in self.events if event not in order]

    def _follow(self, order: Order, life: Life, longest: int) -> None:
        for event in self._left(order):
            with self._happened(order, life, event) as after:
                if after is not None and len(order) + 1 < longest:
                    self._follow((*order, event), after, longest)

    def _along(self, order: Order, life: Life, ways: Iterable[Order]) -> None:
        followers: dict[str, list[Order]] = {}
        for event, *rest in filter(None, ways):
            followers.setdefault(event, []).append(tuple(rest))
        for event, further in followers.items():
            with self._happened(order, life, event) as after:
                if after is not None:
                    self._along((*order, event), after, further)

    def _draw(self, order: Order, life: Life, longest: int, chance: random.Random) -> None:
        if len(order) == longest:
            return
        left = self._left(order)
        for event in chance.sample(left, len(left)):
            with self._happened(order, life, event) as after:
                if after is not None:
                    self._draw((*order, event), after, longest, chance)
                    return

    @contextmanager
    def _happened(self, order: Order, life: Life, event: str) -> Iterator[Life | None]:
        """Let an event happen and prove the books; None when it cannot happen. Afterwards nothing has."""
        after = copy(life)
        # A bare savepoint: operations that must be outermost still are.
        here = transaction.savepoint()
        try:
            after.happens(event)
        except CannotHappenError:
            yield None
        else:
            self._prove((*order, event), after)
            yield after
        finally:
            transaction.savepoint_rollback(here)

    def _prove(self, order: Order, life: Life) -> None:
        if order in self.found.ends:
            return
        end = self.found.ends[order] = self.proof.ended(life)
        self.found.wrong += [f"{', '.join(order)}: {name}" for name in self.proof.broken(life, end)]


@contextmanager
def walking(life: Life, events: Sequence[str]) -> Iterator[Walk]:
    """Walk from a beginning, and forget afterwards what the walk has prepared."""
    walk = Walk(life, events)
    try:
        yield walk
    finally:
        walk.proof.close()


def dependent(order: Order) -> set[frozenset[str]]:
    """Give the events of an order that may not change places with each other."""
    return DEPENDENT | (DEPENDENT_ONCE_UNDONE if "run undone" in order else set())


def pairs(order: Order) -> set[Pair]:
    """Give each pair of events of an order, the earlier first."""
    return {(before, event) for place, event in enumerate(order) for before in order[:place]}
