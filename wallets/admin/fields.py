"""Amounts as staff write them: commas and a dollar sign are let be, and what is wrong is said in words."""

from typing import Any, Final

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from config.kit.errors import DomainError
from wallets import money

LENGTH_MAX: Final = 40


class _AmountField(forms.CharField):
    """A text that is read as an amount once it is complete."""

    wanted: str

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LENGTH_MAX, **{"widget": UnfoldAdminTextInputWidget, **kwargs})

    def clean(self, value: Any) -> int:
        """Read it; what cannot be read says how it is written."""
        try:
            return self.read(super().clean(value).replace(",", ""))
        except DomainError as refusal:
            raise forms.ValidationError(self.wanted) from refusal

    def read(self, text: str) -> int:
        """Give the amount; raise DomainError."""
        raise NotImplementedError


class CreditsField(_AmountField):
    """Credits, as micros."""

    wanted = "Write a number of credits, such as 250 or 0.5."

    def read(self, text: str) -> int:
        """Read credits of at most six decimal places."""
        return money.parse(text)


class DollarsField(_AmountField):
    """Dollars, as cents."""

    wanted = "Write dollars and whole cents, such as 12.50."

    def read(self, text: str) -> int:
        """Read whole cents."""
        return money.parse_cents(text.removeprefix("$"))
