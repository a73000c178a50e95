(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const figures = JSON.parse(document.getElementById("figures").textContent);

  // Colours are CSS variables, so that plots follow the light or dark page.
  function coloured(value, style) {
    if (typeof value === "string") {
      const name = /^var\((--[\w-]+)\)$/.exec(value);
      return name ? style.getPropertyValue(name[1]).trim() : value;
    }
    if (Array.isArray(value)) return value.map((item) => coloured(item, style));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, style)]));
    }
    return value;
  }

  async function draw() {
    const style = getComputedStyle(document.documentElement);
    for (const place of all(".plot")) {
      const figure = coloured(figures[place.dataset.plot], style);
      figure.layout.font = { ...figure.layout.font, family: getComputedStyle(document.body).fontFamily };
      await Plotly.react(place, figure.data, figure.layout, { responsive: true, displayModeBar: false, showTips: false });
      place.dataset.drawn = "yes";
    }
    document.documentElement.dataset.drawn = "yes";
  }

  function showPassage(id) {
    const passage = document.getElementById(id);
    if (!passage) return;
    passage.open = true;
    passage.scrollIntoView({ block: "center", behavior: "smooth" });
    all(".passage.flash").forEach((other) => other.classList.remove("flash"));
    passage.classList.add("flash");
    passage.querySelector("summary").focus({ preventScroll: true });
  }

  function filterQuestions() {
    const form = document.querySelector(".filters");
    if (!form) return;
    const words = form.querySelector("input").value.toLowerCase();
    const only = form.querySelector("select").value;
    let shown = 0;
    for (const drill of all(".drill")) {
      drill.hidden = !(drill.textContent.toLowerCase().includes(words) && (!only || drill.hasAttribute(`data-${only}`)));
      shown += drill.hidden ? 0 : 1;
    }
    form.querySelector("output").textContent = shown;
  }

  function followReader() {
    const links = new Map(all("nav a").map((link) => [link.hash.slice(1), link]));
    const watcher = new IntersectionObserver(
      (entries) => {
        for (const entry of entries.filter((one) => one.isIntersecting)) {
          links.forEach((link, name) => link.classList.toggle("here", name === entry.target.id));
        }
      },
      { rootMargin: "0px 0px -75% 0px" },
    );
    all("section.part").forEach((part) => watcher.observe(part));
  }

  document.addEventListener("click", (event) => {
    const cite = event.target.closest(".cite");
    if (cite) showPassage(cite.dataset.passage);
  });
  document.addEventListener("input", filterQuestions);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  filterQuestions();
  followReader();
  draw();
})();
