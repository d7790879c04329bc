"""The model of disputes: what a bank takes back is set aside with its credits, until it decides."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from tests.provers.books import Books
from tests.provers.commands import Answer, Decide, Dispute, Freeze, Refund
from tests.provers.funds import CENT_CASH, Funds, refused
from tests.provers.lots import Grant, Purchase

FEE: Final = 1_500 * CENT_CASH


@dataclass(slots=True)
class Case:
    """A dispute: what the bank took, what is set aside of it, and what was not there to be."""

    purchase: Purchase
    usd: int
    at_stake: int
    state: str = "open"
    frozen: list[tuple[Grant, int]] = field(default_factory=list)

    @property
    def set_aside(self) -> int:
        """Give all that was set aside for it."""
        return sum([amount for _, amount in self.frozen])

    @property
    def wants_more(self) -> bool:
        """Tell whether there may be more to set aside: something is there of what was not."""
        return self.state == "open" and self.at_stake > 0 and any(g.remaining for g in self.purchase.grants)


class Disputes(Funds):
    """Some customers' wallets, and what their banks say of what they paid."""

    def __init__(self, customers: Iterable[int], books: Books) -> None:
        super().__init__(customers, books)
        self.disputes: dict[str, Case] = {}

    def dispute(self, asked: Dispute, now: int) -> Answer:
        """Open a dispute, once: its cash is gone for now, and so are the credits that stand for it."""
        purchase = self.purchases.get(asked.payment)
        if asked.reference in self.disputes:
            return ("replayed",)
        if purchase is None:
            return refused("not_bought")
        usd, before = asked.cents * CENT_CASH, purchase.given_back + self.disputed_of(purchase)
        at_stake = purchase.share(before + usd) - purchase.share(before)
        case = self.disputes[asked.reference] = Case(purchase, usd, at_stake)
        self.books.credit("USD", stripe_cash=usd + FEE, disputes=-usd, dispute_fees=-FEE)
        self._freeze(case, now)
        for grant in purchase.grants:
            grant.disputed += 1
        return ("disputed", case.set_aside, case.at_stake)

    def disputed_of(self, purchase: Purchase) -> int:
        """Give what banks have taken of a payment and not decided about."""
        return sum([c.usd for c in self.disputes.values() if c.purchase is purchase and c.state == "open"])

    def decide(self, asked: Decide, now: int) -> Answer:
        """End a dispute, once. Won, all is as before; lost, the credits go as they do with a refund."""
        case = self.disputes.get(asked.reference)
        if case is None:
            return refused("not_disputed")
        if case.state != "open":
            return ("replayed",)
        wallet, case.state = case.purchase.wallet, "won" if asked.won else "lost"
        thawed = wallet.thaw(case.frozen)
        for grant in case.purchase.grants:
            grant.disputed -= 1
        self.books.credit("CREDITS", disputed=-thawed)
        self.expire(wallet, now)
        if asked.won:
            self.books.credit("USD", stripe_cash=-case.usd, disputes=case.usd)
            return ("won", thawed)
        clawed = wallet.claw(case.purchase, case.usd, now)
        self.books.clawed(case.usd, clawed, "disputes")
        return ("lost", clawed.amount, clawed.below)

    def freeze(self, asked: Freeze, now: int) -> Answer:
        """Set aside what holds have let go of since a dispute was opened."""
        case = self.disputes.get(asked.reference)
        if case is None:
            return refused("not_disputed")
        return ("frozen", self._freeze(case, now) if case.state == "open" and case.at_stake else 0)

    def refund(self, refund: Refund, now: int) -> Answer:
        """Give money back; what its hold kept from the customer's disputes is theirs then."""
        answer = super().refund(refund, now)
        if answer[0] == "refunded":
            wallet = self.purchases[refund.payment].wallet
            for case in self.disputes.values():
                if case.purchase.wallet is wallet and case.state == "open" and case.at_stake:
                    self._freeze(case, now)
        return answer

    def _freeze(self, case: Case, now: int) -> int:
        self.expire(case.purchase.wallet, now)
        frozen = case.purchase.wallet.freeze(case.purchase, case.at_stake, now)
        amount = sum([part for _, part in frozen])
        case.frozen += frozen
        case.at_stake -= amount
        self.books.credit("CREDITS", disputed=amount)
        return amount
