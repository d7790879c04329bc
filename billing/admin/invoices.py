"""Invoices for staff: found, read, charged now, voided, given up, credited; each with a reason and a name."""

from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts import audit
from billing.models import (
    CreditNote,
    Invoice,
    InvoiceLine,
    InvoiceNotice,
    InvoicePayment,
    InvoiceStateChange,
)
from billing.operations.invoices import closing, collecting, credit_notes
from billing.operations.invoices.credit_notes import Credit
from billing.queries.invoices import number_text
from config.kit import clock, ids
from config.kit.errors import DomainError
from wallets.admin.fields import DollarsField
from wallets.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from wallets.templatetags.money import cents

COLOURS: Final = {
    "draft": "info",
    "open": "warning",
    "paid": "success",
    "uncollectible": "danger",
    "void": "info",
}
CHARGE, VOID, GIVE_UP, CREDIT = "charge", "void", "give_up", "credit"
TITLES: Final = {
    CHARGE: "Charge the saved card now",
    VOID: "Void the invoice",
    GIVE_UP: "Give the invoice up as uncollectible",
    CREDIT: "Give a credit note",
}


class ReasonForm(forms.Form):
    """Why something is done to an invoice."""

    reference = forms.CharField(max_length=60, widget=forms.HiddenInput)
    reason = forms.CharField(max_length=300, widget=UnfoldAdminTextInputWidget)


class CreditForm(ReasonForm):
    """What is credited, and why."""

    amount = DollarsField(help_text="USD, tax included, such as 12.50")


class LineInline(ReadOnlyInline):
    model = InvoiceLine
    fields = ("place", "kind", "text", "quantity", "rate", "tier", "shown")
    readonly_fields = fields
    ordering = ("place",)

    @display(description="amount")
    def shown(self, line: InvoiceLine) -> str:
        """Show the cents."""
        return cents(line.amount_cents)


class PaymentInline(ReadOnlyInline):
    model = InvoicePayment
    fields = ("number", "method", "state", "payment_intent_id", "failure_code", "failure", "created_at")
    readonly_fields = fields
    ordering = ("number",)


class CreditNoteInline(ReadOnlyInline):
    model = CreditNote
    fields = ("number", "amount_cents", "tax_cents", "reason", "actor", "created_at")
    readonly_fields = fields
    ordering = ("number",)


class ChangeInline(ReadOnlyInline):
    model = InvoiceStateChange
    fields = ("changed_at", "from_state", "to_state", "reason", "actor")
    readonly_fields = fields
    ordering = ("id",)


class NoticeInline(ReadOnlyInline):
    model = InvoiceNotice
    fields = ("kind", "attempt", "created_at", "sent_at")
    readonly_fields = fields
    ordering = ("id",)


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin):
    """Invoices, found by number, customer or PaymentIntent."""

    list_display = ("shown_number", "customer", "shown_state", "total", "attempts", "issued_at", "paid_at")
    list_select_related = ("customer",)
    list_filter = ("state",)
    search_fields = (
        *("public_id__exact", "number__exact", "payment_intent_id__exact"),
        *("customer__public_id__exact", "customer__email", "customer__name"),
    )
    search_help_text = "Number without its prefix, inv_…, pi_…, cst_…, name or e-mail"
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (LineInline, PaymentInline, CreditNoteInline, NoticeInline, ChangeInline)
    actions_detail = ("charge", "credit", "void", "give_up")

    @display(description="number", ordering="number")
    def shown_number(self, invoice: Invoice) -> str:
        """Show the number as customers read it."""
        return number_text(invoice.number)

    @display(description="state", label=COLOURS, ordering="state")
    def shown_state(self, invoice: Invoice) -> str:
        """Show the state."""
        return invoice.state

    @display(description="due", ordering="total_cents")
    def total(self, invoice: Invoice) -> str:
        """Show what it comes to after credits."""
        return cents(invoice.due_cents)

    @action(description=TITLES[CHARGE], url_path="charge", permissions=["manage"])
    def charge(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Charge the saved card, whatever the plan of retries says."""
        return self._step(request, object_id, CHARGE)

    @action(description=TITLES[CREDIT], url_path="credit", permissions=["manage"])
    def credit(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Take something back that was issued wrongly."""
        return self._step(request, object_id, CREDIT)

    @action(description=TITLES[VOID], url_path="void", permissions=["manage"])
    def void(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Take an open invoice back."""
        return self._step(request, object_id, VOID)

    @action(description=TITLES[GIVE_UP], url_path="give-up", permissions=["manage"])
    def give_up(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Stop pursuing an open invoice."""
        return self._step(request, object_id, GIVE_UP)

    def has_manage_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this member of staff may act on invoices."""
        return request.user.has_perm("billing.change_invoice")

    def _step(self, request: HttpRequest, object_id: int, what: str) -> HttpResponse:
        """Ask for a reason, then act; a refusal stays on the form."""
        if not self.has_manage_permission(request):
            raise PermissionDenied
        invoice = get_object_or_404(Invoice.objects.select_related("customer"), pk=object_id)
        kind = CreditForm if what == CREDIT else ReasonForm
        form = kind(request.POST or None, initial={"reference": ids.new("act_")})
        if request.method == "POST" and form.is_valid() and self._acted(request, invoice, what, form):
            return redirect("admin:billing_invoice_change", invoice.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": TITLES[what],
            "opts": self.model._meta,
            "invoice": invoice,
            "number": number_text(invoice.number),
            "due": cents(invoice.due_cents),
            "form": form,
        }
        return TemplateResponse(request, "admin/billing/invoice_step.html", context)

    def _acted(self, request: HttpRequest, invoice: Invoice, what: str, form: forms.Form) -> bool:
        try:
            said = _act(invoice, what, form.cleaned_data, audit.staff(request=request).actor)
        except DomainError as error:
            form.add_error("reason", error.detail)
            return False
        messages.success(request, said)
        return True


def _act(invoice: Invoice, what: str, said: dict[str, Any], actor: str) -> str:
    now, reason = clock.now(), said["reason"]
    if what == CHARGE:
        found = collecting.collect(invoice_id=invoice.pk, now=now, asked=True)
        return f"The invoice is {found.state}. {found.failure}".strip()
    if what == VOID:
        closing.void(invoice=invoice, reason=reason, actor=actor, now=now)
        return "Voided."
    if what == GIVE_UP:
        closing.uncollectible(invoice=invoice, reason=reason, actor=actor, now=now)
        return "Given up."
    credit = Credit(amount_cents=said["amount"], reason=reason, reference=said["reference"], actor=actor)
    note = credit_notes.give(invoice=invoice, credit=credit, now=now)
    return f"Credited {cents(note.amount_cents)}."
