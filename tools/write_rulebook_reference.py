"""Write docs/reference/rulebook.md from the rule files, or with --check say whether it is up to date."""

import sys
from pathlib import Path

from lianfang.rulebook import default, render_reference

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "rulebook.md"


def main(arguments: list[str]) -> int:
    """Return the exit status: 1 where --check finds the page out of date."""
    page = render_reference(default())
    if "--check" in arguments:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page:
            return 0
        print(
            f"{PAGE} differs from the rule files: run python tools/write_rulebook_reference.py",
            file=sys.stderr,
        )
        return 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")
    print(f"wrote {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
