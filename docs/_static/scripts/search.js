// The search: Pagefind's dialog, fetched when it is first asked for
{
  const folder = new URL(document.currentScript.dataset.pagefind, document.baseURI);
  let modal;

  const load = async () => {
    const look = document.createElement('link');
    look.rel = 'stylesheet';
    look.href = new URL('pagefind-component-ui.css', folder);
    document.head.append(look);
    await import(new URL('pagefind-component-ui.js', folder));
    const config = document.createElement('pagefind-config');
    config.setAttribute('bundle-path', folder.pathname);
    config.setAttribute('base-url', new URL('..', folder).pathname);
    const made = document.createElement('pagefind-modal');
    document.body.append(config, made);
    return made;
  };

  const open = async () => (await (modal ??= load())).open();

  document.addEventListener('click', event => {
    if (event.target.closest('.search-button__button')) open();
  });
  document.addEventListener('keydown', event => {
    const writing = event.target.closest('input, textarea, [contenteditable]');
    const k = event.key.toLowerCase() == 'k' && (event.ctrlKey || event.metaKey);
    if (writing || !(k || event.key == '/')) return;
    event.preventDefault();
    open();
  });
}
