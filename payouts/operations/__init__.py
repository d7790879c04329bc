"""What changes payouts; each module is a noun, its functions the verbs."""
