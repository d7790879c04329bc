"""The monthly statement of prepaid use: a page that prints, and CSV."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.middleware import SignedInRequest
from billing.documents import spreadsheet
from billing.queries import statements as queries
from billing.queries.statements import Statement
from config.kit import clock


@login_required
@require_GET
def statement_list(request: SignedInRequest) -> HttpResponse:
    """List the months that have a statement."""
    months = queries.months(customer=request.customer, now=clock.now())
    return render(request, "billing/statements.html", {"months": months})


@login_required
@require_GET
def statement(request: SignedInRequest, month: str) -> HttpResponse:
    """Show a month's statement."""
    return render(request, "billing/statement.html", {"statement": _asked(request, month)})


@login_required
@require_GET
def statement_csv(request: SignedInRequest, month: str) -> HttpResponse:
    """Download a month's lines."""
    asked = _asked(request, month)
    name = f"statement-{asked.month.text}.csv"
    return HttpResponse(
        spreadsheet.statement(statement=asked),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _asked(request: SignedInRequest, month: str) -> Statement:
    asked = queries.asked(text=month, now=clock.now())
    return queries.statement(customer=request.customer, month=asked)
