"""Replay a trace of LLM requests through the HTTP API, as a router would; for development and proof."""
