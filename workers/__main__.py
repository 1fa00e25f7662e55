"""`python -m workers` is `perdure`."""

from workers.cli import main

main()
