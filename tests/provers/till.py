"""The till of the system under proof: money in and out, by the product's own operations."""

import datetime as dt
from typing import Final

from django.db import transaction

from accounts.models import Customer
from billing.models import Dispute as DisputeRow
from billing.models import TopUp as TopUpRow
from billing.operations import disputes, fees, freed, posting, refunds, topups
from billing.queries import lineage
from billing.stripe.checkout import Checkout
from billing.stripe.refunds import StripeRefund
from payouts.operations import write_offs
from tests.provers import told
from tests.provers.catalogue import ALICE
from tests.provers.commands import (
    Adjust,
    Allow,
    Answer,
    Bill,
    Bundle,
    Decide,
    Dispute,
    Freeze,
    Promise,
    Refund,
    TopUp,
    WriteOff,
)
from tests.provers.funds import CENT_CASH, CENT_CREDITS, DONE
from tests.provers.market import Market, at
from tests.support import runs
from wallets import chart, debts, grants, ledger, money, operations
from wallets.ledger import Leg, Source
from wallets.models import Claw, FrozenLot, Wallet, WalletDebt

JUST_AFTER: Final = dt.timedelta(microseconds=1)


class Till:
    """Some customers' wallets, and what may be paid into and out of them."""

    def __init__(self, market: Market, customers: list[Customer]) -> None:
        self.market = market
        self.customers = customers
        self.plan_wallets: dict[int, Wallet] = {}
        self.wallets = [runs.wallet_of(customer) for customer in customers]

    def top_up(self, asked: TopUp, now: dt.datetime) -> Answer:
        """Let Stripe tell of a payment."""
        order = topups.Order(asked.cents)
        top_up, _ = TopUpRow.objects.get_or_create(
            principal="prover",
            idempotency_key=asked.payment,
            defaults={
                "customer": self.customers[asked.customer],
                "wallet": self.wallets[asked.customer],
                "fingerprint": order.fingerprint(),
                "amount_cents": asked.cents,
                "paid_credits": asked.cents * CENT_CREDITS,
                "bonus_credits": asked.bonus,
                "stripe_session_id": f"cs_{asked.payment}",
                "created_at": now,
            },
        )
        # Said again with other figures, it is still the first payment that Stripe tells of.
        payment = told.payment(asked.payment, top_up.amount_cents, now)
        checkout = Checkout(
            f"cs_{asked.payment}", top_up.public_id, "complete", "paid", "usd", top_up.amount_cents, payment
        )
        topups.credit(top_up_id=top_up.pk, checkout=checkout, payment=payment, now=now)
        if not top_up.paid_at:
            fees.record(line=told.charged(asked, top_up, now), now=now)
        return DONE

    def refund(self, asked: Refund, now: dt.datetime) -> Answer:
        """Give money of a payment back, and let Stripe do it."""
        payment = lineage.by_intent(intent_id=f"pi_{asked.payment}")
        if payment is None:
            return ("refused", "not_bought")
        ask = refunds.Ask(asked.cents, "prover", asked.reference, "a prover", spent=True)
        refund = refunds.request(payment=payment, ask=ask, now=now)
        if refund.claw_id is not None:
            return ("replayed",)
        found = StripeRefund(
            f"re_{asked.reference}", payment.intent_id, asked.cents, refund.public_id, False, "", now
        )
        refunds.settled(refund_id=refund.pk, found=found, now=now)
        fees.record(line=told.given_back(asked, now), now=now)
        return ("refunded", *_clawed(Claw.objects.get(refund=refund)))

    def dispute(self, asked: Dispute, now: dt.datetime) -> Answer:
        """Let Stripe tell that a bank took money back."""
        known = _case(asked.reference)
        if known is not None:
            return self._told_again(known, now)
        if lineage.by_intent(intent_id=f"pi_{asked.payment}") is None:
            return ("refused", "not_bought")
        said = (asked.reference, f"pi_{asked.payment}", asked.cents)
        disputes.bring(found=told.disputed(*said, "needs_response", now), now=now)
        case = DisputeRow.objects.get(stripe_id=f"dp_{asked.reference}")
        return ("disputed", case.frozen, case.at_stake)

    def decide(self, asked: Decide, now: dt.datetime) -> Answer:
        """Let Stripe tell how a bank decided."""
        case = _case(asked.reference)
        if case is None:
            return ("refused", "not_disputed")
        if case.closed_at is not None:
            return self._told_again(case, now)
        said = (asked.reference, case.payment_intent_id, case.withdrawn_cents)
        disputes.bring(found=told.disputed(*said, "won" if asked.won else "lost", now), now=now)
        case.refresh_from_db()
        if case.claw is not None:
            return ("lost", *_clawed(case.claw))
        lots = FrozenLot.objects.filter(source_type="dispute", source_id=case.stripe_id)
        return (case.state, sum(lots.values_list("amount", flat=True)))

    def freeze(self, asked: Freeze, now: dt.datetime) -> Answer:
        """Do what the sweeper does for one dispute."""
        case = _case(asked.reference)
        return ("refused", "not_disputed") if case is None else ("frozen", freed._sweep(case, now))

    def write_off(self, asked: WriteOff, now: dt.datetime) -> Answer:
        """Write off as staff does, once what is settled is posted."""
        arrears = WalletDebt.objects.filter(wallet=self.wallets[asked.customer], kind="arrears")
        debt = arrears.filter(remaining__gt=0).first()
        if debt is None:
            return ("refused", "nothing_owed")
        posting.drain_clearing(before=now + JUST_AFTER, now=now)
        made = write_offs.write_off(debt=debt, actor="prover", reason="a prover", now=now)
        return ("written_off", made.amount, made.pulled, made.own, made.lost)

    def _told_again(self, case: DisputeRow, now: dt.datetime) -> Answer:
        said = (case.stripe_id.removeprefix("dp_"), case.payment_intent_id, case.withdrawn_cents)
        disputes.bring(found=told.disputed(*said, case.stripe_status, now), now=now)
        return ("replayed",)

    def bundle(self, asked: Bundle, now: dt.datetime) -> Answer:
        """Sell credits whose second part expires."""
        if asked.funding_class == "plan":
            return self._plan(asked, now)
        paid, cash = asked.cents * CENT_CREDITS, asked.cents * CENT_CASH
        paid_cash, bonus_cash = money.largest_remainder(cash, [paid, asked.extra])
        wallet, source = self.wallets[asked.customer], Source("payment_intent", f"pi_{asked.payment}")
        legs = [
            Leg(chart.BANK, -cash),
            Leg(chart.DEFERRED, cash),
            Leg(chart.ISSUED["paid"], -paid),
            Leg(chart.ISSUED["bonus"], -asked.extra),
            Leg(wallet.pk, paid + asked.extra),
        ]
        with transaction.atomic():
            ledger.post(kind="topup", source=source, actor="prover", legs=legs, now=now)
            for name, amount, part, ends in (
                ("paid", paid, paid_cash, None),
                ("bonus", asked.extra, bonus_cash, at(asked.expires)),
            ):
                grants.add(
                    wallet_id=wallet.pk,
                    funding_class=name,
                    amount=amount,
                    cash=part,
                    source=source,
                    now=now,
                    expires_at=ends,
                )
        return DONE

    def _plan(self, asked: Bundle, now: dt.datetime) -> Answer:
        wallet = self.plan_wallet(asked.customer)
        source, cash = Source("payment_intent", f"pi_{asked.payment}"), asked.cents * CENT_CASH
        legs = [
            Leg(chart.BANK, -cash),
            Leg(chart.DEFERRED, cash),
            Leg(chart.ISSUED["plan"], -asked.extra),
            Leg(wallet.pk, asked.extra),
        ]
        with transaction.atomic():
            ledger.post(kind="subscription", source=source, actor="prover", legs=legs, now=now)
            grants.add(
                wallet_id=wallet.pk,
                funding_class="plan",
                amount=asked.extra,
                cash=cash,
                source=source,
                now=now,
                expires_at=at(asked.expires),
            )
        return DONE

    def plan_wallet(self, customer: int) -> Wallet:
        """Give the wallet whose credits are good on Alice's agents only."""
        if customer not in self.plan_wallets:
            scope = self.market.creators[ALICE].public_id
            self.plan_wallets[customer] = runs.wallet_of(self.customers[customer], scope=scope)
        return self.plan_wallets[customer]

    def promise(self, asked: Promise, now: dt.datetime) -> Answer:
        """Give promotional credits."""
        with transaction.atomic():
            done = grants.give(
                wallet=self.wallets[asked.customer],
                funding_class="promo",
                amount=asked.amount,
                source=Source("promo", asked.reference),
                actor="prover",
                now=now,
                reason="a prover",
                expires_at=None if asked.expires is None else at(asked.expires),
            )
        return ("replayed",) if done.replayed else DONE

    def adjust(self, asked: Adjust, now: dt.datetime) -> Answer:
        """Adjust a balance."""
        done = operations.adjust(
            wallet=self.wallets[asked.customer],
            amount=asked.amount,
            reference=asked.reference,
            reason="a prover",
            actor="prover",
            now=now,
        )
        return ("replayed",) if done.replayed else DONE

    def allow(self, asked: Allow, now: dt.datetime) -> Answer:
        """Set how far below zero a customer may go."""
        wallet_id = self.wallets[asked.customer].pk
        return ("allowed", debts.set_overdraft(wallet_id=wallet_id, limit=asked.limit, now=now))

    def bill(self, asked: Bill, now: dt.datetime) -> Answer:
        """Bill what is owed, and have it paid into the bank."""
        cents, source = asked.amount // CENT_CREDITS, Source("prover", asked.reference)
        cash, wallet_id = cents * CENT_CASH, self.wallets[asked.customer].pk
        with transaction.atomic():
            done = debts.bill(
                wallet_id=wallet_id, amount=asked.amount, bill_cents=max(cents, 0), source=source, now=now
            )
            if cents and not done.replayed:
                legs = [Leg(chart.RECEIVABLE, cash), Leg(chart.BANK, -cash)]
                ledger.post(kind="bank_payment", source=source, actor="prover", legs=legs, now=now)
        return ("replayed",) if done.replayed else DONE


def _case(reference: str) -> DisputeRow | None:
    return DisputeRow.objects.filter(stripe_id=f"dp_{reference}").first()


def _clawed(claw: Claw) -> tuple[int, int]:
    """Give what a claw took, and what of it went below zero."""
    return claw.amount, sum(part.amount for part in claw.parts.filter(grant=None))
