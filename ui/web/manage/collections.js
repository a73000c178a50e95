/* Collections: what is in them, who may read them, and building them anew. */
midas.manage("collections", (panel, t, all) => {
  const { h, api, badge, button, fill, number, part, say } = midas;
  const path = (name, rest = "") => `/v1/collections/${encodeURIComponent(name)}${rest}`;
  const EVERYONE = "everyone";
  let there = null;

  const list = part(async () => {
    const collections = await api("GET", "/v1/collections");
    there = new Set(collections.map(({ name }) => name));
    if (!collections.length) return midas.empty(t.none, button(t.add, () => edit(null), "primary"));
    return midas.table({
      caption: t.table, rows: collections,
      columns: [
        { title: t.name, kind: "main", cell: (each) => [h("a", { href: `#documents/${encodeURIComponent(each.name)}` }, each.name), each.description && h("small", {}, each.description), each.contact && h("small", {}, `${t.contact}: ${each.contact}`), h("small", {}, fill(t.built, { embedder: each.embedder }))] },
        { title: t.documents, kind: "num", cell: (each) => [number(each.documents), h("small", {}, fill(t.chunks, { n: each.chunks }))] },
        { title: t.readers, cell: readers },
        { title: t.actions, kind: "acts", cell: (each) => [
          button(t.edit, () => edit(each), "small"),
          button(t.reindex, () => reindex(each), "small"),
          button(t.remove, () => remove(each), "small quietly warn"),
        ] },
      ],
    });
  });

  const readers = (each) => h("div", { class: "tags" },
    each.groups.map((group) => badge(group === EVERYONE ? t.everyone : group)),
    !each.groups.length && h("span", { class: "quiet" }, t.only_admins),
    each.private && badge(t.private, "good"));

  /* What nobody changed is not sent: another admin may have, and the log tells of changes only. */
  const same = (one, other) => String([one].flat().sort()) === String([other].flat().sort());

  const edit = async (collection) => {
    const groups = (await api("GET", "/v1/groups")).map((group) => group.name);
    const written = collection ? await api("GET", path(collection.name, "/suggestions")) : {};
    await midas.dialog(collection ? fill(t.edit_title, { name: collection.name }) : t.add, (body, close) => {
      const name = midas.input({ required: true, maxLength: 63 });
      const description = h("textarea", { maxLength: 1000, rows: 3 });
      description.value = collection?.description ?? "";
      const suggestions = Object.fromEntries(["es", "en"].map((language) => {
        const made = h("textarea", { rows: 3, lang: language });
        made.value = (written[language] ?? []).join("\n");
        return [language, made];
      }));
      const contact = midas.input({ maxLength: 300, value: collection?.contact ?? "" });
      const chosen = midas.checks(t.readers, [[EVERYONE, t.everyone], ...groups.map((group) => [group, group])], collection?.groups ?? [], t.readers_hint);
      const away = midas.flag(t.keep_private, collection?.private ?? false, t.private_hint);
      const save = async () => {
        const wanted = { description: description.value.trim(), groups: chosen.values(), private: away.box.checked };
        const named = collection?.name ?? name.value.trim();
        if (!collection) await api("POST", "/v1/collections", { name: named, ...wanted });
        else await api("PATCH", path(named), Object.fromEntries(Object.entries(wanted).filter(([key, value]) => !same(value, collection[key]))));
        if (contact.value !== (collection?.contact ?? "")) await api("PUT", path(named, "/contact"), { contact: contact.value });
        for (const [language, box] of Object.entries(suggestions)) {
          const questions = box.value.split("\n").map((line) => line.trim()).filter(Boolean);
          if (questions.join() !== (written[language] ?? []).join()) await api("PUT", path(named, "/suggestions"), { language, questions });
        }
        close();
        say(t.saved);
        await list.refresh();
      };
      body.append(midas.form([
        !collection && midas.field(t.name, name, t.name_hint),
        midas.field(t.description, description, t.description_hint),
        midas.field(t.contact, contact, t.contact_hint),
        chosen, away,
        h("details", {}, h("summary", {}, t.suggestions), h("p", { class: "quiet" }, t.suggestions_hint),
          midas.field(t.suggestions_es, suggestions.es), midas.field(t.suggestions_en, suggestions.en)),
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

  /* Work for a collection that is not made yet, or is gone, is shown here: no other tab has it. */
  const homeless = (job) => there && !there.has(job.collection) && !["done", "cancelled"].includes(job.state);
  const jobs = midas.jobList(all, (job) => job.kind === "reindex" || homeless(job), () => list.refresh());

  panel.acts.append(button(t.add, () => edit(null), "primary"));
  panel.append(h("p", { class: "lead" }, t.lead), jobs, list);
  return jobs.end;
});
