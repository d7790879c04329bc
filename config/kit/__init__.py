"""The only code every app shares: no models, no business words."""
