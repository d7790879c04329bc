"""Choose a plan, and change, pause or leave what one subscribes to."""

import secrets
from collections.abc import Callable, Mapping
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.middleware import SignedInRequest
from accounts.models import Customer
from billing.models.subscriptions import Subscription
from billing.operations.subscriptions import attaching, cancelling, changing, consent
from billing.operations.subscriptions.attaching import Choice
from billing.queries import plan_choices, purchases, subscription_pages
from billing.queries import subscriptions as queries
from billing.views.double_clicks import waited_for
from config.kit import clock
from config.kit.errors import DomainError, InvalidInputError, NotFoundError
from marketplace.models import SubscriptionTier
from marketplace.queries.plan_pages import plan_groups

WORD_MAX: Final = 100
STEPS: Final[Mapping[str, Callable[..., Subscription]]] = {
    "cancel": cancelling.at_period_end,
    "cancel_now": cancelling.at_once,
    "keep": cancelling.keep,
    "pause": cancelling.pause,
    "resume": cancelling.resume,
    "overage_on": consent.allow_overage,
    "overage_off": consent.stop_overage,
}


@require_safe
def plans(request: HttpRequest) -> HttpResponse:
    """Show every plan, side by side, to anybody; who has one sees which."""
    customer: Customer | None = getattr(request, "customer", None)
    live = queries.live(customer_id=customer.pk, agent_id=None) if customer else None
    context = {
        "groups": plan_groups(at=clock.now()),
        "own": {"slug": live.version.plan.slug, "subscription": live.public_id} if live else None,
    }
    return render(request, "billing/plans.html", context)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show a plan, and lead to its checkout (or start it, when it is free)."""
    if request.method == "POST":
        try:
            return _chosen(request, slug)
        except NotFoundError:
            raise
        except DomainError as refusal:
            messages.error(request, refusal.detail)
    page = subscription_pages.plan(slug=slug, customer=request.customer, now=clock.now())
    return render(request, "billing/plan.html", {"plan": page, "key": secrets.token_urlsafe(24)})


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Show what a change would cost, line by line; do it when that is agreed to."""
    row = purchases.subscription_of(customer=request.customer, public_id=public_id)
    asked = request.POST if request.method == "POST" else request.GET
    plan, tier, seats = (asked.get(name, "")[:WORD_MAX] for name in ("plan", "tier", "quantity"))
    now, with_next = clock.now(), asked.get("when") == "next"
    try:
        tier_id = plan_choices.chosen(subscription=row, plan=plan, tier=tier, now=now)
        counted = SubscriptionTier.objects.filter(pk=tier_id, per_seat=True).exists()
        quantity = _number(seats) if seats and counted else None
        if request.method == "POST":
            actor = f"user:{request.user.public_id}"
            changing.change(
                subscription_id=row.pk,
                tier_id=tier_id,
                quantity=quantity,
                actor=actor,
                now=now,
                with_next=with_next,
            )
            return redirect("billing:subscription", public_id=public_id)
        planned = changing.preview(
            subscription=row, tier_id=tier_id, quantity=quantity, now=now, with_next=with_next
        )
    except NotFoundError:
        raise
    except DomainError as refusal:
        messages.error(request, refusal.detail)
        return redirect("billing:subscription", public_id=public_id)
    context = {
        "subscription": {"public_id": row.public_id, "name": queries.name(row), "quantity": row.quantity},
        "planned": planned,
        "name": queries.name(row, tier=planned.tier),
        "asked": {"plan": plan, "tier": tier, "quantity": seats, "when": "next" if with_next else ""},
    }
    return render(request, "billing/subscription_change.html", context)


@login_required
@require_POST
def step(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Cancel, keep, pause, resume; allow or stop what goes above the plan."""
    row = purchases.subscription_of(customer=request.customer, public_id=public_id)
    act = STEPS.get(request.POST.get("step", ""))
    try:
        if act is None:
            raise InvalidInputError("There is no such step.")
        act(subscription_id=row.pk, actor=f"user:{request.user.public_id}", now=clock.now())
    except DomainError as refusal:
        messages.error(request, refusal.detail)
    return redirect("billing:subscription", public_id=public_id)


def _chosen(request: SignedInRequest, slug: str) -> HttpResponse:
    key = request.POST.get("key", "")[:WORD_MAX] or secrets.token_urlsafe(24)
    choice = Choice(
        plan=slug,
        quantity=_number(request.POST.get("quantity", "") or "1"),
        overage=request.POST.get("overage") == "on",
        trial=request.POST.get("trial") == "on",
    )
    found = waited_for(
        lambda: attaching.attach(
            customer=request.customer,
            principal=f"page:{request.customer.public_id}",
            key=f"{key}:{slug}",
            choice=choice,
            now=clock.now(),
        )
    ).subscription
    if found.state == Subscription.State.INCOMPLETE:
        return HttpResponseRedirect(found.checkout_url)
    return redirect("billing:subscription", public_id=found.public_id)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise InvalidInputError("A number of seats is a whole number.")
    return int(text)
