from django.urls import path

from billing.api import attaching, entitlements, events, executions, reports, topups, usage

v1 = [
    path("wallet/topup", topups.top_up, name="wallet_topup"),
    path("wallet/topups/<str:public_id>", topups.top_up_detail, name="wallet_topup_detail"),
    path("attach", attaching.attach_plan, name="attach"),
    path("check", entitlements.check_feature, name="check"),
    path("track", entitlements.track_feature, name="track"),
    path("events", events.report_events, name="events"),
    path("usage", reports.report, name="usage"),
    path("executions/<str:public_id>", executions.receipt, name="execution"),
]
internal = [
    path("usage/check", usage.check, name="usage_check"),
    path("usage/log", usage.log, name="usage_log"),
    path("executions/<str:public_id>/meter", executions.meter, name="execution_meter"),
    path("executions/<str:public_id>/release", executions.release, name="execution_release"),
]
