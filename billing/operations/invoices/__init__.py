"""Invoices: lines gather on a draft, the draft becomes final and numbered, and is collected once."""
