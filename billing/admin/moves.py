"""Moves of subscribers to another version: previewed, decided with a reason, called off."""

from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts import audit
from billing.documents import spreadsheet
from billing.models import Subscription, SubscriptionMove
from billing.models.subscriptions import LIVE
from billing.operations.subscriptions import moving
from billing.operations.subscriptions.moving import Decision
from billing.queries import moves
from billing.queries.moves import Proposal
from config.kit import clock, reasons
from config.kit.errors import DomainError
from marketplace.models import PlanVersion
from wallets.admin.readonly import ReadOnlyAdmin

CHANGELIST: Final = "admin:billing_subscriptionmove_changelist"
COLOURS: Final = {"planned": "info", "done": "success", "overtaken": "warning", "called_off": "warning"}
NUMBERS_MAX: Final = 60
SHOWN_MAX: Final = 200


class VersionField(forms.ModelChoiceField[PlanVersion]):
    """A version of a plan, named as staff know it."""

    def label_from_instance(self, obj: PlanVersion) -> str:
        """Name it."""
        return f"{obj.plan}, version {obj.number}, from {obj.effective_from:%Y-%m-%d}"


class MoveForm(forms.Form):
    """Which subscribers go where."""

    to = VersionField(
        queryset=PlanVersion.objects.none(), label="Move to", widget=UnfoldAdminSelectWidget, empty_label=None
    )
    earlier = forms.CharField(
        label="From versions",
        max_length=NUMBERS_MAX,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Numbers such as 1, 2; else all before it.",
    )
    notice_days = forms.IntegerField(
        min_value=0,
        max_value=365,
        initial=lambda: settings.PRICE_NOTICE_DAYS,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Before who pays more, or gets less, is moved.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = targets()  # type: ignore[attr-defined]

    def clean_earlier(self) -> list[int]:
        """Read the numbers."""
        words = self.cleaned_data["earlier"].replace(",", " ").split()
        if not all(word.isascii() and word.isdigit() for word in words):
            raise forms.ValidationError("Numbers such as 1, 2.")
        return [int(word) for word in words]


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(max_length=reasons.LENGTH_MAX, widget=UnfoldAdminTextInputWidget)


def targets() -> QuerySet[PlanVersion]:
    """Give the versions before which somebody is subscribed to their plan, the latest first."""
    live = Subscription.objects.filter(state__in=LIVE, version__plan=OuterRef("plan"))
    oldest = live.order_by("version__number").values("version__number")[:1]
    return PlanVersion.objects.filter(number__gt=Subquery(oldest)).select_related("plan").order_by("-id")


@admin.register(SubscriptionMove)
class SubscriptionMoveAdmin(ReadOnlyAdmin):
    """Who was moved to another version of its plan, when, by whom and why."""

    list_display = (
        *("subscription", "customer", "versions", "shown_state", "created_at", "told_at"),
        *("begins", "actor", "reason"),
    )
    list_select_related = ("subscription__customer", "from_tier__version", "tier__version__plan", "period")
    list_filter = ("state",)
    search_fields = (
        *("subscription__public_id__exact", "subscription__customer__public_id__exact"),
        *("subscription__customer__email", "subscription__customer__name"),
    )
    search_help_text = "sbs_…, cst_…, name or e-mail"
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("call_off",)
    actions_list = ("move",)

    @display(description="customer")
    def customer(self, move: SubscriptionMove) -> str:
        """Name the customer."""
        return move.subscription.customer.name

    @display(description="plan")
    def versions(self, move: SubscriptionMove) -> str:
        """Tell from which version to which."""
        return f"{move.tier.version.plan}, {move.from_tier.version.number} to {move.tier.version.number}"

    @display(description="state", label=COLOURS, ordering="state")
    def shown_state(self, move: SubscriptionMove) -> str:
        """Show the state."""
        return move.state

    @display(description="began")
    def begins(self, move: SubscriptionMove) -> str:
        """Tell with which period it began."""
        return f"{move.period.starts_at:%Y-%m-%d}" if move.period else ""

    def has_manage_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this member of staff may move subscribers."""
        return request.user.has_perm("billing.change_subscription")

    @action(description="Move subscribers", url_path="move", permissions=["manage"], icon="move_up")
    def move(self, request: HttpRequest) -> HttpResponse:
        """Choose the versions, see whom it reaches and what it changes, then plan it."""
        if not self.has_manage_permission(request):
            raise PermissionDenied
        now, doing = clock.now(), request.method == "POST"
        form = MoveForm(request.POST if doing else request.GET if "to" in request.GET else None)
        why = ReasonForm(request.POST if doing else None)
        proposal = _proposal(form)
        if doing and proposal and why.is_valid() and self._planned(request, proposal, why):
            return redirect(CHANGELIST)
        found = moves.movers(proposal=proposal, now=now) if proposal else []
        if proposal and "csv" in request.GET:
            return _download(spreadsheet.movers(rows=found), proposal)
        context = {
            **self.admin_site.each_context(request),
            "title": "Move subscribers to another version",
            "opts": self.model._meta,
            "form": form,
            "why": why,
            "proposal": proposal,
            "movers": found[:SHOWN_MAX],
            "more": max(len(found) - SHOWN_MAX, 0),
            "able": sum(not each.problem for each in found),
            "worse": sum(each.worse and not each.problem for each in found),
            "query": request.GET.urlencode(),
        }
        return TemplateResponse(request, "admin/billing/move.html", context)

    @admin.action(description="Call off what is still planned", permissions=["manage"])
    def call_off(self, request: HttpRequest, chosen: QuerySet[SubscriptionMove]) -> None:
        """Leave subscribers where they are."""
        decision = Decision(actor=_actor(request), reason="called off in the admin")
        count = moving.call_off(
            move_ids=list(chosen.values_list("pk", flat=True)), decision=decision, now=clock.now()
        )
        self.message_user(request, f"{count} called off.", messages.SUCCESS)

    def _planned(self, request: HttpRequest, proposal: Proposal, why: ReasonForm) -> bool:
        decision = Decision(actor=_actor(request), reason=why.cleaned_data["reason"])
        try:
            count = moving.plan(proposal=proposal, decision=decision, now=clock.now())
        except DomainError as refusal:
            why.add_error("reason", refusal.detail)
            return False
        messages.success(request, f"{count} planned; each is told by mail.")
        return True


def _proposal(form: MoveForm) -> Proposal | None:
    if not (form.is_bound and form.is_valid()):
        return None
    said = form.cleaned_data
    try:
        return moves.propose(
            plan=said["to"].plan,
            to=said["to"].number,
            from_numbers=said["earlier"],
            notice_days=said["notice_days"],
        )
    except DomainError as refusal:
        form.add_error("earlier", refusal.detail)
        return None


def _download(text: str, proposal: Proposal) -> HttpResponse:
    name = f"move-to-{proposal.to.public_id}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text.encode(), content_type="text/csv; charset=utf-8", headers=headers)


def _actor(request: HttpRequest) -> str:
    return audit.staff(request=request).actor
