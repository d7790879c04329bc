from typing import Any

from django import forms

from accounts import keys
from accounts.keys import NAME_LENGTH_MAX
from accounts.models import ApiKey
from config.kit import clock
from config.kit.errors import InvalidInputError


class ApiKeyForm(forms.Form):
    """What a person says about a new key."""

    name = forms.CharField(
        max_length=NAME_LENGTH_MAX, help_text="Where you will use it, so that you know which to revoke."
    )


class AnyKeyForm(forms.ModelForm[ApiKey]):
    """What staff say about a new key of any kind."""

    class Meta:
        model = ApiKey
        fields = ("name", "kind", "customer", "expires_at")

    def clean(self) -> dict[str, Any]:
        """Refuse what the operation would refuse."""
        data = super().clean() or self.cleaned_data
        try:
            keys.check(
                kind=data.get("kind") or "",
                name=data.get("name") or "",
                customer=data.get("customer"),
                expires_at=data.get("expires_at"),
                now=clock.now(),
            )
        except InvalidInputError as refusal:
            raise forms.ValidationError(refusal.detail) from refusal
        return data
