"""Every entry of the errata is shown by a cell that runs."""
import re
from pathlib import Path

import pytest

from tools.lessons import Lesson

TEXT = (Path(__file__).parents[2] / 'docs/errata.md').read_text()
LINES = [line for line in TEXT.splitlines() if re.match(r'\| S\d', line)]


def test_the_table_covers_all_sources():
    assert {line[2:4] for line in LINES} == {'S0', 'S1', 'S2', 'S3', 'S4'}


@pytest.mark.parametrize('line', LINES, ids=lambda line: line.split('|')[2])
def test_an_entry_names_cells_that_there_are(line):
    _, source, claim, truth, shown, _ = line.split('|')
    number, target, cells = re.fullmatch(
        r' \[(\d\d)\]\(\.\./notebooks/((?:solutions/)?\d\d_\w+)\.ipynb\)'
        r' ((?:`[a-z0-9-]+`(?:, )?)+) ', shown).groups()
    assert target.rpartition('/')[2].startswith(number)
    assert claim.strip() and truth.strip()
    for cell_id in re.findall(r'`(.+?)`', cells):
        assert cell_id in Lesson(target).sources
