"""What the apps above may want to know at once, in the same transaction."""

from typing import Final

from django.dispatch import Signal

# Sent with `customer` and `now` when a customer has been opened.
customer_opened: Final = Signal()
