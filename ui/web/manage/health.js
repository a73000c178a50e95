/* How the server and its machine are, in plain verdicts; what the data directory's own check finds. */
midas.manage("health", (panel, t) => {
  const { h, api, badge, button, bytes, fill, note, part } = midas;
  const VERDICTS = { good: t.good, warning: t.warning, bad: t.bad };

  const figures = part(async () => shown(await api("GET", "/v1/health")));

  const shown = (health) => [
    note(overall(health), { good: "good", warning: "", bad: "bad" }[worst(health)]),
    h("div", { class: "grid" },
      card(t.answers, answering(health.readiness), ready(health.readiness)),
      card(t.embedder, health.embedder.loaded ? "good" : "warning", [health.embedder.loaded ? t.loaded : t.not_loaded, h("small", {}, `${health.embedder.model} (${health.embedder.kind})`)]),
      card(t.disk, health.disk.verdict, [fill(t.free_of, { free: bytes(health.disk.free_bytes), total: bytes(health.disk.total_bytes) }), h("small", { class: "mono" }, health.disk.folder)]),
      card(t.memory, health.memory.verdict, [fill(t.free_of, { free: bytes(health.memory.available_bytes), total: bytes(health.memory.total_bytes) }), h("small", {}, fill(t.used, { bytes: bytes(health.memory.used_bytes) }))]),
      card(t.queue, null, queue(health)),
      card(t.running, null, [elapsed(new Date(health.now) - new Date(health.since)), h("small", {}, t.since, " ", midas.moment(health.since))])),
    h("details", {}, h("summary", {}, t.versions), h("dl", { class: "facts" },
      Object.entries(health.versions).map(([name, version]) => [h("dt", {}, name), h("dd", { class: "mono" }, version)]))),
  ];

  const answering = (readiness) => (readiness.ready ? "good" : readiness.error ? "bad" : "warning");
  const ready = (readiness) => [readiness.ready ? t.ready : readiness.error ? t.not_ready : t.loading, readiness.error && h("small", {}, readiness.error)];
  const worst = (health) => {
    const found = [answering(health.readiness), health.disk.verdict, health.memory.verdict];
    return ["bad", "warning"].find((each) => found.includes(each)) ?? "good";
  };
  const overall = (health) => ({ good: t.all_good, warning: t.some_warning, bad: t.some_bad })[worst(health)];

  const card = (title, verdict, lines) =>
    h("article", { class: "card figure", "aria-label": title }, h("header", {}, h("h3", {}, title), verdict && badge(VERDICTS[verdict], verdict)),
      [lines].flat().filter(Boolean).map((line) => (line.nodeType ? line : h("p", {}, line))));

  const queue = (health) => [
    health.lines.length
      ? h("ul", { class: "plain" }, health.lines.map((line) => h("li", {}, `${line.backend}: ${fill(t.line, line)}`)))
      : h("p", {}, t.no_lines),
    h("small", {}, fill(t.jobs, { n: health.jobs })),
  ];

  const elapsed = (ms) => {
    const minutes = Math.floor(ms / 60000);
    if (minutes < 60) return fill(t.minutes, { n: minutes });
    return minutes < 2880 ? fill(t.hours, { n: Math.floor(minutes / 60) }) : fill(t.days, { n: Math.floor(minutes / 1440) });
  };

  const findings = h("div", { class: "part", "aria-live": "polite" });
  const doctor = async (repair) => {
    findings.replaceChildren(note(t.checking));
    const found = await api("POST", "/v1/doctor", { repair });
    const kinds = { ok: "good", warning: "warning", error: "bad" };
    const names = { ok: t.good, warning: t.warning, error: t.bad };
    findings.replaceChildren(
      h("ul", { class: "plain findings" }, found.map((each) => h("li", {}, badge(each.repaired ? t.repaired : names[each.severity], each.repaired ? "good" : kinds[each.severity]), " ", h("span", {}, each.message)))),
      ...(found.some((each) => each.severity !== "ok" && !each.repaired)
        ? [h("div", {}, button(t.repair, async () => (await midas.ask(t.repair, t.repair_text, t.repair, { danger: false })) && doctor(true)))]
        : []));
  };

  panel.append(figures, h("section", {}, h("div", { class: "head" }, h("h3", {}, t.data), button(t.check_data, () => doctor(false))), h("p", { class: "lead" }, t.data_lead), findings));
  return midas.poll(figures.refresh, 5000);
});
