"""Renderers: one frozen view of a judged run to terminal, Markdown, JSON and HTML."""
