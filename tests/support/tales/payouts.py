"""Payouts: the account, the week's run, the approval, the transfer and its outcome, the bank, what is taken back."""

from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.test import Client

from billing.stripe.client import client
from config.devservices import valkey
from marketplace.models import Creator
from payouts import calendar
from payouts.models import Payout, RiskTier
from payouts.operations import approvals, bank, on_demand, onboarding, reserves, reversals, sending, terms
from tests.support import creators
from tests.support import runs as agent_runs
from tests.support.crash_points import Life
from tests.support.outages import clear_faults
from tests.support.stories import Stage, Story, do
from tests.support.webhooks import event_of, register, send

EVERY_TRY: Final = 3  # the SDK asks again twice by itself


def _creator(stage: Stage, name: str) -> Creator:
    return agent_runs.make_creator(name)


class Seller:
    """A creator of stories: connected, with an agent."""

    def __init__(self, stage: Stage, name: str = "alice") -> None:
        self.creator = agent_runs.make_creator(name)
        self.account = creators.connect_stripe(self.creator, stage.stripe, now=stage.now)
        self.agent = agent_runs.make_agent(f"{name}-echo", creator=self.creator)

    def earns(self, stage: Stage, name: str) -> None:
        """Earn $4.00."""
        bob = agent_runs.make_customer(name, credits=10_000)
        agent_runs.charge(self.agent, bob, name, usage={"request": Decimal(100)}, now=stage.now)
        stage.stripe.post("/_sim/balance/topup", amount=400)


def _watched(stage: Stage) -> Seller:
    seller = Seller(stage, "wanda")
    tier = RiskTier.objects.get(slug="watched")
    terms.set_tier(creator=seller.creator, tier=tier, actor=creators.OLIVE, reason="", now=stage.now)
    return seller


def _on_demand(stage: Stage) -> Seller:
    seller = Seller(stage, "dana")
    terms.choose(
        creator=seller.creator, schedule=calendar.ON_DEMAND, minimum_cents=0, actor="dana", now=stage.now
    )
    return seller


def _earned(stage: Stage, name: str) -> Seller:
    """Let her earn $4.00, and the week's pay day come."""
    seller: Seller = stage.once("seller", lambda: Seller(stage))
    seller.earns(stage, name)
    _pay_day_comes(stage)
    return seller


def _reserved(stage: Stage, name: str) -> Seller:
    """Let a creator that is watched be paid, and the days of its reserve pass."""
    seller: Seller = stage.once("watched", lambda: _watched(stage))
    seller.earns(stage, name)
    stage.time.at = calendar.period_of(day=stage.now.date(), window=10).matures_at
    do(["payouts.run_weekly"])
    stage.time.passes(days=30)
    return seller


def _asking(stage: Stage, name: str) -> Seller:
    """Let a creator that is paid on demand earn, and what it earned mature."""
    seller: Seller = stage.once("asking", lambda: _on_demand(stage))
    seller.earns(stage, name)
    stage.time.at = calendar.midnight(day=stage.now.date()) + calendar.DAY * calendar.WINDOW_DAYS
    return seller


def _pay_day_comes(stage: Stage) -> None:
    stage.time.at = calendar.period_of(day=stage.now.date()).matures_at
    stage.time.passes(hours=6)


def _drafted(stage: Stage, name: str) -> Payout:
    _earned(stage, name)
    do(["payouts.run_weekly"])
    return Payout.objects.latest("id")


def _approved(stage: Stage, name: str) -> Payout:
    payout = _drafted(stage, name)
    _approves(stage, payout)
    valkey.flush(settings.VALKEY_PORT)
    return payout


def _unknown(stage: Stage, name: str) -> Payout:
    payout = _approved(stage, name)
    stage.stripe.post("/_sim/faults", kind="drop_after", method="POST", path="/v1/transfers", count=EVERY_TRY)
    sending.send_approved(now=stage.now)
    clear_faults(stage.stripe)
    stage.time.at += sending.ANSWER_WITHIN
    return payout


def _restricted(stage: Stage, name: str) -> Payout:
    payout = _approved(stage, name)
    stage.stripe.post(f"/_sim/accounts/{payout.destination}", state="restrict")
    return payout


def _sent(stage: Stage, name: str) -> Payout:
    payout = _approved(stage, name)
    sending.send_approved(now=stage.now)
    payout.refresh_from_db()
    return payout


def _at_the_bank(stage: Stage, name: str) -> dict[str, str]:
    payout = _sent(stage, name)
    stage.stripe.post("/_sim/payouts/run", account=payout.destination)
    made = client().v1.payouts.list({"limit": 1}, {"stripe_account": payout.destination}).data
    return {"stripe_account_id": payout.destination, "bank_payout_id": made[0].id}


