"""Make the two pictures that the README and the site show of a lesson.

    python -m docs.pictures

A figure of lesson 04, as it is stored there, and the card that social
networks show for a link. Run it when that figure changes.
"""
import base64
import json
from pathlib import Path

import matplotlib

matplotlib.use('agg')
import matplotlib.pyplot as plt  # noqa: E402

HERE = Path(__file__).parent
ROOT = HERE.parent
LESSON, CELL = '04_softmax_scratch', 'weights'


def figure(lesson, cell_id):
    """Return a stored figure, the bytes of a PNG file."""
    path = ROOT / f'notebooks/{lesson}.ipynb'
    cells = json.loads(path.read_text(encoding='utf-8'))['cells']
    outputs, = (c['outputs'] for c in cells if c['id'] == cell_id)
    return base64.b64decode(next(
        output['data']['image/png'] for output in outputs
        if 'image/png' in output.get('data', {})))


def card(hero, path):
    """Draw the card, 1200 by 630 dots, over a figure."""
    title, _, rest = (ROOT / 'README.md').read_text(
        encoding='utf-8').partition('\n')[0][2:].partition(': ')
    with plt.rc_context({'savefig.bbox': None, 'savefig.dpi': 100}):
        fig = plt.figure(figsize=(12, 6.3), dpi=100, facecolor='white')
        fig.text(0.06, 0.83, title, size=40, weight='bold', color='#12344d')
        fig.text(0.06, 0.74, rest[:1].upper() + rest[1:], size=24,
                 color='#444444')
        ax = fig.add_axes((0.06, 0.04, 0.88, 0.64))
        ax.imshow(plt.imread(hero), interpolation='bilinear')
        ax.set_axis_off()
        fig.savefig(path)
        plt.close(fig)


def draw(folder):
    """Write both pictures into a folder."""
    (folder / 'weights.png').write_bytes(figure(LESSON, CELL))
    card(folder / 'weights.png', folder / 'card.png')


if __name__ == '__main__':
    draw(HERE / '_static')
