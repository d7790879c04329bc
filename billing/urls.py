from django.urls import path

from billing.stripe import webhooks
from billing.views import (
    invoices,
    plans,
    price_examples,
    runs,
    statements,
    subscriptions,
    topups,
    usage,
    wallet,
)

app_name = "billing"

urlpatterns = [
    path("wallet/", wallet.wallet, name="wallet"),
    path("wallet/live/", wallet.wallet_live, name="wallet_live"),
    path("wallet/balance/", wallet.balance, name="balance"),
    path("wallet/transactions/", wallet.transactions, name="transactions"),
    path("wallet/add/", topups.topup_new, name="topup_new"),
    path("wallet/add/<str:public_id>/", topups.topup_return, name="topup_return"),
    path("wallet/add/<str:public_id>/live/", topups.topup_live, name="topup_live"),
    path("agents/<slug:slug>/subscribe/", subscriptions.subscribe, name="subscribe"),
    path("subscriptions/", subscriptions.subscription_list, name="subscriptions"),
    path("subscriptions/<str:public_id>/", subscriptions.subscription, name="subscription"),
    path("subscriptions/<str:public_id>/live/", subscriptions.subscription_live, name="subscription_live"),
    path("subscriptions/<str:public_id>/change/", plans.change, name="subscription_change"),
    path("subscriptions/<str:public_id>/step/", plans.step, name="subscription_step"),
    path("plans/<slug:slug>/", plans.plan, name="plan"),
    path("agents/<slug:slug>/run/", runs.run_new, name="run_new"),
    path("creator/prices/example/", price_examples.price_example, name="price_example"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<str:public_id>/", runs.run, name="run"),
    path("runs/<str:public_id>/live/", runs.run_live, name="run_live"),
    path("runs/<str:public_id>/receipt/", runs.receipt, name="receipt"),
    path("usage/", usage.usage, name="usage"),
    path("invoices/", invoices.invoice_list, name="invoices"),
    path("invoices/card/", invoices.card_update, name="card_update"),
    path("invoices/details/", invoices.billing_details, name="billing_details"),
    path("invoices/<str:public_id>/", invoices.invoice, name="invoice"),
    path("invoices/<str:public_id>/live/", invoices.invoice_live, name="invoice_live"),
    path("invoices/<str:public_id>/pay/", invoices.invoice_pay, name="invoice_pay"),
    path("invoices/<str:public_id>/print/", invoices.invoice_print, name="invoice_print"),
    path("invoices/<str:public_id>/pdf/", invoices.invoice_pdf, name="invoice_pdf"),
    path("invoices/<str:public_id>/csv/", invoices.invoice_csv, name="invoice_csv"),
    path("statements/", statements.statement_list, name="statements"),
    path("statements/<str:month>/", statements.statement, name="statement"),
    path("statements/<str:month>/csv/", statements.statement_csv, name="statement_csv"),
    path("stripe/webhook/<uuid:uuid>/", webhooks.receive, name="stripe_webhook"),
]
