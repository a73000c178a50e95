/* The page where models are compared: tabs with addresses, forms without reloading, plots, and voting by keyboard. What is on a
   tab is written by the server, which escapes every text; this only puts it in place. */
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const language = document.documentElement.lang;
  let root, panel, texts, shownAt = 0, coming = null, timer = 0, plotly = null;

  /* Where the page is: `#results?run=1` is the tab and what stands behind it. */
  const place = () => {
    const [tab, query = ""] = location.hash.slice(1).split("?");
    const known = all("[role=tab]", root).map((link) => link.id.slice(4));
    return { tab: known.includes(tab) ? tab : "runs", query };
  };

  const say = (text, kind = "") => {
    if (!text) return;
    document.getElementById("ev-said").textContent = text;
    all(".ev-toast", root).forEach((earlier) => earlier.remove());
    const toast = document.createElement("p");
    toast.className = `ev-toast ${kind}`;
    toast.textContent = text;
    root.append(toast);
    setTimeout(() => toast.remove(), kind === "bad" ? 9000 : 4000);
  };

  /* The server's answer. Throws an Error with its sentence. */
  const send = async (path, { method = "GET", ...options } = {}) => {
    try {
      return await window.midas.send(method, path, undefined, options);
    } catch (error) {
      throw window.midas.away(error) ? new Error(texts.away) : error;
    }
  };

  const fetched = async (signal) => {
    const { tab, query } = place();
    const response = await send(`${root.dataset.at}/${tab}?${query}`, { signal });
    return response.text();
  };

  const trouble = (error, again) => {
    const box = document.createElement("div");
    box.className = "ev-empty bad";
    box.setAttribute("role", "alert");
    const told = document.createElement("p");
    told.textContent = error.message;
    const button = document.createElement("button");
    button.className = "ev-button";
    button.textContent = texts.again;
    button.addEventListener("click", again);
    box.append(told, button);
    panel.replaceChildren(box);
  };

  /* Fetches the tab that the address names. */
  const open = async ({ keep = false } = {}) => {
    const { tab } = place();
    for (const link of all("[role=tab]", root)) {
      const here = link.id === `tab-${tab}`;
      link.setAttribute("aria-selected", String(here));
      link.tabIndex = here ? 0 : -1;
      if (here) {
        panel.setAttribute("aria-labelledby", link.id);
        const row = link.parentElement;
        row.scrollLeft = link.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
      }
    }
    coming?.abort();
    const mine = (coming = new AbortController());
    clearTimeout(timer);
    panel.setAttribute("aria-busy", "true");
    try {
      const html = await fetched(mine.signal);
      if (mine.signal.aborted) return;
      panel.innerHTML = html;
      ready(panel, keep);
    } catch (error) {
      if (error.name !== "AbortError") trouble(error, () => open());
    }
    if (!mine.signal.aborted) panel.setAttribute("aria-busy", "false");
  };

  const ready = (where, keep) => {
    const day = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
    for (const time of all("time", where)) {
      const at = new Date(time.dateTime);
      if (!Number.isNaN(at.getTime())) time.textContent = day.format(at);
    }
    shownAt = performance.now();
    draw(where);
    findQuestions();
    follow();
    if (!keep) window.scrollTo({ top: 0 });
  };

  /* While something goes on, what tells of it is fetched again and again. */
  const follow = () => {
    clearTimeout(timer);
    const live = panel.querySelector("[data-poll]");
    if (!live) return;
    timer = setTimeout(async () => {
      const busy = live.contains(document.activeElement) || live.querySelector("details[open]");
      if (document.hidden || busy) return follow();
      const where = location.hash;
      const html = await fetched().catch(() => null);
      if (html === null || where !== location.hash || !live.isConnected) return follow();
      const next = new DOMParser().parseFromString(html, "text/html").getElementById(live.id);
      if (next) live.replaceWith(document.adoptNode(next));
      ready(panel, true);
    }, 1000 * Number(live.dataset.poll));
  };

  const go = (address) => {
    if (location.hash === address) return open({ keep: true });
    location.hash = address;
  };

  /* Forms */

  const confirmed = (button) => new Promise((resolve) => {
    const dialog = document.getElementById("ev-dialog");
    dialog.querySelector("p").textContent = button.dataset.confirm;
    dialog.querySelector("[value=yes]").textContent = button.dataset.yes;
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });

  const choose = (form) => {
    const values = [...new FormData(form)].filter(([name, value]) => {
      const field = form.elements[name];
      const usual = field?.dataset?.default;
      return value !== "" && (usual === undefined || Number(value.replace(",", ".")) !== Number(usual));
    });
    go(`#${form.dataset.to}?${new URLSearchParams(values)}`);
  };

  const act = async (form, button) => {
    if (form.dataset.busy || (button?.dataset.confirm && !(await confirmed(button)))) return;
    form.dataset.busy = "yes";
    const since = form.querySelector("[data-since]");
    if (since) since.value = Math.round(performance.now() - shownAt);
    const body = new FormData(form);
    if (button?.name) body.set(button.name, button.value);
    button?.setAttribute("aria-disabled", "true");
    try {
      const response = await send(`${root.dataset.at}/${form.dataset.do}`, { method: "POST", body });
      const done = await response.json();
      say(done.said, "good");
      go(done.go);
    } catch (error) {
      say(error.message, "bad");
      complain(form, error.message);
    } finally {
      delete form.dataset.busy;
      button?.removeAttribute("aria-disabled");
    }
  };

  const complain = (form, text) => {
    const told = form.querySelector(".ev-error") ?? document.createElement("p");
    told.className = "ev-notice bad ev-error";
    told.setAttribute("role", "alert");
    told.textContent = text;
    form.append(told);
  };

  const onSubmit = (event) => {
    const form = event.target.closest("form[data-to], form[data-do]");
    if (!form) return;
    event.preventDefault();
    if (form.dataset.to) choose(form);
    else act(form, event.submitter);
  };

  const onChange = (event) => {
    const form = event.target.closest("form[data-to]");
    if (form && (event.target.matches("[data-auto]") || event.target.type === "checkbox")) choose(form);
  };

  /* Keyboard */

  const writes = (target) => target.matches?.("textarea, select, input:not([type=radio]):not([type=checkbox])");

  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.getElementById("ev-dialog").open) return;
    if (event.target.matches?.("[role=tab]")) return step(event);
    if (writes(event.target)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const marks = panel.querySelector(".ev-marks");
    if (marks && /^[1-5]$/.test(key)) return mark(event, marks, key);
    if (marks && (key === "ArrowLeft" || key === "ArrowRight") && event.target.type !== "radio") return turn(event, marks, key);
    if (key === "e" && panel.querySelector(".ev-pair")) return unfold(event);
    if (key === "Enter" && event.target.closest?.("a, button, summary")) return;
    const button = panel.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!button) return;
    event.preventDefault();
    button.click();
  };

  /* Arrow keys go from tab to tab. */
  const step = (event) => {
    const tabs = all("[role=tab]", root);
    const steps = { ArrowRight: 1, ArrowLeft: -1 };
    const at = tabs.indexOf(event.target);
    const to = event.key === "Home" ? 0 : event.key === "End" ? tabs.length - 1 : at + (steps[event.key] ?? 0);
    if (to === at && !["Home", "End"].includes(event.key)) return void (event.key === " " && (event.preventDefault(), event.target.click()));
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    next.focus();
    next.click();
  };

  /* A digit marks the criterion in focus, else the first without a mark, and goes on to the next. */
  const mark = (event, form, key) => {
    event.preventDefault();
    const groups = all(".ev-mark", form);
    const at = Math.max(groups.findIndex((group) => group.classList.contains("now")), 0);
    const now = event.target.closest?.(".ev-mark") ?? groups[at];
    now.querySelector(`input[value="${key}"]`).checked = true;
    const next = groups[(groups.indexOf(now) + 1) % groups.length];
    groups.forEach((group) => group.classList.toggle("now", group === next));
    next.querySelector("input:checked, input").focus();
  };

  const turn = (event, form, key) => {
    const links = all(".ev-actions a", form);
    const texts = key === "ArrowLeft" ? links.at(0) : links.at(-1);
    const number = Number(form.querySelector("[name=n]").value);
    const target = Number(new URLSearchParams(texts?.hash.split("?")[1]).get("n"));
    if (!texts || (key === "ArrowLeft") !== target < number) return;
    event.preventDefault();
    texts.click();
  };

  const unfold = (event) => {
    const fold = panel.querySelector(".ev-pair details.evidence");
    if (!fold) return;
    event.preventDefault();
    fold.open = !fold.open;
  };

  /* Questions of a run, one by one */

  const findQuestions = () => {
    const form = panel.querySelector(".report .filters");
    if (!form) return;
    const search = form.querySelector("input");
    const wanted = new URLSearchParams(place().query).get("q");
    if (wanted && !search.dataset.set) {
      search.value = wanted;
      search.dataset.set = "yes";
    }
    filter(form);
    const shown = all(".drill:not([hidden])", panel);
    if (wanted && shown.length === 1) shown[0].open = true;
  };

  const filter = (form) => {
    const words = form.querySelector("input").value.toLowerCase();
    const only = form.querySelector("select").value;
    let count = 0;
    for (const drill of all(".drill", panel)) {
      const own = drill.querySelector(".id").textContent.toLowerCase() === words;
      const exact = all(".drill .id", panel).some((id) => id.textContent.toLowerCase() === words);
      const found = exact ? own : drill.textContent.toLowerCase().includes(words);
      drill.hidden = !(found && (!only || drill.hasAttribute(`data-${only}`)));
      count += drill.hidden ? 0 : 1;
    }
    form.querySelector("output").textContent = count;
  };

  const cite = (button) => {
    const passage = document.getElementById(button.dataset.passage);
    if (!passage) return;
    passage.open = true;
    passage.scrollIntoView({ block: "center", behavior: "smooth" });
    all(".passage.flash", panel).forEach((other) => other.classList.remove("flash"));
    passage.classList.add("flash");
    passage.querySelector("summary").focus({ preventScroll: true });
  };

  /* Plots: Plotly comes from this server, once it is needed. Colours are variables of the style. */

  const library = () => {
    plotly ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = "/page/assets/plotly.js";
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => { plotly = null; reject(new Error(texts.away)); };
      document.head.append(script);
    });
    return plotly;
  };

  const coloured = (value, style) => {
    if (typeof value === "string") {
      const name = /^var\((--[\w-]+)\)$/.exec(value);
      return name ? style.getPropertyValue(name[1]).trim() : value;
    }
    if (Array.isArray(value)) return value.map((item) => coloured(item, style));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, style)]));
    }
    return value;
  };

  const draw = async (where) => {
    const places = all(".plot", where).filter((place) => place.offsetParent !== null);
    if (!places.length) return;
    let Plotly;
    try {
      Plotly = await library();
    } catch (error) {
      return say(error.message, "bad");
    }
    for (const place of places) {
      if (!place.isConnected) continue;
      const report = place.closest(".report");
      const figures = JSON.parse(report.nextElementSibling.textContent);
      const figure = coloured(figures[place.dataset.plot], getComputedStyle(report));
      figure.layout.font = { ...figure.layout.font, family: getComputedStyle(document.body).fontFamily };
      await Plotly.react(place, figure.data, figure.layout, { responsive: true, displayModeBar: false, showTips: false });
      place.dataset.drawn = "yes";
    }
  };

  const start = (element) => {
    root = element;
    panel = document.getElementById("ev-panel");
    texts = JSON.parse(root.dataset.texts);
    document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: "/page/assets/report.css" }));
    root.addEventListener("submit", onSubmit);
    root.addEventListener("change", onChange);
    root.addEventListener("input", (event) => {
      const form = event.target.closest(".report .filters");
      if (form) filter(form);
    });
    root.addEventListener("click", (event) => {
      const button = event.target.closest(".report .cite");
      if (button) cite(button);
      if (event.target.closest("a")?.getAttribute("href") === location.hash) open({ keep: true });
    });
    root.addEventListener("toggle", (event) => draw(event.target), true);
    document.addEventListener("keydown", onKey);
    window.addEventListener("hashchange", () => open());
    new MutationObserver(() => draw(panel)).observe(document.body, { attributes: true, attributeFilter: ["class"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTimeout(() => draw(panel), 50));
    open();
  };

  const watch = () => {
    const element = document.getElementById("evaluate");
    if (element) start(element);
    else requestAnimationFrame(watch);
  };
  watch();
})();
