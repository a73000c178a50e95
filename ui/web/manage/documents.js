/* Documents: sending files and folders, folders of the server that are watched, the list, and what is known of each document. */
/* Jobs whose files this page is sending, with the bytes that are there; looking at another tab does not interrupt that. */
midas.sending = new Map();
window.addEventListener("beforeunload", (event) => midas.sending.size && event.preventDefault());

midas.manage("documents", (panel, t, all) => {
  const { h, api, badge, button, fill, number, part, say } = midas;
  const LIMIT = 25;
  const KINDS = { ready: "good", failed: "bad", duplicate: "" };
  const EVENTS = { published: "", failed: "bad", deleted: "warning", duplicate: "" };
  const view = { collection: decodeURIComponent(location.hash.split("/")[1] ?? ""), search: "", state: "", offset: 0 };
  const under = (rest) => `/v1/collections/${encodeURIComponent(view.collection)}/${rest}`;
  const why = (row) => h("small", { title: row.message }, all.reasons[row.reason] ?? row.message);
  const sent = midas.sending;
  let stop;

  const start = async () => {
    const collections = await api("GET", "/v1/collections");
    if (!collections.length) return midas.empty(t.no_collections, h("a", { class: "btn primary", href: "#collections" }, t.make_collection));
    const names = collections.map((each) => each.name);
    if (!names.includes(view.collection)) view.collection = names.includes(sessionStorage.midas_collection) ? sessionStorage.midas_collection : names[0];
    sessionStorage.midas_collection = view.collection;
    const counted = (each) => `${each.name} (${number(each.documents)})`;
    const chosen = midas.select(collections.map((each) => [each.name, counted(each)]), view.collection);
    const changed = async () => {
      await Promise.all([list.refresh(), folders.refresh()]);
      for (const each of await api("GET", "/v1/collections"))
        for (const option of chosen.options) if (option.value === each.name) option.textContent = counted(each);
    };
    chosen.onchange = () => (location.hash = `documents/${encodeURIComponent(chosen.value)}`);
    const jobs = midas.jobList(all, (job) => job.collection === view.collection && job.kind !== "reindex", changed, { sending: (job) => sent.get(job.id) });
    stop?.();
    stop = jobs.end;
    list.refresh();
    folders.refresh();
    return [h("div", { class: "row filters" }, h("div", { class: "grow" }, midas.field(t.collection, chosen))), dropzone(jobs), jobs, documents(), watched()];
  };

  /* Sending files */

  const dropzone = (jobs) => {
    const files = h("input", { type: "file", multiple: true, hidden: true });
    const folder = h("input", { type: "file", multiple: true, hidden: true });
    folder.setAttribute("webkitdirectory", "");
    const take = (chosen) => chosen.length && midas.busy(zone, () => send(chosen, jobs));
    for (const each of [files, folder]) each.onchange = () => (take([...each.files].map((file) => [file, file.webkitRelativePath || file.name])), (each.value = ""));
    const zone = h("div", { class: "card drop", role: "group", "aria-label": t.upload },
      h("p", {}, t.drop), h("div", { class: "tags" }, files, folder, button(t.choose_files, () => files.click(), "primary"), button(t.choose_folder, () => folder.click())), h("small", {}, t.kinds));
    zone.ondragover = (event) => (event.preventDefault(), zone.classList.add("over"));
    zone.ondragleave = () => zone.classList.remove("over");
    zone.ondrop = async (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
      take((await Promise.all(entries.map((entry) => walk(entry)))).flat());
    };
    return zone;
  };

  /* The files of what was dropped, each with its path. */
  const walk = async (entry, before = "") => {
    if (entry.isFile) return [[await new Promise((resolve, reject) => entry.file(resolve, reject)), before + entry.name]];
    const reader = entry.createReader();
    const inside = [];
    for (;;) {
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!some.length) break;
      inside.push(...some);
    }
    return (await Promise.all(inside.map((each) => walk(each, `${before}${entry.name}/`)))).flat();
  };

  /* Announces the files, sends those that are wanted one after the other, and lets the work begin. */
  const send = async (chosen, jobs) => {
    const files = chosen.map(([file, name]) => ({ name, size_bytes: file.size }));
    const job = (await interrupted(files)) ?? (await api("POST", under("uploads/open"), { files }));
    const wanted = job.files.filter((file) => file.state === "waiting" && !file.received);
    const counter = { done: 0, total: wanted.reduce((sum, file) => sum + file.size_bytes, 0) };
    sent.set(job.id, counter);
    jobs.refresh();
    try {
      for (const file of wanted) {
        const before = counter.done;
        await put(`/v1/uploads/${job.id}/files/${file.number}`, chosen[file.at ?? file.number - 1][0], (bytes) => (counter.done = before + bytes));
        counter.done = before + file.size_bytes;
      }
      await api("POST", `/v1/uploads/${job.id}/begin`);
    } catch (error) {
      const now = await api("GET", `/v1/jobs/${job.id}`).catch(() => null);
      if (now?.state !== "cancelled") throw error;
    } finally {
      sent.delete(job.id);
      jobs.refresh();
    }
  };

  /* An upload that still waits for just these files, because its page was closed; each file then knows where it stands `at`. */
  const interrupted = async (files) => {
    const waiting = (await api("GET", "/v1/jobs")).filter((job) => job.state === "receiving" && job.collection === view.collection && !sent.has(job.id));
    for (const { id } of waiting) {
      const job = await api("GET", `/v1/jobs/${id}`);
      const missing = job.files.filter((file) => file.state === "waiting" && !file.received);
      for (const file of missing) file.at = files.findIndex(({ name, size_bytes }) => name === file.source && size_bytes === file.size_bytes);
      if (missing.length && missing.every((file) => file.at >= 0)) return job;
    }
    return null;
  };

  /* Sends a file; fetch can't tell how far it is. */
  const put = (address, file, progress) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", address);
    request.upload.onprogress = (event) => progress(event.loaded);
    request.onload = () => {
      if (request.status < 300) return resolve();
      const told = answered(request.responseText);
      reject(told?.error ? midas.refused(request.status, told) : new Error(t.send_failed));
    };
    request.onerror = () => reject(new Error(t.send_failed));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Accept-Language", midas.language);
    request.send(file);
  });

  /* What a proxy in between says is not JSON. */
  const answered = (text) => {
    try {
      return JSON.parse(text);
    } catch {
      return null;
    }
  };

  /* The list */

  const list = part(async () => {
    if (!view.collection) return null;
    const answer = await midas.send("GET", under(`documents${midas.query({ text: view.search, state: view.state, limit: LIMIT, offset: view.offset })}`));
    const rows = await answer.json();
    if (!rows.length) return midas.empty(view.search || view.state ? t.nothing : t.none);
    return [midas.table({
      caption: t.documents, rows,
      columns: [
        { title: t.document, kind: "main", cell: (row) => [row.title || row.source, h("small", {}, row.source)] },
        { title: t.state, cell: (row) => [badge(t[`state_${row.state}`], KINDS[row.state]), row.message && why(row)] },
        { title: t.pages, kind: "num", cell: (row) => row.pages === null ? "–" : number(row.pages) },
        { title: t.chunks, kind: "num", cell: (row) => number(row.chunks) },
        { title: t.updated, cell: (row) => midas.moment(row.updated_at) },
        { title: t.actions, kind: "acts", cell: (row) => [button(t.look, () => look(row), "small"), button(t.remove, () => remove(row), "small quietly warn")] },
      ],
    }), midas.pager({ offset: view.offset, limit: LIMIT, shown: rows.length, total: Number(answer.headers.get("X-Total-Count")), go: (offset) => ((view.offset = offset), list.refresh()) })];
  });

  const documents = () => {
    const search = midas.input({ type: "search", maxLength: 200, placeholder: t.search_hint });
    const state = midas.select([["", t.all], ...["ready", "warned", "failed", "duplicate"].map((each) => [each, t[`state_${each}`]])], view.state);
    search.oninput = midas.later(() => (Object.assign(view, { search: search.value.trim(), offset: 0 }), list.refresh()));
    state.onchange = () => (Object.assign(view, { state: state.value, offset: 0 }), list.refresh());
    return h("section", {}, h("h3", {}, t.documents), h("div", { class: "row filters" }, h("div", { class: "grow" }, midas.field(t.search, search)), midas.field(t.state, state)), list);
  };

  const remove = async (row) => {
    if (!(await midas.ask(fill(t.remove_title, { name: row.title || row.source }), [fill(t.remove_text, { n: row.chunks }), t.remove_final], t.remove))) return;
    await api("DELETE", under(`documents/${encodeURIComponent(row.document_id)}`));
    say(fill(t.removed, { name: row.source }));
    await list.refresh();
  };

  const look = (row) => midas.dialog(row.title || row.source, (body) => {
    const id = encodeURIComponent(row.document_id);
    let offset = 0;
    const history = part(async () => {
      const versions = await api("GET", under(`documents/${id}/history`));
      if (!versions.length) return h("p", { class: "quiet" }, t.no_history);
      return midas.table({
        caption: t.history, rows: versions,
        columns: [
          { title: t.version, kind: "main", cell: (each) => each.number === null ? "–" : number(each.number) },
          { title: t.event, cell: (each) => [badge(each.served ? t.served : t[`event_${each.event}`] ?? each.event, each.served ? "good" : EVENTS[each.event]), each.message && why(each)] },
          { title: t.pages, kind: "num", cell: (each) => each.pages === null ? "–" : number(each.pages) },
          { title: t.chunks, kind: "num", cell: (each) => number(each.chunks) },
          { title: t.when, cell: (each) => [midas.moment(each.at), each.by && h("small", {}, each.by)] },
          { title: "SHA-256", cell: (each) => h("code", { title: each.sha256 }, each.sha256.slice(0, 12)) },
          { title: t.file, cell: (each) => each.original && h("a", { href: under(`documents/${id}/versions/${each.number}/original`), download: "" }, t.download) },
        ],
      });
    });
    const chunks = part(async () => {
      const page = await api("GET", under(`documents/${id}/chunks${midas.query({ limit: 10, offset })}`));
      if (!page.chunks.length) return h("p", { class: "quiet" }, t.no_chunks);
      return [h("ol", { class: "evidence" }, page.chunks.map((each) => h("li", { class: "card" },
        h("header", {}, h("strong", {}, [each.page && fill(t[row.page_unit ?? "page"] ?? t.page, { n: String(each.page) }), ...each.headings].filter(Boolean).join(" · ") || fill(t.chunk, { n: each.ordinal + 1 })), h("span", { class: "badge" }, fill(t.tokens, { n: each.tokens }))),
        h("pre", { class: "chunk" }, each.text)))),
        midas.pager({ offset, limit: 10, shown: page.chunks.length, total: page.total, go: (to) => ((offset = to), chunks.refresh()) })];
    });
    body.append(h("div", { class: "stack" },
      h("p", { class: "quiet" }, row.source),
      row.message && midas.note(all.reasons[row.reason] ?? row.message, row.state === "failed" ? "bad" : ""),
      row.warnings.map((each) => midas.note(each)),
      h("h3", {}, t.history), history,
      h("h3", {}, t.chunks), h("p", { class: "quiet" }, t.chunks_lead), chunks));
  }, { wide: true });

  /* Watched folders */

  const folders = part(async () => {
    if (!view.collection) return null;
    const rows = (await api("GET", "/v1/watches")).filter((each) => each.collection === view.collection);
    if (!rows.length) return h("p", { class: "quiet" }, t.no_folders);
    return midas.table({
      caption: t.folders, rows,
      columns: [
        { title: t.folder, kind: "main", cell: (each) => [h("span", { class: "mono" }, each.path), each.sync && h("small", {}, t.synced)] },
        { title: t.state, cell: (each) => [each.error ? badge(t.folder_failed, "bad") : badge(each.paused ? t.paused : t.watching, each.paused ? "" : "good"), each.error && h("small", {}, each.error)] },
        { title: t.looked, cell: (each) => each.seen_at ? midas.moment(each.seen_at) : "–" },
        { title: t.actions, kind: "acts", cell: (each) => [
          button(each.paused ? t.resume : t.pause, async () => (await api("PATCH", `/v1/watches/${each.id}`, { paused: !each.paused }), folders.refresh()), "small"),
          button(t.unwatch, async () => (await midas.ask(t.unwatch_title, t.unwatch_text, t.unwatch)) && (await api("DELETE", `/v1/watches/${each.id}`), folders.refresh()), "small warn"),
        ] },
      ],
    });
  });

  const watched = () => {
    const path = midas.input({ required: true, maxLength: 1000, placeholder: "/srv/documentos" });
    const sync = midas.flag(t.sync, false, t.sync_hint);
    const add = async () => {
      await api("POST", under("watches"), { path: path.value.trim(), sync: sync.box.checked });
      path.value = "";
      await folders.refresh();
    };
    const form = midas.form([midas.field(t.folder, path, t.folder_hint), sync], t.watch, add, { kind: "" });
    return h("section", {}, h("h3", {}, t.folders), h("p", { class: "lead" }, t.folders_lead), folders, h("details", {}, h("summary", {}, t.add_folder), form));
  };

  const whole = part(start);
  panel.append(h("p", { class: "lead" }, t.lead), whole);
  return () => stop?.();
});
