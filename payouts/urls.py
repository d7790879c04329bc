from django.urls import path

from payouts.views import connect, earnings, payouts, staff

app_name = "payouts"

urlpatterns = [
    path("creator/", earnings.overview, name="overview"),
    path("creator/earnings/", earnings.report, name="earnings"),
    path("creator/payouts/", payouts.payouts, name="payouts"),
    path("creator/payouts/terms/", payouts.choose_terms, name="terms"),
    path("creator/payouts/request/", payouts.ask, name="ask"),
    path("creator/payouts/<str:public_id>/", payouts.payout, name="payout"),
    path("creator/payouts/<str:public_id>/csv/", payouts.statement_csv, name="statement_csv"),
    path("creator/payouts/<str:public_id>/pdf/", payouts.statement_pdf, name="statement_pdf"),
    path("creator/payouts/<str:public_id>/live/", payouts.statement_live, name="statement_live"),
    path("creator/payouts/<str:public_id>/verify/", payouts.verify, name="statement_verify"),
    path("creator/connect/", connect.connect, name="connect"),
    path("creator/connect/start/", connect.connect_start, name="connect_start"),
    path("creator/connect/refresh/", connect.connect_refresh, name="connect_refresh"),
    path("creator/connect/dashboard/", connect.connect_dashboard, name="connect_dashboard"),
    path("admin/find/", staff.find, name="staff_find"),
    path("admin/customers/<str:public_id>/", staff.customer, name="staff_customer"),
    path("admin/customers/<str:public_id>/note/", staff.note, name="staff_note"),
    path("admin/creators/<str:public_id>/", staff.creator, name="staff_creator"),
]
