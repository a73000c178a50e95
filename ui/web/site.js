/* What the pages share: small helpers, requests, and what to say when the server is away. Runs before the page is built. */
(() => {
  const language = document.documentElement.lang;
  const { texts } = window.midas;
  document.cookie = `midas_language=${language}; path=/; max-age=31536000; SameSite=Lax`;

  /* Calls `work` with the element once it is in the page. */
  const when = (selector, work) => {
    const found = document.querySelector(selector);
    if (found) return void work(found);
    const watcher = new MutationObserver(() => {
      const element = document.querySelector(selector);
      if (!element) return;
      watcher.disconnect();
      work(element);
    });
    watcher.observe(document.documentElement, { childList: true, subtree: true });
  };

  /* An element with properties and children; strings become text, never markup. */
  const make = (tag, properties = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in element) element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };

  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `#icon-${name}`);
    svg.append(use);
    return svg;
  };

  class Refused extends Error {
    constructor(status, message) {
      super(message ?? String(status));
      this.status = status;
      this.away = message === undefined && status >= 502;
    }
  }

  /* Says that the session has ended, with the way to sign in that leads back here; in a dialog, where nothing else is reached. */
  const ended = () => {
    document.getElementById("ended")?.remove();
    const link = make("a", {}, texts.sign_in);
    const address = () => `/${language}/sign-in?next=${encodeURIComponent(location.pathname + location.search + location.hash)}`;
    link.href = address();
    link.addEventListener("click", () => (link.href = address()));
    const place = document.querySelector("dialog[open]") ?? document.querySelector(".gradio-container");
    place.prepend(make("div", { id: "ended", role: "alert" }, make("span", {}, texts.signed_out), link));
  };

  /* The server's sentence in an answer that is no success, and what else follows from it. */
  const refused = (status, told) => {
    if (status !== 401) return new Refused(status, told?.error?.message);
    ended();
    return new Refused(status, texts.signed_out);
  };

  /* The answer of a request. Throws Refused with the server's sentence, or TypeError when the server is away. */
  const send = async (method, path, body, options = {}) => {
    const response = await fetch(path, {
      method,
      headers: { "Accept-Language": language, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      ...options,
    });
    if (response.ok) return response;
    throw refused(response.status, await response.json().catch(() => null));
  };

  /* Whether an error means that the server is away or restarting, not that it refused. */
  const away = (error) => error.away ?? error instanceof TypeError;

  /* The account's menu closes like any menu. */
  document.addEventListener("click", (event) => {
    const menu = document.querySelector(".heading details[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = document.querySelector(".heading details[open]");
    if (event.key !== "Escape" || !menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  /* What was typed and chosen is not for the next person at this browser. */
  document.addEventListener("submit", (event) => {
    if (event.target.action.endsWith("/sign-out")) sessionStorage.clear();
  });

  /* The link to the same page in the other language keeps what is open. */
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[hreflang]");
    if (link) link.search = location.search;
  });

  Object.assign(window.midas, { language, when, make, icon, send, refused, away, Refused });
})();
