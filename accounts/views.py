"""Pages of a signed-in person about keys and customers."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import audit, impersonation, keys, queries
from accounts.forms import ApiKeyForm
from accounts.middleware import SESSION_KEY, SignedInRequest
from accounts.models import ApiKey, Customer
from config.kit import clock
from config.kit.errors import DomainError


@login_required
@never_cache  # the answer to a POST shows the secret, once
@require_http_methods(["GET", "POST"])
def api_keys(request: SignedInRequest) -> HttpResponse:
    """List the customer's keys; POST makes one and shows its secret this one time."""
    form = ApiKeyForm(request.POST or None)
    secret = _issue(request, form) if request.method == "POST" and form.is_valid() else None
    context = {
        "keys": list(queries.keys_of(customer=request.customer)),
        "form": ApiKeyForm() if secret else form,
        "secret": secret,
        "base_url": request.build_absolute_uri("/").rstrip("/"),
    }
    return render(
        request, "accounts/api_keys.html", context, status=400 if form.errors and not secret else 200
    )


@login_required
@require_POST
def api_key_revoke(request: SignedInRequest, public_id: str) -> HttpResponseRedirect:
    """Revoke one of the customer's own keys."""
    key = get_object_or_404(ApiKey, public_id=public_id, customer=request.customer)
    if keys.revoke(key=key, now=clock.now()):
        messages.success(request, f"The key {key.name} no longer works.")
    return redirect("accounts:api_keys")


@login_required
@require_POST
def switch_customer(request: SignedInRequest, public_id: str) -> HttpResponseRedirect:
    """Act for another customer that the person belongs to."""
    customer = get_object_or_404(queries.customers_of(user=request.user), public_id=public_id)
    request.session[SESSION_KEY] = customer.public_id
    messages.success(request, f"You now act for {customer.name}.")
    return redirect("/")


@login_required
@permission_required(impersonation.PERMISSION, raise_exception=True)
@require_POST
def impersonate(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Let staff see the product as a customer does."""
    customer = get_object_or_404(Customer, public_id=public_id)
    try:
        impersonation.start(
            session=request.session,
            customer=customer,
            reason=request.POST.get("reason", ""),
            by=audit.staff(request=request),
            now=clock.now(),
        )
    except DomainError as refusal:
        messages.error(request, refusal.detail)
        return redirect("payouts:staff_customer", customer.public_id)
    return redirect("billing:wallet")


@login_required
@require_POST
def impersonation_end(request: SignedInRequest) -> HttpResponseRedirect:
    """Be oneself again."""
    by = audit.staff(request=request)
    customer_id = impersonation.end(session=request.session, by=by, now=clock.now())
    return redirect("payouts:staff_customer", customer_id) if customer_id else redirect("/")


def _issue(request: SignedInRequest, form: ApiKeyForm) -> str:
    issued = keys.issue(
        kind=ApiKey.Kind.CUSTOMER,
        name=form.cleaned_data["name"],
        now=clock.now(),
        customer=request.customer,
        created_by=request.user,
    )
    return issued.secret
