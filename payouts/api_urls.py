from django.urls import path

from payouts import api

v1 = [
    path("developer/earnings", api.EarningsView.as_view(), name="developer_earnings"),
    path("developer/payouts", api.PayoutsView.as_view(), name="developer_payouts"),
    path("developer/payouts/status", api.PayoutStatusView.as_view(), name="developer_payout_status"),
    path("developer/agents/<str:agent>/stats", api.AgentStatsView.as_view(), name="developer_agent_stats"),
]
