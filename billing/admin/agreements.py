"""Agreements for staff: made with a preview of what they cost, amended, reworded, ended early; each with a reason."""

import datetime as dt
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from unfold.decorators import action, display

from accounts import audit
from billing.admin.agreement_forms import AgreeForm, AmendForm, DealForm, EndForm, RewordForm
from billing.queries import agreement_costs
from billing.queries.agreement_costs import Scenario
from config.kit import clock
from config.kit.errors import DomainError
from marketplace import agreement_changes, agreements
from marketplace.models import Agreement, AgreementChange
from wallets.admin.readonly import ReadOnlyAdmin, ReadOnlyInline

AGREE, AMEND, REWORD, END = "agree", "amend", "reword", "end"
TITLES: Final = {
    AGREE: "Agree with a customer",
    AMEND: "Amend before it begins",
    REWORD: "Reword the recorded terms",
    END: "End early",
}
# What a refusal points at, where the form calls it otherwise.
FIELDS: Final = {"starts_at": "starts", "discount_bp": "discount", "at": "last", "terms": "sla"}
FORMS: Final[dict[str, type[forms.Form]]] = {
    AGREE: AgreeForm,
    AMEND: AmendForm,
    REWORD: RewordForm,
    END: EndForm,
}


class ChangeInline(ReadOnlyInline):
    model = AgreementChange
    fields = ("changed_at", "what", "reason", "actor", "before", "after")
    readonly_fields = fields
    ordering = ("id",)


@admin.register(Agreement)
class AgreementAdmin(ReadOnlyAdmin):
    """Agreements with customers, what became of them and why."""

    list_display = ("customer", "plan", "committed", "discount", "starts_at", "ends_at", "created_by")
    list_select_related = ("customer", "plan")
    search_fields = ("customer__name", "customer__email", "customer__public_id", "plan__slug")
    ordering = ("-id",)
    inlines = (ChangeInline,)
    actions_list = ("agree",)
    actions_detail = ("amend", "reword", "end")

    @display(description="discount", ordering="discount_bp")
    def discount(self, agreement: Agreement) -> str:
        """Show the percent."""
        return f"{(Decimal(agreement.discount_bp) / 100).normalize():f} %"

    def has_manage_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this member of staff may make and change agreements."""
        return request.user.has_perm("marketplace.change_agreement")

    @action(description=TITLES[AGREE], url_path="agree", permissions=["manage"], icon="handshake")
    def agree(self, request: HttpRequest) -> HttpResponse:
        """Make an agreement; what it costs is shown first."""
        return self._step(request, AGREE, None)

    @action(description=TITLES[AMEND], url_path="amend", permissions=["manage"])
    def amend(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Change one that has not begun."""
        return self._step(request, AMEND, object_id)

    @action(description=TITLES[REWORD], url_path="reword", permissions=["manage"])
    def reword(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Change what is recorded beside the price."""
        return self._step(request, REWORD, object_id)

    @action(description=TITLES[END], url_path="end", permissions=["manage"])
    def end(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """End one before its time."""
        return self._step(request, END, object_id)

    def _step(self, request: HttpRequest, what: str, object_id: int | None) -> HttpResponse:
        """Ask, show what a deal costs, and do it when that is confirmed; a refusal stays at its field."""
        if not self.has_manage_permission(request):
            raise PermissionDenied
        rows = Agreement.objects.select_related("customer", "plan")
        agreement = get_object_or_404(rows, pk=object_id) if object_id is not None else None
        form = FORMS[what](request.POST or None, initial=_initial(agreement) if agreement else {})
        shown: list[Scenario] = []
        if request.method == "POST" and form.is_valid():
            try:
                if "confirm" in request.POST or not isinstance(form, DealForm):
                    done = _act(form, agreement, _actor(request))
                    messages.success(request, f"{TITLES[what]}: done, until {done.ends_at:%Y-%m-%d}.")
                    return redirect("admin:marketplace_agreement_change", done.pk)
                shown = _preview(form, agreement)
            except DomainError as refusal:
                _place(form, refusal)
        context = {
            **self.admin_site.each_context(request),
            "title": TITLES[what],
            "opts": self.model._meta,
            "agreement": agreement,
            "form": form,
            "deal": isinstance(form, DealForm),
            "checked": form.is_bound and form.is_valid() and not form.errors,
            "scenarios": shown,
        }
        return TemplateResponse(request, "admin/billing/agreement_step.html", context)


def _act(form: forms.Form, agreement: Agreement | None, actor: str) -> Agreement:
    now, said = clock.now(), form.cleaned_data
    if agreement is None:
        assert isinstance(form, AgreeForm)
        deal = form.deal(plan=said["plan"])
        return agreements.agree(customer=said["customer"], deal=deal, actor=actor, now=now)
    why = {"reason": said["reason"], "actor": actor, "now": now}
    if isinstance(form, AmendForm):
        deal = form.deal(plan=agreement.plan.slug or "")
        return agreement_changes.amend(agreement=agreement, deal=deal, **why)
    if isinstance(form, RewordForm):
        return agreement_changes.reword(agreement=agreement, terms=form.terms(), **why)
    at = dt.datetime.combine(said["last"], dt.time(), tzinfo=dt.UTC)
    return agreement_changes.end(agreement=agreement, at=at, **why)


def _preview(form: DealForm, agreement: Agreement | None) -> list[Scenario]:
    said = form.cleaned_data
    slug = agreement.plan.slug or "" if agreement else said["plan"]
    customer = agreement.customer if agreement else said["customer"]
    deal = form.deal(plan=slug)
    plan = agreements.check(customer=customer, deal=deal, now=clock.now(), but=agreement)
    return agreement_costs.scenarios(deal=deal, plan=plan)


def _place(form: forms.Form, refusal: DomainError) -> None:
    """Put what was refused at the field it is about."""
    for error in refusal.errors or [{"pointer": "", "detail": refusal.detail}]:
        name = error["pointer"].removeprefix("/")
        name = FIELDS.get(name, name)
        form.add_error(name if name in form.fields else None, error["detail"])


def _initial(agreement: Agreement) -> dict[str, Any]:
    starts, ends = agreement.starts_at, agreement.ends_at
    return {
        "starts": starts.date(),
        "months": (ends.year - starts.year) * 12 + ends.month - starts.month,
        "metric": agreement.metric or "execution",
        "committed": agreement.committed.normalize() or None,
        "discount": Decimal(agreement.discount_bp) / 100,
        "last": ends.date(),
        **agreement.terms,
    }


def _actor(request: HttpRequest) -> str:
    return audit.staff(request=request).actor
