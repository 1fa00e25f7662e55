"""The command line client: one more client of the HTTP API, for people at a terminal.

Knows the API by its contract only; imports nothing of the server.
"""
