/* What pages that manage things share: forms, tables, dialogs, tabs, and figures in the page's language. All markup is made of
   elements and text, never of strings with tags. */
(() => {
  const { language, make, send, when } = window.midas;
  let root;
  let texts;

  const kept = (value) => value !== null && value !== undefined && value !== false;

  /* `make`, without what is null or false, and with lists as children. */
  const h = (tag, properties = {}, ...children) =>
    make(tag, Object.fromEntries(Object.entries(properties).filter(([, value]) => kept(value))), ...children.flat(Infinity).filter(kept));

  /* The answer as JSON, null when there is none. */
  const api = async (method, path, body, options) => {
    const response = await send(method, path, body, options);
    return response.status === 204 ? null : await response.json();
  };

  /* The query of an address from what is not empty. */
  const query = (values) => {
    const chosen = Object.entries(values).filter(([, value]) => kept(value) && value !== "");
    return chosen.length ? `?${new URLSearchParams(chosen)}` : "";
  };

  /* `{name}` becomes `values.name`. Of "one|many" the part that fits `values.n` is taken. */
  const fill = (text, values = {}) => {
    const [one, many] = text.split("|");
    return (many === undefined || values.n === 1 ? one : many).replace(/\{(\w+)\}/g, (whole, name) =>
      name in values ? (typeof values[name] === "number" ? number(values[name]) : String(values[name])) : whole
    );
  };

  /* Figures */

  const number = (value, digits = 0) =>
    new Intl.NumberFormat(language, { maximumFractionDigits: digits, minimumFractionDigits: digits, useGrouping: true }).format(value);
  const percent = (share) => new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(share);
  const bytes = (value) => {
    const step = value < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(value) / 10));
    const shown = value / 1024 ** step;
    return `${number(shown, step && shown < 10 ? 1 : 0)} ${["B", "KB", "MB", "GB", "TB"][step]}`;
  };
  const duration = (ms) => (ms < 1000 ? `${number(ms)} ms` : `${number(ms / 1000, 1)} s`);
  const day = (iso) => new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(iso));
  const moment = (iso) =>
    h("time", { dateTime: iso }, new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso)));

  /* Parts of forms */

  let ids = 0;
  const fresh = () => `kit-${++ids}`;

  const button = (label, work, kind = "") => {
    const made = h("button", { type: "button", class: `btn ${kind}` }, label);
    made.onclick = () => busy(made, work);
    return made;
  };

  /* Runs `work` once at a time for a button, and tells what went wrong; what went wrong before is over. */
  const busy = async (pressed, work) => {
    if (pressed.getAttribute("aria-disabled") === "true") return;
    pressed.setAttribute("aria-disabled", "true");
    root.querySelectorAll(".toast.bad").forEach((old) => old.remove());
    try {
      await work();
    } catch (error) {
      say(sentence(error), "bad");
    } finally {
      pressed.removeAttribute("aria-disabled");
    }
  };

  const sentence = (error) => (window.midas.away(error) ? texts.kit.away : error.message);

  const input = (properties = {}) => h("input", { type: "text", autocomplete: "off", ...properties });

  /* `options` are [value, label]; `value` is the chosen one. */
  const select = (options, value, properties = {}) => {
    const made = h("select", properties, options.map(([each, label]) => h("option", { value: each }, label)));
    if (kept(value)) made.value = value;
    return made;
  };

  /* A control with its label, and a hint below it. */
  const field = (label, control, hint) => {
    control.id ||= fresh();
    const below = hint && h("small", { id: `${control.id}-hint` }, hint);
    if (below) control.setAttribute("aria-describedby", below.id);
    return h("div", { class: "field" }, h("label", { htmlFor: control.id }, label), control, below);
  };

  const flag = (label, checked, hint) => {
    const box = h("input", { type: "checkbox", checked, id: fresh() });
    const made = h("div", { class: "field flag" }, box, h("label", { htmlFor: box.id }, label), hint && h("small", {}, hint));
    made.box = box;
    return made;
  };

  /* Boxes to tick; `values()` are the ticked ones. `options` are [value, label]. */
  const checks = (legend, options, chosen, hint) => {
    const boxes = options.map(([value, label]) => [value, flag(label, chosen.includes(value))]);
    const made = h("fieldset", {}, h("legend", {}, legend), hint && h("small", {}, hint), h("div", { class: "checks" }, boxes.map(([, box]) => box)));
    made.values = () => boxes.filter(([, box]) => box.box.checked).map(([value]) => value);
    return made;
  };

  /* A form whose Enter does what its first button does. */
  const form = (parts, label, work, { kind = "primary", others = [] } = {}) => {
    const go = h("button", { type: "submit", class: `btn ${kind}` }, label);
    const made = h("form", { noValidate: false }, parts, h("div", { class: "actions" }, go, others));
    made.onsubmit = (event) => {
      event.preventDefault();
      busy(go, work);
    };
    return made;
  };

  const cancel = (close) => button(texts.kit.cancel, close);

  const badge = (text, kind = "") => h("span", { class: `badge ${kind}` }, text);
  const note = (text, kind = "") => h("p", { class: `notice ${kind}` }, text);
  const empty = (text, ...more) => h("div", { class: "empty" }, h("p", {}, text), more);

  const progress = (label, value, total) =>
    h("div", { class: "progress", role: "progressbar", "aria-label": label, "aria-valuemin": "0", "aria-valuemax": String(total),
      "aria-valuenow": String(value), "aria-valuetext": `${number(value)} / ${number(total)}` },
      h("div", { style: `width: ${total ? (100 * value) / total : 0}%` }));

  /* `columns` are {title, cell(row), kind}: kind "main" heads its row, "num" is a figure, "acts" has buttons. */
  const table = ({ caption, columns, rows }) =>
    h("div", { class: "scroll", role: "region", "aria-label": caption, tabIndex: 0 },
      h("table", { role: "table" },
        h("caption", { class: "sr-only" }, caption),
        h("thead", { role: "rowgroup" }, h("tr", { role: "row" },
          columns.map(({ title, kind }) => h("th", { scope: "col", role: "columnheader", class: kind }, kind === "acts" ? h("span", { class: "sr-only" }, title) : title)))),
        h("tbody", { role: "rowgroup" }, rows.map((row) => h("tr", { role: "row" },
          columns.map(({ title, cell, kind }) => {
            const main = kind === "main";
            return h(main ? "th" : "td", { role: main ? "rowheader" : "cell", scope: main && "row", class: kind, "data-title": title }, cell(row));
          }))))));

  /* Ways to the pages before and after this one; `go(offset)` shows another. `total` may be unknown: `more` tells then whether
     there is a next one. */
  const pager = ({ offset, limit, shown, total, more = offset + limit < total, go }) => {
    if (!offset && !more) return null;
    const step = (label, to, possible) => {
      const made = button(label, () => go(to), "small");
      made.disabled = !possible;
      return made;
    };
    const range = { from: offset + 1, to: offset + shown, total: total ?? "" };
    return h("nav", { class: "pager", "aria-label": texts.kit.pages },
      step(texts.kit.previous, Math.max(0, offset - limit), offset > 0),
      h("span", {}, fill(total === undefined ? texts.kit.range_open : texts.kit.range, range)),
      step(texts.kit.next, offset + limit, more));
  };

  /* Messages and questions */

  /* A short message; what went wrong stays until it is closed. */
  const say = (text, kind = "good") => {
    const close = h("button", { type: "button", class: "btn icon", "aria-label": texts.kit.close, onclick: () => shown.remove() }, "×");
    const shown = h("div", { class: `toast ${kind}` }, h("p", {}, text), close);
    root.querySelectorAll(".toast").forEach((other) => other.remove());
    (root.querySelector("dialog[open] .said") ?? root.querySelector(".said")).append(shown);
    if (kind !== "bad") setTimeout(() => shown.remove(), 6000);
  };

  const live = () => h("div", { class: "said", role: "status", "aria-live": "polite" });

  /* Call what this returns when `part` may have been drawn anew: then the focus goes to what stands where the focused thing was. */
  const keepingFocus = (part) => {
    const all = () => [...part.querySelectorAll("a[href], button, input, select, textarea, summary")];
    const held = document.activeElement;
    const at = part ? all().indexOf(held) : -1;
    return () => at >= 0 && !held.isConnected && all()[at]?.focus();
  };

  /* Opens a dialog; `fill(body, close)` puts into it what it shows. */
  const dialog = (title, build, { wide = false } = {}) => {
    const id = fresh();
    const refocus = keepingFocus(document.activeElement?.closest(".part"));
    const body = h("div", { class: "dialog-body" });
    const box = h("dialog", { class: wide && "wide", "aria-labelledby": id },
      h("header", {}, h("h2", { id }, title), h("button", { type: "button", class: "btn icon", "aria-label": texts.kit.close, onclick: () => box.close() }, "×")),
      body, live());
    const closed = new Promise((resolve) => (box.onclose = () => (box.remove(), refocus(), resolve())));
    build(body, () => box.close());
    root.append(box);
    box.showModal();
    return closed;
  };

  /* Asks before something that can't be undone; the promise tells whether the answer was yes. */
  const ask = async (title, text, yes, { danger = true } = {}) => {
    let agreed = false;
    await dialog(title, (body, close) => {
      const go = button(yes, () => ((agreed = true), close()), danger ? "danger" : "primary");
      body.append(...[text].flat().map((each) => h("p", {}, each)), h("div", { class: "actions" }, cancel(close), go));
    });
    return agreed;
  };

  /* Shows a secret once, with a button that copies it. */
  const reveal = (title, text, secret) =>
    dialog(title, (body, close) => {
      const box = input({ value: secret, readOnly: true, "aria-label": title, class: "secret" });
      const copy = button(texts.kit.copy, async () => {
        box.select();
        await navigator.clipboard?.writeText(secret);
        say(texts.kit.copied);
      }, "primary");
      body.append(h("p", {}, text), h("div", { class: "row" }, box, copy), h("div", { class: "actions" }, button(texts.kit.close, close)));
    });

  /* Tabs: `items` are {id, title, open(panel)}; `open` fills its panel, with buttons beside the title in
     `panel.acts`, and may return what ends it. The address keeps the tab. */
  const tabs = (items, label) => {
    let end;
    const named = () => items.find(({ id }) => location.hash.slice(1).split("/")[0] === id) ?? items[0];
    const heads = items.map(({ id, title }) =>
      h("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`, onclick: () => go(id) }, title));
    const panels = items.map(({ id }) => h("section", { role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}`, hidden: true }));
    const list = h("div", { role: "tablist", "aria-label": label, class: "tablist" }, heads);

    const go = (id) => {
      if (location.hash.slice(1) === id) show();
      else location.hash = id;
    };

    const show = () => {
      const at = items.indexOf(named());
      end?.();
      end = undefined;
      heads.forEach((head, i) => {
        head.setAttribute("aria-selected", String(i === at));
        head.tabIndex = i === at ? 0 : -1;
        panels[i].hidden = i !== at;
        panels[i].replaceChildren();
      });
      list.scrollTo({ left: heads[at].offsetLeft - 24 });
      panels[at].acts = h("div", { class: "tags" });
      panels[at].append(h("div", { class: "head" }, h("h2", {}, items[at].title), panels[at].acts));
      end = items[at].open(panels[at]);
    };

    list.onkeydown = (event) => {
      const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
      const at = heads.indexOf(document.activeElement);
      const to = event.key === "Home" ? 0 : event.key === "End" ? heads.length - 1 : step && (at + step + heads.length) % heads.length;
      if (to === undefined) return;
      event.preventDefault();
      heads[to].focus();
      go(items[to].id);
    };
    window.addEventListener("hashchange", show);
    root.append(list, h("div", { class: "panels" }, panels));
    show();
  };

  /* A part of a panel that is asked of the server, and shown again by its `refresh()`. What comes too late is dropped. */
  const part = (build) => {
    const made = h("div", { class: "part", "aria-busy": "true" });
    let latest = 0;
    made.refresh = async () => {
      const mine = ++latest;
      try {
        const shown = [await build()].flat(Infinity).filter(kept);
        if (mine !== latest) return;
        const refocus = keepingFocus(made);
        made.replaceChildren(...shown);
        refocus();
      } catch (error) {
        if (mine === latest) made.replaceChildren(note(sentence(error), "bad"));
      } finally {
        made.setAttribute("aria-busy", "false");
      }
    };
    queueMicrotask(made.refresh);
    return made;
  };

  /* Calls `work` again and again, `ms` after it is done, as long as the page is looked at. Returns what ends it. */
  const poll = (work, ms) => {
    let timer;
    let ended = false;
    const step = async () => {
      if (!document.hidden) await work();
      if (!ended) timer = setTimeout(step, ms);
    };
    timer = setTimeout(step, ms);
    return () => ((ended = true), clearTimeout(timer));
  };

  /* Waits until typing pauses. */
  const later = (work, ms = 250) => {
    let timer;
    return () => (clearTimeout(timer), (timer = setTimeout(work, ms)));
  };

  /* Builds a page into the element of this id, whose texts it carries. */
  const start = (id, build) =>
    when(`#${id}`, (element) => {
      root = element;
      texts = JSON.parse(element.dataset.texts);
      root.append(live());
      build(texts);
    });

  Object.assign(window.midas, {
    h, api, query, fill, number, percent, bytes, duration, day, moment, button, busy, sentence, input, select, field, flag, checks, form,
    cancel, badge, note, empty, progress, table, pager, say, dialog, ask, reveal, tabs, part, poll, later, start,
  });
})();
