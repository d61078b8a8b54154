"""Paths of places such as `CN.42.4201.`: the codes from the nation down, each ended by a point."""


def code_of(path: str) -> str:
    """Return the code of the last place of a path, by which editions of single places are found; "" of an empty path."""
    return path.rstrip(".").rsplit(".", 1)[-1]


def lineage(path: str) -> list[str]:
    """Return the paths from the nation down to the place itself: of `CN.42.` these are `CN.` and `CN.42.`."""
    parts = path.rstrip(".").split(".")
    return [".".join(parts[:n]) + "." for n in range(1, len(parts) + 1)]
