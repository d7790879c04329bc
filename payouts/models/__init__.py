from payouts.models.accounts import GONE, BankPayout, Ended, PastAccount, PayoutAccount
from payouts.models.attempts import PayoutAttempt, PayoutStateChange
from payouts.models.clawed_fees import ClawedFee
from payouts.models.earnings import MaturedEarning
from payouts.models.payouts import Payout, PayoutItem
from payouts.models.reconciliation import Correction, Discrepancy, ReconciledDay, Reconciliation
from payouts.models.reserves import ReserveHold
from payouts.models.runs import PayoutExclusion, PayoutRun
from payouts.models.statements import Statement, StatementDocument
from payouts.models.terms import CreatorTerms, CreatorTermsChange, RiskTier, Schedule
from payouts.models.withdrawals import Withdrawal
from payouts.models.write_offs import WriteOff, WriteOffPart, WriteOffRecovery

__all__ = [
    "GONE",
    "BankPayout",
    "ClawedFee",
    "Correction",
    "CreatorTerms",
    "CreatorTermsChange",
    "Discrepancy",
    "Ended",
    "MaturedEarning",
    "PastAccount",
    "Payout",
    "PayoutAccount",
    "PayoutAttempt",
    "PayoutExclusion",
    "PayoutItem",
    "PayoutRun",
    "PayoutStateChange",
    "ReconciledDay",
    "Reconciliation",
    "ReserveHold",
    "RiskTier",
    "Schedule",
    "Statement",
    "StatementDocument",
    "Withdrawal",
    "WriteOff",
    "WriteOffPart",
    "WriteOffRecovery",
]
