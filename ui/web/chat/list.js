/* The conversations on the left: by day, searched, renamed, exported, deleted. */
(() => {
  const { when, make, icon, send } = midas;
  const FOLDED = "midas-folded";
  const DAY_MS = 86400000;
  const PAGE = 100;

  when("#chat", () => {
    const { chat } = midas;
    const { $, root, texts } = chat;
    const [list, search] = ["#list", "#search"].map($);
    const dates = new Intl.DateTimeFormat(midas.language, { day: "numeric", month: "long", year: "numeric" });
    const months = new Intl.DateTimeFormat(midas.language, { month: "long", year: "numeric" });
    let rows = [];
    let asked = 0;
    let wanted = PAGE;
    let popup = null;
    let late = false; // the list has news that wait until nobody works in it

    /* Groups */

    const startOfDay = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

    const group = (iso) => {
      const days = Math.round((startOfDay(new Date()) - startOfDay(new Date(iso))) / DAY_MS);
      if (days <= 0) return texts.today;
      if (days === 1) return texts.yesterday;
      if (days < 7) return texts.this_week;
      const month = months.format(new Date(iso));
      return month[0].toUpperCase() + month.slice(1);
    };

    const item = (row) => {
      const title = row.title || texts.untitled;
      const link = make("a", { href: `?c=${encodeURIComponent(row.id)}`, title: `${title} · ${dates.format(new Date(row.updated_at))}` });
      link.append(make("span", {}, title));
      if (row.excerpt) link.append(make("small", {}, row.excerpt));
      const more = make("button", { type: "button", className: "tool", ariaLabel: chat.fill(texts.more, { title }), ariaExpanded: "false" });
      more.append(icon("more"));
      const element = make("li", {}, link, more);
      element.dataset.id = row.id;
      return element;
    };

    /* What has the focus keeps it. */
    const show = () => {
      late = false;
      const held = list.contains(document.activeElement) ? document.activeElement : null;
      const shown = [];
      let title = null;
      for (const row of rows) {
        if (group(row.updated_at) !== title) {
          title = group(row.updated_at);
          shown.push(make("h2", {}, title), make("ul"));
        }
        shown.at(-1).append(item(row));
      }
      if (!rows.length) shown.push(make("p", { className: "empty" }, search.value.trim() ? texts.none_found : texts.no_conversations));
      if (rows.length === wanted) shown.push(older());
      list.replaceChildren(...shown);
      chat.mark(chat.here());
      if (held) focusOn(held.closest("li")?.dataset.id, held.matches(".tool") ? ".tool" : "a");
    };

    const focusOn = (id, part) => list.querySelector(`li[data-id="${CSS.escape(id ?? "")}"] ${part}`)?.focus({ preventScroll: true });

    const older = () => {
      const button = make("button", { type: "button", className: "older" }, texts.older);
      button.addEventListener("click", async () => {
        const first = wanted;
        wanted += PAGE;
        await chat.refresh();
        focusOn(rows[first]?.id, "a");
      });
      return button;
    };

    chat.mark = (conversation) => {
      for (const element of list.querySelectorAll("li")) {
        const here = element.dataset.id === conversation;
        element.classList.toggle("here", here);
        element.querySelector("a")?.toggleAttribute("aria-current", here);
      }
    };

    chat.refresh = async () => {
      const mine = (asked += 1);
      const page = async (offset) => {
        const query = new URLSearchParams({ limit: PAGE, offset, search: search.value.trim() });
        return await (await send("GET", `/v1/conversations?${query}`)).json();
      };
      try {
        const found = await Promise.all(Array.from({ length: wanted / PAGE }, (_, at) => page(at * PAGE)));
        if (mine !== asked) return;
        rows = found.flat();
        late = Boolean(popup || list.querySelector("input"));
        if (!late) show();
      } catch (error) {
        chat.complain(error);
      }
    };
    chat.changed = () => chat.refresh();

    /* Actions on one */

    const closePopup = (focus) => {
      if (!popup) return;
      const { element, button } = popup;
      popup = null;
      element.remove();
      button.setAttribute("aria-expanded", "false");
      if (focus) button.focus();
      if (late) show();
    };

    const openPopup = (row) => {
      closePopup(false);
      const button = list.querySelector(`li[data-id="${CSS.escape(row.id)}"] .tool`);
      const choice = (name, text, work, kind = "") => {
        const made = make("button", { type: "button", className: kind }, icon(name), text);
        made.addEventListener("click", () => {
          closePopup(true);
          work();
        });
        return made;
      };
      const address = `/v1/conversations/${encodeURIComponent(row.id)}`;
      const download = (href, ending, text) => {
        const link = make("a", { href, download: `midas-${row.updated_at.slice(0, 10)}.${ending}` }, icon("save"), text);
        link.addEventListener("click", () => setTimeout(closePopup));
        return link;
      };
      const element = make(
        "div",
        { className: "popup" },
        choice("edit", texts.rename, () => rename(row)),
        download(`${address}/export?language=${midas.language}`, "md", texts.export_markdown),
        download(address, "json", texts.export_json),
        choice("bin", texts.delete, () => remove(row), "danger"),
      );
      button.after(element);
      const place = button.getBoundingClientRect();
      const height = element.offsetHeight;
      element.style.left = `${Math.max(8, Math.min(place.left, innerWidth - element.offsetWidth - 8))}px`;
      element.style.top = `${place.bottom + height + 8 > innerHeight ? place.top - height - 4 : place.bottom + 4}px`;
      button.setAttribute("aria-expanded", "true");
      popup = { element, button };
      element.firstElementChild.focus();
    };

    const rename = (row) => {
      const element = list.querySelector(`li[data-id="${CSS.escape(row.id)}"]`);
      const field = make("input", { value: row.title, maxLength: 200, ariaLabel: texts.rename });
      element.replaceChildren(field);
      field.select();
      field.focus();
      let over = false;
      const end = async (keep) => {
        if (over) return;
        over = true;
        const title = field.value.trim();
        if (keep && title && title !== row.title) {
          try {
            await send("PATCH", `/v1/conversations/${encodeURIComponent(row.id)}`, { title });
            for (const each of rows) if (each.id === row.id) each.title = title;
            if (chat.here() === row.id) chat.titled(title);
          } catch (error) {
            chat.complain(error);
          }
        }
        show();
        focusOn(row.id, ".tool");
      };
      field.addEventListener("keydown", (event) => {
        if (event.key === "Enter") end(true);
        if (event.key === "Escape") {
          event.stopPropagation();
          end(false);
        }
      });
      field.addEventListener("blur", () => end(true));
    };

    const remove = (row) => {
      const dialog = $("#delete-dialog");
      dialog.querySelector(".told").textContent = chat.fill(texts.delete_told, { title: row.title || texts.untitled });
      dialog.returnValue = "no";
      dialog.showModal();
      const decided = async () => {
        if (dialog.returnValue !== "yes") return;
        try {
          await send("DELETE", `/v1/conversations/${encodeURIComponent(row.id)}`);
        } catch (error) {
          if (error.status !== 404) return void chat.complain(error);
        }
        if (chat.here() === row.id) chat.fresh();
        await chat.refresh();
        (list.querySelector("a") ?? $("#new")).focus();
      };
      dialog.addEventListener("close", decided, { once: true });
    };

    list.addEventListener("click", (event) => {
      const row = rows.find(({ id }) => id === event.target.closest("li")?.dataset.id);
      if (!row || event.target.closest(".popup, input")) return;
      const button = event.target.closest(".tool");
      if (button) return void (popup?.button === button ? closePopup(true) : openPopup(row));
      if (!event.target.closest("a") || event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      drawer(false);
      chat.open(row.id);
    });
    document.addEventListener("click", (event) => {
      if (popup && !popup.element.contains(event.target) && !popup.button.contains(event.target)) closePopup(false);
    });
    list.addEventListener("scroll", () => closePopup(false), { passive: true });

    let pause = null;
    search.addEventListener("input", () => {
      clearTimeout(pause);
      pause = setTimeout(chat.refresh, 200);
    });

    /* Folding: a column on a wide window, a drawer on a narrow one */

    const narrow = matchMedia("(max-width: 800px)");
    const drawer = (out) => {
      if (!narrow.matches) return;
      root.classList.toggle("drawer", out);
      $("#veil").hidden = !out;
      $("#talk").inert = out;
      $(out ? "#search" : "#show-side").focus({ preventScroll: true });
    };
    const fold = (folded) => {
      if (narrow.matches) return drawer(!folded);
      root.classList.toggle("folded", folded);
      localStorage.setItem(FOLDED, folded ? "1" : "");
      if (!folded && root.classList.contains("reading") && matchMedia("(max-width: 1100px)").matches) chat.closePanel(false);
      $(folded ? "#show-side" : "#hide-side").focus();
    };
    narrow.addEventListener("change", () => {
      root.classList.remove("drawer");
      $("#veil").hidden = true;
      $("#talk").inert = false;
    });
    $("#hide-side").addEventListener("click", () => fold(true));
    $("#show-side").addEventListener("click", () => fold(false));
    $("#veil").addEventListener("click", () => drawer(false));
    for (const id of ["#new", "#new-small"]) {
      $(id).addEventListener("click", () => {
        drawer(false);
        chat.fresh();
        $("#question").focus();
      });
    }
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      if (popup) closePopup(true);
      else if (root.classList.contains("drawer")) drawer(false);
      else return;
      event.stopPropagation();
    });
    root.classList.toggle("folded", Boolean(localStorage.getItem(FOLDED)) && !narrow.matches);

    /* Another tab may have changed them, and the one that is open here. */
    const changedAt = () => rows.find(({ id }) => id === chat.here())?.updated_at;
    document.addEventListener("visibilitychange", async () => {
      if (document.hidden) return;
      const before = changedAt();
      await chat.refresh();
      if (before && changedAt() !== before && !chat.busy() && !$("#thread .edit")) chat.go();
    });
    chat.refresh();
  });
})();
