from django.urls import path

from billing.api import (
    attaching,
    entitlements,
    events,
    executions,
    invoices,
    reports,
    subscriptions,
    terms,
    topups,
    usage,
    vouchers,
)

v1 = [
    path("wallet/topup", topups.top_up, name="wallet_topup"),
    path("wallet/topups/<str:public_id>", topups.top_up_detail, name="wallet_topup_detail"),
    path("wallet/vouchers", vouchers.redeem, name="wallet_voucher"),
    path("attach", attaching.attach_plan, name="attach"),
    path("check", entitlements.check_feature, name="check"),
    path("track", entitlements.track_feature, name="track"),
    path("events", events.report_events, name="events"),
    path("subscribe", subscriptions.subscribe, name="subscribe"),
    path("subscriptions", subscriptions.subscription_list, name="subscriptions"),
    path("subscriptions/<str:public_id>", subscriptions.subscription, name="subscription"),
    path("subscriptions/<str:public_id>/preview", subscriptions.preview_change, name="subscription_preview"),
    path(
        "subscriptions/<str:public_id>/change", subscriptions.change_subscription, name="subscription_change"
    ),
    path(
        "subscriptions/<str:public_id>/cancel", subscriptions.cancel_subscription, name="subscription_cancel"
    ),
    path("subscriptions/<str:public_id>/keep", subscriptions.keep_subscription, name="subscription_keep"),
    path("subscriptions/<str:public_id>/pause", subscriptions.pause_subscription, name="subscription_pause"),
    path(
        "subscriptions/<str:public_id>/resume", subscriptions.resume_subscription, name="subscription_resume"
    ),
    path(
        "subscriptions/<str:public_id>/overage",
        subscriptions.subscription_overage,
        name="subscription_overage",
    ),
    path("usage", reports.report, name="usage"),
    path("executions/<str:public_id>", executions.receipt, name="execution"),
    path("invoices", invoices.invoice_list, name="invoices"),
    path("invoices/<str:public_id>", invoices.invoice, name="invoice"),
    path("invoices/<str:public_id>/pay", invoices.pay, name="invoice_pay"),
]
internal = [
    path("usage/check", usage.check, name="usage_check"),
    path("usage/log", usage.log, name="usage_log"),
    path("executions/<str:public_id>/meter", executions.meter, name="execution_meter"),
    path("customers/<str:reference>/terms", terms.terms, name="customer_terms"),
    path("executions/<str:public_id>/release", executions.release, name="execution_release"),
]
