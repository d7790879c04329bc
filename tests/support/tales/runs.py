"""Runs: check and reserve, meter, log, log many, release, expiry, posting, page runs."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from django.test import Client

from billing.models import Execution
from billing.operations import executions, page_runs, posting
from tests.support import ledger, people, runs
from tests.support.callers import Caller
from tests.support.crash_points import Life
from tests.support.stories import Stage, Story, do
from wallets import debts, operations, quotas, seals
from wallets.ledger import Source
from wallets.models import Wallet
from wallets.money import MICRO

UNIT: Final = "EXECUTION"
LOG: Final = "/internal/usage/log"
CHECK: Final = "/internal/usage/check"


class Market:
    """An agent of 50 credits a request, a consumer with 1,000 credits, and a router that speaks for both."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.name = name
        self.agent = stage.once("agent", runs.make_agent)
        self.bob = runs.make_customer(name, credits=1_000)
        self.router = stage.once("router", lambda: Caller(Client(), people.router_key(), LOG))
        self.execution = ""

    def reserves(self) -> "Market":
        """Reserve a run of up to 120 credits."""
        self.execution = self.says(CHECK, {"reserve": True, "max_charge": "120"} | self._run(), key="check")[
            "execution"
        ]
        return self

    def direct(self, event: str, **changes: Any) -> dict[str, Any]:
        """Report a run that was not reserved."""
        return self._run() | {"usage": {"request": 1}, "event_id": f"{self.name}-{event}"} | changes

    def reserved(self, event: str) -> dict[str, Any]:
        """Report the reserved run."""
        return {
            "execution": self.execution,
            "usage": {"request": 2},
            "event_id": f"{self.name}-{event}",
            "outcome": "success",
        }

    def says(self, path: str, body: dict[str, Any], *, key: str | None = None) -> dict[str, Any]:
        """Let the router post."""
        answer = self.router.post(body, path=path, key=key and f"{self.name}-{key}")
        assert answer.status_code < 300, answer.content
        return dict(answer.json())

    def _run(self) -> dict[str, Any]:
        return {"agent": self.agent.slug, "caller": self.bob.public_id}


def _routed(
    begin: Callable[[Stage, Market], Any], act: Callable[[Market], dict[str, Any]], *, replays: bool = True
) -> Story:
    """Tell of a router's request, which it repeats while it has no answer; a repeated answer is the first one."""

    def begin_(stage: Stage, name: str) -> Market:
        market = Market(stage, name)
        begin(stage, market)
        return market

    def after(stage: Stage, market: Market, life: Life) -> None:
        if life.killed or replays:
            answer = act(market)
            assert life.killed or life.answer == answer
        stage.time.passes(hours=1)
        stage.sweep()

    return Story(begin_, lambda _, market: act(market), after)


def _check(market: Market) -> dict[str, Any]:
    return market.says(CHECK, {"reserve": True, "max_charge": "120"} | market._run(), key="check")


def _log(market: Market) -> dict[str, Any]:
    return market.says(LOG, market.reserved("one"))


def _log_directly(market: Market) -> dict[str, Any]:
    return market.says(LOG, market.direct("one"))


def _log_many(market: Market) -> dict[str, Any]:
    events = [
        market.reserved("one"),
        market.direct("two"),
        market.direct("two"),
        market.direct("three", usage={"request": 1_000}),  # dearer than the wallet
        market.direct("four"),
    ]
    said = market.says(LOG, {"events": events})
    return {"results": [result.get("code", result["status"]) for result in said["results"]]}


def _meter(market: Market) -> dict[str, Any]:
    return market.says(
        f"/internal/executions/{market.execution}/meter", {"sequence": 1, "usage": {"request": 1}}
    )


def _release(market: Market) -> dict[str, Any]:
    return market.says(f"/internal/executions/{market.execution}/release", {"reason": "cancelled"})


def _reserved(stage: Stage, market: Market) -> None:
    market.reserves()


