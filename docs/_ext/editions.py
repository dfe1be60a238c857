"""The practice edition of a lesson, in the download menu of its page."""
from pathlib import Path

from docs._ext import wording
from tools import practice

FOLDER = 'practice'


def write(app, exception):
    """Write the practice editions beside the pages."""
    if exception or app.builder.format != 'html':
        return
    folder = Path(app.outdir) / FOLDER
    folder.mkdir(exist_ok=True)
    for name, content in app.practice.items():
        (folder / name).write_text(content, encoding='utf-8')


def offer(app, pagename, templatename, context, doctree):
    """Add the practice edition to the menu, above the page's own files."""
    name = f'{Path(pagename).name}.ipynb'
    if Path(pagename).parent.name != 'notebooks' or name not in app.practice:
        return
    said = wording.WORDS[wording.of(app)]
    for group in context['header_buttons']:
        if group['label'] == 'download-buttons':
            group['buttons'].insert(0, {
                'type': 'link', 'text': said['practice'],
                'url': context['pathto'](f'{FOLDER}/{name}', 1),
                'tooltip': said['practice tip'],
                'icon': 'fas fa-pencil', 'label': 'download-practice-button'})


def setup(app):
    language = wording.of(app)
    app.practice = dict(practice.editions(language=language))
    # The theme makes the menu at 501
    app.connect('html-page-context', offer, priority=502)
    app.connect('build-finished', write)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
