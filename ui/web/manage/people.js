/* Who may sign in, with which role and groups; groups; keys for programs. */
midas.manage("people", (panel, t) => {
  const { h, api, badge, button, fill, moment, part, say } = midas;
  const ROLES = ["employee", "evaluator", "admin"].map((role) => [role, t[`role_${role}`]]);
  const user = (name, rest = "") => `/v1/users/${encodeURIComponent(name)}${rest}`;
  const time = (iso) => (iso ? moment(iso) : h("span", { class: "quiet" }, t.never));
  let groups = [];
  let accounts = [];

  const users = part(async () => {
    [accounts, groups] = await Promise.all([api("GET", "/v1/users"), api("GET", "/v1/groups")]);
    panel.acts.hidden = !accounts.length;
    if (!accounts.length) return midas.empty(t.no_users, h("p", {}, t.first_hint), button(t.add, () => add(true), "primary"));
    return midas.table({
      caption: t.users, rows: accounts,
      columns: [
        { title: t.name, kind: "main", cell: (each) => [each.name, each.issuer && h("small", {}, each.issuer)] },
        { title: t.role, cell: (each) => t[`role_${each.role}`] },
        { title: t.groups, cell: (each) => each.groups.length > 0 && h("div", { class: "tags" }, each.groups.map((group) => badge(group))) },
        { title: t.state, cell: state },
        { title: t.last_in, cell: (each) => time(each.signed_in_at) },
        { title: t.actions, kind: "acts", cell: (each) => [
          button(t.edit, () => edit(each), "small"),
          button(t.link, () => link(each), "small"),
        ] },
      ],
    });
  });

  const state = (each) => each.disabled ? badge(t.disabled, "bad") : each.has_password || each.issuer ? badge(t.active, "good") : badge(t.invited, "warning");

  const add = (first) => midas.dialog(t.add, (body, close) => {
    const name = midas.input({ required: true, maxLength: 100 });
    const role = midas.select(first ? ROLES.slice(2) : ROLES, first ? "admin" : "employee");
    const chosen = choices([]);
    const save = async () => {
      const made = await api("POST", "/v1/users", { name: name.value.trim(), role: role.value, groups: chosen.values(), language: midas.language });
      close();
      await users.refresh();
      await hand(made.user, made.link);
    };
    body.append(midas.form([midas.field(t.name, name, t.name_hint), midas.field(t.role, role, t.role_hint), groups.length > 0 && chosen], t.add, save, { others: [midas.cancel(close)] }));
  });

  const choices = (chosen) => midas.checks(t.groups, groups.map(({ name }) => [name, name]), chosen);

  const edit = (each) => midas.dialog(fill(t.edit_title, { name: each.name }), (body, close) => {
    const role = midas.select(ROLES, each.role);
    const chosen = choices(each.groups);
    const save = async () => {
      await api("PATCH", user(each.name), { role: role.value, groups: chosen.values() });
      close();
      say(t.saved);
      await users.refresh();
    };
    body.append(midas.form([midas.field(t.role, role, t.role_hint), groups.length > 0 && chosen], t.save, save, { others: [midas.cancel(close)] }),
      h("div", { class: "apart" },
        button(each.disabled ? t.enable : t.disable, async () => (await disable(each)) && close(), "small"),
        button(t.forget, async () => (await forget(each)) && close(), "small warn")));
  });

  const link = async (each) => hand(each, await api("POST", user(each.name, `/link?language=${midas.language}`)));
  const hand = (each, made) => midas.reveal(fill(t.link_title, { name: each.name }), fill(t.link_text, { n: made.hours }), new URL(made.url, location.origin).href);

  const disable = async (each) => {
    if (!each.disabled && !(await midas.ask(fill(t.disable_title, { name: each.name }), t.disable_text, t.disable))) return false;
    await api("PATCH", user(each.name), { disabled: !each.disabled });
    await users.refresh();
    return true;
  };

  const forget = async (each) => {
    if (!(await midas.ask(fill(t.forget_title, { name: each.name }), t.forget_text, t.forget))) return false;
    await api("DELETE", user(each.name));
    say(fill(t.forgotten, { name: each.name }));
    await Promise.all([users.refresh(), groupList.refresh(), keys.refresh()]);
    return true;
  };

  const groupList = part(async () => {
    const all = await api("GET", "/v1/groups");
    if (!all.length) return midas.empty(t.no_groups);
    return midas.table({
      caption: t.all_groups, rows: all,
      columns: [
        { title: t.group, kind: "main", cell: (each) => [each.name, each.description && h("small", {}, each.description)] },
        { title: t.members, kind: "num", cell: (each) => h("span", { title: each.members.join(", ") }, midas.number(each.members.length)) },
        { title: t.actions, kind: "acts", cell: (each) => button(t.remove, () => removeGroup(each), "small quietly warn") },
      ],
    });
  });

  const addGroup = () => midas.dialog(t.add_group, (body, close) => {
    const name = midas.input({ required: true, maxLength: 60 });
    const description = midas.input({ maxLength: 300 });
    const save = async () => {
      await api("POST", "/v1/groups", { name: name.value.trim(), description: description.value.trim() });
      close();
      await Promise.all([groupList.refresh(), users.refresh()]);
    };
    body.append(midas.form([midas.field(t.group, name), midas.field(t.description, description)], t.add_group, save, { others: [midas.cancel(close)] }));
  });

  const removeGroup = async (each) => {
    if (!(await midas.ask(fill(t.remove_group_title, { name: each.name }), t.remove_group_text, t.remove))) return;
    await api("DELETE", `/v1/groups/${encodeURIComponent(each.name)}`);
    await Promise.all([groupList.refresh(), users.refresh()]);
  };

  const keys = part(async () => {
    const all = await api("GET", "/v1/keys");
    if (!all.length) return midas.empty(t.no_keys);
    return midas.table({
      caption: t.keys, rows: all,
      columns: [
        { title: t.key, kind: "main", cell: (each) => each.name },
        { title: t.owner, cell: (each) => each.owner },
        { title: t.scope, cell: (each) => t[`scope_${each.scope}`] ?? each.scope },
        { title: t.expires, cell: (each) => time(each.expires_at) },
        { title: t.used, cell: (each) => time(each.used_at) },
        { title: t.actions, kind: "acts", cell: (each) => button(t.revoke, () => revoke(each), "small quietly warn") },
      ],
    });
  });

  const addKey = () => midas.dialog(t.add_key, (body, close) => {
    const owner = midas.select(accounts.map((each) => [each.name, each.name]));
    const name = midas.input({ required: true, maxLength: 60 });
    const scope = midas.select(["ask", "everything"].map((each) => [each, t[`scope_${each}`]]), "ask");
    const days = midas.select([["30", fill(t.days, { n: 30 })], ["90", fill(t.days, { n: 90 })], ["365", fill(t.days, { n: 365 })], ["", t.forever]], "90");
    const save = async () => {
      const made = await api("POST", user(owner.value, "/keys"), { name: name.value.trim(), scope: scope.value, days: days.value ? Number(days.value) : null });
      close();
      await keys.refresh();
      await midas.reveal(t.key_title, t.key_text, made.secret);
    };
    body.append(midas.form([midas.field(t.key, name, t.key_hint), midas.field(t.owner, owner, t.owner_hint), midas.field(t.scope, scope), midas.field(t.expires, days)], t.add_key, save, { others: [midas.cancel(close)] }));
  });

  const revoke = async (each) => {
    if (!(await midas.ask(fill(t.revoke_title, { name: each.name }), t.revoke_text, t.revoke))) return;
    await api("DELETE", `/v1/keys/${encodeURIComponent(each.id)}`);
    await keys.refresh();
  };

  const block = (title, lead, act, content) =>
    h("section", {}, h("div", { class: "head" }, h("h3", {}, title), act), h("p", { class: "lead" }, lead), content);

  panel.acts.append(button(t.add, () => add(false), "primary"));
  panel.append(
    h("p", { class: "lead" }, t.users_lead), users,
    block(t.all_groups, t.groups_lead, button(t.add_group, addGroup), groupList),
    block(t.keys, t.keys_lead, button(t.add_key, addKey), keys));
});
