"""Why was I not paid: a checklist computed from state, the same on the creator's page, in the API and in the admin."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from django.db.models import Min, Sum

from marketplace.models import Creator
from payouts import calendar, gates, requirements
from payouts.models import Payout, PayoutAccount, ReserveHold
from payouts.queries import earnings, maturing, standing, terms
from payouts.queries.standing import Purse
from payouts.queries.terms import Terms
from wallets import money
from wallets.templatetags.money import credits_text

State = Payout.State

WAITING: Final = {
    State.DRAFT: ("waiting_for_approval", "It is put together; staff check it before it is sent."),
    State.APPROVED: ("approved", "It is approved and goes out within moments."),
    State.SENDING: ("sending", "It is being sent to Stripe."),
    State.UNKNOWN: ("unknown", "Stripe has not answered; it is being looked up, and is not sent twice."),
}
SECOND: Final = "One person has approved it; a payout of this size waits for a second one."


@dataclass(frozen=True)
class Reason:
    """One thing that stands between a creator's earnings and its bank; `until` when time alone resolves it."""

    code: str
    detail: str
    until: dt.date | None = None
    payout: str = ""
    amount: int | None = None


@dataclass(frozen=True)
class Answer:
    """Why a creator is not paid at this moment, and when it is tried next; no reasons: all is paid."""

    reasons: tuple[Reason, ...]
    next_attempt: dt.date | None


@dataclass(frozen=True)
class _Ground:
    """What the reasons are read from."""

    creator: Creator
    agreed: Terms
    purse: Purse
    maturing: int
    held: int
    disputed: int
    unpromised: int
    now: dt.datetime


def not_paid(*, creator: Creator, now: dt.datetime) -> Answer:
    """List what keeps a creator from being paid, the money's way: earning, maturing, paying, the bank."""
    purse = standing.purse(creator_id=creator.pk)
    coming = earnings.maturing(creator_id=creator.pk)
    before = min(maturing.disputed_before_maturity(creator_id=creator.pk), coming)
    held = _held(creator, purse)
    ground = _Ground(
        creator=creator,
        agreed=terms.of(creator_id=creator.pk),
        purse=purse,
        maturing=coming - before,
        held=held,
        disputed=held + before,
        unpromised=purse.payable - standing.promised(creator_id=creator.pk),
        now=now,
    )
    reasons = tuple(_reasons(ground))
    return Answer(reasons=reasons, next_attempt=_next_attempt(ground))


def _reasons(ground: _Ground) -> Iterator[Reason]:
    yield from _nothing(ground)
    yield from _maturing(ground)
    yield from _disputed(ground)
    yield from _reserved(ground)
    yield from _debt(ground)
    yield from _account(ground)
    yield from _amount(ground)
    yield from _payouts(ground)


def _nothing(ground: _Ground) -> Iterator[Reason]:
    purse = ground.purse
    stands = purse.payable or ground.maturing or ground.disputed or purse.reserve or purse.debt
    if not stands and not Payout.objects.filter(creator=ground.creator).exists():
        yield Reason(
            "nothing_earned", "Your agents have not earned anything yet. Your own runs earn you nothing."
        )


def _maturing(ground: _Ground) -> Iterator[Reason]:
    if ground.maturing <= 0:
        return
    until = _matures(ground)
    yield Reason(
        "maturing",
        f"{_credits(ground.maturing)} credits are still maturing; the first of them can be paid on {_day(until)}.",
        until,
        amount=ground.maturing,
    )


def _held(creator: Creator, purse: Purse) -> int:
    """Sum what of the reserve waits for disputes."""
    holds = ReserveHold.objects.filter(creator=creator, released_at=None, dispute__isnull=False)
    return min(holds.aggregate(total=Sum("amount"))["total"] or 0, purse.reserve)


def _disputed(ground: _Ground) -> Iterator[Reason]:
    if ground.disputed:
        yield Reason(
            "disputed",
            f"{_credits(ground.disputed)} credits were earned from payments that their customers dispute at the bank;"
            " they wait until it is known who pays for them.",
            amount=ground.disputed,
        )


