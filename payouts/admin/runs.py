"""Payout runs: previewed, started, and what came of them."""

import datetime as dt
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget

from config.kit import clock
from config.kit.errors import DomainError
from payouts import calendar, gates
from payouts.admin import shown
from payouts.calendar import Period
from payouts.models import Payout, PayoutExclusion, PayoutRun
from payouts.operations import runs
from payouts.queries import exclusions, preview, terms
from wallets import money
from wallets.admin.readonly import ReadOnlyAdmin, ReadOnlyInline

PERIODS_SHOWN: Final = 8
MONTHS_SHOWN: Final = 3
CHANGE_PAGE: Final = "admin:payouts_payoutrun_change"
PAYOUTS: Final = "admin:payouts_payout_changelist"


class PayoutInline(ReadOnlyInline):
    model = Payout
    fields = (
        "public_id",
        "creator",
        "state",
        "usd",
        "stripe_transfer_id",
        "failure_code",
        "sent_at",
        "paid_at",
    )
    readonly_fields = fields
    ordering = ("id",)
    show_change_link = True

    @admin.display(description="amount")
    def usd(self, payout: Payout) -> str:
        """Show the dollars."""
        return shown.dollars(payout.amount_cents)


class ExclusionInline(ReadOnlyInline):
    model = PayoutExclusion
    fields = ("creator", "reason", "detail", "credits")
    readonly_fields = fields
    ordering = ("id",)
    verbose_name_plural = "left out"

    @admin.display(description="stays payable")
    def credits(self, exclusion: PayoutExclusion) -> str:
        """Show the credits that stay payable."""
        return money.text(exclusion.payable)


class StartForm(forms.Form):
    """Which period to pay: of each schedule and window in use, the standard week first."""

    period = forms.ChoiceField(
        label="Period to pay",
        widget=UnfoldAdminSelectWidget,
        help_text="Weeks run Monday to Sunday, months from the first to the last, UTC.",
    )

    def __init__(self, *args: Any, now: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.periods = {_key(period): period for period in _periods(now)}
        self.fields["period"].choices = [  # type: ignore[attr-defined]
            (key, f"{period}, {period.schedule}, paid from {period.pay_date:%a %Y-%m-%d}")
            for key, period in self.periods.items()
        ]

    def chosen(self) -> Period:
        """Give the period that was chosen, else the newest week that is payable."""
        if self.is_bound and self.is_valid():
            return self.periods[self.cleaned_data["period"]]
        return next(iter(self.periods.values()))


@admin.register(PayoutRun)
class PayoutRunAdmin(ReadOnlyAdmin):
    """The runs, each with its payouts and those it left out."""

    list_display = (
        "__str__",
        "schedule",
        "scheduled_for",
        "payouts_made",
        "total",
        "started_by",
        "started_at",
        "prepared_at",
    )
    ordering = ("-period_start",)
    inlines = (PayoutInline, ExclusionInline)
    actions_list = ("start",)
    actions_detail = ("approve_drafts",)

    def has_run_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this member of staff may start runs and approve drafts."""
        return request.user.has_perm("payouts.approve_payout")

    @admin.display(description="payouts")
    def payouts_made(self, run: PayoutRun) -> int:
        """Count the payouts of the run that live."""
        return run.payouts.exclude(state__in=Payout.DEAD).count()

    def total(self, run: PayoutRun) -> str:
        """Sum the payouts of the run that live."""
        live = run.payouts.exclude(state__in=Payout.DEAD)
        return shown.dollars(sum(live.values_list("amount_cents", flat=True)))

    @action(description="Start payout run", url_path="start", permissions=["run"], icon="play_arrow")
    def start(self, request: HttpRequest) -> HttpResponse:
        """Choose the period, see who is paid and who is not, make the drafts."""
        now = clock.now()
        making = request.method == "POST"
        form = StartForm(request.POST if making else request.GET or None, now=now)
        if making and form.is_valid():
            if not self.has_run_permission(request):
                raise PermissionDenied
            run = self._prepared(request, form.chosen(), now)
            if run:
                return redirect(f"{reverse(PAYOUTS)}?run__id__exact={run.pk}")
        return TemplateResponse(
            request, "admin/payouts/start_run.html", self._start_context(request, form, now)
        )

    @action(description="Approve all drafts", url_path="approve", permissions=["run"], icon="check")
    def approve_drafts(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Approve every draft of the run; the worker sends them."""
        drafts = Payout.objects.filter(run=object_id, state=Payout.State.DRAFT).order_by("id")
        if request.method != "POST":
            return shown.confirm(
                self,
                request,
                title="Approve all drafts",
                sentence="These payouts are sent at once, oldest first, as far as Stripe's balance goes.",
                lines=map(shown.line, drafts.select_related("creator")),
                back_url=reverse(CHANGE_PAGE, args=[object_id]),
            )
        try:
            shown.approve(request, drafts)
        except DomainError as refusal:
            messages.error(request, refusal.detail)
        return redirect(CHANGE_PAGE, object_id)

    def _prepared(self, request: HttpRequest, period: Period, now: dt.datetime) -> PayoutRun | None:
        try:
            run = runs.prepare(period=period, actor=shown.actor(request), now=now, user=shown.user(request))
        except DomainError as refusal:
            messages.error(request, refusal.detail)
            return None
        messages.success(request, f"The drafts of {period} are made. Approve them to send them.")
        if aside := len(exclusions.set_aside(period=period)):
            creators = "creator" if aside == 1 else "creators"
            messages.warning(request, f"{aside} {creators} could not be prepared: {gates.NOT_PREPARED}")
        return run

    def _start_context(self, request: HttpRequest, form: StartForm, now: dt.datetime) -> dict[str, Any]:
        period = form.chosen()
        return {
            **self.admin_site.each_context(request),
            "title": "Start payout run",
            "opts": self.model._meta,
            "form": form,
            "period": period,
            "payable": now >= period.matures_at,
            "key": _key(period),
            "coming": calendar.next_pay_date(now=now, schedule=period.schedule, window=period.window),
            "coming_key": _key(
                calendar.next_payable(now=now, schedule=period.schedule, window=period.window)
            ),
            # A development system can be taken to the pay date; production's clock is nobody's to move.
            "clock_days": (period.pay_date - calendar.utc_day(at=now)).days if settings.CLOCK_MOVABLE else 0,
            "preview": preview.preview(period=period),
        }


def _periods(now: dt.datetime) -> list[Period]:
    """List of each schedule the newest payable period first, then older ones, and last the one that comes next."""
    found: list[Period] = []
    for group in terms.groups():
        if group.schedule == calendar.ON_DEMAND:
            continue
        newest = calendar.latest_payable(now=now, schedule=group.schedule, window=group.window_days)
        following, older = newest.following, newest
        for _ in range(PERIODS_SHOWN if group.schedule == calendar.WEEKLY else MONTHS_SHOWN):
            found.append(older)
            older = older.preceding
        found.append(following)
    return found


def _key(period: Period) -> str:
    """Name a period in a form: the standard week by its Monday."""
    day = f"{period.start:%Y-%m-%d}"
    standard = (period.schedule, period.window) == (calendar.WEEKLY, calendar.WINDOW_DAYS)
    return day if standard else f"{day}:{period.schedule}:{period.window}"
