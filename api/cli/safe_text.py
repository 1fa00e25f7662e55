"""Text of others, made harmless for a terminal.

Owns which characters are shown as something else. Works a code point at a time, so that what was shown of a
beginning stays true when the rest comes.
"""

from typing import Final

from rich.cells import cell_len, set_cell_size

_CONTROL_PICTURES: Final = 0x2400
_UNKNOWN: Final = "\N{REPLACEMENT CHARACTER}"
_HARMLESS: Final[dict[int, str | None]] = {
    **{code: chr(_CONTROL_PICTURES + code) for code in range(0x20)},
    **dict.fromkeys(range(0x80, 0xA0), _UNKNOWN),
    **dict.fromkeys(range(0xD800, 0xE000), _UNKNOWN),
    0x7F: "\N{SYMBOL FOR DELETE}",
    ord("\t"): "\t",
    ord("\n"): "\n",
    ord("\r"): None,
    ord("\N{LINE SEPARATOR}"): "\n",
    ord("\N{PARAGRAPH SEPARATOR}"): "\n",
}
_ONE_LINE: Final[dict[int, str | None]] = {
    **_HARMLESS,
    **dict.fromkeys(map(ord, "\t\n\r\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"), " "),
    # They would turn around what stands beside the text.
    **dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), None),
}


def printable(text: str) -> str:
    """`text` with nothing that drives a terminal but line feeds and tabs."""
    return text.translate(_HARMLESS)


def one_line(text: str, width: int | None = None) -> str:
    """`text` as a single line, cut to `width` terminal cells."""
    line = text.translate(_ONE_LINE)
    if width is None or cell_len(line) <= width:
        return line
    return set_cell_size(line, width - 1).rstrip() + "…"
