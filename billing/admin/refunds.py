"""The way from what was bought to the page on which staff gives back (payouts/admin/giving_back.py)."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from unfold.decorators import action

from wallets.admin.readonly import ReadOnlyAdmin


class RefundingAdmin(ReadOnlyAdmin):
    """A page of what was bought by one payment."""

    @action(description="Refund", url_path="refund", permissions=["refund"])
    def refund(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Go on to where it is given back, once it is paid."""
        if not self.has_refund_permission(request):
            raise PermissionDenied
        bought = get_object_or_404(self.model, pk=object_id)
        if bought.payment_intent_id:
            return redirect("admin:billing_refund_give", bought.payment_intent_id)
        messages.error(request, "It is not paid.")
        return redirect(f"admin:billing_{self.model._meta.model_name}_change", object_id)

    def has_refund_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether this member of staff may give money back."""
        return request.user.has_perm("billing.add_refund")
