/* Collections: what is in them, who may read them, and building them anew. */
midas.manage("collections", (panel, t, all) => {
  const { h, api, badge, button, fill, number, part, say } = midas;
  const path = (name, rest = "") => `/v1/collections/${encodeURIComponent(name)}${rest}`;
  const EVERYONE = "everyone";

  const list = part(async () => {
    const collections = await api("GET", "/v1/collections");
    if (!collections.length) return midas.empty(t.none, button(t.add, () => edit(null), "primary"));
    return midas.table({
      caption: t.table, rows: collections,
      columns: [
        { title: t.name, kind: "main", cell: (each) => [h("a", { href: `#documents/${encodeURIComponent(each.name)}` }, each.name), each.description && h("small", {}, each.description), each.contact && h("small", {}, `${t.contact}: ${each.contact}`)] },
        { title: t.documents, kind: "num", cell: (each) => number(each.documents) },
        { title: t.chunks, kind: "num", cell: (each) => number(each.chunks) },
        { title: t.readers, cell: readers },
        { title: t.cloud, cell: (each) => badge(each.private ? t.private : t.cloud_allowed, each.private ? "good" : "") },
        { title: t.embedder, cell: (each) => h("span", { class: "quiet" }, fill(t.built, { embedder: each.embedder, dimension: each.dimension, tokens: each.chunk_tokens })) },
        { title: t.actions, kind: "acts", cell: (each) => [
          button(t.edit, () => edit(each), "small"),
          button(t.reindex, () => reindex(each), "small"),
          button(t.remove, () => remove(each), "small warn"),
        ] },
      ],
    });
  });

  const readers = (each) => each.groups.length
    ? h("div", { class: "tags" }, each.groups.map((group) => badge(group === EVERYONE ? t.everyone : group)))
    : h("span", { class: "quiet" }, t.only_admins);

  const edit = async (collection) => {
    const groups = (await api("GET", "/v1/groups")).map((group) => group.name).filter((name) => name !== EVERYONE);
    await midas.dialog(collection ? fill(t.edit_title, { name: collection.name }) : t.add, (body, close) => {
      const name = midas.input({ required: true, maxLength: 63 });
      const description = h("textarea", { maxLength: 1000, rows: 3 });
      description.value = collection?.description ?? "";
      const contact = midas.input({ maxLength: 200, value: collection?.contact ?? "" });
      const chosen = midas.checks(t.readers, [[EVERYONE, t.everyone], ...groups.map((group) => [group, group])], collection?.groups ?? [], t.readers_hint);
      const away = midas.flag(t.keep_private, collection?.private ?? false, t.private_hint);
      const save = async () => {
        const change = { description: description.value, contact: contact.value, groups: chosen.values(), private: away.box.checked };
        if (!collection) await api("POST", "/v1/collections", { name: name.value.trim(), ...change });
        else await api("PATCH", path(collection.name), change);
        close();
        say(t.saved);
        await list.refresh();
      };
      body.append(midas.form([
        !collection && midas.field(t.name, name, t.name_hint),
        midas.field(t.description, description, t.description_hint),
        midas.field(t.contact, contact, t.contact_hint),
        chosen, away,
      ], t.save, save, { others: [midas.cancel(close)] }));
    });
  };

  const reindex = async (each) => {
    if (!(await midas.ask(fill(t.reindex_title, { name: each.name }), fill(t.reindex_text, { n: each.documents }), t.reindex, { danger: false }))) return;
    await api("POST", path(each.name, "/reindex"));
    await jobs.refresh();
  };

  const remove = async (each) => {
    const text = [fill(t.remove_text, { n: each.documents }), t.remove_final];
    if (!(await midas.ask(fill(t.remove_title, { name: each.name }), text, t.remove))) return;
    await api("DELETE", path(each.name));
    say(fill(t.removed, { name: each.name }));
    await list.refresh();
  };

  const jobs = midas.jobList(all.jobs, (job) => job.kind === "reindex", () => list.refresh());

  panel.append(h("p", { class: "lead" }, t.lead), h("div", { class: "head" }, h("span"), button(t.add, () => edit(null), "primary")), jobs, list);
  return jobs.end;
});
