"""Invoices and statements as files: HTML that prints, PDF, CSV."""
