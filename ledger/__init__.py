"""What five write-ups report, held to what the lessons measure.

    python -m ledger            run all that is missing, half an hour in all
    python -m ledger NAME ...   run these experiments alone
    python -m ledger --show     write the page and its figures anew

sources.toml lists every figure that a source prints; experiments.py says how
ours are measured. Both go into d2lutils/ledger.json, and from there into
docs/ledger.md. No hand types a number of ours.
"""
from tools import pins  # noqa: F401 -- before MXNet starts
