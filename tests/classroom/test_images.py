"""Pasted images are kept, with nothing in them that could run."""
import base64

import pytest
from nbformat.v4 import new_markdown_cell

from classroom import images
from tests.classroom.support import PNG, changed, spliced


def image(kind='image/png', content=PNG):
    return {kind: base64.b64encode(content).decode()}


@pytest.mark.parametrize('refer, named', [
    ('![p](attachment:p.png)', 'p.png'), ('![p](attachment:p%20q.png)',
                                          'p q.png'),
    ('<img src="attachment:p.png" width="30">', 'p.png'),
    ('![p](data:image/png;base64,{})', None)])
def test_a_pasted_image_is_kept(refer, named):
    def edit(cells):
        cells[-1].source = 'See ' + refer.format(image()['image/png'])
        if named:
            cells[-1].attachments = {named: image()}

    cells, flags = spliced(changed(edit))
    why = cells['why']
    assert why.attachments == {'image-0.png': image()} and flags == []
    assert 'attachment:image-0.png' in why.source
    page = images.harmless({'cell': why}, why.source)
    assert f'src="data:image/png;base64,{image()["image/png"]}"' in page


def test_images_of_several_cells_stay_apart():
    def edit(cells):
        for source, content in ('a', PNG + b'a'), ('b', PNG + b'b'):
            cells.append(new_markdown_cell(
                f'{source} ![x](attachment:image.png)', attachments={
                    'image.png': image(content=content)}))

    why = spliced(changed(edit))[0]['why']
    page = images.harmless({'cell': why}, why.source)
    assert page.index(image(content=PNG + b'a')['image/png']) < page.index(
        image(content=PNG + b'b')['image/png'])


@pytest.mark.parametrize('kind, content', [
    ('image/svg+xml', b'<svg onload="x()">'), ('text/html', b'<script>'),
    ('image/png', b'<script>'), ('image/png"><script>', PNG)])
def test_what_is_no_image_of_pixels_is_left_out(kind, content):
    def edit(cells):
        cells[-1].source = '![p](attachment:p.png) ![gone](attachment:q.png)'
        cells[-1].attachments = {'p.png': image(kind, content)}

    cells, flags = spliced(changed(edit))
    assert 'attachments' not in cells['why']
    assert '1 pasted images were left out' in flags[0]
    page = images.harmless({'cell': cells['why']}, cells['why'].source)
    assert 'script' not in page and 'data:' not in page


def test_a_page_asks_for_no_image_elsewhere():
    page = images.harmless({}, '![a](https://example.org/a.png) '
                           '![b](https://image.invalid/0.png) [c](data:x,y)')
    assert 'src' not in page and 'data:' not in page
