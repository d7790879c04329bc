"""Amounts in the forms of staff: read as people write them, refused in words that help."""

import pytest
from django.forms import CharField, ValidationError

from wallets.admin.fields import CreditsField, DollarsField


@pytest.mark.parametrize(
    ("field", "text", "amount"),
    [
        (DollarsField(), "$1,250.5", 125_050),
        (DollarsField(), "8.63", 863),
        (CreditsField(), "-1,000.5", -1_000_500_000),
    ],
)
def test_it_reads_what_people_write(field: CharField, text: str, amount: int) -> None:
    assert field.clean(text) == amount


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        (DollarsField(), "8.635", "Write dollars and whole cents, such as 12.50."),
        (DollarsField(), "NaN", "Write dollars and whole cents, such as 12.50."),
        (CreditsField(), "many", "Write a number of credits, such as 250 or 0.5."),
        (CreditsField(), "", "This field is required."),
    ],
)
def test_it_says_how_an_amount_is_written(field: CharField, text: str, says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        field.clean(text)
    assert refused.value.messages == [says]
