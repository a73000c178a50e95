/* Who did what, when and from where. */
midas.manage("audit", (panel, t) => {
  const { h, api } = midas;
  const LIMIT = 50;
  const view = { person: "", action: "", first: "", last: "" };
  const ACTIONS = Object.keys(t).filter((key) => key.startsWith("action_")).map((key) => [key.slice(7), t[key]]);
  let rows = [];

  const load = async (before) => api("GET", `/v1/audit${midas.query({ ...view, limit: LIMIT, before })}`);

  const log = midas.part(async () => {
    rows = await load();
    return shown(rows.length === LIMIT);
  });

  const shown = (more) => {
    if (!rows.length) return midas.empty(t.nothing);
    return [
      midas.table({
        caption: t.table, rows,
        columns: [
          { title: t.when, kind: "main", cell: (row) => midas.moment(row.at) },
          { title: t.who, cell: (row) => row.name || t.nobody },
          { title: t.what, cell: (row) => t[`action_${row.action}`] ?? row.action },
          { title: t.subject, cell: (row) => [row.subject, row.detail && h("small", {}, row.detail)] },
          { title: t.address, cell: (row) => h("span", { class: "mono whole" }, row.address) },
        ],
      }),
      more && h("div", { class: "pager" }, midas.button(t.more, async () => {
        const older = await load(rows.at(-1).id);
        rows = [...rows, ...older];
        log.replaceChildren(...shown(older.length === LIMIT).filter(Boolean));
      })),
    ];
  };

  const file = h("a", { class: "btn", download: "midas-audit.csv" }, t.csv);
  const changed = () => {
    file.href = `/v1/audit.csv${midas.query(view)}`;
    log.refresh();
  };
  const person = midas.input({ type: "search", maxLength: 200 });
  const action = midas.select([["", t.any], ...ACTIONS.sort((one, other) => one[1].localeCompare(other[1], midas.language))], "");
  const first = midas.input({ type: "date" });
  const last = midas.input({ type: "date" });
  person.oninput = midas.later(() => ((view.person = person.value.trim()), changed()));
  for (const [key, control] of Object.entries({ action, first, last })) control.onchange = () => ((view[key] = control.value), changed());
  file.href = "/v1/audit.csv";
  panel.acts.append(file);
  panel.append(h("p", { class: "lead" }, t.lead), h("div", { class: "row filters" },
    midas.field(t.who, person), midas.field(t.what, action), midas.field(t.from, first), midas.field(t.until, last)), log);
});
