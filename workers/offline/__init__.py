"""The offline model: a local server that speaks the OpenAI Responses API without a key.

Owns what a provider owns: answers, stored responses, streams, and scripted faults for tests.
It must not know Perdure: no contract, no store, no session. Only HTTP leads in and out.
"""
