from payouts.models.accounts import BankPayout, PayoutAccount
from payouts.models.attempts import PayoutAttempt, PayoutStateChange
from payouts.models.earnings import MaturedEarning
from payouts.models.payouts import Payout, PayoutItem
from payouts.models.runs import PayoutExclusion, PayoutRun

__all__ = [
    "BankPayout",
    "MaturedEarning",
    "Payout",
    "PayoutAccount",
    "PayoutAttempt",
    "PayoutExclusion",
    "PayoutItem",
    "PayoutRun",
    "PayoutStateChange",
]