def _taken_back(stage: Stage, name: str) -> Payout:
    payout = _sent(stage, name)
    client().v1.transfers.reversals.create(payout.stripe_transfer_id or "", {"amount": 400})
    return payout


def _approves(stage: Stage, payout: Payout) -> None:
    payout.refresh_from_db()
    approvals.approve(payouts=[payout], actor=creators.OLIVE, now=stage.now)


def _pays_the_week(_: Stage, __: Any) -> None:
    do(["payouts.run_weekly"])


def _lets_go(stage: Stage, _: Seller) -> None:
    reserves.release_due(now=stage.now)


def _is_let_go(stage: Stage, *_: Any) -> None:
    do(["payouts.release_reserves"])
    _comes_to_be_paid(stage)


def _asks(stage: Stage, seller: Seller) -> None:
    on_demand.request(creator=seller.creator, actor="dana", now=stage.now)


def _asks_again(stage: Stage, seller: Seller, _: Life) -> None:
    _asks(stage, seller)
    _comes_to_be_paid(stage)


def _comes_to_be_paid(stage: Stage, *_: Any) -> None:
    """Beat looks for what is left; staff approves what is not; the bank takes what was sent."""
    stage.time.at += sending.ANSWER_WITHIN
    do(["payouts.run_weekly"])
    for payout in Payout.objects.filter(state__in=[Payout.State.DRAFT, Payout.State.FAILED]):
        _approves(stage, payout)
    stage.sweep()
    stage.stripe.post("/_sim/payouts/run", account=Payout.objects.latest("id").destination)
    stage.time.at += bank.STUCK_AFTER
    stage.sweep()


def _is_enabled_again(stage: Stage, payout: Payout, _: Life) -> None:
    stage.time.at += sending.ANSWER_WITHIN
    stage.sweep()
    creators.change_account(payout.account, stage.stripe, state="enable", now=stage.now)
    _comes_to_be_paid(stage)


def _is_paid_again(stage: Stage, *_: Any) -> None:
    stage.time.at += bank.STUCK_AFTER
    stage.sweep()
    stage.time.at += calendar.WEEK
    _comes_to_be_paid(stage)


def _sends(stage: Stage, _: Payout) -> None:
    sending.send_approved(now=stage.now)


def _connects(stage: Stage, creator: Creator) -> None:
    addresses = onboarding.Addresses(return_url="http://127.0.0.1/", refresh_url="http://127.0.0.1/")
    onboarding.start(creator=creator, addresses=addresses, now=stage.now)


def _connects_again(stage: Stage, creator: Creator, life: Life) -> None:
    if life.killed:
        _connects(stage, creator)
    stage.sweep()


def _connected(stage: Stage, name: str) -> None:
    creators.connect_stripe(_creator(stage, name), stage.stripe, now=stage.now)
    stage.time.at += onboarding.STALE_AFTER


def _looks_again(stage: Stage, _: Any) -> None:
    onboarding.resync_stale(now=stage.now)


def _told_of(stage: Stage, name: str) -> dict[str, Any]:
    endpoint = register()
    _taken_back(stage, name)
    return {"endpoint": endpoint, "event": event_of("transfer.reversed")}


def _delivers(_: Stage, delivery: dict[str, Any]) -> int:
    return int(send(Client(), delivery["endpoint"], delivery["event"]).status_code)


def _delivers_again(stage: Stage, delivery: dict[str, Any], life: Life) -> None:
    if life.answer != 200:
        assert _delivers(stage, delivery) == 200
    _is_paid_again(stage)


def _finds(stage: Stage, _: Payout) -> None:
    sending.unresolved(now=stage.now)


def _reads(stage: Stage, said: dict[str, str]) -> None:
    bank.sync(**said, now=stage.now)


def _books_back(stage: Stage, payout: Payout) -> None:
    reversals.sync(stripe_transfer_id=payout.stripe_transfer_id or "", now=stage.now)


TALES: Final = {
    "an account is connected": Story(_creator, _connects, _connects_again),
    "accounts are read again": Story(_connected, _looks_again, lambda stage, *_: stage.sweep()),
    "the week is run": Story(_earned, _pays_the_week, _comes_to_be_paid),
    "a creator asks to be paid": Story(_asking, _asks, _asks_again),
    "a reserve is let go": Story(_reserved, _lets_go, _is_let_go),
    "a payout is approved": Story(_drafted, _approves, _comes_to_be_paid),
    "a payout is sent": Story(_approved, _sends, _comes_to_be_paid),
    "a payout is refused": Story(_restricted, _sends, _is_enabled_again),
    "a lost transfer is found": Story(_unknown, _finds, _comes_to_be_paid),
    "a bank payout is read": Story(_at_the_bank, _reads, _comes_to_be_paid),
    "a transfer is taken back": Story(_taken_back, _books_back, _is_paid_again),
    "a webhook tells of a transfer taken back": Story(_told_of, _delivers, _delivers_again),
}
