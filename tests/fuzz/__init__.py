"""The API and the webhook door, spoken to by machines that know every wrong word."""
