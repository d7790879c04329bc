"""Who bears what of a plan's fee above its credits, as a small table."""

from payouts.queries import pulls
from payouts.queries.clawed_fees import Plan
from wallets.admin import tables
from wallets.pulling import Pull
from wallets.templatetags.money import credits_text


def table(*, plan: Plan) -> str:
    """Write it, bearer by bearer; nothing for nothing."""
    if not plan.amount:
        return ""
    platform = (("The platform's own part", plan.own), ("The platform's loss", plan.lost))
    return tables.table(
        heads=("Bearer", "Pending", "Payable", "Reserve", "Debt", "All"),
        rows=[
            *(_creator(each.name, each.pull) for each in pulls.bearers(parts=plan.pulls)),
            *((name, "", "", "", "", credits_text(amount)) for name, amount in platform),
        ],
    )


def _creator(name: str, pull: Pull) -> tuple[str, ...]:
    amounts = (pull.pending, pull.payable, pull.reserve, pull.debt, pull.borne)
    return name, *(credits_text(amount) for amount in amounts)
