"""Orders of events, as a walk over a tree: each event under a savepoint, its followers below it, and back again.

So what two orders begin with happens once. An event that cannot happen then and there has no followers.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field

from django.db import transaction

from tests.support.orders.life import CannotHappenError, Life
from tests.support.orders.proof import Proof, ended

Order = tuple[str, ...]
Pair = tuple[str, str]


@dataclass
class Found:
    """What a walk came by: where each order that can happen ended, and what was wrong with it."""

    ends: dict[Order, dict[str, int]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def unequal(self, dependent: set[frozenset[str]]) -> list[str]:
        """Tell which orders end differently although only events that know nothing of each other changed places."""
        first: dict[frozenset[Pair | str], Order] = {}
        told = []
        for order, end in self.ends.items():
            kept = {pair for pair in pairs(order) if frozenset(pair) in dependent}
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

    def every_pair(self, longest: int) -> set[Pair]:
        """Walk orders of that length until each pair of events was met in each order; give the pairs that were not.

        For each pair that is missing, in the order of the alphabet: the first order known that ends with it, or else
        what leads to its first event and then what leads to its second, made longer by whatever adds most pairs that
        are missing too. Nothing is drawn by chance.
        """
        every = [(a, b) for a in self.events for b in self.events if a != b]
        missing = set(every)
        for pair in every:
            if pair in missing:
                missing -= pairs(self._lengthened(self._start(pair), (), self.beginning, longest, missing))
        return missing

    def _start(self, pair: Pair) -> Order:
        known = [order for order in self.found.ends if order[-1] == pair[1] and pair[0] in order]
        if known:
            return min(known, key=len)
        first, second = (self._shortest(event) for event in pair)
        return (*first, *(event for event in second if event not in first))

    def _shortest(self, event: str) -> Order:
        return min((order for order in self.found.ends if order[-1] == event), key=len)

    def _follow(self, order: Order, life: Life, longest: int) -> None:
        for event in self.events:
            if event in order:
                continue
            with self._happened(order, life, event) as after:
                if after is not None and len(order) + 1 < longest:
                    self._follow((*order, event), after, longest)

    def _lengthened(self, start: Order, order: Order, life: Life, longest: int, missing: set[Pair]) -> Order:
        """Walk to the end of `start` and on; give the order that was walked."""
        if len(order) == longest:
            return order
        for event in [start[len(order)]] if len(order) < len(start) else self._best(order, missing):
            with self._happened(order, life, event) as after:
                if after is not None:
                    return self._lengthened(start, (*order, event), after, longest, missing)
        return order

    def _best(self, order: Order, missing: set[Pair]) -> list[str]:
        left = [event for event in self.events if event not in order]
        return sorted(left, key=lambda event: -sum((before, event) in missing for before in order))

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
        end = self.found.ends[order] = ended(life)
        self.found.wrong += [f"{', '.join(order)}: {name}" for name in self.proof.broken(life, end)]


@contextmanager
def walking(life: Life, events: Sequence[str]) -> Iterator[Walk]:
    """Walk from a beginning, and forget afterwards what the walk has prepared."""
    walk = Walk(life, events)
    try:
        yield walk
    finally:
        walk.proof.close()


def pairs(order: Order) -> set[Pair]:
    """Give each pair of events of an order, the earlier first."""
    return {(before, event) for place, event in enumerate(order) for before in order[:place]}
