from payouts.admin.accounts import PayoutAccountAdmin
from payouts.admin.disputes import DisputeAdmin
from payouts.admin.executions import ExecutionAdmin
from payouts.admin.payouts import PayoutAdmin
from payouts.admin.reconciliation import (
    CorrectionAdmin,
    DiscrepancyAdmin,
    ReconciledDayAdmin,
    ReconciliationAdmin,
)
from payouts.admin.refunds import RefundAdmin
from payouts.admin.runs import PayoutRunAdmin
from payouts.admin.solvency import WithdrawalAdmin
from payouts.admin.terms import CreatorTermsAdmin, RiskTierAdmin
from payouts.admin.write_offs import WalletDebtAdmin

__all__ = [
    "CorrectionAdmin",
    "CreatorTermsAdmin",
    "DiscrepancyAdmin",
    "DisputeAdmin",
    "ExecutionAdmin",
    "PayoutAccountAdmin",
    "PayoutAdmin",
    "PayoutRunAdmin",
    "ReconciledDayAdmin",
    "ReconciliationAdmin",
    "RefundAdmin",
    "RiskTierAdmin",
    "WalletDebtAdmin",
    "WithdrawalAdmin",
]
