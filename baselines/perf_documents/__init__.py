"""What is written down: Plan, Run, perf.yaml; strict reading, errors and redaction."""
