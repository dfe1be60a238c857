"""What the site itself says, in each language, and the addresses of both."""
# From a language's first page to the other's
OTHER = {'en': 'zh/', 'zh': '../'}
LANGUAGE = {'en': 'en', 'zh': 'zh_CN'}       # as Sphinx calls them
TAG = {'en': 'en', 'zh': 'zh-CN'}            # as browsers do
WORDS = {
    'en': {
        'project': 'From linear regression to MLPs',
        'contents': 'On this page',
        'show': 'Show the code',
        'hide': 'Hide the code',
        'minutes': '{} minutes',
        'solution': 'Show the solution of exercise {}',
        'practice': 'practice .ipynb',
        'practice tip':
            'Download the edition with functions left for you',
        'card': 'What a classifier of clothes has learned to look for: '
                'ten pictures of weights, one per class',
        'binder': 'The rocket at the top of each lesson opens it on Binder, '
                  'on a small machine that somebody else pays for.',
        'no binder': 'No Binder button: this copy of the site does not know '
                     'the address of its repository. `apt.txt`, '
                     '`environment.yml` and `postBuild` are what Binder '
                     'needs.',
        'switch': '中文',
        'switch tip': '本页的中文版',
        'switch tip home': '中文版首页',
    },
    'zh': {
        'project': '从线性回归到多层感知机',
        'contents': '本页内容',
        'show': '显示代码',
        'hide': '隐藏代码',
        'minutes': '{} 分钟',
        'solution': '显示练习 {} 的解答',
        'practice': '练习版 .ipynb',
        'practice tip': '下载练习版：几个函数留给你来写',
        'card': '一个服装分类器学会了看哪里：十幅权重图，每个类别一幅',
        'binder': '每一课页面顶部的火箭按钮会在 Binder 上打开它，'
                  '那是别人付费的一台小机器。',
        'no binder': '没有 Binder 按钮：这份网站不知道自己的仓库在哪里。'
                     'Binder 所需要的是 `apt.txt`、`environment.yml` 和 '
                     '`postBuild`。',
        'switch': 'English',
        'switch tip': 'This page in English',
        'switch tip home': 'The first page in English',
        'untranslated': '这一段还没有翻译，下面是英文。',
        'stale': '英文版的这一段有改动，译文还没有跟上。',
        'original': '看英文版',
    }}
# What the theme says and has no Chinese for
THEME = {
    'Color mode': '颜色模式',
    'System Settings': '跟随系统',
    'Toggle primary sidebar': '显示或隐藏课程目录',
    'Toggle secondary sidebar': '显示或隐藏本页目录',
    'Collapse Sidebar': '收起侧栏',
    'Expand Sidebar': '展开侧栏',
}


def of(app):
    """Return the language of a site that is being built: en or zh."""
    return app.config.language[:2]


def both(app):
    """Return the language of the site that is built, and the other one."""
    ours = of(app)
    return ours, *({'en', 'zh'} - {ours})
