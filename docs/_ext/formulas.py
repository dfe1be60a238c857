"""Formulas as MathML, which browsers draw themselves, and their font."""
import html
import re
import unicodedata
from pathlib import Path

import ziamath
from docutils import nodes
from fontTools import subset as fonts
from latex2mathml.converter import convert

FONT = Path(ziamath.__file__).parent / 'fonts/STIXTwoMath-Regular.ttf'
# Browsers draw a variable, <mi>x</mi>, with the character of its italic
ITALIC = 'ℎ' + ''.join(map(chr, [*range(0x1D434, 0x1D468),
                                 *range(0x1D6E2, 0x1D71C)]))
# What latex2mathml spells in another way; and 10,020 is one number
BEFORE = [(r'\\(begin|end)\{aligned\}', r'\\\1{align*}'),
          (r'(?<=\d),(?=\d{3})', '{,}')]
# TeX's space behind the name of a function, none within a number
AFTER = [(r'<mo>max</mo>(?=<mo stretchy)', '<mi>max</mi>'),
         (r'(<mi>(?:ln|exp|sin|tanh)</mi>)(?!<mo stretchy)',
          r'\1<mspace width="0.17em"/>'),
         ('</mn><mrow><mo>&#x0002C;</mo></mrow><mn>', ',')]


def mathml(tex, display='inline'):
    """Return a formula of LaTeX as MathML."""
    for wrong, right in BEFORE:
        tex = re.sub(wrong, right, tex)
    math = convert(tex.strip(), display=display)
    if '\\' in math:
        raise ValueError(f'not understood as a formula: {tex}')
    for wrong, right in AFTER:
        math = re.sub(wrong, right, math)
    return math


def visit_inline(self, node):
    self.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def visit_block(self, node):
    self.body.append('<div class="formula">'
                     + mathml(node.astext(), 'block') + '</div>')
    raise nodes.SkipNode


def subset(app, exception):
    """Write the font with the characters that the formulas of a site use."""
    if exception:
        return
    # The sign of <msqrt> is drawn by the browser, and stands in no page
    out, used = Path(app.outdir), {'√'}
    for page in out.glob('**/*.html'):
        text = page.read_text(encoding='utf-8')
        for math in re.findall('<math.*?</math>', text, re.S):
            used |= set(html.unescape(re.sub('<.*?>', '', math)))
    used |= {c for c in ITALIC if unicodedata.normalize('NFKC', c) in used}
    options = fonts.Options(flavor='woff', layout_features=['*'])
    font = fonts.load_font(FONT, options)
    subsetter = fonts.Subsetter(options)
    subsetter.populate(text=''.join(used))
    subsetter.subset(font)
    fonts.save_font(font, out / '_static/formulas.woff', options)


def setup(app):
    app.add_html_math_renderer('mathml', (visit_inline, None),
                               (visit_block, None))
    app.connect('build-finished', subset)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
