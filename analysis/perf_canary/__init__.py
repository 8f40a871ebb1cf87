"""A live system watched and judged: readings, rules, evidence, and promote, roll back or hold."""
