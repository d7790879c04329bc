from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.decorators import action, display

from config.kit import clock
from wallets import books
from wallets.admin.readonly import ReadOnlyAdmin
from wallets.models import BooksCheck


@admin.register(BooksCheck)
class BooksCheckAdmin(ReadOnlyAdmin):
    """The proof of the books, green or red, with the rows that break it."""

    list_display = ("name", "state", "protects", "checked_at")
    list_filter = ("violations",)
    ordering = ("-violations", "id")
    actions_list = ("prove_now",)

    @display(description="state", label={"holds": "success", "violated": "danger"})
    def state(self, check: BooksCheck) -> str:
        """Say whether the invariant held when it was last checked."""
        return "violated" if check.violations else "holds"

    @action(description="Check the books now", url_path="prove", permissions=["view"])
    def prove_now(self, request: HttpRequest) -> HttpResponse:
        """Run every invariant and show the results."""
        now = clock.now()
        broken = books.prove(now=now)
        self.message_user(request, f"{len(books.invariants())} invariants checked, {broken} violated.")
        return redirect("admin:wallets_bookscheck_changelist")
