"""Adjustments by staff: asked for alone and of another, approved, reversed. Whoever got no answer clicks again."""

from collections.abc import Callable
from typing import Any, Final

from config.kit.errors import ConflictError
from tests.support import runs
from tests.support.crash_points import Life
from tests.support.staff import staff
from tests.support.stories import Stage, Story
from wallets import adjustments
from wallets.models import Adjustment, Wallet

LARGE: Final = 20_000


def _wallet(stage: Stage, name: str) -> Wallet:
    stage.once("staff", lambda: [staff("olive"), staff("paul")])
    return runs.wallet_of(runs.make_customer(name, credits=100))


def _asks(credits: int) -> Callable[[Stage, Wallet], Adjustment]:
    def act(stage: Stage, wallet: Wallet) -> Adjustment:
        return adjustments.request(
            wallet=wallet,
            amount=runs.credits(credits),
            reason="a test",
            reference=f"adj_{wallet.pk:08}",
            by=staff("olive"),
            now=stage.now,
        )

    return act


def _asked(stage: Stage, name: str) -> Adjustment:
    return _asks(LARGE)(stage, _wallet(stage, name))


def _applied(stage: Stage, name: str) -> Adjustment:
    return _asks(40)(stage, _wallet(stage, name))


def _approves(stage: Stage, asked: Adjustment) -> None:
    adjustments.approve(adjustment=asked, by=staff("paul"), now=stage.now)


def _reverses(stage: Stage, made: Adjustment) -> None:
    adjustments.reverse(adjustment=made, by=staff("paul"), now=stage.now)


def _clicked(begin: Callable[[Stage, str], Any], act: Callable[[Stage, Any], Any]) -> Story:
    def after(stage: Stage, subject: Any, life: Life) -> None:
        if life.killed:
            try:
                act(stage, subject)
            except ConflictError:
                return  # it was done: only the answer was lost

    return Story(begin, act, after)


TALES: Final = {
    "an adjustment up": _clicked(_wallet, _asks(40)),
    "an adjustment down": _clicked(_wallet, _asks(-40)),
    "a large adjustment is asked for": _clicked(_wallet, _asks(LARGE)),
    "an adjustment is approved": _clicked(_asked, _approves),
    "an adjustment is reversed": _clicked(_applied, _reverses),
}
