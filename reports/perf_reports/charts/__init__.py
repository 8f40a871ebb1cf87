"""Figures as inline SVG; the only place that knows matplotlib."""
