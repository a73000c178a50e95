/* The source on the right, and the preview of a citation. What the answer was made from is shown at once, its surroundings and
   its page when they arrive. */
(() => {
  const { when, make, send, away } = midas;
  const TAB = "midas-source-tab";
  const LARGEST = 3;

  when("#chat", () => {
    const { chat } = midas;
    const { $, root, texts, at } = chat;
    const [panel, preview] = ["#panel", "#preview"].map($);
    const body = panel.querySelector(".panel-body");
    const narrow = matchMedia("(max-width: 800px)");
    let opener = null;
    let visit = 0;

    const cardOf = (button) => document.getElementById(button.dataset.passage);

    /* Opening */

    const open = async (button) => {
      const card = cardOf(button);
      if (!card) return;
      const mine = (visit += 1);
      hide();
      opener = button;
      for (const other of root.querySelectorAll("[data-passage].open")) other.classList.remove("open");
      button.classList.add("open");
      body.replaceChildren(card.content.cloneNode(true));
      panel.hidden = false;
      root.classList.add("reading");
      if (narrow.matches) cover(true);
      panel.focus({ preventScroll: true });
      reveal();
      try {
        const found = await (await send("POST", `${at}/source`, { ...JSON.parse(card.dataset.source), number: numberOf(card) })).text();
        if (mine !== visit) return;
        body.innerHTML = found;
        turnTo(sessionStorage.getItem(TAB) ?? "page");
      } catch (error) {
        if (mine !== visit) return;
        if (error.status === 404) body.querySelector("header").after(make("p", { className: "notice" }, texts.outdated));
        else chat.complain(error);
      }
      reveal();
    };

    const numberOf = (card) => Number(card.content.firstElementChild.dataset.number);

    /* The marked words are brought into view. */
    const reveal = () => {
      body.scrollTop = 0;
      const mark = body.querySelector("mark, tr.marked") ?? body.querySelector(".cited");
      if (!mark?.offsetParent) return;
      const distance = mark.getBoundingClientRect().top - body.getBoundingClientRect().top;
      if (distance > body.clientHeight * 0.7) body.scrollTop = distance - 140;
    };

    const close = (focus = true) => {
      if (panel.hidden) return;
      visit += 1;
      panel.hidden = true;
      root.classList.remove("reading");
      cover(false);
      body.replaceChildren();
      opener?.classList.remove("open");
      if (focus) opener?.focus();
      opener = null;
    };
    chat.closePanel = close;

    /* On a phone the sheet covers the conversation. */
    const cover = (on) => {
      $("#talk").inert = on;
      $("#veil").hidden = !on;
    };

    /* Passage or page */

    const turnTo = (name) => {
      const tabs = [...body.querySelectorAll("[role=tab]")];
      const wanted = tabs.find((tab) => tab.dataset.tab === name) ?? tabs[0];
      for (const tab of tabs) {
        const on = tab === wanted;
        tab.setAttribute("aria-selected", String(on));
        tab.tabIndex = on ? 0 : -1;
        body.querySelector(`#${tab.getAttribute("aria-controls")}`).hidden = !on;
      }
      if (wanted?.dataset.tab === "page") load();
    };

    /* The page is fetched when it is looked at. */
    const load = () => {
      const sheet = body.querySelector(".sheet");
      const image = sheet.querySelector("img");
      const page = Number(sheet.dataset.page);
      const address = `${sheet.dataset.at}/${page}?${page === Number(sheet.dataset.cited) ? sheet.dataset.quotes : ""}`;
      if (image.getAttribute("src") === address) return;
      sheet.querySelector(".frame").classList.add("waiting");
      sheet.querySelector(".frame .notice")?.remove();
      image.hidden = false;
      image.src = address;
      image.alt = page === Number(sheet.dataset.cited) ? sheet.dataset.alt : chat.fill(sheet.dataset.other, { page });
      sheet.querySelector(".nth").textContent = chat.fill(sheet.dataset.nth, { page });
      sheet.querySelector("[data-sheet=back]").disabled = page <= 1;
      sheet.querySelector("[data-sheet=on]").disabled = page >= Number(sheet.dataset.pages);
    };

    const zoom = (sheet, factor) => {
      const before = Number(sheet.style.getPropertyValue("--zoom") || 1);
      const after = Math.min(LARGEST, Math.max(1, before * factor));
      const frame = sheet.querySelector(".frame");
      const [across, down] = [frame.scrollLeft + frame.clientWidth / 2, frame.scrollTop + frame.clientHeight / 2];
      sheet.style.setProperty("--zoom", after);
      frame.scrollTo((across * after) / before - frame.clientWidth / 2, (down * after) / before - frame.clientHeight / 2);
      sheet.querySelector("[data-sheet=larger]").disabled = after >= LARGEST;
      sheet.querySelector("[data-sheet=smaller]").disabled = after <= 1;
    };

    body.addEventListener("click", (event) => {
      const tab = event.target.closest("[role=tab]");
      if (tab) {
        sessionStorage.setItem(TAB, tab.dataset.tab);
        turnTo(tab.dataset.tab);
        return reveal();
      }
      const sheet = event.target.closest(".sheet");
      const name = event.target.closest("[data-sheet]")?.dataset.sheet;
      if (name === "larger") zoom(sheet, 1.5);
      else if (name === "smaller") zoom(sheet, 1 / 1.5);
      else if (name) {
        sheet.dataset.page = Number(sheet.dataset.page) + (name === "on" ? 1 : -1);
        load();
      }
    });
    body.addEventListener("keydown", (event) => {
      const tab = event.target.closest("[role=tab]");
      if (!tab || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
      const other = tab.nextElementSibling ?? tab.previousElementSibling;
      other.click();
      other.focus();
    });
    body.addEventListener("load", (event) => event.target.closest?.(".frame")?.classList.remove("waiting"), true);
    body.addEventListener(
      "error",
      (event) => {
        const frame = event.target.closest?.(".frame");
        if (!frame) return;
        event.target.hidden = true;
        frame.append(make("p", { className: "notice" }, texts.page_failed));
        frame.classList.remove("waiting");
      },
      true,
    );

    /* Preview of a citation, and why a sentence is doubted */

    const show = (button) => {
      const card = button.dataset.passage && cardOf(button);
      if (!card && !button.dataset.why) return;
      preview.replaceChildren(...(card ? told(card) : [button.dataset.why]));
      preview.hidden = false;
      button.setAttribute("aria-describedby", "preview");
      const place = button.getBoundingClientRect();
      const above = place.top - preview.offsetHeight - 8;
      preview.style.left = `${Math.max(8, Math.min(place.left - 20, innerWidth - preview.offsetWidth - 8))}px`;
      preview.style.top = `${above > 8 ? above : place.bottom + 8}px`;
    };

    const told = (card) => {
      const header = card.content.querySelector("header");
      const quote = [...card.content.querySelectorAll("mark, tr.marked")].map((mark) => mark.innerText || mark.textContent).join(" … ");
      const parts = [make("strong", {}, header.querySelector("h2").textContent), make("small", {}, header.querySelector("small:last-child").textContent)];
      if (quote) parts.push(make("q", {}, quote));
      return parts;
    };

    const hide = () => {
      preview.hidden = true;
      for (const button of root.querySelectorAll("[aria-describedby=preview]")) button.removeAttribute("aria-describedby");
    };

    const talked = (event) => event.target.closest?.(".cite, .doubt");
    const thread = $("#thread");
    thread.addEventListener("mouseover", (event) => talked(event) && show(talked(event)));
    /* What was tapped or clicked stays told when the mouse is, or goes, elsewhere. */
    thread.addEventListener("mouseout", (event) => talked(event) && talked(event) !== document.activeElement && hide());
    thread.addEventListener("focusin", (event) => talked(event) && show(talked(event)));
    thread.addEventListener("focusout", hide);
    $("#scroll").addEventListener("scroll", hide, { passive: true });

    thread.addEventListener("click", (event) => {
      const button = event.target.closest("[data-passage]");
      if (button) open(button);
      else if (event.target.closest(".doubt")) show(event.target.closest(".doubt"));
    });
    $("#close-panel").addEventListener("click", () => close());
    $("#veil").addEventListener("click", () => close());
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
      if (!preview.hidden) hide();
      else close();
    });

    chat.go();
  });
})();
