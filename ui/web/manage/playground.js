/* What a search finds and why, and what a model would get to read. */
midas.manage("playground", (panel, t) => {
  const { h, api, fill, note, number } = midas;
  const STAGES = ["condense_ms", "embed_ms", "dense_ms", "lexical_ms", "fuse_ms", "rerank_ms", "context_ms"];
  const results = h("div", { class: "part", "aria-live": "polite" });

  const choices = midas.part(async () => {
    const [collections, backends] = await Promise.all([api("GET", "/v1/collections"), api("GET", "/v1/backends")]);
    if (!collections.length) return note(t.no_collections);
    return form(collections, backends.filter((each) => !each.problem));
  });

  const form = (collections, backends) => {
    const query = h("textarea", { required: true, maxLength: 4000, rows: 2, placeholder: t.query_hint });
    const chosen = midas.checks(t.collections, collections.map(({ name }) => [name, name]), [], t.collections_hint);
    const backend = midas.select(backends.map(({ name, model }) => [name, `${name} · ${model}`]), backends[0]?.name);
    const top = midas.input({ type: "number", min: 1, max: 100, value: "8" });
    query.onkeydown = (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) (event.preventDefault(), made.requestSubmit());
    };
    const made = midas.form([
      midas.field(t.query, query),
      collections.length > 1 && chosen,
      h("div", { class: "grid" }, midas.field(t.backend, backend, t.backend_hint), midas.field(t.passages, top)),
    ], t.search, () => search(query.value, chosen.values(), backend.value, Number(top.value)));
    return h("div", { class: "card" }, made);
  };

  const search = async (text, names, backend, top_k) => {
    const collections = names.length ? names : null;
    results.replaceChildren(note(t.searching));
    const evidence = h("section", {}, h("h3", {}, t.evidence), note(t.selecting));
    const found = await api("POST", "/v1/search", { query: text, collections, top_k }).catch((error) => (results.replaceChildren(), Promise.reject(error)));
    results.replaceChildren(h("section", {}, h("h3", {}, fill(t.found, { n: found.passages.length })), hits(found), times(found.timings)), evidence);
    try {
      evidence.replaceChildren(...selected(await api("POST", "/v1/evidence", { question: text, collections, backend })));
    } catch (error) {
      evidence.replaceChildren(h("h3", {}, t.evidence), note(midas.sentence(error), "bad"));
    }
  };

  const score = (value) => (value === null ? h("span", { class: "quiet" }, "–") : number(value, 3));
  const place = (passage) => [passage.document, passage.page && fill(t[passage.page_unit ?? "page"] ?? t.page, { n: String(passage.page) }), ...passage.headings].filter(Boolean).join(" · ");

  const hits = (found) => found.passages.length ? midas.table({
    caption: t.results, rows: found.passages,
    columns: [
      { title: "#", kind: "num", cell: (each) => found.passages.indexOf(each) + 1 },
      { title: t.passage, kind: "main", cell: (each) => [each.title || each.document, h("small", {}, place(each)), h("details", {}, h("summary", {}, t.read), h("pre", { class: "chunk" }, each.text))] },
      { title: t.collection, cell: (each) => each.collection },
      { title: t.fused, kind: "num", cell: (each) => meter(each.score) },
      { title: t.dense, kind: "num", cell: (each) => score(each.dense) },
      { title: t.lexical, kind: "num", cell: (each) => score(each.lexical) },
    ],
  }) : note(t.nothing);

  const meter = (value) => [number(value, 3), h("span", { class: "meter", "aria-hidden": "true" }, h("span", { style: `width: ${100 * Math.min(1, value)}%` }))];

  const times = (timings) => h("p", { class: "times" }, STAGES.filter((stage) => stage in timings).map((stage) =>
    h("span", { class: "badge" }, `${t[stage]} ${midas.duration(timings[stage])}`)));

  const selected = (view) => {
    const used = view.evidence.reduce((sum, piece) => sum + piece.tokens, 0);
    return [
      h("h3", {}, t.evidence),
      h("p", { class: "quiet" }, fill(t.budget, { used, budget: view.budget, backend: view.backend, counted: view.counted_by === "estimate" ? t.estimated : view.counted_by })),
      midas.progress(t.budget_label, Math.min(used, view.budget), view.budget),
      view.weak ? note(t.weak) : null,
      h("ol", { class: "evidence" }, view.evidence.map((piece) => h("li", { class: "card" },
        h("header", {}, h("strong", {}, `[${piece.number}] ${piece.label}`), h("span", { class: "badge" }, fill(t.tokens, { n: piece.tokens }))),
        h("pre", { class: "chunk" }, piece.text)))),
      times(view.timings),
    ].filter(Boolean);
  };

  panel.append(h("p", { class: "lead" }, t.lead), choices, results);
});
