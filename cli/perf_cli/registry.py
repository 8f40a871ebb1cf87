"""The verbs with their one-line help: known without importing any of them."""

from __future__ import annotations

VERBS: dict[str, str] = {
    "init": "Write a first profile, scenario and perf.yaml, and gate pull requests: --ci github.",
    "run": "Load a target by a profile, record, judge, report and store.",
    "check": "Judge a stored run again, or a canary while it runs: RULES --prometheus URL.",
    "comment": "Print a run's summary for a pull request, or deliver it to GitHub, GitLab, Slack.",
    "compare": "Compare stored runs, run files or samples: BASE... -- CANDIDATE...",
    "baseline": "Accept, list, show and prune the runs that count as good.",
    "history": "List, show, import, export, prune and sync stored runs.",
    "changes": "Find where the level of a series moved: FILE.csv, FILE.json, or --series NAME.",
    "trend": "Draw the history as a folder of pages: --out DIR.",
    "serve": "Answer Flagger and Argo Rollouts: the gates of perf.yaml over HTTP.",
    "rollout": "Raise a canary's share of the traffic step by step; promote it, or roll back.",
    "worker": "Load for a run that another machine directs and judges: --master HOST:PORT.",
    "doctor": "Look whether this machine and folder are in order; --calibrate: the rate they hold.",
    "completion": "Print the lines that let bash, zsh or fish complete this command.",
    "target": "Run the embedded demo service, with faults on request.",
}
