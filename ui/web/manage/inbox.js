/* What people think of answers, and what the documents don't answer; with a state and a note for each. */
midas.manage("inbox", (panel, t) => {
  const { h, api, badge, button, fill, moment, part } = midas;
  const LIMIT = 20;
  const STATES = ["new", "seen", "done"].map((state) => [state, t[`state_${state}`]]);
  const view = { kind: "feedback", state: "new", thumb: "", offset: 0 };

  const list = part(async () => {
    const rows = await api("GET", `/v1/${view.kind}${midas.query({ state: view.state, thumb: view.kind === "feedback" && view.thumb, limit: LIMIT + 1, offset: view.offset })}`);
    const shown = rows.slice(0, LIMIT);
    if (!shown.length) return midas.empty(view.state === "new" ? t[`no_new_${view.kind}`] : t.nothing);
    return [shown.map(view.kind === "feedback" ? voted : topic),
      midas.pager({ offset: view.offset, limit: LIMIT, shown: shown.length, more: rows.length > LIMIT, go: (offset) => show({ offset }) })];
  });

  const show = (changed) => (Object.assign(view, { offset: 0 }, changed), list.refresh());

  const voted = ({ row, name }) =>
    h("article", { class: "card" },
      h("header", {}, h("h3", {}, row.question), h("div", { class: "tags" },
        badge(row.thumb === "up" ? t.up : t.down, row.thumb === "up" ? "good" : "bad"), row.reason && badge(t[`reason_${row.reason}`] ?? row.reason))),
      h("p", { class: "quiet" }, name ?? t.somebody, " · ", moment(row.at)),
      row.comment && h("blockquote", {}, row.comment),
      answered(row.answer),
      handling(row, (body) => api("PATCH", `/v1/feedback/${encodeURIComponent(row.id)}`, body), button(t.remove, async () => {
        if (!(await midas.ask(t.remove_title, t.remove_text, t.remove))) return;
        await api("DELETE", `/v1/feedback/${encodeURIComponent(row.id)}`);
        await list.refresh();
      }, "small quietly warn")));

  const topic = (row) =>
    h("article", { class: "card" },
      h("header", {}, h("h3", {}, row.question), badge(fill(t.times, { n: row.times }))),
      h("p", { class: "quiet" }, fill(t.people, { n: row.people }), " · ", t.last_time, " ", moment(row.last_at)),
      answered(row.answer),
      handling(row, (body) => api("PATCH", "/v1/unanswered", { topic: row.topic, ...body })));

  const answered = (answer) => answer && h("details", {}, h("summary", {}, answer.declined ? t.nearest : t.answer),
    answer.text && h("p", { class: "answer" }, answer.text),
    h("ol", { class: "evidence" }, answer.sources.map((source) => h("li", {}, h("p", {}, h("strong", {}, `[${source.number}] ${source.title || source.document}`), h("small", {}, ` ${source.collection} · ${source.document}`)),
      h("pre", { class: "chunk" }, source.text)))));

  const handling = (row, send, ...more) => {
    const state = midas.select(STATES, row.state);
    const note = midas.input({ value: row.note, maxLength: 4000 });
    const save = async () => {
      await send({ state: state.value, note: note.value });
      midas.say(t.saved);
      await list.refresh();
    };
    return h("div", { class: "row handling" }, midas.field(t.state, state), h("div", { class: "grow" }, midas.field(t.note, note)), button(t.save, save, "small"), more);
  };

  const kind = midas.select([["feedback", t.feedback], ["unanswered", t.unanswered]], view.kind);
  const state = midas.select([...STATES, ["", t.all]], view.state);
  const thumb = midas.select([["", t.all], ["down", t.down], ["up", t.up]], view.thumb);
  const thumbs = midas.field(t.vote, thumb);
  kind.onchange = () => ((thumbs.hidden = kind.value !== "feedback"), show({ kind: kind.value }));
  state.onchange = () => show({ state: state.value });
  thumb.onchange = () => show({ thumb: thumb.value });
  panel.append(h("p", { class: "lead" }, t.lead), h("div", { class: "row filters" }, midas.field(t.kind, kind), midas.field(t.state, state), thumbs), list);
});
