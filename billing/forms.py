from django import forms


class BillingDetailsForm(forms.Form):
    """What stands on the next invoices."""

    name = forms.CharField(max_length=200, required=False, help_text="A company's name, where it pays.")
    address = forms.CharField(max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    country = forms.RegexField(
        r"^[A-Za-z]{2}$",
        required=False,
        help_text="Two letters, such as DE or US.",
        error_messages={"invalid": "A country is two letters, such as DE or US."},
        widget=forms.TextInput(attrs={"autocomplete": "country", "maxlength": "2"}),
    )
    tax_id = forms.CharField(max_length=40, required=False, label="Tax id")

    def clean_country(self) -> str:
        """Write the country in capitals."""
        return str(self.cleaned_data["country"]).upper()
