from django.urls import path

from wallets import api

v1 = [
    path("wallet/balance", api.wallet_balance, name="wallet_balance"),
    path("wallet/transactions", api.TransactionsView.as_view(), name="wallet_transactions"),
]
