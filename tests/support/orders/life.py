"""A customer who buys, a creator who earns, and each thing that may happen to their money: the product's operations.

What Stripe would tell of payments, refunds and disputes is made up here, so that a walk can go back and tell it
otherwise; transfers are asked of the stand-in, for each has a group of its own.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from accounts.models import Customer
from billing.models import Dispute, Execution, Invoice, Refund
from billing.operations import posting
from billing.operations.invoices import finalising
from billing.operations.refunds import Ask, request, request_unused, settled
from billing.operations.refunds.requesting import NotRefundableError
from billing.operations.subscriptions import renewing
from billing.queries import lineage
from billing.queries import refunds as refunds_read
from billing.stripe.client import client
from billing.stripe.refunds import StripeRefund
from marketplace.models import Agent, Creator
from payouts import calendar
from payouts.models import Payout, ReserveHold, RiskTier
from payouts.operations import (
    approvals,
    bank,
    recoveries,
    reserves,
    reversals,
    runs,
    sending,
    terms,
    undoing,
    write_offs,
)
from payouts.operations.undoing import NotUndoableError
from payouts.stripe.bank import BankPayoutState
from tests.support import checkout, creators, invoicing
from tests.support import runs as agent_runs
from tests.support.disputing import disputed_unseen
from tests.support.processes import Standin
from tests.support.staff import staff
from wallets import grants
from wallets.calls import DisputedError, InsufficientCreditsError
from wallets.models import Wallet, WalletDebt

PRICE: Final = 1_000
BONUS_BP: Final = 1_000
HOUR: Final = dt.timedelta(hours=1)
# Stripe's own time stands in its answers: a bank payout comes after every transfer.
EVER_AFTER: Final = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
FIRST, SECOND, RENEWAL = "pi_first", "pi_second", "pi_renewal"
# A run that fits into a month's credits burns them; Alice has four fifths of what the fee is above their face.
FEE: Final = 999
PLAN_CREDITS: Final = 2_000
PLAN: Final = """
pricing:
  model: subscription
  subscription_tiers:
    - name: starter
      credits_per_month: 2000
      price_usd: 9.99
