from payouts.models.accounts import BankPayout, PayoutAccount
from payouts.models.attempts import PayoutAttempt, PayoutStateChange
from payouts.models.earnings import MaturedEarning
from payouts.models.payouts import Payout, PayoutItem
from payouts.models.reconciliation import Correction, Discrepancy, ReconciledDay, Reconciliation
from payouts.models.runs import PayoutExclusion, PayoutRun
from payouts.models.withdrawals import Withdrawal

__all__ = [
    "BankPayout",
    "Correction",
    "Discrepancy",
    "MaturedEarning",
    "Payout",
    "PayoutAccount",
    "PayoutAttempt",
    "PayoutExclusion",
    "PayoutItem",
    "PayoutRun",
    "PayoutStateChange",
    "ReconciledDay",
    "Reconciliation",
    "Withdrawal",
]
