from django.urls import path

from accounts import api_schema, views

app_name = "accounts"
__all__ = ["api_schema", "app_name", "urlpatterns"]

urlpatterns = [
    path("keys/", views.api_keys, name="api_keys"),
    path("keys/<str:public_id>/revoke/", views.api_key_revoke, name="api_key_revoke"),
    path("customers/<str:public_id>/switch/", views.switch_customer, name="switch_customer"),
    path("impersonate/end/", views.impersonation_end, name="impersonation_end"),
    path("impersonate/<str:public_id>/", views.impersonate, name="impersonate"),
]
