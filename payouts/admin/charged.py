"""What a run used, what that came to and who has it, as small tables."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from billing import answers
from billing.queries.run_pages import LABELS
from marketplace.models import Creator
from marketplace.price_text import label
from wallets.admin.tables import table
from wallets.templatetags.money import credits_text

PLATFORM: Final = "Platform"


def readings(usage: Mapping[str, str]) -> str:
    """Write what was used, by metric."""
    return table(
        heads=("Metric", "Quantity"),
        rows=[(label(name), answers.plain(Decimal(quantity))) for name, quantity in usage.items()],
    )


def lines(priced: Sequence[Sequence[Any]]) -> str:
    """Write how the charge was reckoned."""
    return table(heads=("Line", "Quantity", "Rate", "Credits"), rows=[_line(*line) for line in priced])


def parts(cells: Sequence[tuple[str, int | None, int]]) -> str:
    """Write who has how much of what each class of credits paid."""
    creators = Creator.objects.in_bulk([payee for _, payee, _ in cells if payee is not None])
    return table(
        words=2,
        heads=("Paid by", "Goes to", "Credits"),
        rows=[
            (paid.capitalize(), creators[payee].display_name if payee else PLATFORM, credits_text(amount))
            for paid, payee, amount in cells
        ],
    )


def _line(metric: str, quantity: str, rate: str, amount: int, tier: str = "") -> tuple[str, ...]:
    name = LABELS.get(metric) or label(metric)
    told = f"{name}, {tier}" if tier else name
    return told, answers.plain(Decimal(quantity)), answers.plain(Decimal(rate)), credits_text(amount)
