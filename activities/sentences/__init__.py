"""Cutting a text into sentences while it streams.

Owns where a listener would take breath. Must not know who speaks, who listens or where the text comes from.
"""

from activities.sentences.splitter import LONGEST, SentenceSplitter

__all__ = ["LONGEST", "SentenceSplitter"]
