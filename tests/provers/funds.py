"""The model of what customers own: money that comes in as grants, goes out by adjustments, and runs out."""

from collections.abc import Iterable
from typing import Final

from tests.provers.books import Books, Charge
from tests.provers.catalogue import CREDIT, Priced
from tests.provers.commands import Adjust, Allow, Answer, Bill, Bundle, Expire, Promise, Refund, TopUp
from tests.provers.lots import Grant, Purchase, Recovered
from tests.provers.wallet import Wallet

DAY: Final = 1_440
CENT_CASH: Final = 10_000
CENT_CREDITS: Final = 10 * CREDIT
BONUS_MINUTES: Final = 365 * DAY
DONE: Final[Answer] = ("done",)


def refused(code: str) -> Answer:
    """Answer a refusal by its code."""
    return ("refused", code)


class Funds:
    """Some customers' wallets, and the books they lead to."""

    def __init__(self, customers: Iterable[int], books: Books) -> None:
        self.books = books
        # (customer, owner of the agents that it is good for; None: any)
        self.wallets: dict[tuple[int, int | None], Wallet] = {(n, None): Wallet() for n in customers}
        self.causes: set[tuple[str, str]] = set()
        self.granted = 0
        self.purchases: dict[str, Purchase] = {}
        self.refunds: dict[str, Refund] = {}
        self.unposted: list[Charge] = []
        # Paid of what had been written off, and not passed on yet.
        self.recoveries: list[Recovered] = []

    def post(self) -> int:
        """Post what is settled."""
        charges, self.unposted = self.unposted, []
        return self.books.post(charges)

    def paying(self, customer: int, agent: Priced) -> list[Wallet]:
        """List the wallets that may pay for an agent, in burn order."""
        found = (self.wallets.get((customer, agent.owner)), self.wallets.get((customer, None)))
        return [wallet for wallet in found if wallet is not None]

    def _grant(
        self, funding_class: str, amount: int, cash: int, expires: int | None, *, fee: int = 0, price: int = 1
    ) -> Grant:
        self.granted += 1
        self.books.accounts["CREDITS", f"issued.{funding_class}"] -= amount
        self.books.credit("USD", stripe_cash=-cash, deferred=cash)
        return Grant(self.granted, funding_class, amount, cash, expires, fee, price)

    def top_up(self, top_up: TopUp, now: int) -> Answer:
        """Credit a payment, once."""
        if self._happened("payment", top_up.payment):
            return DONE
        paid, cash = top_up.cents * CENT_CREDITS, top_up.cents * CENT_CASH
        paid_cash = _larger_part(cash, paid, top_up.bonus)
        rest = {"fee": top_up.fee or 0, "price": top_up.cents}
        parts = [self._grant("paid", paid, paid_cash, None, **rest)]
        if top_up.bonus:
            bonus_cash, ends = cash - paid_cash, now + BONUS_MINUTES
            parts.append(self._grant("bonus", top_up.bonus, bonus_cash, ends, **rest))
        wallet = self.wallets[top_up.customer, None]
        wallet.credit(*parts)
        self.purchases[top_up.payment] = Purchase(wallet, parts, cash)
        self._pay(wallet, parts[0])
        if top_up.fee:
            fee = top_up.fee * CENT_CASH
            self.books.credit("USD", stripe_fees=-fee, stripe_cash=fee)
        return DONE

    def _pay(self, wallet: Wallet, grant: Grant) -> None:
        """Pay what a wallet owes, then what was written off, with what it bought."""
        self.books.paid(wallet.pay(grant))
        recovered = wallet.recover(grant)
        self.books.recovered(recovered)
        self.recoveries += recovered

    def refund(self, refund: Refund, now: int) -> Answer:
        """Give money of a payment back, once; its credits go along, by force where they are spent."""
        purchase, known = self.purchases.get(refund.payment), self.refunds.get(refund.reference)
        if purchase is None:
            return refused("not_bought")
        if refund.cents <= 0:
            return refused("invalid_input")
        if known is not None:
            return ("replayed",) if known == refund else refused("idempotency_key_reused")
        usd = refund.cents * CENT_CASH
        if purchase.disputed or usd > purchase.price - purchase.given_back:
            return refused("not_refundable")
        self.refunds[refund.reference] = refund
        self.expire(purchase.wallet, now)
        clawed = purchase.wallet.claw(purchase, usd, now)
        self.books.clawed(usd, clawed)
        return ("refunded", clawed.amount, clawed.below)

    def bundle(self, bundle: Bundle, now: int) -> Answer:
        """Credit a purchase whose second part expires; a plan's credits have a wallet of their own."""
        cash = bundle.cents * CENT_CASH
        # Paid into the bank: Stripe has no line of it.
        self.books.credit("USD", stripe_cash=cash, bank=-cash)
        if bundle.funding_class == "plan":
            wallet = self.wallets.setdefault((bundle.customer, 0), Wallet())
            wallet.credit(self._grant("plan", bundle.extra, cash, bundle.expires))
            return DONE
        paid = bundle.cents * CENT_CREDITS
        paid_cash = _larger_part(cash, paid, bundle.extra)
        wallet, bought = self.wallets[bundle.customer, None], self._grant("paid", paid, paid_cash, None)
        wallet.credit(bought, self._grant("bonus", bundle.extra, cash - paid_cash, bundle.expires))
        self._pay(wallet, bought)
        return DONE

    def promise(self, promise: Promise, now: int) -> Answer:
        """Give promotional credits, once."""
        if self._happened("promo", promise.reference):
            return ("replayed",)
        grant = self._grant("promo", promise.amount, 0, promise.expires)
        self.wallets[promise.customer, None].credit(grant)
        return DONE

    def adjust(self, adjust: Adjust, now: int) -> Answer:
        """Adjust a balance, once; down to what is available."""
        wallet = self.wallets[adjust.customer, None]
        if adjust.amount == 0:
            return refused("invalid_input")
        if ("adjustment", adjust.reference) in self.causes:
            return ("replayed",)
        if adjust.amount < 0:
            if wallet.available(now) - wallet.overdraft < -adjust.amount:
                return refused("insufficient_credits")
            self.expire(wallet, now)
            self.books.voided(wallet.void(-adjust.amount, now))
        else:
            wallet.credit(self._grant("adjustment", adjust.amount, 0, None))
        self.causes.add(("adjustment", adjust.reference))
        return DONE

    def allow(self, allow: Allow, now: int) -> Answer:
        """Let a wallet go below zero, never less far than it has gone."""
        wallet = self.wallets[allow.customer, None]
        self.expire(wallet, now)
        wallet.overdraft = max(allow.limit, wallet.held - wallet.balance - wallet.allowance, 0)
        return ("allowed", wallet.overdraft)

    def bill(self, bill: Bill, _now: int) -> Answer:
        """Bill overage, once; the invoice is paid into the bank at once."""
        wallet = self.wallets[bill.customer, None]
        if ("overage", bill.reference) in self.causes:
            return ("replayed",)
        debt = wallet.debt
        if debt is None or not 0 < bill.amount <= debt.remaining:
            return refused("not_owed")
        self.causes.add(("overage", bill.reference))
        carried = debt.shrink(bill.amount)
        debt.billed += bill.amount
        wallet.enter(bill.amount)
        cash = bill.amount // CENT_CREDITS * CENT_CASH
        self.books.credit("CREDITS", issued__overage=-bill.amount)
        self.books.credit("USD", unbilled=carried, bank=-cash, revenue=cash - carried)
        return DONE

    def _happened(self, kind: str, reference: str) -> bool:
        cause = (kind, reference)
        seen = cause in self.causes
        self.causes.add(cause)
        return seen

    def expire_grants(self, asked: Expire, now: int) -> Answer:
        """Expire what is due."""
        return ("expired", self.expire(self.wallets[asked.customer, None], now))

    def expire(self, wallet: Wallet, now: int) -> int:
        """Expire what is due on a wallet; give the credits that went."""
        gone = wallet.expire(now)
        self.books.expired(gone)
        return sum(amount for amount, _ in gone)


def _larger_part(cash: int, paid: int, bonus: int) -> int:
    """Part a purchase's cash; the larger remainder gets the odd micro, and a tie goes to the paid part."""
    part, rest = divmod(cash * paid, paid + bonus)
    return part + (rest > 0 and rest >= (cash * bonus) % (paid + bonus))
