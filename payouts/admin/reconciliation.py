"""Reconciliation: green or red, with what is wrong, its corrections by two, and the days that are closed."""

from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from accounts import audit
from billing.stripe import links
from config.kit import clock
from config.kit.errors import DomainError
from payouts.admin import shown
from payouts.models import Correction, Discrepancy, ReconciledDay, Reconciliation
from payouts.operations import corrections, reconciliation
from payouts.queries import standing_of_books
from wallets.admin.links import link
from wallets.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from wallets.templatetags.money import money

LIST: Final = "admin:payouts_discrepancy_changelist"
PAGE: Final = "admin:payouts_discrepancy_change"
CORRECTION: Final = "admin:payouts_correction_change"
STATES: Final = {"requested": "warning", "approved": "info", "applied": "success", "declined": "danger"}


def may_correct(request: HttpRequest) -> bool:
    """Tell whether this member of staff may reconcile, and request and decide corrections."""
    return request.user.has_perm("payouts.correct_books")


class CorrectionForm(forms.Form):
    """What takes the difference, and why."""

    account = forms.ChoiceField(
        label="Account that takes the difference", widget=UnfoldAdminSelectWidget, required=False
    )
    reason = forms.CharField(max_length=300, widget=UnfoldAdminTextareaWidget)

    def __init__(self, *args: Any, accounts: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account"].choices = [(name, name) for name in accounts]  # type: ignore[attr-defined]
        if not accounts:
            del self.fields["account"]


class CorrectionInline(ReadOnlyInline):
    model = Correction
    fields = ("public_id", "account", "state", "reason", "requested_by", "decided_by")
    readonly_fields = fields
    show_change_link = True


@admin.register(Discrepancy)
class DiscrepancyAdmin(ReadOnlyAdmin):
    """What Stripe and our books do not agree on: open first, each linked to Stripe's object and to ours."""

    list_display = ("cause", "state", "difference", "age", "at_stripe", "in_our_books")
    list_select_related = ("balance_transaction", "transaction")
    list_filter = ("kind", ("resolved_at", admin.EmptyFieldListFilter), "day")
    search_fields = (
        "key__startswith",
        "balance_transaction__stripe_id__exact",
        "transaction__public_id__exact",
    )
    search_help_text = "Cause at Stripe (pi_…, re_…, tr_…, txn_…) or our transaction"
    ordering = ("-resolved_at", "since", "id")
    list_before_template = "admin/payouts/reconciliation.html"
    actions_list = ("reconcile_now",)
    actions_detail = ("correct",)
    inlines = (CorrectionInline,)
    fields = (
        *("cause", "state", "difference", "detail", "day", "since", "age", "at_stripe", "in_our_books"),
        *("resolved_at", "resolved_by", "how"),
    )
    readonly_fields = fields

    def has_correct_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this member of staff may reconcile and ask for corrections."""
        return may_correct(request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show above the list how the books stand with Stripe."""
        shown_above = {"standing": standing_of_books.standing(now=clock.now())}
        page: HttpResponse = super().changelist_view(request, {**(extra_context or {}), **shown_above})
        return page

    @display(description="cause", ordering="key")
    def cause(self, discrepancy: Discrepancy) -> str:
        """Name the cause."""
        return discrepancy.key

    @display(description="what is wrong", label={"open": "danger", "resolved": "success"})
    def state(self, discrepancy: Discrepancy) -> tuple[str, str]:
        """Say what is wrong, or that it was explained."""
        kind = str(discrepancy.get_kind_display())
        return ("resolved", f"{kind}, resolved") if discrepancy.resolved_at else ("open", kind)

    @display(description="missing in our books", ordering="amount")
    def difference(self, discrepancy: Discrepancy) -> str:
        """Show the difference."""
        return money(discrepancy.amount)

    @display(description="age", ordering="since")
    def age(self, discrepancy: Discrepancy) -> str:
        """Say for how long it has been, or was, unexplained."""
        return standing_of_books.age(since=discrepancy.since, until=discrepancy.resolved_at or clock.now())

    @display(description="at Stripe")
    def at_stripe(self, discrepancy: Discrepancy) -> str:
        """Link to Stripe's line, or to the object that our books name."""
        line = discrepancy.balance_transaction
        return link(url=links.page_of(stripe_id=line.stripe_id), text=line.stripe_id) if line else "nothing"

    @display(description="in our books")
    def in_our_books(self, discrepancy: Discrepancy) -> str:
        """Link to our transaction."""
        ours = discrepancy.transaction
        if ours is None:
            return "nothing"
        page = reverse("admin:wallets_transaction_change", args=[ours.pk])
        return link(url=page, text=f"{ours.kind} {ours.public_id}")

    @action(description="Reconcile now", url_path="reconcile", permissions=["correct"], icon="sync")
    def reconcile_now(self, request: HttpRequest) -> HttpResponse:
        """Compare with Stripe all that is not closed, today included."""
        if request.method != "POST":
            return shown.confirm(
                self,
                request,
                title="Reconcile now",
                sentence="Stripe's lines are read afresh, what no webhook told of is looked up, and all that is not"
                " closed is compared.",
                lines=(),
                back_url=reverse(LIST),
            )
        now = clock.now()
        first, _ = reconciliation.due(now=now)
        try:
            done = reconciliation.reconcile(first=first, last=now.date(), actor=shown.actor(request), now=now)
        except DomainError as refusal:
            messages.error(request, refusal.detail)
        else:
            messages.success(request, f"{done.matched} matched, {done.found} to explain.")
        return redirect(LIST)

    @action(description="Ask for a correction", url_path="correct", permissions=["correct"], icon="edit")
    def correct(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Say what takes the difference and why; another person decides."""
        discrepancy = get_object_or_404(Discrepancy, pk=object_id)
        if discrepancy.resolved_at:
            messages.error(request, "It is resolved.")
            return redirect(PAGE, object_id)
        allowed = corrections.accounts_for(discrepancy=discrepancy)
        form = CorrectionForm(request.POST or None, accounts=allowed)
        if request.method == "POST" and form.is_valid() and self._asked(request, discrepancy, form):
            return redirect(PAGE, object_id)
        return TemplateResponse(
            request,
            "admin/payouts/correct.html",
            {
                **self.admin_site.each_context(request),
                "title": "Ask for a correction",
                "opts": self.model._meta,
                "form": form,
                "discrepancy": discrepancy,
                "previews": [(name, _legs(discrepancy, name)) for name in allowed],
                "back_url": reverse(PAGE, args=[discrepancy.pk]),
            },
        )

    def _asked(self, request: HttpRequest, discrepancy: Discrepancy, form: CorrectionForm) -> bool:
        if not may_correct(request):
            raise PermissionDenied
        try:
            asked = corrections.request(
                discrepancy=discrepancy,
                account=form.cleaned_data.get("account", ""),
                reason=form.cleaned_data["reason"],
                staff=audit.staff(request=request),
                now=clock.now(),
            )
        except DomainError as refusal:
            form.add_error(None, refusal.detail)
            return False
        messages.success(request, f"{asked} waits for another person's decision.")
        return True


@admin.register(Correction)
class CorrectionAdmin(ReadOnlyAdmin):
    """Corrections: asked for by one, decided by another."""

    list_display = (
        "public_id",
        "state_label",
        "discrepancy",
        "account",
        "change",
        "requested_by",
        "decided_by",
    )
    list_select_related = ("discrepancy", "requested_by", "decided_by")
    list_filter = ("state",)
    search_fields = ("public_id__exact", "discrepancy__key__startswith", "reason")
    ordering = ("-id",)
    actions_detail = ("approve", "decline")
    fields = (
        *("public_id", "state_label", "discrepancy_page", "account", "change", "reason", "requested_by"),
        *("requested_at", "decided_by", "decided_at", "transaction"),
    )
    readonly_fields = fields

    def has_correct_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this member of staff may decide corrections."""
        return may_correct(request)

    @display(description="state", ordering="state", label=STATES)
    def state_label(self, correction: Correction) -> str:
        """Show the state in its colour."""
        return correction.state

    @display(description="amount")
    def change(self, correction: Correction) -> str:
        """Show what is moved."""
        return money(correction.amount)

    @display(description="discrepancy")
    def discrepancy_page(self, correction: Correction) -> str:
        """Link to what it mends."""
        page = reverse(PAGE, args=[correction.discrepancy_id])
        return link(url=page, text=str(correction.discrepancy))

    @action(description="Approve and post", url_path="approve", permissions=["correct"], icon="check")
    def approve(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Post the correction, as somebody other than who asked for it."""
        correction = get_object_or_404(Correction.objects.select_related("discrepancy"), pk=object_id)
        return self._decided(request, correction, approved=True)

    @action(description="Decline", url_path="decline", permissions=["correct"], icon="close")
    def decline(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Decline the correction: nothing is posted."""
        correction = get_object_or_404(Correction.objects.select_related("discrepancy"), pk=object_id)
        return self._decided(request, correction, approved=False)

    def _decided(self, request: HttpRequest, correction: Correction, *, approved: bool) -> HttpResponse:
        if request.method != "POST":
            moved = _legs(correction.discrepancy, correction.account) if approved else []
            return shown.confirm(
                self,
                request,
                title="Approve and post" if approved else "Decline",
                sentence=f"{correction.discrepancy}. {correction.reason}",
                lines=[f"{account}: {money(amount)}" for account, amount in moved],
                back_url=reverse(CORRECTION, args=[correction.pk]),
            )
        staff, now = audit.staff(request=request), clock.now()
        try:
            if approved:
                corrections.approve(correction=correction, staff=staff, now=now)
            else:
                corrections.decline(correction=correction, staff=staff, reason="Declined", now=now)
        except DomainError as refusal:
            messages.error(request, refusal.detail)
        else:
            messages.success(request, "It is posted." if approved else "It is declined; nothing was posted.")
        return redirect(CORRECTION, correction.pk)


@admin.register(ReconciledDay)
class ReconciledDayAdmin(ReadOnlyAdmin):
    """Days: compared with Stripe, and closed once they are clean."""

    list_display = ("day", "state_label", "matched", "discrepancies", "net_usd", "reconciled_at", "closed_by")
    list_select_related = ("closed",)
    in_usd = ("net",)
    ordering = ("-day",)

    @display(description="state", label={"closed": "success", "open": "info"})
    def state_label(self, day: ReconciledDay) -> str:
        """Say whether the day still takes bookings."""
        return day.state

    @display(description="change of our balance", ordering="net")
    def net_usd(self, day: ReconciledDay) -> str:
        """Show by how much Stripe says our balance changed."""
        return money(day.net)

    @display(description="closed by")
    def closed_by(self, day: ReconciledDay) -> str:
        """Name who closed it."""
        return f"{day.closed.closed_by}, {day.closed.closed_at:%Y-%m-%d %H:%M}" if day.closed else ""


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    """Every comparison with Stripe that was made."""

    list_display = ("__str__", "started_by", "started_at", "matched", "pending", "filled", "found")
    ordering = ("-id",)


def _legs(discrepancy: Discrepancy, account: str) -> list[tuple[str, int]]:
    return corrections.describe(moved=corrections.legs(discrepancy=discrepancy, account=account))
