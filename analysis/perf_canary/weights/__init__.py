"""Ways to set a canary's share of the traffic and to read it back."""
