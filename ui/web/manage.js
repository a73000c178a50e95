/* The page of those who load documents and run the server. Each tab is a file of the folder `manage`, which tells `midas.manage`
   how it is opened. */
(() => {
  const ORDER = ["collections", "documents", "playground", "inbox", "people", "backends", "usage", "audit", "health"];
  const opened = {};
  const { midas } = window;

  midas.manage = (id, open) => (opened[id] = open);
  midas.start("manage", (texts) =>
    midas.tabs(ORDER.map((id) => ({ id, title: texts.tabs[id], open: (panel) => opened[id](panel, texts[id], texts) })), texts.tabs.label));
})();
