"""The system under proof: commands carried out by the product's own operations, answers in the model's words."""

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from django.db import transaction

from accounts.models import Customer, Membership, User
from billing.models import TopUp as TopUpRow
from billing.operations import executions, fees, posting, refunds, settlement, topups
from billing.queries import lineage, payers
from billing.runs import Allowed, Opening, Outcome, Settled
from billing.runs import Report as RunReport
from billing.stripe.checkout import Checkout
from billing.stripe.refunds import StripeRefund
from config.kit.errors import DomainError
from marketplace.models import Creator
from tests.provers import manifests, told
from tests.provers.catalogue import AGENTS, ALICE, CREDIT, SELF
from tests.provers.commands import (
    Adjust,
    Allow,
    Answer,
    Balance,
    Bill,
    Bundle,
    Command,
    Expire,
    Log,
    Meter,
    Post,
    Promise,
    Refund,
    Release,
    Report,
    Reserve,
    Sweep,
    TopUp,
    Usage,
)
from tests.provers.funds import CENT_CASH, CENT_CREDITS, DONE
from tests.support import ledger as ledgers
from tests.support import runs
from wallets import chart, debts, grants, ledger, money, operations
from wallets.ledger import Leg, Source
from wallets.models import Claw, Wallet

START: Final = ledgers.MONDAY
ROUTER: Final = "key:prover"
INSIDER: Final = "prover-insider@example.com"
NAMES: Final = ("prover-alice", "prover-carol", "prover-self")


@dataclass(frozen=True)
class Market:
    """The catalogue as rows: creators in their order, and the person who is a member of SELF's customer."""

    creators: tuple[Creator, ...]
    insider: User


def open_market() -> Market:
    """Make the creators and publish the catalogue's agents; give those that are there."""
    found = User.objects.filter(email=INSIDER).first()
    if found is not None:
        emails = [f"{name}@example.com" for name in NAMES]
        return Market(tuple(Creator.objects.get(customer__email=email) for email in emails), found)
    creators = tuple(runs.make_creator(name) for name in NAMES)
    insider = User.objects.create_user(INSIDER, "correct horse battery")
    Membership.objects.create(user=insider, customer=creators[SELF].customer, created_at=START)
    for agent in AGENTS:
        runs.make_agent(
            f"prover-{agent.name}",
            manifest=manifests.written(agent, creators),
            creator=creators[agent.owner],
            outcome_policy="start" if agent.charges_failures else "success",
            others=[each for each in creators if each != creators[agent.owner]],
        )
    return Market(creators, insider)


class Numbers:
    """Numbers executions in the order in which they are first seen, as the model does."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self._numbers: dict[str, int] = {}
        self._lock = threading.Lock()

    def of(self, public_id: str) -> int:
        """Give an execution's number, the next one when it is new."""
        with self._lock:
            if public_id not in self._numbers:
                self.ids.append(public_id)
                self._numbers[public_id] = len(self.ids)
            return self._numbers[public_id]

    def id(self, number: int) -> str:
        """Give the public id behind a number; there is none behind one that was never given."""
        return self.ids[number - 1] if number <= len(self.ids) else f"exe_nobody{number}"


