"""What is read of payouts; nothing here writes."""
