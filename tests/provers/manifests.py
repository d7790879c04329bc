"""The catalogue's prices as manifests."""

from decimal import Decimal

from marketplace.models import Creator
from tests.provers.catalogue import CREDIT, PRICE_UNIT, Priced
from tests.support import runs


def written(agent: Priced, creators: tuple[Creator, ...]) -> str:
    """Write an agent's price down, as its creator would."""
    if agent.free:
        return runs.FREE
    lines = ["pricing:", "  model: usage_based"]
    for name in ("minimum", "quantum", "default_hold"):
        value = getattr(agent, name)
        if value and value != 1:
            lines.append(f"  {name}: {Decimal(value) / CREDIT:f}")
    if agent.flat:
        lines.append("  on_top:")
        lines += [
            f"    {creators[each].public_id}: {Decimal(price) / CREDIT / 1000:.2f}"
            for each, price in agent.shares
        ]
        return "\n".join([*lines, ""])
    lines.append("  rates:")
    for metric, price in agent.prices:
        lines += [f"    - metric: {metric}", f"      amount: {Decimal(price) / PRICE_UNIT:f}"]
    lines.append("  split:")
    lines += [f"    {creators[creator].public_id}: {Decimal(bp) / 100}" for creator, bp in agent.shares]
    platform = 10_000 - sum(bp for _, bp in agent.shares)
    return "\n".join([*lines, f"    platform: {Decimal(platform) / 100}", ""])
