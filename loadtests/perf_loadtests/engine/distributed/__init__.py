"""One run over several load processes: a master that only directs, and workers that load.

Everything rides on the messages of Locust's own master and workers. `messages`, `roster`, `lease`
and `clocks` are pure; `master` and `worker` hold the processes.
"""
