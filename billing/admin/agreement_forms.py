"""What staff fill in for an agreement: what is agreed on, what is recorded beside the price, why it changes."""

import datetime as dt
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
)

from accounts import queries as accounts
from accounts.models import Customer
from config.kit import reasons
from config.kit.errors import DomainError
from marketplace import agreements
from marketplace.agreements import Commitment, Deal
from marketplace.models import Plan


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(max_length=reasons.LENGTH_MAX, widget=UnfoldAdminTextInputWidget)


class TermsForm(forms.Form):
    """What routers read as it is."""

    sla = forms.CharField(label="SLA", required=False, widget=UnfoldAdminTextInputWidget)
    support = forms.CharField(required=False, widget=UnfoldAdminTextInputWidget)
    priority = forms.CharField(label="Compute priority", required=False, widget=UnfoldAdminTextInputWidget)
    guardrails = forms.CharField(required=False, widget=UnfoldAdminTextInputWidget)

    def terms(self) -> dict[str, str]:
        """Give what was said."""
        return {name: self.cleaned_data[name] for name in agreements.TERMS if self.cleaned_data[name]}


class DealForm(TermsForm):
    """What is agreed on."""

    starts = forms.DateField(widget=UnfoldAdminSingleDateWidget, help_text="Midnight, UTC.")
    months = forms.IntegerField(initial=agreements.MONTHS_MIN, widget=UnfoldAdminIntegerFieldWidget)
    metric = forms.CharField(
        max_length=20,
        initial="execution",
        widget=UnfoldAdminTextInputWidget,
        help_text="What is committed to.",
    )
    committed = forms.DecimalField(
        required=False, widget=UnfoldAdminDecimalFieldWidget, help_text="Each month; empty: no commitment."
    )
    discount = forms.DecimalField(
        required=False,
        max_digits=5,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="Percent off, up to the commitment; empty: what such a volume has.",
    )

    field_order = (
        "customer",
        "plan",
        "starts",
        "months",
        "metric",
        "committed",
        "discount",
        *agreements.TERMS,
    )

    def deal(self, *, plan: str) -> Deal:
        """Give what was agreed on over a plan."""
        said = self.cleaned_data
        return Deal(
            plan=plan,
            starts_at=dt.datetime.combine(said["starts"], dt.time(), tzinfo=dt.UTC),
            months=said["months"],
            commitment=self._commitment(),
            terms=self.terms(),
        )

    def _commitment(self) -> Commitment | None:
        said = self.cleaned_data
        if said["committed"] is None:
            return None
        off = said["discount"]
        discount_bp = None if off is None else int(off * 100)
        return Commitment(metric=said["metric"], quantity=said["committed"], discount_bp=discount_bp)


class AgreeForm(DealForm):
    """What is agreed on, and with whom."""

    customer = forms.CharField(
        max_length=200, widget=UnfoldAdminTextInputWidget, help_text="Its id (cst_…) or external id."
    )
    plan = forms.ChoiceField(widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = Plan.objects.filter(slug__isnull=False).order_by("place").values_list("slug", "name")
        self.fields["plan"].choices = list(known)  # type: ignore[attr-defined]

    def clean_customer(self) -> Customer:
        """Find the customer."""
        try:
            return accounts.customer(reference=self.cleaned_data["customer"])
        except DomainError as refusal:
            raise forms.ValidationError(refusal.detail) from refusal


class AmendForm(DealForm, ReasonForm):
    """What is agreed on instead."""


class RewordForm(TermsForm, ReasonForm):
    """The terms as they read from now on."""


class EndForm(ReasonForm):
    """When it ends."""

    last = forms.DateField(
        label="Ends on",
        widget=UnfoldAdminSingleDateWidget,
        help_text="Midnight, UTC, that day excluded. A period that began under it is charged under it.",
    )
