"""Who: users, customers (a person or a team), API keys."""
