"""A worker that writes each delta of an answer by itself: `python -m bench.delta_worker worker`.

Owns this way of writing, taken in this process only and from outside: the product writes in short batches.
"""

import sys

from activities import answer
from workers.cli import main as perdure

if __name__ == "__main__":
    assert "BATCH_SECONDS" in answer.__dict__, "the product's pace is not where it was"
    answer.__dict__["BATCH_SECONDS"] = 0.0
    sys.argv[0] = "perdure"
    perdure()
