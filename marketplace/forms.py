from typing import Any

from django import forms

from marketplace.creators import NAME_MAX
from marketplace.listings import Listing
from marketplace.manifest.document import BYTES_MAX
from marketplace.models import Agent


class CreatorForm(forms.Form):
    """What a customer says to become a creator."""

    display_name = forms.CharField(max_length=NAME_MAX, label="Name", help_text="Shown beside your agents.")


class StartForm(forms.Form):
    """When a new price begins."""

    effective_from = forms.DateTimeField(
        required=False,
        label="In force from",
        help_text="UTC. Empty: from now. Runs that have begun and paid periods keep their price.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        error_messages={"invalid": "Type a day and a time, such as 2026-12-01 00:00."},
    )


class AgentForm(forms.Form):
    """A listing and its pricing manifest."""

    name = forms.CharField(max_length=80)
    slug = forms.SlugField(
        max_length=60, label="Short name", help_text="In API calls and addresses; it stays once you publish."
    )
    summary = forms.CharField(max_length=160, required=False, help_text="One line, shown in the list.")
    description = forms.CharField(max_length=10_000, required=False, widget=forms.Textarea(attrs={"rows": 6}))
    category = forms.ChoiceField(choices=Agent.Category.choices, initial=Agent.Category.OTHER)
    outcome_policy = forms.ChoiceField(
        choices=Agent.OutcomePolicy.choices, initial=Agent.OutcomePolicy.SUCCESS, label="When to charge"
    )
    manifest = forms.CharField(
        max_length=BYTES_MAX,
        required=False,
        strip=False,
        label="Pricing",
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false"}),
    )

    def listing(self) -> Listing:
        """Give the listing that a valid form describes."""
        fields: dict[str, Any] = {name: self.cleaned_data[name] for name in Listing.__dataclass_fields__}
        return Listing(**fields)
