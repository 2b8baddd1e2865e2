"""A package that offers adapters at the town's points, installed as far as Python looks."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def installed(folder: Path, points: Mapping[str, str], code: str) -> Iterator[Path]:
    """The package of this code is installed until the block ends; its adapters are called `far`."""
    place = folder / "site"
    info = place / "far_adapters-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: far-adapters\nVersion: 1\n")
    lines = [f"[wasteland.{point}]\nfar = far_adapters:{name}\n" for point, name in points.items()]
    (info / "entry_points.txt").write_text("".join(lines))
    (place / "far_adapters.py").write_text(code)
    sys.path.insert(0, str(place))
    try:
        yield place
    finally:
        sys.path.remove(str(place))
        sys.modules.pop("far_adapters", None)
