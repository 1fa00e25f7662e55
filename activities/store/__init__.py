"""The only code that knows the store's keys: event log, projection, and their readers."""
