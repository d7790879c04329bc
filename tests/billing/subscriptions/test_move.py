"""Moving subscribers to another version: moves.movers, moving.plan, and what renewals make of it."""

import csv
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from billing.models import Subscription, SubscriptionMove
from billing.operations import payments
from billing.operations.subscriptions import cancelling, changing, moving
from billing.operations.subscriptions.moving import Decision
from billing.queries import moves
from billing.queries.moves import Mover, Proposal
from config.kit.errors import InvalidInputError
from marketplace import publishing
from marketplace.models import Plan, SubscriptionTier
from tests.support import market, people
from tests.support.catalogue import change, copied, publish
from tests.support.checkout import NOW, pay
from tests.support.market import A_DAY
from tests.support.people import open_customer
from tests.support.plans import attach, current, draft_lines, renew, settle_up
from tests.support.processes import StripeStandin
from tests.support.races import race
from tests.support.subscribing import TIERS, subscribe
from wallets.models import CreditGrant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

OLIVE = Decision(actor="user:olive", reason="Providers raised their prices")
APRIL, MAY, JUNE = (NOW.replace(month=month) for month in (4, 5, 6))
LATER = NOW + 2 * A_DAY


@pytest.fixture
def republish(tmp_path: Path) -> Callable[..., None]:
    """Put the catalogue on sale, and give a way to publish one of its plans with other words."""
    folder = copied(tmp_path)
    publish(folder=folder, now=NOW - A_DAY)

    def changed(slug: str, *words: tuple[str, str], now: dt.datetime = NOW + A_DAY) -> None:
        for old, new in words:
            change(folder / f"plans/{slug}.yaml", old, new)
        publish(folder=folder, now=now)

    return changed


def bought(standin: StripeStandin, name: str, plan: str, **choice: Any) -> Subscription:
    """Subscribe somebody to a paid plan."""
    subscription = attach(open_customer(name), plan, **choice)
    pay(standin, subscription.stripe_session_id)
    payments.fulfil(session_id=subscription.stripe_session_id, now=NOW)
    subscription.refresh_from_db()
    return subscription


def a_move(slug: str, **named: Any) -> Proposal:
    said = {"plan": Plan.objects.get(slug=slug), "to": None, "from_numbers": (), "notice_days": 30}
    return moves.propose(**(said | named))


def plan(slug: str, *, now: dt.datetime = LATER) -> int:
    """Plan a move and tell everybody, as the worker does."""
    count = moving.plan(proposal=a_move(slug), decision=OLIVE, now=now)
    for move in SubscriptionMove.objects.filter(told_at=None):
        moving.tell(move_id=move.pk, now=now)
    return count


def seen(slug: str, *, now: dt.datetime = LATER) -> dict[str, Mover]:
    return {each.customer: each for each in moves.movers(proposal=a_move(slug), now=now)}


def states() -> list[str]:
    return list(SubscriptionMove.objects.order_by("pk").values_list("state", flat=True))


def test_a_dearer_version_waits_for_the_notice_and_never_cuts_a_period(
    stripe_standin: StripeStandin, republish: Callable[..., None]
) -> None:
    bob = bought(stripe_standin, "bob", "pro")
    republish("pro", ("price_usd: 29", "price_usd: 35"), ("amount: 0.005", "amount: 0.006"))

    (mover,) = seen("pro").values()
    assert mover.then is not None
    assert (mover.today.fee_cents, mover.then.fee_cents, mover.worse) == (2_900, 3_500, True)
    # Told on 4 March, 30 days run beyond 2 April: the period of 2 May is the first with the new price.
    assert (mover.starts_at, mover.problem) == (MAY, "")
    assert any("$0.005" in point for point in mover.today.points)
    assert any("$0.006" in point for point in mover.then.points)
    assert not SubscriptionMove.objects.exists()

    assert (plan("pro"), plan("pro")) == (1, 0)
    (letter,) = mail.outbox
    assert letter.to == [bob.customer.email]
    assert "from 2 May 2026 on" in letter.body
    assert "$29.00 a month" in letter.body
    assert "$35.00 a month" in letter.body

    renew(now=APRIL)
    assert draft_lines(bob.customer) == [("fee", 2_900)]
    settle_up(now=APRIL)
    renew(now=MAY)
    assert draft_lines(bob.customer) == [("fee", 3_500)]
    settle_up(now=MAY)
    bob.refresh_from_db()
    assert (bob.version.number, bob.pending_tier, current(bob).tier.version.number) == (2, None, 2)
    done = SubscriptionMove.objects.get()
    assert (done.state, done.period_id, done.actor) == ("done", current(bob).pk, "user:olive")
    renew(now=JUNE)
    assert draft_lines(bob.customer) == [("fee", 3_500)]
    assert seen("pro") == {}


