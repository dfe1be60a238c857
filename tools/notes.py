"""Print the release notes of a version: its section of CHANGELOG.md.

    python -m tools.notes 0.1.0
"""
import re
import sys
from pathlib import Path


def notes(changelog, version):
    """Return a version's section, without its heading."""
    found = re.search(
        rf'^## {re.escape(version)} \(([^)]*)\)\n(.*?)(?=^## |\Z)', changelog,
        re.M | re.S)
    if not found:
        sys.exit(f'CHANGELOG.md has no version {version!r}')
    if found[1] == 'unreleased':
        sys.exit(f'{version} is unreleased: date it in CHANGELOG.md')
    return found[2].strip()


if __name__ == '__main__':
    path = Path(__file__).parent.parent / 'CHANGELOG.md'
    print(notes(path.read_text(), sys.argv[1]))
