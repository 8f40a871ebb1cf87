"""Delivery of what was rendered: to GitHub, GitLab and Slack. It never changes a verdict."""
