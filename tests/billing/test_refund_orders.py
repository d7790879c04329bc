"""Purchases, runs, refunds, disputes and what comes between, in every order up to three long: clean books, and equal
ones where order should not matter.
"""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from itertools import permutations
from typing import Final

import pytest
from django.db import transaction

from accounts.models import Customer
from billing.models import Dispute, Refund
from billing.operations import posting
from marketplace.models import Agent
from tests.support import checkout
from tests.support import runs as agent_runs
from tests.support.disputing import disputed_unseen
from tests.support.runs import MONDAY
from wallets import books, chart, queries
from wallets.calls import InsufficientCreditsError
from wallets.models import Wallet

pytestmark = pytest.mark.django_db
EVENTS: Final = ("top-up", "spend", "refund half", "refund rest", "refund fails", "posting")
# A payment that is disputed is not refunded: Stripe refuses. What is asked is that of a dispute beside the rest.
DISPUTED: Final = ("spend", "refund half", "dispute opens", "dispute won", "dispute lost")
BOOKED: Final = (chart.STRIPE_CASH, chart.RECEIVABLE, chart.DEFERRED, chart.REVENUE)
DECIDED: Final = {"dispute won", "dispute lost"}
LONGEST: Final = 3


class Life:
    """A customer who has bought the $10 package, and what happens to it."""

    def __init__(self, customer: Customer, agent: Agent) -> None:
        self.customer, self.agent = customer, agent
        checkout.bought_unseen(customer, bonus_bp=1_000)

    def happens(self, event: str) -> bool:
        """Let one thing happen; False when it could not."""
        acts: dict[str, Callable[[], object]] = {
            "top-up": lambda: checkout.bought_unseen(self.customer, "pi_second", bonus_bp=1_000),
            "spend": self._spend,
            "refund half": lambda: checkout.refunded_unseen("pi_first", "re_half", 500),
            "refund rest": lambda: checkout.refunded_unseen("pi_first", "re_rest", 500),
            "refund fails": lambda: checkout.refunded_unseen("pi_first", "re_half", 500, lost=True),
            "dispute opens": lambda: self._disputed("needs_response"),
            "dispute won": lambda: self._disputed("won"),
            "dispute lost": lambda: self._disputed("lost"),
            "posting": lambda: posting.post_splits(now=MONDAY),
        }
        if event.startswith("refund") and Dispute.objects.filter(state__in=["open", "lost"]).exists():
            return False
        try:
            with transaction.atomic():
                acts[event]()
        except InsufficientCreditsError:
            return False
        return True

    def ended(self) -> list[int]:
        """Give where it came to: the wallet, what is owed, and what the platform's accounts say."""
        wallet = Wallet.objects.get(pk=agent_runs.wallet_of(self.customer).pk)
        owed = sum(debt.remaining for debt in wallet.debts.all())
        return [wallet.balance, owed, *(queries.platform_balance(account) for account in BOOKED)]

    def _disputed(self, status: str) -> None:
        known = Dispute.objects.first()
        refunded = sum(Refund.objects.filter(state="refunded").values_list("amount_cents", flat=True))
        disputed_unseen("pi_first", status, known.withdrawn_cents if known else 1_000 - refunded)

    def _spend(self) -> None:
        agent_runs.charge(self.agent, self.customer, "e1", usage={"request": Decimal(120)})


@pytest.mark.parametrize("among", [EVENTS, DISPUTED], ids=["refunds", "disputes"])
def test_every_order_ends_in_clean_books_and_equal_ones_where_order_does_not_matter(
    among: tuple[str, ...],
) -> None:
    agent, customer = agent_runs.make_agent(), agent_runs.make_customer()
    ends: dict[frozenset[str], set[tuple[int, ...]]] = defaultdict(set)
    wrong: list[str] = []
    for length in range(1, LONGEST + 1):
        for order in permutations(among, length):
            with transaction.atomic():
                life = Life(customer, agent)
                happened = [life.happens(event) for event in order]
                wrong += [f"{order}: {one.name}" for one in books.violations(now=MONDAY)]
                # A refund that fails before it was made is no failure; posting moves what a run before it earned.
                # A dispute is decided once.
                if all(happened) and not ({"refund fails", "posting"} & set(order) or set(order) >= DECIDED):
                    ends[frozenset(order)].add(tuple(life.ended()))
                transaction.set_rollback(True)

    assert wrong == []
    assert {events: found for events, found in ends.items() if len(found) > 1} == {}
