"""Deterministic land: what can be said, what follows from it, and the workflow that carries it out.

Imports the standard library, pydantic and temporalio; never a sibling package.
"""