"""
LAST_MONTH: Final = creators.NOW - dt.timedelta(days=29)


class CannotHappenError(Exception):
    """What is to happen cannot, as things are: there is nothing to give back, nobody to pay."""


@dataclass
class Life:
    """What happens to one customer and one creator; `told` is what the world outside knows, in cents and credits."""

    customer: Customer
    creator: Creator
    agent: Agent
    now: dt.datetime = creators.NOW
    told: dict[str, int] = field(default_factory=dict)

    def happens(self, event: str) -> None:
        """Let one thing happen, an hour after the last. Raises CannotHappenError."""
        self.now += HOUR
        acts: dict[str, Callable[[], None]] = {
            "spend": lambda: self._spend(40),
            "run undone": self._undo,
            "top-up": self._top_up,
            "plan renewed": self._renew,
            "refund unused": self._refund_unused,
            "refund rest": self._refund_rest,
            "refund part": self._refund_part,
            "refund fails": self._refund_fails,
            "dispute opens": self._dispute_opens,
            "dispute won": lambda: self._dispute_ends("won"),
            "dispute lost": lambda: self._dispute_ends("lost"),
            "write-off": self._write_off,
            "maturity": self._mature,
            "payout sent": self._send,
            "payout paid": lambda: self._bank("paid"),
            "payout failed": lambda: self._bank("failed"),
            "payout reversed": self._reverse,
            "reserve released": self._release,
        }
        acts[event]()

    def _tell(self, **more: int) -> None:
        self.told = self.told | {name: self.told.get(name, 0) + amount for name, amount in more.items()}

    # The customer's side

    def _spend(self, requests: int) -> None:
        usage = {"request": Decimal(requests)}
        try:
            run = agent_runs.charge(self.agent, self.customer, f"e{self.now}", usage=usage, now=self.now)
        except InsufficientCreditsError as error:
            raise CannotHappenError from error
        posting.post_splits(now=self.now)
        self._tell(spent=run.charged)

    def _undo(self) -> None:
        """Undo the run that it began with."""
        run = (
            Execution.objects.filter(customer=self.customer)
            .exclude(source=Execution.Source.PLAN_FEE)
            .earliest("pk")
        )
        try:
            undoing.undo(run=run, by=staff(), reason="It had failed", now=self.now)
        except (NotUndoableError, DisputedError) as error:
            raise CannotHappenError from error
        self._tell(spent=-run.charged)

    def _renew(self) -> None:
        """Let the next month's invoice be paid."""
        invoicing.paid_unseen(Invoice.objects.get(state=Invoice.State.OPEN), RENEWAL, now=self.now)
        posting.post_splits(now=self.now)
        self._tell(cash=FEE, bought=agent_runs.credits(PLAN_CREDITS))

    def _top_up(self) -> None:
        top_up = checkout.bought_unseen(self.customer, SECOND, now=self.now)
        recoveries.pass_on_due(now=self.now)
        self._tell(cash=PRICE, bought=top_up.paid_credits + top_up.bonus_credits)

    def _refund_unused(self) -> None:
        payment = lineage.by_intent(intent_id=FIRST)
        assert payment is not None
        cents = refunds_read.standing(payment=payment, now=self.now).refundable_cents
        self._refund(cents, spent=False)

    def _refund_rest(self) -> None:
        payment = lineage.by_intent(intent_id=FIRST)
        assert payment is not None
        self._refund(refunds_read.standing(payment=payment, now=self.now).left_cents, spent=True)

    def _refund(self, cents: int, *, spent: bool) -> None:
        """Ask as its customer or as staff, and let Stripe do it."""
        payment = lineage.by_intent(intent_id=FIRST)
        assert payment is not None
        if not cents:
            raise CannotHappenError
        key = f"refund {self.now}"
        try:
            if spent:
                asked = request(payment=payment, ask=Ask(cents, "user:olive", key, spent=True), now=self.now)
            else:
                top_up = self.customer.top_ups.get(payment_intent_id=FIRST)
                asked = request_unused(
                    top_up=top_up, amount_cents=cents, principal="page:bob", key=key, now=self.now
                )
        except NotRefundableError as error:
            raise CannotHappenError from error
        found = StripeRefund(f"re_{asked.pk}", FIRST, cents, asked.public_id, False, "", self.now)
        settled(refund_id=asked.pk, found=found, now=self.now)
        self._tell(cash=-cents, given_back=cents)

    def _refund_part(self) -> None:
        """Give a part back in Stripe's dashboard, which refuses what is disputed or was given back."""
        given_back = self.told.get("given_back", 0)
        if given_back + 300 > PRICE or Dispute.objects.filter(state__in=["open", "lost"]).exists():
            raise CannotHappenError
        checkout.refunded_unseen(FIRST, "re_part", 300, now=self.now)
        self._tell(cash=-300, given_back=300)

    def _refund_fails(self) -> None:
        if not Refund.objects.filter(stripe_refund_id="re_part").exists():
            raise CannotHappenError
        checkout.refunded_unseen(FIRST, "re_part", 300, lost=True, now=self.now)
        recoveries.pass_on_due(now=self.now)
        self._tell(cash=300, given_back=-300)

    def _dispute_opens(self) -> None:
        cents = PRICE - self.told.get("given_back", 0)
        if not cents:
            raise CannotHappenError
        disputed_unseen(FIRST, "needs_response", cents, now=self.now)
        self._tell(cash=-cents - 1_500, disputed=cents)

    def _dispute_ends(self, status: str) -> None:
        cents = self.told.get("disputed", 0)
        if not cents:
            raise CannotHappenError
        disputed_unseen(FIRST, status, cents, now=self.now)
        self._tell(disputed=-cents, **({"cash": cents} if status == "won" else {"given_back": cents}))

    def _write_off(self) -> None:
        debt = WalletDebt.objects.filter(kind="arrears", remaining__gt=0).first()
        if debt is None:
            raise CannotHappenError
        write_offs.write_off(debt=debt, actor="user:olive", reason="Gone", now=self.now)

    # The creator's side

    def _mature(self) -> None:
        """Let what was earned by now mature: the run of the week is prepared on its pay day."""
        period = calendar.period_of(day=self.now.date())
        if Payout.objects.exists():
            raise CannotHappenError
        self.now = max(self.now, period.matures_at + HOUR)
        runs.prepare(period=period, actor=creators.OLIVE, now=self.now)
        if not Payout.objects.exists():
            raise CannotHappenError

    def _send(self) -> None:
        if not Payout.objects.exists():
            self._mature()
        payout = Payout.objects.get()
        if payout.state != Payout.State.DRAFT:
            raise CannotHappenError
        approvals.approve(payouts=[payout], actor=creators.OLIVE, now=self.now)
        sending.send(payout=payout, now=self.now)
        payout.refresh_from_db()
        if payout.state == Payout.State.SENT:
            self._tell(cash=-payout.amount_cents, transferred=payout.amount_cents)

    def _bank(self, status: str) -> None:
        payout = Payout.objects.filter(state__in=[Payout.State.SENT, Payout.State.PAID]).first()
        if payout is None:
            raise CannotHappenError
        code = "account_closed" if status == "failed" else ""
        state = BankPayoutState(
            "po_1", payout.destination, payout.amount_cents, status, code, code, EVER_AFTER
        )
        bank.apply(account=payout.account, state=state, now=self.now)

    def _reverse(self) -> None:
        """Take the transfer back at the stand-in: once, it says the same however often a walk comes by."""
        payout = Payout.objects.filter(state__in=[Payout.State.SENT, Payout.State.PAID]).first()
        if payout is None:
            raise CannotHappenError
        transfer = str(payout.stripe_transfer_id)
        if not client().v1.transfers.retrieve(transfer).reversed:
            client().v1.transfers.reversals.create(transfer)
        reversals.sync(stripe_transfer_id=transfer, now=self.now)
        self._tell(cash=payout.amount_cents, transferred=-payout.amount_cents)

    def _release(self) -> None:
        """Let go what is held back, when its days are over; what a dispute holds has no such day."""
        held = list(ReserveHold.objects.filter(released_at=None))
        if not held:
            raise CannotHappenError
        self.now = max([self.now, *(one.release_at for one in held if one.release_at)])
        reserves.release_due(now=self.now)


