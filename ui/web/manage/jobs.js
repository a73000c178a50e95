/* Long work: how far it is, what became of each file, and ways to stop it or try again. */
(() => {
  const { midas } = window;
  const { h, api, badge, button, fill } = midas;
  const KINDS = { reading: "warning", ready: "good", replaced: "good", failed: "bad" };
  const SHOWN = 200;
  const MOST = 5;
  const KEPT_MS = 3600e3;
  const retryable = (job) => job.kind === "upload" && finished(job) && job.files.some((file) => file.state === "failed" && file.received);
  const finished = (job) => ["done", "failed", "cancelled"].includes(job.state);

  /* Those jobs that `chosen` takes, kept up to date; `ended(job)` hears when one has finished. The element's `end` stops that.
     `sending(job)` may tell how much of it this page is sending: {done, total} in bytes. */
  midas.jobList = ({ jobs: t, reasons }, chosen, ended, { sending = () => null } = {}) => {
    const list = h("div", { class: "part jobs" });
    const cards = new Map();
    const gone = new Set();

    const refresh = async () => {
      const jobs = (await api("GET", "/v1/jobs")).filter((job) => chosen(job) && !gone.has(job.id));
      earlier ??= new Set(jobs.map(({ id }) => id));
      for (const [id, card] of cards) if (!jobs.some((job) => job.id === id)) (card.remove(), cards.delete(id));
      for (const [at, { id }] of jobs.filter((each) => !old(each)).slice(0, MOST).entries()) {
        const known = cards.get(id);
        if (known?.over) continue;
        const job = await api("GET", `/v1/jobs/${id}`);
        if (!known) (cards.set(id, make(job)), list.insertBefore(cards.get(id), list.children[at] ?? null));
        cards.get(id).update(job);
      }
      pace = jobs.some((job) => !finished(job)) ? 1000 : 8000;
    };

    const old = (job) => finished(job) && !cards.has(job.id) && Date.now() - new Date(job.started_at) > KEPT_MS;

    const make = (first) => {
      const title = h("h3", {});
      const state = h("span", { class: "badge" });
      const line = h("p", { class: "quiet" });
      const bar = h("div");
      const files = h("div");
      const more = h("details", { hidden: true }, h("summary", {}, t.files), files);
      const acts = h("div", { class: "actions" });
      const card = h("article", { class: "card job", "aria-live": "off" }, h("header", {}, title, state), bar, line, more, acts);
      let job = first;
      let was = null;
      let drawn = "";
      more.ontoggle = () => draw();

      const draw = () => {
        const now = JSON.stringify(job.files);
        if (!more.open || drawn === now) return;
        drawn = now;
        const order = { failed: 0, reading: 1 };
        const rows = [...job.files].sort((one, other) => (order[one.state] ?? 2) - (order[other.state] ?? 2)).slice(0, SHOWN);
        files.replaceChildren(midas.table({
          caption: t.files, rows,
          columns: [
            { title: t.file, kind: "main", cell: (file) => file.source },
            { title: t.size, kind: "num", cell: (file) => midas.bytes(file.size_bytes) },
            { title: t.state, cell: (file) => [badge(t[`file_${file.state}`] ?? file.state, KINDS[file.state]), file.message && h("small", { title: file.message }, reasons[file.reason] ?? file.message)] },
          ],
        }), ...(job.files.length > SHOWN ? [h("p", { class: "quiet" }, fill(t.more_files, { n: job.files.length - SHOWN }))] : []));
      };

      card.update = (fresh) => {
        job = fresh;
        const failed = job.files.filter((file) => file.state === "failed").length;
        title.textContent = `${t[`kind_${job.kind}`]}: ${job.collection}`;
        const failing = job.state === "failed" || (job.state === "done" && failed > 0);
        state.className = `badge ${failing ? "bad" : job.state === "done" ? "good" : job.state === "cancelled" ? "" : "warning"}`;
        state.textContent = failing && job.state === "done" ? fill(t.some_failed, { n: failed }) : t[`job_${job.state}`];
        const told = measure(job);
        bar.replaceChildren(...(told.total && !finished(job) ? [midas.progress(title.textContent, told.done, told.total)] : []));
        line.textContent = told.text;
        more.hidden = !job.files.length;
        if (finished(job) && failed && was !== null && !finished({ state: was })) more.open = true;
        draw();
        if (was !== job.state) acts.replaceChildren(...buttons(job));
        if ((was || !earlier.has(job.id)) && was !== job.state && finished(job)) {
          midas.say(`${title.textContent}: ${state.textContent.toLowerCase()}`);
          ended?.(job);
        }
        was = job.state;
        card.over = finished(job);
      };

      const buttons = () => [
        job.state === "receiving" && !sending(job) && button(t.begin, async () => (await api("POST", `/v1/uploads/${job.id}/begin`), refresh()), "small"),
        !finished(job) && button(t.cancel, async () => (await api("DELETE", `/v1/jobs/${job.id}`), refresh()), "small"),
        retryable(job) && button(t.retry, async () => (await api("POST", `/v1/uploads/${job.id}/retry`), (card.over = false), refresh()), "small primary"),
        finished(job) && button(t.hide, () => (gone.add(job.id), card.remove(), cards.delete(job.id)), "small quietly"),
      ].filter(Boolean);
      return card;
    };

    const counted = (files) => {
      const of = (...states) => files.filter((file) => states.includes(file.state)).length;
      return { added: of("ready"), replaced: of("replaced"), skipped: of("unchanged", "duplicate"), failed: of("failed") };
    };

    const measure = (job) => {
      const sent = job.state === "receiving" && sending(job);
      if (sent) return { ...sent, text: fill(t.sending, { done: midas.bytes(sent.done), total: midas.bytes(sent.total) }) };
      if (job.state === "receiving") return { text: t.interrupted };
      if (job.error) return { text: job.error };
      if (job.report) return { text: fill(t.report, job.files.length ? counted(job.files) : job.report) };
      if (!job.progress) return { text: "" };
      const { done, total, current, eta_s } = job.progress;
      const text = fill(t.progress, { done, total }) + (current ? ` · ${current}` : "") + (eta_s > 5 ? ` · ${fill(t.left, { time: midas.duration(1000 * eta_s) })}` : "");
      return { done, total, text };
    };

    let pace = 1000;
    let earlier = null;
    let timer;
    let over = false;
    const step = async () => {
      if (!document.hidden) await refresh().catch(() => null);
      if (!over) timer = setTimeout(step, pace);
    };
    step();
    list.refresh = async () => (clearTimeout(timer), step());
    list.end = () => ((over = true), clearTimeout(timer));
    return list;
  };
})();
