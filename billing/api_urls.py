from django.urls import path

from billing.api import topups

v1 = [
    path("wallet/topup", topups.top_up, name="wallet_topup"),
    path("wallet/topups/<str:public_id>", topups.top_up_detail, name="wallet_topup_detail"),
]
internal: list[object] = []
