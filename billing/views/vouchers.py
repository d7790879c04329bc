"""Redeem a code on the wallet's page."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.middleware import SignedInRequest
from billing.operations import vouchers
from config.kit import clock, rate_limit
from config.kit.errors import DomainError
from wallets import money


@login_required
@require_POST
def voucher_redeem(request: SignedInRequest) -> HttpResponse:
    """Give the active customer what a code gives."""
    try:
        rate_limit.take(who=f"voucher:{request.customer.public_id}", kind="voucher")
        found = vouchers.redeem(
            customer=request.customer,
            code=request.POST.get("code", ""),
            actor=f"user:{request.user.public_id}",
            now=clock.now(),
        )
    except DomainError as refusal:
        messages.error(request, refusal.detail)
    else:
        until = f", good until {found.expires_at:%d %b %Y}" if found.expires_at else ""
        messages.success(request, f"{money.text(found.amount)} credits are yours{until}.")
    return redirect("billing:wallet")
