"""Where the site and its repository stand comes from the environment."""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / 'site/_build/source'


def test_addresses_come_from_the_environment(tmp_path):
    subprocess.run(
        [sys.executable, '-m', 'sphinx', '-q', '-W', '-c', ROOT / 'site',
         '-d', tmp_path / 'doctrees', SOURCE, tmp_path / 'html'],
        check=True, timeout=300,
        env={**os.environ, 'SITE_URL': 'https://example.org/course/',
             'REPOSITORY_URL': 'https://github.com/someone/course'})
    lesson = (tmp_path / 'html/notebooks/04_softmax_scratch.html').read_text()
    assert ('https://mybinder.org/v2/gh/someone/course/main?urlpath=tree'
            '/notebooks/04_softmax_scratch.ipynb') in lesson
    assert ('<link rel="canonical" href="https://example.org/course/notebooks'
            '/04_softmax_scratch.html"') in lesson
    assert 'content="https://example.org/course/_static/card.png"' in lesson
    assert ('<loc>https://example.org/course/index.html</loc>'
            in (tmp_path / 'html/sitemap.xml').read_text())
    assert ('<base href="/course/">'
            in (tmp_path / 'html/404.html').read_text())
