"""Pages of the admin that only show, with amounts in words."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from wallets.templatetags.money import cents, credits_text, money


class ReadOnly:
    """Nobody adds, changes or deletes what the ledger wrote, superusers included."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: rows come from the ledger."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a mistake is mended by another transaction."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: nothing is ever deleted."""
        return False


class InWords:
    """Cents, basis points and the micros that a page names are shown as dollars, percents and credits."""

    in_credits: ClassVar[tuple[str, ...]] = ()
    in_usd: ClassVar[tuple[str, ...]] = ()
    # A column's name on the page, and what writes its value.
    written: ClassVar[Mapping[str, tuple[str, Callable[[Any], str]]]] = {}

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Show amounts as people write them."""
        return self._worded(super().get_fields(request, obj), obj)  # type: ignore[misc]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Name the same: Django makes no form for what is read only."""
        return self._worded(super().get_readonly_fields(request, obj), obj)  # type: ignore[misc]

    def _worded(self, names: Iterable[Any], obj: Any) -> list[Any]:
        if obj is None:  # a form to add one: its columns are asked for
            return list(names)
        return [
            _column(name, *self.written[name])
            if name in self.written
            else _worded(name, credits=name in self.in_credits, usd=name in self.in_usd)
            for name in names
        ]


class ReadOnlyAdmin(InWords, ReadOnly, ModelAdmin):
    """A list and a page to look at."""

    compressed_fields = True


class ReadOnlyInline(InWords, ReadOnly, TabularInline):
    """Rows of another table to look at on its owner's page."""

    extra = 0
    can_delete = False
    per_page = 20
    ordering: tuple[str, ...] = ("id",)
    tab = True

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Make forms without fields: all that is shown is read."""
        return super().get_formset(request, obj, **{"fields": [], **kwargs})


@cache
def _worded(name: Any, *, credits: bool, usd: bool) -> Any:
    """Give what shows a column in words; the column itself where its own text will do."""
    if not isinstance(name, str):
        return name
    if credits or usd:
        return _column(name, name, credits_text if credits else money)
    if name.endswith("_cents"):
        return _column(name, name.removesuffix("_cents"), cents)
    return _column(name, name.removesuffix("_bp"), _percent) if name.endswith("_bp") else name


@cache
def _column(name: str, label: str, write: Callable[[Any], str]) -> Callable[[Any], str]:
    @admin.display(description=label.replace("_", " "), empty_value="-")
    def shown(row: Any) -> str:
        value = getattr(row, name)
        return "" if value is None else write(value)

    return shown


def _percent(basis_points: int) -> str:
    return f"{Decimal(basis_points) / 100:f}".rstrip("0").rstrip(".") + " %"
