from django import forms

from accounts.keys import NAME_LENGTH_MAX


class ApiKeyForm(forms.Form):
    """What a person says about a new key."""

    name = forms.CharField(
        max_length=NAME_LENGTH_MAX, help_text="Where you will use it, so that you know which to revoke."
    )