def begun(standin: Standin) -> Life:
    """Begin: Bob bought 11,000 credits for $10 and spent 8,000 with Alice, of whose earnings a tenth is held back.

    A month of her plan is over, its credits have run out, and the invoice of the next one is out.
    """
    creator = agent_runs.make_creator()
    agent = agent_runs.make_agent(creator=creator)
    tier = RiskTier.objects.create(slug="held-back", window_days=3, reserve_bp=1_000, reserve_days=10)
    terms.set_tier(creator=creator, tier=tier, actor="test", reason="test", now=creators.NOW)
    creators.connect_stripe(creator, standin)
    standin.post("/_sim/balance/topup", amount=10_000_000)
    life = Life(agent_runs.make_customer(), creator, agent)
    _month_passed(life)
    staff()
    top_up = checkout.bought_unseen(life.customer, FIRST, bonus_bp=BONUS_BP, now=life.now)
    life._tell(cash=PRICE, bought=top_up.paid_credits + top_up.bonus_credits)
    life._spend(160)
    return life


def _month_passed(life: Life) -> None:
    plan = agent_runs.make_agent("monthly", manifest=PLAN, creator=life.creator)
    subscription = agent_runs.subscribe(life.customer, plan, now=LAST_MONTH)
    grants.expire_due(wallet_id=Wallet.objects.get(scope=life.creator.public_id).pk, now=life.now)
    renewing.renew_due(now=life.now)
    finalising.finalise(invoice_id=Invoice.objects.get(state=Invoice.State.DRAFT).pk, now=life.now)
    life._tell(cash=subscription.amount_cents)
