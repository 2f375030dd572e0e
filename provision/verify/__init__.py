"""Proof: measures a server from outside and inside, and judges each control by what it showed.

    probes/<section>.py      measure(target) -> plain data          uses the network, knows no law
            │
            ▼
    evidence.py              Evidence: section -> data, or why it could not be measured
            │
            ▼
    judges/<section>.py      @judge("TLS-01", "http") -> Finding    pure functions, know no network
            │
            ▼
    verdict.py               Verdict per control; what only the school knows, it confirms
            │
            ▼
    reporting/report.py      data for terminal.py, page.py, --json; later the papers

A probe never trusts settings or our own templates, leaves no room, account or log line behind, and
is bounded in time (its target's `seconds`) and memory. What it cannot measure it says by raising
`NotMeasuredError` with the reason; the rest goes on. `audit` runs those probes that need no
credentials; `verify` also the inside (`inside`, one read-only look over SSH) and those that sign
in.
"""
