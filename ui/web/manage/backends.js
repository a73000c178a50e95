/* Back ends: which there are, whether they work, a new one, and which collections stay away from the cloud. */
midas.manage("backends", (panel, t) => {
  const { h, api, badge, button, note, part, say } = midas;
  const path = (name) => `/v1/backends/${encodeURIComponent(name)}`;

  const list = part(async () => {
    const backends = await api("GET", "/v1/backends");
    return backends.map((backend) => card(backend, backends));
  });

  const card = (backend, all) => {
    const result = h("div", { "aria-live": "polite" });
    return h("article", { class: "card", "aria-label": backend.name },
      h("header", {}, h("h3", {}, backend.name), h("div", { class: "tags" }, marks(backend))),
      h("p", {}, [backend.model, backend.kind, backend.address].filter(Boolean).map((each, at) => at ? h("small", {}, ` · ${each}`) : each)),
      backend.fallback.length > 0 && h("p", { class: "quiet" }, midas.fill(t.falls_back, { names: backend.fallback.join(" → ") })),
      backend.problem && note(backend.problem, "bad"),
      backend.last_error && h("details", {}, h("summary", {}, t.last_error, " ", midas.moment(backend.last_error_at)), note(backend.last_error)),
      result,
      h("div", { class: "actions" },
        button(t.check, async () => {
          result.replaceChildren(note(t.checking));
          result.replaceChildren(checked(await api("POST", `${path(backend.name)}/check`)));
        }, "small"),
        button(t.edit, async () => edit(await api("GET", path(backend.name)), all), "small"),
        !backend.default && button(t.make_default, () => change("PUT", "/v1/default-backend", { backend: backend.name }), "small"),
        !backend.default && button(t.remove, () => remove(backend.name), "small quietly warn")));
  };

  const marks = (backend) => [
    backend.default && badge(t.default, "good"),
    backend.cloud ? badge(`☁ ${t.cloud}`, "warning") : badge(`⌂ ${t.local}`),
    backend.state === "open" && badge(t.resting, "bad"),
    backend.state === "half-open" && badge(t.recovering, "warning"),
    backend.problem && badge(t.wrong_section, "bad"),
  ];

  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
  const checked = (check) => {
    const probe = check.probe;
    const yes = (value) => (value === null ? null : value ? t.yes : t.no);
    const facts = probe ? [
      [t.version, probe.version],
      [t.window, midas.fill(t.tokens, { n: probe.context_window })],
      [t.first_token, probe.ttft_ms && midas.duration(probe.ttft_ms)],
      [t.speed, probe.tokens_per_s && midas.fill(t.tokens_per_s, { n: midas.number(probe.tokens_per_s, 1) })],
      [t.streaming, yes(probe.streaming)],
      [t.schema, yes(probe.json_schema)],
      [t.counts, yes(probe.usage)],
    ] : [];
    return h("div", { class: "stack" }, note(check.works ? t.works : `${t.fails} ${capital(check.problem ?? "")}`, check.works ? "good" : "bad"),
      h("dl", { class: "facts" }, facts.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
  };

  /* Tells what became of a change, and shows the list anew. */
  const change = async (method, address, body) => {
    const done = await api(method, address, body);
    if (done.written) {
      say(done.effective ? t.saved : t.overridden, done.effective ? "good" : "bad");
      await Promise.all([list.refresh(), rule.refresh()]);
    }
    return done;
  };

  const remove = async (name) => {
    if (await midas.ask(midas.fill(t.remove_title, { name }), t.remove_text, t.remove)) await change("DELETE", path(name));
  };

  /* A dialog for a section; `section` is null for a new one. */
  const edit = async (section, all) => {
    const kinds = await api("GET", "/v1/backend-kinds");
    await midas.dialog(section ? midas.fill(t.edit_title, { name: section.name }) : t.add_title, (body, close) => {
      const name = midas.input({ required: true, maxLength: 63, pattern: "[A-Za-z0-9_\\-]+", title: t.name_hint });
      const kind = midas.select(kinds.map((each) => [each.name, each.name]), section?.kind ?? "openai-compatible");
      const tried = midas.flag(t.try_first, true, t.try_hint);
      const fields = h("div");
      const told = h("div", { role: "alert" });
      let values;
      const show = () => {
        const made = options(kinds.find((each) => each.name === kind.value), section, all.filter((each) => each.name !== section?.name));
        values = made.values;
        fields.replaceChildren(made.element);
      };
      const save = async () => {
        told.replaceChildren();
        const sent = { kind: kind.value, options: values(), tried: tried.box.checked };
        const done = section ? await change("PUT", path(section.name), sent) : await change("POST", "/v1/backends", { ...sent, name: name.value });
        if (done.written) close();
        else told.replaceChildren(checked(done.check), h("p", {}, t.not_written));
      };
      kind.onchange = show;
      show();
      body.append(midas.form([
        !section && h("div", { class: "grid" }, midas.field(t.name, name, t.name_hint), midas.field(t.kind, kind)),
        fields, tried, told,
      ], t.save, save, { others: [midas.cancel(close)] }));
    }, { wide: true });
  };

  /* Fields for the options of a kind; `values()` are the texts that differ from what holds anyway. */
  const MAIN = ["model", "base_url", "api_key_env", "context_window", "cloud", "fallback"];
  const options = (kind, section, others) => {
    const written = section?.kind === kind.name ? section.options : {};
    const parts = kind.options.map((option) => control(option, written[option.name], others));
    const shown = (main) => parts.filter((each) => MAIN.includes(each.name) === main);
    const place = (each) => each.element;
    const values = () => Object.fromEntries(parts.map((each) => [each.name, each.value()])
      .filter(([name, value]) => value !== "" && (name in written || value !== kind.options.find((option) => option.name === name).default)));
    const element = h("div", { class: "stack" },
      h("div", { class: "grid" }, shown(true).filter((each) => each.name !== "fallback").map(place)),
      shown(true).filter((each) => each.name === "fallback").map(place),
      h("details", {}, h("summary", {}, t.more_options), h("div", { class: "grid" }, shown(false).map(place))),
      kind.notes.map((each) => h("p", { class: "quiet" }, each)));
    return { element, values };
  };

  const control = (option, written, others) => {
    const key = option.name.replaceAll(".", "_");
    const label = t[`option_${key}`] ?? option.name;
    const hint = t[`hint_${key}`] ?? (t[`option_${key}`] ? null : option.description);
    if (option.type === "flag") {
      const made = midas.flag(label, (written ?? option.default) === "true", hint);
      return { name: option.name, element: made, value: () => String(made.box.checked) };
    }
    if (option.name === "fallback") return { name: option.name, ...order(label, written ? written.split(",") : [], others) };
    const made = midas.input({ value: written ?? "", placeholder: option.default, required: option.required, inputMode: option.type === "number" ? "decimal" : "text", maxLength: 1000 });
    return { name: option.name, element: midas.field(label, made, hint), value: () => made.value.trim() };
  };

  /* Names in an order that buttons change. */
  const order = (label, chosen, others) => {
    const items = h("ol", { class: "order" });
    const more = midas.select([], "", { "aria-label": t.add_fallback });
    const show = () => {
      items.replaceChildren(...chosen.map((name, at) => h("li", {}, h("span", {}, name), h("span", { class: "tags" },
        h("button", { type: "button", class: "btn icon", "aria-label": midas.fill(t.move_up, { name }), disabled: at === 0, onclick: () => move(at, at - 1) }, "↑"),
        h("button", { type: "button", class: "btn icon", "aria-label": midas.fill(t.move_down, { name }), disabled: at === chosen.length - 1, onclick: () => move(at, at + 1) }, "↓"),
        h("button", { type: "button", class: "btn icon", "aria-label": midas.fill(t.take_out, { name }), onclick: () => (chosen.splice(at, 1), show()) }, "×")))));
      const left = others.map((each) => each.name).filter((name) => !chosen.includes(name));
      more.replaceChildren(...[["", t.add_fallback], ...left.map((name) => [name, name])].map(([value, text]) => h("option", { value }, text)));
      more.hidden = !left.length;
    };
    const move = (from, to) => (chosen.splice(to, 0, ...chosen.splice(from, 1)), show());
    more.onchange = () => more.value && (chosen.push(more.value), show());
    show();
    return { element: h("fieldset", {}, h("legend", {}, label), h("small", {}, t.hint_fallback), items, more), value: () => chosen.join(",") };
  };

  const rule = part(async () => {
    const collections = await api("GET", "/v1/collections");
    if (!collections.length) return note(t.no_collections);
    return midas.table({
      caption: t.rule, rows: collections,
      columns: [
        { title: t.collection, kind: "main", cell: (each) => each.name },
        { title: t.documents, kind: "num", cell: (each) => midas.number(each.documents) },
        { title: t.rule_cloud, cell: (each) => allowed(each) },
      ],
    });
  });

  const allowed = (collection) => {
    const made = midas.flag(t.keep_away, collection.private);
    made.box.setAttribute("aria-label", `${t.keep_away}: ${collection.name}`);
    made.box.onchange = async () => {
      try {
        await api("PATCH", `/v1/collections/${encodeURIComponent(collection.name)}`, { private: made.box.checked });
        say(t.saved);
      } catch (error) {
        made.box.checked = !made.box.checked;
        say(midas.sentence(error), "bad");
      }
    };
    return made;
  };

  panel.acts.append(button(t.add, async () => edit(null, await api("GET", "/v1/backends")), "primary"));
  panel.append(
    h("p", { class: "lead" }, t.lead),
    list,
    h("section", {}, h("h3", {}, t.rule), h("p", { class: "lead" }, t.rule_lead), rule));
});
