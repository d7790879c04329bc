"""The stories that the crash tests tell: every operation that moves money, with what ordinary life does after it."""