def _counts(stage: Stage, market: Market) -> None:
    """Run a feature that takes one of a quota of three beside its credits."""
    market.agent = stage.once("counted", lambda: runs.make_agent("counted", quota_unit=UNIT))
    quotas.grant(
        customer_id=market.bob.pk,
        unit=UNIT,
        amount=3 * MICRO,
        source=Source("period", market.name),
        expires_at=None,
        now=stage.now,
    )


def _counted(stage: Stage, market: Market) -> None:
    _counts(stage, market)
    market.reserves()


def _owes(stage: Stage, market: Market) -> None:
    """Run below zero."""
    wallet = runs.wallet_of(market.bob)
    debts.set_overdraft(wallet_id=wallet.pk, limit=runs.credits(100), now=stage.now)
    operations.adjust(
        wallet=wallet,
        amount=-runs.credits(980),
        reference=f"owes_{wallet.pk:08}",
        reason="a test",
        actor="staff:olive",
        now=stage.now,
    )


def _as_it_is(stage: Stage, market: Market) -> None:
    """Nothing comes before a first request."""


def _expires(stage: Stage, wallet: Wallet) -> None:
    do(["wallets.expire_grants"])


def _overdue(stage: Stage, name: str) -> Market:
    market = Market(stage, name).reserves()
    stage.time.passes(hours=1)
    return market


def _counted_overdue(stage: Stage, name: str) -> Market:
    market = Market(stage, name)
    _counted(stage, market)
    stage.time.passes(hours=1)
    return market


def _settled(stage: Stage, name: str) -> Market:
    market = Market(stage, name)
    _log_directly(market)
    return market


def _page_run(stage: Stage, name: str) -> str:
    market = Market(stage, name)
    usage = {"request": Decimal(2)}
    page_runs.start(customer=market.bob, agent=market.agent.slug, usage=usage, key=name, now=stage.now)
    stage.time.passes(seconds=page_runs.LEFT_BEHIND_SECONDS)
    return Execution.objects.latest("id").public_id


def _promised(stage: Stage, name: str) -> Wallet:
    wallet = runs.wallet_of(runs.make_customer(name, credits=100))
    ledger.promise(wallet, credits=50, source=name, expires_at=stage.now)
    stage.time.passes(minutes=1)
    return wallet


def _job(begin: Callable[[Stage, str], Any], act: Callable[[Stage, Any], Any]) -> Story:
    """Tell of a job that is simply done again when it was cut short."""

    def after(stage: Stage, subject: Any, life: Life) -> None:
        if life.killed:
            act(stage, subject)
        stage.sweep()

    return Story(begin, act, after)


def _swept(begin: Callable[[Stage, str], Any], act: Callable[[Stage, Any], Any]) -> Story:
    """Tell of a job of which nothing is left but what the next sweep finds."""
    return Story(begin, act, lambda stage, *_: stage.sweep())


TALES: Final = {
    "check and reserve": _routed(_as_it_is, _check),
    "log a reserved run": _routed(_reserved, _log),
    "log a run": _routed(_as_it_is, _log_directly),
    "log many": _routed(_reserved, _log_many),
    "meter": _routed(_reserved, _meter, replays=False),
    "release": _routed(_reserved, _release, replays=False),
    "a hold expires": _swept(_overdue, lambda stage, _: executions.expire_due(now=stage.now)),
    "check and reserve what counts": _routed(_counts, _check),
    "log a reserved run that counts": _routed(_counted, _log),
    "log a run that counts": _routed(_counts, _log_directly),
    "a hold of a quota expires": _swept(
        _counted_overdue, lambda stage, _: executions.expire_due(now=stage.now)
    ),
    "log a run below zero": _routed(_owes, _log_directly),
    "splits are posted": _swept(_settled, lambda stage, _: posting.post_splits(now=stage.now)),
    "a page's run is finished": _swept(
        _page_run, lambda stage, execution: page_runs.finish(execution=execution, now=stage.now)
    ),
    "grants expire": _swept(_promised, _expires),
    "transactions are sealed": _swept(_settled, lambda stage, _: seals.seal_waiting(now=stage.now)),
}
