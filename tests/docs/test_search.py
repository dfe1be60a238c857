"""The search finds words in the language of the page that it is asked on."""
import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.support import wait_for

ENGLISH = [
    ('cross-entropy', '02_softmax_regression'), ('uint8', '03_fashion_mnist'),
    ('Accumulator', '04_softmax_scratch'), ('underflow', '06_numerical'),
    ('L-BFGS-B', '07_softmax_by_hand'), ('XOR', '08_mlp'),
    ('dropout', '12_generalisation'), ('kernel', '14_digits'),
    ('AdaGrad', '15_optimisers'), ('nbgrader', 'classroom/README')]
CHINESE = [
    ('交叉熵', '02_softmax_regression'), ('小批量', '03_fashion_mnist'),
    ('过拟合', '12_generalisation'), ('混淆矩阵', '04_softmax_scratch'),
    ('学习率', '15_optimisers'), ('激活函数', '08_mlp'),
    ('反向传播', '10_backpropagation'), ('权重衰减', '12_generalisation'),
    ('梯度消失', '10_backpropagation'), ('术语表', 'docs/glossary')]
INPUT = 'pagefind-modal input'
RESULTS = 'pagefind-modal pagefind-results a'


def ask(tab, key, term):
    """Open the search with a key, and type a term into it."""
    tab.keyboard.press(key)
    tab.locator(f'{INPUT}:focus').wait_for()
    tab.keyboard.type(term)


@pytest.mark.parametrize(('top', 'term', 'page'), [
    *(('', *case) for case in ENGLISH),
    *(('zh/', *case) for case in CHINESE)])
def test_the_search_finds(tab, url, top, term, page):
    asked = []
    tab.on('request', lambda request: asked.append(request.url))
    tab.goto(f'{url}/{top}docs/start.html')
    ask(tab, 'Control+k', term)
    # Results come as they are scrolled to: the last one shows the next
    found = tab.locator(f'{RESULTS}[href*="{page}"]')
    tab.locator(RESULTS).first.wait_for()

    def reached():
        tab.keyboard.press('ArrowDown')
        return found.count()

    wait_for(page, reached, 60)
    links = tab.locator(RESULTS).evaluate_all('all => all.map(a => a.href)')
    assert all(link.startswith(f'{url}/{top}') for link in links)
    assert top or not any('/zh/' in link for link in links)
    assert all(link.startswith((url, 'data:')) for link in asked)


@pytest.mark.parametrize('top', ['', 'zh/'])
def test_a_result_is_reached_with_keys_alone(tab, url, top):
    tab.goto(f'{url}/{top}docs/start.html')
    ask(tab, '/', 'softmax')
    first = tab.locator(RESULTS).first
    first.wait_for()
    excerpt = tab.locator('pagefind-modal .pf-result-excerpt').first
    assert 'softmax' in excerpt.locator('mark').first.inner_text().lower()
    # Enter follows the link that has the focus, as anywhere
    tab.keyboard.press('ArrowDown')
    focused = tab.locator(f'{RESULTS}:focus')
    focused.wait_for()
    assert focused.get_attribute('href') == first.get_attribute('href')


@pytest.mark.parametrize('theme', ['light', 'dark'])
@pytest.mark.parametrize('size', [(1280, 900), (390, 844)])
def test_axe_finds_no_violation_in_the_dialog(tab, url, size, theme):
    tab.set_viewport_size({'width': size[0], 'height': size[1]})
    tab.emulate_media(color_scheme=theme)
    tab.goto(f'{url}/zh/index.html')
    tab.locator('button.search-button__button:visible').first.click()
    tab.locator(f'{INPUT}:focus').wait_for()
    tab.keyboard.type('梯度')
    tab.locator(f'{RESULTS}').first.wait_for()
    tab.wait_for_timeout(500)           # it fades in
    tab.evaluate(AXE_SCRIPT)
    found = tab.evaluate("axe.run('pagefind-modal', {runOnly: ['wcag2a', "
                         "'wcag2aa', 'wcag21aa', 'wcag22aa']})")
    assert found['passes']
    assert not [(v['id'], v['nodes'][0]['html'],
                 v['nodes'][0]['failureSummary'])
                for v in found['violations']]


def test_escape_closes_the_dialog(tab, url):
    tab.goto(f'{url}/index.html')
    ask(tab, 'Control+k', '')
    tab.keyboard.press('Escape')
    tab.locator('pagefind-modal dialog[open]').wait_for(state='detached')
