/* Opens a passage in the side panel, keeps the newest text in view, remembers the language. Runs on the page's own markup only. */
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

  const follow = () => {
    const chat = document.getElementById("chat-column");
    if (!chat) return void setTimeout(follow, 200);
    new MutationObserver(() => {
      const page = document.documentElement;
      const left = page.scrollHeight - page.scrollTop - page.clientHeight;
      const working = document.querySelector("#live .state");
      if (working && left < 400) window.scrollTo({ top: page.scrollHeight });
    }).observe(chat, { childList: true, subtree: true, characterData: true });
  };
  follow();
})();
