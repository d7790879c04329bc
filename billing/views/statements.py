"""The monthly statement of prepaid use: a page that prints, a PDF that the worker draws, and CSV."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.middleware import SignedInRequest
from billing.documents import spreadsheet
from billing.operations import statement_papers
from billing.queries import statement_papers as papers
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
    return render(request, "billing/statement.html", _context(request, month))


@login_required
@never_cache
@require_GET
def statement_live(request: SignedInRequest, month: str) -> HttpResponse:
    """Give the part of that page that renews itself while its PDF is drawn."""
    return render(request, "billing/_statement_live.html", _context(request, month))


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def statement_pdf(request: SignedInRequest, month: str) -> HttpResponse:
    """Download the PDF that says what the statement says now, or (POST) have it drawn."""
    asked = _asked(request, month)
    if request.method == "POST":
        statement_papers.ask(customer=request.customer, month=asked.month, now=clock.now())
        return redirect("billing:statement", month=month)
    body = papers.body(customer=request.customer, statement=asked)
    name = f"statement-{asked.month.text}.pdf"
    return HttpResponse(
        body,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


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


def _context(request: SignedInRequest, month: str) -> dict[str, Any]:
    asked = _asked(request, month)
    return {
        "statement": asked,
        "document": papers.state(customer=request.customer, statement=asked),
    }


def _asked(request: SignedInRequest, month: str) -> Statement:
    asked = queries.asked(text=month, now=clock.now())
    return queries.statement(customer=request.customer, month=asked)
