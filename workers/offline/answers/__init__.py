"""The words of the offline model: a conversation goes in, a text comes out.

Pure and deterministic: no clock, no randomness, no I/O. Must not know HTTP, responses or streams.
"""