def test_a_better_version_begins_with_the_next_period(republish: Callable[..., None]) -> None:
    bob = attach(open_customer("bob"), "credits-free")
    republish("credits-free", ("credits_usd: 5", "credits_usd: 8"))

    assert plan("credits-free") == 1
    renew(now=APRIL)

    assert current(bob).credits == 8_000_000_000
    assert "cancel or change the plan at any time" in mail.outbox[0].body


def test_a_notice_that_was_late_is_not_cut_short(republish: Callable[..., None]) -> None:
    bob = attach(open_customer("bob"), "credits-free")
    republish("credits-free", ("credits_usd: 5", "credits_usd: 2"))
    moving.plan(proposal=a_move("credits-free"), decision=OLIVE, now=NOW - A_DAY + 2 * A_DAY)
    assert moving.sweep(now=LATER) == 1

    renew(now=APRIL)
    moving.tell(move_id=SubscriptionMove.objects.get().pk, now=APRIL + 5 * A_DAY)
    renew(now=MAY)
    renew(now=JUNE)

    granted = list(bob.periods.order_by("number").values_list("credits", flat=True))
    assert [each // 1_000_000 for each in granted] == [5_000, 5_000, 5_000, 2_000]
    assert "from 2 Jun 2026 on" in mail.outbox[0].body


def test_it_says_who_cannot_be_moved_and_why(
    stripe_standin: StripeStandin, republish: Callable[..., None]
) -> None:
    bought(stripe_standin, "bob", "pro")
    paused, leaving, choosing = (bought(stripe_standin, name, "pro") for name in ("carol", "dave", "erin"))
    agreed = bought(stripe_standin, "frank", "pro")
    cancelling.pause(subscription_id=paused.pk, actor="carol", now=NOW)
    cancelling.at_period_end(subscription_id=leaving.pk, actor="dave", now=NOW)
    payg = SubscriptionTier.objects.get(version__plan__slug="payg")
    changing.change(subscription_id=choosing.pk, tier_id=payg.pk, quantity=None, actor="erin", now=NOW)
    agreed.customer.agreements.create(
        plan=agreed.version.plan, starts_at=NOW, ends_at=JUNE, created_by="olive", created_at=NOW
    )
    republish("pro", ("price_usd: 29", "price_usd: 25"))

    assert {name: each.problem for name, each in seen("pro").items()} == {
        "Bob": "",
        "Carol": "is paused",
        "Dave": "ends on 2026-04-02",
        "Erin": "the customer has chosen another tier",
        "Frank": "has an agreement until 2026-06-02",
    }
    assert plan("pro") == 1
    assert seen("pro")["Bob"].problem == "planned already"

    republish(
        "pro", ("name: Pro\n      price_usd: 25", "name: Pro 2\n      price_usd: 25"), now=NOW + 2 * A_DAY
    )
    assert {each.problem for each in seen("pro").values()} == {"there is no tier Pro any more"}


def test_who_pays_nothing_is_not_made_to_pay(republish: Callable[..., None]) -> None:
    attach(open_customer("bob"), "credits-free")
    republish("credits-free", ("price_usd: 0", "price_usd: 3"))

    assert seen("credits-free")["Bob"].problem.startswith("costs nothing today")
    assert plan("credits-free") == 0


@pytest.mark.parametrize(
    ("act", "state"),
    [
        (lambda sbs: cancelling.at_period_end(subscription_id=sbs.pk, actor="bob", now=LATER), "lapsed"),
        (lambda sbs: cancelling.at_once(subscription_id=sbs.pk, actor="bob", now=LATER), "lapsed"),
        (
            lambda _sbs: moving.call_off(
                move_ids=[SubscriptionMove.objects.get().pk], decision=OLIVE, now=LATER
            ),
            "called_off",
        ),
        (
            lambda sbs: changing.change(
                subscription_id=sbs.pk,
                tier_id=SubscriptionTier.objects.get(version__plan__slug="payg").pk,
                quantity=None,
                actor="bob",
                now=LATER,
            ),
            "overtaken",
        ),
    ],
)
def test_the_customers_word_and_staffs_come_first(
    stripe_standin: StripeStandin,
    republish: Callable[..., None],
    act: Callable[[Subscription], object],
    state: str,
) -> None:
    bob = bought(stripe_standin, "bob", "pro")
    republish("pro", ("price_usd: 29", "price_usd: 35"))
    plan("pro")

    act(bob)
    renew(now=APRIL)
    settle_up(now=APRIL)
    renew(now=MAY)

    assert states() == [state]
    assert 3_500 not in bob.periods.values_list("amount_cents", flat=True)


def test_seats_of_now_cost_what_was_shown_and_the_move_waits(
    stripe_standin: StripeStandin, republish: Callable[..., None]
) -> None:
    team = bought(stripe_standin, "bob", "team", quantity=2)
    republish("team", ("price_usd: 25", "price_usd: 20"))
    plan("team")

    changing.change(subscription_id=team.pk, tier_id=team.tier_id, quantity=3, actor="bob", now=LATER + A_DAY)
    settle_up(now=LATER + A_DAY)
    assert states() == ["planned"]
    renew(now=current(team).ends_at)

    assert (current(team).amount_cents, current(team).quantity, states()) == (6_000, 3, ["done"])


def test_a_creators_subscribers_are_moved_and_run_under_the_new_version(
    stripe_standin: StripeStandin,
) -> None:
    bob, agent = open_customer("bob"), market.for_sale("subscribed", TIERS)
    starter = subscribe(bob, agent, stripe_standin)
    more = TIERS.replace("credits_per_month: 1000\n", "credits_per_month: 1500\n")
    publishing.publish(
        agent=agent, manifest=more, actor="user:alice", now=LATER, effective_from=APRIL + A_DAY
    )
    proposal = moves.propose(plan=agent.plan, to=2, from_numbers=[1], notice_days=30)

    assert moving.plan(proposal=proposal, decision=OLIVE, now=LATER) == 1
    moving.tell(move_id=SubscriptionMove.objects.get().pk, now=LATER)
    # No notice is needed for more, but the version is not in force yet when April begins.
    renew(now=APRIL)
    settle_up(now=APRIL)
    assert "from 2 May 2026 on" in mail.outbox[0].body
    assert CreditGrant.objects.latest("pk").amount == 1_000_000_000
    renew(now=MAY)
    settle_up(now=MAY)

    starter.refresh_from_db()
    assert starter.version.number == 2
    assert CreditGrant.objects.latest("pk").amount == 1_500_000_000


@pytest.mark.parametrize(
    ("decision", "named", "problem"),
    [
        (Decision(actor="user:olive", reason=" "), {}, "reason must be"),
        (OLIVE, {"notice_days": 29}, "notice_days must be 30 or more"),
        (OLIVE, {"to": 9}, "to is not a version"),
        (OLIVE, {"from_numbers": [2]}, "from must be versions before version 2"),
        (OLIVE, {"to": 1}, "from must be versions before version 1"),
    ],
)
def test_it_refuses_what_it_cannot_do(
    republish: Callable[..., None], decision: Decision, named: dict[str, Any], problem: str
) -> None:
    attach(open_customer("bob"), "credits-free")
    republish("credits-free", ("credits_usd: 5", "credits_usd: 2"))

    with pytest.raises(InvalidInputError, match=problem):
        moving.plan(proposal=a_move("credits-free", **named), decision=decision, now=LATER)
    assert not SubscriptionMove.objects.exists()


def test_the_database_keeps_what_was_decided(republish: Callable[..., None]) -> None:
    attach(open_customer("bob"), "credits-free")
    republish("credits-free", ("credits_usd: 5", "credits_usd: 8"))
    plan("credits-free")
    move = SubscriptionMove.objects.filter(pk=SubscriptionMove.objects.get().pk)

    for damage in (
        {"reason": "another"},
        {"notice_days": 1},
        {"told_at": None},
        {"state": "done", "closed_at": NOW},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            move.update(**damage)
    with pytest.raises(DatabaseError), transaction.atomic():
        move.delete()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rival", ["renew", "cancel", "plan"])
def test_it_races_with_a_renewal_a_cancellation_and_itself(
    republish: Callable[..., None], rival: str
) -> None:
    bobs = [attach(open_customer(name), "credits-free") for name in ("bob", "carol", "dave")]
    republish("credits-free", ("credits_usd: 5", "credits_usd: 8"))

    def step(place: int) -> object:
        if place == 0 or rival == "plan":
            return moving.plan(proposal=a_move("credits-free"), decision=OLIVE, now=APRIL)
        if rival == "renew":
            return renew(now=APRIL)
        return [cancelling.at_once(subscription_id=bob.pk, actor="bob", now=APRIL) for bob in bobs]

    told = race(2, step)

    assert [each for each in told if isinstance(each, Exception)] == []
    planned = {move.subscription_id for move in SubscriptionMove.objects.filter(state="planned")}
    live = set(Subscription.objects.filter(state="active").values_list("pk", flat=True))
    assert planned == live & {bob.pk for bob in bobs}
    assert rival == "cancel" or len(planned) == 3
    for move in SubscriptionMove.objects.filter(state="planned"):
        moving.tell(move_id=move.pk, now=APRIL)
    renew(now=MAY)
    for key in planned:
        assert current(Subscription.objects.get(pk=key)).credits == 8_000_000_000


def test_staff_preview_download_and_decide_and_the_customer_reads_of_it(
    client: Client, republish: Callable[..., None]
) -> None:
    user, customer = people.sign_up("bob")
    bob = attach(customer, "credits-free")
    republish("credits-free", ("credits_usd: 5", "credits_usd: 2"))
    staff = User.objects.create_superuser("olive@example.com", "correct horse battery")
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    page = reverse("admin:billing_subscriptionmove_move")
    to = Plan.objects.get(slug="credits-free").versions.get(number=2).pk
    asked = {"to": str(to), "earlier": "1", "notice_days": "30"}

    assert "Credits Free, version 2" in client.get(page).content.decode()
    shown = client.get(page, asked).content.decode()
    assert "5,000 credits a month" in shown
    assert "2,000 credits a month" in shown
    (line,) = csv.DictReader(client.get(page, asked | {"csv": "1"}).content.decode().splitlines())
    assert (line["customer"], line["credits_then"], line["worse"]) == ("Bob", "2000", "yes")
    assert client.post(page, asked | {"reason": ""}).status_code == 200
    assert client.post(page, asked | {"reason": "Costs", "notice_days": "3"}).status_code == 200
    assert not SubscriptionMove.objects.exists()
    assert client.post(page, asked | {"reason": "Costs"}).status_code == 302

    move = SubscriptionMove.objects.get()
    assert (move.subscription_id, move.actor, move.reason) == (bob.pk, f"staff:{staff.email}", "Costs")
    listed = client.get(reverse("admin:billing_subscriptionmove_changelist"), {"q": "bob"}).content.decode()
    assert "Credits Free, 1 to 2" in listed
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(page).status_code == 302
    assert "2,000 credits a month" in client.get(f"/subscriptions/{bob.public_id}/").content.decode()


def test_the_command_previews_and_plans_only_when_asked(
    republish: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    attach(open_customer("bob"), "credits-free")
    republish("credits-free", ("credits_usd: 5", "credits_usd: 2"))
    file = tmp_path / "movers.csv"

    call_command("move_subscribers", plan="credits-free", csv=file)
    assert "1 of 1 subscribers can be moved." in capsys.readouterr().out
    assert "Bob" in file.read_text()
    assert not SubscriptionMove.objects.exists()
    call_command("move_subscribers", plan="credits-free", apply=True, reason="Costs")
    assert SubscriptionMove.objects.get().reason == "Costs"
    for wrong in ({"plan": "none"}, {"plan": "credits-free", "to": 7}, {"plan": "pro"}):
        with pytest.raises(CommandError):
            call_command("move_subscribers", **wrong)
