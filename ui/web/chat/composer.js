/* What is asked, of which model, in which collections. */
(() => {
  const { when, send, icon, make } = midas;
  const DRAFT = "midas-draft";
  const CHOICE = "midas-choice";
  const MOST_CHARS = 4000;

  when("#chat", () => {
    const { chat } = midas;
    const { $, texts, at } = chat;
    const [form, field, button] = ["#composer", "#question", "#send"].map($);
    const menus = { models: $("#models"), collections: $("#collections") };
    let chosen = JSON.parse(sessionStorage.getItem(CHOICE) ?? "{}");
    let starting = null;
    let loaded = false;

    const grow = () => {
      field.style.height = "auto";
      field.style.height = `${Math.min(field.scrollHeight, 176)}px`;
      button.disabled = !field.value.trim();
      chat.measure(field);
      sessionStorage.setItem(DRAFT, field.value);
    };

    /* Too much is told when it is sent, never cut off. */
    chat.measure = (area) => {
      const excess = area.value.length - MOST_CHARS;
      area.setCustomValidity(excess > 0 ? chat.fill(texts.too_long, { excess, most: MOST_CHARS }) : "");
    };

    const write = (text) => {
      field.value = text;
      grow();
    };

    const submit = () => {
      if (chat.busy() || !field.value.trim()) return;
      const question = field.value;
      write("");
      chat.ask(question);
    };

    /* A question that never arrived goes back into the field, unless another one is being written there. */
    chat.giveBack = (question) => {
      if (field.value.trim()) return false;
      write(question);
      return true;
    };

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submit();
    });
    field.addEventListener("input", grow);
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });

    /* Choices */

    const ticked = (menu) => [...menu.querySelectorAll("input:checked")].map((input) => input.value);

    /* What was chosen before the page was loaded anew is known once the menus are there. */
    chat.choice = async () => {
      if (!loaded) await chat.start();
      const collections = ticked(menus.collections);
      return { backend: ticked(menus.models)[0] ?? null, collections: collections.length ? collections : null };
    };

    const show = () => {
      const model = menus.models.querySelector("input:checked")?.closest("label");
      menus.models.querySelector(".chosen").textContent = model?.querySelector("strong").textContent ?? "";
      menus.models.hidden = !model;
      const names = ticked(menus.collections);
      menus.collections.hidden = !menus.collections.querySelector("input");
      menus.collections.querySelector(".chosen").textContent =
        names.length === 0 ? texts.all_collections : names.length === 1 ? names[0] : chat.fill(texts.some_collections, { count: names.length });
      const leaves = model?.dataset.leaves === "true";
      const where = $("#whereabouts");
      where.classList.toggle("cloud", leaves);
      where.replaceChildren(...(model ? [icon(leaves ? "cloud" : "lock"), model.dataset.where] : []));
    };

    const restore = () => {
      for (const [name, menu] of Object.entries(menus)) {
        const wanted = chosen[name] ?? [];
        const inputs = [...menu.querySelectorAll("input")];
        if (name === "models" && !inputs.some((input) => wanted.includes(input.value))) continue;
        for (const input of inputs) input.checked = wanted.includes(input.value);
      }
      show();
    };

    /* Models, collections and the welcome, fetched when the page is opened or a new conversation begins: each of them may have
       changed. */
    chat.start = () => {
      starting ??= (async () => {
        const query = new URLSearchParams((chosen.collections ?? []).map((name) => ["collections", name]));
        const start = await (await send("GET", `${at}/start?${query}`)).json();
        menus.models.querySelector(".menu").innerHTML = start.models;
        menus.collections.querySelector(".menu").innerHTML = start.collections;
        restore();
        loaded = true;
        return start;
      })().finally(() => (starting = null));
      return starting;
    };

    for (const menu of Object.values(menus)) {
      menu.addEventListener("change", () => {
        chosen = { models: ticked(menus.models), collections: ticked(menus.collections) };
        sessionStorage.setItem(CHOICE, JSON.stringify(chosen));
        show();
        if (menu === menus.models) return;
        if (!chat.asked()) chat.start().then((start) => chat.welcome(start.welcome), chat.complain);
      });
      menu.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || !menu.open) return;
        event.stopPropagation();
        menu.open = false;
        menu.querySelector("summary").focus();
      });
    }
    menus.models.addEventListener("click", (event) => {
      if (event.detail && event.target.closest("label")) setTimeout(() => (menus.models.open = false), 120);
    });
    document.addEventListener("click", (event) => {
      for (const menu of Object.values(menus)) if (!menu.contains(event.target)) menu.open = false;
    });

    write(sessionStorage.getItem(DRAFT) ?? "");
    if (matchMedia("(hover: hover)").matches) field.focus();
  });
})();
