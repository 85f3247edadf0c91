"""What a camera would see: a bar code, as the video file that Chromium takes in the place of a camera."""

from __future__ import annotations

from pathlib import Path

WIDTH, HEIGHT, FRAMES = 640, 480, 5
MODULE = 4
"""Pixels of the narrowest bar."""
LEFT = [
    "0001101",
    "0011001",
    "0010011",
    "0111101",
    "0100011",
    "0110001",
    "0101111",
    "0111011",
    "0110111",
    "0001011",
]
PARITY = [
    "LLLLLL",
    "LLGLGG",
    "LLGGLG",
    "LLGGGL",
    "LGLLGG",
    "LGGLLG",
    "LGGGLL",
    "LGLGLG",
    "LGLGGL",
    "LGGLGL",
]
"""How the six digits on the left say the first one (GS1 General Specifications, EAN-13)."""


def ean13_modules(code: str) -> str:
    """Return the bars (1) and spaces (0) of an EAN-13 with its quiet zones."""
    parity = PARITY[int(code[0])]
    left = "".join(
        LEFT[int(digit)] if side == "L" else _mirrored(LEFT[int(digit)])
        for digit, side in zip(code[1:7], parity, strict=True)
    )
    right = "".join(_inverted(LEFT[int(digit)]) for digit in code[7:])
    return "0" * 11 + "101" + left + "01010" + right + "101" + "0" * 11


def _inverted(bits: str) -> str:
    return bits.translate(str.maketrans("01", "10"))


def _mirrored(bits: str) -> str:
    return _inverted(bits)[::-1]


def film_of(code: str, path: Path) -> Path:
    """Write a film that shows an EAN-13, in YUV4MPEG2."""
    modules = ean13_modules(code)
    line = bytearray(b"\xeb" * WIDTH)
    start = (WIDTH - len(modules) * MODULE) // 2
    for position, bit in enumerate(modules):
        if bit == "1":
            for x in range(start + position * MODULE, start + (position + 1) * MODULE):
                line[x] = 16
    white = b"\xeb" * WIDTH
    luma = white * 120 + bytes(line) * (HEIGHT - 240) + white * 120
    chroma = b"\x80" * (WIDTH * HEIGHT // 2)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode())
        for _ in range(FRAMES):
            file.write(b"FRAME\n" + luma + chroma)
    return path