def _reserved(ground: _Ground) -> Iterator[Reason]:
    amount = ground.purse.reserve - ground.held
    if amount <= 0:
        return
    held = ReserveHold.objects.filter(creator=ground.creator, released_at=None)
    first = held.aggregate(first=Min("release_at"))["first"]
    until = calendar.utc_day(at=first) if first else None
    yield Reason(
        "reserve",
        f"{_credits(amount)} credits are held back as a reserve"
        + (f"; the next part is let go on {_day(until)}." if until else "."),
        until,
        amount=amount,
    )


def _debt(ground: _Ground) -> Iterator[Reason]:
    if ground.purse.debt < 0:
        owed = _credits(-ground.purse.debt)
        yield Reason(
            "debt",
            f"You owe {owed} credits for runs that were refunded or disputed after they were paid; "
            "it is taken off what you earn next.",
            amount=ground.purse.debt,
        )


def _account(ground: _Ground) -> Iterator[Reason]:
    row = PayoutAccount.objects.filter(creator=ground.creator).first()
    # What Stripe asks for has a line each, below.
    blocked = gates.account_gate(standing=replace(standing.account_standing(account=row), needs=""))
    if not blocked:
        return
    yield Reason(str(blocked[0]), blocked[1])
    if row and row.disabled_reason:
        yield Reason("account_disabled", requirements.disabled_in_words(reason=row.disabled_reason))
    for asked in requirements.in_words(names=row.requirements_due) if row else ():
        yield Reason("requirement_due", f"Stripe asks for {asked.label[0].lower()}{asked.label[1:]}.")


def _amount(ground: _Ground) -> Iterator[Reason]:
    if ground.unpromised <= 0:
        return
    below = gates.minimum_gate(
        cents=money.credits_to_cents(ground.unpromised), minimum_cents=ground.agreed.least_cents
    )
    if below:
        yield Reason(str(below[0]), below[1], amount=ground.unpromised)
    elif ground.agreed.schedule == calendar.ON_DEMAND:
        yield Reason(
            "not_asked",
            f"{_credits(ground.unpromised)} credits are ready; ask for them on your payouts page.",
        )
    else:
        until = ground.agreed.next_period(now=ground.now).pay_date
        yield Reason(
            "scheduled", f"It goes into the payout of {_day(until)}.", until, amount=ground.unpromised
        )


def _payouts(ground: _Ground) -> Iterator[Reason]:
    for payout in Payout.objects.filter(creator=ground.creator).exclude(state__in=[State.PAID, *Payout.DEAD]):
        code, detail = _of(payout)
        yield Reason(code, f"{_dollars(payout)}: {detail}", payout=payout.public_id, amount=payout.amount)


def _of(payout: Payout) -> tuple[str, str]:
    if payout.state == State.FAILED:
        return "failed", payout.failure_detail or payout.failure_code
    if payout.state == State.SENT and payout.failure_code:
        return "bank_refused", payout.failure_detail or payout.failure_code
    if payout.state == State.SENT:
        return "at_stripe", "It is in your Stripe balance, on its way to your bank."
    if payout.waits_for_funds:
        return "waiting_for_funds", payout.failure_detail
    if payout.state == State.DRAFT and payout.requested_by_id:
        return "waiting_for_second_person", SECOND
    return WAITING[State(payout.state)]


def _next_attempt(ground: _Ground) -> dt.date | None:
    """Give the day on which something is paid next as things stand; None while nothing is there to pay."""
    if ground.unpromised > 0:
        if ground.agreed.schedule == calendar.ON_DEMAND:
            return calendar.utc_day(at=ground.now)
        return ground.agreed.next_period(now=ground.now).pay_date
    return _matures(ground) if ground.maturing > 0 else None


def _matures(ground: _Ground) -> dt.date:
    """Find the pay date of the first period with earnings that have not matured."""
    period = ground.agreed.next_period(now=ground.now)
    while not maturing.unmatured(creator_id=ground.creator.pk, before=period.end):
        if period.end > calendar.utc_day(at=ground.now):
            break
        period = period.following
    return period.pay_date


def _credits(amount: int) -> str:
    return credits_text(amount)


def _day(day: dt.date | None) -> str:
    return f"{day:%A}, {day.day} {day:%B %Y}" if day else ""


def _dollars(payout: Payout) -> str:
    return "$" + money.usd_text(money.cents_to_micros(payout.amount_cents) * money.MICRO)
