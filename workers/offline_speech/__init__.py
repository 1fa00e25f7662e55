"""The offline speech provider: a local server that speaks the OpenAI audio API without a key.

Owns what a provider owns: voices, recordings, and scripted faults for tests. espeak is under the GPL: nothing
but the process of this package may load it. It must not know Perdure: only HTTP leads in and out.
"""
