"""The world: one module a kind of work, under the names that `workflows.contract` declares."""
