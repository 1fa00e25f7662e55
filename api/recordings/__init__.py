"""What a recording is, told from its bytes: three formats, and no more of each than that.

Must not decode sound, nor know sessions or HTTP.
"""
