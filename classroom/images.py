"""Images that students paste into texts: kept, with nothing that could run.

They lie in a cell's attachments, or in its text as data: URLs; here all
become attachments with plain names.
"""
import base64
import binascii
import re
from urllib.parse import unquote

import bleach
from jinja2 import pass_context
from nbconvert.filters import markdown2html

STARTS = {'image/png': b'\x89PNG\r\n', 'image/jpeg': b'\xff\xd8\xff',
          'image/gif': b'GIF8', 'image/webp': b'RIFF'}
LARGEST = 20_000_000      # bytes of the images of one answer
ATTACHED = re.compile(r'attachment:([^)\s"\'>]+)')
DATA = re.compile(r'data:(image/[\w.+-]+);base64,([\w+/=%-]*)')
# Never asked for: it stands for an image until the page is clean
PLACE = 'https://image.invalid/'
TAGS = {'a', 'blockquote', 'br', 'code', 'del', 'em', 'h1', 'h2', 'h3', 'h4',
        'hr', 'img', 'li', 'ol', 'p', 'pre', 'span', 'strong', 'sub', 'sup',
        'table', 'tbody', 'td', 'th', 'thead', 'tr', 'ul'}


def _checked(kind, text):
    """Return an image as clean base64; None where it is not of its kind."""
    try:
        content = base64.b64decode(''.join(text), validate=True)
    except (binascii.Error, TypeError, ValueError):
        return None
    if not content.startswith(STARTS.get(kind, b'?')):
        return None
    return base64.b64encode(content).decode()


def gather(cells):
    """Join texts, and collect the images in them.

    Args:
        cells: those that hold an answer, in order.

    Returns:
        The text; the attachments by new names; how many images were lost,
        being too large or not of a kind that holds pixels alone.
    """
    texts, images, lost, room = [], {}, 0, LARGEST

    def keep(kind, content):
        nonlocal lost, room
        image = _checked(kind, content)
        if image is None or len(image) > room:
            lost += 1
            return 'attachment:lost'
        room -= len(image)
        name = f'image-{len(images)}.{kind.partition("/")[2]}'
        images[name] = {kind: image}
        return f'attachment:{name}'

    for cell in cells:
        there = cell.get('attachments')
        there = there if isinstance(there, dict) else {}

        def attached(found, there=there):
            bundle = there.get(found[1], there.get(unquote(found[1])))
            if not isinstance(bundle, dict) or not bundle:
                return found[0]
            return keep(*next(iter(bundle.items())))

        text = ATTACHED.sub(attached, cell.source)
        texts.append(DATA.sub(lambda found: keep(found[1], found[2]), text))
    return '\n\n'.join(texts), images, lost


def _attribute(tag, name, value):
    if tag == 'img':
        return name == 'alt' or (
            value.startswith(PLACE) if name == 'src' else
            name in ('width', 'height') and value.isdecimal())
    return (tag, name) in (('a', 'href'), ('span', 'class'))


@pass_context
def harmless(context, source):
    """Render Markdown: texts are students', and come to others' browsers."""
    cell = context.get('cell') or {}
    pages = []

    def place(found):
        for kind, content in (cell.get('attachments', {}).get(found[1])
                              or {}).items():
            image = _checked(kind, content)
            if image:
                pages.append(f'data:{kind};base64,{image}')
                return f'{PLACE}{len(pages) - 1}.'
        return f'{PLACE}none.'

    page = bleach.clean(
        markdown2html(ATTACHED.sub(place, source)), tags=TAGS, strip=True,
        attributes=_attribute, protocols={'http', 'https', 'mailto'})
    page = re.sub(r'<a href="#[^"]*">(?:¶|&#182;)</a>', '', page)
    return re.sub(rf'src="{PLACE}(\d+|none)\.[^"]*"', lambda found:
                  f'src="{pages[int(found[1])]}"'
                  if found[1].isdecimal() and int(found[1]) < len(pages)
                  else '', page)
