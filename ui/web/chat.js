/* Opens a passage in the side panel, brings a new question to the top of the window. Runs on the page's own markup only. */
(() => {
  const panel = () => document.querySelector("#panel .panel");

  const open = (button) => {
    const card = document.getElementById(button.dataset.passage);
    const target = panel();
    if (!card || !target) return;
    const copy = card.cloneNode(true);
    copy.removeAttribute("id");
    target.querySelector(".panel-body").replaceChildren(copy);
    target.querySelector(".panel-hint").hidden = true;
    target.querySelector(".panel-close").hidden = false;
    document.querySelectorAll("[data-passage].open").forEach((other) => other.classList.remove("open"));
    button.classList.add("open");
    if (window.matchMedia("(max-width: 860px)").matches) target.scrollIntoView({ behavior: "smooth", block: "start" });
    else target.scrollTop = Math.max(0, (copy.querySelector("mark, tr.marked")?.offsetTop ?? 0) - 120);
  };

  const close = () => {
    const target = panel();
    target.querySelector(".panel-body").replaceChildren();
    target.querySelector(".panel-hint").hidden = false;
    target.querySelector(".panel-close").hidden = true;
    const opened = document.querySelector("[data-passage].open");
    opened?.classList.remove("open");
    opened?.focus();
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-passage]");
    if (button) open(button);
    else if (event.target.closest(".panel-close")) close();
  });

  const watch = () => {
    const live = document.getElementById("live");
    if (!live) return void setTimeout(watch, 200);
    let shown = false;
    new MutationObserver(() => {
      const asked = live.querySelector(".asked");
      if (asked && !shown) asked.scrollIntoView({ block: "start" });
      shown = Boolean(asked);
    }).observe(live, { childList: true, subtree: true });
  };
  watch();
})();
