"""robots.txt, which has to name both sitemaps by their whole addresses."""
from pathlib import Path

from docs._ext import wording


def write(app, exception):
    if exception or wording.of(app) == 'zh':      # there is one of a host
        return
    name = app.config.sitemap_filename
    Path(app.outdir, 'robots.txt').write_text(
        f'User-agent: *\nAllow: /\nSitemap: {app.config.site_url}{name}\n'
        f'Sitemap: {app.config.site_url}{wording.OTHER["en"]}{name}\n')


def setup(app):
    app.connect('build-finished', write)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