class System:
    """The product, spoken to by one writer."""

    def __init__(self, market: Market, customers: list[Customer], numbers: Numbers | None = None) -> None:
        self.market = market
        self.customers = customers
        self.numbers = numbers or Numbers()
        self.plan_wallets: dict[int, Wallet] = {}
        self.wallets = [runs.wallet_of(customer) for customer in customers]
        self._doing: dict[type, Callable[[Any, dt.datetime], Answer]] = {
            Reserve: self._reserve,
            Log: self._log,
            Meter: self._meter,
            Release: self._release,
            TopUp: self._top_up,
            Refund: self._refund,
            Bundle: self._bundle,
            Promise: self._promise,
            Adjust: self._adjust,
            Allow: self._allow,
            Bill: self._bill,
            Balance: self._balance,
            Expire: self._expire,
            Sweep: lambda _, now: ("swept", executions.expire_due(now=now)),
            Post: lambda _, now: ("posted", posting.post_splits(now=now)),
        }

    def apply(self, command: Command, now: int) -> Answer:
        """Do a command; give what the product answered."""
        try:
            return self._doing[type(command)](command, at(now))
        except DomainError as error:
            return _refusal(error)

    def _meter(self, asked: Meter, now: dt.datetime) -> Answer:
        execution, usage = self.numbers.id(asked.execution), _usage(asked.usage)
        found = executions.meter(execution=execution, sequence=asked.sequence, usage=usage, now=now)
        return ("metered", found.metered, found.remaining, found.stop)

    def _log(self, asked: Log, now: dt.datetime) -> Answer:
        reports = [self._report(report) for report in asked.reports]
        return tuple(map(self._settled, settlement.settle_many(reports=reports, now=now)))

    def _balance(self, asked: Balance, now: dt.datetime) -> Answer:
        creator = self.market.creators[AGENTS[asked.agent].owner].public_id
        return ("available", payers.available(caller=self._caller(asked.customer), creator=creator, now=now))

    def _expire(self, asked: Expire, now: dt.datetime) -> Answer:
        return ("expired", grants.expire_due(wallet_id=self.wallets[asked.customer].pk, now=now))

    # Money in and out

    def _top_up(self, asked: TopUp, now: dt.datetime) -> Answer:
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

    def _refund(self, asked: Refund, now: dt.datetime) -> Answer:
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
        clawed = Claw.objects.get(refund=refund)
        below = sum(part.amount for part in clawed.parts.filter(grant=None))
        return ("refunded", clawed.amount, below)

    def _bundle(self, asked: Bundle, now: dt.datetime) -> Answer:
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

    def _promise(self, asked: Promise, now: dt.datetime) -> Answer:
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

    def _adjust(self, asked: Adjust, now: dt.datetime) -> Answer:
        done = operations.adjust(
            wallet=self.wallets[asked.customer],
            amount=asked.amount,
            reference=asked.reference,
            reason="a prover",
            actor="prover",
            now=now,
        )
        return ("replayed",) if done.replayed else DONE

    def _allow(self, asked: Allow, now: dt.datetime) -> Answer:
        wallet_id = self.wallets[asked.customer].pk
        return ("allowed", debts.set_overdraft(wallet_id=wallet_id, limit=asked.limit, now=now))

    def _bill(self, asked: Bill, now: dt.datetime) -> Answer:
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

    # Runs

    def _reserve(self, asked: Reserve, now: dt.datetime) -> Answer:
        opening = Opening(
            agent=_agent(asked.agent),
            caller=self._caller(asked.customer),
            principal=ROUTER,
            usage=None if asked.usage is None else _usage(asked.usage),
            max_charge=asked.max_charge,
            ttl_seconds=asked.ttl * 60,
            key=asked.key,
            fingerprint=sha256(repr(asked).encode()).digest() if asked.key else None,
        )
        found = executions.reserve(opening=opening, now=now)
        if not isinstance(found, Allowed):
            return ("blocked", found.gate.value, found.required, found.available)
        assert found.execution is not None
        word = "replayed" if found.replayed else "reserved"
        held, ends = found.hold is not None, minute(found.expires_at)
        return (word, self.numbers.of(found.execution), found.estimate, found.available, held, ends)

    def _report(self, report: Report) -> RunReport:
        direct = report.execution is None
        return RunReport(
            principal=ROUTER,
            usage=_usage(report.usage),
            execution=None if report.execution is None else self.numbers.id(report.execution),
            agent=_agent(report.agent) if direct else "",
            caller=self._caller(report.customer) if direct else "",
            outcome=Outcome.SUCCESS if report.success else Outcome.FAILED,
            event_id=report.event,
            key=report.key,
            occurred_at=None if report.occurred is None else at(report.occurred),
        )

    def _settled(self, found: Settled | DomainError) -> Answer:
        if isinstance(found, DomainError):
            return _refusal(found)
        word = "replayed" if found.replayed else "settled"
        money_of = (found.cost, found.charged, found.released, found.unbilled, found.available)
        return (
            word,
            self.numbers.of(found.execution),
            found.state,
            *money_of,
            found.platform,
            found.processing,
        )

    def _release(self, asked: Release, now: dt.datetime) -> Answer:
        executions.release(execution=self.numbers.id(asked.execution), reason="a prover", now=now)
        return ("released", asked.execution)

    def _caller(self, customer: int) -> str:
        return self.customers[customer].public_id if customer < len(self.customers) else "cst_nobody"


def at(when: int) -> dt.datetime:
    """Give the time of a minute."""
    return START + dt.timedelta(minutes=when)


def minute(when: dt.datetime | None) -> int:
    """Give the minute of a time."""
    assert when is not None
    return int((when - START).total_seconds()) // 60


def _agent(number: int) -> str:
    return f"prover-{AGENTS[number].name}" if number < len(AGENTS) else "nobodys-agent"


def _usage(usage: Usage) -> dict[str, Decimal]:
    return {metric: Decimal(quantity) / 1000 for metric, quantity in usage}


def _refusal(error: DomainError) -> Answer:
    extra: dict[str, Any] = error.extra
    if "execution_status" in extra:
        return ("refused", error.code, extra["execution_status"])
    if "required" in extra:
        return (
            "refused",
            error.code,
            *(_micros(extra[name]["credits"]) for name in ("required", "available")),
        )
    return ("refused", error.code)


def _micros(text: str) -> int:
    return int(Decimal(text) * CREDIT)
