"""Make the version of an assignment that students are given.

    python release.py hw2 [--class FOLDER]
"""
import argparse
import sys
from pathlib import Path

import grade


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('hw')
    parser.add_argument('--class', dest='folder', type=Path,
                        default=grade.HERE / 'class')
    given = parser.parse_args(arguments)
    folder = given.folder.resolve()
    try:
        _, release = grade.prepare(given.hw, folder, grade.nbgrader(folder))
    except grade.GradeError as error:
        sys.exit(f'not released: {error}')
    cells = grade.cells(release)
    print(f'{folder / "release" / given.hw / given.hw}.ipynb: '
          f'{len(cells)} graded cells, '
          f'{sum(c["points"] for c in cells)} points')


if __name__ == '__main__':
    main(sys.argv[1:])
