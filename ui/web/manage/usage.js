/* What was asked, by whom, of which back end and collection, and what it took. */
midas.manage("usage", (panel, t) => {
  const { h, api, number, percent } = midas;
  const view = { by: "day", first: ago(29), last: "" };

  function ago(days) {
    const then = new Date();
    then.setDate(then.getDate() - days);
    return `${then.getFullYear()}-${String(then.getMonth() + 1).padStart(2, "0")}-${String(then.getDate()).padStart(2, "0")}`;
  }

  const report = midas.part(async () => {
    const usage = await api("GET", `/v1/usage${midas.query(view)}`);
    if (!usage.rows.length) return midas.empty(t.nothing);
    return [totals(usage.total), view.by === "day" && chart(usage.rows), rows(usage),
      h("p", { class: "quiet" }, midas.fill(t.prices, { day: midas.day(`${usage.prices_as_of}T12:00`) }), usage.unpriced.length > 0 && ` ${midas.fill(t.unpriced, { names: usage.unpriced.join(", ") })}`)];
  });

  const money = (row) => (row.cost_eur === null ? "–" : new Intl.NumberFormat(midas.language, { style: "currency", currency: "EUR" }).format(row.cost_eur));
  const name = (row) => (view.by === "day" ? midas.day(`${row.key}T12:00`) : row.name || row.key || t.none);
  const tokens = (row) => row.prompt_tokens + row.completion_tokens;

  const totals = (total) => h("dl", { class: "totals" }, [
    [t.questions, number(total.questions)],
    [t.declined, total.questions ? percent(total.declined / total.questions) : "–"],
    [t.tokens, number(tokens(total))],
    [t.cost, money(total)],
  ].map(([title, value]) => h("div", { class: "card" }, h("dt", {}, title), h("dd", {}, value))));

  /* One column for each day, days without a question too. */
  const chart = (rows) => {
    const days = new Map(rows.map((row) => [row.key, row]));
    const all = [];
    const end = new Date(`${view.last || ago(0)}T12:00Z`);
    for (let at = new Date(`${view.first || rows.at(-1).key}T12:00Z`); at <= end; at.setUTCDate(at.getUTCDate() + 1)) all.push(at.toISOString().slice(0, 10));
    const most = Math.max(...rows.map((row) => row.questions));
    return h("figure", { class: "card chart" }, h("figcaption", {}, t.chart),
      h("div", { class: "columns", "aria-hidden": "true" }, all.map((key) => {
        const questions = days.get(key)?.questions ?? 0;
        return h("div", { title: `${midas.day(`${key}T12:00`)}: ${number(questions)}` }, h("span", { style: `height: ${(100 * questions) / most}%` }));
      })),
      h("div", { class: "ends quiet", "aria-hidden": "true" }, h("span", {}, midas.day(`${all[0]}T12:00`)), h("span", {}, `${t.most} ${number(most)}`), h("span", {}, midas.day(`${all.at(-1)}T12:00`))));
  };

  const rows = (usage) => {
    const most = Math.max(...usage.rows.map((row) => row.questions));
    return midas.table({
      caption: t.table, rows: usage.rows,
      columns: [
        { title: t[view.by], kind: "main", cell: name },
        { title: t.questions, kind: "num", cell: (row) => [number(row.questions), h("span", { class: "meter", "aria-hidden": "true" }, h("span", { style: `width: ${(100 * row.questions) / most}%` }))] },
        { title: t.declined, kind: "num", cell: (row) => number(row.declined) },
        { title: t.errors, kind: "num", cell: (row) => number(row.errors) },
        { title: t.prompt_tokens, kind: "num", cell: (row) => number(row.prompt_tokens) },
        { title: t.completion_tokens, kind: "num", cell: (row) => number(row.completion_tokens) },
        { title: t.cost, kind: "num", cell: money },
      ],
    });
  };

  const by = midas.select(["day", "person", "backend", "collection"].map((each) => [each, t[each]]), view.by);
  const first = midas.input({ type: "date", value: view.first });
  const last = midas.input({ type: "date", value: view.last });
  for (const [key, control] of Object.entries({ by, first, last })) control.onchange = () => ((view[key] = control.value), report.refresh());
  panel.append(h("p", { class: "lead" }, t.lead), h("div", { class: "row filters" }, midas.field(t.by, by), midas.field(t.from, first), midas.field(t.until, last)), report);
});
