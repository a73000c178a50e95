"""How fast accelerators read their own memory, in GB/s, from the vendors' data sheets. Writing an answer reads the active
weights once for every token, so this number bounds tokens per second (see `recommend`)."""

from __future__ import annotations

import re

# The first pattern that is found in the name counts, so the more exact one stands first.
_DATA_SHEETS = (
    ("B200", 7700), ("H200", 4800), ("H100 NVL", 3900), ("H100 PCIe", 2000), ("H100", 3350), ("GH200", 4000),
    ("A100.*80GB", 1935), ("A100", 1555), ("L40", 864), ("L4", 300), ("A40", 696), ("A30", 933), ("A10", 600),
    ("A6000", 768), ("RTX 6000 Ada", 960), ("RTX PRO 6000", 1792), ("T4", 320), ("V100", 900),
    ("RTX 5090", 1792), ("RTX 5080", 960), ("RTX 5070 Ti", 896), ("RTX 5070", 672), ("RTX 5060", 448),
    ("RTX 4090", 1008), ("RTX 4080", 717), ("RTX 4070 Ti", 504), ("RTX 4070", 504), ("RTX 4060", 272),
    ("RTX 3090", 936), ("RTX 3080", 760), ("RTX 3070", 448), ("RTX 3060", 360),
    ("MI325X", 6000), ("MI300X", 5300), ("MI250", 3276), ("MI210", 1638), ("7900 XTX", 960), ("7900 XT", 800),
    ("M1 Ultra", 800), ("M1 Max", 400), ("M1 Pro", 200), ("M1", 68), ("M2 Ultra", 800), ("M2 Max", 400), ("M2 Pro", 200),
    ("M2", 100), ("M3 Ultra", 819), ("M3 Max", 400), ("M3 Pro", 150), ("M3", 100), ("M4 Max", 546), ("M4 Pro", 273),
    ("M4", 120),
)  # fmt: skip

_BY_MEMORY = ((12, 270), (16, 300), (24, 600), (48, 800), (100, 2000))
"""What a card of at most so many GiB reads at least, among those sold today."""
_LARGEST = 3000


def of_card(name: str) -> int | None:
    """GB/s of a card by its name; None for one that is not in the table."""
    return next((speed for pattern, speed in _DATA_SHEETS if re.search(rf"\b{pattern}", name, re.IGNORECASE)), None)


def of_size(memory_bytes: int) -> int:
    """GB/s that an unknown card with so much memory has at least."""
    return next((speed for most, speed in _BY_MEMORY if memory_bytes <= most * 2**30), _LARGEST)
