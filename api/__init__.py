"""HTTP in front of sessions: translates requests to signals, and the event log to streams."""
