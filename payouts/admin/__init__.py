from payouts.admin.accounts import PayoutAccountAdmin
from payouts.admin.payouts import PayoutAdmin
from payouts.admin.runs import PayoutRunAdmin

__all__ = ["PayoutAccountAdmin", "PayoutAdmin", "PayoutRunAdmin"]
