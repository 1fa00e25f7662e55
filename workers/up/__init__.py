"""`perdure up`: the whole system on one machine, started, supervised and stopped together.

Owns processes, ports and the data directory. Must not know what a session is, nor any key in the store.
"""

from workers.up.options import UpOptions
from workers.up.run import run_up

__all__ = ["UpOptions", "run_up"]
