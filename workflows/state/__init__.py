"""What follows: the rules of a session as pure functions of its past.

No I/O, no clock, no randomness, no Temporal: time comes in with every event and every question. Everything
here is total: any event may come at any time, and the answer is a new state, never an exception.
"""
