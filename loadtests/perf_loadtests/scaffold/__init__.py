"""What `perf init` writes: a first profile, a scenario, perf.yaml and pipelines."""
